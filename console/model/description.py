"""What a control-unit description (PDX) says, in the form that the store keeps and procedures use.

Everything here is plain data made at import: nothing needs odxtools afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workshop_console.console.model.address import Address


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Time-outs of one control unit, from its communication parameters (milliseconds)."""

    p2_ms: int = 150
    """P2 client: until the first answer, line included (CP_P2Max)."""
    p2_star_ms: int = 5_050
    """P2* client: until the next answer after 0x78 (CP_P2Star)."""
    pending_budget_ms: int = 30_000
    """Longest total time that 0x78 may stretch one request (CP_RC78CompletionTimeout)."""
    busy_budget_ms: int = 2_000
    """Longest total time that 0x21 is retried (CP_RC21CompletionTimeout)."""
    retries: int = 1
    """Times a request is sent again after no answer at all (CP_RepeatReqCountApp)."""


class ValueKind(StrEnum):
    """How the bits of a field become a value."""

    UNSIGNED = "unsigned"
    SIGNED = "signed"
    FLOAT = "float"
    ASCII = "ascii"
    UTF8 = "utf8"
    UTF16 = "utf16"
    BCD = "bcd"
    BYTES = "bytes"


@dataclass(frozen=True, kw_only=True)
class TextRange:
    """Raw values from `low` to `high` (inclusive) that stand for `text`."""

    low: float
    high: float
    text: str


@dataclass(frozen=True, kw_only=True)
class FieldLayout:
    """One field of a record at a fixed place: how to cut it out and what it means.

    The value is (raw * factor + offset) / divisor unless `texts` names it (ISO 22901-1, 7.3.6.6).
    """

    name: str
    """SHORT-NAME."""
    label: str
    """LONG-NAME, or the short name."""
    byte_position: int
    """From the start of the record's data (the bytes after service and identifier)."""
    bit_position: int = 0
    bit_length: int | None = 8
    """None: to the end of the record."""
    kind: ValueKind = ValueKind.UNSIGNED
    little_endian: bool = False
    factor: float = 1.0
    offset: float = 0.0
    divisor: float = 1.0
    texts: tuple[TextRange, ...] = ()
    unit: str = ""
    digits: int | None = None
    """Digits after the point (PRECISION), where described."""
    low: float | None = None
    high: float | None = None
    """Physical limits of a simulated field; the import leaves limits to the coder."""


@dataclass(frozen=True, kw_only=True)
class DataIdentifier:
    """A record that service 0x22 reads."""

    did: int
    name: str
    label: str
    length: int | None
    """Bytes of data, or None when it varies."""
    fields: tuple[FieldLayout, ...] = ()
    """Empty when only the raw bytes are usable."""


@dataclass(frozen=True, kw_only=True)
class DtcDescription:
    """One fault code that a unit may report."""

    dtc: int
    display_code: str
    text: str
    priority: int | None = None
    """LEVEL of the DTC."""


@dataclass(frozen=True, kw_only=True)
class DtcRecordLayout:
    """How the data of one extended data record (0x19 06) reads."""

    record_number: int
    fields: tuple[FieldLayout, ...]


@dataclass(frozen=True, kw_only=True)
class FunctionDescription:
    """An actuator (0x2F), a routine (0x31) or another service of the unit, for lists and later work."""

    name: str
    label: str
    kind: str
    """actuator | routine | coding | session | security | other"""
    request: bytes
    """Constant prefix of the request."""


@dataclass(frozen=True, kw_only=True)
class MatchRule:
    """One condition of a variant pattern: bits of the answer to `request` equal `expected`."""

    request: bytes
    position: int
    """Byte position in the whole positive response, service identifier included."""
    bit_position: int
    bit_length: int
    expected: bytes
    """The expected bits, right-aligned, as many bytes as hold bit_length."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One ECU variant and the patterns that identify it; any one pattern whose rules all hold is a match."""

    name: str
    label: str
    patterns: tuple[tuple[MatchRule, ...], ...]


@dataclass(frozen=True, kw_only=True)
class UnitSummary:
    """What a list or a quick test needs of one described control unit."""

    key: int
    """Row in the store; 0 for a unit that a scan found."""
    name: str
    """SHORT-NAME of the base variant; for a scanned unit its address."""
    label: str
    addresses: tuple[Address, ...]
    functional_request: int | None = None
    """CAN identifier of functional requests, where described."""
    timing: Timing = Timing()
    variants: tuple[Variant, ...] = ()
    description: str = ""
    """Name of the description (PDX) it comes from; empty for a scanned unit."""


@dataclass(frozen=True, kw_only=True)
class UnitDescription:
    """Everything that the description says of one control unit in one variant (or of the base)."""

    summary: UnitSummary
    variant: str
    """Empty: the base variant."""
    dtcs: tuple[DtcDescription, ...] = ()
    data_identifiers: tuple[DataIdentifier, ...] = ()
    extended_records: tuple[DtcRecordLayout, ...] = ()
    functions: tuple[FunctionDescription, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportProblem:
    """One thing of a description that could not be used."""

    where: str
    """Layer and short name, cleaned."""
    reason: str
    """A reason code of console/odx/reasons.py; its sentence is in the catalogues."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportedUnit:
    """One unit as the importer found it: the base first, then what each variant adds or changes."""

    summary: UnitSummary
    descriptions: tuple[UnitDescription, ...]


@dataclass(frozen=True, kw_only=True)
class ImportedDescription:
    """One PDX, read."""

    name: str
    file: str
    sha256: str
    units: tuple[ImportedUnit, ...]
    problems: tuple[ImportProblem, ...] = ()
    vin_pattern: str = ""
    """Regular expression for VINs that it fits (shipped vehicles only); empty: unknown."""
    vehicle_name: str = ""


@dataclass(frozen=True, kw_only=True)
class DescriptionSummary:
    """One imported description, as a list shows it."""

    key: int
    name: str
    file: str
    sha256: str
    imported_at: str
    """ISO 8601, UTC."""
    units: int
    problems: int
    shipped: bool
    vin_pattern: str = ""
    vehicle_name: str = ""

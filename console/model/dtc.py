"""Fault codes: ISO 15031-6 / SAE J2012-DA codes, ISO 14229-1 annex D status bits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag, StrEnum


class DtcStatus(IntFlag):
    """statusOfDTC (ISO 14229-1:2020, D.2)."""

    TEST_FAILED = 0x01
    TEST_FAILED_THIS_OPERATION_CYCLE = 0x02
    PENDING_DTC = 0x04
    CONFIRMED_DTC = 0x08
    TEST_NOT_COMPLETED_SINCE_LAST_CLEAR = 0x10
    TEST_FAILED_SINCE_LAST_CLEAR = 0x20
    TEST_NOT_COMPLETED_THIS_OPERATION_CYCLE = 0x40
    WARNING_INDICATOR_REQUESTED = 0x80


STATUS_BIT_NAMES: dict[DtcStatus, str] = {
    DtcStatus.TEST_FAILED: "testFailed",
    DtcStatus.TEST_FAILED_THIS_OPERATION_CYCLE: "testFailedThisOperationCycle",
    DtcStatus.PENDING_DTC: "pendingDTC",
    DtcStatus.CONFIRMED_DTC: "confirmedDTC",
    DtcStatus.TEST_NOT_COMPLETED_SINCE_LAST_CLEAR: "testNotCompletedSinceLastClear",
    DtcStatus.TEST_FAILED_SINCE_LAST_CLEAR: "testFailedSinceLastClear",
    DtcStatus.TEST_NOT_COMPLETED_THIS_OPERATION_CYCLE: "testNotCompletedThisOperationCycle",
    DtcStatus.WARNING_INDICATOR_REQUESTED: "warningIndicatorRequested",
}
"""The standard's names, bit 0 first; they are the `bits` of a fault in JSON."""


class FaultState(StrEnum):
    """What the status bits say in a mechanic's word."""

    CURRENT = "current"
    STORED = "stored"
    PENDING = "pending"
    NOT_TESTED = "not-tested"


def fault_state(status: int) -> FaultState:
    """Return what `status` (8 bits) says: failing now, remembered, seen once, or not tested."""
    if status & DtcStatus.TEST_FAILED:
        return FaultState.CURRENT
    if status & DtcStatus.CONFIRMED_DTC:
        return FaultState.STORED
    if status & (DtcStatus.PENDING_DTC | DtcStatus.TEST_FAILED_THIS_OPERATION_CYCLE):
        return FaultState.PENDING
    if status & DtcStatus.TEST_FAILED_SINCE_LAST_CLEAR:
        return FaultState.STORED
    not_completed = (
        DtcStatus.TEST_NOT_COMPLETED_SINCE_LAST_CLEAR | DtcStatus.TEST_NOT_COMPLETED_THIS_OPERATION_CYCLE
    )
    return FaultState.NOT_TESTED if status & not_completed else FaultState.STORED


def status_bits(status: int) -> tuple[str, ...]:
    """Return the standard's names of the bits set in `status`, bit 0 first."""
    return tuple(name for bit, name in STATUS_BIT_NAMES.items() if status & bit)


def format_code(dtc: int) -> str:
    """Return the code as printed: 0x030111 is P0301-11 (ISO 15031-6:2015, 5.3; SAE J2012-DA)."""
    letter = "PCBU"[dtc >> 22 & 3]
    return f"{letter}{dtc >> 8 & 0x3FFF:04X}-{dtc & 0xFF:02X}"


def parse_code(text: str) -> int | None:
    """Return the 24-bit code that `text` spells (P0301-11 or 030111), or None."""
    text = text.strip().upper()
    if len(text) == 8 and text[5] == "-" and text[0] in "PCBU":
        try:
            high = int(text[1:5], 16)
            return ("PCBU".index(text[0]) << 14 | high) << 8 | int(text[6:], 16) if high < 0x4000 else None
        except ValueError:
            return None
    try:
        return int(text, 16) if len(text) == 6 else None
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class DecodedValue:
    """One named value of a record, as the description decodes it; `raw` is what the unit sent for it."""

    name: str
    value: str
    """Plain text, cleaned; numbers in plain notation with a dot."""
    unit: str = ""
    raw: bytes = b""
    label: str = ""
    """LONG-NAME, where one is described."""

    @property
    def shown_name(self) -> str:
        """Return the name that a person reads."""
        return self.label or self.name

    @property
    def text(self) -> str:
        """Return the value and its unit."""
        return f"{self.value} {self.unit}".strip()


@dataclass(frozen=True, kw_only=True)
class DtcRecord:
    """One snapshot (0x19 04) or extended data (0x19 06) record of a fault."""

    number: int
    """DTCSnapshotRecordNumber or DTCExtDataRecordNumber."""
    raw: bytes
    values: tuple[DecodedValue, ...] = ()
    """Empty when nothing describes the record."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One entry of a control unit's fault memory."""

    dtc: int
    """24 bits as sent: two bytes code, one byte failure type."""
    status: int
    """statusOfDTC as sent."""
    text: str = ""
    """What the description calls the fault, cleaned; empty: it has no text, and the edge explains."""
    display_code: str = ""
    """What the description prints for the code; empty when it is silent."""
    priority: int | None = None
    """1 (highest) and up, where the description or the unit says so."""
    first_occurrence: str = ""
    """Where known (odometer or time as the extended data says), cleaned."""
    last_occurrence: str = ""
    occurrences: int | None = None
    snapshots: tuple[DtcRecord, ...] = field(default=())
    extended: tuple[DtcRecord, ...] = field(default=())

    @property
    def code(self) -> str:
        """The code as the mechanic knows it."""
        return self.display_code or format_code(self.dtc)

    @property
    def raw(self) -> str:
        """The three bytes of the code in hexadecimal."""
        return f"{self.dtc:06X}"

    @property
    def state(self) -> FaultState:
        """Current, stored, pending or not tested."""
        return fault_state(self.status)

    @property
    def bits(self) -> tuple[str, ...]:
        """The status bits set, in the standard's names."""
        return status_bits(self.status)

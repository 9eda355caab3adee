"""Quick tests and fault readouts as they are kept, compared and printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workshop_console.console.model.address import Address
from workshop_console.console.model.dtc import Fault, FaultState
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.vehicle import VehicleIdentity


class UnitState(StrEnum):
    """How a control unit stands after the quick test."""

    OK = "ok"
    FAULTS = "faults"
    SILENT = "silent"
    REFUSED = "refused"
    UNKNOWN_VARIANT = "unknown-variant"
    ERROR = "error"


class VariantMatch(StrEnum):
    """How well the variant was identified."""

    EXACT = "exact"
    """A pattern of the variant held."""
    ONLY = "only"
    """The description has no pattern, or one variant; nothing was compared."""
    NONE = "none"
    """No pattern held."""
    UNDESCRIBED = "undescribed"
    """No description of the unit."""


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """One row of a quick test."""

    name: str
    label: str
    address: Address
    state: UnitState
    reason: SilentReason | None = None
    """Why there is no usable answer; set whenever state is SILENT or ERROR."""
    nrc: int | None = None
    """The negative response code, when state is REFUSED (or a part was refused)."""
    detail: str = ""
    variant: str = ""
    variant_match: VariantMatch = VariantMatch.UNDESCRIBED
    hardware: str = ""
    software: str = ""
    vin: str = ""
    faults: tuple[Fault, ...] = ()
    time_ms: float = 0.0
    """Sum of the exchange times of this unit."""
    retries: int = 0
    unit_key: int = 0
    """Row of the description in the store; 0: scanned."""

    def count(self, state: FaultState) -> int:
        """Return how many faults are in `state`."""
        return sum(fault.state is state for fault in self.faults)

    @property
    def current(self) -> int:
        """Faults failing now."""
        return self.count(FaultState.CURRENT)

    @property
    def remembered(self) -> int:
        """Faults in the memory and not failing now: stored and pending."""
        return self.count(FaultState.STORED) + self.count(FaultState.PENDING)


@dataclass(frozen=True, kw_only=True)
class QuickTestReport:
    """One run over all control units."""

    vehicle: VehicleIdentity
    vci: str
    """The VCI address as given."""
    started: datetime
    """Aware, UTC."""
    duration_ms: int
    complete: bool
    """False: cancelled or the connection was lost; what was read is here."""
    units: tuple[UnitResult, ...]
    messages: tuple[RaisedMessage, ...] = ()
    report_id: int | None = None
    """Row in the records; None until kept."""


@dataclass(frozen=True, kw_only=True)
class ReportSummary:
    """One kept report, as a list shows it."""

    report_id: int
    kind: str
    """quick-test | readout (saved before clearing)"""
    started: datetime
    vin: str
    vehicle_name: str
    vci: str
    units: int
    faulty: int
    silent: int
    faults: int
    complete: bool


class Change(StrEnum):
    """What happened to a fault between two tests."""

    GONE = "gone"
    NEW = "new"
    STILL = "still"


@dataclass(frozen=True, kw_only=True)
class FaultChange:
    """One fault in the comparison of two tests."""

    change: Change
    before: Fault | None
    after: Fault | None


@dataclass(frozen=True, kw_only=True)
class UnitComparison:
    """One control unit in the comparison of two tests."""

    name: str
    label: str
    address: Address
    before: UnitResult | None
    after: UnitResult | None
    changes: tuple[FaultChange, ...]
    """Empty also when one of the tests could not read the unit: then nothing is known to be gone."""
    comparable: bool = True
    """False when the fault memory was not read in one of the tests."""


@dataclass(frozen=True, kw_only=True)
class ReportComparison:
    """Two tests of the same vehicle side by side; `first` is the older one."""

    first: QuickTestReport
    last: QuickTestReport
    units: tuple[UnitComparison, ...]
    same_vin: bool


@dataclass(frozen=True, kw_only=True)
class FaultReading:
    """What reading one fault memory brought."""

    result: UnitResult
    """Identity, state and faults; snapshots and extended data are in the faults when they were asked for."""
    status_availability_mask: int | None = None
    """DTCStatusAvailabilityMask of the answer."""
    raw: bytes = b""
    """The whole answer to 0x19 02."""
    details_reason: SilentReason | None = None
    """Why snapshots and extended data were not read to the end."""


@dataclass(frozen=True, kw_only=True)
class ClearingResult:
    """What clearing one fault memory did."""

    before: FaultReading
    after: FaultReading | None
    """None when the memory could not be read again."""
    cleared: bool
    """True only when the unit answered 0x14 positively."""
    nrc: int | None = None
    reason: SilentReason | None = None
    readout_id: int | None = None
    """Report that was saved before the clearing."""
    gone: tuple[Fault, ...] = field(default=())
    back: tuple[Fault, ...] = field(default=())
    """Cleared and failing again already (its status was rebuilt after the clearing)."""
    kept: tuple[Fault, ...] = field(default=())
    """Never left: same entry after a clearing that was refused, or that the unit ignored for it."""

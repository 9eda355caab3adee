"""Keeps what the screens know while screens come and go: credit, the running job, rows, the notice shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditAnswer
from workshop_console.console.jobs.runner import Failed, Job, JobEnded, JobReported, JobStarted, JobUpdate
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.lean import dataclass
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.procedures.events import (
    ActuationChecked,
    ActuationEnded,
    ActuationRuns,
    CodingRead,
    CodingWritten,
    EcuAnswered,
    EcuSilent,
    Event,
    FaultsCleared,
    FaultsRead,
    FlashPlanned,
    FlashStarted,
    FunctionsOffered,
    GuidedAsked,
    GuidedDriven,
    GuidedEnded,
    GuidedStepBegan,
    GuidedStepTaken,
    MessageRaised,
    Progress,
    ReportFinished,
    StepBegan,
    UnitFound,
    UnitsPlanned,
    ValuesOffered,
    ValuesRead,
    VehicleIdentified,
)
from workshop_console.screens.seen_flash import SeenFlash
from workshop_console.screens.seen_values import SeenValues

if TYPE_CHECKING:  # names in annotations only: the first screen does not wait for them
    from workshop_console.console.model.actuation import ActuationResult
    from workshop_console.console.model.coding import CheckedCondition, CodingReading, CodingResult
    from workshop_console.console.model.credit import CreditReport
    from workshop_console.console.model.description import UnitSummary
    from workshop_console.console.model.guided import GuidedTest, GuidedWalk, Reading, Step, StepTaken
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.model.report import (
        ClearingResult,
        FaultReading,
        QuickTestReport,
        UnitResult,
    )
    from workshop_console.console.procedures.guided_test import Mechanic

QUICK_TEST = "quick-test"
READ_FAULTS = "read-faults"
CLEAR = "clear"
IMPORT = "import"
READ_CODINGS = "read-codings"
WRITE_CODING = "write-coding"
GUIDED_TEST = "guided-test"
READ_FUNCTIONS = "read-functions"
CHECK_FUNCTION = "check-function"
DRIVE = "drive"
OFFER_VALUES = "offer-values"
WATCH_VALUES = "watch-values"
PLAN_FLASH = "plan-flash"
START_FLASH = "start-flash"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What the message line says; the text is made when it is drawn, in the language of that moment."""

    text: Callable[[], str]
    message: RaisedMessage | None = None
    """The numbered message behind it, which F1 explains."""
    bad: bool = False


@dataclass(kw_only=True)
class UnitRow:
    """One control unit of the vehicle, and what is known of it."""

    key: str
    """Its address as text: what the workshop takes for a name."""
    name: str
    label: str
    result: UnitResult | None = None
    """None: not asked yet."""


@dataclass(kw_only=True)
class Units:
    """The rows of the quick test, in a stable order."""

    rows: dict[str, UnitRow] = field(default_factory=dict)
    report: QuickTestReport | None = None
    """The finished test that the rows show."""
    first: QuickTestReport | None = None
    """The first test of this vehicle, for the change since then."""
    marked: set[str] = field(default_factory=set)

    def plan(self, unit: UnitSummary) -> None:
        """Add a row for `unit` unless one of its addresses has one."""
        addresses = [str(address) for address in unit.addresses]
        if addresses and not any(address in self.rows for address in addresses):
            self.rows[addresses[0]] = UnitRow(key=addresses[0], name=unit.name, label=unit.label)

    def settle(self, result: UnitResult) -> None:
        """Put `result` into the row of its unit."""
        address = str(result.address)
        if address not in self.rows:
            planned = next(
                (key for key, row in self.rows.items() if row.result is None and row.name == result.name),
                None,
            )
            if planned is not None:
                self._rekey(planned, address)
        row = self.rows.setdefault(address, UnitRow(key=address, name=result.name, label=result.label))
        row.result = result
        row.label = result.label or row.label

    def _rekey(self, planned: str, address: str) -> None:
        """Name a row by the address that answered: a unit may be described with one for each kind of line."""
        self.rows[planned].key = address
        self.rows = {row.key: row for row in self.rows.values()}
        if planned in self.marked:
            self.marked = self.marked - {planned} | {address}

    def take(self, report: QuickTestReport) -> None:
        """Show a whole report."""
        self.report = report
        self.rows = {
            str(unit.address): UnitRow(key=str(unit.address), name=unit.name, label=unit.label, result=unit)
            for unit in report.units
        }

    @property
    def failed(self) -> tuple[str, ...]:
        """Keys of the rows that gave no usable answer."""
        from workshop_console.console.model.report import UnitState

        bad = (UnitState.SILENT, UnitState.ERROR, UnitState.REFUSED)
        return tuple(key for key, row in self.rows.items() if row.result and row.result.state in bad)


@dataclass(kw_only=True)
class CodingsRead:
    """The codings of the units that were opened for coding."""

    units: set[str] = field(default_factory=set)
    """Addresses as text of the units that were read, whether they have codings or not."""
    readings: list[CodingReading] = field(default_factory=list)
    """The newest of each record, in the order of the descriptions."""
    result: CodingResult | None = None
    """What became of the last writing."""
    told: CodingResult | None = None
    """The result that the mechanic was told of last."""
    stale: bool = False
    """Whether a record turned out to be another than was read (WC-333)."""

    def of(self, key: str) -> list[CodingReading]:
        """Return the codings of the unit with this address."""
        return [r for r in self.readings if key in (str(r.address), *map(str, r.unit.addresses))]

    def take(self, reading: CodingReading) -> None:
        """Put `reading` in place of the one before."""
        for index, known in enumerate(self.readings):
            if (known.address, known.form.name) == (reading.address, reading.form.name):
                self.readings[index] = reading
                return
        self.readings.append(reading)


@dataclass(kw_only=True)
class Driven:
    """What control units can do, and the function that was driven last."""

    units: list[OpenedUnit] = field(default_factory=list)
    conditions: tuple[CheckedCondition, ...] | None = None
    """Of the function on the screen; None: not checked yet."""
    result: ActuationResult | None = None
    """So far while it runs, else what became of it."""

    def unit(self, key: str) -> OpenedUnit | None:
        """Return the unit with this address."""
        return next((u for u in self.units if key in (str(u.address), *map(str, u.summary.addresses))), None)

    def take(self, units: tuple[OpenedUnit, ...]) -> None:
        """Put `units` in place of what was known of them."""
        known = {str(unit.address) for unit in units}
        self.units = [*(unit for unit in self.units if str(unit.address) not in known), *units]


@dataclass(kw_only=True)
class GuidedRun:
    """A guided test on its way, or the last one."""

    test: GuidedTest
    unit: str
    """Address of the control unit as text, or its name."""
    mechanic: Mechanic
    """Takes the answers."""
    taken: list[StepTaken] = field(default_factory=list)
    step: Step | None = None
    """The present one."""
    value: Reading | None = None
    """What the present one is about: label and unit of measure."""
    ask: GuidedAsked | None = None
    """What is waited for; None once it was answered."""
    driven: GuidedDriven | None = None
    """The function that runs now."""
    walk: GuidedWalk | None = None
    """None: it runs, or an error ended it."""

    def take(
        self, event: GuidedStepBegan | GuidedAsked | GuidedDriven | GuidedStepTaken | GuidedEnded
    ) -> None:
        """Take over what the job reports."""
        match event:
            case GuidedStepBegan(step=step, value=value):
                self.step, self.value, self.ask, self.driven = step, value, None, None
            case GuidedAsked():
                self.ask, self.driven = event, None
            case GuidedDriven():
                self.driven = event
            case GuidedStepTaken(taken=taken):
                self.taken.append(taken)
                self.ask = self.driven = None
            case GuidedEnded(walk=walk):
                self.walk = walk
                self.ask = self.driven = None


@dataclass(kw_only=True)
class Session:
    """Everything that outlives a screen; the app feeds it with what jobs report."""

    workshop: Workshop
    credit: CreditReport | None = None
    asked: bool = False
    """Whether the access server was asked since the start; until then nobody knows whether it is there."""
    notice: Notice | None = None
    raised: list[RaisedMessage] = field(default_factory=list)
    """Messages of this session, the newest last."""
    job: Job | None = None
    step: StepBegan | None = None
    progress: Progress | None = None
    units: Units = field(default_factory=Units)
    readings: dict[str, FaultReading] = field(default_factory=dict)
    """Fault memories read one by one, by address; newer than those in `units`."""
    cleared: list[ClearingResult] = field(default_factory=list)
    """What the last clearing did."""
    codings: CodingsRead = field(default_factory=CodingsRead)
    driven: Driven = field(default_factory=Driven)
    values: SeenValues = field(default_factory=SeenValues)
    """Actual values that were offered and read last."""
    guided: GuidedRun | None = None
    """The guided test that was begun last."""
    flash: SeenFlash = field(default_factory=SeenFlash)

    @property
    def running(self) -> str:
        """Kind of the job that runs, or nothing."""
        return self.job.kind if self.job is not None and self.job.running else ""

    def raise_message(self, message: RaisedMessage) -> None:
        """Remember a message of this session."""
        self.raised = [*(other for other in self.raised if other != message), message][-50:]

    def take_credit(self, answer: CreditAnswer) -> None:
        """Take what the credit desk said."""
        self.credit, self.asked = answer.report, True
        for message in answer.messages:
            self.raise_message(message)

    def forget_software(self) -> None:
        """Drop what was read by the descriptions: a unit with other software may have other codings."""
        self.codings = CodingsRead()
        self.driven = Driven()
        self.values = SeenValues()

    def forget_vehicle(self) -> None:
        """Start anew for another vehicle."""
        self.units = Units()
        self.readings = {}
        self.cleared = []
        self.forget_software()
        self.guided = None
        self.flash.forget_vehicle()

    def begin(self, job: Job) -> None:
        """Follow `job` from now on."""
        self.job, self.step, self.progress = job, None, None
        if job.kind == CLEAR:
            self.cleared = []

    def begin_quick_test(self, only: tuple[str, ...] = ()) -> None:
        """Empty the rows that will be asked: all, or those in `only`."""
        if not only:
            self.units = Units(marked=self.units.marked)
            self.readings = {}
        for key in only:
            if key in self.units.rows:
                self.units.rows[key].result = None
                self.readings.pop(key, None)
        self.units.report = None

    def apply(self, update: JobUpdate) -> ConsoleError | None:
        """Take over what a job reports; return the error that ended it, if one did."""
        match update:
            case JobStarted():
                pass
            case JobReported(kind=kind, event=event):
                self._take(kind, event)
            case Failed(kind=kind, error=error):
                self.step = self.progress = None
                self.codings.stale |= kind == WRITE_CODING and error.number == "WC-333"
                self.raise_message(raised_by(error))
                return error
            case JobEnded():
                self.step = self.progress = None
        return None

    def _take(self, kind: str, event: Event) -> None:
        match event:
            case StepBegan():
                self.step = event
            case FunctionsOffered(units=units):
                self.driven.take(units)
            case ActuationChecked(conditions=conditions):
                self.driven.conditions = conditions
            case ActuationRuns(result=result) | ActuationEnded(result=result):
                self.driven.result = result
            case ValuesOffered(values=values):
                self.values.offered = values
            case ValuesRead(values=values, at=at):
                self.values.take(values, at)
                self.step = None  # what it began with is over
            case Progress():
                self.progress = event
            case UnitsPlanned(units=units):
                if kind == QUICK_TEST or (kind == READ_FAULTS and len(units) > 1):
                    for unit in units:
                        self.units.plan(unit)
                if kind == READ_CODINGS:
                    self.codings.units |= {str(address) for unit in units for address in unit.addresses}
            case UnitFound(unit=unit):
                if kind == QUICK_TEST:
                    self.units.plan(unit)
            case VehicleIdentified(vehicle=vehicle):
                self.units.first = self.workshop.first_report(vehicle.vin)
            case EcuAnswered(result=result) | EcuSilent(result=result):
                if kind == QUICK_TEST:
                    self.units.settle(result)
            case FaultsRead(reading=reading):
                self.take_reading(reading)
            case FaultsCleared(result=result):
                self.cleared.append(result)
                self.take_reading(result.after or result.before)
            case CodingRead(reading=coding):
                self.codings.take(coding)
            case CodingWritten(result=written):
                self.codings.result = written
                if written.after is not None:
                    self.codings.take(replace(written.after, conditions=written.plan.before.conditions))
            case GuidedStepBegan() | GuidedAsked() | GuidedDriven() | GuidedStepTaken() | GuidedEnded():
                if self.guided is not None:
                    self.step = None  # opening is over
                    self.guided.take(event)
            case FlashPlanned(plan=plan):
                self.flash.plan = plan
            case FlashStarted(flash_id=flash_id):
                self.flash.started = flash_id
            case MessageRaised(message=message):
                self.raise_message(message)
            case ReportFinished(report=report):
                self.units.take(report)
                self.readings = {}
                self.units.first = self.workshop.first_report(report.vehicle.vin)

    def take_reading(self, reading: FaultReading) -> None:
        """Keep one fault memory; the row of the unit follows it."""
        key = str(reading.result.address)
        self.readings[key] = reading
        self.units.settle(reading.result)

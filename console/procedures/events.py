"""What procedures yield: things that became known, in past tense."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from workshop_console.console.model.lean import dataclass

if TYPE_CHECKING:  # names in annotations only: the first screen does not wait for them
    from workshop_console.console.model.actuation import ActuationResult
    from workshop_console.console.model.coding import CheckedCondition, CodingReading, CodingResult
    from workshop_console.console.model.description import UnitSummary
    from workshop_console.console.model.flash import FlashPlan
    from workshop_console.console.model.forms import FunctionForm
    from workshop_console.console.model.guided import Answer, GuidedWalk, Reading, StepTaken
    from workshop_console.console.model.guided import Step as GuidedStep
    from workshop_console.console.model.message import RaisedMessage
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.model.report import (
        ClearingResult,
        FaultReading,
        QuickTestReport,
        UnitResult,
    )
    from workshop_console.console.model.values import ValueReading
    from workshop_console.console.model.vehicle import VehicleIdentity


class Step(StrEnum):
    """What a job is about to do, for the line that says what is going on."""

    LEASING = "leasing"
    """Asking for leave to run a diagnosis function."""
    CONNECTING = "connecting"
    STARTING_SIMULATION = "starting-simulation"
    IMPORTING = "importing"
    """Reading a description; `detail` is its file name."""
    CHOOSING = "choosing"
    """Finding the description that fits."""
    SCANNING = "scanning"
    READING = "reading"
    SAVING = "saving"
    CLEARING = "clearing"
    WRITING = "writing"
    """A coding; `detail` is its label."""
    READING_FLASH_FILE = "reading-flash-file"
    """`detail` is its file name."""
    CHECKING_UNITS = "checking-units"
    """What a plan for flashing needs to know of the units."""
    STARTING_WORKER = "starting-worker"
    """The process that flashes."""


@dataclass(frozen=True, kw_only=True)
class StepBegan:
    """A part of a job began."""

    step: Step
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class UnitsPlanned:
    """Which control units will be asked, in the order of the rows."""

    units: tuple[UnitSummary, ...]


@dataclass(frozen=True, kw_only=True)
class UnitFound:
    """A scan found one more control unit."""

    unit: UnitSummary


@dataclass(frozen=True, kw_only=True)
class VehicleIdentified:
    """More is known of the vehicle."""

    vehicle: VehicleIdentity


@dataclass(frozen=True, kw_only=True)
class EcuAnswered:
    """A control unit answered; its row is final."""

    result: UnitResult


@dataclass(frozen=True, kw_only=True)
class EcuSilent:
    """A control unit gave no usable answer; its row is final and has the reason."""

    result: UnitResult


@dataclass(frozen=True, kw_only=True)
class FaultsRead:
    """One fault memory was read."""

    reading: FaultReading


@dataclass(frozen=True, kw_only=True)
class FaultsCleared:
    """One fault memory was cleared, or not; the result says."""

    result: ClearingResult


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a procedure is; it can be cancelled only where it yields, and while `can_cancel`."""

    done: int
    total: int
    can_cancel: bool = True


@dataclass(frozen=True, kw_only=True)
class MessageRaised:
    """A numbered message to show beside the result; the procedure goes on."""

    message: RaisedMessage


@dataclass(frozen=True, kw_only=True)
class ReportFinished:
    """The quick test ended, or was cancelled; the report holds what was read."""

    report: QuickTestReport


@dataclass(frozen=True, kw_only=True)
class CodingRead:
    """One coding record was read, or could not be."""

    reading: CodingReading


@dataclass(frozen=True, kw_only=True)
class CodingWritten:
    """A coding was written, or not; the result says."""

    result: CodingResult


@dataclass(frozen=True, kw_only=True)
class GuidedStepBegan:
    """A step of a guided test began."""

    step: GuidedStep
    number: int
    """From 1, along the way that was gone."""
    value: Reading | None = None
    """Label and unit of measure of the value that it is about, where known; not read yet."""


class Ask(StrEnum):
    """What a guided test wants of the mechanic."""

    ANSWER = "answer"
    """One of the answers of the step."""
    READY = "ready"
    """That what the step says was done: then it is measured."""
    DRIVE = "drive"
    """Leave to drive the function of the step."""


@dataclass(frozen=True, kw_only=True)
class GuidedAsked:
    """A guided test waits for the mechanic."""

    step: GuidedStep
    ask: Ask
    answers: tuple[Answer, ...] = ()
    shown: tuple[Reading, ...] = ()
    """Values to show beside the question."""
    function: FunctionForm | None = None
    """What will be driven."""
    conditions: tuple[CheckedCondition, ...] = ()
    """What must hold before, as checked."""


@dataclass(frozen=True, kw_only=True)
class GuidedDriven:
    """A function of a guided test runs, until the step asks something or ends."""

    step: GuidedStep
    elapsed_s: float
    reading: Reading | None = None
    """The value that the step is about, as it is now."""


@dataclass(frozen=True, kw_only=True)
class GuidedStepTaken:
    """A step of a guided test ended, with its answer or its judged value."""

    taken: StepTaken


@dataclass(frozen=True, kw_only=True)
class GuidedEnded:
    """A guided test came to its end, or was broken off; the walk says."""

    walk: GuidedWalk


@dataclass(frozen=True, kw_only=True)
class ValuesOffered:
    """The actual values that the opened control units have; none is read yet."""

    values: tuple[ValueReading, ...]


@dataclass(frozen=True, kw_only=True)
class ValuesRead:
    """The chosen actual values as they are now, in the order of the choice."""

    values: tuple[ValueReading, ...]
    at: float
    """Time of the picture, on the clock of the readings, seconds."""


@dataclass(frozen=True, kw_only=True)
class FunctionsOffered:
    """The functions that the opened control units have."""

    units: tuple[OpenedUnit, ...]


@dataclass(frozen=True, kw_only=True)
class ActuationChecked:
    """The conditions of a function as they stand; nothing moved yet."""

    conditions: tuple[CheckedCondition, ...]


@dataclass(frozen=True, kw_only=True)
class ActuationRuns:
    """A function runs; the result so far."""

    result: ActuationResult


@dataclass(frozen=True, kw_only=True)
class ActuationEnded:
    """A function ended, or was not started; control was given back as the result says."""

    result: ActuationResult


@dataclass(frozen=True, kw_only=True)
class FlashPlanned:
    """A plan for flashing was made and judged; nothing was changed yet."""

    plan: FlashPlan


@dataclass(frozen=True, kw_only=True)
class FlashStarted:
    """A flash job runs by itself now; the journal tells how it goes on."""

    flash_id: int


Event = (
    StepBegan
    | UnitsPlanned
    | UnitFound
    | VehicleIdentified
    | EcuAnswered
    | EcuSilent
    | FaultsRead
    | FaultsCleared
    | CodingRead
    | CodingWritten
    | GuidedStepBegan
    | GuidedAsked
    | GuidedDriven
    | GuidedStepTaken
    | GuidedEnded
    | ValuesOffered
    | FunctionsOffered
    | ActuationChecked
    | ActuationRuns
    | ActuationEnded
    | FlashPlanned
    | FlashStarted
    | ValuesRead
    | Progress
    | MessageRaised
    | ReportFinished
)

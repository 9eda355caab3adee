"""Guided tests without a vehicle: the walk is the real one, the values are those that the test gives."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence

from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.forms import Condition, FunctionForm, FunctionKind, ServiceForm
from workshop_console.console.model.guided import (
    ActuateStep,
    Answer,
    Driven,
    GuidedTest,
    Judgement,
    Limits,
    MeasureStep,
    QuestionStep,
    Reading,
    ResultStep,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, GuidedDriven, GuidedEnded
from workshop_console.console.procedures.guided_test import DriveEnded, Mechanic, Prepared, walk

MISFIRE_TEST = GuidedTest(
    key="misfire",
    title="Misfire of cylinder 1",
    codes=("P0301",),
    units=("Engine",),
    before="Engine warm and idling.",
    steps=(
        MeasureStep(
            name="correction",
            text="The correction of cylinder 1.",
            unit="",
            value="Cylinder1",
            limits=Limits(low=-2.5, high=2.5),
            wait=True,
            then=((Judgement.INSIDE, "looks"), (Judgement.ABOVE, "fan"), (Judgement.UNREADABLE, "looks")),
        ),
        ActuateStep(
            name="fan",
            text="The fan is driven.",
            unit="",
            function="Fan",
            settings=(("Duty", "50"),),
            seconds=4,
            value="FanSpeed",
            limits=Limits(low=1000),
            then=((Judgement.INSIDE, "injector"), (Judgement.UNREADABLE, "looks")),
        ),
        QuestionStep(
            name="looks",
            text="How does the plug look?",
            values=("Cylinder1", "Cylinder2"),
            answers=(Answer(text="In order", then="injector"), Answer(text="Corroded", then="nothing")),
        ),
        ResultStep(name="injector", text="Injector is faulty.", remedy=("Renew it.", "Clear the memory.")),
        ResultStep(name="nothing", text="No cause found.", remedy=("Drive.",), found=False),
    ),
)
OTHER_TEST = GuidedTest(
    key="lamp",
    title="Fog lamp",
    codes=("B1192",),
    units=("Door", "Gearbox"),
    before="",
    steps=(ResultStep(name="end", text="x", remedy=()),),
)
FAN = FunctionForm(
    name="Fan",
    label="Cooling fan",
    kind=FunctionKind.OUTPUT,
    start=ServiceForm(name="Fan_Adjust", label="", request=b"\x2f\x04\x00\x03"),
    warning="The fan turns. Keep hands away.",
)


class FakeGuidedTests:
    """What the screens ask of GuidedTests."""

    def __init__(self) -> None:
        self.known: Sequence[GuidedTest] = (OTHER_TEST, MISFIRE_TEST)
        self.values: dict[str, Reading] = {
            "Cylinder1": Reading(text="4.53", number=4.53, unit="mg", label="Cylinder 1"),
            "Cylinder2": Reading(text="0.32", number=0.32, unit="mg", label="Cylinder 2"),
            "FanSpeed": Reading(text="1300", number=1300.0, unit="1/min", label="Fan, speed"),
        }
        self.refusal: RaisedMessage | None = None
        """Why the next drive does not happen."""
        self.driven: list[str] = []
        self.stopped: list[str] = []
        self.ran: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.problems: tuple[RaisedMessage, ...] = ()
        self.pace = threading.Event()
        """Never set: what is driven is told twenty times a second."""

    def reload(self) -> None:
        pass

    def tests(self) -> Sequence[GuidedTest]:
        return self.known

    def for_fault(self, unit: str, code: str) -> Sequence[GuidedTest]:
        return [test for test in self.known if test.fits(unit, code)]

    def run(
        self, test: GuidedTest, unit: str, mechanic: Mechanic, *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        self.ran.append((test.key, unit))
        if self.error is not None:
            raise self.error
        gone = yield from walk(test, unit, self, mechanic, cancellation or Cancellation())
        yield GuidedEnded(walk=gone)

    # The vehicle

    def described(self, step: MeasureStep | ActuateStep, unit: str) -> Reading | None:
        known = self.values.get(step.value)
        return Reading(label=known.label, unit=known.unit) if known else None

    def read(self, unit: str, value: str, cancellation: Cancellation) -> Generator[Event, None, Reading]:
        yield from ()
        return self.values.get(value, Reading())

    def prepare(
        self, step: ActuateStep, unit: str, cancellation: Cancellation
    ) -> Generator[Event, None, Prepared]:
        yield from ()
        stands = CheckedCondition(condition=Condition(text="Vehicle stands"), value="0 km/h", holds=True)
        lever = CheckedCondition(condition=Condition(text="Selector lever in P"))
        return Prepared(function=FAN, conditions=(stands, lever))

    def drive(self, step: ActuateStep, unit: str, stop: Cancellation) -> Generator[Event, None, DriveEnded]:
        """Drive until it is stopped; without anybody who stops, for the time of one picture."""
        if self.refusal is not None:
            message, self.refusal = self.refusal, None
            return DriveEnded(driven=Driven.REFUSED, reading=Reading(message=message))
        self.driven.append(step.name)
        reading = self.values[step.value]
        yield GuidedDriven(step=step, elapsed_s=1.2, reading=reading)
        if self.stopped:
            while not stop.requested:
                yield GuidedDriven(step=step, elapsed_s=2.5, reading=reading)
                self.pace.wait(0.05)
            self.stopped.append(step.name)
            return DriveEnded(driven=Driven.STOPPED)
        return DriveEnded(driven=Driven.DONE, reading=reading)

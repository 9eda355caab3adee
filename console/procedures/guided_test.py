"""Walks a guided test: asks the mechanic, measures, drives, and follows the branches to the cause."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.forms import FunctionForm
from workshop_console.console.model.guided import (
    ActuateStep,
    Driven,
    GuidedTest,
    GuidedWalk,
    Judgement,
    MeasureStep,
    QuestionStep,
    Reading,
    ResultStep,
    StepTaken,
    step_after,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Ask,
    Event,
    GuidedAsked,
    GuidedStepBegan,
    GuidedStepTaken,
    MessageRaised,
)

NO, YES = 0, 1
"""What is given for Ask.DRIVE and Ask.READY; for Ask.ANSWER it is the place of the answer, from 0."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What driving a function takes, before anybody is asked."""

    function: FunctionForm | None = None
    conditions: tuple[CheckedCondition, ...] = ()
    message: RaisedMessage | None = None
    """Why it cannot be driven at all."""


@dataclass(frozen=True, kw_only=True)
class DriveEnded:
    """What became of driving a function."""

    driven: Driven
    """DONE, REFUSED or STOPPED."""
    reading: Reading = field(default_factory=Reading)
    """Read while it ran; its message says why it was refused."""


class Vehicle(Protocol):
    """What a step asks of the vehicle. Nothing is raised for a unit that refuses or is silent."""

    def described(self, step: MeasureStep | ActuateStep, unit: str) -> Reading | None:
        """Return label and unit of measure of the step's value; None where nothing is known yet."""

    def read(self, unit: str, value: str, cancellation: Cancellation) -> Generator[Event, None, Reading]:
        """Read one actual value."""

    def prepare(
        self, step: ActuateStep, unit: str, cancellation: Cancellation
    ) -> Generator[Event, None, Prepared]:
        """Look the function up and check its conditions; nothing moves."""

    def drive(self, step: ActuateStep, unit: str, stop: Cancellation) -> Generator[Event, None, DriveEnded]:
        """Drive the function for its time, or until `stop`, and give control back in any case."""


class Mechanic:
    """Takes the answers that a person gives on another thread."""

    def __init__(self) -> None:
        self._given: int | None = None
        self._spoke = threading.Event()
        self._driving: Cancellation | None = None

    def give(self, choice: int) -> None:
        """Answer what was asked last: NO, YES, or the place of the answer."""
        self._given = choice
        self._spoke.set()

    def stop(self) -> None:
        """End the actuation that runs, and no more than that."""
        if (driving := self._driving) is not None:
            driving.request()

    def listen(self) -> None:
        """Forget an answer that came before the question."""
        self._given = None
        self._spoke.clear()

    def wait(self, cancellation: Cancellation) -> int | None:
        """Return what was given; None after a cancellation."""
        with cancellation.waking(self._spoke.set):
            while not cancellation.requested:
                if self._given is not None:
                    return self._given
                self._spoke.wait(1.0)
                if self._given is None:
                    self._spoke.clear()
        return None

    def drives(self, stop: Cancellation | None) -> None:
        """Say what stop() ends."""
        self._driving = stop


_Outcome = tuple[StepTaken, str]
"""What a step brought, and the name of the next one; empty after a cancellation."""


def walk(
    test: GuidedTest, unit: str, vehicle: Vehicle, mechanic: Mechanic, cancellation: Cancellation
) -> Generator[Event, None, GuidedWalk]:
    """Take the steps of `test` for the control unit `unit` and return the way that was gone.

    A value that cannot be read, or a function that is refused, is told (WC-350 or the refusal's own number)
    and the test goes on where its data says.
    """
    taken: list[StepTaken] = []
    step = test.steps[0]
    while not cancellation.requested:
        value = None
        if isinstance(step, MeasureStep | ActuateStep):
            value = vehicle.described(step, step.unit or unit)
        yield GuidedStepBegan(step=step, number=len(taken) + 1, value=value)
        outcome: _Outcome | None
        if isinstance(step, ResultStep):
            outcome = StepTaken(step=step), ""
        elif isinstance(step, QuestionStep):
            outcome = yield from _question(step, step.unit or unit, vehicle, mechanic, cancellation)
        elif isinstance(step, MeasureStep):
            outcome = yield from _measure(step, step.unit or unit, vehicle, mechanic, cancellation)
        else:
            outcome = yield from _actuate(step, step.unit or unit, vehicle, mechanic, cancellation)
        if outcome is None:
            break
        taken.append(outcome[0])
        yield GuidedStepTaken(taken=outcome[0])
        if not outcome[1]:
            break
        step = test.step(outcome[1])
    return GuidedWalk(test=test, steps=tuple(taken))


def _question(
    step: QuestionStep, unit: str, vehicle: Vehicle, mechanic: Mechanic, cancellation: Cancellation
) -> Generator[Event, None, _Outcome | None]:
    shown = []
    for value in step.values:
        shown.append((yield from vehicle.read(unit, value, cancellation)))
    if cancellation.requested:
        return None
    return (yield from _ask(step, mechanic, cancellation, shown=tuple(shown)))


def _ask(
    step: QuestionStep | ActuateStep,
    mechanic: Mechanic,
    cancellation: Cancellation,
    *,
    driven: Driven | None = None,
    shown: tuple[Reading, ...] = (),
) -> Generator[Event, None, _Outcome | None]:
    mechanic.listen()
    yield GuidedAsked(step=step, ask=Ask.ANSWER, answers=step.answers, shown=shown)
    given = mechanic.wait(cancellation)
    if given is None:
        return None
    answer = step.answers[given]
    return StepTaken(step=step, answer=answer.text, driven=driven, shown=shown), answer.then


def _measure(
    step: MeasureStep, unit: str, vehicle: Vehicle, mechanic: Mechanic, cancellation: Cancellation
) -> Generator[Event, None, _Outcome | None]:
    if step.wait:
        mechanic.listen()
        yield GuidedAsked(step=step, ask=Ask.READY)
        if mechanic.wait(cancellation) is None:
            return None
    reading = yield from vehicle.read(unit, step.value, cancellation)
    if cancellation.requested:
        return None
    return (yield from _judged(step, unit, reading))


def _actuate(
    step: ActuateStep, unit: str, vehicle: Vehicle, mechanic: Mechanic, cancellation: Cancellation
) -> Generator[Event, None, _Outcome | None]:
    """Ask for leave and drive; a refusal is told, and the mechanic may try again or go on without it."""
    driven = Driven.DECLINED
    while True:
        prepared = yield from vehicle.prepare(step, unit, cancellation)
        if cancellation.requested:
            return None
        if prepared.message is not None:
            unable = Reading(message=prepared.message)
            return (yield from _judged(step, unit, unable, Driven.REFUSED))
        mechanic.listen()
        yield GuidedAsked(
            step=step, ask=Ask.DRIVE, function=prepared.function, conditions=prepared.conditions
        )
        given = mechanic.wait(cancellation)
        if given is None:
            return None
        if given != YES:
            return _passed_over(step, driven)
        stop = Cancellation()
        mechanic.drives(stop)
        try:
            with cancellation.waking(stop.request):
                ended = yield from vehicle.drive(step, unit, stop)
        finally:
            mechanic.drives(None)
        if cancellation.requested:
            # It moved, so it belongs on the way that was gone.
            return StepTaken(step=step, reading=ended.reading, driven=ended.driven), ""
        if ended.driven is not Driven.REFUSED:
            break
        driven = Driven.REFUSED
        if ended.reading.message is not None:
            yield MessageRaised(message=ended.reading.message)
    if not step.measures:
        return (yield from _ask(step, mechanic, cancellation, driven=ended.driven))
    if ended.driven is Driven.STOPPED:
        # What is read before the time is over says nothing.
        return _passed_over(step, Driven.STOPPED)
    return (yield from _judged(step, unit, ended.reading, ended.driven))


def _passed_over(step: ActuateStep, driven: Driven) -> _Outcome:
    judgement = Judgement.UNREADABLE
    return StepTaken(step=step, judgement=judgement, driven=driven), step_after(step, judgement)


def _judged(
    step: MeasureStep | ActuateStep, unit: str, reading: Reading, driven: Driven | None = None
) -> Generator[Event, None, _Outcome]:
    if reading.readable:
        judgement = step.limits.judge(reading.number, reading.text)
    else:
        judgement = Judgement.UNREADABLE
        value = step.value if isinstance(step, MeasureStep) else step.value or step.result or step.function
        facts = (("unit", unit), ("value", value))
        yield MessageRaised(message=reading.message or RaisedMessage(number="WC-350", facts=facts))
    taken = StepTaken(step=step, reading=reading, judgement=judgement, driven=driven)
    return taken, step_after(step, judgement)

"""Walks a guided test: asks the mechanic, measures, drives, and follows the branches to the cause."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Protocol

from workshop_console.console.model.guided import (
    ActuateStep,
    GuidedTest,
    GuidedWalk,
    Judgement,
    MeasureStep,
    QuestionStep,
    Reading,
    ResultStep,
    Step,
    StepTaken,
    step_after,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    GuidedAsked,
    GuidedMeasured,
    GuidedStepBegan,
    MessageRaised,
)


class Vehicle(Protocol):
    """What a step asks of the vehicle. Nothing is raised for a unit that refuses or is silent."""

    def read(self, unit: str, value: str, cancellation: Cancellation) -> Generator[Event, None, Reading]:
        """Read one actual value."""

    def drive(
        self, step: ActuateStep, unit: str, cancellation: Cancellation
    ) -> Generator[Event, None, Reading]:
        """Drive the function for its time and give control back; return the value read while it ran.

        A step without value returns an empty reading, with a message when the unit refused.
        """


class Mechanic:
    """Takes the answers that a person gives on another thread."""

    def __init__(self) -> None:
        self._given: str | None = None
        self._spoke = threading.Event()

    def answer(self, then: str) -> None:
        """Give the answer that leads to the step `then`."""
        self._given = then
        self._spoke.set()

    def listen(self) -> None:
        """Forget an answer that came before the question."""
        self._given = None
        self._spoke.clear()

    def wait(self, cancellation: Cancellation) -> str | None:
        """Return the step that the answer leads to; None after a cancellation."""
        with cancellation.waking(self._spoke.set):
            while not cancellation.requested:
                if self._given is not None:
                    return self._given
                self._spoke.wait(1.0)
                if self._given is None:
                    self._spoke.clear()
        return None


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
        yield GuidedStepBegan(step=step, number=len(taken) + 1)
        if isinstance(step, ResultStep):
            taken.append(StepTaken(step=step))
            break
        if isinstance(step, QuestionStep):
            outcome = yield from _ask(step, step, mechanic, cancellation)
        elif isinstance(step, MeasureStep):
            reading = yield from vehicle.read(step.unit or unit, step.value, cancellation)
            outcome = yield from _judged(step, step.unit or unit, reading)
        else:
            reading = yield from vehicle.drive(step, step.unit or unit, cancellation)
            if step.value or (reading.message is not None and step.then):
                outcome = yield from _judged(step, step.unit or unit, reading)
            else:
                if reading.message is not None:
                    yield MessageRaised(message=reading.message)
                outcome = yield from _ask(step, step, mechanic, cancellation)
        if outcome is None:
            break
        taken.append(outcome[0])
        step = test.step(outcome[1])
    return GuidedWalk(test=test, steps=tuple(taken))


def _ask(
    step: QuestionStep | ActuateStep, asked: Step, mechanic: Mechanic, cancellation: Cancellation
) -> Generator[Event, None, tuple[StepTaken, str] | None]:
    mechanic.listen()
    yield GuidedAsked(step=asked, answers=step.answers)
    then = mechanic.wait(cancellation)
    if then is None:
        return None
    text = next((answer.text for answer in step.answers if answer.then == then), "")
    return StepTaken(step=asked, answer=text), then


def _judged(
    step: MeasureStep | ActuateStep, unit: str, reading: Reading
) -> Generator[Event, None, tuple[StepTaken, str]]:
    if reading.readable:
        judgement = step.limits.judge(reading.number, reading.text)
    else:
        judgement = Judgement.UNREADABLE
        facts = (("unit", unit), ("value", step.value))
        yield MessageRaised(message=reading.message or RaisedMessage(number="WC-350", facts=facts))
    yield GuidedMeasured(
        step=step, text=reading.text, number=reading.number, unit=reading.unit, judgement=judgement
    )
    return StepTaken(step=step, reading=reading, judgement=judgement), step_after(step, judgement)

"""Guided tests: the steps that lead from a fault code to its cause, as data; texts are English, for `_`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workshop_console.console.model.message import RaisedMessage


class Judgement(StrEnum):
    """How a measured value lies to its limits."""

    INSIDE = "inside"
    BELOW = "below"
    ABOVE = "above"
    OTHER = "other"
    """A text that is not the expected one."""
    UNREADABLE = "unreadable"
    """The unit cannot give it."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a value is judged against: a range, or the texts that are right."""

    low: float | None = None
    high: float | None = None
    texts: tuple[str, ...] = ()

    def judge(self, number: float | None, text: str) -> Judgement:
        """Return how a value lies; a number where a text is wanted, or the other way, is OTHER."""
        if self.texts:
            return Judgement.INSIDE if text in self.texts else Judgement.OTHER
        if number is None:
            return Judgement.OTHER
        if self.low is not None and number < self.low:
            return Judgement.BELOW
        if self.high is not None and number > self.high:
            return Judgement.ABOVE
        return Judgement.INSIDE


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer to a question, and the step that it leads to."""

    text: str
    then: str


@dataclass(frozen=True, kw_only=True)
class QuestionStep:
    """Asks the mechanic."""

    name: str
    text: str
    answers: tuple[Answer, ...]
    unit: str = ""
    """SHORT-NAME of the control unit of `values`; empty: the one of the fault."""
    values: tuple[str, ...] = ()
    """Actual values that are read and shown beside the question."""


@dataclass(frozen=True, kw_only=True)
class MeasureStep:
    """Reads an actual value and judges it."""

    name: str
    text: str
    """What must be so while it is measured, and what is looked at."""
    unit: str
    """SHORT-NAME of the control unit; empty: the one of the fault."""
    value: str
    limits: Limits
    then: tuple[tuple[Judgement, str], ...]
    """Where each judgement leads; the last step named goes for judgements that are not listed."""
    wait: bool = False
    """Whether the mechanic has to do something first, and says when it is done."""


@dataclass(frozen=True, kw_only=True)
class ActuateStep:
    """Drives a function for some seconds; a value may be measured while it runs."""

    name: str
    text: str
    unit: str
    function: str
    settings: tuple[tuple[str, str], ...]
    seconds: float
    value: str = ""
    """Actual value read at the end of the time, while it still runs; with `result` empty: the mechanic is
    asked."""
    result: str = ""
    """Result of the routine (0x31 03), read instead of an actual value."""
    limits: Limits = Limits()
    answers: tuple[Answer, ...] = ()
    """What the mechanic can say of it; used where no value is measured."""
    then: tuple[tuple[Judgement, str], ...] = ()
    """As in MeasureStep; UNREADABLE also when the unit refuses, or the mechanic does not want it driven."""

    @property
    def measures(self) -> bool:
        """Whether a value is judged; else the mechanic is asked."""
        return bool(self.value or self.result)


@dataclass(frozen=True, kw_only=True)
class ResultStep:
    """The end: the cause, and what to do."""

    name: str
    text: str
    remedy: tuple[str, ...]
    found: bool = True
    """Whether a cause was found."""


Step = QuestionStep | MeasureStep | ActuateStep | ResultStep


@dataclass(frozen=True, kw_only=True)
class GuidedTest:
    """One test, for some fault codes of some control units."""

    key: str
    title: str
    codes: tuple[str, ...]
    """Fault codes as shown (P0480-00), or their beginning (P0480)."""
    units: tuple[str, ...]
    """SHORT-NAMEs; a test is offered for no other unit."""
    before: str
    """What must be prepared."""
    steps: tuple[Step, ...]
    """The first is where it begins."""

    def step(self, name: str) -> Step:
        """Return the step called `name`; loading made sure that there is one."""
        return next(step for step in self.steps if step.name == name)

    def fits(self, unit: str, code: str) -> bool:
        """Return whether the test is for fault `code` of `unit`."""
        return unit in self.units and any(
            code == known or code.startswith(known + "-") for known in self.codes
        )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One actual value as read for a step; without text it could not be."""

    text: str = ""
    number: float | None = None
    unit: str = ""
    label: str = ""
    """What the description calls the value."""
    message: RaisedMessage | None = None
    """Why it could not be read, or why the unit refused to be driven."""

    @property
    def readable(self) -> bool:
        """Whether there is a value."""
        return bool(self.text)


class Driven(StrEnum):
    """What became of an actuation in a step."""

    DONE = "done"
    REFUSED = "refused"
    """By the unit, or by a condition that does not hold."""
    DECLINED = "declined"
    """The mechanic did not want it."""
    STOPPED = "stopped"
    """By the mechanic, before its time was over."""


@dataclass(frozen=True, kw_only=True)
class StepTaken:
    """One step that was taken, and what came out."""

    step: Step
    answer: str = ""
    """The answer given, an English text for `_`."""
    reading: Reading | None = None
    shown: tuple[Reading, ...] = ()
    """Values that were shown beside a question."""
    judgement: Judgement | None = None
    driven: Driven | None = None
    """None: no actuation."""


@dataclass(frozen=True, kw_only=True)
class GuidedWalk:
    """The way through a test; the last step is a ResultStep when it came to its end."""

    test: GuidedTest
    steps: tuple[StepTaken, ...]

    @property
    def result(self) -> ResultStep | None:
        """What was found; None when it was broken off."""
        last = self.steps[-1].step if self.steps else None
        return last if isinstance(last, ResultStep) else None


def step_after(step: MeasureStep | ActuateStep, judgement: Judgement) -> str:
    """Return the name of the step that `judgement` leads to."""
    then = dict(step.then)
    return then.get(judgement) or list(then.values())[-1]

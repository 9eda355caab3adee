"""Walking a guided test: leave to drive, refusals, stopping, cancelling; and what the order book keeps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import pytest

from workshop_console.console.jobs.guided_tests import details_of
from workshop_console.console.model.guided import (
    ActuateStep,
    Answer,
    Driven,
    GuidedTest,
    GuidedWalk,
    Judgement,
    Limits,
    MeasureStep,
    QuestionStep,
    Reading,
    ResultStep,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Ask, Event, GuidedAsked, GuidedDriven, MessageRaised
from workshop_console.console.procedures.guided_test import NO, YES, DriveEnded, Mechanic, Prepared, walk

MEASURED = ActuateStep(
    name="fan",
    text="The fan is driven.",
    unit="",
    function="Fan",
    settings=(),
    seconds=3,
    value="FanSpeed",
    limits=Limits(low=1000),
    then=((Judgement.INSIDE, "good"), (Judgement.BELOW, "bad"), (Judgement.UNREADABLE, "unknown")),
)
LOOKED_AT = ActuateStep(
    name="lamp",
    text="Look at the lamp.",
    unit="",
    function="Lamp",
    settings=(),
    seconds=3,
    answers=(
        Answer(text="Bright", then="good"),
        Answer(text="Dim", then="bad"),
        Answer(text="Off", then="bad"),
    ),
    then=((Judgement.UNREADABLE, "unknown"),),
)
REFUSED = RaisedMessage(number="WC-321", facts=(("unit", "U"), ("function", "Fan"), ("nrc", "0x22")))


def result(name: str) -> ResultStep:
    return ResultStep(name=name, text=name.title(), remedy=("Do it.",))


def steps_of(*steps: ActuateStep | MeasureStep | QuestionStep) -> GuidedTest:
    results = (result("good"), result("bad"), result("unknown"))
    return GuidedTest(key="k", title="T", codes=("P1",), units=("U",), before="", steps=(*steps, *results))


@dataclass
class OneVehicle:
    """Refuses as often as the test says, then gives the value."""

    value: Reading = field(default_factory=Reading)
    refusals: int = 0
    unable: RaisedMessage | None = None
    driven: int = 0

    def described(self, step: MeasureStep | ActuateStep, unit: str) -> Reading | None:
        return None

    def read(self, unit: str, value: str, cancellation: Cancellation) -> Generator[Event, None, Reading]:
        yield from ()
        return self.value

    def prepare(
        self, step: ActuateStep, unit: str, cancellation: Cancellation
    ) -> Generator[Event, None, Prepared]:
        yield from ()
        return Prepared(message=self.unable)

    def drive(self, step: ActuateStep, unit: str, stop: Cancellation) -> Generator[Event, None, DriveEnded]:
        if self.refusals:
            self.refusals -= 1
            return DriveEnded(driven=Driven.REFUSED, reading=Reading(message=REFUSED))
        self.driven += 1
        yield GuidedDriven(step=step, elapsed_s=0.0)
        if stop.requested:
            return DriveEnded(driven=Driven.STOPPED, reading=self.value)
        return DriveEnded(driven=Driven.DONE, reading=self.value)


Reaction = Callable[[Event, Mechanic, Cancellation], None]


def gone(test: GuidedTest, vehicle: OneVehicle, *given: int, react: Reaction | None = None) -> GuidedWalk:
    """Walk with these answers; the events are in EVENTS."""
    mechanic, cancellation, answers = Mechanic(), Cancellation(), list(given)
    EVENTS.clear()
    walking = walk(test, "U", vehicle, mechanic, cancellation)
    while True:
        try:
            event = next(walking)
        except StopIteration as end:
            assert not answers, "asked less often than expected"
            walk_gone: GuidedWalk = end.value
            return walk_gone
        EVENTS.append(event)
        if isinstance(event, GuidedAsked) and answers:
            mechanic.give(answers.pop(0))
        if react is not None:
            react(event, mechanic, cancellation)


EVENTS: list[Event] = []


def numbers() -> list[str]:
    return [event.message.number for event in EVENTS if isinstance(event, MessageRaised)]


def ended_in(walk_gone: GuidedWalk) -> str:
    assert walk_gone.result is not None
    return walk_gone.result.name


FAST, SLOW = Reading(text="1300", number=1300.0, unit="1/min"), Reading(text="200", number=200.0)


@pytest.mark.parametrize(("reading", "end"), [(FAST, "good"), (SLOW, "bad"), (Reading(), "unknown")])
def test_a_function_is_driven_after_a_yes_and_its_value_judged(reading: Reading, end: str) -> None:
    vehicle = OneVehicle(value=reading)
    walk_gone = gone(steps_of(MEASURED), vehicle, YES)
    assert ended_in(walk_gone) == end
    assert vehicle.driven == 1
    assert walk_gone.steps[0].driven is Driven.DONE
    assert numbers() == (["WC-350"] if end == "unknown" else [])


def test_nothing_is_driven_without_a_yes() -> None:
    vehicle = OneVehicle(value=FAST)
    walk_gone = gone(steps_of(MEASURED), vehicle, NO)
    assert ended_in(walk_gone) == "unknown"
    assert vehicle.driven == 0
    assert walk_gone.steps[0].driven is Driven.DECLINED
    assert numbers() == []


def test_a_refusal_is_told_and_may_be_tried_again() -> None:
    vehicle = OneVehicle(value=FAST, refusals=2)
    walk_gone = gone(steps_of(MEASURED), vehicle, YES, YES, YES)
    assert ended_in(walk_gone) == "good"
    assert numbers() == ["WC-321", "WC-321"]


def test_after_a_refusal_the_mechanic_may_go_on_without_it() -> None:
    walk_gone = gone(steps_of(MEASURED), OneVehicle(refusals=9), YES, NO)
    assert ended_in(walk_gone) == "unknown"
    assert walk_gone.steps[0].driven is Driven.REFUSED


def test_a_function_that_is_not_described_is_told_and_passed_over() -> None:
    unable = RaisedMessage(number="WC-411", facts=(("name", "Fan"), ("unit", "U")))
    walk_gone = gone(steps_of(LOOKED_AT), OneVehicle(unable=unable))
    assert ended_in(walk_gone) == "unknown"
    assert numbers() == ["WC-411"]


def stop_it(event: Event, mechanic: Mechanic, _cancellation: Cancellation) -> None:
    if isinstance(event, GuidedDriven):
        mechanic.stop()


def test_what_is_stopped_early_is_not_judged() -> None:
    walk_gone = gone(steps_of(MEASURED), OneVehicle(value=FAST), YES, react=stop_it)
    assert ended_in(walk_gone) == "unknown"
    assert walk_gone.steps[0].driven is Driven.STOPPED
    assert numbers() == []


def test_who_saw_enough_may_stop_and_is_asked_all_the_same() -> None:
    walk_gone = gone(steps_of(LOOKED_AT), OneVehicle(), YES, 0, react=stop_it)
    assert ended_in(walk_gone) == "good"
    assert walk_gone.steps[0].driven is Driven.STOPPED


def test_two_answers_that_lead_to_the_same_step_stay_two_answers() -> None:
    walk_gone = gone(steps_of(LOOKED_AT), OneVehicle(), YES, 2)
    assert (walk_gone.steps[0].answer, ended_in(walk_gone)) == ("Off", "bad")


def cancel_while_driving(event: Event, _mechanic: Mechanic, cancellation: Cancellation) -> None:
    if isinstance(event, GuidedDriven):
        cancellation.request()


def test_a_cancellation_ends_what_is_driven_and_keeps_that_it_was() -> None:
    walk_gone = gone(steps_of(MEASURED), OneVehicle(value=FAST), YES, react=cancel_while_driving)
    assert walk_gone.result is None
    assert [(taken.step.name, taken.driven) for taken in walk_gone.steps] == [("fan", Driven.STOPPED)]


def test_a_stop_when_nothing_is_driven_changes_nothing() -> None:
    mechanic = Mechanic()
    mechanic.stop()
    assert ended_in(gone(steps_of(MEASURED), OneVehicle(value=FAST), YES)) == "good"


def test_an_answer_from_before_the_question_does_not_count() -> None:
    question = QuestionStep(
        name="q", text="?", answers=(Answer(text="A", then="good"), Answer(text="B", then="bad"))
    )
    waiting = MeasureStep(
        name="m",
        text="Turn it.",
        unit="",
        value="Speed",
        limits=Limits(low=1),
        then=((Judgement.INSIDE, "q"), (Judgement.UNREADABLE, "unknown")),
        wait=True,
    )

    def twice(event: Event, mechanic: Mechanic, _cancellation: Cancellation) -> None:
        if isinstance(event, GuidedAsked) and event.ask is Ask.READY:
            mechanic.give(YES)  # the same key once more, before the question is there

    rest = OneVehicle(value=FAST)
    test = steps_of(waiting, question)
    assert ended_in(gone(test, rest, YES, 0, react=twice)) == "good"
    asked = [event.ask for event in EVENTS if isinstance(event, GuidedAsked)]
    assert asked == [Ask.READY, Ask.ANSWER]


def test_values_beside_a_question_are_read_first() -> None:
    question = QuestionStep(
        name="q", text="?", answers=(Answer(text="A", then="good"),), values=("Cell1", "Cell2")
    )
    walk_gone = gone(steps_of(question, MEASURED, LOOKED_AT), OneVehicle(value=FAST), 0)
    (asked,) = [event for event in EVENTS if isinstance(event, GuidedAsked)]
    assert asked.shown == (FAST, FAST)
    assert walk_gone.steps[0].shown == (FAST, FAST)


def test_the_order_book_gets_steps_values_judgements_and_the_remedy() -> None:
    walk_gone = gone(steps_of(MEASURED), OneVehicle(value=FAST), YES)
    assert details_of(walk_gone.steps) == (
        ("The fan is driven.", "1300 1/min [inside]"),
        ("result", "Good"),
        ("remedy", "Do it."),
    )
    walk_gone = gone(steps_of(MEASURED), OneVehicle(), NO)
    assert details_of(walk_gone.steps)[0] == ("The fan is driven.", "[declined]")
    walk_gone = gone(steps_of(LOOKED_AT), OneVehicle(), YES, 1)
    assert details_of(walk_gone.steps)[0] == ("Look at the lamp.", "Dim")

"""Every shipped guided test, on each of its ways; and what a test that cannot be walked is refused for."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from workshop_console.console.model.guided import (
    ActuateStep,
    Driven,
    GuidedTest,
    GuidedWalk,
    Judgement,
    Limits,
    MeasureStep,
    Reading,
    ResultStep,
)
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Ask,
    Event,
    GuidedAsked,
    GuidedStepTaken,
    MessageRaised,
)
from workshop_console.console.procedures.guided_test import (
    NO,
    YES,
    DriveEnded,
    Mechanic,
    Prepared,
    walk,
)
from workshop_console.data.guided.loading import GuidedTestError, own_tests, paths, read_test, shipped_tests

WAYS = [
    pytest.param(test, way, id=f"{test.key}-{'-'.join(way[1:])}")
    for test in shipped_tests()
    for way in paths(test)
]


class ScriptedVehicle:
    """Gives the values that lead along a way."""

    def __init__(self, test: GuidedTest, way: tuple[str, ...]) -> None:
        self._test = test
        self._way = way
        steps = (test.step(name) for name in way)
        self._measured = (step for step in steps if isinstance(step, MeasureStep))
        self._shown = {value for name in way for value in getattr(test.step(name), "values", ())}

    def _reading(self, step: MeasureStep | ActuateStep) -> Reading:
        follower = self._way[self._way.index(step.name) + 1]
        judgement = next(judgement for judgement, name in step.then if name == follower)
        return reading_for(step.limits, judgement)

    def described(self, step: MeasureStep | ActuateStep, unit: str) -> Reading | None:
        return None

    def read(self, unit: str, value: str, _cancellation: Cancellation) -> Generator[Event, None, Reading]:
        yield from ()
        if value in self._shown:
            return Reading(text="3.8", number=3.8, unit="V")
        step = next(self._measured)
        assert (step.value, step.unit or unit) == (value, unit)
        return self._reading(step)

    def prepare(
        self, step: ActuateStep, unit: str, _cancellation: Cancellation
    ) -> Generator[Event, None, Prepared]:
        yield from ()
        return Prepared()

    def drive(self, step: ActuateStep, unit: str, _stop: Cancellation) -> Generator[Event, None, DriveEnded]:
        yield from ()
        return DriveEnded(driven=Driven.DONE, reading=self._reading(step) if step.measures else Reading())


def reading_for(limits: Limits, judgement: Judgement) -> Reading:
    """Return a reading that is judged so."""
    if judgement is Judgement.UNREADABLE:
        return Reading()
    if limits.texts:
        text = limits.texts[0] if judgement is Judgement.INSIDE else "something else"
        return Reading(text=text)
    if judgement is Judgement.OTHER:
        return Reading(text="no number")
    low, high = limits.low, limits.high
    number = {
        Judgement.BELOW: (low if low is not None else 0) - 1,
        Judgement.ABOVE: (high if high is not None else 0) + 1,
        Judgement.INSIDE: low if low is not None else high,
    }[judgement]
    return Reading(text=str(number), number=number)


def given(asked: GuidedAsked, way: tuple[str, ...]) -> int:
    """Return what leads along `way`."""
    step = asked.step
    if isinstance(step, ResultStep):
        raise AssertionError("a result asks nothing")
    if isinstance(step, MeasureStep) or (isinstance(step, ActuateStep) and step.measures):
        return YES
    follower = way[way.index(step.name) + 1]
    leads = [answer.then for answer in step.answers]
    if asked.ask is Ask.DRIVE:
        return YES if follower in leads else NO
    return leads.index(follower)


def walked(test: GuidedTest, way: tuple[str, ...]) -> tuple[GuidedWalk, list[Event]]:
    """Walk `way` and return what came out."""
    mechanic = Mechanic()
    events: list[Event] = []
    generator = walk(test, test.units[0], ScriptedVehicle(test, way), mechanic, Cancellation())
    while True:
        try:
            event = next(generator)
        except StopIteration as end:
            return end.value, events
        events.append(event)
        if isinstance(event, GuidedAsked):
            mechanic.give(given(event, way))


def yield_from(generator: Generator[Event, None, GuidedWalk]) -> GuidedWalk:
    """Run to the end and return the walk."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            walk_gone: GuidedWalk = end.value
            return walk_gone


@pytest.mark.parametrize(("test", "way"), WAYS)
def test_each_way_ends_in_its_result(test: GuidedTest, way: tuple[str, ...]) -> None:
    gone, events = walked(test, way)
    assert tuple(taken.step.name for taken in gone.steps) == way
    assert isinstance(gone.steps[-1].step, ResultStep)
    assert gone.result is gone.steps[-1].step
    unreadable = sum(
        taken.judgement is Judgement.UNREADABLE and taken.driven is not Driven.DECLINED
        for taken in gone.steps
    )
    raised = [event.message.number for event in events if isinstance(event, MessageRaised)]
    assert raised == ["WC-350"] * unreadable
    assert [event.taken for event in events if isinstance(event, GuidedStepTaken)] == list(gone.steps)


def test_at_least_eight_ship_with_branches() -> None:
    tests = shipped_tests()
    assert len(tests) >= 8
    for test in tests:
        assert len(list(paths(test))) >= 3, test.key
        assert any(isinstance(step, MeasureStep | ActuateStep) for step in test.steps), test.key


def test_a_cancelled_walk_has_no_result() -> None:
    test = shipped_tests()[0]
    cancellation = Cancellation()
    way = next(iter(paths(test)))
    generator = walk(test, test.units[0], ScriptedVehicle(test, way), Mechanic(), cancellation)
    next(generator)
    cancellation.request()
    gone = yield_from(generator)
    assert gone.result is None


@pytest.mark.parametrize(
    ("number", "text", "judgement"),
    [
        (5.0, "5", Judgement.INSIDE),
        (4.9, "4.9", Judgement.BELOW),
        (10.1, "10.1", Judgement.ABOVE),
        (None, "open", Judgement.OTHER),
    ],
)
def test_numbers_are_judged_against_both_limits(
    number: float | None, text: str, judgement: Judgement
) -> None:
    assert Limits(low=5, high=10).judge(number, text) is judgement


def test_texts_are_judged_by_what_is_right() -> None:
    assert Limits(texts=("closed",)).judge(None, "closed") is Judgement.INSIDE
    assert Limits(texts=("closed",)).judge(1.0, "open") is Judgement.OTHER


BASE = 'title = "T"\ncodes = ["P0001"]\nunits = ["U"]\n'
RESULT = '[steps.end]\nkind = "result"\ntext = "x"\nremedy = ["y"]\n'


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ('[steps.a]\nkind = "question"\ntext = "?"\nanswers = [{ text = "x", then = "gone" }]\n', "leads to"),
        ('[steps.a]\nkind = "question"\ntext = "?"\nanswers = [{ text = "x", then = "a" }]\n', "leads back"),
        ('[steps.a]\nkind = "question"\ntext = "?"\n', "nowhere"),
        ('[steps.a]\nkind = "dance"\ntext = "?"\n', "dance"),
        (
            '[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\nthen = { inside = "end" }\n' + RESULT,
            "nothing for unreadable",
        ),
        (
            '[steps.a]\nkind = "actuate"\ntext = "?"\nfunction = "F"\nseconds = 1\n'
            'then = { inside = "end" }\n' + RESULT,
            "asks nothing",
        ),
        (RESULT + '[steps.b]\nkind = "result"\ntext = "x"\nremedy = []\n', "never reached"),
        (
            '[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\nlow = 1\n'
            'then = { inside = "end", above = "end", unreadable = "end" }\n' + RESULT,
            "never",
        ),
        (
            '[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\n'
            'then = { inside = "end", unreadable = "end" }\n' + RESULT,
            "no limits",
        ),
        ('[steps.a]\nkind = "question"\ntext = "?"\nanswer = []\n', "answer"),
        ("[steps.a]\n", "kind is missing"),
        ("[steps.a]\nkind = 3\n", "kind: a text"),
        ('[steps.a]\nkind = "question"\ntext = ""\n', "text: a text"),
        ('[steps.a]\nkind = "question"\ntext = "?"\nanswers = ["x"]\n', "answers: tables"),
        ('[steps.a]\nkind = "question"\ntext = "?"\nanswers = "x"\n', "answers: a list"),
        (
            '[steps.a]\nkind = "question"\ntext = "?"\nanswers = ['
            + '{ text = "x", then = "end" },' * 10
            + "]\n"
            + RESULT,
            "at most 9",
        ),
        (
            '[steps.a]\nkind = "actuate"\ntext = "?"\nfunction = "F"\nseconds = 3600\n' + RESULT,
            "seconds: a number up to 300",
        ),
        ('[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\nlow = "1"\n', "low: a number"),
        ('[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\nlow = nan\n', "low: a number"),
        ('[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\nlow = 2\nhigh = 1\n', "above high"),
        ('[steps.a]\nkind = "measure"\ntext = "?"\nvalue = "V"\nthen = { good = "x" }\n', "good"),
        ('[steps.a]\nkind = "result"\ntext = "x"\nfound = "no"\n', "found: true or false"),
        ("steps = 3\n", "steps: a table"),
        ("[steps]\n", "steps: 1 to 100"),
        ("step = 3\n", "step: not known"),
        ("[[[", "Invalid"),
        ("x = " + "[" * 100_000, "recursion|nested|Invalid"),
        ("# " + "x" * 300_000, "larger"),
    ],
)
def test_a_test_that_cannot_be_walked_is_refused(tmp_path: Path, steps: str, why: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(BASE + steps, "utf-8")
    with pytest.raises(GuidedTestError, match=why):
        read_test(file)


def test_a_test_with_ten_thousand_ways_is_checked_at_once(tmp_path: Path) -> None:
    steps = []
    for number in range(40):
        answers = ", ".join(
            f'{{ text = "{text}", then = "{name}" }}'
            for text, name in (("x", f"s{number + 1}"), ("y", f"s{number + 2}"))
        )
        steps.append(f'[steps.s{number}]\nkind = "question"\ntext = "?"\nanswers = [{answers}]\n')
    ends = [RESULT.replace("steps.end", f"steps.s{number}") for number in (40, 41)]
    file = tmp_path / "many.toml"
    file.write_text(BASE + "".join(steps + ends), "utf-8")
    assert len(read_test(file).steps) == 42


def test_own_tests_stand_beside_those_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(BASE.replace('"T"', '"T\\u202e"') + RESULT, "utf-8")
    (tmp_path / "bad.toml").write_text(BASE, "utf-8")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe4"')
    (tmp_path / "folder.toml").mkdir()
    tests, errors = own_tests(tmp_path)
    assert [(test.key, test.title) for test in tests] == [("good", "T\ufffd")]
    assert [error.file for error in errors] == ["bad.toml", "folder.toml", "latin.toml"]
    assert own_tests(tmp_path / "not there") == ((), ())


def test_the_example_in_the_documentation_can_be_walked(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "guided-tests.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    file = tmp_path / "example.toml"
    file.write_text(example, "utf-8")
    assert len(list(paths(read_test(file)))) == 3

"""Reads guided tests from TOML and refuses what could not be walked to an end."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from workshop_console.console.model.guided import (
    ActuateStep,
    Answer,
    GuidedTest,
    Judgement,
    Limits,
    MeasureStep,
    QuestionStep,
    ResultStep,
    Step,
)

FOLDER = Path(__file__).parent


class GuidedTestError(ValueError):
    """A guided test that cannot be used; says which and why."""


@cache
def shipped_tests() -> tuple[GuidedTest, ...]:
    """Return the tests that ship, by key."""
    return tuple(read_test(file) for file in sorted(FOLDER.glob("*.toml")))


def read_test(file: Path) -> GuidedTest:
    """Return the test in `file`. Raises GuidedTestError."""
    try:
        with file.open("rb") as source:
            told = tomllib.load(source)
        test = GuidedTest(
            key=file.stem,
            title=told["title"],
            codes=tuple(told["codes"]),
            units=tuple(told["units"]),
            before=told.get("before", ""),
            steps=tuple(_step(name, step) for name, step in told["steps"].items()),
        )
        _check(test)
    except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise GuidedTestError(f"{file.name}: {error!r}") from error
    return test


_KEYS = {
    "question": {"text", "answers", "unit", "values"},
    "measure": {"text", "unit", "value", "low", "high", "texts", "then", "wait"},
    "actuate": {
        "text",
        "unit",
        "function",
        "set",
        "seconds",
        "value",
        "result",
        "low",
        "high",
        "texts",
        "then",
        "answers",
    },
    "result": {"text", "remedy", "found"},
}
"""What a step may say besides its kind: a slip of the pen must not go unseen."""


def _step(name: str, told: Mapping[str, Any]) -> Step:
    if unknown := set(told) - _KEYS.get(told["kind"], set(told)) - {"kind"}:
        raise ValueError(f"{name}: {sorted(unknown)}")
    match told["kind"]:
        case "question":
            return QuestionStep(
                name=name,
                text=told["text"],
                answers=_answers(told),
                unit=told.get("unit", ""),
                values=tuple(told.get("values", ())),
            )
        case "measure":
            return MeasureStep(
                name=name,
                text=told["text"],
                unit=told.get("unit", ""),
                value=told["value"],
                limits=_limits(told),
                then=_then(told),
                wait=bool(told.get("wait", False)),
            )
        case "actuate":
            return ActuateStep(
                name=name,
                text=told["text"],
                unit=told.get("unit", ""),
                function=told["function"],
                settings=tuple((key, str(value)) for key, value in told.get("set", {}).items()),
                seconds=float(told["seconds"]),
                value=told.get("value", ""),
                result=told.get("result", ""),
                limits=_limits(told),
                answers=_answers(told),
                then=_then(told),
            )
        case "result":
            return ResultStep(
                name=name, text=told["text"], remedy=tuple(told["remedy"]), found=told.get("found", True)
            )
    raise ValueError(f"{name}: kind {told['kind']}")


def _answers(told: Mapping[str, Any]) -> tuple[Answer, ...]:
    return tuple(Answer(text=answer["text"], then=answer["then"]) for answer in told.get("answers", ()))


def _limits(told: Mapping[str, Any]) -> Limits:
    return Limits(low=told.get("low"), high=told.get("high"), texts=tuple(told.get("texts", ())))


def _then(told: Mapping[str, Any]) -> tuple[tuple[Judgement, str], ...]:
    return tuple((Judgement(judgement), name) for judgement, name in told.get("then", {}).items())


def ways_on(step: Step) -> tuple[str, ...]:
    """Return the names of the steps that may follow."""
    match step:
        case QuestionStep():
            return tuple(answer.then for answer in step.answers)
        case MeasureStep():
            return tuple(name for _judgement, name in step.then)
        case ActuateStep():
            return tuple(answer.then for answer in step.answers) + tuple(name for _j, name in step.then)
        case ResultStep():
            return ()


def _check(test: GuidedTest) -> None:
    """Raise ValueError unless every way ends in a result, and every step can be reached."""
    names = {step.name for step in test.steps}
    for step in test.steps:
        for name in ways_on(step):
            if name not in names:
                raise ValueError(f"{step.name} leads to {name}, which there is not")
        if not isinstance(step, ResultStep) and not ways_on(step):
            raise ValueError(f"{step.name} leads nowhere")
        if isinstance(step, ActuateStep) and not step.measures and not step.answers:
            raise ValueError(f"{step.name} measures nothing and asks nothing")
        if isinstance(step, ActuateStep) and step.measures and step.answers:
            raise ValueError(f"{step.name} measures, so nobody is asked")
        if isinstance(step, MeasureStep | ActuateStep) and Judgement.UNREADABLE not in dict(step.then):
            raise ValueError(f"{step.name}: what follows when the value cannot be read?")
        if isinstance(step, MeasureStep | ActuateStep):
            _check_limits(step)
    reached: set[str] = set()
    for way in paths(test):
        reached.update(way)
    if reached != names:
        raise ValueError(f"never reached: {sorted(names - reached)}")


def _check_limits(step: MeasureStep | ActuateStep) -> None:
    """Raise ValueError for a judgement that leads on but can never be, or a value without limits."""
    limits, leads = step.limits, set(dict(step.then))
    if limits.texts and not (limits.low is None and limits.high is None):
        raise ValueError(f"{step.name} wants a number and a text")
    possible = {Judgement.UNREADABLE}
    if isinstance(step, MeasureStep) or step.measures:
        if not limits.texts and limits.low is None and limits.high is None:
            raise ValueError(f"{step.name} has no limits")
        possible |= {Judgement.INSIDE, Judgement.OTHER}
    if limits.low is not None:
        possible.add(Judgement.BELOW)
    if limits.high is not None:
        possible.add(Judgement.ABOVE)
    if impossible := leads - possible:
        raise ValueError(f"{step.name} is never {sorted(impossible)}")


def paths(test: GuidedTest) -> Iterator[tuple[str, ...]]:
    """Yield every way through the test as the names of its steps. Raises ValueError for one without end."""

    def walk(way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        step = test.step(way[-1])
        followers = tuple(dict.fromkeys(ways_on(step)))
        if not followers:
            yield way
        for name in followers:
            if name in way:
                raise ValueError(f"{' '.join(way)} leads back to {name}")
            yield from walk((*way, name))

    yield from walk((test.steps[0].name,))

"""Reads guided tests from TOML and refuses what could not be walked to an end (docs/guided-tests.md)."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from workshop_console.console.model.clean import clean
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
LARGEST_BYTES = 256 * 1024
MOST_TESTS = 500
MOST_STEPS = 100
MOST_ANSWERS = 9
"""As many as there are number keys."""
LONGEST_S = 300.0
"""Longest time that a step may drive a function."""

_MISSING = object()

Table = Mapping[str, Any]


class GuidedTestError(ValueError):
    """A guided test that cannot be used.

    Args:
        file: name of the file.
        detail: what is wrong, in English, for whoever writes tests.
    """

    def __init__(self, file: str, detail: str) -> None:
        super().__init__(f"{file}: {detail}")
        self.file, self.detail = file, detail


@cache
def shipped_tests() -> tuple[GuidedTest, ...]:
    """Return the tests that ship, by key. Raises GuidedTestError."""
    return tuple(read_test(file) for file in sorted(FOLDER.glob("*.toml")))


def own_tests(folder: Path) -> tuple[tuple[GuidedTest, ...], tuple[GuidedTestError, ...]]:
    """Return the tests in `folder`, which need not exist, and why files in it cannot be used."""
    tests, errors = [], []
    try:
        files = sorted(folder.glob("*.toml"))
    except OSError as error:
        return (), (GuidedTestError(clean(folder), clean(error.strerror or error)),)
    for file in files[:MOST_TESTS]:
        try:
            tests.append(read_test(file))
        except GuidedTestError as error:
            errors.append(error)
    return tuple(tests), tuple(errors)


def read_test(file: Path) -> GuidedTest:
    """Return the test in `file`. Raises GuidedTestError."""
    name = clean(file.name, longest=80)
    try:
        with file.open("rb") as source:
            content = source.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise ValueError(f"larger than {LARGEST_BYTES} bytes")
        told = tomllib.loads(content.decode("utf-8"))
        test = _test(file.stem, told)
        _check(test)
    except OSError as error:
        raise GuidedTestError(name, clean(error.strerror or error)) from error
    except (ValueError, RecursionError) as error:
        raise GuidedTestError(name, clean(error)) from error
    return test


def _test(key: str, told: Table) -> GuidedTest:
    _only(told, {"title", "codes", "units", "before", "steps"})
    steps = _table(told, "steps")
    if not 0 < len(steps) <= MOST_STEPS:
        raise ValueError(f"steps: 1 to {MOST_STEPS} are wanted")
    return GuidedTest(
        key=clean(key, longest=80),
        title=_text(told, "title"),
        codes=_texts(told, "codes"),
        units=_texts(told, "units"),
        before=_text(told, "before", ""),
        steps=tuple(_named_step(name, _table(steps, name)) for name in steps),
    )


# -- one step --------------------------------------------------------------------------------------

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


def _named_step(name: str, told: Table) -> Step:
    try:
        return _step(name, told)
    except ValueError as error:
        raise ValueError(f"step {name}: {error}") from error


def _step(name: str, told: Table) -> Step:
    kind = _text(told, "kind")
    if kind not in _KEYS:
        raise ValueError(f"kind {kind} is none of {', '.join(_KEYS)}")
    _only(told, _KEYS[kind] | {"kind"})
    text = _text(told, "text")
    match kind:
        case "question":
            return QuestionStep(
                name=name,
                text=text,
                answers=_answers(told),
                unit=_text(told, "unit", ""),
                values=_texts(told, "values", ()),
            )
        case "measure":
            return MeasureStep(
                name=name,
                text=text,
                unit=_text(told, "unit", ""),
                value=_text(told, "value"),
                limits=_limits(told),
                then=_then(told),
                wait=_yes(told, "wait", default=False),
            )
        case "actuate":
            return ActuateStep(
                name=name,
                text=text,
                unit=_text(told, "unit", ""),
                function=_text(told, "function"),
                settings=_settings(told),
                seconds=_seconds(told),
                value=_text(told, "value", ""),
                result=_text(told, "result", ""),
                limits=_limits(told),
                answers=_answers(told),
                then=_then(told),
            )
    return ResultStep(
        name=name,
        text=text,
        remedy=_texts(told, "remedy", ()),
        found=_yes(told, "found", default=True),
    )


def _answers(told: Table) -> tuple[Answer, ...]:
    answers = _list(told, "answers", ())
    found = []
    for answer in answers:
        if not isinstance(answer, Mapping):
            raise ValueError("answers: tables with text and then are wanted")
        _only(answer, {"text", "then"})
        found.append(Answer(text=_text(answer, "text"), then=_text(answer, "then")))
    if len(found) > MOST_ANSWERS:
        raise ValueError(f"answers: at most {MOST_ANSWERS}")
    return tuple(found)


def _limits(told: Table) -> Limits:
    limits = Limits(low=_number(told, "low"), high=_number(told, "high"), texts=_texts(told, "texts", ()))
    if limits.low is not None and limits.high is not None and limits.low > limits.high:
        raise ValueError("low is above high")
    return limits


def _then(told: Table) -> tuple[tuple[Judgement, str], ...]:
    leads = _table(told, "then") if "then" in told else {}
    return tuple((Judgement(judgement), _text(leads, judgement)) for judgement in leads)


def _settings(told: Table) -> tuple[tuple[str, str], ...]:
    settings = _table(told, "set") if "set" in told else {}
    found = []
    for name, value in settings.items():
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValueError(f"set.{name}: a text or a number is wanted")
        found.append((clean(name), clean(value)))
    return tuple(found)


def _seconds(told: Table) -> float:
    seconds = _number(told, "seconds")
    if seconds is None or not 0 < seconds <= LONGEST_S:
        raise ValueError(f"seconds: a number up to {LONGEST_S:g} is wanted")
    return seconds


# -- values of a table -----------------------------------------------------------------------------


def _only(told: Table, known: set[str]) -> None:
    if unknown := sorted(set(told) - known):
        raise ValueError(f"{', '.join(unknown)}: not known here")


def _value(told: Table, key: str, default: object) -> object:
    value = told.get(key, default)
    if value is _MISSING:
        raise ValueError(f"{key} is missing")
    return value


def _text(told: Table, key: str, default: object = _MISSING) -> str:
    value = _value(told, key, default)
    if not isinstance(value, str) or (key in told and not value.strip()):
        raise ValueError(f"{key}: a text is wanted")
    return clean(value)


def _list(told: Table, key: str, default: object = _MISSING) -> Sequence[object]:
    value = _value(told, key, default)
    if not isinstance(value, list | tuple):
        raise ValueError(f"{key}: a list is wanted")
    return value


def _texts(told: Table, key: str, default: object = _MISSING) -> tuple[str, ...]:
    values = _list(told, key, default)
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise ValueError(f"{key}: texts are wanted")
    if default is _MISSING and not values:
        raise ValueError(f"{key}: at least one is wanted")
    return tuple(map(clean, values))


def _table(told: Table, key: str) -> Table:
    value = _value(told, key, _MISSING)
    if not isinstance(value, Mapping):
        raise ValueError(f"{key}: a table is wanted")
    return value


def _number(told: Table, key: str) -> float | None:
    value = told.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{key}: a number is wanted")
    return float(value)


def _yes(told: Table, key: str, *, default: bool) -> bool:
    value = told.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"{key}: true or false is wanted")
    return value


# -- the whole -------------------------------------------------------------------------------------


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
                raise ValueError(f"step {step.name}: leads to {name}, which there is not")
        if not isinstance(step, ResultStep) and not ways_on(step):
            raise ValueError(f"step {step.name}: leads nowhere")
        if isinstance(step, ActuateStep) and not step.measures and not step.answers:
            raise ValueError(f"step {step.name}: measures nothing and asks nothing")
        if isinstance(step, ActuateStep) and step.measures and step.answers:
            raise ValueError(f"step {step.name}: measures, so nobody is asked")
        if isinstance(step, MeasureStep | ActuateStep):
            if Judgement.UNREADABLE not in dict(step.then):
                raise ValueError(f"step {step.name}: then says nothing for unreadable")
            _check_limits(step)
    reached: dict[str, bool] = {}
    _follow(test, test.steps[0].name, reached)
    if never := sorted(names - set(reached)):
        raise ValueError(f"never reached: {', '.join(never)}")


def _check_limits(step: MeasureStep | ActuateStep) -> None:
    """Raise ValueError for a judgement that leads on but can never be, or a value without limits."""
    limits, leads = step.limits, set(dict(step.then))
    if limits.texts and not (limits.low is None and limits.high is None):
        raise ValueError(f"step {step.name}: wants a number and a text")
    possible = {Judgement.UNREADABLE}
    if isinstance(step, MeasureStep) or step.measures:
        if not limits.texts and limits.low is None and limits.high is None:
            raise ValueError(f"step {step.name}: has no limits")
        if Judgement.INSIDE not in leads:
            raise ValueError(f"step {step.name}: then says nothing for inside")
        possible |= {Judgement.INSIDE, Judgement.OTHER}
    if limits.low is not None:
        possible.add(Judgement.BELOW)
    if limits.high is not None:
        possible.add(Judgement.ABOVE)
    if impossible := leads - possible:
        raise ValueError(f"step {step.name}: is never {', '.join(sorted(impossible))}")


def _follow(test: GuidedTest, name: str, reached: dict[str, bool]) -> None:
    """Note every step that can be reached from `name`. Raises ValueError for a way that comes back."""
    reached[name] = True  # on the way that is followed now
    for follower in ways_on(test.step(name)):
        if reached.get(follower):
            raise ValueError(f"step {name}: leads back to {follower}")
        if follower not in reached:
            _follow(test, follower, reached)
    reached[name] = False


def paths(test: GuidedTest) -> Iterator[tuple[str, ...]]:
    """Yield every way through a checked test as the names of its steps; there may be very many."""

    def walk(way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        followers = tuple(dict.fromkeys(ways_on(test.step(way[-1]))))
        if not followers:
            yield way
        for name in followers:
            yield from walk((*way, name))

    yield from walk((test.steps[0].name,))

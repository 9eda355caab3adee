"""A dataclass without generated code behaves as the standard library's does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass
from typing import Any, ClassVar

import pytest

from workshop_console.console.model import lean


def _classes(dataclass: Callable[..., Any]) -> dict[str, Any]:
    @dataclass(frozen=True, kw_only=True)
    class Fixed:
        """Cannot be changed."""

        number: int
        name: str = "a"
        marks: tuple[int, ...] = ()
        seen: str | None = None
        kind: ClassVar[str] = "fixed"

        @property
        def twice(self) -> int:
            return self.number * 2

    @dataclass(kw_only=True)
    class Open:
        """Can be changed."""

        rows: dict[str, int] = field(default_factory=dict)
        at: float = 0.0

    @dataclass(frozen=True)
    class Placed:
        """Given by place."""

        x: int
        y: int = 5

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("x")

    @dataclass(frozen=True)
    class Nothing:
        """Has no field."""

    return {cls.__name__: cls for cls in (Fixed, Open, Placed, Nothing)}


LEAN, STANDARD = _classes(lean.dataclass), _classes(dataclasses.dataclass)


def _outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except Exception as error:
        return type(error)


@pytest.mark.parametrize(
    "work",
    [
        lambda c: repr(c["Fixed"](number=1)).rpartition(".")[2],
        lambda c: c["Fixed"](number=1) == c["Fixed"](number=1, name="a"),
        lambda c: c["Fixed"](number=1) == c["Fixed"](number=2),
        lambda c: c["Fixed"](number=1) == (1, "a", (), None),
        lambda c: hash(c["Fixed"](number=1, marks=(2,))) == hash(c["Fixed"](number=1, marks=(2,))),
        lambda c: len({c["Fixed"](number=1), c["Fixed"](number=1), c["Fixed"](number=2)}),
        lambda c: c["Fixed"](number=4).twice,
        lambda c: c["Fixed"](),
        lambda c: c["Fixed"](1),
        lambda c: c["Fixed"](number=1, kind="x"),
        lambda c: c["Fixed"](number=1, other=1),
        lambda c: setattr(c["Fixed"](number=1), "number", 2),
        lambda c: setattr(c["Fixed"](number=1), "other", 2),
        lambda c: delattr(c["Fixed"](number=1), "number"),
        lambda c: asdict(c["Fixed"](number=1, marks=(2, 3))),
        lambda c: [(f.name, f.default, f.kw_only, f.init) for f in fields(c["Fixed"])],
        lambda c: [f.name for f in fields(c["Open"]())],
        lambda c: dataclasses.replace(c["Fixed"](number=1), name="b").name,
        lambda c: lean.replace(c["Fixed"](number=1), name="b").name,
        lambda c: lean.replace(c["Fixed"](number=1), wrong="b"),
        lambda c: (is_dataclass(c["Open"]), is_dataclass(c["Open"]())),
        lambda c: vars(copy.deepcopy(c["Open"](rows={"a": 1}))),
        lambda c: c["Open"]().rows is c["Open"]().rows,
        lambda c: hash(c["Open"]()),
        lambda c: setattr(c["Open"](), "at", 2.0),
        lambda c: c["Open"].rows,
        lambda c: c["Open"].at,
        lambda c: vars(c["Placed"](1)),
        lambda c: vars(c["Placed"](1, y=2)),
        lambda c: vars(c["Placed"](1, 2, 3)),
        lambda c: vars(c["Placed"](1, x=2)),
        lambda c: c["Placed"](-1),
        lambda c: [cls.__match_args__ for cls in c.values()],
        lambda c: [cls.__doc__ for cls in c.values()],
        lambda c: c["Nothing"]() == c["Nothing"](),
        lambda c: hash(c["Nothing"]()) == hash(c["Nothing"]()),
        lambda c: c["Nothing"](1),
    ],
)
def test_it_does_what_the_standard_library_does(work: Callable[[dict[str, Any]], object]) -> None:
    assert _outcome(lambda: work(LEAN)) == _outcome(lambda: work(STANDARD))


def test_patterns_match() -> None:
    match LEAN["Placed"](3, 4):
        case object(x=3, y=y):
            assert y == 4
    placed: Any = LEAN["Placed"]
    match placed(3, 4):
        case placed(x, 4):
            assert x == 3
        case _:
            pytest.fail("did not match")


@lean.dataclass(frozen=True, kw_only=True)
class Sent:
    """Goes to another process."""

    number: int


def test_it_goes_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Sent(number=3))) == Sent(number=3)


def test_what_inherits_fields_is_refused() -> None:
    with pytest.raises(TypeError):

        @lean.dataclass(frozen=True, kw_only=True)
        class More(Sent):
            """Inherits fields."""


def test_what_is_not_known_of_fields_is_refused() -> None:
    with pytest.raises(TypeError):

        @lean.dataclass(kw_only=True)
        class Quiet:
            """Has a field that is not shown."""

            number: int = field(repr=False, default=1)


def test_what_cannot_change_does_not() -> None:
    with pytest.raises(FrozenInstanceError, match="number"):
        Sent(number=1).number = 2  # type: ignore[misc] # what is tested

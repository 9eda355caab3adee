"""The curve of a value in a few cells, and how what was seen is kept for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.fake_values import name_of, offered
from workshop_console.screens.chart import round_range
from workshop_console.screens.seen_values import KEPT_S, SeenValues
from workshop_console.widgets import glyphs
from workshop_console.widgets.sparkline import sparkline


@pytest.fixture(autouse=True)
def glyphs_afterwards() -> Iterator[None]:
    yield
    glyphs.use(glyphs.UNICODE)


def test_levels_go_from_the_least_to_the_greatest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"


def test_the_newest_stand_at_the_right_and_gaps_are_empty() -> None:
    assert sparkline([9, 9, 0, None, 10], 3) == "▁ █"
    assert sparkline([0, 10], 4) == "  ▁█"
    assert sparkline([], 4) == "    "


def test_a_value_that_does_not_change_is_in_the_middle() -> None:
    assert sparkline([5, 5], 2) == "▄▄"


def test_what_lies_outside_the_given_range_is_at_its_edge() -> None:
    assert sparkline([-5, 15], 2, least=0, greatest=10) == "▁█"


def test_poor_terminals_get_ascii() -> None:
    glyphs.use(glyphs.ASCII)
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "_.,-+*^#"


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32)), st.integers(1, 12))
def test_the_width_is_steady(values: list[float | None], width: int) -> None:
    assert len(sparkline(values, width)) == width


def seen(numbers: dict[float, float]) -> SeenValues:
    """Values seen at these times."""
    found = SeenValues()
    (row,) = offered(1)
    for at, number in numbers.items():
        found.take([replace(row, at=at, number=number, text=str(number), samples=1)], at)
    return found


def test_each_cell_is_the_mean_of_its_span() -> None:
    found = seen({0.5: 1, 1.5: 3, 4.5: 10, 8.1: 5})
    assert found.levels(name_of(1), 4, each_s=4) == [None, 2, 10, 5]


def test_what_is_old_is_forgotten() -> None:
    found = seen({0: 1, KEPT_S: 2, KEPT_S + 10: 3})
    assert [number for _at, number in found.history[name_of(1)]] == [2, 3]


@pytest.mark.parametrize(
    ("least", "greatest", "expected"),
    [
        (0, 100, (0, 100)),
        (787, 813, (780, 820)),
        (-0.13, 0.22, (-0.2, 0.3)),
        (5, 5, (4.6, 5.4)),
        (0, 0, (-1, 1)),
    ],
)
def test_a_range_is_rounded_to_what_a_person_reads(
    least: float, greatest: float, expected: tuple[float, float]
) -> None:
    assert round_range(least, greatest) == pytest.approx(expected)


@given(st.floats(-1e9, 1e9, allow_nan=False, width=32), st.floats(0, 1e9, allow_nan=False, width=32))
def test_a_rounded_range_holds_what_it_is_for_and_is_never_empty(least: float, size: float) -> None:
    low, high = round_range(least, least + size)
    assert low < high
    margin = (high - low) * 1e-6 + max(abs(low), abs(high)) * 1e-15  # what a float of that size can tell
    assert low - margin <= least
    assert high + margin >= least + size

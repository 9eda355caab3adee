"""Whatever was shown before: after the shortest bytes the terminal shows what is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terminal.emulator import Emulator, painted_plainly
from tests.terminal.pictures import VT100, XTERM, pictures, shifts, sizes, terminals, written
from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.shortest import shortest_bytes
from workshop_console.console.terminal.shown import Shown

steps = st.lists(
    st.tuples(st.just("paint"), pictures)
    | st.tuples(st.just("shift"), shifts)
    | st.tuples(st.just("resize"), sizes)
    | st.tuples(st.just("clear"), st.none()),
    min_size=1,
    max_size=6,
)


def take(step: tuple[str, Any], grid: Grid) -> None:
    kind, what = step
    if kind == "paint":
        grid.read(written(what))
    elif kind == "resize":
        grid.resize(*what)
    elif kind == "clear":
        grid.read("".join(f"\x1b[{y + 1}H\x1b[0m{' ' * grid.columns}" for y in range(grid.rows)))
    else:
        rows = [(list(grid.texts[y]), list(grid.pens[y])) for y in range(grid.rows)]
        for y in range(grid.rows):
            if 0 <= y + what < grid.rows:
                grid.texts[y], grid.pens[y] = map(list, rows[y + what])
        grid.changed = set(range(grid.rows))


@given(size=sizes, can=terminals, steps=steps)
@settings(max_examples=400, deadline=None)
def test_the_terminal_shows_what_is_wanted(
    size: tuple[int, int], can: Capabilities, steps: list[tuple[str, Any]]
) -> None:
    grid, shown, emulator = Grid(*size, can), Shown(*size), Emulator(*size)
    emulator.feed("\x1b[?7l")
    for step in steps:
        take(step, grid)
        if step[0] == "resize":
            emulator.resize(grid.columns, grid.rows)
            shown.forget()
        emulator.feed(shortest_bytes(grid, shown, can))
        assert emulator.seen() == painted_plainly(grid)
        assert shown.texts == grid.texts
        assert shown.pens == grid.pens
        assert shortest_bytes(grid, shown, can) == ""


def painted(before: str, now: str, can: Capabilities = XTERM) -> str:
    """Return what is sent for `now` on an 80x24 screen that shows `before`."""
    grid, shown = Grid(80, 24, can), Shown(80, 24)
    grid.read(before)
    shortest_bytes(grid, shown, can)
    grid.read(now)
    return shortest_bytes(grid, shown, can)


@pytest.mark.parametrize(
    ("before", "now", "sent"),
    [
        ("\x1b[5;1Habc", "\x1b[5;1Habc", ""),
        ("\x1b[5;1Habc", "\x1b[5;1Habd", "\bd"),
        ("\x1b[5;1H>\x1b[6;1H ", "\x1b[5;1H \x1b[6;1H>", "\r \r\n>"),
        ("\x1b[3;1H" + "x" * 80, "\x1b[3;1H" + " " * 80, "\r\x1b[K"),
        ("", "\x1b[2;1H" + "─" * 80, "\n─\x1b[79b"),
        (
            "".join(f"\x1b[{y};1H" + "before " * 10 for y in range(5, 10)),
            "".join(f"\x1b[{y};1H" + f"now {y}".ljust(80) for y in range(5, 10)),
            "\x1b[5H\x1b[5M\x1b[5Lnow 5\r\nnow 6\r\nnow 7\r\nnow 8\r\nnow 9",
        ),
    ],
    ids=["nothing", "one cell", "a marker", "a row gone", "a rule", "rows cleared together"],
)
def test_few_bytes_are_sent(before: str, now: str, sent: str) -> None:
    assert painted(before, now) == sent


def test_a_list_that_scrolls_by_a_row_is_scrolled() -> None:
    rows = [f"{number:04} control unit with a long name, number {number * 7919}" for number in range(40)]

    def page(first: int) -> str:
        return "".join(f"\x1b[{y + 3};1H{rows[first + y]:60}" for y in range(18))

    assert len(painted(page(0), page(1))) < 90
    assert len(painted(page(5), page(4), VT100)) < 90


def test_the_corner_is_left_alone_where_writing_it_scrolls() -> None:
    can = Capabilities(corner=False, stops_wrapping=False)
    sent = painted("", "\x1b[24;1H" + "x" * 80, can)
    assert sent.count("x") == 79

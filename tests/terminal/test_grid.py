"""Wanted cells: columns stay where Textual puts them, and nothing in a cell is a control code."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.terminal.pictures import VT100, XTERM, anything, pictures, words, written
from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.characters import cells_of
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.pens import BOLD, PLAIN, REVERSE, Pen, after, shortest


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 22), anything | words)),
    st.sampled_from([XTERM, VT100]),
)
def test_whatever_is_written_cells_hold_no_control_codes(
    writes: list[tuple[int, int, str]], can: Capabilities
) -> None:
    grid = Grid(20, 5, can)
    for y, x, text in writes:
        grid.read(f"\x1b[{y + 1};{x + 1}H{text}")
    for texts, pens in zip(grid.texts, grid.pens, strict=True):
        assert len(texts) == len(pens) == 20
        for cell in texts:
            assert all(
                unicodedata.category(character)[0] not in "CZ" or character == " " for character in cell
            )
        assert can.charset == "utf-8" or "".join(texts).isascii()


@given(pictures)
def test_lines_that_were_read_before_are_the_same_again(
    picture: list[tuple[int, int, list[tuple[str, str]]]],
) -> None:
    once, again = Grid(30, 8, XTERM), Grid(30, 8, XTERM)
    screen = written(picture)
    whole = "\n".join(f"\x1b[{y + 1};1H{'row ' + str(y):30}" for y in range(8))
    once.read(whole + screen)
    for _ in range(2):
        again.read(whole)
        again.read(screen)
    assert again.texts == once.texts
    assert again.pens == once.pens


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("aä", ["a", "ä"]),
        ("漢a", ["漢", "", "a"]),
        ("e\u0301x", ["é", "x"]),
        ("q\u0323\u0307\u0301\u0302\u0303", ["q\u0323\u0307\u0301"]),
        ("a\u200bb\u202ec", ["a", "b", "c"]),
        ("👨\u200d👩x", ["👨", "", "x"]),
        ("☎\ufe0fx", ["☎", " ", "x"]),
        ("\u00a0|", [" ", "|"]),
        ("\ue000|", ["\ufffd", "|"]),
    ],
)
def test_texts_are_cut_into_cells_as_textual_measures_them(text: str, cells: list[str]) -> None:
    assert cells_of(text) == cells


@pytest.mark.parametrize(
    ("text", "ascii_only"),
    [("─│✓…", "-|v~"), ("Zündung ß", "Zundung s"), ("漢a", "? a"), ("12 °C", "12 oC"), ("„x“", '"x"')],
)
def test_poor_terminals_get_one_ascii_character_a_cell(text: str, ascii_only: str) -> None:
    assert "".join(cells_of(text, "ascii")) == ascii_only
    assert len(cells_of(text, "ascii")) == len(cells_of(text))


def test_a_background_without_colours_is_reverse_video() -> None:
    grid = Grid(10, 1, VT100)
    grid.read("\x1b[1;37;44mabc\x1b[0m \x1b[31mred")
    assert grid.pens[0][0] == Pen(BOLD | REVERSE)
    assert grid.pens[0][4] == PLAIN


@pytest.mark.parametrize(
    ("colours", "parameters", "expected"),
    [
        (8, "91", Pen(BOLD, "31")),
        (8, "48;2;200;10;10", Pen(0, "", "41")),
        (16, "38;2;255;0;0", Pen(0, "91")),
        (256, "38;2;255;135;0", Pen(0, "38;5;208")),
        (256, "48;5;17", Pen(0, "", "48;5;17")),
        (1 << 24, "38;2;1;2;3", Pen(0, "38;2;1;2;3")),
    ],
)
def test_colours_are_the_nearest_that_the_terminal_has(colours: int, parameters: str, expected: Pen) -> None:
    grid = Grid(3, 1, Capabilities(colours=colours, charset="utf-8"))
    grid.read(f"\x1b[{parameters}mx")
    assert grid.pens[0][0] == expected


@given(
    *[st.builds(Pen, st.integers(0, 127), st.sampled_from(["", "31", "38;5;9"]), st.sampled_from(["", "42"]))]
    * 2
)
def test_the_shortest_change_of_the_pen_is_a_change_to_it(old: Pen, new: Pen) -> None:
    for single_off in (True, False):
        sequence = shortest(old, new, single_off=single_off)
        assert after(old, sequence.removeprefix("\x1b[").removesuffix("m")) == new if sequence else old == new
        assert single_off or not {"22", "24", "25", "27"} & set(sequence[2:-1].split(";"))

"""What is sent to a terminal follows from terminfo, the locale and the user's wish."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from workshop_console.console.terminal.answers import after_attributes, after_place, asks_attributes
from workshop_console.console.terminal.capabilities import TRUE_COLOUR, Capabilities, capabilities

_ASK = """
import dataclasses, json, sys
from workshop_console.console.terminal.capabilities import capabilities, terminfo
entry = terminfo(sys.argv[1])
known = dataclasses.asdict(capabilities({"TERM": sys.argv[1], "LANG": "de_DE.UTF-8"}, entry))
print(json.dumps({**known, "entry": entry is not None}))
"""


def asked(terminal: str) -> dict[str, object]:
    """Return what this system's terminfo says; in a process of its own, which knows one terminal only."""
    answer = subprocess.run(
        [sys.executable, "-c", _ASK, terminal], capture_output=True, check=True, text=True
    ).stdout
    known: dict[str, object] = json.loads(answer)
    if not known["entry"]:
        pytest.skip(f"this system's terminfo does not know {terminal}")
    return known


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        ("xterm-256color", {"colours": 256, "repeat": True, "paper_erase": True, "alternate_screen": True}),
        ("vt100", {"colours": 0, "repeat": False, "single_off": False, "regions": True, "pastes": False}),
        ("linux", {"colours": 8, "repeat": False, "alternate_screen": False, "erase_characters": True}),
        ("screen", {"colours": 8, "repeat": False, "alternate_screen": True, "paper_erase": False}),
        ("dumb", {"colours": 0, "regions": False, "hides_cursor": False}),
    ],
)
def test_terminfo_tells_what_a_terminal_can(terminal: str, expected: dict[str, object]) -> None:
    known = asked(terminal)
    assert {name: known[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("environment", "charset"),
    [
        ({"LANG": "de_DE.UTF-8"}, "utf-8"),
        ({"LANG": "es_ES.utf8"}, "utf-8"),
        ({"LANG": "de_DE.ISO-8859-1"}, "latin-1"),
        ({"LANG": "ru_RU.KOI8-R"}, "ascii"),
        ({"LANG": "C"}, "ascii"),
        ({}, "ascii"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "ascii"),
        ({"LANG": "de_DE.no-such-encoding"}, "ascii"),
    ],
)
def test_the_locale_tells_the_characters(environment: dict[str, str], charset: str) -> None:
    assert capabilities(environment).charset == charset


def test_no_color_is_obeyed_and_true_colour_believed() -> None:
    assert capabilities({"TERM": "xterm", "NO_COLOR": "1"}).colours == 0
    assert capabilities({"TERM": "xterm", "COLORTERM": "truecolor"}).colours == TRUE_COLOUR
    assert capabilities({"TERM": "vt100", "COLORTERM": "truecolor"}).colours == 0


def test_a_terminal_that_terminfo_does_not_know_gets_what_its_name_tells() -> None:
    assert capabilities({"TERM": "xterm-ghostty"}).colours == 256
    assert capabilities({"TERM": "xterm-ghostty"}).single_off
    strange = capabilities({"TERM": "no-such-terminal"})
    assert strange.colours == 8
    assert not strange.alternate_screen
    assert not strange.repeat
    assert not strange.regions


def test_the_least_is_a_vt100() -> None:
    assert Capabilities().regions
    assert not Capabilities().repeat


UTF8 = Capabilities(charset="utf-8")


@pytest.mark.parametrize(
    ("x", "repeat", "charset"),
    [
        (1, False, "utf-8"),
        (4, True, "utf-8"),
        # Two bytes of one blank became two characters: the terminal is set to another encoding.
        (2, False, "ascii"),
        (5, True, "ascii"),
        # Neither: what a terminal counts otherwise says nothing of its encoding.
        (0, False, "utf-8"),
        (3, False, "utf-8"),
    ],
)
def test_the_place_of_the_cursor_tells_repetition_and_encoding(x: int, repeat: bool, charset: str) -> None:
    known = after_place(UTF8, x)
    assert (known.repeat, known.charset) == (repeat, charset)


def test_a_locale_that_is_no_utf8_is_believed_whatever_the_terminal_could() -> None:
    for charset in ("latin-1", "ascii"):
        assert after_place(Capabilities(charset=charset), 2).charset == charset
        assert after_place(Capabilities(charset=charset), 5).charset == charset


@pytest.mark.parametrize(
    ("attributes", "colours"), [("?62;22", 8), ("?65;1;22;9", 8), ("?1;2", 0), ("?6", 0), ("?22", 0)]
)
def test_a_terminal_said_to_be_a_vt_may_tell_of_its_colours(attributes: str, colours: int) -> None:
    assert after_attributes(Capabilities(), attributes).colours == colours


def test_colours_are_asked_for_where_terminfo_denies_them_and_nobody_forbids_them() -> None:
    none, some = Capabilities(), Capabilities(colours=8)
    assert asks_attributes({"TERM": "vt220"}, none)
    assert asks_attributes({"TERM": "vt100"}, none)
    assert not asks_attributes({"TERM": "vt100", "NO_COLOR": "1"}, none)
    assert not asks_attributes({"TERM": "xterm"}, none)
    assert not asks_attributes({"TERM": "vt52"}, none)
    assert not asks_attributes({"TERM": "vt340"}, some)
    assert after_attributes(some, "?62;22") == some

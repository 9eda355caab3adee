"""All pairs of screens that a mechanic changes between, as a tree: what each takes there and back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.thin_programs import ENTER, ESCAPE, Program

Note = Callable[[str, int], None]
"""Takes down a label and the bytes of the picture that is seen now."""

_REST_S = 0.8
"""Without output for so long a picture is complete: the line about a row comes after 0.5 s."""
_MOVING_S = 0.5
"""So long a screen is looked at whose values never rest."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A screen that is opened with `key` from the one around it."""

    name: str
    key: bytes
    shows: str
    """Pattern of a line that tells that it is there: of its title, or of a question."""
    inner: tuple[Pair, ...] = ()
    back: bytes = ESCAPE
    moves: bool = False
    """Whether values on it change all the time."""
    paints: str = ""
    """Name of the screen, where going there is its first paint."""


def _help(of: str) -> Pair:
    return Pair(name=f"{of}, help", key=b"?", shows="── Help: ")


def _common(of: str) -> tuple[Pair, ...]:
    """Return what every screen opens."""
    return (
        _help(of),
        Pair(name=f"{of}, messages", key=b"m", shows="── Messages "),
        Pair(name=f"{of}, language", key=b"l", shows="── Language "),
        Pair(name=f"{of}, vehicle", key=b"v", shows="── Vehicle and VCI "),
        Pair(name=f"{of}, actions", key=b"\x10", shows="── All actions "),
    )


def _unit(of: str) -> Pair:
    fault = Pair(
        name="control unit, fault", key=ENTER, shows="── Central gateway: U", inner=(_help("fault"),)
    )
    return Pair(
        name=f"{of}, control unit",
        key=ENTER,
        shows="── Central gateway ",
        inner=(_help("control unit"), fault),
    )


GROUPS = _common("groups")
QUICK_TEST = (
    *_common("quick test"),
    _unit("quick test"),
    Pair(name="quick test, question before clearing", key=b"c", shows="Clear which"),
)
FAULT_MEMORY = (
    *_common("fault memory"),
    Pair(
        name="fault memory, fault",
        key=ENTER,
        shows="── Central gateway: U",
        inner=(_help("fault"),),
    ),
    Pair(name="fault memory, question before clearing", key=b"c", shows=r"\[N\]", back=b"n"),
)
MENU = (
    *_common("menu"),
    Pair(
        name="menu, messages again",
        key=b"m",
        shows="── Messages ",
        inner=(Pair(name="messages, message", key=ENTER, shows="── Message 2173-43"),),
    ),
    Pair(
        name="menu, control units",
        key=b"3",
        shows="── Control units ",
        inner=(_help("control units"), _unit("control units")),
    ),
    Pair(
        name="menu, actual values",
        key=b"4",
        shows="── Actual values: ",
        inner=(
            Pair(
                name="actual values, choice",
                key=ENTER,
                shows="── Choose actual values: C",
                inner=(
                    _help("choice of values"),
                    Pair(name="choice, kept ones", key=b"\t", shows="── Kept sets"),
                    Pair(name="choice, values", key=ENTER, shows="── Actual values ", moves=True),
                ),
            ),
        ),
    ),
    Pair(
        name="menu, actuations",
        key=b"5",
        shows="── Actuations: choose",
        inner=(
            Pair(
                name="actuations, functions of a unit",
                key=ENTER,
                shows="── Actuations: Central",
                inner=(Pair(name="functions, one", key=ENTER, shows="── Central gateway: "),),
            ),
        ),
    ),
    Pair(
        name="menu, coding",
        key=b"6",
        shows="── Coding: choose",
        inner=(
            Pair(
                name="coding, codings of a unit",
                key=ENTER,
                shows="── Coding: Central",
                inner=(
                    Pair(
                        name="codings, one",
                        key=ENTER,
                        shows="── Country  ",
                        inner=(
                            _help("coding"),
                            Pair(name="coding, option", key=ENTER, shows="── Country ─"),
                            Pair(name="coding, kept ones", key=b"3\r", shows="── Kept codings"),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Pair(
        name="menu, flashing",
        key=b"7",
        shows=r"── Flashing: .* 1/\d\d ",
        inner=(
            _help("flashing"),
            Pair(name="flashing, table before", key=ENTER, shows=r"── Before flashing .* \d+/\d+ "),
            Pair(
                name="flashing, jobs",
                key=b"\t",
                shows="── Flash jobs",
                inner=(Pair(name="jobs, one", key=ENTER, shows="── Flash job 1 "),),
            ),
        ),
    ),
    Pair(
        name="menu, guided tests",
        key=b"8",
        shows="── Guided tests ",
        inner=(
            _help("guided tests"),
            Pair(name="guided tests, one", key=ENTER, shows="── Front fog lamp"),
        ),
    ),
    Pair(
        name="menu, reports",
        key=b"9",
        shows="── Reports ",
        inner=(
            _help("reports"),
            Pair(
                name="reports, a quick test", key=ENTER, shows="── Quick test of ", paints="kept quick test"
            ),
            Pair(name="reports, order", key=b"\t", shows="── Order: "),
        ),
    ),
    Pair(
        name="menu, descriptions",
        key=b"0",
        shows="── Descriptions ",
        inner=(
            _help("descriptions"),
            Pair(
                name="descriptions, units",
                key=ENTER,
                shows="── car_",
                inner=(Pair(name="description, one unit", key=ENTER, shows="── Central gateway "),),
            ),
        ),
    ),
)


def walk(program: Program, pairs: tuple[Pair, ...], note: Note) -> None:
    """Go there and back, and inside into each of the inner screens."""
    for pair in pairs:
        before = program.bytes_received
        program.press(pair.key)
        program.until(lambda pair=pair: _sees(program, pair))  # type: ignore[misc] # bound now
        _rest(program, moves=pair.moves)
        note(
            f"paint of the {pair.paints}" if pair.paints else f"to: {pair.name}",
            program.bytes_received - before,
        )
        walk(program, pair.inner, note)
        before = program.bytes_received
        program.press(pair.back)
        program.until(lambda pair=pair: not _sees(program, pair))  # type: ignore[misc] # bound now
        _rest(program)
        note(f"back: {pair.name}", program.bytes_received - before)


def _sees(program: Program, pair: Pair) -> bool:
    return any(re.search(pair.shows, line) for line in program.lines())


def _rest(program: Program, *, moves: bool = False) -> None:
    if not moves:
        program.until_quiet(_REST_S)
        return
    end = time.monotonic() + _MOVING_S
    while time.monotonic() < end:
        program.turn(0.02)

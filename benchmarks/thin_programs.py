"""The console, and curses showing the same pictures, at the end of a line with a rate and a delay."""

from __future__ import annotations

import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from tests.terminal.line import Line

_BENCHMARKS = Path(__file__).parent
_ROWS = slice(4, 21)
"""Where the table of the quick test is on a screen of 24 lines."""
_STATE = slice(3, 18)
_UNIT = slice(19, 47)
_COUNT = re.compile(r"Quick test: (\d+) of \d+")
_UNKNOWN_TO_EMULATOR = re.compile(rb"\x1b\[[<>=][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*[uSs]|\x1b\[\?[0-9;]*\$p")
"""What only stock Textual writes: keyboard protocols and questions about modes."""

DOWN, HOME, PAGE_DOWN, ESCAPE, ENTER = b"\x1b[B", b"\x1b[H", b"\x1b[6~", b"\x1b", b"\r"

Picture = dict[str, Any]
Fact = tuple[str, int]
"""A row of the quick test that has its answer, or a count that is reached."""


class Program(Line):
    """A program on a line; what is seen can be kept, and compared to what was known when."""

    def __init__(self, command: list[str], **line: Any) -> None:
        super().__init__(command, **line)
        self.seen: dict[Fact, float] = {}
        """When the picture first told a fact; filled while `watches`."""
        self.watches = False
        self.last_byte_at = 0.0
        feed = self.emulator.feed

        def known_only(data: str | bytes) -> None:
            assert isinstance(data, bytes)
            feed(_UNKNOWN_TO_EMULATOR.sub(b"", data))
            self.last_byte_at = time.monotonic()
            if self.watches:
                for fact in facts(self.lines()):
                    self.seen.setdefault(fact, time.monotonic())

        self.emulator.feed = known_only  # type: ignore[method-assign] # an instrument, put in between

    def __enter__(self) -> Self:
        return self

    def lines(self) -> list[str]:
        """Return the picture as text, character by cell."""
        return list(self.emulator.screen.display)

    def take(self, *keys: bytes, quiet_s: float = 0.3) -> int:
        """Press keys one after the other; return the bytes that came until all was still."""
        before = self.bytes_received
        for key in keys:
            self.press(key)
            self.until_quiet(quiet_s)
        return self.bytes_received - before

    def sees(self, pattern: str, timeout_s: float = 240.0) -> None:
        """Wait until a line of the picture matches."""
        wanted = re.compile(pattern)
        self.until(lambda: any(wanted.search(line) for line in self.lines()), timeout_s)

    def picture(self, **how: Any) -> Picture:
        """Return what is seen, for curses to show."""
        rows = []
        for y in range(self.emulator.screen.lines):
            cells = [self.emulator.screen.buffer[y][x] for x in range(self.emulator.screen.columns)]
            looks = [
                (cell.data, (cell.fg if cell.data != " " else "", cell.bold, cell.reverse)) for cell in cells
            ]
            runs = itertools.groupby(looks, key=lambda look: look[1])
            rows.append([["".join(text for text, _ in run), *pen] for pen, run in runs])
        return {"rows": rows, **how}


def facts(lines: list[str]) -> Iterable[Fact]:
    """Return what a picture of the quick test tells."""
    for number, line in enumerate(lines[_ROWS]):
        state = line[_STATE].strip()
        if line[_UNIT].strip() and state and not state.startswith(("waiting", "not asked")):
            yield "row", number
    for line in lines[21:22]:
        if found := _COUNT.search(line):
            yield from (("count", number) for number in range(1, int(found[1]) + 1))


def console(driver: str, home: Path, uri: str, **line: Any) -> Program:
    """Start the console; what it knew when will be in `home`/told."""
    (home / "told").unlink(missing_ok=True)
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(home),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_VCI": uri,
    }
    command = [sys.executable, str(_BENCHMARKS / "told_console.py"), driver, str(home / "told")]
    return Program(command, environment=environment, **line)


def curses_program(pictures: list[Picture], home: Path, **line: Any) -> Program:
    """Start curses on pictures."""
    file = home / "pictures.json"
    file.write_text(json.dumps(pictures), encoding="utf-8")
    (home / "curses-told").unlink(missing_ok=True)
    command = [sys.executable, str(_BENCHMARKS / "curses_pictures.py"), str(file), str(home / "curses-told")]
    return Program(command, **line)


def open_quick_test(program: Program) -> None:
    """Go from the first screen to the quick test, which has not run yet."""
    program.sees(r"\[online\]")
    program.until_quiet(0.6)
    program.take(b"1")
    program.sees("Enter Close")
    program.take(ENTER)
    program.sees("Quick test  +all control units")
    program.until_quiet(0.6)
    program.take(b"1")
    program.sees("F5 starts the quick test")
    program.until_quiet(0.6)


def run_quick_test(program: Program, also: Callable[[], object] = lambda: None) -> None:
    """Run the quick test and wait until it is seen to have ended; `also` is done with each turn."""
    program.press(b"r")
    ended = re.compile(r"F5.Start.*F6.Clear")

    def over() -> bool:
        also()
        lines = program.lines()
        return any(ended.search(line) for line in lines) and " 1/45 " in lines[2]

    program.until(over, 240.0)
    program.until_quiet(1.0)


def told_facts(home: Path) -> dict[Fact, float]:
    """Return what the console knew when; of the rows those in sight."""
    told = json.loads((home / "told").read_text(encoding="ascii"))
    known: dict[Fact, float] = {("row", number): at for number, at in enumerate(told["rows"][:17])}
    return known | {("count", int(count)): at for count, at in told["counts"].items() if int(count)}


def told_by_curses(home: Path, pictures: list[Picture]) -> dict[Fact, float]:
    """Return when curses was to show which fact."""
    known: dict[Fact, float] = {}
    for at, picture in zip(json.loads((home / "curses-told").read_text("ascii")), pictures, strict=False):
        lines = ["".join(run[0] for run in row) for row in picture["rows"]]
        for fact in facts(lines):
            known.setdefault(fact, at)
    return known


def behind_s(known: dict[Fact, float], program: Program) -> float:
    """Return how far the picture was behind at most: a fact that was overtaken counts as seen by then."""
    last = program.last_byte_at
    rows = [program.seen.get(fact, last) - at for fact, at in known.items() if fact[0] == "row"]
    counts = [program.seen.get(fact, last) - at for fact, at in known.items() if fact[0] == "count"]
    return max(0.0, *rows, *counts)

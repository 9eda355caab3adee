"""Bytes, delays and processor time of the driver for thin lines, beside stock Textual and beside curses."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.thin_pairs import FAULT_MEMORY, GROUPS, MENU, QUICK_TEST
from benchmarks.thin_pairs import walk as walk_pairs
from benchmarks.thin_programs import (
    DOWN,
    ENTER,
    ESCAPE,
    HOME,
    PAGE_DOWN,
    Picture,
    Program,
    behind_s,
    console,
    curses_program,
    open_quick_test,
    run_quick_test,
    told_by_curses,
    told_facts,
)
from benchmarks.vehicle import vehicle

Bytes = dict[str, list[int]]

_UNITS = 45
_PAIR_BYTES = 900
_CURSOR_KEYS = [DOWN] * 10
_SCREEN_KEYS = [b"m", ESCAPE] * 5
_KEY_GAP_S = 0.033
_IDLE_S = 30.0
_ANSWERS_MS = (30, 1000)
"""Units that answer at once, and some that take their time: the table fills for seconds."""
_CPU_RUNS = 3
_LINES: tuple[tuple[str, int, int, float], ...] = (
    ("2400 B/s", 2400, 0, 0.0),
    ("960 B/s", 960, 0, 0.0),
    ("2400 B/s behind a 64 kB buffer, 800 ms there and back", 2400, 65_536, 0.4),
)


class _Walk:
    """Keys on all screens of interest; what each cost, and the picture after each."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.costs: Bytes = defaultdict(list)
        self.pictures: list[Picture] = []
        self.labels: list[str] = []

    def note(self, label: str, count: int, **how: object) -> None:
        """Take down what a picture cost."""
        self.costs[label].append(count)
        self.labels.append(label)
        self.pictures.append(self._program.picture(**how))

    def key(self, label: str, key: bytes, *, quiet_s: float = 0.25) -> None:
        """Press a key."""
        self.note(label, self._program.take(key, quiet_s=quiet_s))

    def walk(self, *, repaints: bool) -> None:
        """Go through the screens."""
        program = self._program
        program.sees(r"\[online\]")
        program.until_quiet(0.8)
        self.note("paint of the product groups", program.bytes_received)
        for _ in range(3):
            self.key("down in the product groups", DOWN)
        walk_pairs(program, GROUPS, self.note)
        program.take(HOME)
        open_quick_test(program)
        run_quick_test(program)
        self.key("back: menu, quick test", ESCAPE, quiet_s=1.0)
        for _ in range(4):
            self.key("down in the menu", DOWN)
        self.key("paint of the quick test", b"1", quiet_s=1.0)
        if repaints:
            self._repaint("quick test onto an empty screen")
        for _ in range(_UNITS - 1):
            self.key("down in the quick test", DOWN)
        self.key("-", HOME, quiet_s=1.0)
        for _ in range(5):
            self.key("down and rest", DOWN, quiet_s=1.2)
        self.key("-", HOME)
        for _ in range(2):
            self.key("page down", PAGE_DOWN, quiet_s=0.8)
        self.key("-", HOME, quiet_s=0.8)
        walk_pairs(program, QUICK_TEST, self.note)
        self.key("back: menu, quick test", ESCAPE, quiet_s=1.0)
        self.key("paint of the fault memory", b"2", quiet_s=1.0)
        if repaints:
            self._repaint("fault memory onto an empty screen")
        for _ in range(20):
            self.key("down in the fault memory", DOWN)
        self.key("-", HOME)
        walk_pairs(program, FAULT_MEMORY, self.note)
        self.key("page down", PAGE_DOWN, quiet_s=0.8)
        self.key("back: menu, fault memory", ESCAPE, quiet_s=1.0)
        walk_pairs(program, MENU, self.note)
        self.key("to: menu, groups", b"g", quiet_s=1.0)
        self.key("to: groups, menu with the message of the credit", b"1", quiet_s=1.0)
        self.key("to: message of the credit, menu", ENTER, quiet_s=1.0)

    def _repaint(self, label: str) -> None:
        before = self._program.bytes_received
        os.kill(self._program.pid, signal.SIGWINCH)  # of the same size: nobody knows what the terminal shows
        self._program.until_quiet(0.8)
        self.note(label, self._program.bytes_received - before, clear=True)


def _by_curses(walk: _Walk, home: Path) -> Bytes:
    """Return what the same pictures cost with curses."""
    costs: Bytes = defaultdict(list)
    with curses_program(walk.pictures, home) as program:
        program.sees("Product groups")
        program.until_quiet(0.3)
        costs[walk.labels[0]].append(program.bytes_received)
        for label in walk.labels[1:]:
            costs[label].append(program.take(b" ", quiet_s=0.06))
    return costs


def _percent(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def _bytes(thin: Bytes, stock: Bytes, curses: Bytes) -> Iterator[Figure]:
    def figure(name: str, label: str, goal: float, share: float) -> Figure:
        measured, theirs, least = (
            _percent(costs[label], share) if costs[label] else 0 for costs in (thin, stock, curses)
        )
        return Figure(
            name=name,
            measured=f"{measured:,} B" + (f" (most {max(thin[label]):,} B)" if share < 1 else ""),
            compared=f"stock Textual {f'{theirs:,} B' if theirs else '-'}; curses {least:,} B",
            value=measured,
            goal=goal,
            unit="B",
            runs=len(thin[label]),
        )

    yield figure("paint of the product groups, from the start", "paint of the product groups", 1800, 0.5)
    for screen in ("quick test", "fault memory"):
        yield figure(f"paint of the {screen}, from the menu", f"paint of the {screen}", 1800, 0.5)
        yield figure(
            f"paint of the {screen}, onto an empty screen", f"{screen} onto an empty screen", 1800, 0.5
        )
    yield figure("paint of the kept quick test, from the reports", "paint of the kept quick test", 1800, 0.5)
    for screen in ("product groups", "menu", "quick test", "fault memory"):
        label = f"down in the {screen}"
        yield figure(f"cursor down in the {screen}, median", label, 40, 0.5)
        yield figure(f"cursor down in the {screen}, 95th percentile", label, 150, 0.95)
    yield figure(
        "cursor down in the quick test and the line about the unit once it rests, median",
        "down and rest",
        150,
        0.5,
    )
    yield figure("page down, most", "page down", 1200, 1.0)
    yield from _pairs(thin, stock, curses)


def _pairs(thin: Bytes, stock: Bytes, curses: Bytes) -> Iterator[Figure]:
    """Yield what all pairs of screens take, and each that takes too much by its name."""
    for way, mark in (("to another screen", "to: "), ("and back", "back: ")):
        labels = [label for label in thin if label.startswith(mark)]

        def figure(name: str, share: float, among: list[str]) -> Figure:
            counts = [[most for label in among for most in costs[label]] for costs in (thin, stock, curses)]
            measured, theirs, least = (_percent(values, share) if values else 0 for values in counts)
            return Figure(
                name=name,
                measured=f"{measured:,} B",
                compared=f"stock Textual {theirs:,} B; curses {least:,} B",
                value=measured,
                goal=_PAIR_BYTES,
                unit="B",
                runs=len(counts[0]),
            )

        yield figure(f"{way}, {len(labels)} pairs, median", 0.5, labels)
        over = [label for label in labels if max(thin[label]) >= _PAIR_BYTES]
        yield figure(f"{way}, most of {len(labels) - len(over)}", 1.0, [x for x in labels if x not in over])
        for label in over:
            yield figure(f"{way}: {label.removeprefix(mark)}", 1.0, [label])


def _idle(programs: dict[str, Program]) -> Figure:
    """Return what comes while nobody does anything; all of them at once."""
    before = {name: program.bytes_received for name, program in programs.items()}
    end = time.monotonic() + _IDLE_S
    while time.monotonic() < end:
        for program in programs.values():
            program.turn(0.1)
    minute = {
        name: (program.bytes_received - before[name]) * 60 / _IDLE_S for name, program in programs.items()
    }
    return Figure(
        name="idle, quick test in sight, bytes a minute",
        measured=f"{minute['thin']:.0f} B",
        compared=f"stock Textual {minute['stock']:.0f} B",
        value=minute["thin"],
        goal=0,
        unit="B",
        runs=1,
    )


def _quick_keys(program: Program, keys: Sequence[bytes]) -> float:
    """Return how long after the last of quick keys the picture settled."""
    program.until_quiet(1.5)
    due = pressed = time.monotonic()
    for key in keys:
        while (left := due - time.monotonic()) > 0:
            program.turn(left)
        pressed = program.press(key)
        due += _KEY_GAP_S
    program.until_quiet(2.5)
    return program.last_byte_at - pressed


def _filling(home: Path, uri: str) -> tuple[list[Picture], list[Picture]]:
    """Return the pictures of a quick test that fills its table, and those of the keys after it."""
    with console("thin", home, uri) as program:
        open_quick_test(program)
        pictures = [program.picture()]
        at, shown = 0.0, program.bytes_received

        def keep() -> None:
            nonlocal at, shown
            if program.bytes_received != shown:
                after_s = program.last_byte_at - at if at else None
                at, shown = program.last_byte_at, program.bytes_received
                pictures.append(program.picture(after_s=after_s))

        run_quick_test(program, keep)
        keep()
        keys = []
        for key in [*_CURSOR_KEYS, *_SCREEN_KEYS]:
            program.take(key, quiet_s=0.4)
            keys.append(program.picture())
    return pictures, keys


def _slow(home: Path, uri: str, line: tuple[str, int, int, float], answers_ms: int) -> Iterator[Figure]:
    """Yield how far behind a filling table is, and when quick keys have settled."""
    name, rate, buffer_bytes, delay_s = line
    how = {"bytes_per_second": rate, "buffer_bytes": buffer_bytes, "delay_s": delay_s}
    pictures, shown = _filling(home, uri)
    behind: dict[str, float] = {}
    settled: dict[str, float] = {}
    changed: dict[str, float] = {}
    for driver in ("thin", "stock"):
        with console(driver, home, uri, **how) as program:
            open_quick_test(program)
            program.watches = True
            run_quick_test(program)
            behind[driver] = behind_s(told_facts(home), program)
            program.watches = False
            settled[driver] = _quick_keys(program, _CURSOR_KEYS)
            changed[driver] = _quick_keys(program, _SCREEN_KEYS)
    with curses_program([*pictures, *shown], home, **how) as program:
        program.sees("F5 starts the quick test")
        program.until_quiet(1.0)
        program.watches = True
        run_quick_test(program)
        program.watches = False
        settled["curses"] = _quick_keys(program, [b" "] * len(_CURSOR_KEYS))
        changed["curses"] = _quick_keys(program, [b" "] * len(_SCREEN_KEYS))
        behind["curses"] = behind_s(told_by_curses(home, pictures), program)
    compared = "stock Textual {stock:.2f} s; curses {curses:.2f} s"
    if not delay_s and rate == _LINES[0][1]:
        yield Figure(
            name=f"quick test of 45 units, {answers_ms} ms a request, at {name}: behind at most",
            measured=f"{behind['thin']:.2f} s",
            compared=compared.format(**behind),
            value=behind["thin"],
            goal=1.0,
            unit="s",
            runs=1,
        )
    if answers_ms != _ANSWERS_MS[0]:
        return
    for keys_name, seconds in (
        ("cursor keys", settled),
        ("keys, five times to the messages and back", changed),
    ):
        yield Figure(
            name=f"ten quick {keys_name} at {name}: settled after the last",
            measured=f"{seconds['thin']:.2f} s",
            compared=compared.format(**seconds),
            value=seconds["thin"],
            goal=1.5 + 2 * delay_s,
            unit="s",
            runs=1,
        )


def _cpu(home: Path, uri: str) -> Figure:
    """Return the processor time of the whole console for the same keys; the drivers run in turn."""
    took: dict[str, list[float]] = {"thin": [], "stock": []}
    for _ in range(_CPU_RUNS):
        for driver, seconds in took.items():
            with console(driver, home, uri) as program:
                open_quick_test(program)
                run_quick_test(program)
                before = _processor_s(program.pid)
                for _ in range(40):
                    program.take(DOWN, quiet_s=0.1)
                for _ in range(8):
                    program.take(b"m", ESCAPE, quiet_s=0.2)
                seconds.append(_processor_s(program.pid) - before)
    ratios = [mine / theirs for mine, theirs in zip(took["thin"], took["stock"], strict=True)]
    return Figure(
        name="processor time of the console, 40 cursor keys and 8 changes of screen and back",
        measured=f"{median(took['thin']) * 1e3:.0f} ms",
        compared=f"stock Textual {median(took['stock']) * 1e3:.0f} ms",
        value=median(ratios),
        goal=1.15,
        runs=_CPU_RUNS,
    )


def _processor_s(pid: int) -> float:
    """Return the processor time of all threads; finer than the clock ticks of the whole process."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for number, answers_ms in enumerate(_ANSWERS_MS):
            with vehicle("car", line="doip", answer_after_ms=answers_ms) as running:
                uri = running.uri
                if not number:
                    yield from _walks(home, uri)
                    yield _cpu(home, uri)
                for line in _LINES if not number else _LINES[:1]:
                    yield from _slow(home, uri, line, answers_ms)


def _flash(home: Path, uri: str) -> None:
    """Flash a control unit with what it has, so that there is a job to look at."""
    file = files("workshop_console.data") / "flash" / "car-CDI_EngineControl-as-delivered.hex"
    command = [sys.executable, "-m", "workshop_console.console", "flash", str(file), "--vci", uri, "--yes"]
    subprocess.run(
        [*command, "--confirm", "CDI_EngineControl"],
        env={**os.environ, "WORKSHOP_CONSOLE_HOME": str(home)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # that the computer must be kept awake
    )


def _walks(home: Path, uri: str) -> Iterator[Figure]:
    with console("thin", home, uri) as program:  # builds the store, once in the life of an installation
        open_quick_test(program)
        run_quick_test(program)
    _flash(home, uri)
    first_pictures = home / "state" / "first-pictures"
    shutil.rmtree(first_pictures, ignore_errors=True)  # a first start paints everything
    with console("thin", home, uri) as thin, console("stock", home, uri) as stock:
        walk, other = _Walk(thin), _Walk(stock)
        walk.walk(repaints=True)
        other.walk(repaints=False)
        idle = _idle({"thin": thin, "stock": stock})
    yield from _bytes(walk.costs, other.costs, _by_curses(walk, home))
    yield idle

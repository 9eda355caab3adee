"""Bytes that an 80x24 terminal gets each second while twenty actual values change, from the real console."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.terminal import Terminal
from benchmarks.vehicle import RunningVehicle, vehicle
from workshop_console.console.jobs.actual_values import Watch
from workshop_console.console.model.values import ValueName
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import ValuesOffered, ValuesRead
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop

_UNIT = "0x1001"
_VALUES = 20
_CHOOSING_S = 8.0
_SETTLING_S = 12.0
"""Until the curves are full and least and greatest seldom change."""
_PART_S = 10.0
_PARTS = 3
_GOAL_BYTES = 400


def _keep_set(running: RunningVehicle, home: str) -> int:
    """Keep the twenty values that change most often as a set; return how many are seldom the same."""
    folders = Folders.of_user({"WORKSHOP_CONSOLE_HOME": home})
    workshop = build_workshop(Settings(vci=running.uri, access_server="off"), folders, lang="en")
    changes: Counter[ValueName] = Counter()
    last: dict[ValueName, str] = {}
    pictures = 0
    cancellation, watch = Cancellation(), Watch()
    timer = threading.Timer(_CHOOSING_S, cancellation.request)
    try:
        for event in workshop.values.watch((_UNIT,), watch, cancellation=cancellation):
            if isinstance(event, ValuesOffered):
                watch.show(row.name for row in event.values)
                timer.start()
            if isinstance(event, ValuesRead):
                pictures += 1
                for row in event.values:
                    changes[row.name] += last.get(row.name) not in (None, row.text)
                    last[row.name] = row.text
        chosen = changes.most_common(_VALUES)
        workshop.values.keep_set("bench", [name for name, _count in chosen])
    finally:
        timer.cancel()
        workshop.close()
    return sum(count > pictures / 2 for _name, count in chosen)


def measure() -> Iterator[Figure]:
    """Yield the figure; what changes least of the twenty changes in every other picture."""
    console = str(Path(sys.executable).parent / "workshop-console")
    with tempfile.TemporaryDirectory() as home, vehicle("car", line="doip", answer_after_ms=5) as running:
        changing = _keep_set(running, home)
        environment = {
            "WORKSHOP_CONSOLE_HOME": home,
            "WORKSHOP_CONSOLE_LANG": "en",
            "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
            "WORKSHOP_CONSOLE_VCI": running.uri,
            "TERM": os.environ.get("BENCH_TERM", "xterm-256color"),
        }
        with Terminal([console], environment=environment) as terminal:
            terminal.until("F10")
            terminal.press(b"1")
            terminal.until("Guided tests")
            terminal.press(b"1")
            terminal.until("F5 starts")
            terminal.press(b"r")
            terminal.until("VIN W.*F5", quiet_s=1.0)
            terminal.press(b"\x1b")
            terminal.until("Guided tests")
            terminal.press(b"4")
            terminal.until("choose control units")
            terminal.press(b"\t")
            terminal.until("bench")
            terminal.press(b"\r")
            terminal.until(r"1/20", quiet_s=0.05)
            terminal.read_for(_SETTLING_S)
            parts: list[float] = []
            rows = sum(_is_row(line) for line in terminal.text().splitlines())
            for _ in range(_PARTS):
                before = terminal.bytes_painted
                terminal.read_for(_PART_S)
                parts.append((terminal.bytes_painted - before) / _PART_S)
            if "--show" in sys.argv:
                print(terminal.text())
    yield Figure(
        name=f"bytes a second at 80x24, {_VALUES} changing values, {rows} of them in sight",
        measured=f"{median(parts):.0f} B/s ({min(parts):.0f}–{max(parts):.0f})",
        compared=f"the goal; {changing} of {_VALUES} change in every other picture or more often",
        value=median(parts),
        goal=_GOAL_BYTES,
        runs=_PARTS,
        unit="B/s",
    )


def _is_row(line: str) -> bool:
    """Return whether a line of the picture is a row of the table: it has a figure between name and curve."""
    return any("▁" <= character <= "█" for character in line)

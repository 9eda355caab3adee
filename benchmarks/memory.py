"""Resident memory on the quick-test screen, after a quick test of the simulated car."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.terminal import Terminal

_SETTLE_S = 2.0
"""What is still drawn and freed after the last unit answered."""


def _mebibytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


def _after_a_quick_test(driver: str) -> tuple[float, float]:
    """Return the memory in the group's menu, and after the quick test."""
    console = str(Path(sys.executable).parent / "workshop-console")
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "WORKSHOP_CONSOLE_HOME": home,
            "WORKSHOP_CONSOLE_LANG": "en",
            "WORKSHOP_CONSOLE_DRIVER": driver,
        }
        for _ in range(2):  # the first start builds the store and imports the descriptions
            with Terminal([console], environment=environment) as terminal:
                terminal.until(r"\[online\]")
                terminal.press(b"1")
                terminal.until("Enter Close")
                terminal.press(b"\r")
                terminal.until("Quick test  +all control units")
                menu = _mebibytes(terminal.pid)
                terminal.press(b"1")
                terminal.until("F5 starts the quick test")
                terminal.press(b"r")
                terminal.until(r"1/45 .*F5.Start.*F6.Clear", timeout_s=60)
                terminal.read_for(_SETTLE_S)
                after = _mebibytes(terminal.pid)
    return menu, after


def measure() -> Iterator[Figure]:
    """Yield a figure for each driver."""
    for driver in ("thin", "plain"):
        menu, after = _after_a_quick_test(driver)
        yield Figure(
            name=f"memory on the quick-test screen, {driver} driver",
            measured=f"{after:.1f} MiB",
            compared=f"in the group's menu {menu:.1f} MiB",
            value=after,
            goal=60,
            unit="MiB",
            runs=1,
        )

"""The console's first complete frame over a bare Textual application's, both from cold, on a pty."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, spread
from benchmarks.terminal import Terminal

_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("Bare application")
Bare().run(mouse=False)
"""
_RUNS = 9
_FOOTER = r"F10"
"""The footer is painted with the rest of the first frame; its last key is the last text on the screen."""


def _first_frame(command: list[str], pattern: str, home: str) -> float:
    with Terminal(
        command, environment={"WORKSHOP_CONSOLE_HOME": home, "WORKSHOP_CONSOLE_LANG": "en"}
    ) as terminal:
        return terminal.until(pattern)


def measure() -> Iterator[Figure]:
    """Yield the figure; the two programs run in turn, so that a drifting machine hits both."""
    console = str(Path(sys.executable).parent / "workshop-console")
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        _first_frame([console], _FOOTER, home)  # builds the store, once in the life of an installation
        for _ in range(_RUNS):
            bare.append(_first_frame([sys.executable, "-c", _BARE], "Bare application", home))
            ours.append(_first_frame([console], _FOOTER, home))
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    yield Figure(
        name="first complete frame",
        measured=spread(ours),
        compared=f"bare Textual application {spread(bare)}",
        value=median(ratios),
        goal=1.3,
        runs=_RUNS,
    )

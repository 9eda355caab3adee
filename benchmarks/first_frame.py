"""The console's first picture, first complete frame and first key obeyed, from cold, on a pty."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
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
_RUNS = 15
_FOOTER = r"F10"
"""The footer is painted with the rest of the first frame; its last key is the last text on the screen."""


_MARK = "starting …"
_TELL_MODULES = """
import sys
import workshop_console.console.app as app
from workshop_console.console.start import main
def first_frame_stands(self, **_):
    with open(file, "w") as told:
        told.write("\\n".join(name for name in sys.modules if not name.startswith("__")))
    self.exit()
app.ConsoleApp.ask_credit = first_frame_stands
file = sys.argv.pop()
main()
"""
_IMPORT = """
import gc, sys, time
names = open(sys.argv[1]).read().split()
gc.disable()
start = time.process_time()
for name in names:
    __import__(name)
print(time.process_time() - start)
"""


def _first_frame(command: list[str], pattern: str, home: str) -> float:
    with Terminal(
        command, environment={"WORKSHOP_CONSOLE_HOME": home, "WORKSHOP_CONSOLE_LANG": "en"}
    ) as terminal:
        return terminal.until(pattern)


def _first_picture(command: list[str], home: str) -> float:
    """Return when the stored picture stood."""
    with Terminal(command, environment=_thin(home)) as terminal:
        return terminal.until(_MARK, quiet_s=0.001)


def _thin(home: str) -> dict[str, str]:
    return {
        "WORKSHOP_CONSOLE_HOME": home,
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_DRIVER": "thin",
    }


def _first_key(command: list[str], home: str) -> float:
    """Return when a key that was pressed at once was obeyed."""
    with Terminal(command, environment=_thin(home)) as terminal:
        terminal.until(_MARK, quiet_s=0.001)
        terminal.press(b"\x1b[B")
        return terminal.until("> +2 Vans", quiet_s=0.05)


def _import_cpu(home: str) -> list[float]:
    """Return the processor time of importing all that is imported when the first frame stands."""
    file = Path(home) / "modules"
    with Terminal([sys.executable, "-c", _TELL_MODULES, str(file)], environment=_thin(home)) as terminal:
        with contextlib.suppress(RuntimeError):  # it ends once it told
            terminal.until("never seen")
        terminal.exit_code()
    times = []
    for _ in range(_RUNS):
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT, str(file)], capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    return times


def measure() -> Iterator[Figure]:
    """Yield the figures; the two programs run in turn, so that a drifting machine hits both."""
    console = str(Path(sys.executable).parent / "workshop-console")
    ours: list[float] = []
    bare: list[float] = []
    pictures: list[float] = []
    keys: list[float] = []
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as blank:
        for folder in (home, blank):
            _first_frame([console], _FOOTER, folder)  # builds the store, once in the life of an installation
        with Terminal([console], environment=_thin(home)) as terminal:
            terminal.until("online")  # the picture is kept now
        for _ in range(_RUNS):
            bare.append(_first_frame([sys.executable, "-c", _BARE], "Bare application", home))
            shutil.rmtree(Path(blank) / "state" / "first-pictures", ignore_errors=True)
            ours.append(_first_frame([console], _FOOTER, blank))
            pictures.append(_first_picture([console], home))
            keys.append(_first_key([console], home))
        imports = _import_cpu(home)
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    yield Figure(
        name="first complete frame, without a stored picture",
        measured=spread(ours),
        compared=f"bare Textual application {spread(bare)}",
        value=median(ratios),
        goal=1.3,
        runs=_RUNS,
    )
    yield Figure(
        name="first picture, from exec",
        measured=spread(pictures),
        compared="-",
        value=median(pictures) * 1e3,
        goal=60,
        unit="ms",
        runs=_RUNS,
    )
    yield Figure(
        name="cursor key pressed at the first picture obeyed",
        measured=spread(keys),
        compared=f"first frame of a bare Textual application {spread(bare)}",
        value=median([mine / theirs for mine, theirs in zip(keys, bare, strict=True)]),
        goal=1.3,
        runs=_RUNS,
    )
    yield Figure(
        name="imports for the first frame, CPU",
        measured=spread(imports),
        compared="-",
        value=median(imports) * 1e3,
        goal=350,
        unit="ms",
        runs=_RUNS,
    )

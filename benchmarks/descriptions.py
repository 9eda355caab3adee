"""Importing a 60-unit description beside odxtools' own load, and opening one of its units afterwards."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, spread
from benchmarks.terminal import Terminal
from workshop_console.console.odx.authoring.archive import write_pdx
from workshop_console.console.odx.authoring.many import many_units

_UNITS = 60
_IMPORTS = 5
_OPENINGS = 7
_LOAD = "import sys, odxtools; odxtools.load_pdx_file(sys.argv[1])"
_CONSOLE = str(Path(sys.executable).parent / "workshop-console")


def _seconds(command: list[str], home: str) -> float:
    began = time.perf_counter()
    environment = {"PATH": str(Path(sys.executable).parent), "WORKSHOP_CONSOLE_HOME": home, "LANG": "C.UTF-8"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def _opening(home: str) -> float:
    """Return seconds from Enter to the complete picture of a unit, in a process that just started."""
    environment = {
        "WORKSHOP_CONSOLE_HOME": home,
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
    }
    with Terminal([_CONSOLE], environment=environment) as terminal:
        terminal.until("F10")
        terminal.press(b"1")
        terminal.until("Descriptions")
        (number,) = re.findall(r"(\d)  Descriptions", terminal.text())
        terminal.press(number.encode())
        terminal.until(f"units-{_UNITS}|Imported")
        terminal.press(b"\r")
        terminal.until("U000_")
        pressed = terminal.press(b"\r")
        return terminal.until(r"[PCBU][0-9A-F]{4}-[0-9A-F]{2}", quiet_s=0.1) - pressed


def measure() -> Iterator[Figure]:
    """Yield the two figures; import and load run in turn, each in a fresh process."""
    with tempfile.TemporaryDirectory() as home:
        pdx = Path(home) / "units.pdx"
        write_pdx(many_units(_UNITS), pdx)
        loads: list[float] = []
        imports: list[float] = []
        for _ in range(_IMPORTS):
            loads.append(_seconds([sys.executable, "-c", _LOAD, str(pdx)], home))
            imports.append(_seconds([_CONSOLE, "import", str(pdx)], home))
        yield Figure(
            name=f"import of a {_UNITS}-unit PDX into the store, whole command",
            measured=spread(imports),
            compared=f"odxtools' own load in a fresh process, {spread(loads)}",
            value=median(a / b for a, b in zip(imports, loads, strict=True)),
            goal=1.5,
            runs=_IMPORTS,
        )
        openings = [_opening(home) for _ in range(_OPENINGS)]
        yield Figure(
            name=f"opening a control unit of the {_UNITS}-unit description, key to complete picture",
            measured=spread(openings),
            compared="the goal",
            value=median(openings) * 1e3,
            goal=100,
            runs=_OPENINGS,
            unit="ms",
        )

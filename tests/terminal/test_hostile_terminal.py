"""What comes from outside never reaches a real terminal as a control code; plain terminals get ASCII."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.screens.test_hostile_texts import HOSTILE
from tests.terminal.hostile_walk import TEXTS
from tests.terminal.line import Line
from tests.terminal.test_first_picture import CONSOLE, environment, started
from workshop_console.console.model.clean import clean

_PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.screens.fake_workshop import MISFIRE, FakeWorkshop, unit
from tests.screens.test_hostile_texts import HOSTILE
from workshop_console.console.app import ConsoleApp
from workshop_console.console.model.dtc import DecodedValue, DtcRecord
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.report import UnitState
from workshop_console.console.settings import Folders
text = HOSTILE[sys.argv[1]]
workshop = FakeWorkshop(Folders.of_user())
value = DecodedValue(name=text, value=text, unit=text)
record = DtcRecord(number=1, raw=b"", values=(value,))
fault = replace(MISFIRE, text=text, display_code=text, first_occurrence=text, snapshots=(record,))
facts = {"label": text, "variant": text, "hardware": text, "software": text}
workshop.units = (
    unit(text, 0x1001, UnitState.FAULTS, faults=(fault,), **facts),
    unit("Radar", 0x1002, UnitState.SILENT, reason=SilentReason.GATEWAY_REFUSED, detail=text),
)
workshop.steps.release(1_000)
ConsoleApp(workshop.as_workshop()).run(mouse=False)
"""
_OURS = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]|\x1b\[\?(?:1049|25|7|2004)[hl]|[\r\n\x08]")
PLACES = {
    *("Actuation", "Chart", "Coding", "ControlUnit", "DescribedUnit", "DescribedUnits", "Descriptions"),
    *("EntryDetail", "FaultDetail", "FlashFiles", "FlashJob", "FlashPlanScreen", "GuidedTestList"),
    *("GuidedTestWalk", "Help", "Jobs", "KeptCodings", "KeptComparison", "KeptValues", "MessageBox"),
    *("MessageDetail", "MessageList", "OptionChoice", "Playback", "Problems", "ProductGroups", "Question"),
    *("QuickTest", "Reports", "UnitCodings", "UnitFunctions", "ValueChoice", "ValueUnits", "Values"),
    *("VehicleChoice", "VehicleOrder"),
}
_SOAK = pytest.mark.soak
_HOSTILE = [
    ("escape codes", "title"),
    pytest.param("C1 codes", "2Jx", marks=_SOAK),
    pytest.param("right to left", "abc", marks=_SOAK),
    pytest.param("line ends", "c", marks=_SOAK),
    pytest.param("markup", "Sensor [B1S2]", marks=_SOAK),
    pytest.param("a link", "click=app.quit", marks=_SOAK),
]
"""Kinds of text, and what of each is seen."""
WALK = [
    b"1",
    b"\r",
    b"1",
    b"\x1b[15~",
    b"\r",
    b"\r",
    b"\x1b[F",
    b"\x1b",
    b"\x1b[17~",
    b"\x1b",
    b"\x1bOQ",
    b"1",
    b"2",
]
"""Quick test, a unit, its faults, a fault in full, the question before clearing, all faults."""


@pytest.mark.parametrize(("kind", "seen"), _HOSTILE)
def test_texts_from_the_vehicle_never_drive_the_terminal(tmp_path: Path, kind: str, seen: str) -> None:
    root = Path(__file__).parents[2]
    program = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{_PROGRAM}", kind]
    with Line(program, environment=environment(tmp_path / "home")) as line:
        started(line)
        pictures = []
        for key in WALK:
            line.press(key)
            line.until_quiet(0.15)
            pictures.append(line.emulator.text())
        shown = bytes(line.received)
        line.press(b"\x03")
    assert sum(seen in picture for picture in pictures) >= 3
    rest = set(_OURS.sub(b"", shown).decode()) - {"\u00a0"}
    assert not [character for character in sorted(rest) if not character.isprintable()]


@pytest.mark.parametrize("kind", ["all", *(pytest.param(kind, marks=_SOAK) for kind in HOSTILE)])
def test_no_text_from_outside_drives_the_terminal_on_any_screen(tmp_path: Path, kind: str) -> None:
    text = TEXTS[kind]
    home, stop = tmp_path / text.replace("/", "")[:50] / "home", tmp_path / "stop"
    program = [sys.executable, "-m", "tests.terminal.hostile_walk", kind, str(stop)]
    more = {"PYTHONPATH": str(Path(__file__).parents[2])}
    pictures: dict[str, str] = {}
    with Line(program, size=(100, 30), environment=environment(home, **more)) as line:
        while line.running:
            line.turn(0.002)
            if stop.exists():
                taken = -1
                while line.bytes_received > taken:
                    taken = line.bytes_received
                    line.turn(0)
                place, _, drawn = stop.read_text(encoding="utf-8").partition("\n")
                assert all(row.isprintable() for row in drawn.split("\n")), place
                pictures[place] = pictures.get(place, "") + line.emulator.text()
                stop.unlink()
        assert line.until_ended() == 0, line.received[-9_000:].decode()
        shown = bytes(line.received)
    rest = set(_OURS.sub(b"", shown).decode()) - {"\u00a0"}
    assert not [character for character in sorted(rest) if not character.isprintable()]
    assert set(pictures) >= PLACES
    mark = clean(text)[:4]
    assert not [place for place, picture in pictures.items() if mark not in picture]


@pytest.mark.parametrize(
    ("terminal", "more"), [("vt100", {}), ("xterm", {"LANG": "C"}), ("linux", {"LC_ALL": "POSIX"})]
)
@pytest.mark.parametrize("driver", ["thin", "plain"])
def test_poor_terminals_get_ascii(tmp_path: Path, terminal: str, more: dict[str, str], driver: str) -> None:
    settings = environment(tmp_path / "home", WORKSHOP_CONSOLE_DRIVER=driver, **more)
    with Line(CONSOLE, terminal=terminal, environment=settings) as line:
        started(line)
        line.press(b"1", b"\r")
        line.shows("F5 starts the quick test")
        assert bytes(line.received).isascii()

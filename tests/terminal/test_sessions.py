"""A session is recorded as the terminal showed it, and looked at again without harm."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.driving import Driver
from tests.screens.fake_workshop import FakeWorkshop
from tests.terminal.emulator import Emulator
from tests.terminal.line import Line
from tests.terminal.pictures import pictures, terminals, written
from workshop_console.console.app import ConsoleApp
from workshop_console.console.errors import ConsoleError
from workshop_console.console.settings import Folders
from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.harmless import Harmless
from workshop_console.console.terminal.picture_cells import entering
from workshop_console.console.terminal.playing import SPEEDS, Player
from workshop_console.console.terminal.session_file import (
    SessionEvent,
    SessionFile,
    SessionRecorder,
    read_session,
)
from workshop_console.console.terminal.shortest import shortest_bytes
from workshop_console.console.terminal.shown import Shown

CONSOLE = [sys.executable, "-m", "workshop_console.console"]


def recorder_at(file: Path) -> SessionRecorder:
    return SessionRecorder(file, 80, 24, title="Workshop Console", terminal="xterm")


def events(file: Path) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [(code, text) for _at, code, text in lines[1:]]


# Recording


@pytest.mark.parametrize("driver", ["thin", "plain"])
def test_a_session_is_played_as_it_was_seen(tmp_path: Path, driver: str) -> None:
    home, file = tmp_path / "home", tmp_path / "session.cast"
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(home),
        "WORKSHOP_CONSOLE_LANG": "de",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
        "WORKSHOP_CONSOLE_DRIVER": driver,
    }
    with Line([*CONSOLE, "run", "--asciicast", str(file)], environment=environment) as line:
        line.shows("Produktgruppen")
        line.press(b"\x1bOS")
        line.shows("2173-39")
        line.resize(100, 30)
        line.until(lambda: len(line.emulator.text().splitlines()[2].rstrip()) > 90)
        line.press(b"/", b"2221")
        line.shows("2221-45")
        line.until(lambda: "2173-39" not in line.emulator.text())
        line.until_quiet()
        seen = line.emulator.text()
        line.press(b"\x1b[21~")
        assert line.until_ended() == 0
        assert line.attributes() == line.before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    session = read_session(file)
    assert session.size == (80, 24)
    assert session.largest == (100, 30)
    emulator, harmless, pictures_shown = Emulator(80, 24), Harmless(), []
    emulator.feed("\x1b[?7l")
    for event in session.events:
        if event.size:
            emulator.resize(*event.size)
            emulator.feed("\x1b[r\x1b[m\x1b[H\x1b[2J")
        emulator.feed(harmless(event.text))
        pictures_shown.append(emulator.text())
    assert seen in pictures_shown


def test_nobody_is_asked_and_no_key_is_recorded(tmp_path: Path) -> None:
    recorder = recorder_at(tmp_path / "a.cast")
    recorder.sent("ä\x1b[5n")
    recorder.sent("\x1b[5n")
    recorder.sent(" \x1b[2b\x1b[6n")
    recorder.resized(80, 24)
    recorder.resized(100, 30)
    recorder.close()
    recorder.sent("too late")
    assert events(tmp_path / "a.cast") == [("o", "ä"), ("o", " \x1b[2b"), ("r", "100x30")]


def test_another_file_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    file.write_text("mine", "utf-8")
    with pytest.raises(ConsoleError, match="WC-107"):
        recorder_at(file)
    assert file.read_text("utf-8") == "mine"
    with pytest.raises(ConsoleError, match="WC-107"):
        recorder_at(tmp_path / "no-such-folder" / "a.cast")


def test_a_full_disk_ends_the_recording_at_the_end_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.cast"
    told: list[ConsoleError] = []
    recorder = recorder_at(file)
    recorder.failed = told.append
    recorder.sent("one")
    room = [5, 0]

    def write(descriptor: int, data: bytes) -> int:
        left = room.pop(0) if room else 0
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data[:left])

    real = os.write
    monkeypatch.setattr(os, "write", write)
    recorder.sent("two")
    recorder.sent("three")
    monkeypatch.undo()
    assert [error.number for error in told] == ["WC-111"]
    assert [event.text for event in read_session(file).events] == ["one"]
    assert file.read_bytes().endswith(b"\n")


async def test_the_end_of_a_recording_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    recorder = recorder_at(tmp_path / "a.cast")
    app = ConsoleApp(workshop.as_workshop(), None, recorder)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot, workshop)
        await driver.until(lambda: app.session.asked)
        os.close(recorder._descriptor)  # as a file system that went away
        recorder.sent("x")
        await driver.shows("! WC-111 Title of WC-111")
        await driver.press("f4")
        assert driver.place == "MessageList"


# Reading


HEADER = '{"version": 2, "width": 80, "height": 24}'


@pytest.mark.parametrize(
    ("text", "number", "line"),
    [
        ("", "WC-112", 0),
        ("nonsense\n", "WC-112", 1),
        ("[]\n", "WC-112", 1),
        ('{"version": 3, "term": {"cols": 80, "rows": 24}}\n', "WC-112", 1),
        ('{"version": 2, "width": 80, "height": 1e9}\n', "WC-112", 1),
        ('{"version": 2, "width": true, "height": 24}\n', "WC-112", 1),
        (f'{HEADER}\n[0.1, "o"]\n', "WC-112", 2),
        (f'{HEADER}\n[NaN, "o", "x"]\n', "WC-112", 2),
        (f'{HEADER}\n[-1, "o", "x"]\n', "WC-112", 2),
        (f'{HEADER}\n[0.1, "o", 3]\n', "WC-112", 2),
        (f'{HEADER}\n[0.1, "r", "80x99999"]\n', "WC-112", 2),
        (f'{HEADER}\n[0.1, "o", "x"\n[0.2, "o", "y"]\n', "WC-112", 2),
        (f"{HEADER}\n{'[' * 100_000}\n", "WC-112", 2),
    ],
)
def test_what_is_no_session_is_refused(tmp_path: Path, text: str, number: str, line: int) -> None:
    file = tmp_path / "a.cast"
    file.write_text(text, "utf-8")
    with pytest.raises(ConsoleError) as caught:
        read_session(file)
    assert (caught.value.number, caught.value.facts["line"]) == (number, line)


def test_a_session_whose_program_was_killed_is_played_to_its_last_whole_line(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    file.write_text(f'{HEADER}\n[0.1, "o", "x"]\n[0.2, "o", "y', "utf-8")
    assert [event.text for event in read_session(file).events] == ["x"]


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConsoleError, match="WC-108"):
            read_session(file)


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: f"{HEADER}\n{text}".encode()))
def test_whatever_stands_in_a_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.mktemp("cast") / "a.cast"
    file.write_bytes(data)
    try:
        session = read_session(file)
    except ConsoleError as error:
        assert error.number == "WC-112"  # noqa: PT017 - any other exception fails too
    else:
        assert session.size == (80, 24)


# What may be shown


_DRAWN = re.compile(
    r"\x1b\[[0-9;]*[A-Za-z@]|\x1b\[\?(7|25)[hl]|\x1bM|[\r\n\b\t]|[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
NASTY = (
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x1b\\",
    "\x1b]8;;file:///etc/passwd\x1b\\",
    "\x1bP$qm\x1b\\",
    "\x1b_Gf=100;AAAA\x1b\\",
    "\x1b^secret\x1b\\",
    "\x1b[c",
    "\x1b[>c",
    "\x1b[5n",
    "\x1b[6n",
    "\x1b[?6n",
    "\x1b[14t",
    "\x1b[3J",
    "\x1b[99999999b",
    "\x1b[?1049h",
    "\x1b[?1000h",
    "\x1b[?2004h",
    "\x1b[4h",
    "\x1b[!p",
    "\x1b[20l",
    "\x1b[2;5i",
    "\x1b#8",
    "\x1b(0",
    "\x1b%G",
    "\x1bc",
    "\x1b7",
    "\x1bZ",
    "\x9b5n",
    "\x9d0;t\x9c",
    "\x05",
    "\x07",
    "\x0e",
    "\x18",
    "\x7f",
    "\u202e",
)


@pytest.mark.parametrize("nasty", NASTY, ids=repr)
def test_what_does_not_draw_is_left_out_wherever_it_is_cut(nasty: str) -> None:
    for cut in range(len(nasty) + 1):
        harmless = Harmless()
        shown = harmless(f"a{nasty[:cut]}") + harmless(f"{nasty[cut:]}b")
        shown = re.sub(r"0;t", "", shown)  # what a C1 control begins is text to a terminal in UTF-8
        assert shown in ("ab", "a5nb"), cut


@given(st.lists(st.sampled_from(NASTY) | st.text(max_size=6) | st.sampled_from(["\x1b", "\x1b[", "\x1b]"])))
def test_only_what_draws_is_left(pieces: list[str]) -> None:
    harmless = Harmless()
    shown = "".join(harmless(piece) for piece in pieces)
    assert "".join(match[0] for match in _DRAWN.finditer(shown)) == shown
    assert Harmless()(shown) == shown


@given(st.lists(pictures, max_size=4), terminals)
def test_all_that_the_driver_sends_is_shown(shown_one_after_another: list[object], can: Capabilities) -> None:
    grid, shown = Grid(40, 12, can), Shown(40, 12)
    for picture in shown_one_after_another:
        grid.read(written(picture))  # type: ignore[arg-type]  # see tests/terminal/pictures.py
        sent = shortest_bytes(grid, shown, can)
        assert Harmless()(sent) == sent
    assert Harmless()(entering(can)) == entering(can).replace("\x1b[?1049h", "")


# Playing


def session(*events: tuple[float, str]) -> SessionFile:
    return SessionFile(size=(80, 24), events=tuple(SessionEvent(at_s=at, text=text) for at, text in events))


ABC = session((1.0, "a"), (2.0, "b"), (60.0, "c"))


def test_a_session_is_played_at_its_pace_with_long_pauses_shortened() -> None:
    player = Player(ABC, now=100.0)
    assert player.wait_s(100.0) == pytest.approx(1.0)
    assert player.due(100.5) == ""
    assert player.due(101.0) == "a"
    assert player.due(102.0) == "b"
    assert player.wait_s(102.0) == pytest.approx(2.0)
    assert player.due(104.0) == "c"
    assert player.wait_s(104.0) is None
    assert player.place_s(200.0) == player.length_s == pytest.approx(4.0)


def test_keys_pause_step_and_change_the_speed() -> None:
    player = Player(ABC, now=0.0, longest_pause_s=100.0)
    player.due(1.0)
    assert player.press("space", 1.5).endswith("a")
    assert player.due(50.0) == ""
    assert player.wait_s(50.0) is None
    assert player.press("right", 50.0) == "b"
    assert player.place_s(51.0) == pytest.approx(6.5)
    assert player.press("left", 51.0).endswith("a")
    player.press("space", 51.0)
    player.press("plus", 51.0)
    assert player.place_s(52.0) == pytest.approx(3.5)
    for _ in range(10):
        player.press("plus", 52.0)
    assert player.speed == max(SPEEDS)
    for _ in range(20):
        player.press("minus", 52.0)
    assert player.speed == min(SPEEDS)
    assert player.press("end", 52.0).endswith("c")
    assert player.press("home", 52.0).endswith("\x1b[2J")
    assert not player.ended
    player.press("q", 53.0)
    assert player.ended


def test_another_size_begins_with_an_empty_screen() -> None:
    resized = SessionFile(
        size=(80, 24),
        events=(SessionEvent(at_s=0.0, text="a"), SessionEvent(at_s=0.1, size=(100, 30))),
    )
    assert Player(resized, now=0.0).due(1.0) == "a\x1b[r\x1b[m\x1b[H\x1b[2J"


def replayed(file: Path, size: tuple[int, int] = (80, 26), terminal: str = "xterm-256color") -> Line:
    environment = {"WORKSHOP_CONSOLE_HOME": str(file.parent / "home"), "WORKSHOP_CONSOLE_LANG": "en"}
    return Line([*CONSOLE, "replay", str(file)], size=size, terminal=terminal, environment=environment)


@pytest.mark.parametrize("terminal", ["xterm-256color", "vt100"])
def test_a_replay_pauses_ends_and_leaves_the_terminal_as_it_was(tmp_path: Path, terminal: str) -> None:
    file = tmp_path / "a.cast"
    text = json.dumps("first\x1b]0;title\x07\x1b[6n\r\n")
    file.write_text(f'{HEADER}\n[0.0, "o", {text}]\n[1.5, "o", "second"]\n', "utf-8")
    with replayed(file, terminal=terminal) as line:
        line.shows("first")
        line.press(b" ")
        line.shows("paused")
        line.press(b"\x1bOC")
        line.shows("second")
        line.press(b"\x1b")
        assert line.until_ended() == 0
        assert line.attributes() == line.before
        assert b"\x1b]" not in line.received
        assert b"6n" not in line.received


def test_another_size_while_it_plays_is_drawn_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    file.write_text(f'{HEADER}\n[0.0, "o", "first"]\n[1000, "o", "second"]\n', "utf-8")
    with replayed(file) as line:
        line.shows("first")
        line.press(b" ")
        line.shows("paused")
        line.resize(90, 30)
        line.press(b"x")
        line.until(lambda: "paused" in line.emulator.text().splitlines()[29])
        assert "first" in line.emulator.text()
        assert line.emulator.text().count("paused") == 1
        line.press(b"q")
        assert line.until_ended() == 0


def test_a_terminal_that_is_too_small_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    file.write_text(f"{HEADER}\n", "utf-8")
    with replayed(file, size=(79, 24)) as line:
        assert line.until_ended() == 1
        assert "WC-113" in line.emulator.text()
        assert line.attributes() == line.before


def test_a_replay_whose_terminal_goes_away_ends(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    file.write_text(f'{HEADER}\n[0.0, "o", "first"]\n', "utf-8")
    with replayed(file) as line:
        line.shows("first")
        line.hang_up()
        line.until_ended()

"""The picture that is shown while Python still imports: on a pty, with the real console."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.terminal.emulator import Emulator, painted_plainly
from tests.terminal.line import Line
from workshop_console.console.terminal import first_picture
from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.first_picture import Picture
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.picture_cells import cells_of_picture, picture_of

CONSOLE = [sys.executable, "-m", "workshop_console.console"]
MARK = "starting …"
_CAN = Capabilities(colours=256, charset="utf-8", repeat=True, erase_characters=True, alternate_screen=True)


def environment(home: Path, **more: str) -> Mapping[str, str]:
    return {
        "WORKSHOP_CONSOLE_HOME": str(home),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
        **more,
    }


def stored(home: Path) -> list[Path]:
    folder = home / "state" / "first-pictures"
    return [file for file in folder.iterdir() if file.suffix != ".new"] if folder.is_dir() else []


def started(line: Line) -> None:
    """Wait until the console itself draws."""
    line.until(lambda: "Product groups" in line.emulator.text() and MARK not in line.emulator.text())


def ended(line: Line) -> None:
    line.press(b"q")
    assert line.until_ended() == 0
    assert line.attributes() == line.before


@pytest.fixture(scope="module")
def primed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose console was started once."""
    home = tmp_path_factory.mktemp("primed")
    with Line(CONSOLE, environment=environment(home)) as line:
        started(line)
        assert MARK.encode() not in line.received
        line.until(lambda: stored(home))
        line.until_quiet()
        ended(line)
    return home


@pytest.fixture
def home(primed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(primed, tmp_path / "home", dirs_exist_ok=True))


def without_picture(home: Path, **more: str) -> Path:
    """Return a copy of the home that has no picture."""
    bare = home.with_name("bare")
    shutil.copytree(home, bare)
    shutil.rmtree(bare / "state" / "first-pictures")
    return bare


def test_the_last_picture_is_shown_first_and_the_console_draws_only_what_differs(home: Path) -> None:
    with Line(CONSOLE, environment=environment(without_picture(home))) as line:
        started(line)
        line.until_quiet()
        expected = line.emulator.seen()
        ended(line)
    with Line(CONSOLE, environment=environment(home)) as line:
        line.shows(MARK)
        picture, count = line.emulator.seen(), line.bytes_received
        assert [row for row, then in zip(picture, expected, strict=True) if row != then] == [picture[21]]
        started(line)
        line.until_quiet()
        assert line.emulator.seen() == expected
        assert line.bytes_received - count < 120
        ended(line)
        assert line.received.count(b"\x1b[?1049h") == line.received.count(b"\x1b[?1049l") == 1


def test_a_key_that_is_typed_meanwhile_is_obeyed(home: Path) -> None:
    with Line(CONSOLE, environment=environment(home)) as line:
        line.shows(MARK)
        line.press(b"1")
        line.shows("all control units at once")


def test_q_typed_at_once_ends_the_console(home: Path) -> None:
    with Line(CONSOLE, environment=environment(home)) as line:
        line.shows(MARK)
        ended(line)


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)], ids=["ctrl+c", "term"]
)
def test_an_end_before_the_console_is_there_leaves_the_terminal_as_it_was(
    home: Path, sent: signal.Signals, code: int
) -> None:
    with Line(CONSOLE, environment=environment(home)) as line:
        line.shows(MARK)
        if sent is signal.SIGINT:
            line.press(b"\x03")
        else:
            os.kill(line.pid, sent)
        # 0: the test was held up, the console was there, and Ctrl+C was its key that leaves.
        assert line.until_ended() in ((code, 0) if sent is signal.SIGINT else (code,))
        assert line.attributes() == line.before
        assert b"\x1b[?1049l" in line.received
        assert b"\x1b[?25h" in line.received
        assert b"Traceback" not in line.received


def test_an_error_before_the_console_is_there_is_told_on_the_screen_under_the_picture(home: Path) -> None:
    broken = (
        "import workshop_console.console.app as a\ndef run(w): raise RuntimeError('early')\na.run = run\n"
    )
    program = (
        f"import sys\n{broken}from workshop_console.console.start import main\nsys.argv[1:] = []\nmain()"
    )
    with Line([sys.executable, "-c", program], environment=environment(home)) as line:
        assert line.until_ended() != 0
        assert line.attributes() == line.before
        assert MARK.encode() in line.received
        assert b"WC-100" in line.received.rpartition(b"\x1b[?1049l")[2]


def test_another_size_terminal_or_language_shows_no_picture_of_this_one(home: Path) -> None:
    def first_shown(size: tuple[int, int] = (80, 24), terminal: str = "xterm-256color", **more: str) -> bool:
        with Line(CONSOLE, size=size, terminal=terminal, environment=environment(home, **more)) as line:
            line.until(lambda: line.emulator.text().strip())
            return MARK in line.emulator.text()

    assert first_shown()
    assert not first_shown(size=(100, 30))
    assert not first_shown(terminal="vt100")
    assert not first_shown(WORKSHOP_CONSOLE_LANG="de")
    assert not first_shown(NO_COLOR="1")
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text('edition = "pass-thru"\n')
    assert not first_shown()


def test_a_terminal_that_is_resized_meanwhile_is_drawn_anew(home: Path) -> None:
    with Line(CONSOLE, environment=environment(home)) as line:
        line.shows(MARK)
        line.resize(90, 26)
        started(line)
        line.until_quiet()
        expected = line.emulator.text()
    with Line(CONSOLE, size=(90, 26), environment=environment(without_picture(home))) as line:
        started(line)
        line.until_quiet()
        assert line.emulator.text() == expected


@pytest.mark.parametrize("damage", ["cut", "turned", "empty", "long", "folder"])
def test_a_damaged_picture_is_dropped(home: Path, damage: str) -> None:
    (file,) = stored(home)
    data = file.read_bytes()
    file.unlink()
    match damage:
        case "cut":
            file.write_bytes(data[:-7])
        case "turned":
            file.write_bytes(data[:-7] + bytes((data[-7] ^ 1,)) + data[-6:])
        case "empty":
            file.write_bytes(b"")
        case "long":
            file.write_bytes(data + bytes(100_000))
        case "folder":
            file.mkdir()
    with Line(CONSOLE, environment=environment(home)) as line:
        started(line)
        assert MARK.encode() not in line.received
        line.until_quiet()
        ended(line)


def test_two_consoles_at_once_both_show_it(home: Path) -> None:
    with (
        Line(CONSOLE, environment=environment(home)) as one,
        Line(CONSOLE, environment=environment(home)) as other,
    ):
        for line in (one, other):
            line.shows(MARK)
        for line in (one, other):
            started(line)
            line.until_quiet()
            ended(line)
    (file,) = stored(home)
    assert Picture.unpacked(file.read_bytes()) is not None


def test_a_language_chosen_on_the_screen_is_that_of_the_next_start_from_its_first_picture(home: Path) -> None:
    mine = {**environment(home), "WORKSHOP_CONSOLE_LANG": "", "LANG": "en_US.UTF-8"}
    with Line(CONSOLE, environment=mine) as line:
        started(line)
        line.until(lambda: len(stored(home)) == 2)  # of another environment, and of this one
        line.press(b"l", b"4")
        line.until(lambda: len(stored(home)) == 3)
        ended(line)
    with Line(CONSOLE, environment=mine) as line:
        line.until(lambda: "Gruppi di prodotti" in line.emulator.text())
        assert "Immagine" in line.emulator.text()
        line.until(lambda: "Immagine" not in line.emulator.text())
        assert "Gruppi di prodotti" in line.emulator.text()
        ended(line)


def test_textuals_own_driver_shows_and_keeps_none(home: Path) -> None:
    plain = environment(home, WORKSHOP_CONSOLE_DRIVER="plain")
    (before,) = stored(home)
    with Line(CONSOLE, environment=plain) as line:
        started(line)
        line.until_quiet()
        assert MARK.encode() not in line.received
    assert stored(home) == [before]


def _picture(text: str = "Wagen ─ 车 é") -> tuple[Grid, Picture]:
    grid = Grid(40, 6, _CAN)
    grid.read(f"\x1b[2;3H\x1b[1;38;5;9;44m{text}\x1b[4;1H\x1b[0;4munder  lined\x1b[6;39Hab")
    return grid, picture_of(grid, _CAN, 4, "a mark")


def test_what_is_kept_paints_what_it_says_it_shows() -> None:
    _grid, picture = _picture()
    again = Picture.unpacked(picture.packed())
    assert again is not None
    cells = cells_of_picture(again, 40, 6, _CAN)
    emulator = Emulator(40, 6)
    emulator.feed(b"what was there before\x1b[31m")
    emulator.feed(again.painting)
    assert emulator.seen() == painted_plainly(cells)
    assert "".join(cells.texts[4]).startswith("a mark ")


@pytest.mark.parametrize(
    "sequence",
    [b"\x1b]0;title\x07", b"\x1b[5i", b"\x1b[?1003h", b"\x1bc", b"\xc2\x9b5i", b"\x9b5i", b"\x07", b"\x1b["],
)
def test_other_control_codes_than_ours_are_never_shown(sequence: bytes) -> None:
    _grid, picture = _picture()
    assert Picture.unpacked(picture.packed()) is not None
    assert Picture.unpacked(Picture(picture.painting + sequence, b"", "").packed()) is None
    assert Picture.unpacked(Picture(b"", picture.leaving + sequence, "").packed()) is None


def test_where_nothing_can_be_written_there_is_silently_no_picture(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    _grid, picture = _picture()
    (own_home / "state").mkdir(parents=True)
    (own_home / "state" / "first-pictures").write_text("in the way")
    assert not first_picture.keep(picture, 40, 6)
    (own_home / "state" / "first-pictures").unlink()
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda _descriptor, data: len(data) // 2)
        assert not first_picture.keep(picture, 40, 6)
    assert list((own_home / "state" / "first-pictures").iterdir()) == []
    assert first_picture.is_missing(40, 6)
    assert first_picture.keep(picture, 40, 6)
    assert not first_picture.is_missing(40, 6)
    monkeypatch.setenv("TERM", "../../evil")
    assert not first_picture.keep(picture, 40, 6)


def test_pictures_of_many_sizes_do_not_pile_up(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    _grid, picture = _picture()
    for columns in range(80, 140):
        assert first_picture.keep(picture, columns, 24)
    assert len(list((own_home / "state" / "first-pictures").iterdir())) <= 24
    assert not first_picture.is_missing(139, 24)


def test_a_picture_that_others_can_write_is_not_shown(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    _grid, picture = _picture()
    assert first_picture.keep(picture, 40, 6)
    next((own_home / "state" / "first-pictures").iterdir()).chmod(0o666)
    assert first_picture.is_missing(40, 6)


def test_enter_is_not_changed_on_its_way() -> None:
    master, slave = os.openpty()
    try:
        first_picture._take_keys(slave)
        os.write(master, b"\r\x11\x16")
        assert os.read(slave, 10) == b"\r\x11\x16"
        attributes = termios.tcgetattr(slave)
        assert attributes[3] & termios.ISIG
        assert not attributes[3] & (termios.ECHO | termios.ICANON)
    finally:
        os.close(master)
        os.close(slave)

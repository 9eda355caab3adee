"""The key table on terminals with function keys and on those without, with the real console on a pty."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.terminal.line import Line

CONSOLE = [sys.executable, "-m", "workshop_console.console"]
TITLES = {
    "help": "Help: Product groups",
    "messages": "2173-39",
    "language": "Deutsch",
    "vehicle": "Vehicle and VCI",
    "palette": "All actions",
}
PLAIN = {"help": b"?", "messages": b"m", "language": b"l", "vehicle": b"v", "palette": b"\x10"}
FUNCTION_KEYS = {"help": "kf1", "messages": "kf4", "language": "kf8", "vehicle": "kf9"}


def sequence(terminal: str, name: str) -> bytes:
    """Return what a key of `terminal` sends, as terminfo knows it; nothing when it has no such key."""
    found = subprocess.run(["tput", f"-T{terminal}", name], capture_output=True, check=False).stdout
    return found if found.startswith(b"\x1b") else b""


_SOAK = pytest.mark.soak


@pytest.mark.parametrize(
    "terminal",
    ["vt100", "xterm-256color", pytest.param("linux", marks=_SOAK), pytest.param("screen", marks=_SOAK)],
)
def test_every_screen_is_reached_with_and_without_function_keys(tmp_path: Path, terminal: str) -> None:
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(tmp_path),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
    }
    back = [b"\x1b", sequence(terminal, "kf3") or b"\x1bOR"]
    pressed = 0
    with Line(CONSOLE, terminal=terminal, environment=environment) as line:
        line.shows("Packet until")
        for command, title in TITLES.items():
            keys = [PLAIN[command]]
            if command in FUNCTION_KEYS and (key := sequence(terminal, FUNCTION_KEYS[command])):
                keys.append(key)
            for key in keys:
                line.press(key)
                line.shows(title)
                line.press(back[pressed % 2])
                line.until(lambda title=title: title not in line.emulator.text())  # type: ignore[misc]
                pressed += 1
        line.press(b"q")
        assert line.until_ended() == 0
    assert pressed >= (6 if terminal == "vt100" else 9)


@pytest.mark.soak  # in real time: a machine that stands still makes the line slower than it is
def test_a_function_key_cut_by_a_slow_line_leads_nowhere_else(tmp_path: Path) -> None:
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(tmp_path),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
    }
    with Line(CONSOLE, environment=environment, delay_s=0.15, bytes_per_second=2400) as line:
        line.shows("Packet until")
        line.press(b"m")
        line.shows("2173-39")
        line.until_quiet(0.5)  # the round trip is known from here on
        down = b"\x1b[B"
        at = line.emulator.text().index(">", line.emulator.text().index("Message "))
        for byte in down:
            line.press(bytes([byte]))
            pressed_at = time.monotonic()
            while time.monotonic() < pressed_at + 0.07:  # more than is waited on a quick line
                line.turn(0.01)
        line.until(lambda: line.emulator.text()[at] != ">")
        assert "2173-39" in line.emulator.text()


def test_the_users_own_keys_stand_in_footer_and_help(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "config.toml").write_text('[keys]\nmessages = ["F12", "x"]\nquit = "y"\n', "utf-8")
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(tmp_path),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
    }
    with Line(CONSOLE, environment=environment) as line:
        line.shows("WC-102")
        line.shows("F12 Messages")
        line.press(b"x")
        line.shows("2173-42")
        line.press(b"\x1b")
        line.press(b"\x1b[24~")
        line.shows("2173-42")
        line.press(b"q")
        assert line.until_ended() == 0


@pytest.mark.parametrize("driver", ["thin", "plain"])
def test_no_color_starts_the_console_without_colours(tmp_path: Path, driver: str) -> None:
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(tmp_path),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
        "WORKSHOP_CONSOLE_DRIVER": driver,
        "NO_COLOR": "1",
    }
    with Line(CONSOLE, environment=environment) as line:
        line.shows("Packet until")
        line.press(b"d")
        line.until_quiet()
        assert {(cell.ink, cell.paper) for row in line.emulator.seen() for cell in row} <= {
            ("default", "default"),
            ("", "default"),
        }
        line.press(b"q")
        assert line.until_ended() == 0

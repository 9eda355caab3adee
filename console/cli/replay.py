"""`replay`: looks again at a recorded session."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.errors import ConsoleError
from workshop_console.console.terminal.playing import Player
from workshop_console.console.terminal.session_file import read_session
from workshop_console.i18n.texts import _


def replay_command(file: str, *, speed: float, idle: float) -> ExitCode:
    """Play the session in `file`.

    Raises ConsoleError WC-103 without a terminal (and on Windows), WC-108 and WC-112 for the file, WC-113 for
    a terminal that is too small.
    """
    session = read_session(Path(file))
    if sys.platform == "win32" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConsoleError("WC-103", detail="replay: stdin, stdout")
    from workshop_console.console.terminal.replay import replay

    replay(session, speed=speed, longest_pause_s=idle, status=status_text)
    return ExitCode.DONE


def status_text(player: Player) -> str:
    """Return how far it is and what the keys do."""
    keys = _("Space pause, Left Right 5 s, + - speed, Q end")
    place = f"{_clock(player.place_s(time.monotonic()))} / {_clock(player.length_s)}"
    state = f"x{player.speed:g}" if player.playing else _("paused")
    return f" {place}  {state}  {keys}"


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes}:{second:02}"

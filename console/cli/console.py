"""Starts the full-screen console."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.terminal.choice import choose_looks

if TYPE_CHECKING:
    from workshop_console.console.terminal.session_file import SessionRecorder


def run_console(session: Session, asciicast: str | None = None) -> ExitCode:
    """Run the console until the mechanic quits, and record it where `asciicast` names a file.

    Raises ConsoleError WC-103 without a terminal, WC-107 when the file cannot be made, WC-114 on a console
    of Windows that draws nothing.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConsoleError("WC-103", detail="run: stdin, stdout")
    if sys.platform == "win32":
        from workshop_console.console.terminal.windows import this_console

        if not this_console(os.environ).draws:
            raise ConsoleError("WC-114", detail="ENABLE_VIRTUAL_TERMINAL_PROCESSING")
    choose_looks()
    from workshop_console.console.app import run

    recorder = _recorder(asciicast) if asciicast is not None else None
    try:
        run(session.workshop, recorder)
    finally:
        if recorder is not None:
            recorder.close()
    return ExitCode.DONE


def _recorder(asciicast: str) -> SessionRecorder:
    from workshop_console.console.terminal.first_picture import terminal_size
    from workshop_console.console.terminal.session_file import SessionRecorder

    columns, rows = terminal_size(sys.stdout.fileno())
    terminal = os.environ.get("TERM", "")
    return SessionRecorder(Path(asciicast), columns, rows, title="Workshop Console", terminal=terminal)

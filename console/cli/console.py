"""Starts the full-screen console."""

from __future__ import annotations

import sys

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError


def run_console(session: Session) -> ExitCode:
    """Run the console until the mechanic quits. Raises ConsoleError WC-103 without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConsoleError("WC-103", detail="run: stdin, stdout")
    from workshop_console.console.app import run

    run(session.workshop)
    return ExitCode.DONE

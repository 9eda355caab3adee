"""Starts the full-screen console."""

from __future__ import annotations

import sys

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError


def run_console(session: Session | None = None) -> int:
    """Run the console until the mechanic quits, and return the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if session is None:
            from workshop_console.console.cli.invoke import invoke

            return invoke(["run"])
        raise ConsoleError("WC-103", detail="run: no terminal")
    session = session or Session()
    from workshop_console.console.app import run

    try:
        run(session.workshop)
    finally:
        session.close()
    return ExitCode.DONE

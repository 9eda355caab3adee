"""The command line: the console, and every function without a screen.

This file imports next to nothing, so that the console and `--help` start fast.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main() -> None:
    """Run the program with the arguments of the process, and end it with the exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    0 done; 1 done, with failures that the output names; 2 wrong use; 3 no connection to the vehicle;
    4 refused; 5 the access server; 130 interrupted.
    """
    if not arguments or list(arguments) == ["run"]:
        # The console itself, without the command line's library: its first frame is waited for. Searching
        # for garbage while everything is being imported finds none and takes a twentieth of the start; the
        # app switches it on again behind its first frame.
        gc.disable()
        from workshop_console.console.cli.console import run_console
        from workshop_console.console.cli.invoke import guarded

        return guarded(run_console)
    from workshop_console.console.cli.invoke import invoke

    return invoke(list(arguments))

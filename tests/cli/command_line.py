"""Runs the command line in this process, and vehicles beside it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from workshop_console.console.cli import run


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def numbers(self) -> list[str]:
        """Numbers of the document's messages."""
        return [message["number"] for message in self.document["messages"]]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    """Run the program with these arguments."""
    capsys.readouterr()
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return Ran(code, out, err)


PROGRAM = (sys.executable, "-P", "-m", "workshop_console.console")


@contextmanager
def simulated(*arguments: str) -> Iterator[dict[str, Any]]:
    """Run `simulate` as a process of its own and give what its ready line says."""
    with subprocess.Popen(
        [*PROGRAM, "simulate", *arguments, "--ready-json", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)

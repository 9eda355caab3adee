"""The console's end of one coding process: starts it, keeps the clock, believes nothing that it says."""

from __future__ import annotations

import json
import os
import queue
import subprocess  # starts this program's own worker, with this interpreter
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.odx.coder.frames import parse_frame, read_frame, write_frame
from workshop_console.console.odx.limits import MEBIBYTE, ImportLimits

_WORKER = "workshop_console.console.odx.coder.worker"
_LONGEST_FACT = 400
_END_S = 2.0
"""Time that a process which was told to end gets before it is not waited for any longer."""


class EndedError(Exception):
    """The process is gone, or was ended because it said nothing usable; the argument says why."""


class CoderProcess:
    """One description, read by a process of its own that ends with this object."""

    def __init__(self, file: Path, sha256: str, limits: ImportLimits, *, request_s: float) -> None:
        """Start the process; the first ask() waits until it has read the file.

        Raises ConsoleError WC-110 when it cannot be started.
        """
        self._limits = limits
        self._request_s = request_s
        self.ready = False
        """Whether the description was read."""
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # -P: a folder called workshop_console in the current directory must not be taken for the program.
        command = [sys.executable, "-P", "-m", _WORKER, str(file), sha256, json.dumps(asdict(limits))]
        try:
            self._process = subprocess.Popen(  # noqa: S603  # no shell; the file's name is one argument
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # A session of its own: Ctrl+C in the terminal is for the console alone.
                start_new_session=os.name == "posix",
                creationflags=_windows_flags(),
            )
        except (OSError, ValueError) as error:
            raise ConsoleError("WC-110", name=_WORKER, detail=clean(error)) from None
        assert self._process.stdin is not None  # noqa: S101  # pipes were asked for
        assert self._process.stdout is not None  # noqa: S101  # as above
        self._input: IO[bytes] = self._process.stdin
        threading.Thread(
            target=self._read, args=(self._process.stdout,), name="pdx-coder", daemon=True
        ).start()

    @property
    def process_id(self) -> int:
        """The system's number of the process."""
        return self._process.pid

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Return the answer to `request`. Raises EndedError, and ConsoleError as the process tells it."""
        if not self.ready:
            self._wait(self._limits.seconds)
            self.ready = True
        try:
            write_frame(self._input, request)
        except (OSError, ValueError):
            raise EndedError(self._why()) from None
        document = self._wait(self._request_s)
        if "answer" not in document:
            self.close()
            raise EndedError("unknown answer")
        return document["answer"]

    def _wait(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        try:
            content = self._answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            self.close()
            if self.ready:
                raise EndedError(f"> {seconds:g} s") from None
            raise ConsoleError("WC-403", file="", seconds=int(seconds)) from None
        if content is None:
            why = self._why()
            if not self.ready and self._used_its_time():
                raise ConsoleError("WC-403", file="", seconds=int(seconds))
            raise EndedError(why)
        try:
            document = parse_frame(content)
        except ValueError:
            self.close()
            raise EndedError("unknown answer") from None
        if "error" in document:
            raise _error(document["error"])
        return document

    def _read(self, source: IO[bytes]) -> None:
        """Hand on each answer, then None."""
        with suppress(OSError, ValueError):
            while (frame := read_frame(source, self._limits.answer_mib * MEBIBYTE)) is not None:
                self._answers.put(frame)
        self._answers.put(None)
        with suppress(OSError):
            source.close()

    def _why(self) -> str:
        """Return how the process ended, having seen to it that it did."""
        self.close()
        return f"exit code {self._process.poll()}"

    def _used_its_time(self) -> bool:
        if sys.platform == "win32":
            return False
        import signal

        return self._process.poll() == -signal.SIGXCPU

    def close(self) -> None:
        """End the process; safe to call twice, and from another thread than the one that asks."""
        with suppress(OSError):
            self._process.kill()
        with suppress(OSError, ValueError):
            self._input.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)


def _error(content: object) -> ConsoleError | EndedError:
    number = content.get("number") if isinstance(content, dict) else None
    facts = content.get("facts") if isinstance(content, dict) else None
    if not isinstance(number, str) or not isinstance(facts, dict):
        return EndedError("unknown answer")
    known = {
        str(key): value if isinstance(value, (int, float)) else clean(value, longest=_LONGEST_FACT)
        for key, value in facts.items()
    }
    return ConsoleError(number, **known)


def _windows_flags() -> int:
    """Return the flags that keep Ctrl+C and a console window away from the process; 0 elsewhere."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0

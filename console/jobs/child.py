"""Runs another command of this program as a process that lives no longer than this one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

_NUMBERED = re.compile(r"(WC-\d{3}|\d{4}-\d{2})\b")
_LONGEST_READY_LINE_BYTES = 64 * 1024
_KEPT_ERROR_LINES = 20
_LONGEST_ERROR_LINE_BYTES = 2_000


class ChildProcess:
    """One child: started at once, waited for when its answer is needed, ended with this process.

    The child gets a pipe as standard input and ends when that closes, which the system does even when this
    process is killed. It prints one line of JSON when it is ready. It is in a session (Windows: a process
    group) of its own, so that Ctrl+C in the terminal reaches only the console.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        program: Sequence[str] = (sys.executable, "-P", "-m", "workshop_console.console"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `program` with `arguments`; `name` is what messages call it.

        Raises ConsoleError WC-110 when the system cannot start it.
        """
        self._name = name
        self._handed_on = False
        self._ready_line = b""
        self._spoke = threading.Event()
        self._errors: deque[str] = deque(maxlen=_KEPT_ERROR_LINES)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program's own command line
                [*program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={
                    **os.environ,
                    **(environment or {}),
                    "PYTHONUNBUFFERED": "1",
                    "PYTHONIOENCODING": "utf-8",
                },
                start_new_session=os.name == "posix",
                creationflags=_windows_flags(),
            )
        except (OSError, ValueError) as error:
            raise ConsoleError("WC-110", name=name, detail=clean(error)) from error
        assert self._process.stdout is not None  # noqa: S101 - pipes were asked for
        assert self._process.stderr is not None  # noqa: S101 - as above
        self._readers = (
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        """The system's number of the process."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """The last lines of its standard error, cleaned."""
        return "\n".join(self._errors)

    def ready(self, timeout_s: float = 20.0) -> dict[str, Any]:
        """Wait for the ready line and return what it says; at once when it came before.

        Raises ConsoleError WC-110 (name, detail) when the process ends, says something else or says nothing
        until `timeout_s`; it is ended then.
        """
        if not self._spoke.wait(timeout_s):
            self.close(grace_s=0.5)
            raise ConsoleError("WC-110", name=self._name, detail=f"> {timeout_s:g} s")
        try:
            said = json.loads(self._ready_line)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict) and self.running:
            return said
        self.close(grace_s=0.5)
        raise ConsoleError("WC-110", name=self._name, detail=self._why())

    def hand_on(self) -> int:
        """Return the handle of its input: whoever holds a copy of it keeps the process running.

        From then on close() only lets go: the process ends with the last one who holds it.
        Raises ConsoleError WC-110 when it was closed.
        """
        if self._process.stdin is None or self._process.stdin.closed:
            raise ConsoleError("WC-110", name=self._name, detail=self._why())
        self._handed_on = True
        return self._process.stdin.fileno()

    def close(self, grace_s: float = 3.0) -> None:
        """End the process: ask by closing its input, then insist; safe to call twice."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        if self._handed_on:
            # Looked at once more, so that nobody is left behind who ended meanwhile.
            self._process.poll()
            return
        end = time.monotonic() + grace_s
        for insist in (None, self._process.terminate, self._process.kill):
            with suppress(OSError):
                if insist is not None:
                    insist()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(0.05, end - time.monotonic()) if insist is None else 1.0)
                break
        for reader in self._readers:
            reader.join(0.5)

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_output(self, stream: IO[bytes]) -> None:
        """Take the first line as the ready line; drain what follows, so that the child never waits for us."""
        with suppress(OSError, ValueError):
            self._ready_line = stream.readline(_LONGEST_READY_LINE_BYTES)
            self._spoke.set()
            while stream.read(_LONGEST_READY_LINE_BYTES):
                pass
        self._spoke.set()
        with suppress(OSError):
            stream.close()

    def _read_errors(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while line := stream.readline(_LONGEST_ERROR_LINE_BYTES):
                if text := line.decode("utf-8", "replace").strip():
                    self._errors.append(clean(text))
        with suppress(OSError):
            stream.close()

    def _why(self) -> str:
        """Return what is known of its end: its numbered message, else its last words, else its exit code."""
        self._readers[1].join(0.5)
        if self._errors:
            return next(filter(_NUMBERED.match, self._errors), self._errors[-1])
        if self._ready_line:
            return clean(self._ready_line.decode("utf-8", "replace").strip(), longest=120)
        return f"exit {self._process.poll()}"


def _windows_flags() -> int:
    """Return the flags that keep Ctrl+C and a console window away from the child; 0 elsewhere."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0

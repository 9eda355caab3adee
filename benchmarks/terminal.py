"""Runs a full-screen program on a pty and says when which picture was complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

from tests.terminal.emulator import Emulator

_QUERIES: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[5n"), b"\x1b[0n"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;2R"),  # as one that does not repeat a blank
    (re.compile(rb"\x1b\[\?(\d+)\$p"), b"\x1b[?%s;0$y"),
)
"""What a terminal answers; a program that waits for an answer must not be measured waiting."""

_UNKNOWN_TO_EMULATOR = re.compile(
    rb"\x1b\[[<>=][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\[\?[0-9;]*[uSs]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)


class Terminal:
    """A program on a pty of its own, and the picture that it painted.

    All times are seconds since the program was started, as seen at the terminal.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._emulator = Emulator(columns, rows)
        self.bytes_painted = 0
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color", **(environment or {})}
        self._started = time.perf_counter()
        self._pid = os.fork()
        if self._pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(slave, descriptor)
            os.closerange(3, 256)
            os.execvpe(command[0], list(command), env)  # a shell would be measured too
        os.close(slave)
        self._master = master
        self._tail = b""
        self._ended = False

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if not ready:
            return False
        try:
            received = os.read(self._master, 65_536)
        except OSError:
            raise RuntimeError("the program ended: " + self.text()) from None
        self.bytes_painted += len(received)
        window = self._tail + received
        for pattern, answer in _QUERIES:
            for match in pattern.finditer(window):
                if match.end() > len(self._tail):
                    os.write(self._master, answer % match.groups() if match.groups() else answer)
        self._tail = window[-16:]
        self._emulator.feed(_UNKNOWN_TO_EMULATOR.sub(b"", received))
        return True

    def text(self) -> str:
        """Return the picture as lines of text."""
        return "\n".join(self._emulator.screen.display)

    def until(self, pattern: str, *, timeout_s: float = 30.0, quiet_s: float = 0.2) -> float:
        """Return when the picture first held `pattern`, or the last byte of that same burst came.

        The burst is over when nothing came for `quiet_s`. Raises TimeoutError.
        """
        wanted = re.compile(pattern, re.DOTALL)
        deadline = time.perf_counter() + timeout_s
        complete_at: float | None = None
        while time.perf_counter() < deadline:
            if self._read(quiet_s):
                if complete_at is None and wanted.search(self.text()):
                    complete_at = time.perf_counter() - self._started
                elif complete_at is not None and wanted.search(self.text()):
                    continue
            elif complete_at is not None or wanted.search(self.text()):
                return complete_at if complete_at is not None else time.perf_counter() - self._started
        raise TimeoutError(f"{pattern!r} did not appear:\n{self.text()}")

    def read_for(self, seconds: float) -> None:
        """Paint what comes for `seconds`."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def press(self, keys: bytes) -> float:
        """Type `keys` and return when."""
        os.write(self._master, keys)
        return time.perf_counter() - self._started

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._pid

    def hang_up(self) -> None:
        """Take the terminal away, as a window that is closed or a broken connection does."""
        master, self._master = self._master, -1
        if master >= 0:
            os.close(master)

    def exit_code(self) -> int:
        """Wait for the program to end by itself, and return its exit code; negative: the signal."""
        _pid, status = os.waitpid(self._pid, 0)
        self._ended = True
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End the program."""
        if not self._ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._ended = True
        self.hang_up()

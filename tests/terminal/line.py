"""A program on a pty, the line to it, and the terminal at the line's end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.terminal.emulator import Emulator

PROGRAM = [sys.executable, str(Path(__file__).parent / "program.py")]
_DEADLINE_S = 15.0


class Line:
    """Bytes go from the program over a buffer, a rate and a delay to an emulator, and keys come back.

    `bytes_per_second` None: as fast as they come. `buffer_bytes`: what the line swallows before the program
    notices that it is slow. `answers`: whether the terminal answers when it is asked.
    """

    def __init__(
        self,
        command: Sequence[str] = PROGRAM,
        *,
        size: tuple[int, int] = (80, 24),
        terminal: str = "xterm-256color",
        environment: Mapping[str, str] | None = None,
        answers: bool = True,
        bytes_per_second: float | None = None,
        buffer_bytes: int = 0,
        delay_s: float = 0.0,
    ) -> None:
        self.emulator = Emulator(*size)
        self.emulator.screen.write_process_input = self._answer  # type: ignore[method-assign] # pyte's way
        self.answers, self.bytes_received, self.received = answers, 0, bytearray()
        self._rate, self._buffer_bytes, self._delay_s = bytes_per_second, buffer_bytes, delay_s
        self._buffer = bytearray()
        self._down: deque[tuple[float, bytes]] = deque()
        self._up: deque[tuple[float, bytes]] = deque()
        self._credit, self._credit_at = 0.0, time.monotonic()
        self.ended: int | None = None
        self.arrived_at = 0.0
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": terminal, **(environment or {})}
        self.master, slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(slave)
        self.slave_name = os.ttyname(slave)
        self.pid = os.fork()
        if self.pid == 0:
            for number in (signal.SIGHUP, signal.SIGTSTP, signal.SIGCONT):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(slave, descriptor)
            os.closerange(3, 256)
            os.execvpe(command[0], list(command), env)
        self._slave = slave  # kept open, so that a program that ends leaves its last bytes to be read
        os.set_blocking(self.master, False)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        if self.ended is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()

    def _answer(self, data: str) -> None:
        if self.answers:
            self._up.append((time.monotonic() + self._delay_s, data.encode()))

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.emulator.resize(columns, rows)

    def press(self, *keys: bytes) -> float:
        """Type, and return when."""
        for key in keys:
            self._up.append((time.monotonic() + self._delay_s, key))
        self.turn(0)
        return time.monotonic()

    def turn(self, timeout_s: float) -> None:
        """Move bytes along once; return after `timeout_s` at the latest."""
        now = time.monotonic()
        while self._up and self._up[0][0] <= now:
            data = self._up[0][1]
            try:
                taken = os.write(self.master, data)
            except BlockingIOError:
                taken = 0
            except OSError:
                taken = len(data)
            if taken < len(data):
                self._up[0] = (now, data[taken:])
                break
            self._up.popleft()
        due = [queue[0][0] - now for queue in (self._up, self._down) if queue]
        wait_s = max(0.0, min([timeout_s, *due]))
        if self._rate is not None:
            self._credit = min(
                self._credit + (now - self._credit_at) * self._rate, max(16.0, self._rate / 50)
            )
            self._credit_at = now
            wait_s = min(wait_s, 0.005)
            room = self._buffer_bytes - len(self._buffer) if self._buffer_bytes else int(self._credit)
        else:
            room = 65_536
        ready = select.select([self.master] if room > 0 else [], [], [], wait_s)[0]
        if ready:
            with contextlib.suppress(OSError):
                self._buffer += os.read(self.master, min(room, 65_536))
        count = len(self._buffer) if self._rate is None else min(int(self._credit), len(self._buffer))
        if count:
            self._credit -= count
            self._down.append((time.monotonic() + self._delay_s, bytes(self._buffer[:count])))
            del self._buffer[:count]
        while self._down and self._down[0][0] <= time.monotonic():
            data = self._down.popleft()[1]
            self.bytes_received += len(data)
            self.received += data
            self.arrived_at = time.monotonic()
            self.emulator.feed(data)

    def until(self, condition: Callable[[], object], timeout_s: float = _DEADLINE_S) -> None:
        """Go on until `condition` holds."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"did not come to be:\n{self.emulator.text()}"
            assert self.running or not condition(), f"the program ended:\n{self.emulator.text()}"
            self.turn(0.05)

    def shows(self, text: str, timeout_s: float = _DEADLINE_S) -> None:
        """Go on until `text` is seen."""
        self.until(lambda: text in self.emulator.text(), timeout_s)

    def until_quiet(self, quiet_s: float = 0.3) -> None:
        """Go on until nothing came for a while and nothing is on the way."""
        self.arrived_at = time.monotonic()
        while self._buffer or self._down or self._up or time.monotonic() - self.arrived_at < quiet_s:
            self.turn(0.02)

    def until_idle(self, idle_s: float = 1.0, timeout_s: float = 240.0) -> None:
        """Go on until the program had nothing to do for a while: no bytes, and no thread that wants to run.

        A program that waits for a busy machine is not idle, so no load makes this come too early or too late.
        """
        end, idle_since, received = time.monotonic() + timeout_s, time.monotonic(), self.bytes_received
        while time.monotonic() - idle_since < idle_s:
            assert time.monotonic() < end, f"never came to rest:\n{self.emulator.text()}"
            assert self.running, f"the program ended:\n{self.emulator.text()}"
            self.turn(0.02)
            moves = self._buffer or self._down or self._up or self.bytes_received != received
            if moves or self._works():
                idle_since, received = time.monotonic(), self.bytes_received

    def _works(self) -> bool:
        """Return whether a thread of the program runs, waits for a processor or for a disk."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # it ended meanwhile
                if (thread / "stat").read_text().rpartition(")")[2].split()[0] in "RD":
                    return True
        return False

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.ended = os.waitstatus_to_exitcode(status)
        return self.ended is None

    def until_ended(self, timeout_s: float = _DEADLINE_S) -> int:
        """Go on until the program ended, and return its exit code."""
        end = time.monotonic() + timeout_s
        while self.running:
            assert time.monotonic() < end, "the program did not end"
            if self.master >= 0:
                self.turn(0.02)
            else:
                select.select([], [], [], 0.01)
        while self.master >= 0 and select.select([self.master], [], [], 0)[0]:
            self.turn(0)
        assert self.ended is not None
        return self.ended

    def hang_up(self) -> None:
        """Take the terminal away."""
        for name in ("_slave", "master"):
            if getattr(self, name) >= 0:
                os.close(getattr(self, name))
                setattr(self, name, -1)

    def attributes(self) -> list[object]:
        """Return how the terminal's device is set."""
        return termios.tcgetattr(self._slave)

    def state(self) -> str:
        """Return the state letter of the process: T when it is stopped."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def memory_bytes(self) -> int:
        """Return the resident memory of the program."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """Return the processor time that the program took."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""The terminal's device: raw mode, size, reading and writing that never wait."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
from contextlib import suppress
from typing import Any

from workshop_console.console.terminal.first_picture import terminal_size

_BITS_A_BYTE = 10
_USUAL_BYTES_PER_SECOND = 3840
"""Where the device knows no speed: that of a pty which nobody set."""
_SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
    if hasattr(termios, f"B{baud}")
}
_READ_BYTES = 4096


class Device:
    """A terminal, opened for us alone: its waiting or not waiting is nobody else's affair.

    The standard streams share one open file with the shell that started us. Reading and writing raise
    EOFError when the terminal is gone.
    """

    def __init__(self, descriptor: int) -> None:
        self._before: list[Any] | None = None
        self._shared = False
        try:
            self.descriptor = os.open(
                os.ttyname(descriptor), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            )
        except OSError:  # the terminal of another user, or of another file system
            self.descriptor = os.dup(descriptor)
            self._shared = os.get_blocking(descriptor)
            os.set_blocking(self.descriptor, False)

    def close(self) -> None:
        """Give it back."""
        if self._shared:
            with suppress(OSError):
                os.set_blocking(self.descriptor, True)
        os.close(self.descriptor)

    def raw(self, before: list[Any] | None = None) -> None:
        """Take each key as it comes and send each byte as it is.

        `before`: how the terminal was found, where this program has changed it already.
        """
        with suppress(termios.error):
            attributes = termios.tcgetattr(self.descriptor)
            if self._before is None:
                self._before = before or list(attributes)
            attributes[0] &= ~(
                termios.IXON
                | termios.IXOFF
                | termios.ICRNL
                | termios.INLCR
                | termios.IGNCR
                | termios.ISTRIP
                | termios.INPCK
                | termios.PARMRK
            )
            attributes[1] &= ~termios.OPOST
            attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
            control = list(attributes[6])
            control[termios.VMIN], control[termios.VTIME] = 1, 0
            attributes[6] = control
            termios.tcsetattr(self.descriptor, termios.TCSANOW, attributes)

    def restore(self) -> None:
        """Set it as it was, and drop what was typed."""
        with suppress(termios.error):
            termios.tcflush(self.descriptor, termios.TCIFLUSH)
            if self._before is not None:
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self._before)

    def size(self) -> tuple[int, int]:
        """Return columns and rows; a serial line knows none."""
        return terminal_size(self.descriptor)

    def bytes_per_second(self) -> float:
        """Return how fast the line is, by its setting."""
        with suppress(termios.error):
            speed = _SPEEDS.get(termios.tcgetattr(self.descriptor)[5])
            if speed:
                return speed / _BITS_A_BYTE
        return float(_USUAL_BYTES_PER_SECOND)

    def read(self) -> bytes:
        """Return what came; empty when nothing did."""
        try:
            data = os.read(self.descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        return data

    def write(self, data: bytes) -> int:
        """Return how many bytes of `data` were taken."""
        try:
            return os.write(self.descriptor, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise EOFError from error

    def write_all(self, data: bytes, timeout_s: float) -> bool:
        """Write `data`, waiting for room at most `timeout_s`; return whether all was taken."""
        end = time.monotonic() + timeout_s
        while data:
            data = data[self.write(data) :]
            left = end - time.monotonic()
            if data and (left <= 0 or not select.select([], [self.descriptor], [], left)[1]):
                return False
        return True

    def read_for(self, timeout_s: float) -> bytes:
        """Return what comes next, at most after `timeout_s`."""
        select.select([self.descriptor], [], [], max(0.0, timeout_s))
        return self.read()


def standard_terminal() -> int | None:
    """Return the descriptor of the terminal that the program was started from; None: there is none."""
    for stream in (sys.__stdin__, sys.__stderr__, sys.__stdout__):
        with suppress(AttributeError, OSError, ValueError):
            if stream is not None and os.isatty(stream.fileno()):
                return stream.fileno()
    return None

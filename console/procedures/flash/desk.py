"""What flashing needs from outside beside the line: time, keys, the payload, and the line once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.security_access import KeyRing


class Payload(Protocol):
    """The bytes of all segments of one unit, one after the other."""

    def read(self, offset: int, size: int) -> bytes | memoryview:
        """Return `size` bytes from `offset`; fewer at the end. Raises OSError."""


@dataclass(frozen=True, kw_only=True)
class FlashDesk:
    """Everything that a run needs beside the line, the plan and the log."""

    key_ring: Callable[[str], KeyRing]
    """Keys for the unit of this short name."""
    fingerprint: bytes
    """What is left in the unit as a trace of who programmed it; see fingerprint()."""
    monotonic: Callable[[], float]
    """Seconds."""
    pause: Callable[[float], None]
    """Let so many seconds pass."""
    reopen: Callable[[], VehicleLink | None]
    """Open the line anew, one try: the old link is closed, None (or ConsoleError): not now."""


def fingerprint(now: datetime, tester: bytes) -> bytes:
    """Return the content of F15A: date of programming (BCD, year month day) and number of the tester."""
    return bytes.fromhex(f"{now:%y%m%d}") + tester[:8]

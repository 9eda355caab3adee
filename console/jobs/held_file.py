"""Files that are held while somebody works: by many at once, or by one alone; they end with the process."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

_PLACES = 64
"""Windows knows no shared hold here: who shares holds one of so many bytes, who is alone holds all."""
_TRY_AGAIN_S = 0.02
_LONGEST_NOTE_BYTES = 4_096


def _take(handle: int, *, alone: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            for place in (0,) if alone else range(_PLACES):
                with suppress(OSError):
                    os.lseek(handle, _LONGEST_NOTE_BYTES + place, os.SEEK_SET)
                    msvcrt.locking(handle, msvcrt.LK_NBLCK, _PLACES if alone else 1)
                    return True
            return False
        import fcntl

        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class HeldFile:
    """A file that is held until release(), or until the last process that has its handle ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    @property
    def handle(self) -> int:
        """For a child that is to go on holding it. Raises ValueError once it was released."""
        if self._handle is None:
            raise ValueError("released")
        return self._handle

    def note(self, text: str) -> None:
        """Write down who holds it alone; only what others are told, so that a full disk hinders nothing."""
        with suppress(OSError):
            os.ftruncate(self.handle, 0)
            os.lseek(self.handle, 0, os.SEEK_SET)
            os.write(self.handle, text.encode("ascii", "replace")[:_LONGEST_NOTE_BYTES])

    def release(self) -> None:
        """Let go here; a child that got the handle still holds it. Safe to call twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(OSError):
                os.close(handle)


def hold(file: Path, *, alone: bool, wait_s: float = 0.0) -> HeldFile | None:
    """Hold `file`, made if it is not there; None when others hold it for longer than `wait_s`.

    Raises OSError when it cannot be made.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait_s
    try:
        while not _take(handle, alone=alone):
            if time.monotonic() >= until:
                os.close(handle)
                return None
            time.sleep(_TRY_AGAIN_S)
    except BaseException:
        os.close(handle)
        raise
    return HeldFile(handle)


def adopt(handle: int) -> HeldFile:
    """Go on holding what a parent held and passed on; it goes no further to our own children."""
    os.set_inheritable(handle, False)
    return HeldFile(handle)


def held_alone(file: Path) -> bool:
    """Return whether somebody holds `file` alone at the moment; nothing is made."""
    try:
        handle = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _take(handle, alone=False)
    finally:
        os.close(handle)


def held(file: Path) -> bool:
    """Return whether anybody holds `file` at the moment, alone or as one of many; nothing is made."""
    try:
        handle = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _take(handle, alone=True)
    finally:
        os.close(handle)


def note_of(file: Path) -> str:
    """Return what its holder wrote down; empty where that cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(_LONGEST_NOTE_BYTES).decode("ascii", "replace")
    except OSError:
        return ""

"""A lock between consoles, held only while a database file is created, migrated or set aside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean


def _take(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def file_lock(file: Path, *, timeout_s: float = 10.0) -> Iterator[None]:
    """Hold the lock that belongs to the database `file`; it ends with the process, whatever happens.

    Raises ConsoleError WC-605 when another program holds it for longer than `timeout_s`, OSError when the
    folder cannot be written.
    """
    handle = os.open(file.with_name(file.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while not _take(handle):
            if time.monotonic() > deadline:
                raise ConsoleError("WC-605", file=clean(file))
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)

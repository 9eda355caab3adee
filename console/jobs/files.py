"""Writes exported files whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean


def write_text(file: Path, text: str) -> Path:
    """Write `text` to `file` through a temporary file beside it, and return the absolute path.

    What is no ordinary file (a device, a pipe) is written into and stays what it is; a link stays a link.

    Raises ConsoleError WC-604 when the disk is full, WC-107 when it cannot be written otherwise; what was
    there before is then untouched.
    """
    return _write(file, lambda: text.encode("utf-8"))


def write_bytes(file: Path, content: bytes) -> Path:
    """Write `content` to `file` as write_text() does; raises as that."""
    return _write(file, lambda: content)


def _write(file: Path, make: Callable[[], bytes]) -> Path:
    file = file.expanduser().absolute()
    temporary = ""
    try:
        content = make()
        if file.exists() and not file.is_file() and not file.is_dir():
            file.write_bytes(content)
            return file
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        place = file.resolve()
        descriptor, temporary = tempfile.mkstemp(prefix=f".{place.name[:40]}.", dir=place.parent)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        _give_usual_rights(temporary)
        Path(temporary).replace(place)
    except (OSError, ValueError) as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ConsoleError("WC-604", file=clean(file)) from None
        detail = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConsoleError("WC-107", file=clean(file), detail=clean(detail)) from None
    return file


def _give_usual_rights(name: str) -> None:
    """mkstemp makes files that only the owner reads; an export is an ordinary file."""
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)


def free_name(folder: Path, what: str, vin: str, when: datetime, suffix: str) -> Path:
    """Return a name in `folder` that tells vehicle and time and is not taken."""
    vehicle = re.sub(r"[^A-Za-z0-9]", "", vin)[:17] or "vehicle"
    stem = f"{what}-{vehicle}-{when.astimezone():%Y%m%d-%H%M%S}"
    candidate = folder / f"{stem}.{suffix}"
    number = 2
    while candidate.exists() and number < 1_000:
        candidate = folder / f"{stem}-{number}.{suffix}"
        number += 1
    return candidate

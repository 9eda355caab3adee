"""The bytes that a job sends: copied into its folder when it is made, so that what was judged is sent."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

if TYPE_CHECKING:
    from workshop_console.console.model.flash import FlashPlan, FlashTarget
    from workshop_console.console.ports import FlashFiles


_SUFFIX = ".payload"


def write_payloads(plan: FlashPlan, folder: Path, files: FlashFiles) -> FlashPlan:
    """Write each payload that is not there yet into `folder`, and return the plan with their names.

    Raises ConsoleError WC-70x when a file is not what was judged any more, WC-604, WC-107.
    """
    return replace(
        plan,
        targets=tuple(_written(target, number, folder, files) for number, target in enumerate(plan.targets)),
    )


def _written(target: FlashTarget, number: int, folder: Path, files: FlashFiles) -> FlashTarget:
    name = target.payload or f"{number}{_SUFFIX}"
    if not target.payload or not (folder / name).is_file():
        files.write_payload(target.file, folder / name)
    return replace(target, payload=name)


def remove_payloads(folder: Path) -> None:
    """Remove the payloads of a job that nobody goes on with; what cannot be removed stays."""
    with suppress(OSError):
        for file in folder.glob(f"*{_SUFFIX}*"):
            file.unlink(missing_ok=True)


class PayloadFile:
    """Reads a payload piece by piece; nothing of it stays in memory.

    Raises ConsoleError WC-754 when it cannot be opened.
    """

    def __init__(self, file: Path) -> None:
        self._guard = threading.Lock()
        try:
            self._stream = file.open("rb", buffering=0)
        except OSError as error:
            raise ConsoleError("WC-754", file=clean(file), detail=clean(error.strerror or error)) from error

    def read(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset`, fewer at the end. Raises OSError."""
        if hasattr(os, "pread"):
            return os.pread(self._stream.fileno(), size, offset)
        with self._guard:
            self._stream.seek(offset)
            return self._stream.read(size)

    def close(self) -> None:
        """Give the file back."""
        self._stream.close()

"""Keeps the PDX files of imported descriptions beside the store: encoding and decoding read them again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean


class DescriptionFiles:
    """A folder with one file for each description, named by its SHA-256."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        """`folder` says where they stand; it is made with the first file, and asked when it is needed."""
        self._folder = folder

    def path(self, sha256: str) -> Path | None:
        """Return the file of a description, or None when it was not kept."""
        file = self._file(sha256)
        return file if file.is_file() else None

    def keep(self, file: Path, sha256: str) -> bool:
        """Copy `file` here and return whether it was not here before.

        Raises ConsoleError WC-604 when the disk is full, WC-107 when it cannot be written, WC-108 when `file`
        cannot be read or is not what it was when it was imported.
        """
        from workshop_console.console.jobs.files import write_bytes

        place = self._file(sha256)
        try:
            if place.is_file() and _sha256(place.read_bytes()) == sha256:
                return False
            content = file.read_bytes()
        except OSError as error:
            raise ConsoleError(
                "WC-108", file=clean(file.name), detail=clean(error.strerror or error)
            ) from None
        if _sha256(content) != sha256:
            raise ConsoleError("WC-108", file=clean(file.name), detail="SHA-256")
        write_bytes(place, content)
        return True

    def forget(self, sha256: str) -> None:
        """Remove the file of a description, if it is here; one that cannot be removed does no harm."""
        with suppress(OSError):
            self._file(sha256).unlink()

    def _file(self, sha256: str) -> Path:
        return self._folder() / f"{sha256}.pdx"


def _sha256(content: bytes) -> str:
    import hashlib  # the first screen is waited for

    return hashlib.sha256(content).hexdigest()

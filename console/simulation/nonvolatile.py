"""What simulated units keep when their supply is gone: one small JSON file for each in a folder.

A file is written beside and put in its place in one go: the simulation may be killed at any moment, and each
unit is afterwards what it was before a change or after it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

_LOG = logging.getLogger(__name__)
_SUFFIX = ".unit.json"
_LONGEST_FILE_BYTES = 1024 * 1024


class NonVolatileFolder:
    """The files of one vehicle's units."""

    def __init__(self, folder: Path) -> None:
        """Make the folder. Raises ConsoleError WC-107 when that is not possible."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(folder, error) from None

    def unit(self, name: str) -> NonVolatileFile:
        """Return where one unit keeps what it must not forget."""
        return NonVolatileFile(self._folder / f"{name}{_SUFFIX}")

    def clear(self) -> None:
        """Let every unit be as delivered. Raises ConsoleError WC-107."""
        for file in self._folder.glob(f"*{_SUFFIX}"):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise _cannot_write(file, error) from None


class NonVolatileFile:
    """Keeps what one unit says it must not forget."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def load(self) -> Mapping[str, Any] | None:
        """Return what was saved last; None: nothing that can be read, the unit is as delivered."""
        try:
            with self._file.open("rb") as stream:
                content = json.loads(stream.read(_LONGEST_FILE_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            _LOG.exception("%s cannot be read: the unit is as delivered", self._file.name)
            return None
        return content if isinstance(content, dict) else None

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep `content` in place of what was there; a disk that takes nothing leaves the old content."""
        beside = self._file.with_suffix(f".{os.getpid()}.new")
        try:
            beside.write_text(json.dumps(content) + "\n", encoding="utf-8")
            beside.replace(self._file)
        except OSError:
            _LOG.exception("%s cannot be written", self._file.name)


def _cannot_write(file: Path, error: OSError) -> ConsoleError:
    return ConsoleError("WC-107", file=clean(file), detail=clean(error.strerror or error))

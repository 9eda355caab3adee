"""Finds the flash files at hand: those that ship, and those in the user's own folder."""

from __future__ import annotations

import os
from pathlib import Path

SHIPPED = Path(__file__).parent.parent.parent / "data" / "flash"
"""Demonstration files for the simulated vehicles."""
FLASH_SUFFIXES = (".hex", ".ihex", ".srec", ".s19", ".s28", ".s37", ".mot", ".bin", ".pdx")
"""How the names of flash files end."""
_MOST_FILES = 500
"""Of one folder: more are no list to choose from."""


def offered_files(own: Path) -> list[Path]:
    """Return the flash files of the user's folder `own`, then the shipped ones, each by name.

    A folder that is not there, or cannot be read, has none.
    """
    return [*_files(own), *_files(SHIPPED)]


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [
                Path(entry.path)
                for _count, entry in zip(range(_MOST_FILES), entries, strict=False)
                if entry.name.lower().endswith(FLASH_SUFFIXES) and entry.is_file()
            ]
    except OSError:
        return []
    return sorted(found)

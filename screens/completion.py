"""Completes file names that are typed."""

from __future__ import annotations

import os
from pathlib import Path

from workshop_console.console.model.clean import clean

_MOST_NAMES = 2_000
"""Entries of one folder that are looked at."""


def complete_path(typed: str, *, suffix: str | tuple[str, ...]) -> tuple[str, list[str]]:
    """Return `typed` completed as far as it is clear, and the names that fit.

    Folders fit, and files that end in `suffix` (or in one of them); names that cannot be typed or shown as
    they are do not.
    """
    if os.sep == "\\":
        typed = typed.replace("\\", "/")
    folder, _slash, start = typed.rpartition("/")
    place = Path(folder + "/" if _slash else ".").expanduser()
    names: list[str] = []
    try:
        with os.scandir(place) as entries:
            for _count, entry in zip(range(_MOST_NAMES), entries, strict=False):
                if not entry.name.startswith(start) or (entry.name.startswith(".") and not start):
                    continue
                if clean(entry.name) != entry.name:
                    continue
                if entry.is_dir():
                    names.append(entry.name + "/")
                elif entry.name.lower().endswith(suffix):
                    names.append(entry.name)
    except OSError:
        return typed, []
    if not names:
        return typed, []
    names.sort()
    # Letter by letter is meant here: what is typed ends within a name.
    first, last = names[0], names[-1]
    size = next(
        (i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    common = first[:size]
    return (f"{folder}{_slash}{common}" if len(common) >= len(start) else typed), names

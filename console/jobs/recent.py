"""Remembers the VCI addresses that were used, for the list to choose from."""

from __future__ import annotations

import json
from contextlib import suppress

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.files import write_text
from workshop_console.console.model.clean import clean
from workshop_console.console.settings import Folders

_MOST = 8
_LARGEST_FILE_BYTES = 64 * 1024
_FILE = "recent-vci.json"


def recent_addresses(folders: Folders) -> tuple[str, ...]:
    """Return the addresses used before, the last one first; none when the file tells nothing usable."""
    file = folders.state / _FILE
    try:
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            return ()
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    return tuple(clean(uri) for uri in found if isinstance(uri, str) and uri)[:_MOST]


def remember_address(folders: Folders, uri: str) -> None:
    """Put `uri` first; a file that cannot be written costs the memory only."""
    kept = [uri, *(other for other in recent_addresses(folders) if other != uri)][:_MOST]
    with suppress(ConsoleError):
        write_text(folders.state / _FILE, json.dumps(kept, indent=1) + "\n")

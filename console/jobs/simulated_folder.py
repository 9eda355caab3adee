"""Who runs the simulated vehicle whose software a folder keeps: one process, which others join."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.held_file import HeldFile, held_alone, hold, note_of
from workshop_console.console.jobs.held_file import held as is_held
from workshop_console.console.model.clean import clean

_LOOK_S = 0.1
_ENDING_S = 5.0
"""Longest that a vehicle which nobody uses takes to be gone."""


class SimulatedFolder:
    """The folder of one vehicle: two vehicles on it would each write what the other one does not know.

    The process that is the vehicle holds it alone, and notes where it listens. Whoever joins holds another
    file as one of many: the vehicle goes on until nobody does.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._vehicle = folder / "vehicle.lock"
        self._users = folder / "users.lock"

    # -- the vehicle -------------------------------------------------------------------------------

    def take(self) -> HeldFile:
        """Be the vehicle; it has no address yet.

        Raises ConsoleError WC-214 (folder, detail) when another process is, WC-107 (file, detail).
        """
        try:
            held = hold(self._vehicle, alone=True, wait_s=0.5)
        except OSError as error:
            raise _cannot_write(self._vehicle, error) from error
        if held is None:
            detail = clean(note_of(self._vehicle) or "-", longest=300)
            raise ConsoleError("WC-214", folder=clean(self._folder), detail=detail)
        held.note("")
        return held

    def until_unused(self, stop: threading.Event) -> HeldFile | None:
        """Wait until nobody uses the vehicle; from then on nobody can. None: `stop` was set meanwhile."""
        while not stop.is_set():
            try:
                last = hold(self._users, alone=True)
            except OSError:
                return None
            if last is not None:
                return last
            stop.wait(_LOOK_S)
        return None

    # -- those who use it --------------------------------------------------------------------------

    @property
    def runs(self) -> bool:
        """Whether a process is the vehicle."""
        return held_alone(self._vehicle)

    @property
    def used(self) -> bool:
        """Whether somebody joined the vehicle."""
        return is_held(self._users)

    def use(self) -> HeldFile:
        """Keep the vehicle going that runs, or one that is started next.

        Raises ConsoleError WC-107 (file, detail), WC-214 when one does not come to its end.
        """
        try:
            held = hold(self._users, alone=False, wait_s=_ENDING_S)
        except OSError as error:
            raise _cannot_write(self._users, error) from error
        if held is None:
            raise ConsoleError("WC-214", folder=clean(self._folder), detail="-")
        return held

    def bound(self, timeout_s: float) -> Mapping[str, Any] | None:
        """Return where the vehicle that runs listens, as it noted; None: none runs (any more).

        Raises ConsoleError WC-214 when it does not say so in time.
        """
        until = time.monotonic() + timeout_s
        seen: Mapping[str, Any] | None = None
        while self.runs:
            found = _note(self._vehicle)
            if found is not None and found == seen:
                return found  # twice the same: not the note of the one before
            if time.monotonic() >= until:
                raise ConsoleError("WC-214", folder=clean(self._folder), detail="-")
            seen = found
            time.sleep(_LOOK_S)
        return None


def _note(file: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(note_of(file))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _cannot_write(file: Path, error: OSError) -> ConsoleError:
    return ConsoleError("WC-107", file=clean(file), detail=clean(error.strerror or error))

"""What a person wants of a function while it runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class Controls:
    """What a person wants while it runs; from any thread. Stopping is the cancellation of the job."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._settings: dict[str, str] | None = None
        self._hold: str = ""
        self.changed = threading.Event()

    def adjust(self, settings: Mapping[str, str]) -> None:
        """Drive with other settings."""
        with self._guard:
            self._settings = dict(settings)
        self.changed.set()

    def freeze(self) -> None:
        """Hold the output as it is now (0x2F, freezeCurrentState)."""
        with self._guard:
            self._hold = "freeze"
        self.changed.set()

    def reset(self) -> None:
        """Set the output to its default (0x2F, resetToDefault)."""
        with self._guard:
            self._hold = "reset"
        self.changed.set()

    def take(self) -> tuple[dict[str, str] | None, str]:
        """Return what was wished since the last call."""
        with self._guard:
            wished = self._settings, self._hold
            self._settings, self._hold = None, ""
            self.changed.clear()
        return wished

"""Lets a person end a procedure early, and lets a procedure say when not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancellation:
    """A request to end a procedure; made from any thread, noticed by the procedure where it yields.

    Inside `locked()` (clearing, and whatever else must not stop half way) a request waits for the end of
    the section.
    """

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._requested = False
        self._noticed = False
        self._locks = 0
        self._wake: Callable[[], None] | None = None

    @property
    def requested(self) -> bool:
        """Whether the procedure should end now."""
        with self._guard:
            now = self._requested and not self._locks
            self._noticed = self._noticed or now
            return now

    @property
    def noticed(self) -> bool:
        """Whether the procedure was told to end; a request after its last look changed nothing."""
        with self._guard:
            return self._noticed

    @property
    def asking(self) -> bool:
        """Whether units are being asked; before that there is nothing to keep."""
        with self._guard:
            return self._wake is not None or self._locks > 0

    def request(self) -> None:
        """Ask the procedure to end; what it waits for ends at once unless the section is locked."""
        with self._guard:
            self._requested = True
            wake = None if self._locks else self._wake
        if wake is not None:
            wake()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call `wake` (such as VehicleLink.cancel) when the request comes while the block runs."""
        with self._guard:
            before, self._wake = self._wake, wake
        try:
            yield
        finally:
            with self._guard:
                self._wake = before

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold requests back while the block runs."""
        with self._guard:
            self._locks += 1
        try:
            yield
        finally:
            with self._guard:
                self._locks -= 1

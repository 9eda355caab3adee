"""A clock that never goes back, so that setting the computer's clock back gives no credit."""

from __future__ import annotations

import time
from collections.abc import Callable


class ForwardClock:
    """Tells the time in whole seconds since 1970, UTC, never less than it told before.

    While the process runs, time passes at least as the monotonic clock does, whatever is done to the wall
    clock. Across starts the caller keeps the floor and hands it to now().
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._anchor_told = wall()
        self._anchor_ticks = monotonic()

    def now(self, floor: int = 0) -> int:
        """Return the time, at least `floor`; from a floor in the future on, time passes from there."""
        ticks = self._monotonic()
        told = max(self._wall(), self._anchor_told + (ticks - self._anchor_ticks), float(floor))
        self._anchor_told, self._anchor_ticks = told, ticks
        return int(told)

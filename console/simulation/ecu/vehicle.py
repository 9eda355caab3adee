"""What the control units of one vehicle have in common while they run."""

from __future__ import annotations

from collections.abc import Callable


class VehicleState:
    """Whether the engine runs; routines of one unit change it, values of all follow it."""

    def __init__(self, *, engine_runs: bool = True) -> None:
        self.engine_runs = engine_runs
        self.before_change: list[Callable[[], None]] = []
        """Called before a change, for values that settle slowly."""

    def switch_engine(self, *, on: bool) -> None:
        """Start or stop the engine; it stays so whatever happens to sessions."""
        for callback in self.before_change:
            callback()
        self.engine_runs = on

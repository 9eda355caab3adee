"""Keeps what is known of actual values while they are read: the newest of each, and how they went."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from workshop_console.console.model.lean import dataclass

if TYPE_CHECKING:  # names in annotations only: the first screen does not wait for them
    from workshop_console.console.jobs.actual_values import Watch
    from workshop_console.console.model.values import ValueName, ValueReading

KEPT_S = 300.0
"""How far back a chart can show."""
_LONGEST = 1_500
"""Points of one value that are kept at most."""

Point = tuple[float, float]
"""Time on the clock of the readings in seconds, and the number read."""


@dataclass(kw_only=True)
class SeenValues:
    """The actual values of one watch, or of a recording that is played back."""

    units: tuple[str, ...] = ()
    """What the offered values were asked for: names or addresses of control units."""
    offered: tuple[ValueReading, ...] | None = None
    """None: not known yet."""
    rows: dict[ValueName, ValueReading] = field(default_factory=dict)
    """The newest reading of each value."""
    at: float = 0.0
    """Time of the newest picture."""
    pictures: int = 0
    history: dict[ValueName, deque[Point]] = field(default_factory=dict)
    watch: Watch | None = None
    """What the screen that is open wants to be read."""

    def begin(self, units: Sequence[str]) -> None:
        """Ask anew, for these control units."""
        self.units, self.offered = tuple(units), None
        self.rows, self.history = {}, {}
        self.at, self.pictures = 0.0, 0

    def take(self, values: Iterable[ValueReading], at: float) -> None:
        """Take a picture over."""
        self.at = at
        self.pictures += 1
        for row in values:
            self.rows[row.name] = row
            if row.number is None or not row.samples or row.problem is not None:
                continue
            points = self.history.setdefault(row.name, deque(maxlen=_LONGEST))
            if not points or points[-1][0] < row.at:
                points.append((row.at, row.number))
            while points[0][0] < at - KEPT_S:
                points.popleft()

    def levels(self, name: ValueName, count: int, *, each_s: float) -> list[float | None]:
        """Return the mean of each of the last `count` spans of `each_s`, the newest last; None: nothing read.

        The spans lie on a fixed grid of the clock, so that the newest one alone changes within a span.
        """
        newest = int(self.at // each_s)
        sums: list[tuple[float, int]] = [(0.0, 0)] * count
        for at, number in reversed(self.history.get(name, ())):
            index = count - 1 - (newest - int(at // each_s))
            if index < 0:
                break
            if index < count:
                total, points = sums[index]
                sums[index] = (total + number, points + 1)
        return [total / points if points else None for total, points in sums]

"""Actual values as read: what a row of the screen and of a recording says."""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.message import RaisedMessage


@dataclass(frozen=True, kw_only=True)
class ValueName:
    """Names one actual value of the vehicle."""

    unit: str
    """SHORT-NAME of the control unit, or its address where nobody describes it."""
    address: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ValueReading:
    """One actual value at one time."""

    name: ValueName
    label: str
    unit_label: str
    """What the control unit is called."""
    kind: ParameterKind
    unit: str = ""
    """Unit of measure."""
    text: str = ""
    """As decoded: a dot, no grouping; empty: not read yet, or it cannot be."""
    number: float | None = None
    raw: bytes = b""
    at: float = 0.0
    """When it was read, on the clock of the job, seconds."""
    low: float | None = None
    high: float | None = None
    """Expected range, where described."""
    least: float | None = None
    greatest: float | None = None
    """Since the start or the last reset, over every answer."""
    digits: int | None = None
    samples: int = 0
    """Answers so far."""
    problem: RaisedMessage | None = None
    """Why there is no value (any more)."""

    @property
    def outside(self) -> bool:
        """Whether it lies outside its expected range."""
        if self.number is None:
            return False
        return (self.low is not None and self.number < self.low) or (
            self.high is not None and self.number > self.high
        )

"""What simulated parts need of time: a monotonic clock and calls at later times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Timer:
    """A call that waits for its time; it can be cancelled until then."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the call; harmless when it already happened."""
        self.callback = None


class Scheduler(Protocol):
    """The event loop in the program, a hand-driven clock in tests."""

    def now(self) -> float:
        """Return seconds on a monotonic clock."""

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` when the clock reaches `due`."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in `delay_s` seconds."""

"""Screens that follow flash jobs: they read the journal a few times a second, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from textual.timer import Timer

from workshop_console.console.errors import ConsoleError
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.moving import ResultT

READ_EVERY_S = 0.3
"""How often a running job is read."""
LOOK_EVERY_S = 2.0
"""How often is looked whether an ended job was taken up again, or another one began."""

T = TypeVar("T")


class FollowingScreen(ConsoleScreen[ResultT]):
    """Reads beside the screen, one reading at a time, while it is in sight."""

    _reading = False
    _next_reading: Timer | None = None
    trouble: ConsoleError | None = None
    """Why the last reading failed; the next one may do better."""

    def look(self) -> object:
        """Return what was read; called in a thread of its own."""
        return None

    def seen(self, result: Any) -> None:
        """Take what was read; drawn afterwards."""

    @property
    def hurries(self) -> bool:
        """Whether something runs that is read often."""
        return False

    def begin(self) -> None:
        """Read for the first time."""
        self.read_now()

    def prepare(self) -> None:
        """Read at once when the screen comes up again."""
        if self._next_reading is not None:
            self.read_now()

    def read_now(self) -> None:
        """Read, unless that is under way, and come back to it while the screen is in sight."""
        if self._reading or not self.is_attached:
            return
        self._reading = True

        def work() -> tuple[object, ConsoleError | None]:
            try:
                return self.look(), None
            except ConsoleError as error:  # told on the screen: a box every second would be too much
                return None, error

        self.console.in_background(work, self._taken)

    def _taken(self, found: tuple[object, ConsoleError | None]) -> None:
        self._reading = False
        if not self.is_attached:
            return
        result, self.trouble = found
        if self.trouble is None:
            self.seen(result)
        self.redraw()
        if not self._suspended:
            if self._next_reading is not None:
                self._next_reading.stop()
            self._next_reading = self.set_timer(READ_EVERY_S if self.hurries else LOOK_EVERY_S, self.read_now)

    def after(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do `work` beside the screen, then `done` and another reading."""

        def ended(result: T) -> None:
            done(result)
            self.read_now()

        self.console.in_background(work, ended)

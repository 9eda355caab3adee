"""The line below a list tells about the row that the cursor rests on, not about each that it passes."""

from __future__ import annotations

from textual.timer import Timer

from workshop_console.screens.base import ConsoleScreen

_REST_S = 0.5
"""After so long the cursor rests on a row, and the line below tells about it."""


class RestingScreen(ConsoleScreen[None]):
    """A screen whose message line tells about the current row."""

    _resting: Timer | None = None
    """Runs while the cursor moves from row to row."""

    @property
    def rests(self) -> bool:
        """Whether the cursor stays where it is."""
        return self._resting is None

    def prepare(self) -> None:
        """Let the rows come first: the line below tells about the current one afterwards."""
        self._tell_later()

    def on_table_moved(self) -> None:
        """Leave the line below empty while the cursor moves: it costs five times as much as the marker."""
        self._tell_later()

    def _tell_later(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._rest)

    def _rest(self) -> None:
        """Tell about the row that the cursor stays on."""
        self._resting = None
        self.redraw_frame()

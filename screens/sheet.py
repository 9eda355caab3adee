"""A screen that leaves the upper part of the one below in sight: it comes and goes for half the bytes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from workshop_console.screens.moving import ResultT
from workshop_console.screens.over import OverScreen
from workshop_console.screens.uncovered import rows_to_cover
from workshop_console.widgets.keybar import KeyBar
from workshop_console.widgets.line import MessageLine, TitleLine
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import TextPage

_UNCOVERED = 3
"""Rows that are in sight above every sheet: header and title."""
FRAME_ROWS = 1 + 1 + 2
"""Title, message line and keys."""


class Sheet(OverScreen[ResultT]):
    """As high as what it shows needs, and at most `share` of the terminal; the header is that below.

    The header and the title of the screen below are never covered.
    """

    DEFAULT_CSS = """
    Sheet { align: left bottom; }
    Sheet > #sheet { width: 100%; background: ansi_default; }
    """

    share: ClassVar[float] = 0.5
    """Of the terminal's rows."""
    least_rows: ClassVar[int] = 0
    """So many it may take, whatever it takes to show again what they cover."""

    _height = 0
    _whole = False
    """Whether everything is wanted in sight."""
    _fitted_to: tuple[int, int] | None = None
    _given_back = 0
    """So many rows are shown again for few enough bytes."""

    @property
    def needs_all(self) -> bool:
        """Whether everything must be in sight now, whatever it takes: work on the vehicle was begun."""
        return False

    def compose(self) -> ComposeResult:
        """Put the sheet together."""
        with Vertical(id="sheet"):
            yield TitleLine()
            yield from self.body()
            yield MessageLine()
            yield KeyBar()

    def redraw_frame(self) -> None:
        """Draw title, message line and keys, and grow when there is more to show: a line to type in, too."""
        super().redraw_frame()
        if self.is_attached and self.query(KeyBar):
            self._fit()

    def most_rows(self, rows: int) -> int:
        """Return how many of the terminal's rows the sheet takes at most, until everything is wanted."""
        return round(rows * self.share)

    def do_page_down(self) -> None:
        """One page down; a sheet that does not show everything takes all the rows that it may first."""
        part, rows = self.part, self._height
        if isinstance(part, Table):
            more = len(part.in_sight) < len(part.rows)
        else:
            more = part is not None and bool(part.position)
        if more and not self._whole:
            self._whole = True
            self._fit()
            if self._height > rows and isinstance(part, TextPage):
                return  # what is read next is in sight now
        super().do_page_down()

    def rows_wanted(self) -> int:
        """Return the rows that show everything."""
        wanted = FRAME_ROWS
        for part in self.parts:
            rows = 1
            if isinstance(part, Table):
                rows = part.rows_wanted
            elif isinstance(part, TextPage):
                rows = part.rows_wanted(self.app.size.width)
            if (most := part.styles.max_height) is not None:
                rows = min(rows, round(most.value))
            wanted += rows + part.styles.margin.height
        return wanted

    def status_text(self) -> str:
        """Say what the screen below says of how things stand: the line stays as it is."""
        return super().status_text() or (self.below[-1].status_text() if self.below else "")

    def room(self) -> int:
        """Return how many rows the sheet may take now."""
        size = self.app.size
        if self._fitted_to != size:
            self._fitted_to, self._height = size, 0
            self._given_back = rows_to_cover(self.below, size, self.query_one(MessageLine).text)
        most = size.height - _UNCOVERED
        if self._whole or self.needs_all:
            return most
        return min(most, self.most_rows(size.height), max(self.least_rows, self._given_back))

    def _fit(self) -> None:
        room = self.room()
        # It does not shrink: what a filter leaves out would uncover rows again and again.
        rows = max(self._height, min(self.rows_wanted(), room))
        if rows != self._height:
            self._height = rows
            self.query_one("#sheet", Vertical).styles.height = rows


class TextSheet(Sheet[ResultT]):
    """A sheet with a text to read, which gets more room."""

    share = 0.67


class ListSheet(Sheet[None]):
    """A sheet with a list to choose from, which gets as much room as it can be drawn in for few bytes."""

    share = 0.6

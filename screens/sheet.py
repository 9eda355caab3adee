"""A screen that leaves the upper part of the one below in sight: it comes and goes for half the bytes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from workshop_console.screens.base import ConsoleScreen, ResultT
from workshop_console.widgets.keybar import KeyBar
from workshop_console.widgets.line import MessageLine, TitleLine
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import TextPage


class Sheet(ConsoleScreen[ResultT]):
    """As high as what it shows needs, and at most `share` of the terminal; the header is that below."""

    DEFAULT_CSS = """
    Sheet { layout: vertical; align: left bottom; background: transparent;
        &:ansi { background: transparent; }
    }
    Sheet > #sheet { width: 100%; background: ansi_default; }
    """

    share: ClassVar[float] = 0.5
    """Of the terminal's rows."""

    _rows = 0
    _fitted_to: tuple[int, int] | None = None

    @property
    def is_modal(self) -> bool:
        """Whether the screen below is seen: Textual shows it below modal ones only."""
        return True

    def compose(self) -> ComposeResult:
        """Put the sheet together."""
        with Vertical(id="sheet"):
            yield TitleLine()
            yield from self.body()
            yield MessageLine()
            yield KeyBar()

    def redraw(self) -> None:
        """Draw everything again, and grow when there is more to show."""
        super().redraw()
        if self.is_attached and self.query(KeyBar):
            self._fit()

    def _fit(self) -> None:
        size = self.app.size
        if self._fitted_to != size:
            self._fitted_to, self._rows = size, 0
        wanted = 1 + 1 + 2  # title, message line, keys
        for part in self.parts:
            if isinstance(part, Table):
                wanted += part.rows_wanted
            elif isinstance(part, TextPage):
                wanted += part.rows_wanted(size.width)
            else:
                wanted += 1
        # It does not shrink: what a filter leaves out would uncover rows again and again.
        rows = max(self._rows, min(wanted, round(size.height * self.share)))
        if rows != self._rows:
            self._rows = rows
            self.query_one("#sheet", Vertical).styles.height = rows


class TextSheet(Sheet[ResultT]):
    """A sheet with a text to read, which gets more room."""

    share = 0.67

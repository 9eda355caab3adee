"""The parts of a screen that take keys, and what the movement keys do to them."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.screen import Screen
from textual.widget import Widget

from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import TextPage

ResultT = TypeVar("ResultT")


class MovingScreen(Screen[ResultT], Generic[ResultT]):
    """A screen whose movement keys are for the part with the focus."""

    @property
    def parts(self) -> list[Widget]:
        """The parts of the body that take keys."""
        return [widget for widget in self.query("Table, TextPage, Entry") if widget.display]

    @property
    def part(self) -> Table | TextPage | None:
        """The part that movement keys move: the one with the focus, else the first."""
        focused = self.focused
        if isinstance(focused, (Table, TextPage)):
            return focused
        return next((widget for widget in self.parts if isinstance(widget, (Table, TextPage))), None)

    def do_up(self) -> None:
        """One line up."""
        if self.part is not None:
            self.part.move(-1)

    def do_down(self) -> None:
        """One line down."""
        if self.part is not None:
            self.part.move(1)

    def do_page_up(self) -> None:
        """One page up."""
        if self.part is not None:
            self.part.page(-1)

    def do_page_down(self) -> None:
        """One page down."""
        if self.part is not None:
            self.part.page(1)

    def do_first(self) -> None:
        """To the first line."""
        if self.part is not None:
            self.part.first()

    def do_last(self) -> None:
        """To the last line."""
        if self.part is not None:
            self.part.last()

    def do_next_part(self) -> None:
        """Give the keys to the next part."""
        parts = self.parts
        if parts:
            index = parts.index(self.focused) + 1 if self.focused in parts else 0
            parts[index % len(parts)].focus()

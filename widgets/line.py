"""Draws single lines of the frame: the header, the title of the screen, the message line."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.widgets.cells import cut, fit, width_of
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.tones import BAR, PLAIN


class Header(Widget):
    """Two lines: product, VCI and credit; then the vehicle."""

    DEFAULT_CSS = "Header { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[tuple[str, str, str], ...] = ()

    def show(self, lines: tuple[tuple[str, str, str], ...]) -> None:
        """Draw a left and a right text on each line; the third is the right one in short."""
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        left, right, short = self._lines[y] if y < len(self._lines) else ("", "", "")
        if short and width_of(left) + width_of(right) + 3 > width:
            right = short
        right = cut(right, width - 2)
        room = width - width_of(right) - 2
        text = f" {fit(left, room)}{right} "
        return Strip([Segment(text, BAR if y == 0 else PLAIN)], width_of(text)).adjust_cell_length(width)


class TitleLine(Widget):
    """The name of the screen in a rule, with what belongs to it on the right."""

    DEFAULT_CSS = "TitleLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._title = self._right = ""

    @property
    def text(self) -> str:
        """The title as set."""
        return self._title

    def show(self, title: str, right: str = "") -> None:
        """Draw `title`, and `right` at the right edge."""
        if (title, right) == (self._title, self._right):
            return
        same = title == self._title and width_of(right) == width_of(self._right) < self.size.width // 2
        self._title, self._right = title, right
        if same:
            # The place in a list changes with every step: a few cells, not the whole rule.
            left = self.size.width - width_of(right) - 4
            self.refresh(Region(left, 0, width_of(right) + 2, 1))
        else:
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - one line only
        """Draw the line."""
        width, rule = self.size.width, glyphs().rule
        right = f" {cut(self._right, width // 2)} " if self._right else ""
        title = f" {cut(self._title, width - width_of(right) - 6)} "
        fill = max(0, width - 4 - width_of(title) - width_of(right))
        return Strip([Segment(rule * 2 + title + rule * fill + right + rule * 2)], width).adjust_cell_length(
            width
        )


class MessageLine(Widget):
    """The one line for what the console has to say."""

    DEFAULT_CSS = "MessageLine { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._text = self._right = ""
        self._tone = PLAIN

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def show(self, text: str, right: str = "", tone: Style = PLAIN) -> None:
        """Say `text`; `right` stands at the right edge and is not cut."""
        if (text, right, tone) != (self._text, self._right, self._tone):
            self._text, self._right, self._tone = text, right, tone
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - one line only
        """Draw the line."""
        width = self.size.width
        right = cut(f" {self._right}" if self._right else "", width)
        text = fit(f" {self._text}", width - width_of(right))
        return Strip([Segment(text, self._tone), Segment(right)], width)

"""Draws a longer text that can be paged through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.widgets.cells import fit, width_of, wrap
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.tones import BOLD, PLAIN


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A piece of text with one style; with a label it stands beside it."""

    text: str
    tone: Style = PLAIN
    label: str = ""
    """Stands left of the text, in a column as wide as `label_width`."""
    label_width: int = 0
    before: int = 0
    """Empty lines above."""


def heading(text: str) -> Paragraph:
    """Return `text` as a heading."""
    return Paragraph(text=text, tone=BOLD, before=1)


class TextPage(Widget, can_focus=True):
    """Paragraphs, wrapped to the width; PgUp and PgDn where they are longer than the screen."""

    DEFAULT_CSS = "TextPage { height: 1fr; }"

    class Moved(Message):
        """Another part of the text is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paragraphs: tuple[Paragraph, ...] = ()
        self._lines: list[tuple[str, str, Style]] = []
        self._top = 0

    def show(self, paragraphs: Sequence[Paragraph], *, from_top: bool = False) -> None:
        """Draw these paragraphs; the place in the text stays unless `from_top`."""
        before, top = self._lines, self._top
        self._paragraphs = tuple(paragraphs)
        if from_top:
            self._top = 0
        self._wrap()
        if len(before) != len(self._lines) or top != self._top or not self.size.width:
            self.refresh(layout=self.styles.is_auto_height)
        else:
            self._repaint_changed(before)

    def _repaint_changed(self, before: list[tuple[str, str, Style]]) -> None:
        """Repaint the lines that differ, from the first cell that does: figures change again and again."""
        shown = slice(self._top, self._top + self.size.height)
        for y, (old, new) in enumerate(zip(before[shown], self._lines[shown], strict=True)):
            if old == new:
                continue
            one, other = (f"{label}{text}" for label, text, _tone in (old, new))
            same = 0
            if old[2] == new[2] and one.isascii() and other.isascii():
                same = _same(one, other)
            self.refresh(Region(same, y, self.size.width - same, 1))

    @property
    def text(self) -> str:
        """All lines as drawn, also those out of sight."""
        return "\n".join(label + text for label, text, _ in self._lines)

    def rows_wanted(self, columns: int) -> int:
        """Return how many lines the whole text takes at this width."""
        return max(1, len(self._wrapped(columns)))

    @property
    def position(self) -> str:
        """Which lines of how many, for the title line; empty when all are in sight."""
        height = max(1, self.size.height)
        if len(self._lines) <= height:
            return ""
        return f"{self._top + 1}-{min(len(self._lines), self._top + height)}/{len(self._lines)}"

    def move(self, lines: int) -> None:
        """Move by `lines`."""
        self._go(self._top + lines)

    def page(self, pages: int) -> None:
        """Move by the height of the screen."""
        self._go(self._top + pages * max(1, self.size.height - 1))

    def first(self) -> None:
        """Move to the beginning."""
        self._go(0)

    def last(self) -> None:
        """Move to the end."""
        self._go(len(self._lines))

    def _go(self, top: int) -> None:
        top = max(0, min(top, len(self._lines) - max(1, self.size.height)))
        if top != self._top:
            self._top = top
            self.refresh()
            self.post_message(self.Moved())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """Return the lines of the whole text, for a page that is as high as its text."""
        return len(self._wrapped(width))

    def _wrap(self) -> None:
        self._lines = self._wrapped(self.size.width)
        self._top = max(0, min(self._top, len(self._lines) - max(1, self.size.height)))

    def _wrapped(self, columns: int) -> list[tuple[str, str, Style]]:
        width = max(20, columns - 2)
        lines: list[tuple[str, str, Style]] = []
        for paragraph in self._paragraphs:
            lines += [("", "", PLAIN)] * (paragraph.before if lines else 0)
            if not paragraph.label:
                lines += [("", line, paragraph.tone) for line in wrap(paragraph.text, width)]
                continue
            column = min(max(paragraph.label_width, width_of(paragraph.label)), width // 2)
            label = fit(paragraph.label, column) + "  "
            for line in wrap(paragraph.text, width - column - 2):
                lines.append((label, line, paragraph.tone))
                label = " " * (column + 2)
        return lines

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap to the new width."""
        self._wrap()
        self.refresh()
        self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        index = self._top + y
        if index >= len(self._lines):
            return Strip.blank(width)
        label, text, tone = self._lines[index]
        more = index + 1 < len(self._lines) and y == self.size.height - 1
        room = width - 1 - width_of(label)
        # A mark at the last line in sight tells that the text goes on.
        line = fit(text, room - 1) + (glyphs().cut if more else " ")
        return Strip([Segment(" " + label), Segment(line, tone)], width)


def _same(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)

"""Draws a longer text that can be paged through."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.console.model.lean import dataclass
from workshop_console.widgets.cells import cut, fit, width_of, wrap
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
    label_tone: Style = PLAIN
    before: int = 0
    """Empty lines above."""


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Two blocks of a text beside each other where the page is wide enough, else one below the other."""

    left: tuple[Paragraph, ...]
    right: tuple[Paragraph, ...]
    before: int = 0
    """Empty lines above."""


Block = Paragraph | SideBySide

Line = tuple[tuple[str, Style], ...]
"""Pieces of one line with their styles; the last is the one that changes when a figure does."""

_BETWEEN = 3
"""Cells between two blocks side by side."""


def heading(text: str) -> Paragraph:
    """Return `text` as a heading."""
    return Paragraph(text=text, tone=BOLD, before=1)


def in_two_columns(
    facts: Sequence[tuple[str, str]], widest: int, *, tone: Style = PLAIN, before: int = 0
) -> SideBySide:
    """Return labels with their texts in two columns, to be read down the left one first.

    A label takes `widest` cells at most; `tone` is that of the first text.
    """
    middle = (len(facts) + 1) // 2

    def column(part: Sequence[tuple[str, str]], first: Style) -> tuple[Paragraph, ...]:
        width = min(widest, max((width_of(label) for label, _text in part), default=0))
        return tuple(
            Paragraph(label=label, label_width=width, text=text, tone=PLAIN if index else first)
            for index, (label, text) in enumerate(part)
        )

    return SideBySide(left=column(facts[:middle], tone), right=column(facts[middle:], PLAIN), before=before)


class TextPage(Widget, can_focus=True):
    """Paragraphs, wrapped to the width; PgUp and PgDn where they are longer than the screen."""

    DEFAULT_CSS = "TextPage { height: 1fr; }"

    class Moved(Message):
        """Another part of the text is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paragraphs: tuple[Block, ...] = ()
        self._lines: list[Line] = []
        self._top = 0

    def show(self, paragraphs: Sequence[Block], *, from_top: bool = False) -> None:
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

    def _repaint_changed(self, before: list[Line]) -> None:
        """Repaint the lines that differ, from the first cell that does: figures change again and again."""
        shown = slice(self._top, self._top + self.size.height)
        for y, (old, new) in enumerate(zip(before[shown], self._lines[shown], strict=True)):
            if old == new:
                continue
            one, other = _plain(old), _plain(new)
            same = 0
            if _shape(old) == _shape(new) and one.isascii() and other.isascii():
                same = 1 + _same(one, other)  # behind the empty cell that every line begins with
            self.refresh(Region(same, y, self.size.width - same, 1))

    @property
    def text(self) -> str:
        """All lines as drawn, also those out of sight."""
        return "\n".join(_plain(line) for line in self._lines)

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

    def _wrapped(self, columns: int) -> list[Line]:
        return laid_out(self._paragraphs, max(20, columns - 2))

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
        more = index + 1 < len(self._lines) and y == self.size.height - 1
        segments, room = [Segment(" ")], width - 2
        for text, tone in self._lines[index]:
            text = cut(text, room)
            segments.append(Segment(text, tone))
            room -= width_of(text)
        # A mark at the last line in sight tells that the text goes on.
        segments.append(Segment(" " * room + (glyphs().cut if more else " ")))
        return Strip(segments, width)


def laid_out(blocks: Sequence[Block], width: int) -> list[Line]:
    """Return the lines of `blocks` in `width` cells."""
    lines: list[Line] = []
    for block in blocks:
        lines += [()] * (block.before if lines else 0)
        if isinstance(block, Paragraph):
            lines += _lines_of(block, width)
            continue
        left, right = laid_out(block.left, width), laid_out(block.right, width)
        column = max(map(_width_of, left), default=0) + _BETWEEN
        if column + max(map(_width_of, right), default=0) > width:
            lines += left + right
            continue
        for one, other in zip_longest(left, right, fillvalue=()):
            lines.append((*one, (" " * (column - _width_of(one)), PLAIN), *other) if other else one)
    return lines


def _lines_of(paragraph: Paragraph, width: int) -> list[Line]:
    if not paragraph.label:
        return [((line, paragraph.tone),) for line in wrap(paragraph.text, width)]
    column = min(max(paragraph.label_width, width_of(paragraph.label)), width // 2)
    lines: list[Line] = []
    label = fit(paragraph.label, column) + "  "
    for line in wrap(paragraph.text, width - column - 2):
        lines.append(((label, paragraph.label_tone), (line, paragraph.tone)))
        label = " " * (column + 2)
    return lines


def _plain(line: Line) -> str:
    return "".join(text for text, _tone in line)


def _width_of(line: Line) -> int:
    return width_of(_plain(line))


def _shape(line: Line) -> tuple[tuple[int, Style], ...]:
    """Return where the styles of a line begin; how long its last piece is changes none of them."""
    return tuple((len(text) if i + 1 < len(line) else 0, tone) for i, (text, tone) in enumerate(line))


def _same(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)

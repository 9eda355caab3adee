"""Draws the footer: the keys that work here, in two lines, never cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.widgets.cells import harmless, width_of
from workshop_console.widgets.tones import BAR, PLAIN

Key = tuple[str, str]
"""What is printed on the key, and what it does here."""


def lay_out(keys: Sequence[Key], width: int, gap: int = 2) -> list[list[Key]]:
    """Return the keys line by line, as many lines as they need, `gap` cells between two."""
    lines: list[list[Key]] = [[]]
    used = 0
    for key, label in keys:
        size = width_of(harmless(key)) + 1 + width_of(harmless(label)) + gap
        if lines[-1] and used + size - gap > width:
            lines.append([])
            used = 0
        lines[-1].append((key, label))
        used += size
    return lines


class KeyBar(Widget):
    """The keys of the screen first, then those that work everywhere."""

    DEFAULT_CSS = "KeyBar { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[tuple[Key, ...], ...] = ()
        self._lines: list[list[Key]] = []
        self._gaps: list[int] = []
        """Cells between two keys of each line."""

    def show(self, *groups: Sequence[Key]) -> None:
        """Draw these keys; each group begins a line where the lines are enough for that."""
        new = tuple(tuple(group) for group in groups if group)
        if new != self._groups:
            self._groups = new
            self._arrange()
            self.refresh()

    @property
    def lines(self) -> Sequence[Sequence[Key]]:
        """The keys as they stand on the screen."""
        return self._lines

    def _arrange(self) -> None:
        width = self.size.width or 80
        all_keys = [key for group in self._groups for key in group]
        self._lines, self._gaps = [], []
        for group in self._groups:
            # Keys stand out by their reversed cells, so one cell between two is enough where room is short;
            # what works everywhere stays where it is, whatever the screen's own keys need.
            gap = 2 if len(lay_out(group, width)) == 1 else 1
            lines = lay_out(group, width, gap)
            self._lines += lines
            self._gaps += [gap] * len(lines)
        if len(self._lines) > 2:
            for gap in (2, 1):
                self._lines = lay_out(all_keys, width, gap)
                self._gaps = [gap] * len(self._lines)
                if len(self._lines) <= 2:
                    break
        # A third line is taken from the body rather than an entry from the keys.
        self.styles.height = max(2, len(self._lines))

    def on_resize(self, _event: events.Resize) -> None:
        """Arrange the keys for the new width."""
        self._arrange()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width)
        segments: list[Segment] = []
        for key, label in self._lines[y]:
            segments += [
                Segment(harmless(key), BAR),
                Segment(f" {harmless(label)}", PLAIN),
                Segment(" " * self._gaps[y]),
            ]
        strip = Strip(segments)
        return strip.adjust_cell_length(self.size.width)

"""Draws up to four lines over time; only the cells that changed go to the terminal.

The drawing is textual-plotext's. It is imported when a chart is opened, and nowhere else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual_plotext import PlotextPlot

from workshop_console.widgets.glyphs import glyphs

COLORS = ("red", "green", "yellow", "cyan")
"""Of the lines 1 to 4, as the terminal's owner chose them."""
_BADGES = 4
"""How often a line has its number on it, besides at its end."""
_FRAME = str.maketrans("┌┐└┘├┤┬┴┼─│", "+++++++++-|")
"""What stands for the frame on a terminal without line drawing."""


@dataclass(frozen=True, kw_only=True)
class ChartLine:
    """One line of the chart."""

    number: int
    """1 to 4: stands on the line, so that no colour is needed."""
    points: Sequence[tuple[float, float]]
    low: float
    """What lies at the bottom."""
    high: float


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What stands at the edges; positions of labels at the sides go from 0 (bottom) to 1."""

    start: float
    end: float
    """What time lies at the left and at the right."""
    times: Sequence[tuple[float, str]] = ()
    left: Sequence[tuple[float, str]] = ()
    right: Sequence[tuple[float, str]] = ()


_Cell = tuple[str, Style | None]


class LineChart(PlotextPlot):
    """Lines over time, each between its own least and greatest."""

    DEFAULT_CSS = "LineChart { height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.theme = "clear"
        self.can_focus = False
        self._lines: tuple[ChartLine, ...] = ()
        self._axes = Axes(start=0, end=1)
        self._cells: list[list[_Cell]] = []

    def show(self, lines: Sequence[ChartLine], axes: Axes) -> None:
        """Draw these lines; what is the same as before is not painted again."""
        self._lines, self._axes = tuple(lines), axes
        before, self._cells = self._cells, self._drawn()
        if len(before) != len(self._cells):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, self._cells, strict=True)):
            if old != new:
                changed = [x for x in range(max(len(old), len(new))) if old[x : x + 1] != new[x : x + 1]]
                self.refresh(Region(changed[0], y, changed[-1] - changed[0] + 1, 1))

    def on_resize(self, _event: events.Resize) -> None:
        """Draw for the new size."""
        self._cells = self._drawn()
        self.refresh()

    def _drawn(self) -> list[list[_Cell]]:
        """Have the plot drawn, and return its lines cell by cell."""
        if self.size.width < 20 or self.size.height < 5:
            return []
        plain, axes = glyphs().plain, self._axes
        plt: Any = self.plt  # the types that it comes with are not those it takes
        plt.clear_figure()
        plt.theme("clear")
        plt.xlim(axes.start, axes.end)
        plt.xticks([at for at, _text in axes.times], [text for _at, text in axes.times])
        for side, ticks in (("left", axes.left), ("right", axes.right)):
            if ticks or side == "left":
                plt.ylim(0, 1, yside=side)
                plt.yticks([at for at, _text in ticks], [text for _at, text in ticks], yside=side)
        for line in self._lines:
            xs, ys = self._scaled(line)
            if not xs:
                continue
            color, digit = COLORS[line.number - 1], str(line.number)
            side = "right" if axes.right and line is self._lines[1] else "left"
            plt.plot(xs, ys, marker=digit if plain else "braille", color=color, yside=side)
            if not plain:
                for index in self._badges(line.number, xs):
                    plt.text(digit, xs[index], ys[index], color=color, yside=side)
        table = _FRAME if plain else {}
        console, drawn = self.app.console, cast("Text", super().render())
        return [
            [
                (character, style)
                for text, style, _control in line.render(console)
                for character in text.translate(table)
                if character != "\n"
            ]
            for line in drawn.split("\n")
        ]

    def _badges(self, number: int, xs: Sequence[float]) -> set[int]:
        """Return where a line has its number: at its end, and at places that stay while it grows."""
        each = (self._axes.end - self._axes.start) / _BADGES
        first = self._axes.start + each * number / len(COLORS) - each / 8
        wanted = [first + each * place for place in range(_BADGES)]
        return {len(xs) - 1, *(bisect_left(xs, at) for at in wanted if xs[0] <= at <= xs[-1])}

    def _scaled(self, line: ChartLine) -> tuple[list[float], list[float]]:
        """Return the points in sight, between 0 at the bottom and 1 at the top; at most two for each cell."""
        height = (line.high - line.low) or 1.0
        start, end = self._axes.start, self._axes.end
        each = (end - start) / max(1, 2 * self.size.width)
        found: dict[int, tuple[float, float]] = {}
        for x, y in line.points:
            if start <= x <= end:
                found[int((x - start) / each)] = (x, min(1.0, max(0.0, (y - line.low) / height)))
        return [x for x, _y in found.values()], [y for _x, y in found.values()]

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        if y >= len(self._cells):
            return Strip.blank(width)
        segments: list[Segment] = []
        run, style = "", None
        for character, next_style in self._cells[y]:
            if next_style != style and run:
                segments.append(Segment(run, style))
                run = ""
            run, style = run + character, next_style
        segments.append(Segment(run, style))
        return Strip(segments).adjust_cell_length(width)

"""Up to four actual values over time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.commands import Command
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.value_texts import value_text
from workshop_console.screens.values_view import ValuesView
from workshop_console.widgets.line_chart import COLORS, Axes, ChartLine, LineChart
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import PLAIN

DRAW_EVERY_S = 1.0
SPANS_S = (60, 120, 300, 30)
"""How much time the chart can show; F5 goes from one to the next."""
_STEPS = 4
"""Parts of each axis."""

Range = tuple[float, float]


def round_range(least: float, greatest: float) -> Range:
    """Return round numbers around a range, so that the axis seldom changes; never an empty range."""
    if greatest <= least:
        margin = abs(least) * 0.05 or 1.0
        least, greatest = least - margin, greatest + margin
    rough = (greatest - least) / _STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    low = math.floor(least / step + 1e-9) * step
    high = max(low + _STEPS * step, math.ceil(greatest / step - 1e-9) * step)
    return low, high


class Chart(ConsoleScreen[None]):
    """Draws what the table of values chose, each line between round numbers of its own."""

    DEFAULT_CSS = "Chart Table { height: 2; }"
    handles = ("mark", "start", "open", "next_part")
    words: ClassVar = {
        "start": (mark("Time span"), mark("Show another span of time: half a minute to five minutes.")),
        "next_part": (mark("Table"), mark("Back to the table.")),
    }

    def __init__(self, view: ValuesView) -> None:
        super().__init__()
        self._view = view
        self._span_s = SPANS_S[0]
        self._page: float | None = None
        """What time lies at the left edge."""
        self._ranges: dict[ValueName, Range] = {}
        """They grow while the chart is open, and stay otherwise."""

    def body(self) -> Iterable[Widget]:
        """Return the legend and the chart."""
        yield Table(cursor=False)
        yield LineChart()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Chart: {title}").format(title=self._view.title_text())

    def title_right(self) -> str:
        """Return what is going on."""
        return "  ".join(self._view.state_texts())

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Each line is drawn between round numbers of its own, which the list names; its number stands on "
            "it. With one or two values the numbers stand at the sides too. The line goes on to the right; "
            "at the edge the chart moves by half its width."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "open" and "open" not in self._view.handles:
            return _("nothing is recorded")
        return self._view.cannot(command_id) if command_id in ("mark", "open") else ""

    def label_of(self, command: Command) -> str:
        """Return what the command is called; freezing and marking as in the table."""
        if command.id in ("mark", "open"):
            return self._view.label_of(command)
        return super().label_of(command)

    def help_of(self, command: Command) -> str:
        """Return what the command does; freezing and marking as in the table."""
        return self._view.help_of(command) if command.id in ("mark", "open") else super().help_of(command)

    def begin(self) -> None:
        """Draw from now on."""
        self.set_interval(DRAW_EVERY_S, self.redraw)

    # Drawing

    def draw(self) -> None:
        """Draw legend and lines."""
        charted = list(self._view.charted())
        points = {row.name: self._view.points_of(row.name) for _number, row in charted}
        start = self._start_of_page()
        for _number, row in charted:
            self._widen(row.name, [y for x, y in points[row.name] if x >= start])
        self._draw_legend(charted)
        lines = [
            ChartLine(number=number, points=points[row.name], low=low, high=high)
            for number, row in charted
            for low, high in [self._ranges.get(row.name, (0.0, 1.0))]
        ]
        times = [start + self._span_s * part / _STEPS for part in range(_STEPS + 1)]
        axes = Axes(
            start=start,
            end=start + self._span_s,
            times=[(at, self._view.time_text(at)) for at in times],
            left=self._scale([row for _number, row in charted], 0),
            right=self._scale([row for _number, row in charted], 1),
        )
        self.query_one(LineChart).show(lines, axes)

    def _start_of_page(self) -> float:
        """Return the left edge; it moves by half the width when the newest reading comes to the right one."""
        now, half, zero = self._view.picture_at, self._span_s / 2, self._view.zero_s
        if self._page is None or not self._page <= now <= self._page + self._span_s:
            self._page = max(0.0, ((now + zero) // half - 1) * half - zero)
        return self._page

    def _widen(self, name: ValueName, numbers: Sequence[float]) -> None:
        if not numbers:
            return
        least, greatest = min(numbers), max(numbers)
        known = self._ranges.get(name)
        if known is None:
            self._ranges[name] = round_range(least, greatest)
        elif least < known[0] or greatest > known[1]:
            self._ranges[name] = round_range(min(least, known[0]), max(greatest, known[1]))

    def _scale(self, rows: Sequence[ValueReading], side: int) -> list[tuple[float, str]]:
        """Return the numbers at one side; with more than two values there is room for a per cent only."""
        if len(rows) > 2:
            return [(part / _STEPS, f"{100 * part // _STEPS} %") for part in range(_STEPS + 1) if not side]
        if side >= len(rows):
            return []
        low, high = self._ranges.get(rows[side].name, (0.0, 1.0))
        each = (high - low) / _STEPS
        return [(part / _STEPS, formats.number(low + part * each)) for part in range(_STEPS + 1)]

    def _draw_legend(self, charted: Sequence[tuple[int, ValueReading]]) -> None:
        columns = (
            Column(title=_("Line"), width=4),
            Column(title=_("Name"), width=24, grow=3),
            Column(title=_("Value"), width=10, grow=1, right=True),
            Column(title=_("Unit"), width=9),
            Column(title=_("Bottom"), width=9, right=True),
            Column(title=_("Top"), width=9, right=True),
        )
        rows = []
        for number, row in charted:
            low, high = self._ranges.get(row.name, (0.0, 1.0))
            value = value_text(row, self._view.digits_for(row.name))
            cells = (
                str(number),
                row.label,
                f"!{value}" if row.outside else value,
                row.unit,
                formats.number(low),
                formats.number(high),
            )
            rows.append(Row(key=row.name, cells=cells, tones=(Style(color=COLORS[number - 1]), PLAIN)))
        legend = self.query_one(Table)
        legend.styles.height = 1 + len(rows)
        legend.show(columns, rows)

    def status_text(self) -> str:
        """Say what the table's screen says of a recording."""
        return self._view.status_text()

    # Commands

    def do_mark(self) -> None:
        """Freeze, or go on."""
        self._view.do_mark()
        self.redraw()

    def do_open(self) -> None:
        """Put a mark into the recording."""
        self._view.do_open()

    def do_start(self) -> None:
        """Show another span of time."""
        self._span_s = SPANS_S[(SPANS_S.index(self._span_s) + 1) % len(SPANS_S)]
        self._page = None
        self.redraw()

    def do_next_part(self) -> None:
        """Go back to the table."""
        self.do_back()

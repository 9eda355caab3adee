"""The table of actual values, whether they are read from the vehicle or played back from a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.widget import Widget

from workshop_console.console.commands import key_text
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.i18n.texts import _
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.value_texts import digits_of, limit_text, range_text, value_text
from workshop_console.screens.value_times import clock_text
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.keybar import Key
from workshop_console.widgets.sparkline import sparkline
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import Paragraph, heading
from workshop_console.widgets.tones import BAD, PLAIN, WARNING

if TYPE_CHECKING:
    from workshop_console.screens.seen_values import Point, SeenValues

DRAW_EVERY_S = 0.5
"""Twice a second: as often as a person reads a figure, and thin lines carry it."""
VALUE_CELLS = 10
CURVE_CELLS = 8
CURVE_CELL_S = 4.0
"""What one cell of the curve stands for: it moves seldom, because all of it is painted when it does."""
OLD_S = 2.0
"""An age below this is not shown: the value is as good as new, and the column stays still."""
CHART_LINES = 4
_CHART_KEYS = "1234"


class ValuesView(FilteredScreen):
    """Draws readings twice a second; a line that did not change is not painted.

    What is drawn is a picture of its own: freezing keeps it while readings go on coming.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[ValueName, ...] = ()
        """The values of the rows, in their order."""
        self.lines: list[ValueName | None] = [None] * CHART_LINES
        """What the keys 1 to 4 put on the chart."""
        self._picture: dict[ValueName, ValueReading] = {}
        self._at = 0.0
        self._pictures = -1
        self._digits: dict[ValueName, int] = {}
        self._curves: dict[ValueName, str] = {}
        self._curves_for = -1
        self._problems: dict[tuple[str, RaisedMessage], str] = {}

    # What the two kinds of screen say

    @property
    def seen(self) -> SeenValues:
        """What is known."""
        raise AttributeError("a subclass says")

    @property
    def still(self) -> bool:
        """Whether the picture stays as it is."""
        return False

    def state_texts(self) -> list[str]:
        """Return what is going on, for the title line."""
        return []

    def advance(self) -> None:
        """Do what is due twice a second, before the picture is taken."""

    # The picture

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_right(self) -> str:
        """Return what is going on, the place in the list and what narrows it."""
        return "  ".join([*self.state_texts(), self.with_filter(self.query_one(Table).position)])

    def begin(self) -> None:
        """Draw from now on."""
        self.set_interval(DRAW_EVERY_S, self.tick)

    def tick(self) -> None:
        """Take a picture and draw it, unless something covers the whole screen."""
        self.advance()
        self.take_picture()
        top = self.app.screen
        if top is self or top.is_modal:
            self.draw()
            self.redraw_frame()

    def take_picture(self) -> None:
        """Show what is known now, unless the picture is frozen."""
        if self.still and self._picture:
            return
        seen = self.seen
        if (seen.pictures, seen.at) != (self._pictures, self._at):
            self._pictures, self._at = seen.pictures, seen.at
            self._picture = dict(seen.rows)
            for name, row in self._picture.items():
                self._digits[name] = max(self._digits.get(name, 0), digits_of(row))

    def _curve(self, row: ValueReading) -> str:
        span = int(self._at // CURVE_CELL_S)
        if span != self._curves_for:
            self._curves, self._curves_for = {}, span
        if row.name not in self._curves:
            levels = self.seen.levels(row.name, CURVE_CELLS, each_s=CURVE_CELL_S)
            self._curves[row.name] = sparkline(levels, CURVE_CELLS, least=row.least, greatest=row.greatest)
        return self._curves[row.name]

    def draw(self) -> None:
        """Draw the rows that the filter lets through."""
        rows = [self._picture[name] for name in self.names if name in self._picture]
        columns = [
            Column(title=_("Name"), width=22, grow=3),
            Column(title=_("Value"), width=VALUE_CELLS, grow=1, right=True),
            Column(title=_("Unit"), width=9),
            Column(title=_("Curve"), width=CURVE_CELLS),
            Column(title=_("Least"), width=8, right=True),
            Column(title=_("Greatest"), width=8, right=True),
            Column(title=_("Age"), width=5, right=True, rank=1),
            Column(title=_("Expected"), width=15, rank=3),
        ]
        if len({row.name.address for row in rows}) > 1:
            columns.append(Column(title=_("Control unit"), width=14, grow=1, rank=2))
        shown = [
            self._row(row)
            for row in rows
            if self.passes(row.label, row.name.value, row.unit, row.unit_label, row.name.unit)
        ]
        empty = _("No row fits the filter.") if rows else self.nothing()
        self.query_one(Table).show(columns, shown, empty=empty)

    def nothing(self) -> str:
        """Return what stands in the empty list."""
        return ""

    def _row(self, row: ValueReading) -> Row:
        badge = str(self.lines.index(row.name) + 1) if row.name in self.lines else ""
        if row.problem is not None:
            return Row(
                key=row.name,
                cells=(row.label,),
                badge=badge,
                tail=self._problem_text(row.problem),
                tail_from=1,
                tail_tone=WARNING,
            )
        if row.number is None and width_of(row.text) > VALUE_CELLS:
            # A long text has the room of the columns that only numbers fill.
            age = self._age_text(row)
            tail = f"{row.text}  ({age})" if age else row.text
            return Row(key=row.name, cells=(row.label,), badge=badge, tail=tail, tail_from=1)
        digits = self._digits.get(row.name, 0)
        value, tone = value_text(row, digits), PLAIN
        if row.outside:
            value, tone = f"!{value}", BAD
        curve = self._curve(row) if row.number is not None else ""
        cells = (
            row.label,
            value if row.samples else "-",
            row.unit,
            curve,
            limit_text(row.least, digits),
            limit_text(row.greatest, digits),
            self._age_text(row),
            range_text(row),
            row.unit_label,
        )
        return Row(key=row.name, cells=cells, tones=(PLAIN, tone), badge=badge)

    def _problem_text(self, problem: RaisedMessage) -> str:
        key = (self.session.workshop.lang, problem)
        if key not in self._problems:
            (shown,) = self.session.workshop.raised(problem)
            self._problems[key] = f"{shown.number} {shown.title}"
        return self._problems[key]

    def _age_text(self, row: ValueReading) -> str:
        age = self._at - row.at
        if not row.samples or age < OLD_S:
            return ""
        return f"{int(age)} s" if age < 100 else f"{int(age // 60)} min"

    @property
    def current(self) -> ValueReading | None:
        """The reading of the current row."""
        key = self.query_one(Table).cursor_key
        return self._picture.get(key) if isinstance(key, ValueName) else None

    def status_text(self) -> str:
        """Say what the columns leave out: the range expected, the control unit, a text that is long."""
        row = self.current
        if row is None:
            return super().status_text()
        if row.problem is not None:
            return self._problem_text(row.problem)
        parts = [row.label]
        if row.number is None and row.text:
            parts.append(row.text)
        if limits := range_text(row):
            parts.append(_("expected {range}").format(range=f"{limits} {row.unit}".rstrip()))
        parts.append(row.unit_label)
        return "  ".join(parts)

    # The chart

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys, with those that put values on the chart beside the one that opens it."""
        own, *others = super().footer()
        opens = self.console.keymap.first("next_part")
        tab = _(key_text(opens))
        return tuple((f"1-4,{key}", label) if key == tab else (key, label) for key, label in own), *others

    def help_paragraphs(self) -> list[Paragraph]:
        """Explain those keys too."""
        text = _("Put the current value on the chart as its line 1, 2, 3 or 4, or take it off again.")
        numbers = [Paragraph(label="1 - 4", label_width=14, text=text)]
        return [*super().help_paragraphs(), heading(_("Chart")), *numbers]

    def take_key(self, event: events.Key) -> None:
        """Put the current value on the chart, or do what the key means elsewhere."""
        if event.key not in _CHART_KEYS:
            super().take_key(event)
            return
        event.stop()
        self.clear_notice()
        row = self.current
        if row is None:
            return
        if row.number is None:
            self.console.say(lambda: _("Only numbers can be drawn."))
            return
        line = int(event.key) - 1
        taken = self.lines[line] == row.name
        self.lines = [None if name == row.name else name for name in self.lines]
        if not taken:
            self.lines[line] = row.name
        self.redraw()

    def charted(self) -> Sequence[tuple[int, ValueReading]]:
        """Return the values of the chart with their line numbers."""
        return [
            (number, self._picture[name])
            for number, name in enumerate(self.lines, start=1)
            if name is not None and name in self._picture
        ]

    def points_of(self, name: ValueName) -> Sequence[Point]:
        """Return how a value went, up to the picture."""
        return [point for point in self.seen.history.get(name, ()) if point[0] <= self._at]

    @property
    def picture_at(self) -> float:
        """Return the time of the picture, on the clock of the readings."""
        return self._at

    def digits_for(self, name: ValueName) -> int:
        """Return how many digits after the point the value is shown with."""
        return self._digits.get(name, 0)

    @property
    def zero_s(self) -> float:
        """Return what to add to the clock of the readings for one that a person reads, in seconds."""
        return 0.0

    def time_text(self, at: float) -> str:
        """Return a time of the clock of the readings as a person reads it."""
        return clock_text(at + self.zero_s)

    def do_open(self) -> None:
        """Put a mark into the recording, where one is made."""

    def do_mark(self) -> None:
        """Hold the picture, or let it go on."""

    def do_next_part(self) -> None:
        """Open the chart; without a choice it shows the current value."""
        from workshop_console.screens.chart import Chart

        if not any(self.lines):
            row = self.current
            if row is None or row.number is None:
                self.console.say(lambda: _("Put values on the chart with 1 to 4 first."))
                return
            self.lines[0] = row.name
        self.console.show_screen(Chart(self))

    # Where the mechanic looks

    def in_sight(self) -> tuple[ValueName, ...]:
        """Return the values whose rows are on the screen."""
        return tuple(row.key for row in self.query_one(Table).in_sight if isinstance(row.key, ValueName))

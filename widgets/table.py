"""Draws a list of rows in columns, with a marker at the current one, for little output."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import field

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.console.model.lean import dataclass
from workshop_console.widgets.cells import fit, width_of
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.tones import BAR, BOLD, PLAIN

GUTTER = 3
"""Cells left of the first column: cursor, mark, gap."""
_NEAR = 4
"""Cells between two changes of a line that cost less than moving the terminal's cursor over them."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its least width, and who gives way when the terminal is narrow."""

    title: str
    width: int
    """Cells that it needs at least."""
    grow: int = 0
    """Share of the cells that are left over."""
    right: bool = False
    rank: int = 0
    """0 is always there; the highest rank goes first when not all fit."""
    keeps_end: bool = False
    """Whether a text that is too long is cut before what follows its last comma."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line: what identifies it, and its cells in the order of the columns."""

    key: Hashable
    cells: tuple[str, ...]
    tones: tuple[Style, ...] = ()
    """Style of each cell; missing ones are plain."""
    marked: bool = False
    badge: str = ""
    """One character in place of the mark."""
    tail: str = ""
    """Stands instead of the cells from column `tail_from` on: a reason, where there are no values."""
    tail_from: int = 0
    tail_tone: Style = PLAIN
    group: Hashable = None
    """Rows of one group that follow each other say their first cell once, in the first that is in sight."""


@dataclass(kw_only=True)
class _View:
    """Where the mechanic is in the list."""

    cursor: int = 0
    top: int = 0
    widths: list[int] = field(default_factory=list)


class Table(Widget, can_focus=True):
    """Rows with fixed columns; the cursor stays on its row while others come and go."""

    DEFAULT_CSS = "Table { height: 1fr; }"

    class Moved(Message):
        """The cursor stands on another row."""

    def __init__(
        self, *, heading: bool = True, cursor: bool = True, empty: str = "", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._heading = heading
        self._has_cursor = cursor
        self.can_focus = cursor
        self._empty = empty
        self._columns: tuple[Column, ...] = ()
        self._rows: list[Row] = []
        self._view = _View()

    # What a screen sets

    def show(self, columns: Sequence[Column], rows: Sequence[Row], *, empty: str = "") -> None:
        """Draw these columns and rows; the cursor stays on the row of the same key."""
        key = self.cursor_key
        relaid = tuple(columns) != self._columns or empty != self._empty
        self._columns, self._empty = tuple(columns), empty
        before, self._rows = self._rows, list(rows)
        if relaid or not self._view.widths:
            self._lay_out()
        top, cursor = self._view.top, self._view.cursor
        if key is not None and not self.move_to(key, repaint=False):
            self._view.cursor = max(0, min(cursor, len(rows) - 1))
        self._scroll_to_cursor()
        if relaid or self._view.top != top or not before or not rows:
            self.refresh()
        else:
            self._repaint_changed(before, cursor)

    def _repaint_changed(self, before: list[Row], cursor: int) -> None:
        """Repaint the lines that differ, and no others: most events fill one row."""
        top, shown = self._view.top, self._shown
        moved = {cursor, self._view.cursor} if cursor != self._view.cursor else set()
        for index in range(top, top + shown):
            old = before[index] if index < len(before) else None
            new = self._rows[index] if index < len(self._rows) else None
            if (
                index in moved
                or (
                    old != new
                    and (old is None or new is None or (old.marked, old.badge) != (new.marked, new.badge))
                )
                or self._repeats(index, before) != self._repeats(index, self._rows)
            ):
                self._repaint(index)
            elif old is not None and new is not None and old != new:
                self._repaint_cells(index, old, new)

    def _repeats(self, index: int, rows: Sequence[Row]) -> bool:
        """Return whether the row above, in sight too, says the first cell of this one."""
        if not self._view.top < index < len(rows):
            return False
        group = rows[index].group
        return group is not None and group == rows[index - 1].group

    def _cells(self, index: int, row: Row) -> tuple[str, ...]:
        """Return what is drawn of a row's cells."""
        return ("", *row.cells[1:]) if self._repeats(index, self._rows) else row.cells

    def _repaint_cells(self, index: int, old: Row, new: Row) -> None:
        """Repaint the cells of a row that differ; values that are read again and again change by a digit."""
        line = index - self._view.top + self._heading
        if not 0 <= line < self.size.height:
            return
        before, after = (
            [
                (character, style)
                for text, style, _control in self._line(
                    " " * GUTTER, PLAIN, self._cells(index, row), row.tones, row
                )
                for character in text
            ]
            for row in (old, new)
        )
        whole = "".join(character for character, _style in (*before, *after))
        if not whole.isascii() and any(width_of(character) != 1 for character in set(whole)):
            self._repaint(index)
            return
        start = end = -1
        for x, (one, other) in enumerate(zip(before, after, strict=False)):
            if one == other:
                continue
            if start >= 0 and x - end > _NEAR:
                self.refresh(Region(start, line, end - start, 1))
                start = -1
            start, end = (x if start < 0 else start), x + 1
        if start >= 0:
            self.refresh(Region(start, line, end - start, 1))

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as set."""
        return self._rows

    @property
    def in_sight(self) -> Sequence[Row]:
        """The rows that are on the screen now."""
        return self._rows[self._view.top : self._view.top + self._shown]

    @property
    def cursor_key(self) -> Hashable | None:
        """Key of the current row; None in an empty list."""
        return self._rows[self._view.cursor].key if self._view.cursor < len(self._rows) else None

    def move_to(self, key: Hashable, *, repaint: bool = True) -> bool:
        """Put the cursor on the row of `key`; False when there is none."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                if repaint:
                    self._go(index)
                else:
                    self._view.cursor = index
                return True
        return False

    @property
    def position(self) -> str:
        """Which row of how many, for the title line."""
        return f"{self._view.cursor + 1}/{len(self._rows)}" if self._rows else ""

    @property
    def cut_cells(self) -> list[str]:
        """What the columns in sight cut of the current row, in full."""
        if self._view.cursor >= len(self._rows):
            return []
        row, room = self._rows[self._view.cursor], self.size.width - GUTTER
        found = []
        for i, (cell, size) in enumerate(zip(row.cells, self._view.widths, strict=False)):
            if row.tail and i >= row.tail_from:
                break
            found += [cell] if size and width_of(cell) > size else []
            room -= size + bool(size)
        return [*found, row.tail] if row.tail and width_of(row.tail) > room else found

    @property
    def rows_wanted(self) -> int:
        """Lines that show everything."""
        return self._heading + max(1, len(self._rows))

    # Movement, as the keys ask for it

    def move(self, rows: int) -> None:
        """Move the cursor by `rows`."""
        self._go(self._view.cursor + rows)

    def page(self, pages: int) -> None:
        """Move by the height of the list, and the list with the cursor: no row is passed unseen."""
        rows = pages * self._leap
        self._go(self._view.cursor + rows, self._view.top + rows)

    def first(self) -> None:
        """Move to the first row."""
        self._go(0)

    def last(self) -> None:
        """Move to the last row."""
        self._go(len(self._rows) - 1)

    def choose(self, number: int) -> Hashable | None:
        """Move to row `number` (from 1) and return its key, or None."""
        if not 1 <= number <= len(self._rows):
            return None
        self._go(number - 1)
        return self.cursor_key

    def _go(self, index: int, new_top: int | None = None) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        old, top = self._view.cursor, self._view.top
        if index == old:
            return
        self._view.cursor = index
        if new_top is not None:
            self._view.top = new_top
        self._scroll_to_cursor()
        if self._view.top != top:
            self.refresh()
        else:
            self._repaint(old, width=1)
            self._repaint(index, width=1)
        self.post_message(self.Moved())

    # Drawing

    @property
    def _cursor_mark(self) -> str:
        """The mark of the current row; a lesser one while another list of the screen has the keys."""
        other = self.screen.focused
        return glyphs().dot if other is not self and isinstance(other, Table) else glyphs().cursor

    @property
    def _shown(self) -> int:
        """Rows that fit."""
        return max(1, self.size.height - self._heading)

    @property
    def _leap(self) -> int:
        """Rows that the list scrolls by: three that were in sight stay in sight."""
        return max(1, self._shown - 3)

    def _scroll_to_cursor(self) -> None:
        """Scroll by a page when the cursor leaves it: most steps move nothing but the marker."""
        view, shown = self._view, self._shown
        view.top = max(0, min(view.top, len(self._rows) - shown))
        if not view.top <= view.cursor < view.top + shown:
            step = self._leap
            view.top = view.cursor - step if view.cursor < view.top else view.cursor - shown + step
        view.top = max(0, min(view.top, len(self._rows) - shown))

    def _repaint(self, index: int, *, width: int = 0) -> None:
        """Repaint one row, or only its first `width` cells: moving the marker costs a few bytes."""
        line = index - self._view.top + self._heading
        if 0 <= line < self.size.height:
            self.refresh(Region(0, line, width or self.size.width, 1))

    def _lay_out(self) -> None:
        """Give each column its width; the highest rank goes first when they do not all fit."""
        room = self.size.width - GUTTER
        shown = list(range(len(self._columns)))
        # A heading is never cut: its translation may be longer than the column's values.
        least = [max(column.width, width_of(column.title)) for column in self._columns]

        def needed() -> int:
            return sum(least[i] + 1 for i in shown) - 1

        while needed() > room and any(self._columns[i].rank for i in shown):
            shown.remove(max(shown, key=lambda i: (self._columns[i].rank, i)))
        spare = max(0, room - needed())
        shares = sum(self._columns[i].grow for i in shown)
        widths = [0] * len(self._columns)
        for i in shown:
            extra = spare * self._columns[i].grow // shares if shares else 0
            widths[i] = least[i] + extra
        self._view.widths = widths

    def on_focus(self, _event: events.Focus) -> None:
        """Take the mark over from the other lists of the screen."""
        for table in self.screen.query(Table):
            if table is not self:
                table._repaint(table._view.cursor, width=1)

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the columns out again."""
        self._lay_out()
        self._scroll_to_cursor()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        if self._heading and y == 0:
            titles = tuple(column.title for column in self._columns)
            return self._line(" " * GUTTER, PLAIN, titles, (BOLD,) * len(titles))
        if not self._rows and y == self._heading:
            return Strip([Segment(fit(" " * GUTTER + self._empty, width))], width)
        index = self._view.top + y - self._heading
        if index >= len(self._rows):
            return Strip.blank(width)
        row = self._rows[index]
        here = self._has_cursor and index == self._view.cursor
        badge = row.badge or (glyphs().mark if row.marked else " ")
        marker = (self._cursor_mark if here else " ") + badge + " "
        tone = BAR if here and self.has_focus else PLAIN
        return self._line(marker, tone, self._cells(index, row), row.tones, row)

    def _line(
        self,
        marker: str,
        marker_tone: Style,
        cells: Sequence[str],
        tones: Sequence[Style],
        row: Row | None = None,
    ) -> Strip:
        width = self.size.width
        segments = [Segment(marker[:1], marker_tone), Segment(marker[1:])]
        used = width_of(marker)
        gap = ""
        for i, column in enumerate(self._columns):
            size = self._view.widths[i] if i < len(self._view.widths) else 0
            if row is not None and row.tail and i >= row.tail_from:
                segments += [Segment(gap), Segment(fit(row.tail, width - used - len(gap)), row.tail_tone)]
                return Strip(segments).adjust_cell_length(width)
            if not size:
                continue
            text = fit(
                cells[i] if i < len(cells) else "", size, right=column.right, keeps_end=column.keeps_end
            )
            segments += [Segment(gap), Segment(text, tones[i] if i < len(tones) else PLAIN)]
            used += len(gap) + size
            gap = " "
        return Strip(segments, used).adjust_cell_length(width)

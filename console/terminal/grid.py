"""What is wanted on the screen: cells, read from what Textual writes."""

from __future__ import annotations

import re

from workshop_console.console.terminal.capabilities import TRUE_COLOUR, Capabilities
from workshop_console.console.terminal.characters import bare, cells_of
from workshop_console.console.terminal.colours import fewer
from workshop_console.console.terminal.pens import (
    PLAIN,
    REVERSE,
    Pen,
    after,
    as_ink,
    as_paper,
    on_blank,
)

_TOKENS = re.compile(
    r"([^\x00-\x1f\x7f-\x9f]+)"  # text
    r"|\x1b\[([0-9;:]*)([mHf])"  # attributes, move
    r"|(\r)"
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # from here on: known to no one, or not wanted
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x1f\x7f-\x9f]"
)
_LINE_START = re.compile(r"\x1b\[(\d+);1H")
_MOST_LINES = 512
"""Lines whose cells are kept; a few screens."""


class Cells:
    """Rows of cells: what stands in them, and how it is written."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.texts = [[" "] * columns for _ in range(rows)]
        self.pens = [[PLAIN] * columns for _ in range(rows)]

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; what fits into it stays."""
        for row, (texts, pens) in enumerate(zip(self.texts, self.pens, strict=True)):
            more = max(0, columns - self.columns)
            self.texts[row] = texts[:columns] + [" "] * more
            self.pens[row] = pens[:columns] + [PLAIN] * more
            if columns < self.columns and texts[columns] == "":
                self._halve(row, columns - 1)
            self._bare_end(self.texts[row])
        del self.texts[rows:], self.pens[rows:]
        for _ in range(rows - self.rows):
            self.texts.append([" "] * columns)
            self.pens.append([PLAIN] * columns)
        self.columns, self.rows = columns, rows

    @staticmethod
    def _bare_end(texts: list[str]) -> None:
        """Take the marks from the last character of a row.

        Without wrapping the cursor stays on the last cell, and terminals put a mark where they like.
        """
        last = -1 if texts[-1] or len(texts) < 2 else -2
        texts[last] = bare(texts[last])

    def _halve(self, row: int, column: int) -> None:
        """Blank what is left of a wide character whose other half was lost."""
        self.texts[row][column] = " "
        self.pens[row][column] = on_blank(self.pens[row][column])


class Grid(Cells):
    """The wanted cells. Cells that look the same are the same: a blank has no ink of its own."""

    def __init__(self, columns: int, rows: int, capabilities: Capabilities) -> None:
        super().__init__(columns, rows)
        self._can = capabilities
        self._x = self._y = 0
        self._pen = PLAIN
        self._drawn: dict[Pen, tuple[Pen, Pen]] = {}
        self._lines: dict[str, tuple[list[str], list[Pen]]] = {}
        self.changed: set[int] = set()
        """Rows written since somebody cleared this."""

    def resize(self, columns: int, rows: int) -> None:
        """Take another size; what fits into it stays."""
        super().resize(columns, rows)
        self._lines.clear()
        self.changed = set(range(rows))

    def become(self, capabilities: Capabilities) -> None:
        """Take in what is written from here on for a terminal that can this."""
        self._can = capabilities
        self._drawn.clear()
        self._lines.clear()

    def read(self, written: str) -> None:
        """Take in what Textual writes: text, attributes, moves; everything else means nothing here."""
        lines = written.split("\n")
        for number, line in enumerate(lines):
            if number:
                self._x, self._y = 0, self._y + 1
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        """Take in a line. A screen that comes back, or is drawn twice, has lines that were read before."""
        start = _LINE_START.match(line) if self._pen == PLAIN else None
        if start is None:
            self._read_tokens(line)
            return
        y = int(start[1]) - 1
        known = self._lines.get(line)
        if known is None:
            moves = self._read_tokens(line)
            if moves == 1 and self._x == self.columns and self._pen == PLAIN and 0 <= y < self.rows:
                if len(self._lines) >= _MOST_LINES:
                    self._lines.clear()
                self._lines[line] = self.texts[y][:], self.pens[y][:]
            return
        self.texts[y][:], self.pens[y][:] = known
        self.changed.add(y)
        self._x, self._y = self.columns, y

    def _read_tokens(self, written: str) -> int:
        """Take in a line token by token, and return how many moves it held."""
        moves = 0
        for token in _TOKENS.finditer(written):
            kind = token.lastindex
            if kind == 1:
                self._put(token[1])
            elif kind == 3:
                if token[3] == "m":
                    self._pen = after(self._pen, token[2])
                else:
                    moves += 1
                    self._move(token[2])
            elif kind == 4:
                self._x = 0
                moves += 1
        return moves

    def _move(self, parameters: str) -> None:
        row, _, column = parameters.partition(";")
        self._y = (int(row) if row.isdigit() else 1) - 1
        self._x = (int(column) if column.isdigit() else 1) - 1

    def _put(self, text: str) -> None:
        x, y = self._x, self._y
        cells = list(text) if text.isascii() else cells_of(text, self._can.charset)
        self._x = x + len(cells)
        room = self.columns - x
        if not 0 <= y < self.rows or room <= 0:
            return
        if len(cells) > room:
            if cells[room] == "":
                cells[room - 1] = " "
            del cells[room:]
        end = x + len(cells)
        texts, pens = self.texts[y], self.pens[y]
        if x and texts[x] == "":
            self._halve(y, x - 1)
        if end < self.columns and texts[end] == "":
            self._halve(y, end)
        texts[x:end] = cells
        if end == self.columns and not (texts[-1].isascii() and texts[-1]):
            self._bare_end(texts)
        drawn = self._drawn.get(self._pen)
        if drawn is None:
            drawn = self._drawn[self._pen] = _drawn(self._pen, self._can)
        pen, blank = drawn
        if pen == blank or " " not in cells:
            pens[x:end] = [pen] * len(cells)
        else:
            pens[x:end] = [blank if cell == " " else pen for cell in cells]
        self.changed.add(y)


def _drawn(pen: Pen, can: Capabilities) -> tuple[Pen, Pen]:
    """Return how a pen is drawn on this terminal: on characters and on blanks."""
    attributes, ink, paper = pen
    if attributes & REVERSE and ink and paper:
        attributes, ink, paper = attributes & ~REVERSE, as_ink(paper), as_paper(ink)
    if can.colours < TRUE_COLOUR:
        attributes, ink, paper = fewer(Pen(attributes, ink, paper), can.colours)
    pen = Pen(attributes & can.attributes, ink, paper)
    return pen, on_blank(pen)

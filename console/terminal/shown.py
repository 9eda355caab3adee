"""What the terminal shows, as far as is known: cells, the cursor, the attributes in force."""

from __future__ import annotations

from workshop_console.console.terminal.grid import Cells
from workshop_console.console.terminal.pens import PLAIN, Pen

UNKNOWN = -1
"""A row or column of the cursor that nobody knows."""


class Shown(Cells):
    """The cells on the screen, where the cursor is and how it writes."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.x = self.y = UNKNOWN
        self.pen: Pen | None = None
        self.known = False
        """Whether the cells are known; if not, the screen is cleared before anything is drawn."""

    def forget(self) -> None:
        """Know nothing any more: another program drew, or the size changed."""
        self.x = self.y = UNKNOWN
        self.pen = None
        self.known = False

    def differs(self, wanted: Cells) -> int:
        """Return how many rows are not as wanted."""
        if not self.known or len(self.texts) != len(wanted.texts):
            return wanted.rows
        pairs = zip(self.texts, self.pens, wanted.texts, wanted.pens, strict=True)
        return sum(texts != new or pens != new_pens for texts, pens, new, new_pens in pairs)

    def row_of_blanks(self, count: int) -> int:
        """Return a row that begins with so many plain blanks: what is asked there is not seen."""
        blank = [" "] * count, [PLAIN] * count
        return next(
            (y for y in range(self.rows) if (self.texts[y][:count], self.pens[y][:count]) == blank), 0
        )

    def cleared(self) -> None:
        """Take note that the screen was cleared and the cursor went home, with plain attributes."""
        self.texts = [[" "] * self.columns for _ in range(self.rows)]
        self.pens = [[PLAIN] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0
        self.pen = PLAIN
        self.known = True

    def scrolled(self, top: int, bottom: int, count: int) -> None:
        """Take note that rows `top` to before `bottom` moved up by `count`; negative: down."""
        texts = [[" "] * self.columns for _ in range(abs(count))]
        pens = [[PLAIN] * self.columns for _ in range(abs(count))]
        if count > 0:
            self.texts[top:bottom] = [*self.texts[top + count : bottom], *texts]
            self.pens[top:bottom] = [*self.pens[top + count : bottom], *pens]
        else:
            self.texts[top:bottom] = [*texts, *self.texts[top : bottom + count]]
            self.pens[top:bottom] = [*pens, *self.pens[top : bottom + count]]

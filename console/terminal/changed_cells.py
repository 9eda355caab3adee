"""Writes the cells that changed, and no others.

Textual marks regions as changed, but writes each line from the left edge of its widget to the last changed
cell, after an absolute move of the cursor. For a column of figures that is five times as much.
"""

from __future__ import annotations

from rich.console import Console
from textual._cells import cell_len
from textual._compositor import ChopsUpdate
from textual.strip import Strip

_BACKSPACES = 4
"""Cells to the left that are cheaper by backspaces than by a sequence."""


class ChangedCells(ChopsUpdate):
    """An update of parts of the screen in few bytes."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> ChangedCells:
        """Return `update`, written by this class."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """Return what to write."""
        written: list[str] = []
        here: tuple[int, int] | None = None
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                start, stop = max(x, x1), min(end, x2)
                if not _single_cells(strip):
                    start = x  # never from the middle of a wide character
                part = strip.crop(start - x, stop - x)
                written.append(_move(here, (start, y)))
                written.append(part.render(console))
                # Terminals disagree about the width of some characters, and about the cursor behind the last
                # column: after both the next move is an absolute one.
                exact = part.text.isascii() and stop < self._width(y)
                here = (stop, y) if exact else None
        return "".join(written)

    def _width(self, y: int) -> int:
        return self.chop_ends[y][-1] if self.chop_ends[y] else 0


def _single_cells(strip: Strip) -> bool:
    text = strip.text
    return text.isascii() or all(character.isascii() or cell_len(character) == 1 for character in text)


def _move(here: tuple[int, int] | None, there: tuple[int, int]) -> str:
    """Return the shortest way for the cursor that a VT100 knows; `here` None: nobody knows where it is."""
    x, y = there
    absolute = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
    if here is None:
        return absolute
    right, down = x - here[0], y - here[1]
    if down < 0:
        return absolute
    relative = _sequence(down, "B")
    if right < 0:
        relative += "\b" * -right if -right <= _BACKSPACES else _sequence(-right, "D")
    else:
        relative += _sequence(right, "C")
    return min(relative, absolute, key=len)


def _sequence(count: int, direction: str) -> str:
    if not count:
        return ""
    return f"\x1b[{direction}" if count == 1 else f"\x1b[{count}{direction}"

"""Finds rows that only moved, and moves them on the terminal."""

from __future__ import annotations

from collections import Counter
from operator import ne

from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.output import Output
from workshop_console.console.terminal.pens import PLAIN
from workshop_console.console.terminal.shown import Shown

_LEAST_ROWS = 3
"""Fewer changed rows are not worth the search."""
_LEAST_GAIN = 40
"""Cells that need not be written; the sequences take half as many bytes."""
_CANDIDATES = 3


def scroll(grid: Grid, shown: Shown, output: Output, rows: list[int]) -> set[int]:
    """Scroll the rows that moved, and return which rows changed by that."""
    can = output.can
    if len(rows) < _LEAST_ROWS or not (can.regions or can.insert_rows):
        return set()
    found = _moved(grid, shown, rows)
    if found is None:
        return set()
    top, bottom, count = found
    output.use_on_blank(PLAIN)  # what scrolls in has the background in force
    rows_moved = abs(count)
    number = "" if rows_moved == 1 else str(rows_moved)
    if can.regions:
        whole = top == 0 and bottom == grid.rows
        if not whole:
            output.send(f"\x1b[{top + 1 if top else ''};{bottom}r")
            output.lost()
        if can.scroll_rows:
            output.send(f"\x1b[{number}{'S' if count > 0 else 'T'}")
        elif count > 0:
            output.go(bottom - 1, 0)
            output.send("\n" * rows_moved)
        else:
            output.go(top, 0)
            output.send("\x1bM" * rows_moved)
        if not whole:
            output.send("\x1b[r")
            output.lost()
    else:
        gone, fresh = (top, bottom - rows_moved) if count > 0 else (bottom - rows_moved, top)
        output.go(gone, 0)
        output.send(f"\x1b[{number}M")
        output.go(fresh, 0)
        output.send(f"\x1b[{number}L")
    shown.scrolled(top, bottom, count)
    return set(range(top, bottom))


def _moved(grid: Grid, shown: Shown, rows: list[int]) -> tuple[int, int, int] | None:
    """Return the block of rows (top, behind its bottom, how far up) whose scrolling saves most."""
    where: dict[str, list[int]] = {}
    for y in range(rows[0], rows[-1] + 1):
        if text := "".join(shown.texts[y]).rstrip():
            where.setdefault(text, []).append(y)
    shifts: Counter[int] = Counter()
    for y in rows:
        for before in where.get("".join(grid.texts[y]).rstrip(), ()):
            shifts[before - y] += 1
    del shifts[0]

    def differ(y: int, before: int) -> int:
        if grid.pens[y] == shown.pens[before] and grid.texts[y] == shown.texts[before]:
            return 0
        return sum(map(ne, grid.texts[y], shown.texts[before]))

    best, found = _LEAST_GAIN, None
    unmoved = {y: differ(y, y) for y in range(rows[0], rows[-1] + 1)}
    for count, _ in shifts.most_common(_CANDIDATES):
        gain = start = 0
        # Rows y of the new picture that were y + count in the old one.
        for y in range(max(rows[0], rows[0] - count), min(rows[-1], rows[-1] - count) + 1):
            if gain <= 0:
                gain, start = 0, y
            gain += unmoved[y] - differ(y, y + count)
            if gain > best:
                best = gain
                found = (start, y + 1 + count, count) if count > 0 else (start + count, y + 1, count)
    return found

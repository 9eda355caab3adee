"""Finds rows side by side that are written anew, so that they are cleared together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workshop_console.console.terminal.pieces import Row, about

_LEAST_ROWS = 4
"""Fewer rows are not worth the search."""
_FEW_BYTES = 12
"""What takes no more stays: most frames change a few cells of some rows."""
_BYTES = 8
"""What deleting and inserting rows takes, about; the cursor has to go to the first one anyway."""


def clear_together(rows: Sequence[Row], on_blank: Callable[[int], Row]) -> Sequence[Row]:
    """Return the rows, of which those side by side that gain most by it are cleared before.

    `on_blank` plans a row as if the terminal showed a blank one.
    """
    best, span = _BYTES, (0, 0)
    start = gain = 0
    anew: dict[int, Row] = {}
    for number, row in enumerate(rows):
        if gain <= 0 or row.y != rows[number - 1].y + 1:
            start, gain = number, 0
        bytes_now = about(row)
        if bytes_now <= _FEW_BYTES and not "".join(row.texts).isspace():
            gain = 0
            continue
        anew[number] = on_blank(row.y)
        gain += bytes_now - about(anew[number])
        if gain > best:
            best, span = gain, (start, number + 1)
    first, behind = span
    if behind - first < _LEAST_ROWS:
        return rows
    anew[first].clears = behind - first
    return [*rows[:first], *(anew[number] for number in range(first, behind)), *rows[behind:]]

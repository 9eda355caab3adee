"""Draws how a value went as a few cells of text: one level for each span of time."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.widgets.glyphs import glyphs

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.,-+*^#"
"""Each a little higher in its cell, or heavier, than the one before."""


def sparkline(
    values: Sequence[float | None], width: int, *, least: float | None = None, greatest: float | None = None
) -> str:
    """Return the last `width` values as exactly `width` cells, the newest at the right.

    Levels lie between `least` and `greatest`, which are those of the values where they are not given. A gap
    (None) is a space; a value that does not change is in the middle.
    """
    shown = values[-width:]
    there = [value for value in shown if value is not None]
    low = min(there, default=0.0) if least is None else least
    high = max(there, default=0.0) if greatest is None else greatest
    levels = _ASCII if glyphs().plain else _BLOCKS
    cells = "".join(" " if value is None else levels[_level(value, low, high)] for value in shown)
    return cells.rjust(width)


def _level(value: float, low: float, high: float) -> int:
    last = len(_BLOCKS) - 1
    if high <= low:
        return last // 2
    return round(min(1.0, max(0.0, (value - low) / (high - low))) * last)

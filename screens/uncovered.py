"""What it takes to show again what a sheet covers, so that a sheet knows how high it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.screens.base import ConsoleScreen
from workshop_console.widgets.keybar import KeyBar
from workshop_console.widgets.line import MessageLine
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import TextPage
from workshop_console.widgets.tones import PLAIN

_MOST_BYTES = 800
"""Going back may take so many on a terminal of 80 x 24: less than 900, and the estimate is one."""
_USUAL_CELLS = 80 * 24
_FRAME_ROWS = 3
"""Message line and keys, which every sheet covers with its own."""
_MOVE_BYTES, _PEN_BYTES, _GAP_BYTES, _KEY_BYTES = 6, 5, 4, 9
_GAP = re.compile(" {4,}")


def rows_to_cover(below: Sequence[ConsoleScreen[object]], size: Size, message: str) -> int:
    """Return how many rows a sheet may have, counted from the bottom, over the screens `below`.

    `message`: what its own message line says.
    """
    rows = [0] * size.height
    for screen in below:
        for part in screen.query("Table, TextPage"):
            for y, taken in enumerate(_rows_of(part), part.region.y):
                if 0 <= y < size.height:
                    rows[y] = taken
    left = _MOST_BYTES * max(1.0, size.width * size.height / _USUAL_CELLS)
    for line in below[-1].query(MessageLine) if below else ():
        left -= _bytes(line.text) if line.text != message else 0
    for keys in below[-1].query(KeyBar) if below else ():
        left -= sum(_bytes(key + label) + _KEY_BYTES for line in keys.lines[:-1] for key, label in line)
    count = _FRAME_ROWS
    for taken in reversed(rows[: size.height - _FRAME_ROWS]):
        left -= taken
        if left < 0:
            break
        count += 1
    return count


def _rows_of(part: Widget) -> Iterable[int]:
    if isinstance(part, (Table, TextPage)) and part.display:
        for y in range(part.size.height):
            yield _taken(part.render_line(y))


def _taken(strip: Strip) -> int:
    """Return about how many bytes a line takes on a blank row."""
    text = strip.text.strip()
    if not text:
        return 0
    pens = sum(segment.style not in (None, PLAIN) and not segment.text.isspace() for segment in strip)
    return (
        _bytes(" ".join(text.split()))
        + _MOVE_BYTES
        + pens * _PEN_BYTES
        + len(_GAP.findall(text)) * _GAP_BYTES
    )


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))

"""Writes cells with the cheapest movements and changes of attributes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.pens import PLAIN, SEEN_ON_BLANKS, Pen, shortest
from workshop_console.console.terminal.shown import UNKNOWN, Shown

_WORTH_RETYPING = 8
"""Cells that may be written again instead of moving over them; each costs a byte at least."""

_NEAR_ROWS, _NEAR_MARGIN = 3, 3
"""So few rows down and cells from the margin, blanks before a text may be shorter than a move to it."""


class Output:
    """What is sent, and where cursor and attributes are after it."""

    def __init__(self, shown: Shown, can: Capabilities) -> None:
        self.can = can
        self.columns = shown.columns
        self.x, self.y, self.pen = shown.x, shown.y, shown.pen
        self._parts: list[str] = []

    def fork(self) -> Output:
        """Return an output that goes on from here, to try something."""
        other = object.__new__(Output)
        other.can, other.columns = self.can, self.columns
        other.x, other.y, other.pen = self.x, self.y, self.pen
        other._parts = []
        return other

    def take(self, tried: Output) -> None:
        """Go on from where a fork came to."""
        self._parts += tried._parts
        self.x, self.y, self.pen = tried.x, tried.y, tried.pen

    def length(self) -> int:
        """Return how many bytes were sent."""
        text = "".join(self._parts)
        return len(text) if text.isascii() else len(text.encode())

    def text(self) -> str:
        """Return what was sent."""
        return "".join(self._parts)

    def send(self, sequence: str) -> None:
        """Send a sequence that changes neither the cursor nor the attributes."""
        self._parts.append(sequence)

    def lost(self) -> None:
        """Take note that nobody knows where the cursor is."""
        self.x = self.y = UNKNOWN

    def use(self, pen: Pen) -> None:
        """Write with `pen` from now on."""
        if self.pen != pen:
            self._parts.append(shortest(self.pen, pen, single_off=self.can.single_off))
            self.pen = pen

    def use_on_blank(self, blank: Pen) -> None:
        """Write blanks with `blank` from now on; ink and what a blank does not show stay as they are."""
        now = self.pen
        if now is None or (now.attributes | blank.attributes) & SEEN_ON_BLANKS:
            self.use(blank)
        elif now.paper != blank.paper:
            single_off = self.can.single_off
            kept = Pen(now.attributes, now.ink, blank.paper)
            self.use(min(blank, kept, key=lambda pen: len(shortest(now, pen, single_off=single_off))))

    def put(self, text: str, width: int, *, sure: bool) -> None:
        """Write a text of `width` cells; `sure`: terminals agree about its width."""
        self._parts.append(text)
        self._went(width, sure)

    def put_same(self, text: str, *, sure: bool) -> None:
        """Write a text of equal narrow characters."""
        cell, count = text[0], len(text)
        repeated = f"{cell}\x1b[{count - 1}b"
        if self.can.repeat and len(repeated.encode()) < len(text.encode()):
            text = repeated
        self._parts.append(text)
        self._went(count, sure)

    def _went(self, width: int, sure: bool) -> None:
        x = self.x
        if x != UNKNOWN:
            self.x = x = x + width
        if not sure or x == UNKNOWN or x >= self.columns:
            # Terminals disagree about widths, and about the cursor behind the last column; a carriage return
            # helps them all.
            self.x = UNKNOWN
            if not self.can.stops_wrapping:
                self.y = UNKNOWN

    def go(
        self,
        y: int,
        x: int,
        texts: Sequence[str] = (),
        pens: Sequence[Pen] = (),
        pen: Pen | None = None,
    ) -> None:
        """Move the cursor.

        `texts` and `pens`: the row, whose cells on the way may be written again, with the pen in force or
        with `pen`, which comes next.
        """
        if self.y == y and self.x == x:
            return
        can = self.can
        best = _way(self.y, self.x, y, x, can.row_address, can.column_address)
        if texts and self.y == y and self.x != UNKNOWN and 0 < x - self.x <= _WORTH_RETYPING:
            for used in (self.pen, pen):
                again = _again(self.x, x, texts, pens, used)
                if again and len(again) <= len(best):
                    if used is not None:
                        self.use(used)
                    best = again
                    break
        elif texts and self.y != UNKNOWN and 0 < y - self.y <= _NEAR_ROWS and 0 < x <= _NEAR_MARGIN:
            again = _again(0, x, texts, pens, self.pen)
            down = ("\r" if self.x else "") + "\n" * (y - self.y)
            if again and len(down) + x < len(best):
                best = down + again
        self._parts.append(best)
        self.y, self.x = y, x

    def clear(self) -> None:
        """Clear the screen; the cursor goes home."""
        self._parts.append("\x1b[m\x1b[H\x1b[2J")
        self.x = self.y = 0
        self.pen = PLAIN


def _again(start: int, end: int, texts: Sequence[str], pens: Sequence[Pen], pen: Pen | None) -> str:
    """Return the cells on the way when writing them with `pen` shows them as they are; else nothing."""
    if pen is None:
        return ""
    for column in range(start, end):
        cell, seen = texts[column], pens[column]
        if not cell.isascii() or not cell:
            return ""
        if seen != pen and not (
            cell == " "
            and seen.paper == pen.paper
            and not (seen.attributes | pen.attributes) & SEEN_ON_BLANKS
        ):
            return ""
    return "".join(texts[start:end])


@lru_cache(maxsize=8192)
def _way(y: int, x: int, to_y: int, to_x: int, by_row: bool, by_column: bool) -> str:
    """Return the shortest movement; `by_row`, `by_column`: the terminal can go to one of them alone."""
    if to_x:
        best = f"\x1b[{to_y + 1};{to_x + 1}H" if to_y else f"\x1b[;{to_x + 1}H"
    else:
        best = f"\x1b[{to_y + 1}H" if to_y else "\x1b[H"
    if y == UNKNOWN:
        return best
    horizontal = _horizontal(x, to_x, by_column)
    for vertical in _vertical(y, to_y, by_row):
        for way in horizontal:
            if len(vertical) + len(way) < len(best):
                best = way + vertical
    return best


def _vertical(y: int, to_y: int, by_row: bool) -> list[str]:
    count = to_y - y
    if not count:
        return [""]
    ways = [f"\x1b[{_number(abs(count))}{'B' if count > 0 else 'A'}"]
    if by_row:
        ways.append(f"\x1b[{_number(to_y + 1)}d")
    if 0 < count <= 4:
        ways.append("\n" * count)
    return ways


def _horizontal(x: int, to_x: int, by_column: bool) -> list[str]:
    if x == to_x:
        return [""]
    ways = ["\r"] if to_x == 0 else []
    if by_column:
        ways.append(f"\x1b[{_number(to_x + 1)}G")
    if x != UNKNOWN:
        count = to_x - x
        if -4 <= count < 0:
            ways.append("\b" * -count)
        ways.append(f"\x1b[{_number(abs(count))}{'C' if count > 0 else 'D'}")
    elif to_x:
        ways.append(f"\r\x1b[{_number(to_x)}C")
    return ways


def _number(count: int) -> str:
    return "" if count == 1 else str(count)

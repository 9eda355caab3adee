"""The shortest bytes from what the terminal shows to what is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.output import Output
from workshop_console.console.terminal.pens import SEEN_ON_BLANKS, Pen
from workshop_console.console.terminal.scrolling import scroll
from workshop_console.console.terminal.shown import Shown

_WORTH_ERASING = 6
"""Blanks in a row from which on erasing them is cheaper than writing them."""
_WORTH_TRYING = 12
"""Changed cells of a row from which on it may be cheaper to erase it and write it anew."""


def shortest_bytes(grid: Grid, shown: Shown, can: Capabilities) -> str:
    """Return what to send, and take note in `shown` that it was; empty when nothing differs."""
    output = Output(shown, can)
    rows = sorted(grid.changed)
    if not shown.known:
        shown.resize(grid.columns, grid.rows)
        output = Output(shown, can)
        output.clear()
        shown.cleared()
        rows = list(range(grid.rows))
    grid.changed.clear()
    if not can.corner:
        shown.texts[-1][-1], shown.pens[-1][-1] = grid.texts[-1][-1], grid.pens[-1][-1]
    rows = [y for y in rows if grid.texts[y] != shown.texts[y] or grid.pens[y] != shown.pens[y]]
    for y in sorted({*rows, *scroll(grid, shown, output, rows)}):
        texts, pens = grid.texts[y], grid.pens[y]
        if texts != shown.texts[y] or pens != shown.pens[y]:
            _row(output, y, texts, pens, shown.texts[y], shown.pens[y])
            shown.texts[y], shown.pens[y] = texts[:], pens[:]
    shown.x, shown.y, shown.pen = output.x, output.y, output.pen
    return output.text()


def _row(
    output: Output,
    y: int,
    texts: list[str],
    pens: list[Pen],
    seen_texts: list[str],
    seen_pens: list[Pen],
) -> None:
    """Write a row in the cheaper of two ways: what differs, or all of it on an erased row."""
    changed = [x for x in range(len(texts)) if texts[x] != seen_texts[x] or pens[x] != seen_pens[x]]
    if len(changed) < _WORTH_TRYING or "".join(seen_texts[changed[0] :]).isspace():
        _differences(output, y, texts, pens, changed)
        return
    plain = output.fork()
    _differences(plain, y, texts, pens, changed)
    anew = output.fork()
    first = changed[0]
    if texts[first] == "":
        first -= 1
    blank = pens[-1] if texts[-1] == " " and _erasable(pens[-1], output.can) else Pen()
    anew.go(y, first)
    anew.use_on_blank(blank)
    anew.send("\x1b[K")
    inked = [x for x in range(first, len(texts)) if texts[x] != " " or pens[x] != blank]
    _differences(anew, y, texts, pens, inked)
    output.take(min(plain, anew, key=lambda tried: len(tried.text().encode())))


def _erasable(pen: Pen, can: Capabilities) -> bool:
    """Return whether erasing leaves what blanks written with `pen` would."""
    return not pen.attributes & SEEN_ON_BLANKS and (not pen.paper or can.paper_erase)


def _differences(
    output: Output, y: int, texts: Sequence[str], pens: Sequence[Pen], changed: Sequence[int]
) -> None:
    """Write the cells at `changed` of a row."""
    columns, can = len(texts), output.can
    tail = columns  # from here on blanks of one kind, that erasing leaves
    if texts[-1] == " " and _erasable(pens[-1], can):
        while tail and texts[tail - 1] == " " and pens[tail - 1] == pens[-1]:
            tail -= 1
    position, count = 0, len(changed)
    while position < count:
        x = changed[position]
        if texts[x] == "":
            x -= 1
        text, pen = texts[x], pens[x]
        if x >= tail and changed[-1] - x >= 3:
            output.go(y, x, texts, pens)
            output.use_on_blank(pen)
            output.send("\x1b[K")
            return
        if x + 1 < columns and texts[x + 1] == "":
            output.go(y, x, texts, pens)
            output.use(pen)
            output.put(text, 2)
            while position < count and changed[position] <= x + 1:
                position += 1
            continue
        end = x + 1
        while end < columns and texts[end] == text and pens[end] == pen:
            end += 1
        following = position + 1
        while following < count and changed[following] < end:
            following += 1
        length = changed[following - 1] - x + 1
        output.go(y, x, texts, pens)
        if text == " ":
            output.use_on_blank(pen)
            # Erasing leaves the cursor where it was, repeating takes it along to what follows.
            erases = can.erase_characters and _erasable(pen, can) and not (can.repeat and following < count)
            if length >= _WORTH_ERASING and erases:
                output.send(f"\x1b[{length}X")
            else:
                output.put_same(text, length)
            position = following
            continue
        output.use(pen)
        output.put_same(text, length)
        position = following

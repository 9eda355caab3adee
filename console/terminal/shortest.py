"""The shortest bytes from what the terminal shows to what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.output import Output
from workshop_console.console.terminal.pens import PLAIN, SEEN_ON_BLANKS, Pen
from workshop_console.console.terminal.scrolling import scroll
from workshop_console.console.terminal.shown import Shown

_WORTH_ERASING = 6
"""Blanks in a row from which on erasing them is cheaper than writing them."""
_WORTH_TRYING = 12
"""Changed cells of a row from which on it may be cheaper to erase it and write it anew."""
_WORTH_PASSES = 5
"""Changed rows from which on it may be cheaper to write them pen by pen."""
_MANY_ROWS, _FEW_TIMES = 3, 2
"""A pen is written apart when so many rows have it, each at most so many times."""


@dataclass
class _Row:
    """What there is to do in a row."""

    y: int
    texts: list[str]
    pens: list[Pen]
    changed: list[int]
    """Columns of the cells to write."""
    erase_from: int | None = None
    """Column from which on the row is erased before."""
    erase_with: Pen = PLAIN


def shortest_bytes(grid: Grid, shown: Shown, can: Capabilities) -> str:
    """Return what to send, and take note in `shown` that it was; empty when nothing differs."""
    if shown.known:
        output = Output(shown, can)
        changed = sorted(grid.changed)
    else:
        shown.resize(grid.columns, grid.rows)
        output = Output(shown, can)
        output.clear()
        shown.cleared()
        changed = list(range(grid.rows))
    grid.changed.clear()
    if not can.corner:
        shown.texts[-1][-1], shown.pens[-1][-1] = grid.texts[-1][-1], grid.pens[-1][-1]
    changed = [y for y in changed if grid.texts[y] != shown.texts[y] or grid.pens[y] != shown.pens[y]]
    rows: list[_Row] = []
    for y in sorted({*changed, *scroll(grid, shown, output, changed)}):
        texts, pens = grid.texts[y], grid.pens[y]
        if texts != shown.texts[y] or pens != shown.pens[y]:
            rows.append(_planned(output, y, texts, pens, shown))
            shown.texts[y], shown.pens[y] = texts[:], pens[:]
    tried = [output.fork()]
    _row_by_row(tried[0], rows)
    if len(rows) >= _WORTH_PASSES:
        tried.append(output.fork())
        _pen_by_pen(tried[1], rows)
    output.take(min(tried, key=Output.length))
    shown.x, shown.y, shown.pen = output.x, output.y, output.pen
    return output.text()


def _planned(output: Output, y: int, texts: list[str], pens: list[Pen], shown: Shown) -> _Row:
    """Choose the cheaper of two ways for a row: only what differs, or all of it on an erased row."""
    seen_texts, seen_pens = shown.texts[y], shown.pens[y]
    columns = range(len(texts))
    changed = [x for x in columns if texts[x] != seen_texts[x] or pens[x] != seen_pens[x]]
    row = _Row(y, texts, pens, changed)
    if len(changed) < _WORTH_TRYING or "".join(seen_texts[changed[0] :]).isspace():
        return row
    first = changed[0] - (texts[changed[0]] == "")
    blank = pens[-1] if texts[-1] == " " and _erasable(pens[-1], output.can) else PLAIN
    inked = [x for x in range(first, len(texts)) if texts[x] != " " or pens[x] != blank]
    anew = _Row(y, texts, pens, inked, first, blank)
    lengths = []
    for tried in (row, anew):
        trial = output.fork()
        _row_by_row(trial, [tried])
        lengths.append(trial.length())
    return row if lengths[0] <= lengths[1] else anew


def _row_by_row(output: Output, rows: Iterable[_Row]) -> None:
    for row in rows:
        _erase(output, row)
        _cells(output, row, row.changed)


def _pen_by_pen(output: Output, rows: Sequence[_Row]) -> None:
    """Write what many rows have in one pen together: a move down costs less than two changes of the pen."""
    in_rows: Counter[Pen] = Counter()
    times_in_row: list[Counter[Pen]] = []
    for row in rows:
        times = Counter(
            row.pens[x]
            for before, x in zip([None, *row.changed], row.changed, strict=False)
            if row.texts[x] != " " and (before is None or row.pens[before] != row.pens[x])
        )
        times_in_row.append(times)
        in_rows.update(times.keys())
    if not in_rows:
        return _row_by_row(output, rows)
    base = in_rows.most_common(1)[0][0]
    later: dict[Pen, list[tuple[_Row, list[int]]]] = {}
    for row, times in zip(rows, times_in_row, strict=True):
        apart = {
            pen for pen in times if pen != base and in_rows[pen] >= _MANY_ROWS and times[pen] <= _FEW_TIMES
        }
        parts: dict[Pen, list[int]] = {pen: [] for pen in apart}
        together: list[int] = []
        for x in row.changed:
            parts.get(row.pens[x], together).append(x)
        _erase(output, row)
        _cells(output, row, together)
        for pen, part in parts.items():
            later.setdefault(pen, []).append((row, part))
    for parts_of_pen in later.values():
        for row, part in parts_of_pen:
            _cells(output, row, part)
    return None


def _erase(output: Output, row: _Row) -> None:
    if row.erase_from is not None:
        output.go(row.y, row.erase_from)
        output.use_on_blank(row.erase_with)
        output.send("\x1b[K")


def _erasable(pen: Pen, can: Capabilities) -> bool:
    """Return whether erasing leaves what blanks written with `pen` would."""
    return not pen.attributes & SEEN_ON_BLANKS and (not pen.paper or can.paper_erase)


def _cells(output: Output, row: _Row, changed: Sequence[int]) -> None:
    """Write the cells at `changed` of a row."""
    y, texts, pens = row.y, row.texts, row.pens
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

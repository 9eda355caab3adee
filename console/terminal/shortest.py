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
"""Changed rows from which on it may be cheaper to write them in passes."""
_MANY_ROWS, _FEW_TIMES = 4, 2
"""A pen is written apart when so many rows have it, each at most so many times."""
_NARROW, _FAR = 2, 5
"""So narrow a run, so far from the one before, is reached cheaper from the row above."""


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


@dataclass
class _Run:
    """Cells with ink, near each other, of one pen."""

    end: int
    pen: Pen
    cells: list[int]
    lonely: bool
    """Whether it is narrow, and far from everything else in its row."""


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
        for columns in (False, True):
            tried.append(output.fork())
            _in_passes(tried[-1], rows, columns=columns)
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


def _in_passes(output: Output, rows: Sequence[_Row], *, columns: bool) -> None:
    """Write what many rows have in one pen together; `columns`: and what they have in one narrow column.

    A move down by a row costs less than two changes of the pen, or a move to a far column.
    """
    runs_of = [_runs(row) for row in rows]
    rows_with_pen = Counter(pen for runs in runs_of for pen in {run.pen for run in runs})
    if not rows_with_pen:
        _row_by_row(output, rows)
        return
    base = rows_with_pen.most_common(1)[0][0]
    in_column = Counter((run.pen, run.cells[0]) for runs in runs_of for run in runs if columns and run.lonely)
    passes: dict[tuple[Pen, int], list[tuple[_Row, list[int]]]] = {}
    for row, runs in zip(rows, runs_of, strict=True):
        times = Counter(run.pen for run in runs)
        apart: set[int] = set()
        for run in runs:
            pen, place = run.pen, -1
            if run.lonely and in_column[pen, run.cells[0]] >= _MANY_ROWS:
                place = run.cells[0]
            elif pen == base or rows_with_pen[pen] < _MANY_ROWS or times[pen] > _FEW_TIMES:
                continue
            apart.update(run.cells)
            passes.setdefault((pen, place), []).append((row, run.cells))
        _erase(output, row)
        _cells(output, row, [x for x in row.changed if x not in apart])
    # The pen in force first, and each pen once.
    for pen, place in sorted(passes, key=lambda key: (key[0] != output.pen, key)):
        for row, cells_of_row in passes[pen, place]:
            _cells(output, row, cells_of_row)


def _runs(row: _Row) -> list[_Run]:
    """Return the runs of cells with ink that are to be written: one pen, and no far move inside."""
    runs: list[_Run] = []
    for x in row.changed:
        if row.texts[x] == " " and not row.pens[x].attributes & SEEN_ON_BLANKS:
            continue
        gap = x - runs[-1].end if runs else _FAR
        if gap < _FAR and runs[-1].pen == row.pens[x]:
            runs[-1].end = x + 1
            runs[-1].cells.append(x)
            continue
        if runs:
            runs[-1].lonely &= gap >= _FAR
        runs.append(_Run(x + 1, row.pens[x], [x], gap >= _FAR))
    for run in runs:
        run.lonely &= run.end - run.cells[0] <= _NARROW
    return runs


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
            output.go(y, x, texts, pens, pen)
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
        output.go(y, x, texts, pens, pen)
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

"""The shortest bytes from what the terminal shows to what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.clearing import clear_together
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.output import Output
from workshop_console.console.terminal.pens import PLAIN, Pen
from workshop_console.console.terminal.pieces import Piece, Row, erase, planned, write
from workshop_console.console.terminal.scrolling import scroll
from workshop_console.console.terminal.shown import Shown

_WORTH_PASSES = 5
"""Changed rows from which on it may be cheaper to write them in passes."""
_MANY_ROWS, _FEW_TIMES = 4, 2
"""A pen is written apart when so many rows have it, each at most so many times."""
_NARROW, _FAR = 2, 5
"""So narrow a run, so far from its neighbours, is reached cheaper from the row above."""


@dataclass
class _Run:
    """Pieces with ink, near each other, of one pen."""

    pieces: list[Piece]
    lonely: bool
    """Whether it is narrow, and far from everything else in its row."""

    @property
    def pen(self) -> Pen:
        """Its pen."""
        return self.pieces[0].pen

    @property
    def start(self) -> int:
        """Its first column."""
        return self.pieces[0].start


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
    rows = _changed_rows(grid, shown, can, {*changed, *scroll(grid, shown, output, changed)})
    output.take(min(_ways(output, rows), key=Output.length))
    shown.x, shown.y, shown.pen = output.x, output.y, output.pen
    return output.text()


def _changed_rows(grid: Grid, shown: Shown, can: Capabilities, among: Iterable[int]) -> Sequence[Row]:
    """Return what there is to do in each row, and take note in `shown` that it was done."""
    rows: list[Row] = []
    for y in sorted(among):
        texts, pens = grid.texts[y], grid.pens[y]
        if texts != shown.texts[y] or pens != shown.pens[y]:
            rows.append(planned(y, texts, pens, shown.texts[y], shown.pens[y], can))
            shown.texts[y], shown.pens[y] = texts[:], pens[:]
    if not can.insert_rows:
        return rows
    blank = [" "] * grid.columns, [PLAIN] * grid.columns
    return clear_together(rows, lambda y: planned(y, grid.texts[y], grid.pens[y], *blank, can))


def _ways(output: Output, rows: Sequence[Row]) -> Iterable[Output]:
    """Write the rows in the ways that may be the shortest."""
    way = output.fork()
    for row in rows:
        erase(way, row)
        write(way, row, row.pieces)
    yield way
    if len(rows) < _WORTH_PASSES:
        return
    runs_of = [_runs(row) for row in rows]
    in_column = Counter((run.pen, run.start) for runs in runs_of for run in runs if run.lonely)
    many_columns = {place for place, count in in_column.items() if count >= _MANY_ROWS}
    for columns in [set(), many_columns] if many_columns else [set()]:
        way = output.fork()
        if _in_passes(way, rows, runs_of, columns):
            yield way


def _in_passes(
    output: Output, rows: Sequence[Row], runs_of: Sequence[Sequence[_Run]], columns: set[tuple[Pen, int]]
) -> bool:
    """Write what many rows have in one pen, or in one of the narrow `columns`, together.

    A move down by a row costs less than two changes of the pen, or a move to a far column. Returns whether
    there was anything to write so.
    """
    rows_with_pen = Counter(pen for runs in runs_of for pen in {run.pen for run in runs})
    base = rows_with_pen.most_common(1)[0][0] if rows_with_pen else None
    passes: dict[tuple[Pen, int], list[tuple[Row, list[Piece]]]] = {}
    together: list[tuple[Row, list[Piece]]] = []
    for row, runs in zip(rows, runs_of, strict=True):
        times = Counter(run.pen for run in runs)
        apart: set[int] = set()
        for run in runs:
            place = -1
            if run.lonely and (run.pen, run.start) in columns:
                place = run.start
            elif run.pen == base or rows_with_pen[run.pen] < _MANY_ROWS or times[run.pen] > _FEW_TIMES:
                continue
            apart.update(piece.start for piece in run.pieces)
            passes.setdefault((run.pen, place), []).append((row, run.pieces))
        together.append((row, [piece for piece in row.pieces if piece.start not in apart]))
    if not passes:
        return False
    for row, pieces in together:
        erase(output, row)
        write(output, row, pieces)
    # The pen in force first, and each pen once.
    for key in sorted(passes, key=lambda key: (key[0] != output.pen, key)):
        for row, pieces in passes[key]:
            write(output, row, pieces)
    return True


def _runs(row: Row) -> list[_Run]:
    """Return the runs of pieces with ink: one pen, and no far move inside."""
    runs: list[_Run] = []
    for piece in row.pieces:
        if piece.blank:
            continue
        gap = piece.start - runs[-1].pieces[-1].end if runs else _FAR
        if gap < _FAR and runs[-1].pen == piece.pen:
            runs[-1].pieces.append(piece)
            continue
        if runs:
            runs[-1].lonely &= gap >= _FAR
        runs.append(_Run([piece], gap >= _FAR))
    for run in runs:
        run.lonely &= run.pieces[-1].end - run.start <= _NARROW
    return runs

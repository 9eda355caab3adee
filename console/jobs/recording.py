"""Recordings of actual values: written as CSV while they are read, and read back as the same values.

Seven rows stand before the samples: what the file is, then for each column the control unit, its address, the
value's name, its unit of measure, the least and greatest expected value; the eighth row is the heading.
A sample has its time (ISO 8601, UTC), the milliseconds since the start, a mark, and one cell for each value.
"""

from __future__ import annotations

import csv
import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.values import ValueName, ValueReading

_FORMAT = "workshop-console recording"
_VERSION = "1"
_FIRST_COLUMNS = 3
_CELLS_OF_FIRST = 5
_ROWS_BEFORE = ("unit", "address", "value", "measure", "expected from", "expected to")
_LONGEST_FIELD = 4_096
_MOST_COLUMNS = 500
_MOST_BYTES = 256 * 1024 * 1024
"""A day of twenty values; reading it back takes a multiple of this in memory."""
_LONGEST_MS = 12
"""Digits of the milliseconds since the start: thirty years."""
_RUNS_IN_SPREADSHEETS = ("=", "+", "-", "@")
_PART_NUMBER_DIGITS = 8
"""So many digits without a unit of measure are the number of a part, not a value to draw."""
_QUOTED = (*_RUNS_IN_SPREADSHEETS, "'")
"""A cell that begins so is written with a quote before it, unless it is a number."""


class Recorder:
    """Writes one recording; each row goes to the system at once, so a crash loses at most the last one."""

    def __init__(self, file: Path, rows: Sequence[ValueReading], *, vin: str, vehicle: str) -> None:
        """Begin a recording of `rows` in a new file. Raises ConsoleError WC-107 or WC-604."""
        self.file = file
        self.names = tuple(row.name for row in rows)
        self.samples = 0
        self._mark = ""
        self._started = datetime.now(UTC)
        self.zero = time.monotonic()
        """The start, on the clock of write()."""
        self._last: tuple[tuple[str, float], ...] = ()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Kept open until close(): a recording runs for as long as the mechanic wants.
            self._target: TextIO | None = file.open("x", encoding="utf-8", newline="", buffering=1)
        except OSError as error:
            raise _not_written(file, error) from None
        self._writer = csv.writer(self._target)
        self._row(_FORMAT, _VERSION, self._started.isoformat(timespec="milliseconds"), vin, vehicle)
        for title, cells in zip(
            _ROWS_BEFORE,
            (
                [row.unit_label for row in rows],
                [f"{row.name.unit} {row.name.address}" for row in rows],
                [row.name.value for row in rows],
                [row.unit for row in rows],
                [_limit(row.low) for row in rows],
                [_limit(row.high) for row in rows],
            ),
            strict=True,
        ):
            self._row(title, "", "", *cells)
        self._row("time", "ms", "mark", *(row.label for row in rows))

    def mark(self, text: str = "x") -> None:
        """Put a mark on the next row."""
        self._mark = clean(text, longest=80) or "x"

    def write(self, rows: Sequence[ValueReading], at: float) -> None:
        """Add a sample if anything was read since the last one. Raises ConsoleError WC-107 or WC-604."""
        state = tuple((row.text, row.at) for row in rows)
        if state == self._last and not self._mark:
            return
        self._last = state
        since = max(0.0, at - self.zero)
        moment = self._started + timedelta(seconds=since)
        mark, self._mark = self._mark, ""
        self._row(
            moment.isoformat(timespec="milliseconds"), str(round(since * 1000)), mark, *(r.text for r in rows)
        )
        self.samples += 1

    def _row(self, *cells: str) -> None:
        if self._target is None:
            return
        try:
            self._writer.writerow([_harmless(cell) for cell in cells])
        except OSError as error:
            target, self._target = self._target, None
            with suppress(OSError):  # the same trouble once more; it is told below
                target.close()
            raise _not_written(self.file, error) from None

    def close(self) -> None:
        """End the recording; safe to call twice."""
        target, self._target = self._target, None
        if target is not None:
            try:
                target.close()
            except OSError:
                return  # each row was written when it was made; there is nobody to tell


def _not_written(file: Path, error: OSError) -> ConsoleError:
    if error.errno == errno.ENOSPC:
        return ConsoleError("WC-604", file=clean(file))
    return ConsoleError("WC-107", file=clean(file), detail=clean(error.strerror or error))


def _limit(limit: float | None) -> str:
    return "" if limit is None else f"{limit:.12g}"


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs: what begins like a formula and is no number gets a quote."""
    if not cell.startswith(_QUOTED):
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One row of a recording."""

    ms: int
    mark: str
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording that was read back."""

    file: Path
    started: datetime
    vin: str
    vehicle: str
    rows: tuple[ValueReading, ...]
    """One for each column, without a value."""
    samples: tuple[Sample, ...]

    @property
    def length_ms(self) -> int:
        """From the start to the last sample."""
        return self.samples[-1].ms if self.samples else 0

    def play(
        self, start: int = 0, rows: Sequence[ValueReading] | None = None
    ) -> Iterator[tuple[Sample, tuple[ValueReading, ...]]]:
        """Yield each sample with the values as they were, least and greatest from the beginning on.

        From sample `start` on with `rows`, the values as they were before it.
        """
        rows = self.rows if rows is None else rows
        for index in range(start, len(self.samples)):
            sample = self.samples[index]
            at = sample.ms / 1000
            rows = tuple(_played(row, text, at) for row, text in zip(rows, sample.texts, strict=True))
            yield sample, rows


def _played(row: ValueReading, text: str, at: float) -> ValueReading:
    number = None if _is_part_number(row, text) else _number(text)
    least, greatest = row.least, row.greatest
    if number is not None:
        least = number if least is None else min(least, number)
        greatest = number if greatest is None else max(greatest, number)
    return replace(
        row,
        text=text,
        number=number,
        at=at if text else row.at,
        least=least,
        greatest=greatest,
        samples=row.samples + 1,
    )


def _is_part_number(row: ValueReading, text: str) -> bool:
    """Return whether digits name something: a recording does not tell texts from numbers."""
    counted = row.unit or row.low is not None or row.high is not None
    return not counted and text.isdecimal() and len(text) >= _PART_NUMBER_DIGITS


def read_recording(file: Path) -> Recording:
    """Return the recording in `file`; a last row that was cut off is left out.

    Raises ConsoleError WC-108 when it cannot be read, WC-361 (file, line, detail) when it is none.
    """
    try:
        with file.open("rb") as source:
            size = source.seek(0, os.SEEK_END)
            if size > _MOST_BYTES:
                raise ConsoleError("WC-361", file=clean(file), line=0, detail=f"> {_MOST_BYTES} B")
            source.seek(max(0, size - 1))
            ended = source.read(1) == b"\n"
        # A character may have been cut in two; what else is not UTF-8 shows as such.
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            return _Reader(file, csv.reader(text), ended=ended).recording()
    except OSError as error:
        raise ConsoleError("WC-108", file=clean(file), detail=clean(error.strerror or error)) from None


class _Reader:
    """Reads one file; `ended`: its last row is whole."""

    def __init__(self, file: Path, lines: Iterator[list[str]], *, ended: bool) -> None:
        self._file = file
        self._lines = lines
        self._ended = ended
        self._number = 0
        self._known: dict[str, str] = {}
        """Cells seen before: most come again and again, and are kept once."""

    def _wrong(self, detail: str) -> ConsoleError:
        return ConsoleError(
            "WC-361", file=clean(self._file), line=self._number, detail=clean(detail, longest=120)
        )

    def _next(self) -> list[str] | None:
        self._number += 1
        try:
            cells = next(self._lines, None)
        except csv.Error as error:
            raise self._wrong(str(error)) from None
        return None if cells is None else [self._cell(cell) for cell in cells]

    def _cell(self, cell: str) -> str:
        known = self._known.get(cell)
        if known is None:
            known = self._known[cell] = clean(_as_written(cell), longest=_LONGEST_FIELD)
        return known

    def _heading(self) -> list[str]:
        cells = self._next()
        if cells is None:
            raise self._wrong("EOF")
        return cells

    def recording(self) -> Recording:
        """Return what the file holds."""
        first = self._heading()
        if first[:2] != [_FORMAT, _VERSION] or len(first) != _CELLS_OF_FIRST:
            raise self._wrong(f"≠ {_FORMAT} {_VERSION}")
        try:
            started = datetime.fromisoformat(first[2])
        except ValueError:
            raise self._wrong(first[2]) from None
        before = [self._heading() for _ in (*_ROWS_BEFORE, "heading")]
        width = len(before[0])
        if any(len(cells) != width for cells in before) or not _FIRST_COLUMNS < width <= _MOST_COLUMNS:
            raise self._wrong(f"{width} columns")
        rows = tuple(
            _column(*cells) for cells in zip(*(cells[_FIRST_COLUMNS:] for cells in before), strict=True)
        )
        return Recording(
            file=self._file,
            started=started if started.tzinfo is not None else started.replace(tzinfo=UTC),
            vin=first[3],
            vehicle=first[4],
            rows=rows,
            samples=tuple(self._samples(width)),
        )

    def _samples(self, width: int) -> Iterator[Sample]:
        """Yield the rows but a last one that was cut off when the program or the computer ended."""
        last: Sample | ConsoleError | None = None
        ms = 0
        while (cells := self._next()) is not None:
            if not cells:
                continue
            if isinstance(last, ConsoleError):
                raise last
            if last is not None:
                yield last
            if len(cells) != width:
                last = self._wrong(f"{len(cells)} columns")
            elif not _is_time(cells[1]) or int(cells[1]) < ms:
                last = self._wrong(cells[1])
            else:
                ms = int(cells[1])
                last = Sample(ms=ms, mark=cells[2], texts=tuple(cells[_FIRST_COLUMNS:]))
        if isinstance(last, Sample) and self._ended:
            yield last
        elif isinstance(last, ConsoleError) and self._ended:
            raise last


def _is_time(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal() and len(cell) <= _LONGEST_MS


def _column(
    unit_label: str, address: str, value: str, measure: str, low: str, high: str, label: str
) -> ValueReading:
    unit, _, shown = address.rpartition(" ")
    return ValueReading(
        name=ValueName(unit=unit, address=shown, value=value),
        label=label,
        unit_label=unit_label,
        kind=ParameterKind.TEXT,
        unit=measure,
        low=_number(low),
        high=_number(high),
    )


def _as_written(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _QUOTED else cell


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) != float("inf") and number == number else None


def recordings(folder: Path) -> Sequence[Path]:
    """Return the recordings in a folder, newest first."""
    found: list[tuple[float, str]] = []
    with suppress(OSError):  # a folder that is not there has none
        for entry in os.scandir(folder):
            if entry.name.endswith(".csv") and entry.is_file():
                found.append((entry.stat().st_mtime, entry.path))
    return [Path(path) for _, path in sorted(found, reverse=True)]

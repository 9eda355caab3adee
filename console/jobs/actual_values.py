"""Actual values of the vehicle: offered, read once, watched; and the sets that a mechanic keeps."""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    MessageRaised,
    UnitsPlanned,
    ValuesOffered,
    ValuesRead,
)

if TYPE_CHECKING:
    from workshop_console.console.jobs.opened import OpenedUnit
    from workshop_console.console.jobs.recording import Recorder
    from workshop_console.console.model.actuation import DrivenUnit
    from workshop_console.console.model.dtc import DecodedValue
    from workshop_console.console.model.forms import RecordForm
    from workshop_console.console.model.kept import ValueSet
    from workshop_console.console.ports import Coder, ValueSets, VehicleLink
    from workshop_console.console.procedures.actual_values import PolledUnit, RecordAnswer, RecordKey

    # What a job needs is imported when the first one starts: the first screen is waited for.

PICTURE_S = 0.4
"""Between two pictures: two to four a second are as fast as a person reads."""
BATCH_S = 0.1
"""Between two looks at what was answered; a recording has a row for each."""
_MOST_BATCHES = 600
"""Batches that may wait for decoding: a minute. Then the oldest answers are not counted any more."""
_MOST_DECODED = 8_192
"""Answers whose meaning is remembered: most of them come again and again."""


class Watch:
    """What a screen wants of a running watch; all of it from any thread."""

    def __init__(self, names: Iterable[ValueName] = ()) -> None:
        self._guard = threading.Lock()
        self._visible = tuple(dict.fromkeys(names))
        self._reset = False
        self._recorder: Recorder | None = None
        self.changed = threading.Event()

    @property
    def visible(self) -> tuple[ValueName, ...]:
        """The values that are read now."""
        with self._guard:
            return self._visible

    def show(self, names: Iterable[ValueName]) -> None:
        """Read exactly these from now on; a recording's values are read besides."""
        with self._guard:
            self._visible = tuple(dict.fromkeys(names))
        self.changed.set()

    def reset(self) -> None:
        """Begin least and greatest anew."""
        with self._guard:
            self._reset = True

    def take_reset(self) -> bool:
        """Return whether a reset was wished since the last call."""
        with self._guard:
            wished, self._reset = self._reset, False
        return wished

    @property
    def recorder(self) -> Recorder | None:
        """Where the values are recorded, if they are."""
        with self._guard:
            return self._recorder

    def record(self, recorder: Recorder | None) -> None:
        """Record into `recorder` from now on; None ends the recording."""
        with self._guard:
            before, self._recorder = self._recorder, recorder
        if before is not None:
            before.close()
        self.changed.set()


class ActualValues:
    """Reads actual values. Methods that return an iterator of events are jobs, as those of Workshop."""

    def __init__(self, *, line: VehicleLine, coder: Coder, sets: ValueSets) -> None:
        self._line = line
        self._coder = coder
        self._sets = sets

    # -- jobs --------------------------------------------------------------------------------------

    def offer(
        self,
        names: Sequence[str] = (),
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Open the units called (or addressed) `names` and say which values they have: ValuesOffered."""
        cancellation = cancellation or Cancellation()
        with self._line.working():
            yield from self._opened(names, cancellation, pdx=pdx, scan=scan)

    def read(
        self,
        names: Sequence[str],
        values: Sequence[str] = (),
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Read values (all of the units without `values`) once; the last event is ValuesRead.

        Raises ConsoleError WC-411 for a value that is not described.
        """
        yield from self._run(
            names, None, values, cancellation or Cancellation(), pdx=pdx, scan=scan, once=True
        )

    def watch(
        self,
        names: Sequence[str],
        watch: Watch | None = None,
        values: Sequence[str] = (),
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Read values until the cancellation: ValuesOffered, then ValuesRead again and again.

        Which: what `watch` shows; without one, `values` as in read().
        """
        yield from self._run(
            names, watch, values, cancellation or Cancellation(), pdx=pdx, scan=scan, once=False
        )

    def _opened(
        self, names: Sequence[str], cancellation: Cancellation, *, pdx: Sequence[Path], scan: bool
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[OpenedUnit, ...]]]:
        from workshop_console.console.jobs.opened import open_units

        link, units = yield from open_units(self._line, self._coder, names, cancellation, pdx=pdx, scan=scan)
        yield UnitsPlanned(units=tuple(unit.summary for unit in units))
        yield ValuesOffered(values=tuple(row for unit in units for row in _rows(unit)))
        return link, units

    def _run(
        self,
        names: Sequence[str],
        watch: Watch | None,
        values: Sequence[str],
        cancellation: Cancellation,
        *,
        pdx: Sequence[Path],
        scan: bool,
        once: bool,
    ) -> Iterator[Event]:
        with self._line.working():
            link, units = yield from self._opened(names, cancellation, pdx=pdx, scan=scan)
            board = Board(self._coder, units)
            if watch is None:
                watch = Watch(board.called(values))
            yield from _watched(link, board, watch, cancellation, once=once)

    # -- sets --------------------------------------------------------------------------------------

    @property
    def vehicle(self) -> str:
        """What sets are kept for: the VIN, else the name of the vehicle or its VCI address."""
        return self._line.vehicle.vin or self._line.vehicle.name or self._line.vci

    def sets(self) -> Sequence[ValueSet]:
        """Return the kept sets of the vehicle at the VCI. Raises ConsoleError WC-6xx."""
        return self._sets.list(self.vehicle)

    def keep_set(self, name: str, values: Sequence[ValueName]) -> None:
        """Keep a set, in place of one of that name. Raises ConsoleError WC-6xx."""
        from workshop_console.console.model.kept import ValueSet

        chosen = tuple((value.unit, value.value) for value in values)
        self._sets.keep(ValueSet(vehicle=self.vehicle, name=clean(name, longest=40), values=chosen))

    def remove_set(self, name: str) -> None:
        """Forget a set. Raises ConsoleError WC-6xx."""
        self._sets.remove(self.vehicle, name)


def _rows(unit: OpenedUnit | DrivenUnit) -> Iterator[ValueReading]:
    """Yield a row without a value for each value of a unit."""
    for record in unit.forms.records:
        for form in record.values:
            yield ValueReading(
                name=ValueName(unit=unit.summary.name, address=str(unit.address), value=form.name),
                label=form.label or form.name,
                unit_label=unit.summary.label or unit.summary.name,
                kind=form.kind,
                unit=form.unit,
                low=form.low,
                high=form.high,
                digits=form.digits,
            )


def _watched(
    link: VehicleLink, board: Board, watch: Watch, cancellation: Cancellation, *, once: bool
) -> Iterator[Event]:
    """Poll in a thread of its own, so that the line never waits for the decoding; decode and tell here."""
    from workshop_console.console.procedures.actual_values import Wanted, poll

    wanted = Wanted(board.keys_of(_asked(watch)))
    batches: queue.Queue[tuple[RecordAnswer, ...] | BaseException | None] = queue.Queue()
    stop = threading.Event()

    def run() -> None:
        end: BaseException | None = None
        try:
            for batch in poll(link, board.polled, wanted, cancellation, every_s=BATCH_S, once=once):
                if batches.qsize() < _MOST_BATCHES:
                    batches.put(batch)
                if stop.is_set():
                    break
        except Exception as error:  # told by the job, in whose thread it belongs
            end = error
        batches.put(end)

    thread = threading.Thread(target=run, name="poll values", daemon=True)
    thread.start()
    due = time.monotonic() + PICTURE_S
    over = False
    try:
        while not over:
            if watch.changed.is_set():
                watch.changed.clear()
                wanted.set(board.keys_of(_asked(watch)))
            batch = batches.get()
            over = batch is None
            if isinstance(batch, BaseException):
                raise batch
            if batch:
                board.take(batch)
                yield from _record(watch, board)
            if watch.take_reset():
                board.reset()
            now = time.monotonic()
            if over or now >= due:
                yield ValuesRead(values=board.values_of(watch.visible), at=now)
                due = now + PICTURE_S
    finally:
        stop.set()
        if thread.is_alive():
            link.cancel()
        thread.join(5.0)
        watch.record(None)
    if link.lost:
        raise ConsoleError("WC-203", uri=link.uri)


def _asked(watch: Watch) -> tuple[ValueName, ...]:
    recorder = watch.recorder
    return (*watch.visible, *recorder.names) if recorder is not None else watch.visible


def _record(watch: Watch, board: Board) -> Iterator[Event]:
    recorder = watch.recorder
    if recorder is None:
        return
    try:
        recorder.write(board.values_of(recorder.names), time.monotonic())
    except ConsoleError as error:
        watch.record(None)
        yield MessageRaised(message=raised_by(error))


def chosen(rows: Sequence[ValueReading], values: Sequence[str]) -> tuple[ValueReading, ...]:
    """Return the rows of the values called so (name or label, in any case); all without names.

    Raises ConsoleError WC-411 for a value that is not described.
    """
    if not values:
        return tuple(rows)
    found: set[ValueName] = set()
    for wanted in values:
        folded = wanted.strip().casefold()
        fitting = [row for row in rows if folded in (row.name.value.casefold(), row.label.casefold())]
        if not fitting:
            units = ", ".join(dict.fromkeys(row.name.unit for row in rows))
            raise ConsoleError("WC-411", name=clean(wanted, longest=80), unit=clean(units, longest=120))
        found.update(row.name for row in fitting)
    return tuple(row for row in rows if row.name in found)


class Board:
    """The values of opened units as they are now."""

    def __init__(self, coder: Coder, units: Sequence[OpenedUnit | DrivenUnit]) -> None:
        from workshop_console.console.procedures.actual_values import PolledUnit

        self._coder = coder
        self._rows = {row.name: row for unit in units for row in _rows(unit)}
        self._of_record: dict[RecordKey, tuple[OpenedUnit | DrivenUnit, RecordForm]] = {
            (str(unit.address), record.request): (unit, record)
            for unit in units
            for record in unit.forms.records
        }
        self._keys: dict[ValueName, RecordKey] = {
            ValueName(unit=unit.summary.name, address=str(unit.address), value=form.name): key
            for key, (unit, record) in self._of_record.items()
            for form in record.values
        }
        self._decoded: OrderedDict[tuple[RecordKey, bytes], tuple[DecodedValue, ...]] = OrderedDict()
        self.polled: tuple[PolledUnit, ...] = tuple(
            PolledUnit(address=unit.address, timing=unit.summary.timing, records=unit.forms.records)
            for unit in units
        )

    def called(self, values: Sequence[str]) -> tuple[ValueName, ...]:
        """Return the values called so (name or label, in any case); all without names. Raises WC-411."""
        return tuple(row.name for row in chosen(tuple(self._rows.values()), values))

    def called_here(self, values: Sequence[str]) -> tuple[ValueName, ...]:
        """Return those of the values called so that there are."""
        wanted = set(values)
        return tuple(name for name in self._rows if name.value in wanted)

    def keys_of(self, names: Iterable[ValueName]) -> frozenset[RecordKey]:
        """Return the records that hold these values."""
        return frozenset(key for name in names if (key := self._keys.get(name)) is not None)

    def values_of(self, names: Iterable[ValueName]) -> tuple[ValueReading, ...]:
        """Return the rows of these values."""
        return tuple(row for name in names if (row := self._rows.get(name)) is not None)

    def reset(self) -> None:
        """Begin least and greatest anew, with what is there now."""
        for name, row in self._rows.items():
            self._rows[name] = replace(row, least=row.number, greatest=row.number)

    def take(self, answers: Sequence[RecordAnswer]) -> None:
        """Take over what the units said."""
        self._decode(answers)
        for answer in answers:
            unit, record = self._of_record[answer.key]
            if answer.failure is not None:
                for form in record.values:
                    name = ValueName(unit=unit.summary.name, address=answer.key[0], value=form.name)
                    row = self._rows[name]
                    nrc = answer.failure.nrc
                    reason = answer.failure.reason
                    facts = (
                        ("unit", row.unit_label),
                        ("value", row.label),
                        ("nrc", nrc if nrc is not None else (reason.value if reason else "")),
                    )
                    problem = RaisedMessage(number="WC-360", facts=facts)
                    self._rows[name] = replace(row, problem=problem, text="", number=None, at=answer.at)
                continue
            for value in self._decoded.get((answer.key, answer.response), ()):
                name = ValueName(unit=unit.summary.name, address=answer.key[0], value=value.name)
                known = self._rows.get(name)
                if known is not None:
                    self._rows[name] = _renewed(known, value, answer.at)

    def _decode(self, answers: Sequence[RecordAnswer]) -> None:
        """Ask the coder for all answers that were not seen before, unit by unit."""
        fresh: dict[int, dict[tuple[RecordKey, bytes], None]] = {}
        units: dict[int, OpenedUnit | DrivenUnit] = {}
        for answer in answers:
            known = (answer.key, answer.response)
            if answer.response and known not in self._decoded:
                unit, _record = self._of_record[answer.key]
                units[id(unit)] = unit
                fresh.setdefault(id(unit), {})[known] = None
        for unit_id, wanted in fresh.items():
            unit = units[unit_id]
            asked = [(self._of_record[key][1].service, key[1], response) for key, response in wanted]
            for known, values in zip(
                wanted, self._coder.decode(unit.summary, unit.variant, asked), strict=True
            ):
                self._decoded[known] = values
        while len(self._decoded) > _MOST_DECODED:
            self._decoded.popitem(last=False)


def _renewed(row: ValueReading, value: DecodedValue, at: float) -> ValueReading:
    number = _number(value.value) if row.kind is ParameterKind.NUMBER else None
    least, greatest = row.least, row.greatest
    if number is not None:
        least = number if least is None else min(least, number)
        greatest = number if greatest is None else max(greatest, number)
    return replace(
        row,
        text=value.value,
        number=number,
        raw=value.raw,
        unit=value.unit or row.unit,
        at=at,
        least=least,
        greatest=greatest,
        samples=row.samples + 1,
        problem=None,
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) != float("inf") and number == number else None

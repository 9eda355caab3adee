"""Actual values of the vehicle: offered, read once, watched; and the sets that a mechanic keeps."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.clean import clean
from workshop_console.console.model.message import raised_by
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    MessageRaised,
    UnitsPlanned,
    ValuesOffered,
    ValuesRead,
)

if TYPE_CHECKING:
    from workshop_console.console.jobs.recording import Recorder
    from workshop_console.console.jobs.value_board import Board
    from workshop_console.console.model.kept import ValueSet
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.model.values import ValueName
    from workshop_console.console.ports import Coder, ValueSets, VehicleLink
    from workshop_console.console.procedures.actual_values import RecordAnswer, RecordKey

    _Batch = tuple[RecordAnswer, ...]

    # What a job needs is imported when the first one starts: the first screen is waited for.

PICTURE_S = 0.4
"""Between two pictures: two to four a second are as fast as a person reads."""
BATCH_S = 0.1
"""Between two looks at what was answered."""
ROW_S = 0.01
"""Between two rows of a recording, at least; each answer that comes slower has a row of its own."""
_END_S = 5.0
"""Time for the polling to give its sessions back."""
_MOST_BATCHES = 600
"""Batches that may wait for decoding: a minute. Then the oldest answers are not counted any more."""
_BEHIND = 5
"""Batches that wait when the decoding does not keep up: then only the newest answers are shown."""


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
        from workshop_console.console.jobs.value_board import rows_of

        link, units = yield from open_units(self._line, self._coder, names, cancellation, pdx=pdx, scan=scan)
        yield UnitsPlanned(units=tuple(unit.summary for unit in units))
        yield ValuesOffered(values=tuple(row for unit in units for row in rows_of(unit)))
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
        from workshop_console.console.jobs.value_board import Board

        with self._line.working():
            link, units = yield from self._opened(names, cancellation, pdx=pdx, scan=scan)
            if cancellation.requested:
                return
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


def _watched(
    link: VehicleLink, board: Board, watch: Watch, cancellation: Cancellation, *, once: bool
) -> Iterator[Event]:
    """Poll in a thread of its own, so that the line never waits for the decoding; decode and tell here."""
    from workshop_console.console.procedures.actual_values import Wanted, poll

    wanted = Wanted(board.keys_of(_asked(watch)))
    batches: queue.Queue[_Batch | BaseException | None] = queue.Queue()
    ending = Cancellation()

    def run() -> None:
        end: BaseException | None = None
        try:
            for batch in poll(link, board.polled, wanted, ending, every_s=BATCH_S, once=once):
                if batches.qsize() < _MOST_BATCHES:
                    batches.put(batch)
        except Exception as error:  # told by the job, in whose thread it belongs
            end = error
        batches.put(end)

    thread = threading.Thread(target=run, name="poll values", daemon=True)
    thread.start()
    due = time.monotonic() + PICTURE_S
    over = False
    try:
        with cancellation.waking(ending.request):
            while not over:
                if cancellation.requested:
                    ending.request()
                if watch.changed.is_set():
                    watch.changed.clear()
                    wanted.set(board.keys_of(_asked(watch)))
                batch, over = _next_batch(batches, merge=watch.recorder is None)
                yield from _taken(board, watch, batch)
                if watch.take_reset():
                    board.reset()
                now = time.monotonic()
                if over or now >= due:
                    yield ValuesRead(values=board.values_of(watch.visible), at=now)
                    due = now + PICTURE_S
    finally:
        ending.request()
        thread.join(_END_S)
        watch.record(None)
    if link.lost:
        raise ConsoleError("WC-203", uri=link.uri)


def _next_batch(batches: queue.Queue[_Batch | BaseException | None], *, merge: bool) -> tuple[_Batch, bool]:
    """Return what was answered since the last time, and whether it was the last; waits for it.

    With `merge`, where the decoding does not keep up, only the newest answers.
    """
    found = [batches.get()]
    if merge and batches.qsize() >= _BEHIND:
        found += [batches.get() for _ in range(batches.qsize())]
    for batch in found:
        if isinstance(batch, BaseException):
            raise batch
    answers = [answer for batch in found if isinstance(batch, tuple) for answer in batch]
    if len(found) > 1:
        answers = list({answer.key: answer for answer in answers}.values())
    return tuple(answers), found[-1] is None


def _taken(board: Board, watch: Watch, batch: _Batch) -> Iterator[Event]:
    """Take a batch over; while recording, answer by answer."""
    if watch.recorder is None:
        board.take(batch)
        return
    board.decode(batch)
    for answers in rounds(batch):
        board.take(answers)
        yield from _record(watch, board, answers[-1].at)


def rounds(batch: _Batch) -> Iterator[tuple[RecordAnswer, ...]]:
    """Divide a batch so that no record comes twice within a part, unless it does so within ROW_S."""
    part: list[RecordAnswer] = []
    seen: set[RecordKey] = set()
    for answer in batch:
        if answer.key in seen and answer.at - part[0].at >= ROW_S:
            yield tuple(part)
            part.clear()
            seen.clear()
        part.append(answer)
        seen.add(answer.key)
    if part:
        yield tuple(part)


def _asked(watch: Watch) -> tuple[ValueName, ...]:
    recorder = watch.recorder
    return (*watch.visible, *recorder.names) if recorder is not None else watch.visible


def _record(watch: Watch, board: Board, at: float) -> Iterator[Event]:
    recorder = watch.recorder
    if recorder is None:
        return
    try:
        recorder.write(board.values_of(recorder.names), at)
    except ConsoleError as error:
        watch.record(None)
        yield MessageRaised(message=raised_by(error))

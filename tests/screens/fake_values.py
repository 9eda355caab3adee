"""Actual values of a workshop without a vehicle: they change when the test says so."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.actual_values import Watch
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.kept import ValueSet
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, ValuesOffered, ValuesRead


def name_of(number: int, unit: str = "Engine", address: str = "0x1001") -> ValueName:
    return ValueName(unit=unit, address=address, value=f"Value{number}")


def offered(count: int, unit: str = "Engine", address: str = "0x1001") -> tuple[ValueReading, ...]:
    """Rows without a value, as a control unit offers them."""
    return tuple(
        ValueReading(
            name=name_of(number, unit, address),
            label=f"Value {number} of {unit}",
            unit_label=f"{unit} unit",
            kind=ParameterKind.NUMBER,
            unit="km/h",
            low=0,
            high=100,
            digits=1,
        )
        for number in range(1, count + 1)
    )


class FakeValues:
    """What the screens ask of ActualValues; `rows` are the values of each unit by its address."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[ValueReading, ...]] = {
            "0x1001": offered(30),
            "0x1002": offered(3, "Gearbox", "0x1002"),
        }
        self.asked: list[tuple[str, ...]] = []
        self.watched: list[tuple[str, ...]] = []
        self.watch_now: Watch | None = None
        self.ended = 0
        self.kept: dict[str, tuple[tuple[str, str], ...]] = {}
        self.resets = 0
        self._pictures: queue.Queue[dict[ValueName, float | str | RaisedMessage] | ConsoleError] = (
            queue.Queue()
        )
        self._at = time.monotonic()

    # What a test says

    def read(self, numbers: dict[int, float | str | RaisedMessage], *, unit: str = "0x1001") -> None:
        """Have these values read: by number, of one unit; texts and problems too."""
        found: dict[ValueName, float | str | RaisedMessage] = {}
        for row in self.rows[unit]:
            number = int(row.name.value.removeprefix("Value"))
            if number in numbers:
                found[row.name] = numbers[number]
        self._pictures.put(found)

    def fail(self, error: ConsoleError) -> None:
        self._pictures.put(error)

    def pass_time(self, seconds: float) -> None:
        """Let the next picture be so much later."""
        self._at += seconds

    # What screens ask for

    def _of(self, names: Sequence[str]) -> tuple[ValueReading, ...]:
        by_name = {row.name.unit: address for address, rows in self.rows.items() for row in rows}
        return tuple(row for name in names for row in self.rows.get(by_name.get(name, name), ()))

    def offer(
        self, names: Sequence[str] = (), *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        self.asked.append(tuple(names))
        yield ValuesOffered(values=self._of(names))

    def watch(
        self, names: Sequence[str], watch: Watch, *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        assert cancellation is not None
        self.watched.append(tuple(names))
        self.watch_now = watch
        rows = {row.name: row for row in self._of(names)}
        yield ValuesOffered(values=tuple(rows.values()))
        try:
            while not cancellation.requested:
                if watch.take_reset():
                    self.resets += 1
                    rows = {n: replace(r, least=r.number, greatest=r.number) for n, r in rows.items()}
                try:
                    news = self._pictures.get(timeout=0.01)
                except queue.Empty:
                    continue
                if isinstance(news, ConsoleError):
                    raise news
                self._at += 0.4
                rows |= {name: self._renewed(rows[name], value) for name, value in news.items()}
                if watch.recorder is not None:
                    watch.recorder.write([rows[name] for name in watch.recorder.names], self._at)
                yield ValuesRead(
                    values=tuple(rows[name] for name in watch.visible if name in rows), at=self._at
                )
        finally:
            self.ended += 1
            watch.record(None)

    def _renewed(self, row: ValueReading, value: float | str | RaisedMessage) -> ValueReading:
        row = replace(row, at=self._at, samples=row.samples + 1, problem=None)
        if isinstance(value, RaisedMessage):
            return replace(row, problem=value, text="", number=None)
        if isinstance(value, str):
            return replace(row, text=value, number=None)
        least = value if row.least is None else min(row.least, value)
        greatest = value if row.greatest is None else max(row.greatest, value)
        return replace(row, text=f"{value:.1f}", number=value, least=least, greatest=greatest)

    def sets(self) -> Sequence[ValueSet]:
        return [ValueSet(vehicle="V", name=name, values=values) for name, values in sorted(self.kept.items())]

    def keep_set(self, name: str, values: Sequence[ValueName]) -> None:
        self.kept[clean(name, longest=40)] = tuple((value.unit, value.value) for value in values)

    def remove_set(self, name: str) -> None:
        self.kept.pop(name, None)

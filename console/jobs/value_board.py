"""The actual values of opened control units as they are now: rows, filled by what the units answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.console.procedures.actual_values import PolledUnit

if TYPE_CHECKING:
    from workshop_console.console.model.dtc import DecodedValue
    from workshop_console.console.model.forms import RecordForm
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.ports import Coder
    from workshop_console.console.procedures.actual_values import RecordAnswer, RecordKey

_MOST_DECODED = 8_192
"""Answers whose meaning is remembered: most of them come again and again."""


def rows_of(unit: OpenedUnit) -> Iterator[ValueReading]:
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

    def __init__(self, coder: Coder, units: Sequence[OpenedUnit]) -> None:
        self._coder = coder
        self._rows = {row.name: row for unit in units for row in rows_of(unit)}
        self._of_record: dict[RecordKey, tuple[OpenedUnit, RecordForm]] = {
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
        self.decode(answers)
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

    def decode(self, answers: Sequence[RecordAnswer]) -> None:
        """Ask the coder for all answers that were not seen before, unit by unit."""
        fresh: dict[int, dict[tuple[RecordKey, bytes], None]] = {}
        units: dict[int, OpenedUnit] = {}
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

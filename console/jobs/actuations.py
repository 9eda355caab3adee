"""Actuations of the vehicle's control units: what they can do, and jobs that drive it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    ActuationChecked,
    ActuationEnded,
    Event,
    FunctionsOffered,
)

if TYPE_CHECKING:
    from workshop_console.console.jobs.workplace import Workplace
    from workshop_console.console.model.actuation import ActuationResult
    from workshop_console.console.model.forms import FunctionForm
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.model.values import ValueReading
    from workshop_console.console.ports import VehicleLink
    from workshop_console.console.procedures.actual_values import RecordAnswer
    from workshop_console.console.procedures.controls import Controls

    # What a job needs is imported when the first one starts: the first screen is waited for.


class Actuations:
    """Drives functions. Methods that return an iterator of events are jobs, as those of Workshop."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._line = workplace.line
        self._coder = workplace.coder

    def offer(
        self,
        names: Sequence[str] = (),
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Open the units called (or addressed) `names` and say what they can do: FunctionsOffered."""
        cancellation = cancellation or Cancellation()
        with self._line.working():
            yield from self._opened(names, cancellation, pdx=pdx, scan=scan)

    def check(
        self, unit: OpenedUnit, function: FunctionForm, *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        """Read how the conditions of `function` stand: ActuationChecked. Nothing moves."""
        from workshop_console.console.procedures.actuation import check

        cancellation = cancellation or Cancellation()
        with self._line.working():
            link = yield from self._line.open_for_work()
            yield ActuationChecked(conditions=check(link, unit, function, self._coder, cancellation))

    def run(
        self,
        unit: OpenedUnit,
        function: FunctionForm,
        settings: Mapping[str, str],
        *,
        cancellation: Cancellation | None = None,
        controls: Controls | None = None,
        related: Sequence[str] | None = None,
        seconds: float | None = None,
    ) -> Iterator[Event]:
        """Drive `function`; the last event is ActuationEnded. The caller has asked the mechanic.

        `related`: names of actual values to read beside it; None: those that the description names.
        Raises ConsoleError WC-412 for settings that are not allowed.
        """
        cancellation = cancellation or Cancellation()
        with self._line.working():
            link = yield from self._line.open_for_work()
            result = yield from self.drive(
                link,
                unit,
                function,
                settings,
                cancellation,
                controls=controls,
                related=related,
                seconds=seconds,
            )
            yield ActuationEnded(result=result)

    def run_called(
        self,
        ecu: str,
        name: str,
        settings: Mapping[str, str],
        *,
        cancellation: Cancellation | None = None,
        seconds: float | None = None,
        default_s: float | None = None,
        send: bool = True,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Open the unit `ecu` and drive its function `name`; with `send` False only check the conditions.

        `seconds`: how long; None: an output for `default_s`, a routine until it is done.
        Raises ConsoleError WC-411 for a function that is not described, WC-412 for settings.
        """
        from workshop_console.console.model.forms import FunctionKind
        from workshop_console.console.procedures.actuation import check

        cancellation = cancellation or Cancellation()
        with self._line.working():
            link, units = yield from self._opened((ecu,), cancellation, pdx=pdx, scan=scan)
            if not units:
                return
            function = units[0].function(name)
            if function is None:
                raise ConsoleError("WC-411", name=clean(name, longest=80), unit=units[0].label)
            if not send:
                self._coder.encode(
                    units[0].summary, units[0].variant, function.start.name, settings
                )  # raises WC-412
                yield ActuationChecked(conditions=check(link, units[0], function, self._coder, cancellation))
                return
            if seconds is None and function.kind is FunctionKind.OUTPUT:
                seconds = default_s
            result = yield from self.drive(link, units[0], function, settings, cancellation, seconds=seconds)
            yield ActuationEnded(result=result)

    def drive(
        self,
        link: VehicleLink,
        unit: OpenedUnit,
        function: FunctionForm,
        settings: Mapping[str, str],
        cancellation: Cancellation,
        *,
        controls: Controls | None = None,
        related: Sequence[str] | None = None,
        seconds: float | None = None,
    ) -> Generator[Event, None, ActuationResult]:
        """Drive `function` over an open line, inside `line.working()`, and return what became of it."""
        from workshop_console.console.jobs.value_board import Board
        from workshop_console.console.procedures.actual_values import PolledUnit
        from workshop_console.console.procedures.actuation import drive

        board = Board(self._coder, (unit,))
        names = board.called_here(function.related if related is None else related)
        keys = board.keys_of(names)
        records = tuple(r for r in unit.forms.records if (str(unit.address), r.request) in keys)

        def show(answers: tuple[RecordAnswer, ...]) -> tuple[ValueReading, ...]:
            board.take(answers)
            return board.values_of(names)

        return (
            yield from drive(
                link,
                unit,
                function,
                settings,
                self._workplace.desk(unit.summary, unit.address),
                cancellation,
                controls=controls,
                related=PolledUnit(address=unit.address, timing=unit.summary.timing, records=records)
                if records
                else None,
                show=show,
                seconds=seconds,
            )
        )

    def _opened(
        self, names: Sequence[str], cancellation: Cancellation, *, pdx: Sequence[Path], scan: bool
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[OpenedUnit, ...]]]:
        link, units = yield from self._workplace.opened(names, cancellation, pdx=pdx, scan=scan)
        yield FunctionsOffered(units=units)
        return link, units

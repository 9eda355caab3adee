"""What a guided test asks of the vehicle: values read, functions driven, by the descriptions of its units."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.opened import OpenedUnit, open_units
from workshop_console.console.jobs.security_keys import SecurityKeys
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.exchange import Exchange
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ParameterForm, ValueForm
from workshop_console.console.model.guided import ActuateStep, Driven, MeasureStep, Reading
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.ports import Coder, OrderBook, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.conditions import check_conditions
from workshop_console.console.procedures.events import Event
from workshop_console.console.procedures.guided_drive import DrivenFunction, drive_for
from workshop_console.console.procedures.guided_test import DriveEnded, Prepared
from workshop_console.console.procedures.outcomes import outcome_of
from workshop_console.console.procedures.scripts import UnitScript, UnitTask, run_scripts
from workshop_console.console.procedures.services import OTHER_SESSION, described, diagnostic_session

_DEFAULT, _EXTENDED = 0x01, 0x03


@dataclass(frozen=True, kw_only=True)
class Books:
    """Where driving is written down, and who drives."""

    orders: OrderBook
    now: Callable[[], datetime]
    who: str


class GuidedVehicle:
    """The control units that a guided test works with (procedures.guided_test.Vehicle).

    Args:
        line: the vehicle; the caller holds `working()`.
        coder: encodes and decodes.
        unit: the unit of the fault, opened.
        asked_as: what the test calls that unit.
        security: keys for functions that need them.
        books: where an actuation is written down.
    """

    def __init__(
        self,
        *,
        line: VehicleLine,
        coder: Coder,
        unit: OpenedUnit,
        asked_as: str,
        security: SecurityKeys,
        books: Books,
    ) -> None:
        self._line = line
        self._coder = coder
        self._security = security
        self._books = books
        self._units: dict[str, OpenedUnit | RaisedMessage] = {asked_as: unit}

    def _opened(
        self, name: str, cancellation: Cancellation
    ) -> Generator[Event, None, OpenedUnit | RaisedMessage]:
        """Return a unit that a step names, opened once; else why it cannot be asked."""
        if name not in self._units:
            try:
                _link, units = yield from open_units(self._line, self._coder, [name], cancellation)
            except ConsoleError as error:
                self._units[name] = raised_by(error)
            else:
                if not units:
                    return RaisedMessage(number="WC-302", facts=(("unit", name), ("reason", "no-answer")))
                self._units[name] = units[0]
        return self._units[name]

    def described(self, step: MeasureStep | ActuateStep, unit: str) -> Reading | None:
        """See procedures.guided_test.Vehicle."""
        opened = self._units.get(unit)
        if opened is None or isinstance(opened, RaisedMessage):
            return None
        form: ValueForm | ParameterForm | None
        if isinstance(step, ActuateStep) and step.result:
            form = _result_form(opened, step)
        else:
            form = _value_form(opened, step.value)
        return Reading(label=form.label or form.name, unit=form.unit) if form is not None else None

    # -- reading -----------------------------------------------------------------------------------

    def read(self, unit: str, value: str, cancellation: Cancellation) -> Generator[Event, None, Reading]:
        """See procedures.guided_test.Vehicle. Raises ConsoleError WC-2xx when the line is gone."""
        opened = yield from self._opened(unit, cancellation)
        if isinstance(opened, RaisedMessage):
            return Reading(message=opened)
        return self._value(opened, value, cancellation)

    def _value(self, unit: OpenedUnit, value: str, cancellation: Cancellation) -> Reading:
        record, form = unit.forms.record_of(value), _value_form(unit, value)
        if record is None or form is None:
            return Reading(message=_unreadable(unit, value))
        link = self._line.link()
        answer = _run(link, unit, _read(record.request), cancellation)
        if link.lost:
            raise ConsoleError("WC-203", uri=link.uri)
        if not answer.positive:
            return Reading(label=form.label or form.name, message=_unreadable(unit, form.label or form.name))
        (decoded,) = self._coder.decode(
            unit.summary, unit.variant, [(record.service, record.request, answer.payload)]
        )
        place = record.values.index(form)
        found = next((v for v in decoded if v.name == value), None)
        if found is None and place < len(decoded):
            # A field of several records is called Record.Field in the form only.
            found = decoded[place]
        if found is None:
            return Reading(label=form.label or form.name, message=_unreadable(unit, form.label or form.name))
        return _as_reading(form, found.value, found.unit)

    # -- driving -----------------------------------------------------------------------------------

    def prepare(
        self, step: ActuateStep, unit: str, cancellation: Cancellation
    ) -> Generator[Event, None, Prepared]:
        """See procedures.guided_test.Vehicle. Raises ConsoleError WC-2xx when the line is gone."""
        opened = yield from self._opened(unit, cancellation)
        if isinstance(opened, RaisedMessage):
            return Prepared(message=opened)
        try:
            function = self._function(opened, step)
        except ConsoleError as error:
            return Prepared(message=raised_by(error))
        checked = check_conditions(
            self._line.link(),
            opened.summary,
            opened.address,
            opened.forms,
            function.form.conditions,
            self._coder,
            cancellation,
        )
        return Prepared(function=function.form, conditions=checked)

    def _function(self, unit: OpenedUnit, step: ActuateStep) -> DrivenFunction:
        """Return the function with its request. Raises ConsoleError WC-411, WC-412."""
        form = next((f for f in unit.forms.functions if f.name == step.function), None)
        if form is None:
            raise ConsoleError("WC-411", name=step.function, unit=_name(unit))
        encoded = self._coder.encode(unit.summary, unit.variant, form.start.name, dict(step.settings))
        return DrivenFunction(unit=unit.summary, address=unit.address, form=form, request=encoded.payload)

    def drive(self, step: ActuateStep, unit: str, stop: Cancellation) -> Generator[Event, None, DriveEnded]:
        """See procedures.guided_test.Vehicle; what is driven is an entry of its own in the order book.

        Raises ConsoleError WC-2xx when the line is gone, WC-6xx when nothing can be written down.
        """
        opened = yield from self._opened(unit, stop)
        if isinstance(opened, RaisedMessage):
            return _refused(opened)
        link = self._line.link()
        try:
            function = self._function(opened, step)
        except ConsoleError as error:
            return _refused(raised_by(error))
        for checked in check_conditions(
            link,
            opened.summary,
            opened.address,
            opened.forms,
            function.form.conditions,
            self._coder,
            stop,
        ):
            if checked.holds is False:
                unmet = ConsoleError(
                    "WC-320", unit=_name(opened), condition=checked.condition.text, value=checked.value
                )
                return _refused(raised_by(unmet))
        return (
            yield from drive_for(
                link,
                function,
                step,
                ring=lambda: self._security.ring(opened.summary, opened.address),
                journal=_Journal(self._books, self._line, opened, function.form, step),
                read=lambda: self._measured(opened, function.form, step, stop),
                stop=stop,
            )
        )

    def _measured(
        self, unit: OpenedUnit, form: FunctionForm, step: ActuateStep, stop: Cancellation
    ) -> Reading:
        if not step.result:
            return self._value(unit, step.value, stop)
        results, parameter = form.results, _result_form(unit, step)
        if results is None or parameter is None:
            return Reading(message=_unreadable(unit, step.result))
        answer = _run(self._line.link(), unit, _read(results.request), stop)
        if not answer.positive:
            return Reading(message=_unreadable(unit, parameter.label or parameter.name))
        (decoded,) = self._coder.decode(
            unit.summary, unit.variant, [(results.name, results.request, answer.payload)]
        )
        found = next((v for v in decoded if v.name == step.result), None)
        if found is None:
            return Reading(message=_unreadable(unit, parameter.label or parameter.name))
        return _as_reading(parameter, found.value, found.unit)


class _Journal:
    """Writes one actuation down (procedures.guided_drive.Journal)."""

    def __init__(
        self, books: Books, line: VehicleLine, unit: OpenedUnit, form: FunctionForm, step: ActuateStep
    ) -> None:
        self._books, self._line, self._unit, self._form, self._step = books, line, unit, form, step

    def begin(self, request: bytes) -> int:
        """See procedures.guided_drive.Journal."""
        vehicle = self._line.vehicle
        routine = self._form.kind is FunctionKind.ROUTINE
        return self._books.orders.begin(
            OrderEntry(
                time=self._books.now(),
                vin=vehicle.vin,
                vehicle_name=vehicle.name,
                unit=_name(self._unit),
                address=str(self._unit.address),
                kind=EntryKind.ROUTINE if routine else EntryKind.ACTUATION,
                what=self._form.label or self._form.name,
                request=request,
                who=self._books.who,
                details=self._step.settings,
            )
        )

    def complete(self, entry_id: int, exchange: Exchange) -> None:
        """See procedures.guided_drive.Journal."""
        self._books.orders.complete(entry_id, answer=exchange.payload, outcome=outcome_of(exchange))


def _value_form(unit: OpenedUnit, value: str) -> ValueForm | None:
    record = unit.forms.record_of(value)
    return next((v for v in record.values if v.name == value), None) if record else None


def _result_form(unit: OpenedUnit, step: ActuateStep) -> ParameterForm | None:
    results = next((f.results for f in unit.forms.functions if f.name == step.function), None)
    return next((r for r in results.results if r.name == step.result), None) if results else None


def _name(unit: OpenedUnit) -> str:
    return unit.summary.label or unit.summary.name


def _refused(message: RaisedMessage) -> DriveEnded:
    return DriveEnded(driven=Driven.REFUSED, reading=Reading(message=message))


def _unreadable(unit: OpenedUnit, value: str) -> RaisedMessage:
    return RaisedMessage(number="WC-350", facts=(("unit", _name(unit)), ("value", value)))


def _as_reading(form: ValueForm | ParameterForm, text: str, unit: str) -> Reading:
    try:
        number: float | None = float(text)
    except ValueError:
        number = None
    return Reading(text=text, number=number, unit=unit or form.unit, label=form.label or form.name)


def _read(request: bytes) -> UnitScript[Exchange]:
    """Read once; in the extended session where the unit wants that, which is left again."""
    answer = yield described(request)
    if answer.nrc in OTHER_SESSION:
        opened = yield diagnostic_session(_EXTENDED)
        if opened.positive:
            answer = yield described(request)
            yield diagnostic_session(_DEFAULT)
    return answer


def _run(
    link: VehicleLink, unit: OpenedUnit, script: UnitScript[Exchange], cancellation: Cancellation
) -> Exchange:
    task = UnitTask(address=unit.address, timing=unit.summary.timing, script=script)
    ((_, answer),) = run_scripts(link, [task], cancellation)
    return answer

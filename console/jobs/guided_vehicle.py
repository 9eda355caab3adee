"""What a guided test asks of the vehicle: values read, functions driven, by the descriptions of its units."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.actuations import Actuations
from workshop_console.console.jobs.opened import open_units
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ParameterForm, ValueForm
from workshop_console.console.model.guided import ActuateStep, Driven, MeasureStep, Reading
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.ports import Coder
from workshop_console.console.procedures.actuation import PICTURE_S, check
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    ActuationChecked,
    ActuationRuns,
    Event,
    GuidedDriven,
    MessageRaised,
)
from workshop_console.console.procedures.guided_test import DriveEnded, Prepared
from workshop_console.console.procedures.scripts import read_in_its_session, run_script
from workshop_console.console.procedures.services import described


class GuidedVehicle:
    """The control units that a guided test works with (procedures.guided_test.Vehicle).

    Args:
        line: the vehicle; the caller holds `working()`.
        coder: encodes and decodes.
        actuations: drives functions, gives control back and writes them down.
        unit: the unit of the fault, opened.
        asked_as: what the test calls that unit.
    """

    def __init__(
        self, *, line: VehicleLine, coder: Coder, actuations: Actuations, unit: OpenedUnit, asked_as: str
    ) -> None:
        self._line = line
        self._coder = coder
        self._actuations = actuations
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
                return self._units[name]
            if not units:
                return RaisedMessage(number="WC-302", facts=(("unit", name), ("reason", "no-answer")))
            (self._units[name],) = units
        return self._units[name]

    def described(self, step: MeasureStep | ActuateStep, unit: str) -> Reading | None:
        """See procedures.guided_test.Vehicle."""
        opened = self._units.get(unit)
        if opened is None or isinstance(opened, RaisedMessage):
            return None
        form: ValueForm | ParameterForm | None
        if isinstance(step, ActuateStep) and step.result:
            form = _result_form(opened.function(step.function), step.result)
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
            return _unreadable(unit, value)
        link = self._line.link()
        answer = run_script(
            link,
            unit.address,
            unit.summary.timing,
            read_in_its_session(described(record.request)),
            cancellation,
        )
        if link.lost:
            raise ConsoleError("WC-203", uri=link.uri)
        if not answer.positive:
            return _unreadable(unit, form.label or form.name)
        (decoded,) = self._coder.decode(
            unit.summary, unit.variant, [(record.service, record.request, answer.payload)]
        )
        place = record.values.index(form)
        found = next((v for v in decoded if v.name == value), None)
        if found is None and place < len(decoded):
            # A field of several records is called Record.Field in the form only.
            found = decoded[place]
        if found is None:
            return _unreadable(unit, form.label or form.name)
        return _reading(form, found.value, found.unit)

    # -- driving -----------------------------------------------------------------------------------

    def prepare(
        self, step: ActuateStep, unit: str, cancellation: Cancellation
    ) -> Generator[Event, None, Prepared]:
        """See procedures.guided_test.Vehicle. Raises ConsoleError WC-2xx when the line is gone."""
        opened = yield from self._opened(unit, cancellation)
        if isinstance(opened, RaisedMessage):
            return Prepared(message=opened)
        function = opened.function(step.function)
        if function is None:
            undescribed = ConsoleError("WC-411", name=step.function, unit=opened.label)
            return Prepared(message=raised_by(undescribed))
        try:
            self._coder.encode(opened.summary, opened.variant, function.start.name, dict(step.settings))
        except ConsoleError as error:
            return Prepared(message=raised_by(error))
        conditions = check(self._line.link(), opened, function, self._coder, cancellation)
        return Prepared(function=function, conditions=conditions)

    def drive(self, step: ActuateStep, unit: str, stop: Cancellation) -> Generator[Event, None, DriveEnded]:
        """See procedures.guided_test.Vehicle; what is driven is an entry of its own in the order book.

        Raises ConsoleError WC-2xx when the line is gone, WC-6xx when nothing can be written down.
        """
        opened = yield from self._opened(unit, stop)
        if isinstance(opened, RaisedMessage):
            return DriveEnded(driven=Driven.REFUSED, reading=Reading(message=opened))
        function = opened.function(step.function)
        if function is None:
            return DriveEnded(driven=Driven.REFUSED)
        began = time.monotonic()
        result = yield from _shown(
            self._actuations.drive(
                self._line.link(),
                opened,
                function,
                dict(step.settings),
                stop,
                related=(step.value,) if step.value else (),
                seconds=step.seconds,
            ),
            step,
        )
        if stop.requested:
            yield from _told(result.messages)
            return DriveEnded(driven=Driven.STOPPED)
        if result.outcome != "done":
            message = result.messages[-1] if result.messages else None
            yield from _told(result.messages[:-1])
            return DriveEnded(driven=Driven.REFUSED, reading=Reading(message=message))
        yield from _told(result.messages)
        if function.kind is not FunctionKind.OUTPUT and step.value:
            # It ended by itself; what it changed may need the rest of the time to show.
            reading = yield from self._after(opened, step, began, stop)
        else:
            reading = _measured(opened, function, step, result)
        return DriveEnded(driven=Driven.STOPPED if stop.requested else Driven.DONE, reading=reading)

    def _after(
        self, unit: OpenedUnit, step: ActuateStep, began: float, stop: Cancellation
    ) -> Generator[Event, None, Reading]:
        """Read a value until the time of the step is over, and return it as it is then."""
        woken = threading.Event()
        with stop.waking(woken.set):
            while not stop.requested and (left := began + step.seconds - time.monotonic()) > 0:
                reading = self._value(unit, step.value, stop)
                yield GuidedDriven(step=step, elapsed_s=time.monotonic() - began, reading=reading)
                woken.wait(min(PICTURE_S, left))
        return self._value(unit, step.value, stop) if not stop.requested else Reading()


def _shown(
    driving: Generator[Event, None, ActuationResult], step: ActuateStep
) -> Generator[Event, None, ActuationResult]:
    """Pass the events of an actuation on as those of the step."""
    try:
        while True:
            event = next(driving)
            if isinstance(event, ActuationRuns):
                reading = None
                for value in event.result.values:
                    if value.text:
                        reading = Reading(
                            text=value.text, number=value.number, unit=value.unit, label=value.label
                        )
                yield GuidedDriven(step=step, elapsed_s=event.result.elapsed_s, reading=reading)
            elif not isinstance(event, ActuationChecked):
                yield event
    except StopIteration as end:
        result: ActuationResult = end.value
        return result
    finally:
        driving.close()


def _told(messages: tuple[RaisedMessage, ...]) -> Generator[Event, None, None]:
    for message in messages:
        yield MessageRaised(message=message)


def _measured(
    unit: OpenedUnit, function: FunctionForm, step: ActuateStep, result: ActuationResult
) -> Reading:
    """Return what an actuation says of the value, or the result, that the step is about."""
    if not step.measures:
        return Reading()
    if step.value:
        for value in result.values:
            if value.text:
                return Reading(text=value.text, number=value.number, unit=value.unit, label=value.label)
        return _unreadable(unit, step.value)
    form = _result_form(function, step.result)
    found = next((v for v in result.results if v.name == step.result), None)
    if form is None or found is None:
        return _unreadable(unit, (form.label or form.name) if form else step.result)
    return _reading(form, found.value, found.unit)


def _value_form(unit: OpenedUnit, value: str) -> ValueForm | None:
    record = unit.forms.record_of(value)
    return next((v for v in record.values if v.name == value), None) if record else None


def _result_form(function: FunctionForm | None, result: str) -> ParameterForm | None:
    services = (function.results, function.start) if function is not None else ()
    return next((r for service in services if service for r in service.results if r.name == result), None)


def _unreadable(unit: OpenedUnit, value: str) -> Reading:
    facts = (("unit", unit.label), ("value", value))
    return Reading(label=value, message=RaisedMessage(number="WC-350", facts=facts))


def _reading(form: ValueForm | ParameterForm, text: str, unit: str) -> Reading:
    try:
        number: float | None = float(text)
    except ValueError:
        number = None
    return Reading(text=text, number=number, unit=unit or form.unit, label=form.label or form.name)

"""What is told and written down of an actuation."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.console.errors import Fact
from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.exchange import Exchange, Outcome
from workshop_console.console.model.forms import FunctionForm
from workshop_console.console.model.kept import Details
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.opened_unit import OpenedUnit


def label_of(function: FunctionForm) -> str:
    """Return what a function is called."""
    return function.label or function.name


def message(number: str, unit: OpenedUnit, function: FunctionForm, **more: Fact) -> RaisedMessage:
    """Return a message about a function."""
    facts = (("unit", unit.label), ("function", label_of(function)), *more.items())
    return RaisedMessage(number=number, facts=facts)


def failure(exchange: Exchange, unit: OpenedUnit, function: FunctionForm, uri: str) -> RaisedMessage | None:
    """Return why an exchange brought nothing; None for one that was cancelled."""
    if exchange.outcome is Outcome.CANCELLED:
        return None
    if exchange.nrc is not None:
        return message("WC-321", unit, function, nrc=f"0x{exchange.nrc:02X}")
    if exchange.outcome is Outcome.LINK_LOST:
        return RaisedMessage(number="WC-203", facts=(("uri", uri),))
    reason = exchange.reason.value if exchange.reason else ""
    return RaisedMessage(number="WC-302", facts=(("unit", unit.label), ("reason", reason)))


def unmet(unit: OpenedUnit, conditions: Sequence[CheckedCondition]) -> tuple[RaisedMessage, ...]:
    """Return the message about the first condition that does not hold; none when all do."""
    for checked in conditions:
        if checked.holds is False:
            facts = (("unit", unit.label), *checked.condition.facts.items(), ("value", checked.value))
            return (RaisedMessage(number="WC-320", facts=facts),)
    return ()


def details_of(result: ActuationResult) -> Details:
    """Return settings and results as a person reads them; a setting that the answer repeats stands once."""
    function, set_to = result.function, dict(result.settings)
    parameters = {parameter.name: parameter for parameter in function.start.parameters}
    polled = function.results.results if function.results is not None else ()
    labels = {form.name: form.label for form in (*function.start.results, *polled)}
    found = []
    for name, value in result.settings:
        parameter = parameters.get(name)
        unit = parameter.unit if parameter is not None else ""
        found.append(((parameter.label if parameter is not None else "") or name, f"{value} {unit}".rstrip()))
    for told in result.results:
        if not _same(told.value, set_to.get(told.name, "")):
            found.append((labels.get(told.name) or told.name, told.text))
    return tuple(found)


def _same(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other

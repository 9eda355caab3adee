"""Checks what a description wants to hold before something is done, by reading the values that it names."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.console.model.address import Address
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import Exchange
from workshop_console.console.model.forms import Comparison, Condition, RecordForm, UnitForms
from workshop_console.console.ports import Coder, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.scripts import UnitScript, run_script
from workshop_console.console.procedures.services import described


def check_conditions(
    link: VehicleLink,
    unit: UnitSummary,
    address: Address,
    forms: UnitForms,
    conditions: Sequence[Condition],
    coder: Coder,
    cancellation: Cancellation,
) -> tuple[CheckedCondition, ...]:
    """Return how each condition stands now; one whose value cannot be read is not known."""
    records = {c.value: record for c in conditions if c.value and (record := forms.record_of(c.value))}
    asked = tuple(dict.fromkeys(records.values()))
    if not asked:
        return tuple(CheckedCondition(condition=condition) for condition in conditions)
    answers = run_script(link, address, unit.timing, _read(asked), cancellation)
    usable = [(record, answer) for record, answer in zip(asked, answers, strict=True) if answer.positive]
    decoded = coder.decode(
        unit, forms.variant, [(record.service, record.request, answer.payload) for record, answer in usable]
    )
    found: dict[str, tuple[str, str]] = {}
    for (record, _answer), values in zip(usable, decoded, strict=True):
        units = {form.name: form.unit for form in record.values}
        by_name = {value.name: value for value in values}
        for form, in_order in zip(record.values, values, strict=False):
            value = by_name.get(form.name, in_order)
            found[form.name] = value.value, value.unit or units[form.name]
    return tuple(_checked(condition, found.get(condition.value)) for condition in conditions)


def _read(records: Sequence[RecordForm]) -> UnitScript[tuple[Exchange, ...]]:
    answers = []
    for record in records:
        answers.append((yield described(record.request)))
    return tuple(answers)


def _checked(condition: Condition, found: tuple[str, str] | None) -> CheckedCondition:
    if found is None:
        return CheckedCondition(condition=condition)
    value, unit = found
    return CheckedCondition(
        condition=condition, value=f"{value} {unit}".rstrip(), holds=holds(condition, value)
    )


def holds(condition: Condition, value: str) -> bool | None:
    """Return whether `value` fits the condition; None where the two cannot be compared."""
    try:
        number, limit = float(value), float(condition.limit)
    except ValueError:
        same = value.casefold() == condition.limit.casefold()
        return {Comparison.EQUAL: same, Comparison.UNEQUAL: not same}.get(condition.comparison)
    return {
        Comparison.EQUAL: number == limit,
        Comparison.UNEQUAL: number != limit,
        Comparison.LESS: number < limit,
        Comparison.AT_MOST: number <= limit,
        Comparison.GREATER: number > limit,
        Comparison.AT_LEAST: number >= limit,
    }[condition.comparison]

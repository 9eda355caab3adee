"""Special data groups: what ODX has no words for (docs/descriptions.md)."""

from __future__ import annotations

from collections.abc import Iterable

from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup

from workshop_console.console.model.forms import Condition, Dependency

_GROUP = "WorkshopConsole"


def special_data(
    *,
    conditions: Iterable[Condition] = (),
    warning: str = "",
    related: Iterable[str] = (),
    dependencies: Iterable[Dependency] = (),
) -> SpecialDataGroup | None:
    """Return the group of a service, or None when there is nothing to say."""
    values: list[SpecialData | SpecialDataGroup] = []
    if warning:
        values.append(_item("Warning", warning))
    values += [_item("Related", name) for name in related]
    values += [_condition(condition) for condition in conditions]
    values += [_dependency(dependency) for dependency in dependencies]
    return SpecialDataGroup(semantic_info=_GROUP, values=values) if values else None


def _item(name: str, text: str) -> SpecialData:
    return SpecialData(semantic_info=name, value=text)


def _condition(condition: Condition) -> SpecialDataGroup:
    values: list[SpecialData | SpecialDataGroup] = [_item("Text", condition.text)]
    if condition.value:
        values += [
            _item("Value", condition.value),
            _item("Comparison", condition.comparison.value),
            _item("Limit", condition.limit),
        ]
    return SpecialDataGroup(semantic_info="Condition", values=values)


def _dependency(dependency: Dependency) -> SpecialDataGroup:
    values: list[SpecialData | SpecialDataGroup] = [
        _item("Option", dependency.option),
        *(_item("OptionValue", text) for text in dependency.values),
        _item("Needs", dependency.needs),
        *(_item("Allowed", text) for text in dependency.allowed),
    ]
    if dependency.text:
        values.append(_item("Text", dependency.text))
    return SpecialDataGroup(semantic_info="Dependency", values=values)

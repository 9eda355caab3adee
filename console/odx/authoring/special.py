"""Special data groups: what ODX has no words for (docs/descriptions.md)."""

from __future__ import annotations

from collections.abc import Iterable

from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup

from workshop_console.console.model.forms import Condition, Dependency, Translations

GROUP = "WorkshopConsole"
"""`SI` of every group of ours."""


def special_data(
    *,
    conditions: Iterable[Condition] = (),
    warning: str = "",
    warning_translations: Translations = (),
    related: Iterable[str] = (),
    dependencies: Iterable[Dependency] = (),
) -> SpecialDataGroup | None:
    """Return the group of a service, or None when there is nothing to say."""
    values: list[SpecialData | SpecialDataGroup] = []
    if warning:
        values += _texts("Warning", warning, warning_translations)
    values += [item("Related", name) for name in related]
    values += [condition_group(condition) for condition in conditions]
    values += [_dependency(dependency) for dependency in dependencies]
    return SpecialDataGroup(semantic_info=GROUP, values=values) if values else None


def item(name: str, text: str) -> SpecialData:
    """Return one text."""
    return SpecialData(semantic_info=name, value=text)


def _texts(name: str, text: str, translations: Translations) -> list[SpecialData | SpecialDataGroup]:
    other = (SpecialData(semantic_info=name, text_identifier=lang, value=said) for lang, said in translations)
    return [item(name, text), *other]


def condition_group(condition: Condition, name: str = "Condition") -> SpecialDataGroup:
    """Return the group of a condition."""
    values = _texts("Text", condition.text, condition.translations)
    if condition.value:
        values += [
            item("Value", condition.value),
            item("Comparison", condition.comparison.value),
            item("Limit", condition.limit),
        ]
    return SpecialDataGroup(semantic_info=name, values=values)


def _dependency(dependency: Dependency) -> SpecialDataGroup:
    values: list[SpecialData | SpecialDataGroup] = [
        item("Option", dependency.option),
        *(item("OptionValue", text) for text in dependency.values),
        item("Needs", dependency.needs),
        *(item("Allowed", text) for text in dependency.allowed),
    ]
    if dependency.text:
        values += _texts("Text", dependency.text, dependency.translations)
    return SpecialDataGroup(semantic_info="Dependency", values=values)

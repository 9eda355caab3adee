"""Reads what ODX has no words for from special data groups, as docs/descriptions.md names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape

from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup

from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import Comparison, Condition, Dependency, Translations
from workshop_console.console.odx.coder.layout import Bound

GROUP = "WorkshopConsole"
"""`SI` of every group of ours."""
_MOST = 32
"""Conditions, dependencies and warnings of one service that are read."""
_MOST_RELATED = 4
_LONGEST_NAME = 128
_LONGEST_TEXT = 400
_TAG = re.compile(r"<[^>]{0,200}>")
_SPACES = re.compile(r"\s+")
_LANGUAGE = re.compile(r"([A-Za-z]{2})([-_][A-Za-z]{2})?")


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What the services of one function say of it."""

    description: str = ""
    warning: str = ""
    warning_translations: Translations = ()
    conditions: tuple[Condition, ...] = ()
    related: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()


def notes_of(bounds: Iterable[Bound]) -> Notes:
    """Return what the special data groups of all of `bounds` say, the first one's first."""
    description = ""
    warnings: dict[str, dict[str, None]] = {}
    conditions: dict[Condition, None] = {}
    related: dict[str, None] = {}
    dependencies: dict[Dependency, None] = {}
    for bound in bounds:
        description = description or _description(bound)
        for group in _groups(bound):
            for value in group.values[:_MOST]:
                kind = value.semantic_info or ""
                if isinstance(value, SpecialData):
                    if kind == "Warning":
                        warnings.setdefault(_language(value), {})[_text(value.value)] = None
                    elif kind == "Related":
                        related[_name(value.value)] = None
                elif kind == "Condition":
                    if condition := condition_of(value):
                        conditions[condition] = None
                elif kind == "Dependency" and (dependency := _dependency(value)):
                    dependencies[dependency] = None
    return Notes(
        description=description,
        warning=_joined(warnings.get("", ())),
        warning_translations=tuple((lang, _joined(warnings[lang])) for lang in sorted(warnings) if lang),
        conditions=tuple(conditions),
        related=tuple(name for name in related if name)[:_MOST_RELATED],
        dependencies=tuple(dependencies),
    )


def _joined(texts: Iterable[str]) -> str:
    return " ".join(text for text in texts if text)


def _language(value: SpecialData) -> str:
    """Return the language that the attribute TI names, two small letters; empty: the description's own."""
    found = _LANGUAGE.fullmatch(value.text_identifier or "")
    return found.group(1).lower() if found else ""


def _groups(bound: Bound) -> Iterator[SpecialDataGroup]:
    for thing in (bound.row, bound.service):
        for group in getattr(thing, "sdgs", None) or ():
            if group.semantic_info == GROUP:
                yield group


def _description(bound: Bound) -> str:
    for thing in (bound.row, bound.service):
        description = getattr(thing, "description", None)
        if text := plain_description(getattr(description, "text", None)):
            return text
    return ""


def plain_description(text: object) -> str:
    """Return the text of a DESC element without its markup."""
    return _text(unescape(_TAG.sub(" ", text))) if isinstance(text, str) else ""


def condition_of(group: SpecialDataGroup) -> Condition | None:
    """Return what a group says that must hold; None: nothing."""
    said = _said(group)
    text, value = _first(said, "Text"), _name(_first(said, "Value"))
    comparison = Comparison.EQUAL
    if value:
        try:
            comparison = Comparison(_first(said, "Comparison") or "=")
        except ValueError:
            # What is compared cannot be checked then; a person still reads the text.
            value = ""
    if not text and not value:
        return None
    limit = _text(_first(said, "Limit")) if value else ""
    shown = _text(text) or f"{value} {comparison.value} {limit}"
    return Condition(
        text=shown, value=value, comparison=comparison, limit=limit, translations=_translations(group)
    )


def _dependency(group: SpecialDataGroup) -> Dependency | None:
    said = _said(group)
    option, needs = _name(_first(said, "Option")), _name(_first(said, "Needs"))
    values = tuple(map(_text, said.get("OptionValue", ())))
    allowed = tuple(map(_text, said.get("Allowed", ())))
    if not option or not needs or not values or not allowed:
        return None
    return Dependency(
        option=option,
        values=values,
        needs=needs,
        allowed=allowed,
        text=_text(_first(said, "Text")),
        translations=_translations(group),
    )


def _translations(group: SpecialDataGroup) -> Translations:
    """Return what the entry `Text` is in other languages."""
    found = {
        language: _text(value.value)
        for value in group.values[: 4 * _MOST]
        if isinstance(value, SpecialData) and value.semantic_info == "Text" and (language := _language(value))
    }
    return tuple(sorted(found.items()))


def _said(group: SpecialDataGroup) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for value in group.values[: 4 * _MOST]:
        if isinstance(value, SpecialData) and value.semantic_info and not _language(value):
            said.setdefault(value.semantic_info, []).append(value.value)
    return said


def _first(said: dict[str, list[str]], kind: str) -> str:
    return said.get(kind, [""])[0]


def _name(text: str) -> str:
    return clean(text.strip(), longest=_LONGEST_NAME)


def _text(text: str) -> str:
    return clean(_SPACES.sub(" ", text).strip(), longest=_LONGEST_TEXT)

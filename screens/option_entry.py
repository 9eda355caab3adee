"""How the value of an option or a parameter is chosen or typed, and what is allowed for it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.forms import ParameterForm, ParameterKind
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.sheet import Sheet
from workshop_console.widgets.table import Column, Row, Table

_KINDS = {
    ParameterKind.NUMBER: mark("a number"),
    ParameterKind.CHOICE: mark("one of a list"),
    ParameterKind.TEXT: mark("a text"),
    ParameterKind.BYTES: mark("bytes, hexadecimal"),
}


def allowed_text(parameter: ParameterForm) -> str:
    """Return what is allowed: the choices, the range, or what kind of thing it is."""
    if parameter.choices:
        return " | ".join(parameter.choices)
    low, high = (_limit(limit, parameter) for limit in (parameter.low, parameter.high))
    if low or high:
        return f"{low} … {high} {parameter.unit}".strip()
    return _(_KINDS[parameter.kind])


def _limit(limit: float | None, parameter: ParameterForm) -> str:
    if limit is None:
        return ""
    return formats.number(limit, digits=parameter.digits)


def typed(parameter: ParameterForm, text: str) -> str:
    """Return what was typed in the form that descriptions take: a point in numbers, no spaces in bytes."""
    text = text.strip()
    if parameter.kind is ParameterKind.NUMBER and "." not in text:
        return text.replace(",", ".")
    if parameter.kind is ParameterKind.BYTES:
        return text.replace(" ", "")
    return text


def not_allowed(parameter: ParameterForm, value: str) -> ConsoleError | None:
    """Return WC-412 for a number that is none or lies outside its range; the rest is for who encodes it."""
    if parameter.kind is not ParameterKind.NUMBER or parameter.choices or value.lower().startswith("0x"):
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    low = -math.inf if parameter.low is None else parameter.low
    high = math.inf if parameter.high is None else parameter.high
    if math.isfinite(number) and low <= number <= high:
        return None
    label = parameter.label or parameter.name
    return ConsoleError("WC-412", parameter=label, value=value, expected=allowed_text(parameter))


class OptionChoice(Sheet[str]):
    """Lists the allowed values of one option; is left with the chosen one."""

    handles: ClassVar[tuple[str, ...]] = ("open",)
    words: ClassVar = {"open": (mark("Choose"), mark("Take this value; nothing is written yet."))}
    chooses = True

    def __init__(self, parameter: ParameterForm, value: str) -> None:
        super().__init__()
        self._parameter = parameter
        self._value = value

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table(heading=False)

    def title_text(self) -> str:
        """Return the name of the option."""
        return self._parameter.label or self._parameter.name

    def about(self) -> str:
        """Return what the screen is for."""
        return self._parameter.description or _(
            "The values that the description allows; * marks the present one."
        )

    def begin(self) -> None:
        """Begin at the present value."""
        if self._value in self._parameter.choices:
            self.query_one(Table).move_to(self._value)

    def draw(self) -> None:
        """List the values."""
        columns = (Column(title="", width=3, right=True), Column(title="", width=40, grow=1))
        rows = [
            Row(key=choice, cells=(formats.number(number), choice), marked=choice == self._value)
            for number, choice in enumerate(self._parameter.choices, start=1)
        ]
        self.query_one(Table).show(columns, rows)

    def open_row(self, key: Hashable) -> None:
        """Take this value."""
        if self.is_current:
            self.dismiss(str(key))

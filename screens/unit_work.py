"""What can be done with one control unit beside its fault memory, under the numbers of the group's menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workshop_console.i18n.texts import mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.group_menu import ENTRIES
from workshop_console.screens.unit_view import UnitView


def _values(view: UnitView) -> ConsoleScreen[Any]:
    from workshop_console.screens.value_choice import ValueChoice

    return ValueChoice((view.key,))


def _coding(view: UnitView) -> ConsoleScreen[Any]:
    from workshop_console.screens.codings import UnitCodings

    return UnitCodings(view)


def _actuations(view: UnitView) -> ConsoleScreen[Any]:
    from workshop_console.screens.actuations import UnitFunctions

    return UnitFunctions(view)


def _flashing(view: UnitView) -> ConsoleScreen[Any]:
    from workshop_console.screens.flash_files import FlashFiles

    return FlashFiles(view)


UNIT_WORK: dict[str, tuple[str, Callable[[UnitView], ConsoleScreen[Any]]]] = {
    "values": (mark("Actual values"), _values),
    "actuations": (mark("Actuations"), _actuations),
    "coding": (mark("Coding"), _coding),
    "flashing": (mark("Flashing"), _flashing),
}
"""By the key of the menu's entry: label, and the screen for one unit."""


def work_by_number() -> dict[str, tuple[str, Callable[[UnitView], ConsoleScreen[Any]]]]:
    """Return the same by the number key of the menu's entry."""
    numbers = {entry[0]: str(number) for number, entry in enumerate(ENTRIES, start=1)}
    found = {numbers[key]: work for key, work in UNIT_WORK.items() if key in numbers}
    return dict(sorted(found.items()))

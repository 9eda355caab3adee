"""The control units of the vehicle, to choose the one whose functions or codings are wanted."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.control_units import ControlUnits
from workshop_console.screens.unit_view import UnitView
from workshop_console.screens.unit_work import UNIT_WORK


class UnitsForWork(ControlUnits):
    """Lists the control units, to open what can be done with one.

    Args:
        title: English text for `_`.
        about: the same, for F1.
        opens: makes the screen for one unit.
    """

    def __init__(self, title: str, about: str, opens: Callable[[UnitView], ConsoleScreen[Any]]) -> None:
        super().__init__()
        self._heading, self._about, self._opens = title, about, opens

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _(self._heading)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(self._about)

    def open_row(self, key: Hashable) -> None:
        """Open the work on a control unit."""
        self.console.show_screen(self._opens(UnitView(key=str(key))))


def driven_units() -> UnitsForWork:
    """Return the list from which the functions of a control unit are opened."""
    return UnitsForWork(
        mark("Actuations: choose a control unit"),
        mark("Enter opens what a control unit can be asked to do."),
        UNIT_WORK["actuations"][1],
    )


def coded_units() -> UnitsForWork:
    """Return the list from which the codings of a control unit are opened."""
    return UnitsForWork(
        mark("Coding: choose a control unit"),
        mark("Enter opens the codings of a control unit."),
        UNIT_WORK["coding"][1],
    )

"""The menu of a product group: everything that can be done there, by number; the footer has the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from textual.widget import Widget

from workshop_console.console.commands import CHOOSE_KEYS
from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.message import RaisedMessage
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.status import group_name
from workshop_console.widgets.table import Column, Row, Table


def _quick_test() -> ConsoleScreen[Any]:
    from workshop_console.screens.quick_test import QuickTest

    return QuickTest()


def _fault_memory() -> ConsoleScreen[Any]:
    from workshop_console.screens.vehicle_faults import VehicleFaults

    return VehicleFaults()


def _control_units() -> ConsoleScreen[Any]:
    from workshop_console.screens.control_units import ControlUnits

    return ControlUnits()


def _values() -> ConsoleScreen[Any]:
    from workshop_console.screens.value_units import ValueUnits

    return ValueUnits()


def _actuations() -> ConsoleScreen[Any]:
    from workshop_console.screens.units_for_work import driven_units

    return driven_units()


def _codings() -> ConsoleScreen[Any]:
    from workshop_console.screens.units_for_work import coded_units

    return coded_units()


def _flashing() -> ConsoleScreen[Any]:
    from workshop_console.screens.flash_files import FlashFiles

    return FlashFiles()


def _guided_tests() -> ConsoleScreen[Any]:
    from workshop_console.screens.guided_tests import GuidedTestList

    return GuidedTestList()


def _reports() -> ConsoleScreen[Any]:
    from workshop_console.screens.reports import Reports

    return Reports()


def _descriptions() -> ConsoleScreen[Any]:
    from workshop_console.screens.descriptions import Descriptions

    return Descriptions()


ENTRIES: tuple[tuple[str, str, str, Callable[[], ConsoleScreen[Any]]], ...] = (
    (
        "quick-test",
        mark("Quick test"),
        mark("all control units at once, their state and faults"),
        _quick_test,
    ),
    (
        "faults",
        mark("Fault memory"),
        mark("all faults of the vehicle; clear all"),
        _fault_memory,
    ),
    (
        "units",
        mark("Control units"),
        mark("identification and fault memory of one"),
        _control_units,
    ),
    (
        "values",
        mark("Actual values"),
        mark("read, record, draw; of one or several control units"),
        _values,
    ),
    (
        "actuations",
        mark("Actuations"),
        mark("outputs and routines of one control unit"),
        _actuations,
    ),
    (
        "coding",
        mark("Coding"),
        mark("options of one control unit; change, write, restore"),
        _codings,
    ),
    (
        "flashing",
        mark("Flashing"),
        mark("new software for control units; flash jobs"),
        _flashing,
    ),
    (
        "guided-tests",
        mark("Guided tests"),
        mark("from a fault to its cause, step by step"),
        _guided_tests,
    ),
    ("reports", mark("Reports"), mark("kept tests and order book; compare, save"), _reports),
    (
        "descriptions",
        mark("Descriptions"),
        mark("control-unit descriptions (PDX); import"),
        _descriptions,
    ),
)


class GroupMenu(ConsoleScreen[None]):
    """Lists what can be done in a product group."""

    handles = ("open",)
    chooses = True

    def __init__(self, group: ProductGroup) -> None:
        super().__init__()
        self._group = group

    def body(self) -> Iterable[Widget]:
        """Return the menu."""
        yield Table(heading=False)

    def title_text(self) -> str:
        """Return the name of the group."""
        return group_name(self._group)

    def title_right(self) -> str:
        """A menu needs no position."""
        return ""

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Press the number of what you want to do, or choose with the arrow keys and Enter.")

    def begin(self) -> None:
        """Open the group beside the screen: its credit may have to be asked for."""
        workshop = self.session.workshop
        self.console.in_background(lambda: workshop.line.open_group(self._group), self._opened)

    def _opened(self, message: RaisedMessage | None) -> None:
        workshop = self.session.workshop
        if workshop.line.last_report is None and self.session.units.report is not None:
            # Another group may mean another simulated vehicle.
            self.session.forget_vehicle()
        self.session.credit = workshop.desk.known() if self.session.credit is None else self.session.credit
        if message is not None:
            # Whoever went on meanwhile is not stopped by a box under the fingers.
            self.console.tell(message, at_once=self.is_current)
        self.redraw()

    def draw(self) -> None:
        """List the entries."""
        columns = (
            Column(title="", width=2),
            Column(title="", width=20),
            Column(title="", width=40, grow=1),
        )
        rows = [
            Row(key=key, cells=(number, _(label), _(text)))
            for number, (key, label, text, _make) in zip(CHOOSE_KEYS, ENTRIES, strict=True)
        ]
        self.query_one(Table).show(columns, rows)

    def open_row(self, key: Hashable) -> None:
        """Open an entry."""
        make = next(make for entry, _label, _text, make in ENTRIES if entry == key)
        self.console.show_screen(make())

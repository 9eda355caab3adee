"""The control units of the vehicle, to open one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import ClassVar

from textual.widget import Widget

from workshop_console.i18n.texts import _, mark
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.session import QUICK_TEST, UnitRow
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import STATE_TONES, UnitView, state_words
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import PLAIN


class ControlUnits(ListSheet, FilteredScreen):
    """Lists the control units that are known, with their addresses."""

    share = 0.7  # its rows are short
    handles: ClassVar[tuple[str, ...]] = ("open", "start", "filter")
    words: ClassVar[Mapping[str, tuple[str, str]]] = {
        "start": (mark("Quick test"), mark("Run the quick test, which finds the control units.")),
    }

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Control units")

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Enter opens a control unit: identification, fault memory, clearing.")

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start" and self.session.running:
            return _("something still runs")
        if command_id in ("open", "filter") and not self._units():
            return _("there are no rows yet")
        return ""

    def _units(self) -> list[UnitRow]:
        if self.session.units.rows:
            return list(self.session.units.rows.values())
        choice = self.session.workshop.line.choice
        return [
            UnitRow(key=str(unit.addresses[0]), name=unit.name, label=unit.label)
            for unit in (choice.units if choice is not None else ())
            if unit.addresses
        ]

    def is_marked(self, unit: UnitRow) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the mechanic marked the unit."""
        return False

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Control unit"), width=30, grow=2, keeps_end=True),
            Column(title=_("Name"), width=20, grow=1, rank=1),
            Column(title=_("Address"), width=13),
            Column(title=_("State"), width=22),
        )
        rows = []
        for unit in self._units():
            state = state_words(unit.result) if unit.result else ""
            if self.passes(unit.label, unit.name, unit.key, state):
                tone = STATE_TONES[unit.result.state] if unit.result else PLAIN
                rows.append(
                    Row(
                        key=unit.key,
                        cells=(unit.label or unit.name, unit.name, unit.key, state),
                        tones=(PLAIN, PLAIN, PLAIN, tone),
                        marked=self.is_marked(unit),
                    )
                )
        empty = _("No row fits the filter.") if self._units() else job_text(self.session)
        self.query_one(Table).show(
            columns, rows, empty=empty or _("F5 runs the quick test, which finds the control units.")
        )

    def do_start(self) -> None:
        """Run the quick test here."""
        workshop = self.session.workshop
        job = self.console.start_job(
            QUICK_TEST, lambda cancellation: workshop.quick_test(cancellation=cancellation)
        )
        if job is not None:
            self.session.begin_quick_test()
            self.redraw()

    def open_row(self, key: Hashable) -> None:
        """Open a control unit."""
        from workshop_console.screens.control_unit import ControlUnit

        self.console.show_screen(ControlUnit(UnitView(key=str(key))))

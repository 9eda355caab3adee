"""The fault memory of the whole vehicle."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.i18n.explain import fault_state_text, fault_text
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.faults import ask_and_clear, fault_columns, fault_row
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.resting import RestingScreen
from workshop_console.screens.saving import save_report
from workshop_console.screens.session import READ_FAULTS
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView, why
from workshop_console.widgets.table import Row, Table
from workshop_console.widgets.tones import WARNING


class VehicleFaults(RestingScreen, FilteredScreen):
    """Lists the faults of all control units; a unit that could not be read says why."""

    handles = ("start", "open", "clear", "filter", "save")
    words: ClassVar = {
        "start": (mark("Read"), mark("Read the fault memories of all control units.")),
        "clear": (mark("Clear all"), mark("Clear the fault memories of all control units; asks first.")),
        "save": (mark("Save"), mark("Save the test as a file to print (HTML) or to pass on (JSON).")),
    }

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Fault memory")

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _("The faults of all control units in one list. Enter shows everything about one.")

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id in ("start", "clear") and self.session.running:
            return _("something still runs")
        if command_id == "clear" and not self.session.units.rows:
            return _("nothing was read yet")
        if command_id in ("open", "filter") and not self.session.units.rows:
            return _("there are no rows yet")
        if command_id == "save" and self.session.units.report is None:
            return _("there is no finished test")
        return ""

    def draw(self) -> None:
        """Draw the faults."""
        rows: list[Row] = []
        units = self.session.units.rows.values()
        for unit in units:
            name, result = unit.label or unit.name, unit.result
            if result is None:
                continue
            if not result.faults and (reason := why(result)) and self.passes(name, reason):
                rows.append(
                    Row(key=f"{unit.key} ", cells=(name,), tail=reason, tail_from=1, tail_tone=WARNING)
                )
            for fault in result.faults:
                texts = (name, fault.code, fault_text(fault), fault_state_text(fault.state))
                if self.passes(*texts):
                    rows.append(fault_row(f"{unit.key} {fault.dtc}", fault, name, group=unit.key))
        empty = job_text(self.session)
        if not empty:
            read = any(unit.result for unit in units)
            empty = _("No faults.") if read else _("F5 reads the fault memories.")
        if self.filter_words:
            empty = _("No row fits the filter.")
        self.query_one(Table).show(fault_columns(with_unit=True), rows, empty=empty)

    def status_text(self) -> str:
        """Say how far the job is, or what the columns cut of the current row."""
        return job_text(self.session) or ("  ".join(self.query_one(Table).cut_cells) if self.rests else "")

    def do_start(self) -> None:
        """Read all fault memories."""
        workshop = self.session.workshop
        self.console.start_job(
            READ_FAULTS,
            lambda cancellation: workshop.read_faults(details=True, cancellation=cancellation),
        )

    def do_clear(self) -> None:
        """Ask, then clear all."""
        results = [unit.result for unit in self.session.units.rows.values() if unit.result]
        ask_and_clear(self.console, (), str, sum(len(result.faults) for result in results))

    def do_save(self) -> None:
        """Save the quick test that the faults are from."""
        if (report := self.session.units.report) is not None:
            save_report(self.console, report)

    def open_row(self, key: Hashable) -> None:
        """Open a fault, or the unit that could not be read."""
        address, _space, dtc = str(key).partition(" ")
        view = UnitView(key=address)
        if dtc:
            from workshop_console.screens.fault import FaultDetail

            self.console.show_screen(FaultDetail(view, int(dtc)))
        else:
            from workshop_console.screens.control_unit import ControlUnit

            self.console.show_screen(ControlUnit(view))

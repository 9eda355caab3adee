"""Two tests side by side: which faults are gone, new, still there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.model.report import Change, FaultChange, ReportComparison, UnitComparison
from workshop_console.i18n import formats
from workshop_console.i18n.explain import change_text, fault_state_text, fault_text
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.saving import save_report
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, GOOD, PLAIN, WARNING

_TONES: dict[Change, Style] = {Change.GONE: GOOD, Change.NEW: BAD, Change.STILL: WARNING}
_MARKS = {Change.GONE: "-", Change.NEW: "+", Change.STILL: "="}


class Comparison(FilteredScreen):
    """Lists the changes, new ones first within each unit."""

    handles = ("open", "save", "filter", "faults_only")
    words: ClassVar = {
        "save": (mark("Save"), mark("Save the comparison as a file (HTML or JSON).")),
        "faults_only": (
            mark("Changes only"),
            mark("Leave out the faults that are still there, or show all."),
        ),
    }

    def __init__(self, comparison: ReportComparison) -> None:
        super().__init__()
        self._comparison = comparison

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return both times."""
        return _("{first} compared with {last}").format(
            first=formats.moment(self._comparison.first.started),
            last=formats.moment(self._comparison.last.started),
        )

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        parts = [f"/{self.filter_words}"] if self.filter_words else []
        parts += [_("changes only")] if self.only_faults else []
        return "  ".join([*parts, self.query_one(Table).position])

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "- gone since the first test, + new, = still there. Where one of the tests could not read a "
            "control unit, nothing is known to be gone."
        )

    def draw(self) -> None:
        """Draw the changes."""
        columns = (
            Column(title=_("Change"), width=13),
            Column(title=_("Control unit"), width=16, grow=1, keeps_end=True),
            Column(title=_("Code"), width=9),
            Column(title=_("State"), width=13),
            Column(title=_("Fault"), width=19, grow=3),
        )
        rows: list[Row] = []
        for unit in self._comparison.units:
            rows += self._rows(unit)
        empty = _("No differences.") if not self.filter_words else _("No row fits the filter.")
        self.query_one(Table).show(columns, rows, empty=empty)

    def _rows(self, unit: UnitComparison) -> list[Row]:
        name, key = unit.label or unit.name, str(unit.address)
        if not unit.comparable:
            text = _("not read in both tests, so nothing is known to be gone")
            return (
                [Row(key=f"{key} ", cells=("?", name), tail=text, tail_from=2)] if self.passes(name) else []
            )
        rows = []
        order = (Change.NEW, Change.STILL, Change.GONE)
        for change in sorted(unit.changes, key=lambda one: order.index(one.change)):
            if self.only_faults and change.change is Change.STILL:
                continue
            row = self._row(name, key, change)
            if self.passes(*row.cells):
                rows.append(row)
        return rows

    def _row(self, name: str, key: str, change: FaultChange) -> Row:
        fault = change.after or change.before
        word = f"{_MARKS[change.change]} {change_text(change.change)}"
        if fault is None:
            return Row(key=f"{key} ", cells=(word, name))
        return Row(
            key=f"{key} {fault.dtc}",
            cells=(word, name, fault.code, fault_state_text(fault.state), fault_text(fault)),
            tones=(_TONES[change.change], PLAIN),
        )

    def status_text(self) -> str:
        """Say the sum, and whether it is the same vehicle."""
        if not self._comparison.same_vin:
            return _("These are two different vehicles.")
        changes = [change.change for unit in self._comparison.units for change in unit.changes]
        gone, new, still = (changes.count(change) for change in (Change.GONE, Change.NEW, Change.STILL))
        return _("{gone} gone, {new} new, {still} still there").format(gone=gone, new=new, still=still)

    def do_save(self) -> None:
        """Save the comparison."""
        save_report(self.console, self._comparison)

    def open_row(self, key: Hashable) -> None:
        """Open the fault in the test that has it, the last one first."""
        from workshop_console.screens.fault import FaultDetail

        address, _space, dtc = str(key).partition(" ")
        for report in (self._comparison.last, self._comparison.first):
            view = UnitView(key=address, report=report)
            if dtc and view.fault(self.session, int(dtc)) is not None:
                self.console.show_screen(FaultDetail(view, int(dtc)))
                return

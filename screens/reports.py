"""The kept tests and readouts: open one, mark two to compare them, save one; and the order book."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import OrderVehicle
from workshop_console.console.model.report import QuickTestReport, ReportSummary
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext, pgettext
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.saving import save_order, save_report
from workshop_console.widgets.table import Column, Row, Table

_ORDER = "order"


class Reports(FilteredScreen):
    """Lists what the records hold, newest first; the order of a vehicle has a row of its own."""

    handles = ("open", "mark", "start", "save", "next_part", "filter")
    words: ClassVar = {
        "mark": (mark("Mark"), mark("Mark two reports to compare them.")),
        "start": (mark("Compare"), mark("Compare the two marked reports: gone, new, still there.")),
        "save": (mark("Save"), mark("Save the current report, or the order report of its vehicle.")),
        "next_part": (mark("Order"), mark("What was done to the vehicle of this report.")),
    }

    def __init__(self) -> None:
        super().__init__()
        self._reports: Sequence[ReportSummary] = ()
        self._orders: Sequence[OrderVehicle] = ()
        self._marked: list[int] = []

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Reports")

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Every quick test and every readout before clearing is kept. An order is what was done to one "
            "vehicle; F7 prints it with its first and last test. Nothing here is ever deleted."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start" and len(self._marked) != 2:
            return _("mark two reports first")
        kept = self._reports or self._orders
        if command_id == "next_part" and not (kept or self.session.workshop.line.vehicle.vin):
            return _("there are no reports yet")
        if command_id == "mark" and self._order() is not None:
            return _("an order is not compared")
        if command_id == "mark" and not self._reports:
            return _("there are no reports yet")
        if command_id in ("open", "save", "filter") and not kept:
            return _("there are no reports yet")
        return ""

    def _order(self) -> OrderVehicle | None:
        """Return the order of the current row."""
        key = self.query_one(Table).cursor_key if self.is_attached else None
        return next((order for order in self._orders if key == (_ORDER, order.vin)), None)

    def prepare(self) -> None:
        """Read the list, and again when another screen was on top: a job may have kept one meanwhile."""
        try:
            self._reports = self.session.workshop.reports()
            self._orders = self.session.workshop.orders.vehicles()
        except ConsoleError as error:
            self.console.tell(error)

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Date"), width=17),
            Column(title=_("Kind"), width=12),
            Column(title="VIN", width=17),
            Column(title=_("Vehicle model"), width=18, grow=4),
            Column(title=_("Units"), width=6, right=True, rank=1),
            Column(title=_("Faults"), width=7, right=True),
            Column(title=_("Silent"), width=6, right=True, rank=2),
        )
        rows: list[tuple[datetime, Row]] = []
        for order in self._orders:
            time, kind, vin = formats.moment(order.last), pgettext("report", "order"), order.vin or "-"
            if self.passes(time, kind, vin, order.vehicle_name):
                count = formats.number(order.entries)
                text = ngettext("{n} entry", "{n} entries", order.entries).format(n=count)
                name = f"{order.vehicle_name} ({text})".lstrip()
                rows.append((order.last, Row(key=(_ORDER, order.vin), cells=(time, kind, vin, name))))
        for report in self._reports:
            kind = _("readout") if report.kind == "readout" else _("test")
            if not report.complete:
                kind += " " + _("(part)")
            time = formats.moment(report.started)
            if self.passes(time, kind, report.vin, report.vehicle_name, report.vci):
                cells = (
                    time,
                    kind,
                    report.vin,
                    report.vehicle_name,
                    str(report.units),
                    str(report.faults),
                    str(report.silent),
                )
                row = Row(key=report.report_id, cells=cells, marked=report.report_id in self._marked)
                rows.append((report.started, row))
        rows.sort(key=lambda timed: timed[0], reverse=True)
        there = self._reports or self._orders
        empty = _("No row fits the filter.") if there else _("No test was kept yet.")
        self.query_one(Table).show(columns, [row for _time, row in rows], empty=empty)

    def hint_text(self) -> str:
        """Say how two are compared, until they are marked."""
        to_mark = len(self._reports) > 1 and len(self._marked) < 2
        return _("Space marks two reports, F5 then compares them.") if to_mark else ""

    def _load(self, key: Hashable) -> QuickTestReport | None:
        try:
            return self.session.workshop.report(int(str(key)))
        except ConsoleError as error:
            self.console.tell(error, at_once=True)
            return None

    def do_mark(self) -> None:
        """Mark the report; a third mark takes the first one's place."""
        table = self.query_one(Table)
        if table.cursor_key is None:
            return
        key = int(str(table.cursor_key))
        if key in self._marked:
            self._marked.remove(key)
        else:
            self._marked = [*self._marked, key][-2:]
        self.redraw()

    def do_start(self) -> None:
        """Compare the two marked ones."""
        from workshop_console.screens.comparison import Comparison

        one, other = (self._load(key) for key in self._marked)
        if one is not None and other is not None:
            self.console.show_screen(Comparison(self.session.workshop.compare(one, other)))

    def do_save(self) -> None:
        """Save the current one."""
        if (order := self._order()) is not None:
            save_order(self.console, order.vin)
        elif (report := self._load(self.query_one(Table).cursor_key)) is not None:
            save_report(self.console, report)

    def do_next_part(self) -> None:
        """Open the order of the current report's vehicle; without reports that of the vehicle at the VCI."""
        from workshop_console.screens.order import VehicleOrder

        key, order = self.query_one(Table).cursor_key, self._order()
        vin = next((report.vin for report in self._reports if report.report_id == key), None)
        vin = order.vin if order is not None else vin
        self.console.show_screen(VehicleOrder(self.session.workshop.line.vehicle.vin if vin is None else vin))

    def open_row(self, key: Hashable) -> None:
        """Open a report like the test it was, or the order of a vehicle."""
        from workshop_console.screens.quick_test import QuickTest

        if isinstance(key, tuple):
            self.do_next_part()
        elif (report := self._load(key)) is not None:
            self.console.show_screen(QuickTest(report))

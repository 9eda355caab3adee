"""What clearing did: what is gone, what came back, what never left."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.model.dtc import Fault
from workshop_console.console.model.report import ClearingResult
from workshop_console.i18n.explain import fault_text, nrc_reason, reason_text
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.saving import save_order
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, GOOD, PLAIN, WARNING


class ClearResult(ListSheet):
    """Lists the faults by what became of them, unit by unit."""

    handles = ("open", "save")
    words: ClassVar = {
        "save": (
            mark("Order report"),
            mark("Save the order report: tests and everything done (HTML, JSON, PDF)."),
        ),
    }

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Result of clearing")

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Gone: cleared and not back. Back: cleared, and there again at once, so its cause is still "
            "there. Kept: the control unit did not clear it. The readout from before is under Reports."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        return "" if command_id not in self.handles or self.session.cleared else _("there are no rows yet")

    def draw(self) -> None:
        """Draw what became of the faults."""
        columns = (
            Column(title=_("Result"), width=10),
            Column(title=_("Control unit"), width=16, grow=1, keeps_end=True),
            Column(title=_("Code"), width=9),
            Column(title=_("Fault"), width=30, grow=3),
        )
        # What is not gone is what the mechanic goes on with.
        found = sorted(
            (one for result in self.session.cleared for one in self._rows(result)), key=lambda one: one[0]
        )
        rows = [row for _rank, row in found]
        empty = job_text(self.session) or _("Nothing was cleared.")
        self.query_one(Table).show(columns, rows, empty=empty)

    def _rows(self, result: ClearingResult) -> list[tuple[int, Row]]:
        """Return the rows of a control unit with their ranks; the worst is 0."""
        unit = result.before.result
        name, key = unit.label or unit.name, str(unit.address)
        rows: list[tuple[int, Row]] = []

        def add(rank: int, word: str, tone: Style, faults: Iterable[Fault]) -> None:
            for fault in faults:
                cells = (word, name, fault.code, fault_text(fault))
                rows.append((rank, Row(key=f"{key} {fault.dtc}", cells=cells, tones=(tone,))))

        def say(rank: int, word: str, tone: Style, text: str) -> None:
            rows.append((rank, Row(key=f"{key} ", cells=(word, name), tones=(tone,), tail=text, tail_from=2)))

        if not result.cleared:
            why = nrc_reason(result.nrc) if result.nrc is not None else ""
            why = reason_text(result.reason, "") if result.reason is not None else why
            say(0, _("refused") if result.nrc is not None else _("failed"), BAD, why)
        elif result.after is None:
            say(1, _("cleared"), WARNING, _("could not be read again"))
        elif not (result.gone or result.back or result.kept):
            say(5, _("cleared"), GOOD, _("was empty before"))
        add(2, _("back"), BAD, result.back)
        add(3, _("kept"), BAD, result.kept)
        add(4, _("gone"), GOOD if result.gone else PLAIN, result.gone)
        return rows

    def status_text(self) -> str:
        """Say how far it is, then the sum."""
        if text := job_text(self.session):
            return text
        cleared = self.session.cleared
        gone, back, kept = (
            sum(len(getattr(result, name)) for result in cleared) for name in ("gone", "back", "kept")
        )
        text = ngettext(
            "{n} control unit; faults: {gone} gone, {back} back, {kept} kept",
            "{n} control units; faults: {gone} gone, {back} back, {kept} kept",
            len(cleared),
        ).format(n=len(cleared), gone=gone, back=back, kept=kept)
        if failed := sum(not result.cleared for result in cleared):
            text += ", " + ngettext("{n} unit not cleared", "{n} units not cleared", failed).format(n=failed)
        return text

    def do_save(self) -> None:
        """Save the order report of the vehicle."""
        save_order(self.console, self.session.workshop.line.vehicle.vin)

    def open_row(self, key: Hashable) -> None:
        """Open the control unit as it is now."""
        from workshop_console.screens.control_unit import ControlUnit

        self.console.show_screen(ControlUnit(UnitView(key=str(key).partition(" ")[0])))

"""The codings of one control unit."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.coding import CodingReading
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.order_saving import OrderSaving
from workshop_console.screens.session import READ_CODINGS
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import WARNING


class UnitCodings(ListSheet, OrderSaving):
    """Lists the coding records of one control unit; they are read when the screen opens."""

    handles = ("open", "start", "save")
    words: ClassVar = {
        **OrderSaving.words,
        "start": (mark("Read again"), mark("Read the codings of this control unit again.")),
    }

    def __init__(self, view: UnitView) -> None:
        super().__init__()
        self._view = view

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()

    def title_text(self) -> str:
        """Return the name of the unit."""
        return _("Coding: {unit}").format(unit=self._view.name(self.session))

    def title_right(self) -> str:
        """Return the place in the list."""
        return self.query_one(Table).position

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The coding records of this control unit. Enter shows one as options and bytes, to change it. "
            "The coding from before is kept each time something is written, and can be put back."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start" and self.session.running:
            return _("something still runs")
        if command_id == "open" and not any(r.data is not None for r in self._readings()):
            return _("nothing was read yet")
        return super().cannot(command_id)

    def _readings(self) -> list[CodingReading]:
        return self.session.codings.of(self._view.key)

    def begin(self) -> None:
        """Read the codings, unless that was done before."""
        if self._view.key not in self.session.codings.units and not self.session.running:
            self.do_start()

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Coding"), width=26, grow=2),
            Column(title=_("Identifier"), width=10),
            Column(title=_("Options"), width=8, right=True),
            Column(title=_("Bytes"), width=24, grow=3),
        )
        rows = [self._row(reading) for reading in self._readings()]
        empty = job_text(self.session)
        if not empty:
            read = self._view.key in self.session.codings.units
            empty = (
                _("The description has no codings for this control unit.")
                if read
                else _("F5 reads the codings.")
            )
        self.query_one(Table).show(columns, rows, empty=empty)

    def _row(self, reading: CodingReading) -> Row:
        name = reading.form.label or reading.form.name
        did, options = f"{reading.form.did:04X}", formats.number(len(reading.form.write.parameters))
        if reading.data is None:
            shown = self.session.workshop.raised(reading.messages)
            why = " ".join(f"{message.number} {message.title}" for message in shown)
            cells = (name, did, options)
            return Row(key=reading.form.name, cells=cells, tail=why, tail_from=3, tail_tone=WARNING)
        return Row(key=reading.form.name, cells=(name, did, options, reading.data.hex(" ").upper()))

    def status_text(self) -> str:
        """Say how far the job is, or how much there is."""
        if text := job_text(self.session):
            return text
        count = len(self._readings())
        return ngettext("{n} coding", "{n} codings", count).format(n=formats.number(count)) if count else ""

    def do_start(self) -> None:
        """Read the codings."""
        codings, key = self.session.workshop.codings, self._view.key
        self.console.start_job(
            READ_CODINGS, lambda cancellation: codings.read((key,), cancellation=cancellation)
        )

    def open_row(self, key: Hashable) -> None:
        """Open a coding."""
        from workshop_console.screens.coding import Coding

        reading = next((r for r in self._readings() if r.form.name == key), None)
        if reading is not None and reading.data is not None:
            self.console.show_screen(Coding(self._view, reading.form.name))

"""What was done to one vehicle, entry by entry; F7 prints it as the order report."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import OrderEntry
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.saving import save_order
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, GOOD, WARNING


def outcome_tone(outcome: str) -> Style:
    """Return the tone of an outcome; its words say the same."""
    if outcome == "done":
        return GOOD
    return WARNING if outcome in ("begun", "stopped") else BAD


class VehicleOrder(ListSheet, FilteredScreen):
    """Lists what was written, driven and tested, newest first."""

    handles = ("open", "mark", "save", "filter")
    words: ClassVar = {
        "mark": (
            mark("From here"),
            mark("The order report begins with the day of this line, or with everything again."),
        ),
        "save": (
            mark("Order report"),
            mark("Save the order report: tests and everything done (HTML, JSON, PDF)."),
        ),
    }

    def __init__(self, vin: str) -> None:
        super().__init__()
        self._vin = vin
        self._entries: Sequence[OrderEntry] = ()
        self._from: int | None = None
        """Entry with whose day the report begins; None: everything."""

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the vehicle."""
        return _("Order: {vehicle}").format(vehicle=self._vin or _("vehicles without a VIN"))

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Everything that was written to the vehicle, with request and answer. An entry is kept before "
            "its request goes out; what was broken off shows as such. Nothing here is ever deleted."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id in ("open", "mark", "filter") and not self._entries:
            return _("nothing was done to this vehicle yet")
        return ""

    def prepare(self) -> None:
        """Read the entries, and again when another screen was on top: a job may have added some."""
        try:
            self._entries = self.session.workshop.orders.entries(self._vin)
        except ConsoleError as error:
            self.console.tell(error)

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Date"), width=17),
            Column(title=_("Control unit"), width=16, grow=2, keeps_end=True),
            Column(title=_("What was done"), width=24, grow=3),
            Column(title=_("Result"), width=13),
        )
        rows = []
        for entry in reversed(self._entries):
            cells = (
                formats.moment(entry.time),
                entry.unit,
                explain.entry_text(entry),
                explain.short_outcome_text(entry.outcome),
            )
            if self.passes(*cells, entry.who, entry.address):
                rows.append(
                    Row(
                        key=entry.entry_id,
                        cells=cells,
                        tones=(Style(), Style(), Style(), outcome_tone(entry.outcome)),
                        marked=entry.entry_id == self._from,
                    )
                )
        empty = _("No row fits the filter.") if self._entries else _("Nothing was written to this vehicle.")
        self.query_one(Table).show(columns, rows, empty=empty)

    def status_text(self) -> str:
        """Say how far a job is, or what the report will hold."""
        if text := job_text(self.session):
            return text
        if (since := self._since()) is not None:
            return _("The order report begins with {date}.").format(date=formats.date(since))
        count = len(self._entries)
        return ngettext("{n} entry", "{n} entries", count).format(n=count) if count else ""

    def _since(self) -> datetime | None:
        """Return the beginning of the day of the marked entry, where the workshop is."""
        marked = next((entry for entry in self._entries if entry.entry_id == self._from), None)
        if marked is None:
            return None
        return marked.time.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)

    def do_mark(self) -> None:
        """Let the report begin with the day of this entry, or with everything again."""
        key = self.query_one(Table).cursor_key
        if key is not None:
            self._from = None if key == self._from else int(str(key))
            self.redraw()

    def do_save(self) -> None:
        """Save the order report."""
        save_order(self.console, self._vin, since=self._since())

    def open_row(self, key: Hashable) -> None:
        """Open an entry."""
        from workshop_console.screens.order_entry import EntryDetail

        entry = next((entry for entry in self._entries if entry.entry_id == key), None)
        if entry is not None:
            self.console.show_screen(EntryDetail(entry))

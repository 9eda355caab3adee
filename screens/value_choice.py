"""The actual values that control units offer, to choose those that shall be read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.kept import ValueSet
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.box import Question
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.session import OFFER_VALUES
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.value_texts import range_text
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.table import Column, Row, Table


class ValueChoice(ListSheet, FilteredScreen):
    """Lists the values of one or several control units; they are asked for when the screen opens."""

    share, least_rows = 0.67, 16  # its short lines take less than what they cover

    handles = ("open", "mark", "save", "next_part", "filter", "start")
    words: ClassVar = {
        "open": (mark("Show"), mark("Read the marked values, or the current one, again and again.")),
        "mark": (mark("Mark"), mark("Mark the values that shall be read.")),
        "save": (mark("Keep set"), mark("Keep the marked values as a set of this vehicle, under a name.")),
        "next_part": (mark("Kept"), mark("Sets of values that were kept, and recordings.")),
        "start": (mark("Ask again"), mark("Ask the control units again what they offer.")),
    }

    def __init__(self, units: Sequence[str]) -> None:
        super().__init__()
        self._units = tuple(units)
        self._offered: tuple[ValueReading, ...] | None = None
        self._marked: set[ValueName] = set()

    def body(self) -> Iterable[Widget]:
        """Return the list, the line for the filter and the one for the name of a set."""
        yield Table()
        yield from self.filter_line()
        yield Entry(id="name")

    def title_text(self) -> str:
        """Return the name of the screen, and of the unit where it is one."""
        labels = list(dict.fromkeys(row.unit_label for row in self._offered or ()))
        if len(labels) == 1:
            return _("Choose actual values: {unit}").format(unit=labels[0])
        return _("Choose actual values")

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Space marks values, / searches, Enter reads the marked ones. F7 keeps them as a set with a "
            "name, for this vehicle; Tab shows the kept sets and the recordings."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start":
            if self.session.running:
                return _("something still runs")
            if self._offered:
                return _("the list is complete")
        if command_id in ("open", "mark", "filter") and not self._offered:
            return _("nothing was read yet")
        if command_id == "save" and not self._marked:
            return _("nothing is marked")
        return ""

    # Drawing

    def begin(self) -> None:
        """Ask what there is, unless something runs."""
        if not self.session.running:
            self.do_start()

    def draw(self) -> None:
        """Draw the values that the filter lets through."""
        values = self.session.values
        if values.offered is not None and values.units == self._units:
            self._offered = values.offered
        offered = self._offered or ()
        several = len({row.name.address for row in offered}) > 1
        columns = [
            Column(title=_("Value"), width=34, grow=3),
            Column(title=_("Measure"), width=10),
            Column(title=_("Expected"), width=16, grow=1),
        ]
        if several:
            columns.append(Column(title=_("Control unit"), width=14, grow=1))
        rows = [
            Row(
                key=row.name,
                cells=(row.label, row.unit, range_text(row), row.unit_label),
                marked=row.name in self._marked,
            )
            for row in offered
            if self.passes(row.label, row.name.value, row.unit, row.unit_label, row.name.unit)
        ]
        self.query_one(Table).show(columns, rows, empty=self._nothing())

    def _nothing(self) -> str:
        if self._offered:
            return _("No row fits the filter.")
        if text := job_text(self.session):
            return text
        if self._offered is not None:
            return _("The description has no actual values for this control unit.")
        return _("F5 asks the control units what they offer.")

    def status_text(self) -> str:
        """Say how far the job is, or how many are marked."""
        if text := job_text(self.session):
            return text
        if self._marked:
            count = len(self._marked)
            return ngettext("{n} value marked", "{n} values marked", count).format(n=formats.number(count))
        count = len(self._offered or ())
        return ngettext("{n} value", "{n} values", count).format(n=formats.number(count)) if count else ""

    # Commands

    def do_start(self) -> None:
        """Ask what the units offer."""
        values, units = self.session.workshop.values, self._units
        if self.console.start_job(
            OFFER_VALUES, lambda cancellation: values.offer(units, cancellation=cancellation)
        ):
            self.session.values.begin(units)

    def do_mark(self) -> None:
        """Mark the value, and go to the next."""
        table = self.query_one(Table)
        key = table.cursor_key
        if isinstance(key, ValueName):
            self._marked ^= {key}
            table.move(1)
            self.redraw()

    def do_next_part(self) -> None:
        """Show what was kept."""
        from workshop_console.screens.kept_values import KeptValues

        self.console.show_screen(KeptValues())

    def open_row(self, key: Hashable) -> None:
        """Read the marked values, or this one."""
        from workshop_console.screens.values import Values

        chosen = [row.name for row in self._offered or () if row.name in self._marked or row.name == key]
        if self._marked:
            chosen = [name for name in chosen if name in self._marked]
        units = tuple(dict.fromkeys(name.address for name in chosen))
        self.console.show_screen(Values(units, [(name.unit, name.value) for name in chosen]))

    # Keeping a set

    def do_save(self) -> None:
        """Ask for the name of the set."""
        self.query_one("#name", Entry).open(_("Name of the set:"))

    def on_entry_changed(self, message: Entry.Changed) -> None:
        """A name narrows nothing; Textual calls the handler of the base class after this one."""
        if self.query_one("#name", Entry).is_open:
            message.prevent_default()

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Keep the set; a filter is for the base class."""
        entry = self.query_one("#name", Entry)
        if not entry.is_open:
            return
        message.stop()
        message.prevent_default()
        self._leave_line(entry)
        if name := message.value.strip():
            self._keep(name)

    def close_filter(self) -> bool:
        """Close the line that is open, or take the filter away; False when there was neither."""
        entry = self.query_one("#name", Entry)
        if entry.is_open:
            self._leave_line(entry)
            return True
        return super().close_filter()

    def _keep(self, name: str) -> None:
        values = self.session.workshop.values
        chosen = [row.name for row in self._offered or () if row.name in self._marked]

        def keep() -> None:
            values.keep_set(name, chosen)

        def kept(_nothing: None) -> None:
            self.console.say(lambda: _("Kept as “{name}”.").format(name=name))

        def known(sets: Sequence[ValueSet]) -> None:
            if not any(one.name == name for one in sets):
                self.console.in_background(keep, kept)
                return
            self.console.show_screen(
                Question(
                    question=lambda: _("Replace the set “{name}”?").format(name=name),
                    consequences=lambda: "",
                    yes=lambda: _("Yes, replace it"),
                ),
                lambda yes: self.console.in_background(keep, kept) if yes else None,
            )

        self.console.in_background(values.sets, known)

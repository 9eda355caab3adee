"""The control-unit descriptions (PDX) in the store: list, import, what could not be used."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import DescriptionSummary, ImportProblem
from workshop_console.i18n import formats
from workshop_console.i18n.explain import import_reason_text
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.completion import complete_path
from workshop_console.screens.session import IMPORT
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.table import Column, Row, Table


class Descriptions(ConsoleScreen[None]):
    """Lists the descriptions; F5 takes another one into the store."""

    handles = ("open", "start")
    words: ClassVar = {
        "open": (mark("Open"), mark("Show the control units of this description.")),
        "start": (mark("Import"), mark("Take a PDX file into the store; type its name, Tab completes it.")),
    }

    def __init__(self) -> None:
        super().__init__()
        self._descriptions: Sequence[DescriptionSummary] = ()

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the file name."""
        yield Table()
        yield Entry(completes=True)

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Descriptions")

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "A description (PDX, ISO 22901-1) names control units, their faults and values. It is read once, "
            "in a process of its own with limits; afterwards opening a control unit waits for nothing."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start" and self.session.running:
            return _("something still runs")
        if command_id == "open" and not self._descriptions:
            return _("there are no rows yet")
        return ""

    def draw(self) -> None:
        """Draw the list."""
        try:
            self._descriptions = self.session.workshop.catalogue.descriptions()
        except ConsoleError as error:
            self._descriptions = ()
            self.console.tell(error)
        columns = (
            Column(title=_("Name"), width=20, grow=2),
            Column(title=_("File"), width=16, grow=1),
            Column(title=_("Units"), width=6, right=True),
            Column(title=_("Problems"), width=9, right=True),
            Column(title=_("Imported"), width=17),
        )
        rows = [
            Row(
                key=one.key,
                cells=(
                    one.name,
                    one.file,
                    formats.number(one.units),
                    formats.number(one.problems),
                    _("shipped") if one.shipped else formats.moment_of(one.imported_at),
                ),
            )
            for one in self._descriptions
        ]
        empty = job_text(self.session) or _(
            "No description yet. F5 imports one; without any, units are scanned."
        )
        self.query_one(Table).show(columns, rows, empty=empty)

    def open_row(self, key: Hashable) -> None:
        """Show the control units."""
        from workshop_console.screens.described_units import DescribedUnits

        description = next(one for one in self._descriptions if one.key == key)
        self.console.show_screen(DescribedUnits(description))

    def do_start(self) -> None:
        """Ask for the file."""
        self.query_one(Entry).open(_("PDX file:"), "")

    def on_entry_completed(self) -> None:
        """Complete the name as far as it is clear; say what fits."""
        entry = self.query_one(Entry)
        value, names = complete_path(entry.value, suffix=".pdx")
        entry.set_value(value)
        if len(names) != 1:
            text = "  ".join(names[:20])
            self.console.say(lambda: text or _("No file begins like this."))

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Import the file."""
        name = message.value.strip()
        if not name:
            return
        self._close_entry()
        workshop, file = self.session.workshop, Path(name).expanduser()
        self.session.notice = None
        self.console.start_job(IMPORT, lambda _cancellation: workshop.line.import_pdx(file))

    def _close_entry(self) -> None:
        self.query_one(Entry).close()
        self.query_one(Table).focus()

    def do_back(self) -> None:
        """Close the line for the file name first."""
        if self.query_one(Entry).is_open:
            self._close_entry()
        else:
            super().do_back()


class Problems(ListSheet):
    """Lists what of a description could not be used."""

    def __init__(self, description: DescriptionSummary) -> None:
        super().__init__()
        self._description = description
        self._problems: Sequence[ImportProblem] | None = None

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()

    def title_text(self) -> str:
        """Return the name of the description."""
        return _("Problems: {name}").format(name=self._description.name)

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Parts of the description that could not be used. The rest of it works.")

    def draw(self) -> None:
        """Draw the list."""
        if self._problems is None:
            try:
                self._problems = self.session.workshop.catalogue.problems(self._description.key)
            except ConsoleError as error:
                self._problems = ()
                self.console.tell(error)
        columns = (
            Column(title=_("Where"), width=22, grow=1),
            Column(title=_("Reason"), width=40, grow=2),
            Column(title=_("Detail"), width=12, grow=1, rank=1),
        )
        rows = [
            Row(key=index, cells=(clean(one.where), import_reason_text(one.reason), one.detail))
            for index, one in enumerate(self._problems)
        ]
        self.query_one(Table).show(columns, rows, empty=_("Everything could be used."))

    def status_text(self) -> str:
        """Say the current problem in full."""
        key = self.query_one(Table).cursor_key
        if not self._problems or not isinstance(key, int):
            units = self._description.units
            return ngettext("{n} control unit", "{n} control units", units).format(n=units)
        problem = self._problems[key]
        return f"{problem.where}: {problem.detail or import_reason_text(problem.reason)}"

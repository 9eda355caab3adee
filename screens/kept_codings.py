"""The codings of one record from before each write: to compare with the present one, and to put back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.coding import CodingPlan, CodingReading
from workshop_console.console.model.kept import KeptCoding
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.coding_bytes import byte_paragraphs
from workshop_console.screens.coding_question import ask_and_write, take_result
from workshop_console.screens.session import Session
from workshop_console.screens.sheet import ListSheet, TextSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import Paragraph, TextPage
from workshop_console.widgets.tones import BOLD, PLAIN, WARNING


def present(session: Session, view: UnitView, name: str) -> CodingReading | None:
    """Return the record as it was read last."""
    found = (r for r in session.codings.of(view.key) if r.form.name == name and r.data is not None)
    return next(found, None)


class KeptCodings(ListSheet):
    """Lists what was kept, newest first."""

    handles = ("open",)
    words: ClassVar = {"open": (mark("Compare"), mark("Compare this coding with the present one."))}

    def __init__(self, view: UnitView, name: str) -> None:
        super().__init__()
        self._view, self._record = view, name
        self._kept: Sequence[KeptCoding] = ()

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()

    def title_text(self) -> str:
        """Return the name of the record."""
        reading = present(self.session, self._view, self._record)
        label = (reading.form.label or reading.form.name) if reading else self._record
        return _("Kept codings: {coding}").format(coding=label)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Each line is the coding as it was read before something was written, on this day or another. "
            "Enter compares it with the present one; from there it can be put back."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "open" and not self._kept:
            return _("there are no rows yet")
        return ""

    def prepare(self) -> None:
        """Read what is kept; a restoring may have added one."""
        reading = present(self.session, self._view, self._record)
        try:
            self._kept = self.session.workshop.codings.kept(reading) if reading else ()
        except ConsoleError as error:
            self.console.tell(error)

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("No."), width=5, right=True),
            Column(title=_("Date"), width=17, grow=1),
            Column(title=_("Variant"), width=14, grow=1, rank=1),
            Column(title=_("Who"), width=10, grow=1, rank=2),
            Column(title=_("Bytes"), width=20, grow=3),
        )
        reading = present(self.session, self._view, self._record)
        rows = []
        for kept in self._kept:
            same = reading is not None and kept.data == reading.data
            text = kept.data.hex(" ").upper()
            rows.append(
                Row(
                    key=kept.coding_id,
                    cells=(
                        formats.number(kept.coding_id),
                        formats.moment(kept.time),
                        kept.variant,
                        kept.who,
                        f"= {text}" if same else text,
                    ),
                )
            )
        empty = _("Nothing is kept: this coding was never written by the console.")
        self.query_one(Table).show(columns, rows, empty=empty)

    def status_text(self) -> str:
        """Say what runs, or what the mark means."""
        reading = present(self.session, self._view, self._record)
        same = reading is not None and any(kept.data == reading.data for kept in self._kept)
        return job_text(self.session) or (_("= means: the same as the present coding") if same else "")

    def open_row(self, key: Hashable) -> None:
        """Compare one with the present coding."""
        kept = next((kept for kept in self._kept if kept.coding_id == key), None)
        if kept is not None:
            self.console.show_screen(KeptComparison(self._view, self._record, kept))


class KeptComparison(TextSheet[None]):
    """Shows in what a kept coding differs from the present one, and puts it back."""

    DEFAULT_CSS = "KeptComparison #facts { height: auto; max-height: 8; }"
    handles = ("start", "next_part")
    words: ClassVar = {"start": (mark("Put back"), mark("Write this coding again, bit for bit; asks first."))}

    def __init__(self, view: UnitView, name: str, kept: KeptCoding) -> None:
        super().__init__()
        self._view, self._record, self._kept = view, name, kept
        self._plan: CodingPlan | None = None
        self._asked: CodingReading | None = None

    def body(self) -> Iterable[Widget]:
        """Return the differences and the bytes."""
        yield Table()
        yield TextPage(id="facts")

    def title_text(self) -> str:
        """Return which one it is."""
        return _("Kept coding of {date}").format(date=formats.moment(self._kept.time))

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The options in which the kept coding differs from the present one. F5 puts it back as it was, "
            "with the bits that no option describes; the present one is kept before."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start":
            if self.session.running:
                return _("something still runs")
            if self._plan is None:
                return _("it does not fit the present coding")
            if self._plan.data == self._plan.before.data:
                return _("the control unit has it already")
        return ""

    def begin(self) -> None:
        """Compare with what is there."""
        self._compare()

    def _compare(self) -> None:
        reading, codings = present(self.session, self._view, self._record), self.session.workshop.codings
        if reading is None or reading is self._asked:
            return
        self._asked = reading

        def done(plan: CodingPlan) -> None:
            self._plan = plan
            self.redraw()

        self.console.in_background(lambda: codings.plan_restore(reading, self._kept), done)

    def draw(self) -> None:
        """Draw the differences."""
        if not self.session.running:
            self._compare()
            self.call_later(take_result, self.console)
        columns = (
            Column(title=_("Option"), width=28, grow=2),
            Column(title=_("Present"), width=20, grow=1),
            Column(title=_("Kept"), width=20, grow=1),
        )
        plan, rows = self._plan, []
        for change in plan.changes if plan else ():
            before, after = (
                formats.measured(f"{value} {change.unit}".rstrip()) for value in (change.before, change.after)
            )
            label = change.label or _("Bits that no option describes")
            rows.append(Row(key=change.option, cells=(label, before, after), tones=(PLAIN, PLAIN, BOLD)))
        empty = job_text(self.session) or (_("No difference.") if plan else "")
        self.query_one(Table).show(columns, rows, empty=empty)
        facts = []
        if plan is not None:
            names = (_("Present"), _("Kept"))
            facts += byte_paragraphs(plan.before.data or b"", plan.data, names=names)
            for shown in self.session.workshop.raised(plan.messages):
                facts.append(Paragraph(text=f"{shown.number} {shown.title}", tone=WARNING))
        self.query_one("#facts", TextPage).show(facts)

    def status_text(self) -> str:
        """Say what runs, or from where the coding is."""
        kept = self._kept
        text = " ".join(
            part for part in (f"{kept.coding_id}:", kept.vin, kept.unit, kept.variant, kept.who) if part
        )
        return job_text(self.session) or text

    def do_start(self) -> None:
        """Ask, and put it back."""
        if self._plan is not None:
            ask_and_write(self.console, self._plan)

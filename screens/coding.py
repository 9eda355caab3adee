"""One coding record: its options to change, its bytes, writing it, and what was kept of it before."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.commands import Command
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.coding import CodingPlan, CodingReading
from workshop_console.console.model.forms import ParameterForm
from workshop_console.console.model.kept import KeptCoding
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, language, mark, ngettext
from workshop_console.screens.box import Question
from workshop_console.screens.coding_bytes import byte_paragraphs, condition_paragraphs
from workshop_console.screens.coding_question import ask_and_write, take_result
from workshop_console.screens.option_entry import OptionChoice, allowed_text, typed
from workshop_console.screens.order_saving import OrderSaving
from workshop_console.screens.session import READ_CODINGS
from workshop_console.screens.sheet import TextSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import TextPage
from workshop_console.widgets.tones import BOLD, PLAIN

_KEPT = 0
"""Key of the row that opens the kept codings; options have their names."""


class Coding(TextSheet[None], OrderSaving):
    """Shows the options of one record; changes are collected here and written together."""

    DEFAULT_CSS = "Coding #facts { height: auto; max-height: 6; }"
    handles = ("open", "start", "mark", "save", "next_part")
    words: ClassVar = {
        **OrderSaving.words,
        "open": (mark("Edit"), mark("Change the option, or open the kept codings.")),
        "start": (mark("Write"), mark("Write the changes: shows the difference and asks first.")),
        "mark": (mark("Undo"), mark("Take the change of this option back; nothing was written yet.")),
    }

    def __init__(self, view: UnitView, name: str) -> None:
        super().__init__()
        self._view = view
        self._record = name
        self._wanted: dict[str, str] = {}
        self._plan: CodingPlan | None = None
        """What `_wanted` comes to; None while nothing is changed."""
        self._kept: Sequence[KeptCoding] = ()
        self._editing: ParameterForm | None = None
        self._kept_for: CodingReading | None = None
        self._locked_until = 0.0
        """When the unit takes the next key, on the monotonic clock."""

    # What is there

    @property
    def _reading(self) -> CodingReading | None:
        found = self.session.codings.of(self._view.key)
        return next((r for r in found if r.form.name == self._record and r.data is not None), None)

    def body(self) -> Iterable[Widget]:
        """Return options, conditions and bytes, and the line to type in."""
        yield Table()
        yield TextPage(id="facts")
        yield Entry(id="value")

    def title_text(self) -> str:
        """Return the names of record and unit."""
        reading = self._reading
        label = (reading.form.label or reading.form.name) if reading else self._record
        return f"{label}  {self._view.name(self.session)}"

    def title_right(self) -> str:
        """Return the place in the list."""
        return self.query_one(Table).position

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Enter changes an option; nothing is written before F5 and its question. Bits that no option "
            "describes stay as they are. The coding from before is kept first, and read back after."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id in ("start", "open", "mark") and self.session.running:
            return _("something still runs")
        if command_id == "start" and self._wanted and self._wait_s():
            return _("the control unit waits before the next try")
        if command_id == "mark" and self.query_one(Table).cursor_key not in self._wanted:
            return _("this option is not changed")
        return super().cannot(command_id)

    def label_of(self, command: Command) -> str:
        """Return what the command is called here; F5 has nothing to write while nothing is changed."""
        if command.id == "start" and not self._wanted:
            return _("Read again")
        if command.id == "open" and self.is_attached and self.query_one(Table).cursor_key == _KEPT:
            return _("Kept codings")
        return super().label_of(command)

    def _wait_s(self) -> int:
        return max(0, round(self._locked_until - time.monotonic() + 0.5))

    # Drawing

    def prepare(self) -> None:
        """Read what is kept."""
        self._read_kept()

    def _read_kept(self) -> None:
        reading = self._kept_for = self._reading
        try:
            self._kept = self.session.workshop.codings.kept(reading) if reading else ()
        except ConsoleError as error:
            self.console.tell(error)

    def draw(self) -> None:
        """Draw options and bytes."""
        self._follow()
        reading = self._reading
        columns = (
            Column(title=_("Option"), width=24, grow=2),
            Column(title=_("As read"), width=14, grow=1),
            Column(title=_("New"), width=14, grow=1),
            Column(title=_("Allowed"), width=18, grow=2),
        )
        rows = [] if reading is None else [self._row(reading, p) for p in reading.form.write.parameters]
        if reading is not None:
            count = len(self._kept)
            text = ngettext(
                "{n} kept coding: compare, put back", "{n} kept codings: compare, put back", count
            )
            shown = text.format(n=formats.number(count)) if count else _("nothing kept: never written yet")
            rows.append(Row(key=_KEPT, cells=(), tail=shown))
        self.query_one(Table).show(columns, rows, empty=job_text(self.session))
        facts = []
        if reading is not None and reading.data is not None:
            facts += condition_paragraphs(reading.conditions)
            facts += byte_paragraphs(reading.data, self._plan.data if self._plan else None)
        self.query_one("#facts", TextPage).show(facts)

    def _row(self, reading: CodingReading, parameter: ParameterForm) -> Row:
        unit = next((o.unit for o in reading.options if o.name == parameter.name), "") or parameter.unit
        value = reading.values.get(parameter.name)
        read = "-" if value is None else formats.measured(f"{value} {unit}".rstrip())
        wanted = self._wanted.get(parameter.name)
        new = formats.measured(f"{wanted} {unit}".rstrip()) if wanted is not None else ""
        return Row(
            key=parameter.name,
            cells=(parameter.label or parameter.name, read, new, allowed_text(parameter)),
            tones=(PLAIN, PLAIN, BOLD),
            marked=wanted is not None,
        )

    def status_text(self) -> str:
        """Say what runs, how long the unit waits, or how many changes there are."""
        if text := job_text(self.session):
            return text
        if wait_s := self._wait_s():
            return ngettext(
                "The control unit takes the next key in {n} second.",
                "The control unit takes the next key in {n} seconds.",
                wait_s,
            ).format(n=formats.number(wait_s))
        count = len(self._wanted)
        if not count:
            return ""
        if self._plan is not None and self._plan.broken:
            broken = self._plan.broken[0]
            facts = dict(broken.facts)
            # The rule itself fits the line; the title names the unit and the option, which are on the screen.
            return f"{broken.number} {facts.get(f'rule_{language()}') or facts.get('rule', '')}".rstrip()
        return ngettext(
            "{n} option changed, nothing written yet", "{n} options changed, nothing written yet", count
        ).format(n=formats.number(count))

    # Changing

    def open_row(self, key: Hashable) -> None:
        """Change an option, or open what is kept."""
        reading = self._reading
        if reading is None:
            return
        if key == _KEPT:
            from workshop_console.screens.kept_codings import KeptCodings

            self.console.show_screen(KeptCodings(self._view, self._record))
            return
        parameter = reading.parameter(str(key))
        if parameter is None:
            return
        now = self._wanted.get(parameter.name, reading.values.get(parameter.name, ""))
        if parameter.choices:
            self.console.show_screen(
                OptionChoice(parameter, now), lambda chosen: self._choose(parameter, chosen)
            )
            return
        self._editing = parameter
        self.query_one("#value", Entry).open(
            f"{parameter.label} ({allowed_text(parameter)}):", now, replaces=True
        )

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Take the value that was typed."""
        message.stop()
        self._take_line(message.value)

    def _take_line(self, text: str) -> None:
        parameter, self._editing = self._editing, None
        self._leave_line()
        if parameter is not None:
            self._choose(parameter, typed(parameter, text))

    def _leave_line(self) -> None:
        self.query_one("#value", Entry).close()
        self.query_one(Table).focus()
        self.redraw()

    def _choose(self, parameter: ParameterForm, value: str | None) -> None:
        if value is not None and value != "":
            self._replan({**self._wanted, parameter.name: value})

    def do_mark(self) -> None:
        """Take the change of this option back."""
        key = self.query_one(Table).cursor_key
        self._replan({name: value for name, value in self._wanted.items() if name != key})

    def _replan(self, wanted: dict[str, str]) -> None:
        """Work out what these changes come to."""
        reading, codings = self._reading, self.session.workshop.codings
        if reading is None:
            return

        def done(plan: CodingPlan) -> None:
            if self._reading is not reading:
                return  # read anew meanwhile
            changed = {change.option for change in plan.changes}
            self._wanted = {name: value for name, value in wanted.items() if name in changed}
            self._plan = plan if self._wanted else None
            self.redraw()

        # A value that is not allowed is told, and the changes stay as they were.
        self.console.in_background(lambda: codings.plan(reading, wanted, draft=True), done)

    # Writing

    def do_start(self) -> None:
        """Show the difference and ask; without a change read again. What is being typed is taken first."""
        line = self.query_one("#value", Entry)
        if line.is_open:
            self._take_line(line.value)
            return
        if not self._wanted:
            self._read_again()
        elif self._plan is None:
            return
        elif self._plan.broken:
            self.console.tell(self._plan.broken[0], at_once=True)
        else:
            ask_and_write(self.console, self._plan)

    def _follow(self) -> None:
        """Go on from what was written, or read anew: changes that are not there yet stay."""
        result = self.session.codings.result
        if result is not None and result is not self.session.codings.told and not self.session.running:
            if result.wait_s:
                self._locked_until = time.monotonic() + result.wait_s
                self._tick()
            if result.written and result.plan is self._plan:
                self._wanted, self._plan = {}, None
            self.call_later(take_result, self.console)
        if self._plan is not None and self._reading is not self._plan.before and not self.session.running:
            self._plan = None
            self._replan(self._wanted)
        if self.session.codings.stale and not self.session.running:
            self.session.codings.stale = False
            self.call_later(self._read_again)
        if self._reading is not self._kept_for:
            self._read_kept()

    def _tick(self) -> None:
        """Count the waiting time down on the message line."""
        self.redraw_frame()
        if self._wait_s():
            self.set_timer(1.0, self._tick)

    def do_back(self) -> None:
        """Close the line that is open, or leave; changes that were not written are asked about."""
        if self.query_one("#value", Entry).is_open:
            self._editing = None
            self._leave_line()
            return
        super().do_back()

    def before_leaving(self) -> Question | None:
        """Return the question whether changes that were not written are dropped."""
        if not self._wanted:
            return None
        return Question(
            question=lambda: _("Leave without writing the changes?"),
            consequences=lambda: _("The control unit keeps the coding that it has."),
            yes=lambda: _("Yes, drop the changes"),
        )

    def give_up(self) -> None:
        """Drop the changes."""
        self._wanted = {}

    def _read_again(self) -> None:
        codings, key = self.session.workshop.codings, self._view.key
        self.console.start_job(
            READ_CODINGS, lambda cancellation: codings.read((key,), cancellation=cancellation)
        )

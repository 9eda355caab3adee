"""One function of a control unit: what it does, what must hold, what to set, what happens while it runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.commands import BY_ID
from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ParameterForm
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.procedures.controls import Controls
from workshop_console.i18n import formats
from workshop_console.i18n.described import warning_text
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.actuation_facts import facts_after, facts_before
from workshop_console.screens.box import Question
from workshop_console.screens.coding_bytes import unmet
from workshop_console.screens.option_entry import OptionChoice, allowed_text, not_allowed, typed
from workshop_console.screens.order_saving import OrderSaving
from workshop_console.screens.running_setting import STOP, RunningChoice, RunningEntry
from workshop_console.screens.session import CHECK_FUNCTION, DRIVE
from workshop_console.screens.sheet import TextSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.value_texts import range_text, value_text
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.keybar import Key
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import TextPage
from workshop_console.widgets.tones import BAD, BOLD, PLAIN

_SETTING, _ACTION, _RESULT, _VALUE = "setting", "action", "result", "value"


def _in_column(value: str, unit: str) -> str:
    """Return a value in the form of the language, without the unit that has a column of its own."""
    return formats.measured(f"{value} {unit}".rstrip()).removesuffix(unit).rstrip()


class Actuation(TextSheet[None], OrderSaving):
    """Asks before anything moves; while it runs, one key stops it and gives control back."""

    DEFAULT_CSS = "Actuation #facts { height: auto; max-height: 9; }"
    handles = ("mark", "start", "open", "clear", "save", "next_part")
    words: ClassVar = {
        **OrderSaving.words,
        "start": (mark("Start"), mark("Start the function: says what moves and asks first.")),
        "open": (mark("Set"), mark("Change the setting; while it runs, the change is sent at once.")),
        "mark": STOP,
        "clear": STOP,
    }

    def __init__(self, unit: OpenedUnit, function: FunctionForm) -> None:
        super().__init__()
        self._unit = unit
        self._function = function
        self._settings = {p.name: p.default or "" for p in function.start.parameters}
        self._editing: ParameterForm | None = None
        self._controls = Controls()
        self._told: ActuationResult | None = None

    # What is there

    @property
    def _runs(self) -> bool:
        return self.session.running == DRIVE

    @property
    def _result(self) -> ActuationResult | None:
        """What became of this function, or how far it is."""
        result = self.session.driven.result
        mine = result is not None and result.function.name == self._function.name
        return result if mine and result is not None and result.unit.address == self._unit.address else None

    def body(self) -> Iterable[Widget]:
        """Return the facts, what to set and what is read, and the line to type in."""
        yield TextPage(id="facts")
        yield Table()
        yield RunningEntry(id="value")

    def title_text(self) -> str:
        """Return the names of function and unit."""
        return f"{self._unit.label}: {self._function.label or self._function.name}"

    def title_right(self) -> str:
        """Return the place in the list."""
        return self.query_one(Table).position

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Set what is to be done with Enter, start with F5 and its question. While it runs Space, F6 or "
            "Esc stops it. Control is always given back: on stopping, on leaving, and by the control unit "
            "itself when the connection is lost."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id in ("mark", "clear"):
            return "" if self._runs else _("nothing runs")
        if command_id == "start" and self.session.running:
            return _("something still runs")
        if command_id == "open" and not self._function.start.parameters and not self._actions():
            return _("there is nothing to set")
        if command_id == "open" and self._runs and self._function.kind is not FunctionKind.OUTPUT:
            return _("something still runs")
        return super().cannot(command_id)

    def begin(self) -> None:
        """Check the conditions."""
        self.session.driven.conditions = None
        self.session.driven.result = None
        self.redraw()  # without what was known of another function
        if self._function.conditions and not self.session.running:
            workshop, unit, function = self.session.workshop, self._unit, self._function
            self.console.start_job(
                CHECK_FUNCTION,
                lambda cancellation: workshop.actuations.check(unit, function, cancellation=cancellation),
            )

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys; of those that stop, the first is enough."""
        own, *others = super().footer()
        also = self._key(BY_ID["clear"])
        return tuple(key for key in own if key != also), *others

    def typing_footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys while a setting is typed; the one that stops what runs comes first."""
        own, *others = super().typing_footer()
        return ((self._key(BY_ID["mark"]), *own) if self._runs else own, *others)

    def _actions(self) -> dict[str, str]:
        """Return what else an output can be told while it runs."""
        if not self._runs:
            return {}
        found = {}
        if self._function.freeze is not None:
            found["freeze"] = _("Hold it as it is now")
        if self._function.reset is not None:
            found["reset"] = _("Set it to its default")
        return found

    @property
    def needs_all(self) -> bool:
        """Whether it was started: what moves and what came of it is in sight."""
        return self._result is not None

    # Drawing

    def draw(self) -> None:
        """Draw what is known."""
        result = self._result
        function, conditions = self._function, self.session.driven.conditions
        facts = facts_before(function, conditions)
        if result is not None:
            facts = facts_after(function, result, running=self._runs)
        self.query_one("#facts", TextPage).show(facts)
        # What was read while it ran is not read any more.
        now = _("Now") if result is None or self._runs else _("At the end")
        columns = (
            Column(title=_("Setting or value"), width=30, grow=2),
            Column(title=now, width=14, grow=1, right=True),
            Column(title=_("Unit"), width=9),
            Column(title=_("Allowed, expected"), width=18, grow=2),
        )
        self.query_one(Table).show(columns, self._rows(result), empty=_("There is nothing to set."))
        if result is not None and not self._runs and result is not self._told:
            self._told = result
            for message in result.messages[:-1]:
                self.session.raise_message(message)
            if result.messages:
                self.call_later(self.console.tell, result.messages[-1], at_once=True)

    def _rows(self, result: ActuationResult | None) -> list[Row]:
        rows = []
        for parameter in self._function.start.parameters:
            value = self._settings.get(parameter.name, "")
            cells = (
                parameter.label or parameter.name,
                _in_column(value, parameter.unit) or "-",
                parameter.unit,
                allowed_text(parameter),
            )
            rows.append(Row(key=(_SETTING, parameter.name), cells=cells, tones=(PLAIN, BOLD)))
        rows += [Row(key=(_ACTION, key), cells=(), tail=text) for key, text in self._actions().items()]
        if result is None:
            return rows
        polled = self._function.results.results if self._function.results is not None else ()
        labels = {form.name: form.label for form in (*self._function.start.results, *polled)}
        if self._function.kind is not FunctionKind.OUTPUT:
            for told in result.results:
                label = labels.get(told.name) or told.name
                cells = (label, _in_column(told.value, told.unit), told.unit, _("result"))
                rows.append(Row(key=(_RESULT, told.name), cells=cells))
        for reading in result.values:
            shown = f"{'!' if reading.outside else ''}{value_text(reading) or '-'}"
            cells = (reading.label, shown, reading.unit, range_text(reading) or _("actual value"))
            rows.append(
                Row(
                    key=(_VALUE, reading.name.value),
                    cells=cells,
                    tones=(PLAIN, BAD if reading.outside else PLAIN),
                )
            )
        return rows

    def status_text(self) -> str:
        """Say what runs."""
        if self._runs:
            return _("It runs. Space, F6 or Esc stops it.")
        return job_text(self.session)

    # Setting

    def open_row(self, key: Hashable) -> None:
        """Change a setting."""
        kind, name = key if isinstance(key, tuple) else ("", "")
        if kind == _ACTION and self._runs:
            {"freeze": self._controls.freeze, "reset": self._controls.reset}[name]()
            return
        parameter = next((p for p in self._function.start.parameters if p.name == name), None)
        if kind != _SETTING or parameter is None:
            return
        now = self._settings.get(parameter.name, "")
        if parameter.choices:
            choice = RunningChoice(parameter, now, self._stop) if self._runs else OptionChoice(parameter, now)
            self.console.show_screen(choice, lambda chosen: self._choose(parameter, chosen))
            return
        self._editing = parameter
        label = parameter.label or parameter.name
        entry = self.query_one(RunningEntry)
        entry.stops = self._runs
        entry.open(f"{label} ({allowed_text(parameter)}):", now, replaces=True)

    def on_running_entry_stopped(self) -> None:
        """Stop at once."""
        self._leave_line()
        self._stop()

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Take the value that was typed."""
        message.stop()
        self._take_line(message.value)

    def _take_line(self, text: str) -> bool:
        parameter, self._editing = self._editing, None
        self._leave_line()
        return parameter is None or self._take(parameter, typed(parameter, text))

    def _leave_line(self) -> None:
        self._editing = None
        self.query_one(RunningEntry).close()
        self.query_one(Table).focus()
        self.redraw()

    def _choose(self, parameter: ParameterForm, value: str | None) -> None:
        self._take(parameter, value)

    def _take(self, parameter: ParameterForm, value: str | None) -> bool:
        """Take a value, and return whether it is allowed."""
        if value is None or value == "":
            return True
        if (problem := not_allowed(parameter, value)) is not None:
            # A box over the screen would stop what runs.
            self.console.tell(problem, at_once=not self._runs)
            return False
        self._settings[parameter.name] = value
        if self._runs and self._function.kind is FunctionKind.OUTPUT:
            self._controls.adjust(self._settings)
        self.redraw()
        return True

    # Running

    def do_start(self) -> None:
        """Say what moves and ask; what is typed is taken, what is not set yet comes first."""
        function, line = self._function, self.query_one(RunningEntry)
        if line.is_open and not self._take_line(line.value):
            return
        missing = next((p for p in function.start.parameters if not self._settings.get(p.name)), None)
        if missing is not None:
            self.query_one(Table).move_to((_SETTING, missing.name))
            self.open_row((_SETTING, missing.name))
            return
        self.console.show_screen(
            Question(
                question=lambda: _("Start “{function}” of {unit}?").format(
                    function=function.label or function.name, unit=self._unit.label
                ),
                consequences=self._consequences,
                yes=lambda: _("Yes, start now"),
            ),
            self._answered,
        )

    def _consequences(self) -> str:
        function = self._function
        lines = [f"! {warning}"] if (warning := warning_text(function)) else []
        for p in function.start.parameters:
            value = formats.measured(f"{self._settings.get(p.name) or '-'} {p.unit}".rstrip())
            lines.append(f"{p.label or p.name}: {value}")
        if waiting := unmet(self.session.driven.conditions or ()):
            lines.append(waiting)
        if function.kind is FunctionKind.OTHER:
            lines.append(_("It is sent once; there is nothing to give back."))
        elif function.kind is FunctionKind.ROUTINE:
            lines.append(_("Space stops the routine; what it has done stays."))
        else:
            lines.append(_("Space stops it; control is given back in any case."))
        return "\n".join(lines)

    def _answered(self, yes: bool | None) -> None:
        if not yes:
            self.console.say(lambda: _("Nothing was started."))
            return
        workshop, unit, function = self.session.workshop, self._unit, self._function
        self._controls = controls = Controls()
        self.session.driven.result = self._told = None
        settings = {name: value for name, value in self._settings.items() if value}
        self.console.start_job(
            DRIVE,
            lambda cancellation: workshop.actuations.run(
                unit, function, settings, cancellation=cancellation, controls=controls
            ),
        )

    def _stop(self) -> None:
        if self._runs and self.session.job is not None:
            self.session.job.cancel()

    def do_mark(self) -> None:
        """Stop at once."""
        self._stop()

    def do_clear(self) -> None:
        """Stop at once."""
        self._stop()

    def on_screen_suspend(self) -> None:
        """Stop what runs when another screen hides it."""
        if self._runs and not isinstance(self.app.screen, RunningChoice):
            self._stop()
            self.console.say(lambda: _("Stopped: another screen was opened."))

    def do_groups(self) -> None:
        """Stop before leaving."""
        self._stop()
        super().do_groups()

    def do_quit(self) -> None:
        """Stop before leaving."""
        if self._runs:
            self._stop()
            self.console.say(lambda: _("It was stopped. The same key again ends the console."))
        else:
            super().do_quit()

    def do_back(self) -> None:
        """Stop what runs, or close the line that is open, or leave."""
        is_open = self.query_one(RunningEntry).is_open
        if is_open:
            self._leave_line()
        if self._runs:
            self._stop()
        elif not is_open:
            super().do_back()

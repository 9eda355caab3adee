"""What one control unit can do when asked: its outputs and routines."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.forms import FunctionForm, FunctionKind
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext, pgettext
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.order_saving import OrderSaving
from workshop_console.screens.resting import RestingScreen
from workshop_console.screens.session import READ_FUNCTIONS
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.table import Column, Row, Table


def kind_text(kind: FunctionKind) -> str:
    """Return what a kind of function is called."""
    return {
        FunctionKind.OUTPUT: _("output"),
        FunctionKind.ROUTINE: _("routine"),
        FunctionKind.OTHER: pgettext("function", "service"),
    }[kind]


class UnitFunctions(ListSheet, RestingScreen, OrderSaving, FilteredScreen):
    """Lists the functions of one control unit; the description is asked for them when the screen opens."""

    handles = ("open", "start", "filter", "save")
    words: ClassVar = {
        **OrderSaving.words,
        "start": (mark("Read again"), mark("Ask the control unit for its variant and list its functions.")),
    }

    def __init__(self, view: UnitView) -> None:
        super().__init__()
        self._view = view

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the unit."""
        return _("Actuations: {unit}").format(unit=self._view.name(self.session))

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Outputs and routines of this control unit. Enter opens one: what it does, what must hold before "
            "it, and what to set. Nothing moves before its own question was answered."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start" and self.session.running:
            return _("something still runs")
        if command_id in ("open", "filter") and not self._functions():
            return _("nothing was read yet")
        return super().cannot(command_id)

    def _functions(self) -> tuple[FunctionForm, ...]:
        unit = self.session.driven.unit(self._view.key)
        if unit is None:
            return ()
        return tuple(f for f in unit.forms.functions if self.passes(f.label, f.name, kind_text(f.kind)))

    def begin(self) -> None:
        """List the functions, unless that was done before."""
        if self.session.driven.unit(self._view.key) is None and not self.session.running:
            self.do_start()

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Function"), width=34, grow=2),
            Column(title=_("Kind"), width=8),
            Column(title=_("What it does"), width=26, grow=4),
        )
        rows = [
            Row(key=f.name, cells=(f.label or f.name, kind_text(f.kind), f.description))
            for f in self._functions()
        ]
        empty = job_text(self.session)
        if not empty:
            if self.filter_words:
                empty = _("No row fits the filter.")
            elif self.session.driven.unit(self._view.key) is not None:
                empty = _("The description has no functions for this control unit.")
            else:
                empty = _("F5 lists the functions.")
        self.query_one(Table).show(columns, rows, empty=empty)

    def status_text(self) -> str:
        """Say how far the job is, what the columns cut of the current row, or how much there is."""
        text = job_text(self.session)
        if self.rests and not text:
            text = "  ".join(self.query_one(Table).cut_cells)
        if text:
            return text
        count = len(self._functions())
        return (
            ngettext("{n} function", "{n} functions", count).format(n=formats.number(count)) if count else ""
        )

    def do_start(self) -> None:
        """Ask what there is."""
        actuations, key = self.session.workshop.actuations, self._view.key
        self.console.start_job(
            READ_FUNCTIONS, lambda cancellation: actuations.offer((key,), cancellation=cancellation)
        )

    def open_row(self, key: Hashable) -> None:
        """Open a function."""
        from workshop_console.screens.actuation import Actuation

        unit = self.session.driven.unit(self._view.key)
        function = unit.function(str(key)) if unit is not None else None
        if unit is not None and function is not None:
            self.console.show_screen(Actuation(unit, function))

"""One control unit: its identification and its fault memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.model.report import UnitResult
from workshop_console.i18n import formats
from workshop_console.i18n.explain import variant_match_text
from workshop_console.i18n.texts import _
from workshop_console.screens.faults import fault_columns, fault_row
from workshop_console.screens.one_unit import OneUnit
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import STATE_TONES, state_words, why
from workshop_console.screens.unit_work import work_by_number
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.keybar import Key
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import Block, Paragraph, SideBySide, TextPage
from workshop_console.widgets.tones import PLAIN


class ControlUnit(OneUnit):
    """Shows what is known at once, and reads the fault memory with its details beside the screen."""

    DEFAULT_CSS = "ControlUnit #identification { height: auto; max-height: 6; }"
    handles = ("start", "open", "clear", "next_part")
    jumps = False

    def body(self) -> Iterable[Widget]:
        """Return identification and faults."""
        yield TextPage(id="identification")
        yield Table()

    def title_text(self) -> str:
        """Return the name of the unit."""
        return f"{self._view.name(self.session)}  {self._view.key}"

    def title_right(self) -> str:
        """Return the place in the list of faults."""
        return self.query_one(Table).position

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Identification and fault memory of one control unit. Enter shows everything about a fault.")

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        result = self._view.result(self.session)
        if command_id == "open" and not (result and result.faults):
            return _("there are no faults")
        return super().cannot(command_id)

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys; first the numbers of what else can be done, which the message line names."""
        own, *others = super().footer()
        if self._view.report is not None:
            return (own, *others)
        numbers = list(work_by_number())
        return ((("-".join(dict.fromkeys((numbers[0], numbers[-1]))), _("Functions")), *own), *others)

    def begin(self) -> None:
        """Read the details of the vehicle that is there."""
        live = self._view.report is None and not self.session.running
        if live and self._view.key not in self.session.readings:
            self.do_start()

    def draw(self) -> None:
        """Draw identification and faults."""
        result = self._view.result(self.session)
        page, table = self.query_one("#identification", TextPage), self.query_one(Table)
        page.show(self._identification(result) if result else [Paragraph(text=_("Not read yet."))])
        faults = result.faults if result else ()
        empty = job_text(self.session) or (
            _("No faults in the memory.") if result and not why(result) else ""
        )
        table.show(
            fault_columns(with_unit=False), [fault_row(fault.dtc, fault) for fault in faults], empty=empty
        )

    def _identification(self, result: UnitResult) -> list[Block]:
        state = state_words(result)
        if reason := why(result):
            state += f": {reason}"
        variant = variant_match_text(result.variant_match)
        if result.variant:
            variant = f"{result.variant} ({variant})"
        time = formats.duration_ms(result.time_ms)
        if result.retries:
            time += ", " + _("retries: {n}").format(n=formats.number(result.retries))
        names = {name: _(name) for name in ("State", "Variant", "Hardware", "Time", "Software")}
        width = max(width_of(names[name]) for name in ("State", "Variant", "Hardware"))
        other = max(width_of(names[name]) for name in ("Time", "Software"))

        def fact(name: str, text: str, tone: Style = PLAIN) -> Paragraph:
            size = other if name in ("Time", "Software") else width
            return Paragraph(label=names[name], label_width=size, text=text, tone=tone)

        return [
            SideBySide(left=(fact("State", state, STATE_TONES[result.state]),), right=(fact("Time", time),)),
            fact("Variant", variant),
            SideBySide(
                left=(fact("Hardware", result.hardware or "-"),),
                right=(fact("Software", result.software or "-"),),
            ),
        ]

    def open_row(self, key: Hashable) -> None:
        """Open a fault."""
        from workshop_console.screens.fault import FaultDetail

        self.console.show_screen(FaultDetail(self._view, int(str(key))))

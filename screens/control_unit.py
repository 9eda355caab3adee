"""One control unit: its identification and its fault memory."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.report import UnitResult
from workshop_console.i18n import formats
from workshop_console.i18n.explain import variant_match_text
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.faults import ask_and_clear, fault_columns, fault_row
from workshop_console.screens.session import READ_FAULTS
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import STATE_TONES, UnitView, state_words, why
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import Paragraph, TextPage


class ControlUnit(ConsoleScreen[None]):
    """Shows what is known at once, and reads the fault memory with its details beside the screen."""

    DEFAULT_CSS = "ControlUnit #identification { height: 5; }"
    handles = ("start", "open", "clear", "next_part")
    words: ClassVar = {
        "start": (mark("Read again"), mark("Read identification and fault memory again, with all details.")),
        "clear": (mark("Clear"), mark("Clear the fault memory of this control unit; asks first.")),
    }

    def __init__(self, view: UnitView) -> None:
        super().__init__()
        self._view = view

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
        if command_id in ("start", "clear"):
            if self._view.report is not None:
                return _("this is a kept report")
            if self.session.running:
                return _("something still runs")
        result = self._view.result(self.session)
        if command_id == "open" and not (result and result.faults):
            return _("there are no faults")
        return ""

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

    def _identification(self, result: UnitResult) -> list[Paragraph]:
        width = max(len(_("Hardware")), len(_("Variant")), len(_("State")), len(_("Software")), 8)
        state = state_words(result)
        if reason := why(result):
            state += f": {reason}"
        variant = variant_match_text(result.variant_match)
        if result.variant:
            variant = f"{result.variant} ({variant})"
        time = formats.duration_ms(result.time_ms)
        if result.retries:
            time += ", " + _("retries: {n}").format(n=formats.number(result.retries))
        return [
            Paragraph(label=_("State"), label_width=width, text=state, tone=STATE_TONES[result.state]),
            Paragraph(label=_("Variant"), label_width=width, text=variant),
            Paragraph(label=_("Hardware"), label_width=width, text=result.hardware or "-"),
            Paragraph(label=_("Software"), label_width=width, text=result.software or "-"),
            Paragraph(label=_("Time"), label_width=width, text=time),
        ]

    def do_start(self) -> None:
        """Read the fault memory with its details."""
        workshop, key = self.session.workshop, self._view.key
        self.console.start_job(
            READ_FAULTS,
            lambda cancellation: workshop.read_faults((key,), details=True, cancellation=cancellation),
        )

    def do_clear(self) -> None:
        """Ask, then clear."""
        result = self._view.result(self.session)
        ask_and_clear(
            self.console,
            (self._view.key,),
            lambda: self._view.name(self.session),
            len(result.faults) if result else 0,
        )

    def open_row(self, key: Hashable) -> None:
        """Open a fault."""
        from workshop_console.screens.fault import FaultDetail

        self.console.show_screen(FaultDetail(self._view, int(str(key))))

"""What every screen about one control unit can do: read its fault memory again, and clear it."""

from __future__ import annotations

from typing import ClassVar

from textual import events

from workshop_console.i18n.texts import _, mark
from workshop_console.screens.faults import ask_and_clear
from workshop_console.screens.session import READ_FAULTS
from workshop_console.screens.sheet import Sheet
from workshop_console.screens.unit_view import UnitView
from workshop_console.screens.unit_work import work_by_number
from workshop_console.widgets.text_page import Paragraph, heading


class OneUnit(Sheet[None]):
    """A sheet about one control unit, of the vehicle or of a kept report; the list stays in sight."""

    share = 0.55
    least_rows = 12

    handles: ClassVar[tuple[str, ...]] = ("start", "clear")
    words: ClassVar = {
        "start": (mark("Read again"), mark("Read identification and fault memory again, with all details.")),
        "clear": (mark("Clear"), mark("Clear the fault memory of this control unit; asks first.")),
    }

    def __init__(self, view: UnitView) -> None:
        super().__init__()
        self._view = view

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id in ("start", "clear"):
            if self._view.report is not None:
                return _("this is a kept report")
            if self.session.running:
                return _("something still runs")
        return ""

    def hint_text(self) -> str:
        """Say what the numbers open."""
        if self.session.running or self._view.report is not None:
            return ""
        return "  ".join(f"{number} {_(label)}" for number, (label, _open) in work_by_number().items())

    def help_paragraphs(self) -> list[Paragraph]:
        """Explain the numbers too."""
        numbers = [
            Paragraph(label=number, label_width=14, text=_(label))
            for number, (label, _open) in work_by_number().items()
        ]
        return [*super().help_paragraphs(), heading(_("More about this control unit")), *numbers]

    def take_key(self, event: events.Key) -> None:
        """Open what a number stands for; it is the number of the group's menu."""
        work = work_by_number().get(event.key)
        if work is None or self._view.report is not None:
            super().take_key(event)
            return
        event.stop()
        self.clear_notice()
        self.console.show_screen(work[1](self._view))

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

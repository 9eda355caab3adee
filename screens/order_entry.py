"""One thing that was done to a vehicle: request, answer, what came of it, and its details."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.kept import OrderEntry
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.fault import spaced_hex
from workshop_console.screens.order import outcome_tone
from workshop_console.screens.saving import save_order
from workshop_console.screens.sheet import TextSheet
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.text_page import Paragraph, TextPage, heading
from workshop_console.widgets.tones import BOLD, PLAIN

_WIDEST_LABEL = 34


class EntryDetail(TextSheet[None]):
    """Everything that is kept of one entry."""

    handles = ("save",)
    words: ClassVar = {
        "save": (
            mark("Order report"),
            mark("Save the order report: tests and everything done (HTML, JSON, PDF)."),
        ),
    }

    def __init__(self, entry: OrderEntry) -> None:
        super().__init__()
        self._entry = entry

    def body(self) -> Iterable[Widget]:
        """Return the text."""
        yield TextPage()

    def title_text(self) -> str:
        """Return the unit."""
        return f"{self._entry.unit}  {self._entry.address}".strip()

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Request and answer are the bytes as they went over the line. Broken off means that no end was "
            "recorded: the console or the computer ended meanwhile."
        )

    def draw(self) -> None:
        """Write the entry out."""
        self.query_one(TextPage).show(entry_paragraphs(self._entry))

    def do_save(self) -> None:
        """Save the order report of the vehicle."""
        save_order(self.console, self._entry.vin)


def entry_paragraphs(entry: OrderEntry) -> list[Paragraph]:
    """Return all that is kept of `entry`."""
    facts = [
        (_("Result"), explain.outcome_text(entry.outcome)),
        (_("Date"), formats.moment_to_the_second(entry.time)),
        (_("By"), entry.who),
        (_("Request"), spaced_hex(entry.request)),
        (_("Answer"), spaced_hex(entry.answer)),
    ]
    facts = [(label, text or "-") for label, text in facts]
    width = max(width_of(label) for label, _text in facts)
    paragraphs = [Paragraph(text=explain.entry_text(entry), tone=BOLD)]
    for index, (label, text) in enumerate(facts):
        tone = outcome_tone(entry.outcome) if index == 0 else PLAIN
        paragraphs.append(
            Paragraph(label=label, label_width=width, text=text, tone=tone, before=int(index == 0))
        )
    if details := explain.entry_details(entry):
        paragraphs.append(heading(_("Details")))
        width = min(_WIDEST_LABEL, max(width_of(name) for name, _value in details))
        for name, value in details:
            if width_of(name) > width:  # a question of a guided test: all of it counts
                paragraphs.append(Paragraph(text=name))
                name = ""
            paragraphs.append(Paragraph(label=name or " ", label_width=width, text=value))
    return paragraphs

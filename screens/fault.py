"""One fault: code, meaning, status bits, snapshots, extended data, and the bytes as they came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.dtc import STATUS_BIT_NAMES, DtcRecord, Fault
from workshop_console.i18n import formats
from workshop_console.i18n.explain import (
    explain_code,
    fault_state_text,
    fault_text,
    status_bit_text,
)
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.guided_tests import Offer, open_guided_test
from workshop_console.screens.one_unit import OneUnit
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import FAULT_TONES, UnitView
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.text_page import Paragraph, TextPage, heading
from workshop_console.widgets.tones import BOLD, PLAIN

_WIDEST_LABEL = 34


def spaced_hex(raw: bytes) -> str:
    """Return bytes as pairs of hexadecimal digits."""
    return raw.hex(" ").upper()


class FaultDetail(OneUnit):
    """Everything that is known about one fault."""

    handles = ("open", *OneUnit.handles)
    words: ClassVar = {
        **OneUnit.words,
        "open": (mark("Guided test"), mark("Look for the cause of this fault, step by step.")),
    }

    def __init__(self, view: UnitView, dtc: int) -> None:
        super().__init__(view)
        self._dtc = dtc

    def body(self) -> Iterable[Widget]:
        """Return the text."""
        yield TextPage()

    def title_text(self) -> str:
        """Return unit and code."""
        fault = self._view.fault(self.session, self._dtc)
        return f"{self._view.name(self.session)}: {fault.code if fault else ''}"

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The snapshot holds values of the moment when the fault was stored; extended data count and date "
            "it. Raw bytes are what the control unit sent."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "open":
            if self._view.report is not None:
                return _("this is a kept report")
            if self._offer() is None:
                return _("there is no guided test for this fault")
        return super().cannot(command_id)

    def _offer(self) -> Offer | None:
        """Return the guided test for this fault."""
        result, fault = self._view.result(self.session), self._view.fault(self.session, self._dtc)
        if result is None or fault is None:
            return None
        tests = self.session.workshop.guided_tests.for_fault(result.name, fault.code)
        name = self._view.name(self.session)
        return next(
            (Offer(test=test, unit=self._view.key, unit_label=name, fault=fault) for test in tests), None
        )

    def do_open(self) -> None:
        """Open the guided test."""
        if (offer := self._offer()) is not None:
            open_guided_test(self.console, offer)

    def draw(self) -> None:
        """Write the fault out."""
        fault = self._view.fault(self.session, self._dtc)
        if fault is None:
            text = job_text(self.session) or _("This fault is no longer in the memory.")
            self.query_one(TextPage).show([Paragraph(text=text)])
            return
        self.query_one(TextPage).show(fault_paragraphs(fault))


def fault_paragraphs(fault: Fault) -> list[Paragraph]:
    """Return all that is known of `fault`."""
    meaning, structure = fault_text(fault), explain_code(fault.dtc)
    facts = [(_("State"), fault_state_text(fault.state))]
    if fault.priority is not None:
        facts.append((_("Priority"), str(fault.priority)))
    if fault.occurrences is not None:
        facts.append((_("Occurrences"), str(fault.occurrences)))
    if fault.first_occurrence:
        facts.append((_("First"), formats.measured(fault.first_occurrence)))
    if fault.last_occurrence:
        facts.append((_("Last"), formats.measured(fault.last_occurrence)))
    facts.append(
        (_("Raw"), f"{fault.raw[:2]} {fault.raw[2:4]} {fault.raw[4:]}  {_('status')} {fault.status:02X}")
    )
    width = max(width_of(label) for label, _text in facts)
    paragraphs = [Paragraph(text=f"{fault.code}  {meaning}", tone=BOLD)]
    if structure and structure != meaning:
        paragraphs.append(Paragraph(text=structure))
    for index, (label, text) in enumerate(facts):
        tone = FAULT_TONES[fault.state] if index == 0 else PLAIN
        paragraphs.append(
            Paragraph(label=label, label_width=width, text=text, tone=tone, before=int(index == 0))
        )
    paragraphs.append(heading(_("Status bits")))
    for bit, name in STATUS_BIT_NAMES.items():
        on = bool(fault.status & bit)
        paragraphs.append(
            Paragraph(
                label=f"[{'x' if on else ' '}] {bit.bit_length() - 1}",
                label_width=5,
                text=status_bit_text(name),
                tone=BOLD if on else PLAIN,
            )
        )
    paragraphs += _records(_("Snapshot"), fault.snapshots)
    paragraphs += _records(_("Extended data"), fault.extended)
    return paragraphs


def _records(title: str, records: tuple[DtcRecord, ...]) -> list[Paragraph]:
    if not records:
        return [heading(title), Paragraph(text=_("none read"))]
    paragraphs = []
    for record in records:
        paragraphs.append(heading(f"{title} 0x{record.number:02X}"))
        width = min(_WIDEST_LABEL, max((width_of(value.shown_name) for value in record.values), default=0))
        paragraphs += [
            Paragraph(label=value.shown_name, label_width=width, text=formats.measured(value.text))
            for value in record.values
        ]
        paragraphs.append(Paragraph(label=_("Raw"), label_width=width, text=spaced_hex(record.raw) or "-"))
    return paragraphs

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
from workshop_console.screens.sheet import FRAME_ROWS
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import FAULT_TONES, UnitView
from workshop_console.widgets.text_page import (
    Block,
    Paragraph,
    SideBySide,
    TextPage,
    in_two_columns,
    laid_out,
)
from workshop_console.widgets.tones import BOLD, PLAIN

_WIDEST_LABEL = 34

_MANY_ROWS = 30
"""On a terminal with so many a fault may take them all."""

_SHORT_RAW = 4
"""Bytes of a record that stand beside its only value."""


def spaced_hex(raw: bytes) -> str:
    """Return bytes as pairs of hexadecimal digits."""
    return raw.hex(" ").upper()


class FaultDetail(OneUnit):
    """Everything that is known about one fault, what a mechanic asks first at the top."""

    handles = ("open", *OneUnit.handles)
    words: ClassVar = {
        **OneUnit.words,
        "open": (mark("Guided test"), mark("Look for the cause of this fault, step by step.")),
    }

    def __init__(self, view: UnitView, dtc: int) -> None:
        super().__init__(view)
        self._dtc = dtc

    def most_rows(self, rows: int) -> int:
        """Return all rows where the terminal has many."""
        return rows if rows >= _MANY_ROWS else super().most_rows(rows)

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
        self.query_one(TextPage).show(self._blocks(fault))

    def _blocks(self, fault: Fault) -> list[Block]:
        """Return the text; with empty lines where all of it is in sight with them."""
        airy = fault_blocks(fault, airy=True)
        fits = len(laid_out(airy, self.app.size.width - 2)) <= self.room() - FRAME_ROWS
        return airy if fits else fault_blocks(fault, airy=False)


def fault_blocks(fault: Fault, *, airy: bool = True) -> list[Block]:
    """Return all that is known of `fault`; `airy` with empty lines between the parts."""
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
    blocks: list[Block] = [
        Paragraph(text=f"{fault.code}  {meaning}", tone=BOLD),
        in_two_columns(facts, _WIDEST_LABEL, tone=FAULT_TONES[fault.state], before=int(airy)),
    ]
    for title, records in ((_("Snapshot"), fault.snapshots), (_("Extended data"), fault.extended)):
        if not records:
            blocks.append(Paragraph(label=title, label_tone=BOLD, text=_("none read"), before=int(airy)))
        for record in records:
            blocks += _record_blocks(f"{title} 0x{record.number:02X}", record, airy=airy)
    if structure and structure != meaning:
        blocks.append(Paragraph(text=structure, before=int(airy)))
    blocks.append(_status_bits(fault, before=int(airy)))
    return blocks


def _status_bits(fault: Fault, *, before: int) -> SideBySide:
    """Return the eight bits in words, the first four left of the others."""
    bits = tuple(
        Paragraph(
            label=f"[{'x' if fault.status & bit else ' '}] {bit.bit_length() - 1}",
            label_width=5,
            text=status_bit_text(name),
            tone=BOLD if fault.status & bit else PLAIN,
        )
        for bit, name in STATUS_BIT_NAMES.items()
    )
    return SideBySide(left=bits[:4], right=bits[4:], before=before)


def _record_blocks(title: str, record: DtcRecord, *, airy: bool) -> list[Block]:
    """Return a record: on one line when it is short, else its values in two columns under the raw bytes."""
    raw = spaced_hex(record.raw) or "-"
    texts = [(value.shown_name, formats.measured(value.text)) for value in record.values]
    if len(texts) == 1 and len(record.raw) <= _SHORT_RAW:
        ((name, text),) = texts
        return [Paragraph(label=title, label_tone=BOLD, text=f"{name}  {text}  ({raw})", before=int(airy))]
    return [
        Paragraph(label=title, label_tone=BOLD, text=raw, before=int(airy)),
        in_two_columns(texts, _WIDEST_LABEL),
    ]

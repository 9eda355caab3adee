"""Says which control unit a screen shows, of the vehicle or of a kept report, and in which words."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style

from workshop_console.console.model.dtc import Fault, FaultState
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState, VariantMatch
from workshop_console.i18n import formats
from workshop_console.i18n.explain import nrc_reason, reason_text, unit_state_letter, unit_state_text
from workshop_console.i18n.texts import _
from workshop_console.screens.session import Session
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.tones import BAD, GOOD, NOTE, PLAIN, WARNING

STATE_TONES: dict[UnitState, Style] = {
    UnitState.OK: GOOD,
    UnitState.FAULTS: BAD,
    UnitState.SILENT: WARNING,
    UnitState.REFUSED: WARNING,
    UnitState.ERROR: WARNING,
    UnitState.UNKNOWN_VARIANT: NOTE,
}

FAULT_TONES: dict[FaultState, Style] = {
    FaultState.CURRENT: BAD,
    FaultState.STORED: WARNING,
    FaultState.PENDING: NOTE,
    FaultState.NOT_TESTED: PLAIN,
}

MATCH_MARKS: dict[VariantMatch, str] = {
    VariantMatch.EXACT: "=",
    VariantMatch.ONLY: "1",
    VariantMatch.NONE: "?",
    VariantMatch.UNDESCRIBED: "",
}
"""Stand before the variant: a pattern held, the only one there is, none held."""


@dataclass(frozen=True, kw_only=True)
class UnitView:
    """One control unit on a screen."""

    key: str
    """Its address as text."""
    report: QuickTestReport | None = None
    """The kept report it is seen in; None: the vehicle that is there."""

    def result(self, session: Session) -> UnitResult | None:
        """Return what is known of it now."""
        if self.report is not None:
            return next((unit for unit in self.report.units if str(unit.address) == self.key), None)
        if self.key in session.readings:
            return session.readings[self.key].result
        row = session.units.rows.get(self.key)
        return row.result if row is not None else None

    def fault(self, session: Session, dtc: int) -> Fault | None:
        """Return one of its faults."""
        result = self.result(session)
        return next((fault for fault in result.faults if fault.dtc == dtc), None) if result else None

    def name(self, session: Session) -> str:
        """Return what the unit is called."""
        result = self.result(session)
        if result is not None:
            return result.label or result.name
        row = session.units.rows.get(self.key)
        return (row.label or row.name) if row is not None else self.key


def state_words(result: UnitResult) -> str:
    """Return the state with its letter before it, so that no colour is needed and a cut word stays clear."""
    return f"{unit_state_letter(result.state, ascii_only=glyphs().plain)} {unit_state_text(result.state)}"


def why(result: UnitResult) -> str:
    """Return why a unit gave no usable answer, or what it refused; empty when all is well."""
    if result.reason is not None:
        return reason_text(result.reason, result.detail)
    if result.nrc is not None and result.state is not UnitState.OK:
        return nrc_reason(result.nrc)
    return ""


def why_and_how_long(result: UnitResult) -> str:
    """Return the reason with time and retries beside it."""
    parts = [why(result) or unit_state_text(result.state)]
    if result.time_ms:
        parts.append(formats.duration_ms(result.time_ms))
    if result.retries:
        parts.append(_("retries: {n}").format(n=formats.number(result.retries)))
    return f" {glyphs().dot} ".join(parts)


def variant_text(result: UnitResult) -> str:
    """Return the variant with the mark of how well it matched."""
    mark = MATCH_MARKS[result.variant_match]
    return f"{mark} {result.variant}".strip() if result.variant or mark == "?" else ""


def change_text(result: UnitResult, first: QuickTestReport | None, current: QuickTestReport | None) -> str:
    """Return how the faults changed since the first test: +1 new, -2 gone, ? not known.

    Empty where they are the same, or there is nothing to compare them with.
    """
    if first is None or (current is not None and current.report_id == first.report_id is not None):
        return ""
    read = (UnitState.OK, UnitState.FAULTS, UnitState.UNKNOWN_VARIANT)
    before = next((unit for unit in first.units if unit.address == result.address), None)
    if result.state not in read:
        return ""  # its state says so
    if before is None or before.state not in read:
        return "?"
    old, new = {fault.dtc for fault in before.faults}, {fault.dtc for fault in result.faults}
    parts = [f"+{len(new - old)}"] if new - old else []
    parts += [f"-{len(old - new)}"] if old - new else []
    return " ".join(parts)

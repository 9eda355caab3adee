"""What screens with faults share: their columns, and asking before they are cleared."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from workshop_console.console.model.dtc import Fault
from workshop_console.i18n.explain import fault_state_text, fault_text
from workshop_console.i18n.texts import _, ngettext
from workshop_console.screens.box import Question
from workshop_console.screens.console_port import Console
from workshop_console.screens.session import CLEAR
from workshop_console.screens.unit_view import FAULT_TONES
from workshop_console.widgets.table import Column, Row
from workshop_console.widgets.tones import PLAIN


def fault_columns(*, with_unit: bool) -> tuple[Column, ...]:
    """Return the columns of a list of faults."""
    unit = (Column(title=_("Control unit"), width=18, grow=1, keeps_end=True),) if with_unit else ()
    return (
        *unit,
        Column(title=_("Code"), width=9),
        Column(title=_("Fault"), width=26, grow=4),
        Column(title=_("State"), width=13),
        Column(title=_("Count"), width=6, right=True, rank=2),
        Column(title=_("Prio."), width=5, right=True, rank=1),
    )


def fault_row(key: Hashable, fault: Fault, unit: str | None = None, *, group: Hashable = None) -> Row:
    """Return one fault as a row; `unit` stands first where the list has that column, once for a `group`."""
    cells = (
        fault.code,
        fault_text(fault),
        fault_state_text(fault.state),
        str(fault.occurrences) if fault.occurrences is not None else "",
        str(fault.priority) if fault.priority is not None else "",
    )
    tones = (PLAIN, PLAIN, FAULT_TONES[fault.state])
    if unit is None:
        return Row(key=key, cells=cells, tones=tones)
    return Row(key=key, cells=(unit, *cells), tones=(PLAIN, *tones), group=group)


def ask_and_clear(console: Console, keys: tuple[str, ...], name: Callable[[], str], faults: int) -> None:
    """Ask, and clear the fault memories of the units with these addresses, of all when empty."""
    workshop = console.session.workshop

    def question() -> str:
        if not keys:
            return _("Clear the fault memories of all control units?")
        return _("Clear the fault memory of {unit}?").format(unit=name())

    def consequences() -> str:
        count = ngettext("{n} fault is known there.", "{n} faults are known there.", faults).format(n=faults)
        return (
            count
            + " "
            + _(
                "A readout is saved first; without it nothing is cleared. Readiness and learnt values that "
                "belong to the faults are lost in the vehicle."
            )
        )

    def answered(yes: bool | None) -> None:
        if not yes:
            console.say(lambda: _("Nothing was cleared."))
            return
        from workshop_console.screens.clear_result import ClearResult

        job = console.start_job(CLEAR, lambda cancellation: workshop.clear(keys, cancellation=cancellation))
        if job is not None:
            console.show_screen(ClearResult())

    console.show_screen(
        Question(question=question, consequences=consequences, yes=lambda: _("Yes, clear now")), answered
    )

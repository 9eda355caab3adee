"""Asks before a coding is written: the difference in options and bytes, and what to know."""

from __future__ import annotations

from workshop_console.console.model.coding import CodingPlan, CodingResult, OptionChange
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, ngettext
from workshop_console.screens.box import Question
from workshop_console.screens.coding_bytes import unmet
from workshop_console.screens.console_port import Console
from workshop_console.screens.session import WRITE_CODING

_SHOWN_BYTES = 20


def ask_and_write(console: Console, plan: CodingPlan) -> None:
    """Look up how many keys are left, ask, and write."""
    codings = console.session.workshop.codings
    before = plan.before

    def ask(keys: tuple[int, int] | None) -> None:
        console.show_screen(
            Question(
                question=lambda: _("Write “{coding}” of {unit}?").format(
                    coding=before.form.label or before.form.name, unit=before.unit_name
                ),
                consequences=lambda: _consequences(console, plan, keys),
                yes=lambda: _("Yes, write now"),
            ),
            answered,
        )

    def answered(yes: bool | None) -> None:
        if yes:
            console.start_job(
                WRITE_CODING, lambda cancellation: codings.write(plan, cancellation=cancellation)
            )
        else:
            console.say(lambda: _("Nothing was written."))

    if before.form.write.security_level:
        console.in_background(lambda: codings.keys_left(before), ask)
    else:
        ask(None)


def take_result(console: Console) -> CodingResult | None:
    """Return what became of a writing and say it, once; None when there is nothing new."""
    session = console.session
    result = session.codings.result
    if result is None or result is session.codings.told or session.running == WRITE_CODING:
        return None
    session.codings.told = result
    if result.messages:
        console.tell(result.messages[-1], at_once=True)
    elif result.written:
        console.say(
            lambda: _("Written and read back; the coding from before is kept as number {n}.").format(
                n=formats.number(result.kept_id)
            )
        )
    return result


def _consequences(console: Console, plan: CodingPlan, keys: tuple[int, int] | None) -> str:
    """Return the difference and what else matters, a line each."""
    lines = []
    for change in plan.changes:
        name = change.label or _("Bits that no option describes")
        lines.append(f"{name}: {change_text(change)}")
    before = plan.before
    old, new = (_shown(data) for data in (before.data or b"", plan.data))
    lines.append(f"{old} → {new}")
    lines += [f"{shown.number} {shown.title}" for shown in console.session.workshop.raised(plan.messages)]
    if waiting := unmet(before.conditions):
        lines.append(waiting)
    if keys is not None:
        left, wait_s = keys
        lines.append(
            ngettext(
                "Security access is needed: {n} key may be tried.",
                "Security access is needed: {n} keys may be tried.",
                left,
            ).format(n=formats.number(left))
        )
        if wait_s:
            lines.append(
                _("The control unit waits {n} s before the next try.").format(n=formats.number(wait_s))
            )
    lines.append(_("The coding from before is kept first; what was written is read back."))
    return "\n".join(lines)


def change_text(change: OptionChange) -> str:
    """Return an option before and after."""
    before, after = (formats.measured(f"{v} {change.unit}".rstrip()) for v in (change.before, change.after))
    return f"{before} → {after}"


def _shown(data: bytes) -> str:
    return data[:_SHOWN_BYTES].hex(" ").upper() + (" …" if len(data) > _SHOWN_BYTES else "")

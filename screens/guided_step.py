"""How a step of a guided test is shown: its place on the way, what is wanted, what is asked, the result."""

from __future__ import annotations

from rich.style import Style

from workshop_console.console.model.guided import (
    ActuateStep,
    Driven,
    Judgement,
    Limits,
    Reading,
    ResultStep,
    StepTaken,
)
from workshop_console.console.procedures.events import GuidedAsked
from workshop_console.i18n import formats
from workshop_console.i18n.described import warning_text
from workshop_console.i18n.explain import guided_word
from workshop_console.i18n.texts import _
from workshop_console.screens.coding_bytes import condition_paragraphs
from workshop_console.widgets.cells import fit, width_of
from workshop_console.widgets.table import Column, Row
from workshop_console.widgets.text_page import Paragraph, heading
from workshop_console.widgets.tones import BAD, BOLD, GOOD, PLAIN, WARNING

_MARKS: dict[Judgement, tuple[str, Style]] = {
    Judgement.INSIDE: ("+", GOOD),
    Judgement.BELOW: ("!", BAD),
    Judgement.ABOVE: ("!", BAD),
    Judgement.OTHER: ("!", BAD),
    Judgement.UNREADABLE: ("-", WARNING),
}
_LINE_CELLS = 76


def way_columns() -> tuple[Column, ...]:
    """Return the columns of the way: number, judgement, value, what it was about."""
    return (
        Column(title="", width=2, right=True),
        Column(title="", width=1),
        Column(title="", width=16),
        Column(title="", width=15, right=True),
        Column(title="", width=27, grow=1),
    )


def taken_row(number: int, taken: StepTaken) -> Row:
    """Return a step that was taken."""
    sign, tone, words = "", PLAIN, ""
    if taken.judgement is not None:
        sign, tone = _MARKS[taken.judgement]
        words = guided_word(taken.judgement.value)
    if taken.driven is not None and taken.driven is not Driven.DONE:
        sign, tone, words = "-", WARNING, guided_word(taken.driven.value)
    value = reading_text(taken.reading) if taken.reading is not None else ""
    if taken.answer:
        return Row(
            key=number,
            cells=(str(number), "?"),
            tail=f"{_(taken.answer)} - {_(taken.step.text)}",
            tail_from=2,
        )
    about = taken.reading.label if taken.reading is not None and taken.reading.label else _(taken.step.text)
    return Row(key=number, cells=(str(number), sign, words, value, about), tones=(PLAIN, tone, tone))


def reading_text(reading: Reading) -> str:
    """Return a value in the form of the language, with its unit of measure."""
    text = reading.text
    if reading.number is not None:
        digits = len(text.partition(".")[2])
        if f"{reading.number:.{digits}f}" == text:  # else no plain number: leading zeros, powers of ten
            text = formats.number(reading.number, digits=digits)
    return f"{text} {reading.unit}".rstrip()


def limits_text(limits: Limits, value: Reading | None) -> str:
    """Return what a value must be, with its unit of measure and its name where they are known."""
    text = _range_text(limits)
    if not text or value is None:
        return text
    return f"{text} {value.unit}".rstrip() + f"  ({value.label})"


def _range_text(limits: Limits) -> str:
    if limits.texts:
        return " / ".join(limits.texts)
    low = None if limits.low is None else formats.number(limits.low)
    high = None if limits.high is None else formats.number(limits.high)
    if low is not None and high is not None:
        return _("{low} to {high}").format(low=low, high=high)
    if low is not None:
        return _("at least {low}").format(low=low)
    return _("at most {high}").format(high=high) if high is not None else ""


def label_width() -> int:
    """Return the width of the labels beside a step."""
    return max(width_of(label) for label in (_("In order"), _("Set to"), _("Warning")))


def asked_paragraphs(ask: GuidedAsked) -> list[Paragraph]:
    """Return what the mechanic should know before the answer."""
    found: list[Paragraph] = []
    shown = [f"{one.label}: {reading_text(one) or '-'}" for one in ask.shown]
    cells = max(map(width_of, shown), default=1)
    per_line = max(1, _LINE_CELLS // (cells + 2))
    for start in range(0, len(shown), per_line):
        line = "  ".join(fit(text, cells) for text in shown[start : start + per_line])
        found.append(Paragraph(text=line.rstrip(), before=int(start == 0)))
    if ask.function is not None:
        found.append(heading(ask.function.label or ask.function.name))
        if isinstance(ask.step, ActuateStep) and ask.step.settings:
            settings = ", ".join(value for _name, value in ask.step.settings)
            found.append(Paragraph(label=_("Set to"), label_width=label_width(), text=settings))
        if warning := warning_text(ask.function):
            found.append(Paragraph(label=_("Warning"), label_width=label_width(), text=warning, tone=BAD))
        found += condition_paragraphs(ask.conditions)
    return found


def result_paragraphs(result: ResultStep) -> list[Paragraph]:
    """Return the cause and what to do."""
    title = _("Cause found") if result.found else _("Result")
    found = [
        Paragraph(text=title),
        Paragraph(text=_(result.text), tone=BOLD if result.found else PLAIN),
        heading(_("What to do")),
    ]
    found += [
        Paragraph(label=f"{number}.", label_width=3, text=_(remedy))
        for number, remedy in enumerate(result.remedy, start=1)
    ]
    return found

"""What a function's screen says in words: before the start, while it runs, and after."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.forms import FunctionForm
from workshop_console.i18n import formats
from workshop_console.i18n.described import condition_text, warning_text
from workshop_console.i18n.explain import outcome_text
from workshop_console.i18n.texts import _
from workshop_console.screens.coding_bytes import condition_paragraphs
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.text_page import Paragraph
from workshop_console.widgets.tones import BAD, GOOD, WARNING


def facts_before(function: FunctionForm, conditions: Sequence[CheckedCondition] | None) -> list[Paragraph]:
    """Return what the function does and what must hold; `conditions` as they were found, None: not yet."""
    facts = [Paragraph(text=function.description or function.label or function.name)]
    if warning := warning_text(function):
        facts.append(Paragraph(label="!", text=warning, tone=WARNING))
    if conditions is not None:
        facts += condition_paragraphs(conditions)
    elif function.conditions:
        facts += [Paragraph(label="?", text=condition_text(condition)) for condition in function.conditions]
    else:
        facts.append(Paragraph(label="-", text=_("No conditions are described.")))
    return facts


def facts_after(function: FunctionForm, result: ActuationResult, *, running: bool) -> list[Paragraph]:
    """Return how a started function stands."""
    labels = [_("State"), _("Time"), _("Control"), _("Answer")]
    width = max(map(width_of, labels))
    state, tone = outcome_text(result.outcome), GOOD if result.outcome == "done" else BAD
    if running:
        state, tone = _("RUNNING"), WARNING
    elif result.outcome in ("stopped", "not-sent"):
        tone = WARNING
    passed_s = round(result.elapsed_s)
    # It counts in seconds while it runs, and says exactly how long it took.
    time = _("{n} s").format(n=formats.number(passed_s)) if running and passed_s < 60 else ""
    time = time or formats.duration_ms(result.elapsed_s * 1_000)
    facts = [
        Paragraph(label=labels[0], label_width=width, text=state, tone=tone),
        Paragraph(label=labels[1], label_width=width, text=time),
    ]
    if running and (warning := warning_text(function)):
        facts.append(Paragraph(label="!", label_width=width, text=warning, tone=WARNING))
    if result.given_back is not None:
        given = _("given back to the control unit") if result.given_back else _("not confirmed")
        tone = GOOD if result.given_back else BAD
        facts.append(Paragraph(label=labels[2], label_width=width, text=given, tone=tone))
    if not running and result.outcome not in ("done", "stopped"):
        facts += condition_paragraphs(result.conditions)
    if result.answer:
        facts.append(Paragraph(label=labels[3], label_width=width, text=result.answer.hex(" ").upper()))
    return facts

"""Shows the bytes of a coding with those that change marked below, and the conditions for writing it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style

from workshop_console.console.model.coding import CheckedCondition
from workshop_console.i18n import formats
from workshop_console.i18n.described import condition_text
from workshop_console.i18n.texts import _
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.text_page import Paragraph
from workshop_console.widgets.tones import BAD, BOLD, GOOD, WARNING

PER_LINE = 16


def byte_paragraphs(
    before: bytes, after: bytes | None = None, *, names: tuple[str, str] | None = None
) -> list[Paragraph]:
    """Return the bytes, sixteen on a line, the new ones below and a mark under each that differs."""
    first, second = names or (_("Bytes"), _("New bytes"))
    width = max(width_of(first), width_of(second)) + 5
    found = []
    for start in range(0, max(len(before), 1), PER_LINE):
        place = f" {start:02X}:" if len(before) > PER_LINE else ""
        old = before[start : start + PER_LINE]
        found.append(Paragraph(label=first + place, label_width=width, text=old.hex(" ").upper()))
        if after is None or (new := after[start : start + PER_LINE]) == old:
            continue
        found.append(Paragraph(label=second + place, label_width=width, text=new.hex(" ").upper(), tone=BOLD))
        marks = " ".join("^^" if a != b else "  " for a, b in zip(old, new, strict=False))
        found.append(Paragraph(label=" ", label_width=width, text=marks.rstrip()))
    return found


def condition_words(checked: CheckedCondition) -> tuple[str, Style]:
    """Return a condition, how it stands and its value, with a letter that needs no colour."""
    words, tone = {
        True: (_("met"), GOOD),
        False: (_("not met"), BAD),
        None: (_("check yourself"), WARNING),
    }[checked.holds]
    value = f" ({formats.measured(checked.value)})" if checked.value else ""
    return f"{condition_text(checked.condition)}: {words}{value}", tone


def condition_paragraphs(conditions: Iterable[CheckedCondition]) -> list[Paragraph]:
    """Return what must hold, a line each."""
    found = []
    for checked in conditions:
        text, tone = condition_words(checked)
        found.append(
            Paragraph(
                label="-" if checked.holds is None else "+" if checked.holds else "!", text=text, tone=tone
            )
        )
    return found


def unmet(conditions: Sequence[CheckedCondition]) -> str:
    """Return the conditions that are not known to hold, for a question."""
    return "\n".join(condition_words(c)[0] for c in conditions if not c.holds)

"""Says how a flash job stands, for screens and command line."""

from __future__ import annotations

from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashProgress,
    FlashStep,
    JobState,
    JournalEntry,
    Light,
    SoftwareIdentity,
    UnitEnd,
)
from workshop_console.i18n import formats
from workshop_console.i18n.codes import flashing as words
from workshop_console.i18n.described import condition_text
from workshop_console.i18n.texts import _

LIGHT_MARKS = {Light.GREEN: "✓", Light.YELLOW: "!", Light.RED: "X"}
"""One character, the same in every language; told beside colour and word."""
LIGHT_MARKS_ASCII = {**LIGHT_MARKS, Light.GREEN: "+"}


_MEASURED = (CheckId.VOLTAGE, CheckId.CONDITIONS, CheckId.SPACE)
"""Checks whose value is a figure with a unit; a part number with a version only looks like one."""


def step_text(step: FlashStep) -> str:
    """Return what a step does."""
    return _(words.STEPS[step.value])


def state_text(state: JobState) -> str:
    """Return how a job stands, in a word."""
    return str(words.STATES[state.value])


def light_text(light: Light, *, ascii_only: bool = False) -> str:
    """Return a light as its mark and a word."""
    marks = LIGHT_MARKS_ASCII if ascii_only else LIGHT_MARKS
    return f"{marks[light]} {words.LIGHTS[light.value]}"


def check_state_text(check: FlashCheck, *, ascii_only: bool = False) -> str:
    """Return the light of a check; one that is green and has something to say is a note."""
    if check.is_note:
        return f"! {_('note')}"
    return light_text(check.light, ascii_only=ascii_only)


def check_text(check: CheckId) -> str:
    """Return what a line of the table before flashing is about."""
    return _(words.CHECKS[check.value])


def found_text(check: FlashCheck) -> str:
    """Return what a check found; "-" for nothing that can be said."""
    if check.id is CheckId.CREDIT:
        until = formats.moment_of(check.value)
        return _("until {time}").format(time=until) if until else check.value or "-"
    if check.id is CheckId.READOUT and check.value:
        return _("report {n}").format(n=check.value)
    if check.id is CheckId.CONDITIONS and check.light is Light.GREEN and not check.value:
        return _("the control unit agrees")
    if check.id is CheckId.CHARGER and check.value:
        return _("connected") if check.light is Light.GREEN else _("not connected")
    if check.id is CheckId.AWAKE:
        return _("held off by the job") if check.message is None else _("see to it yourself")
    if check.id in _MEASURED:
        return formats.measured(check.value) or "-"
    return check.value or "-"


def expected_text(check: FlashCheck) -> str:
    """Return what a check wants to find; empty: it is not told."""
    if check.condition is not None:
        return condition_text(check.condition)
    if check.id is CheckId.CHARGER and check.expected:
        return _("connected")
    return formats.measured(check.expected) if check.id in _MEASURED else check.expected


def end_text(end: UnitEnd) -> str:
    """Return what a unit holds."""
    return str(words.ENDS[end.value])


def short_end_text(end: UnitEnd) -> str:
    """Return what a unit holds, in a word or two."""
    return str(words.SHORT_ENDS[end.value])


def outcome_word(entry: JournalEntry) -> str:
    """Return what came of an entry of the journal, in a word or two."""
    return str(words.OUTCOMES.get(entry.outcome, entry.outcome))


def outcome_text(entry: JournalEntry) -> str:
    """Return what came of an entry of the journal, with its detail."""
    text = outcome_word(entry)
    return f"{text}: {entry.detail}" if entry.detail else text


def identity_text(identity: SoftwareIdentity) -> str:
    """Return the software that a unit has, by its own word."""
    if not identity.answered:
        return end_text(UnitEnd.UNKNOWN)
    if identity.boot_loader:
        return _("boot loader {number}").format(number=identity.boot_software)
    return " ".join(part for part in (identity.software, identity.version) if part) or "-"


def rate_text(progress: FlashProgress) -> str:
    """Return the bytes a second; empty while nothing is transferred."""
    return f"{formats.file_size(round(progress.rate))}/s" if progress.rate else ""


def left_text(progress: FlashProgress) -> str:
    """Return the time that is left; empty where nobody knows."""
    if progress.left_s is None:
        return ""
    least = 1 if progress.left_s > 0 else 0  # the last moment is no time of zero
    return formats.duration_ms(max(least, round(progress.left_s)) * 1_000)

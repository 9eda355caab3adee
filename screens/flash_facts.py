"""Says how a flash job stands: the lines above its steps, and one line for each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.style import Style

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import ONLY_MEANWHILE, never_began
from workshop_console.console.model.flash import (
    ENDED_STATES,
    FlashStep,
    JobState,
    JobSummary,
    JournalEntry,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.i18n import flashing as words
from workshop_console.i18n import formats
from workshop_console.i18n.explain import nrc_text
from workshop_console.i18n.texts import _, ngettext
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.flash_steps import SeenStep, unit_label
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.table import Column, Row
from workshop_console.widgets.text_page import Paragraph
from workshop_console.widgets.tones import BAD, BOLD, GOOD, PLAIN, WARNING

AT_WORK = (JobState.PLANNED, JobState.RUNNING, JobState.STOPPING)
"""States of a job whose worker is at it, or about to be."""
STATE_TONES: dict[JobState, Style] = {
    JobState.PLANNED: WARNING,
    JobState.RUNNING: WARNING,
    JobState.STOPPING: WARNING,
    JobState.DONE: GOOD,
    JobState.FAILED: BAD,
    JobState.STOPPED: WARNING,
    JobState.INTERRUPTED: BAD,
}
END_TONES: dict[UnitEnd, Style] = {
    UnitEnd.NEW: GOOD,
    UnitEnd.OLD: WARNING,
    UnitEnd.BOOT_LOADER: BAD,
    UnitEnd.UNKNOWN: BAD,
}
_SILENT_STEPS = (FlashStep.RESET, FlashStep.IDENTIFY)
"""Steps where a unit is silent for a while because it starts anew."""
_BAR_CELLS = 20
_MOST_WARNINGS = 3
_MOST_UNITS = 4
"""Units whose ends are all told one by one."""


def title_of(screen: ConsoleScreen[Any], message: RaisedMessage) -> str:
    """Return number and title of a message."""
    (shown,) = screen.session.workshop.raised(message)
    return f"{shown.number} {shown.title}"


def job_facts(
    job: JobSummary,
    last: JournalEntry | None,
    title: Callable[[RaisedMessage], str],
    trouble: ConsoleError | None,
) -> list[Paragraph]:
    """Return how a job stands.

    Args:
        job: the job.
        last: its newest entry in the journal.
        title: gives number and title of a message.
        trouble: why the journal could not be read last time.
    """
    ended = job.state in ENDED_STATES or (job.state is JobState.INTERRUPTED)
    facts = [(_("State"), _state_text(job), STATE_TONES[job.state])]
    facts += _ending(job, last, title) if ended else _work(job)
    warnings = [w for w in job.progress.warnings if not (ended and w.number in ONLY_MEANWHILE)]
    facts += [(_("Warning"), title(message), WARNING) for message in warnings[-_MOST_WARNINGS:]]
    if trouble is not None:
        facts.append((_("Journal"), title(raised_by(trouble)), BAD))
    width = max(width_of(label) for label, _text, _tone in facts)
    return [
        Paragraph(label=label, label_width=width, text=text or "-", tone=tone) for label, text, tone in facts
    ]


def _state_text(job: JobSummary) -> str:
    text = words.state_text(job.state)
    if job.state is JobState.STOPPING:
        text += ": " + _("goes on to the next place where every control unit is whole")
    elif never_began(job):
        text += ": " + _("never began; F5 starts it, F6 drops it")
    elif job.state is JobState.INTERRUPTED:
        text += ": " + _("F5 takes it up again")
    elif job.progress.waits_for_unit and job.state in AT_WORK:
        if job.progress.step in _SILENT_STEPS:
            text += ": " + _("waits for the control unit to come back")
        elif len(job.plan.targets) > 1:
            text += ": " + _("waits for one of the control units")
        else:
            text += ": " + _("nothing answers now; tried again and again")
    elif job.ended is not None and job.state in ENDED_STATES:
        text += f"  {formats.moment_to_the_second(job.ended)}"
    if job.runs > 1:
        text += "  " + _("(run {n})").format(n=formats.number(job.runs))
    return text


def _work(job: JobSummary) -> list[tuple[str, str, Style]]:
    """Return the lines of a job at work; always the same ones, so that only figures change."""
    progress = job.progress
    unit = unit_label(job.plan, progress.unit) or _("Vehicle")
    units = [target.unit for target in job.plan.targets]
    if len(units) > 1 and progress.unit in units:
        place = _("{n} of {count}").format(n=units.index(progress.unit) + 1, count=len(units))
        unit += f" ({place})"
    if progress.step is not None:
        unit += f": {words.step_text(progress.step)}"
    block = ""
    if progress.blocks:
        block = _("{n} of {count}").format(
            n=formats.number(progress.block), count=formats.number(progress.blocks)
        )
        block += f"  {progress.segment}"
    share = progress.done / progress.total if progress.total else 0.0
    taken = _("{n} of {count}").format(
        n=formats.file_size(progress.done), count=formats.file_size(progress.total)
    )
    moves = progress.step is FlashStep.TRANSFER
    refusal = nrc_text(progress.last_nrc) if progress.last_nrc is not None else ""
    pending = formats.number(progress.pending) if progress.pending else ""
    return [
        (_("Control unit"), unit, BOLD),
        (_("Block"), block, PLAIN),
        (_("Taken"), f"{_bar(share)} {int(share * 100):3d} %  {taken}", PLAIN),
        (_("Rate"), words.rate_text(progress) if moves else "", PLAIN),
        (_("Time left"), words.left_text(progress) if progress.done < progress.total else "", PLAIN),
        (_("Pending (0x78)"), pending, WARNING if pending else PLAIN),
        (_("Last refusal"), refusal, WARNING if refusal else PLAIN),
    ]


def _ending(
    job: JobSummary, last: JournalEntry | None, title: Callable[[RaisedMessage], str]
) -> list[tuple[str, str, Style]]:
    """Return what every unit holds, by its own word, and why it did not end well."""
    facts: list[tuple[str, str, Style]] = []
    if job.state is not JobState.DONE and last is not None:
        at = f"{unit_label(job.plan, last.unit) or _('Vehicle')}: {words.step_text(last.step)}"
        if job.progress.blocks and last.step is FlashStep.TRANSFER:
            at += f" {job.progress.segment}, " + _("block {n} of {count}").format(
                n=formats.number(job.progress.block), count=formats.number(job.progress.blocks)
            )
        facts.append((_("Reached"), at, PLAIN))
    results = {result.unit: result for result in job.results}
    # What is not well stands first; of many that are, one line is enough.
    targets = sorted(job.plan.targets, key=lambda target: _well(results.get(target.unit)))
    well = sum(_well(results.get(target.unit)) for target in targets)
    if len(targets) > _MOST_UNITS and well > 1:
        targets = targets[: len(targets) - well]
    else:
        well = 0
    for target in targets:
        label, result = target.label or target.unit, results.get(target.unit)
        if result is None:
            if never_began(job):
                facts.append((label, _("nothing was sent to it"), PLAIN))
            else:
                facts.append((label, _("not known: it is asked when the job is resumed"), WARNING))
            continue
        text = words.end_text(result.end)
        if result.identity.answered:
            text += f": {words.identity_text(result.identity)}"
        facts.append((label, text, END_TONES[result.end]))
        if result.message is not None:
            facts.append(("", title(result.message), END_TONES[result.end]))
    if well:
        others = ngettext("{n} control unit", "{n} control units", well).format(n=formats.number(well))
        facts.append((others, words.end_text(UnitEnd.NEW), GOOD))
    if job.result is not None and all(result.message != job.result for result in job.results):
        facts.append((_("Result"), title(job.result), STATE_TONES[job.state]))
    return facts


def step_row(job: JobSummary, seen: SeenStep, *, now: bool) -> Row:
    """Return the line of one step; `now`: it is on its way, or was when the worker went away."""
    entry, text = seen.entry, words.step_text(seen.step)
    if now:
        begun = _("now") if job.state in AT_WORK else _("no end recorded")
        detail = entry.detail if entry is not None else ""
        if seen.step is FlashStep.TRANSFER and job.progress.blocks and job.state in AT_WORK:
            detail = job.progress.segment
        tone = BOLD if job.state in AT_WORK else BAD
        badge = "*" if job.state in AT_WORK else "?"
        return Row(key=seen.step, cells=(text, begun, detail), tones=(tone, tone), badge=badge)
    if entry is None:
        if seen.step is FlashStep.READOUT:
            kept = _("report {n}").format(n=job.plan.readout)
            return Row(key=seen.step, cells=(text, _("done"), kept), badge=_good())
        left = _("not needed") if job.state is JobState.DONE else "-"
        return Row(key=seen.step, cells=(text, _("next") if job.state in AT_WORK else left))
    took = ""
    if entry.ended is not None:
        took = formats.duration_ms((entry.ended - entry.began).total_seconds() * 1_000)
    good = entry.outcome in ("positive", "skipped")
    badge = {"positive": _good(), "skipped": "-"}.get(entry.outcome, "X")
    tone = PLAIN if good else BAD
    outcome = words.outcome_word(entry)
    cells = (text, outcome, entry.detail, took)
    return Row(key=seen.step, cells=cells, tones=(PLAIN, tone, tone), badge=badge)


def step_columns() -> tuple[Column, ...]:
    """Return the columns of the steps."""
    return (
        Column(title=_("Step"), width=26, grow=2),
        Column(title=_("Outcome"), width=17, grow=1),
        Column(title=_("Detail"), width=14, grow=3),
        Column(title=_("Time"), width=11, right=True, rank=1),
    )


def current_step(job: JobSummary, steps: Sequence[SeenStep]) -> SeenStep | None:
    """Return the step that is on its way, or was when the worker went away."""
    if job.state in ENDED_STATES:
        return None
    open_ones = [seen for seen in steps if seen.entry is not None and seen.entry.ended is None]
    if open_ones:
        return max(open_ones, key=lambda seen: seen.entry.entry_id if seen.entry else 0)
    # Between two entries: what the worker is at, unless that was done already.
    at = [seen for seen in steps if seen.step is job.progress.step and seen.entry is None]
    return at[0] if at and job.state in AT_WORK else None


def _well(result: UnitResult | None) -> bool:
    return result is not None and result.end is UnitEnd.NEW and result.step is None


def _good() -> str:
    return "+" if glyphs().plain else "✓"


def _bar(share: float) -> str:
    filled = min(_BAR_CELLS, int(share * _BAR_CELLS))
    return f"[{'#' * filled}{'.' * (_BAR_CELLS - filled)}]"

"""One flash job as its journal tells it: steps, blocks, rate, time left; stopping and taking it up again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.model.flash import (
    ENDED_STATES,
    FlashReport,
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
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.base import Console, ConsoleScreen
from workshop_console.screens.box import Question
from workshop_console.screens.flash_steps import SeenStep, steps_of, unit_label, units_text
from workshop_console.screens.following import FollowingScreen
from workshop_console.screens.saving import save_flash
from workshop_console.screens.session import START_FLASH
from workshop_console.screens.status import job_text
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import Paragraph, TextPage
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


class FlashJob(FollowingScreen[None]):
    """Shows a job, running or ended, of this console or another; the job goes on without it."""

    DEFAULT_CSS = "FlashJob #facts { height: auto; max-height: 11; }"
    handles = ("start", "clear", "save", "next_part")
    words: ClassVar = {
        "back": (mark("Back"), mark("Leave the screen; the job goes on.")),
        "start": (
            mark("Resume"),
            mark("Take up an interrupted job: asks the control unit what it is, and brings it to its end."),
        ),
        "clear": (mark("Stop"), mark("Stop the job where every control unit is left whole; asks first.")),
        "save": (mark("Save"), mark("Save the report of this job as a file.")),
        "next_part": (mark("Next unit"), mark("Show the steps of the next control unit of the job.")),
    }

    def __init__(self, job_id: int) -> None:
        super().__init__()
        self._job_id = job_id
        self._job: JobSummary | None = None
        self._entries: dict[int, JournalEntry] = {}
        self._unit = ""
        """Whose steps are shown, as chosen; empty: of the one that is worked on."""
        self._worked_on = ""
        """The unit that was worked on last; steps of the whole vehicle have none."""
        self._put: Hashable | None = None
        """Where the cursor was left; elsewhere it is where the mechanic put it."""
        self._resumable = False
        self._wished = False
        """Whether a stop was asked for here; the worker says so as soon as it finds it."""

    # Reading the journal

    def look(self) -> tuple[JobSummary, Sequence[JournalEntry], bool]:
        """Read the job, and the entries that are new or were not complete."""
        flashing = self.session.workshop.flashing
        # The job first: entries that are newer than its state do no harm, a state newer than them would.
        job = flashing.job(self._job_id)
        begun = [entry.entry_id for entry in self._entries.values() if entry.ended is None]
        after = min(begun) - 1 if begun else max(self._entries, default=0)
        return job, flashing.entries(self._job_id, after=after), flashing.can_resume(job)

    def seen(self, result: Any) -> None:
        """Take the job and its entries."""
        self._job, entries, self._resumable = result
        self._worked_on = self._job.progress.unit or self._worked_on
        self._wished &= self._job.state in AT_WORK
        self._entries |= {entry.entry_id: entry for entry in entries}

    @property
    def hurries(self) -> bool:
        """Whether the job is at work."""
        return self._job is None or self._job.state in AT_WORK

    # What is there

    def body(self) -> Iterable[Widget]:
        """Return how it stands, and the steps."""
        yield TextPage(id="facts")
        yield Table(id="steps")

    def title_text(self) -> str:
        """Return the number of the job and its vehicle; of several units the one whose steps are shown."""
        name = _("Flash job {n}").format(n=self._job_id)
        if self._job is None:
            return name
        several = len(self._units) > 1
        return f"{name}  {unit_label(self._job.plan, self._shown_unit) if several else self._job.plan.vin}"

    def title_right(self) -> str:
        """Return which unit of how many is shown."""
        units = self._units
        if len(units) < 2:
            return ""
        return f"{units.index(self._shown_unit) + 1}/{len(units)}" if self._shown_unit in units else ""

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The job runs in a process of its own: leaving this screen, closing the console or losing the "
            "terminal changes nothing. From erasing until the dependencies were checked the control unit has "
            "no software, so the job is not stopped there. A job that was interrupted is taken up again with "
            "F5, as often as it takes."
        )

    @property
    def _units(self) -> list[str]:
        return [target.unit for target in self._job.plan.targets] if self._job is not None else []

    @property
    def _shown_unit(self) -> str:
        if self._unit or self._job is None:
            return self._unit
        first = self._units[0] if self._units else ""
        return self._worked_on or first

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        job = self._job
        if job is None:
            return _("the job was not read yet")
        if command_id == "start":
            return self._why_no_resuming(job)
        if command_id == "clear":
            if job.state is JobState.STOPPING or (self._wished and job.state in AT_WORK):
                return _("a stop was asked for already")
            if job.state not in AT_WORK:
                return _("the job is not running")
            if not job.progress.can_stop:
                if len(self._units) > 1:
                    return _("a control unit has no software until all of it is written")
                return _("{unit} has no software until all of it is written").format(
                    unit=unit_label(job.plan, self._units[0])
                )
        if command_id == "next_part" and len(self._units) < 2:
            return _("there is one control unit only")
        return ""

    def _why_no_resuming(self, job: JobSummary) -> str:
        if job.state in AT_WORK:
            return _("the job is running")
        if not self._resumable:
            return _("there is nothing to resume")
        return _("something still runs") if self.session.running else ""

    # Drawing

    def draw(self) -> None:
        """Draw how the job stands and its steps."""
        if self.session.flash.started is not None:
            # Taken up from here: this screen shows it already.
            self.session.flash.started = None
            self.call_later(self.read_now)
        job = self._job
        page, table = self.query_one("#facts", TextPage), self.query_one("#steps", Table)
        if job is None:
            text = "" if self.trouble is None else title_of(self, raised_by(self.trouble))
            page.show([Paragraph(text=text or _("Reading …"), tone=BAD if text else PLAIN)])
            table.show(_columns(), [])
            return
        page.show(self._facts(job))
        steps = steps_of(job, tuple(self._entries.values()), self._shown_unit)
        now = _current(job, steps)
        rows = [self._row(job, seen, now=seen is now) for seen in steps]
        follows = table.cursor_key == self._put
        table.show(_columns(), rows)
        if follows:
            newest = max(steps, key=lambda seen: seen.entry.entry_id if seen.entry else 0, default=None)
            if (at := now or newest) is not None:
                table.move_to(at.step)
            self._put = table.cursor_key

    def _facts(self, job: JobSummary) -> list[Paragraph]:
        ended = job.state in ENDED_STATES or (job.state is JobState.INTERRUPTED)
        facts = [(_("State"), self._state_text(job), STATE_TONES[job.state])]
        facts += self._ending(job) if ended else self._work(job)
        facts += [
            (_("Warning"), title_of(self, message), WARNING)
            for message in job.progress.warnings[-_MOST_WARNINGS:]
        ]
        if self.trouble is not None:
            facts.append((_("Journal"), title_of(self, raised_by(self.trouble)), BAD))
        width = max(width_of(label) for label, _text, _tone in facts)
        return [
            Paragraph(label=label, label_width=width, text=text or "-", tone=tone)
            for label, text, tone in facts
        ]

    def _state_text(self, job: JobSummary) -> str:
        text = words.state_text(job.state)
        if job.state is JobState.STOPPING:
            text += ": " + _("goes on to the next place where every control unit is whole")
        elif job.state is JobState.INTERRUPTED:
            text += ": " + _("F5 takes it up again")
        elif job.progress.waits_for_unit and job.state in AT_WORK:
            if job.progress.step in _SILENT_STEPS:
                text += ": " + _("waits for the control unit to come back")
            else:
                text += ": " + _("nothing answers now; tried again and again")
        elif job.ended is not None and job.state in ENDED_STATES:
            text += f"  {formats.moment_to_the_second(job.ended)}"
        if job.runs > 1:
            text += "  " + _("(run {n})").format(n=formats.number(job.runs))
        return text

    def _work(self, job: JobSummary) -> list[tuple[str, str, Style]]:
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

    def _ending(self, job: JobSummary) -> list[tuple[str, str, Style]]:
        """Return what every unit holds, by its own word, and why it did not end well."""
        facts: list[tuple[str, str, Style]] = []
        last = max(self._entries.values(), key=lambda entry: entry.entry_id, default=None)
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
                facts.append((label, _("not known: it is asked when the job is resumed"), WARNING))
                continue
            text = words.end_text(result.end)
            if result.identity.answered:
                text += f": {words.identity_text(result.identity)}"
            facts.append((label, text, END_TONES[result.end]))
            if result.message is not None:
                facts.append(("", title_of(self, result.message), END_TONES[result.end]))
        if well:
            others = ngettext("{n} control unit", "{n} control units", well).format(n=formats.number(well))
            facts.append((others, words.end_text(UnitEnd.NEW), GOOD))
        if job.result is not None and all(result.message != job.result for result in job.results):
            facts.append((_("Result"), title_of(self, job.result), STATE_TONES[job.state]))
        return facts

    def _row(self, job: JobSummary, seen: SeenStep, *, now: bool) -> Row:
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
            return Row(key=seen.step, cells=(text, _("next") if job.state in AT_WORK else "-"))
        took = ""
        if entry.ended is not None:
            took = formats.duration_ms((entry.ended - entry.began).total_seconds() * 1_000)
        good = entry.outcome in ("positive", "skipped")
        badge = {"positive": _good(), "skipped": "-"}.get(entry.outcome, "X")
        tone = PLAIN if good else BAD
        outcome = words.outcome_word(entry)
        cells = (text, outcome, entry.detail, took)
        return Row(key=seen.step, cells=cells, tones=(PLAIN, tone, tone), badge=badge)

    def status_text(self) -> str:
        """Say that the job needs no screen, or what can be done."""
        if text := job_text(self.session):
            return text
        if self._job is not None and self._job.state in AT_WORK:
            return _("F3 leaves this screen; the job goes on.")
        return ""

    def flash_text(self) -> str:
        """Say nothing more: the screen itself says it."""
        return ""

    # Doing

    def do_back(self) -> None:
        """Leave the screen and say that the job goes on."""
        if self.is_current and self._job is not None and self._job.state in AT_WORK:
            number = self._job_id
            self.console.say(lambda: _("Flash job {n} goes on without the screen.").format(n=number))
        super().do_back()

    def do_clear(self) -> None:
        """Ask, then write the wish into the journal."""
        job, flashing = self._job, self.session.workshop.flashing
        if job is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._wished = True
                self.after(
                    lambda: flashing.stop(self._job_id),
                    lambda _none: self.console.say(
                        lambda: _("A stop was asked for; the journal tells when it is there.")
                    ),
                )

        self.console.show_screen(
            Question(
                question=lambda: _("Stop flash job {n}?").format(n=self._job_id),
                consequences=lambda: _(
                    "It ends at the next place where every control unit is left whole: before erasing, or "
                    "after a control unit has all of its new software."
                ),
                yes=lambda: _("Yes, stop there"),
            ),
            answered,
        )

    def do_start(self) -> None:
        """Ask, then start a worker for the interrupted job."""
        if self._job is not None:
            ask_and_resume(self.console, self._job)

    def do_next_part(self) -> None:
        """Show the next unit."""
        units = self._units
        at = units.index(self._shown_unit) if self._shown_unit in units else -1
        self._unit = units[(at + 1) % len(units)]
        table = self.query_one("#steps", Table)
        table.first()
        self._put = table.cursor_key
        self.redraw()

    def do_save(self) -> None:
        """Save the report of the job."""
        if self._job is not None:
            report = FlashReport(
                job=self._job,
                entries=tuple(sorted(self._entries.values(), key=lambda entry: entry.entry_id)),
                printed=self.session.workshop.clock.now(),
            )
            save_flash(self.console, report)


def _columns() -> tuple[Column, ...]:
    return (
        Column(title=_("Step"), width=26, grow=2),
        Column(title=_("Outcome"), width=17, grow=1),
        Column(title=_("Detail"), width=14, grow=3),
        Column(title=_("Time"), width=11, right=True, rank=1),
    )


def _current(job: JobSummary, steps: Sequence[SeenStep]) -> SeenStep | None:
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


def title_of(screen: ConsoleScreen[Any], message: RaisedMessage) -> str:
    """Return number and title of a message."""
    (shown,) = screen.session.workshop.raised(message)
    return f"{shown.number} {shown.title}"


def ask_and_resume(console: Console, job: JobSummary) -> None:
    """Ask, then start a worker that takes the job up; its screen opens when it runs."""
    flashing, number = console.session.workshop.flashing, job.job_id

    def answered(yes: bool | None) -> None:
        if yes:
            console.start_job(START_FLASH, lambda _cancellation: flashing.resume(number))

    console.show_screen(
        Question(
            question=lambda: _("Resume flash job {n}: {units}?").format(n=number, units=units_text(job.plan)),
            consequences=lambda: _(
                "Ignition on, charger connected, the same vehicle at the same VCI. The control unit is asked "
                "what it is; then it is flashed again from where it needs that. Needs no credit."
            ),
            yes=lambda: _("Yes, go on now"),
        ),
        answered,
    )

"""The flash jobs, running, ended and interrupted; of this console and of others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar

from textual.widget import Widget

from workshop_console.console.jobs.flash_following import never_began
from workshop_console.console.model.flash import JobSummary, UnitEnd
from workshop_console.console.model.message import raised_by
from workshop_console.i18n import flashing as words
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.flash_facts import AT_WORK, STATE_TONES, title_of
from workshop_console.screens.flash_job import FlashJob, ask_and_resume
from workshop_console.screens.flash_steps import units_text
from workshop_console.screens.following import FollowingScreen
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, PLAIN


class Jobs(ListSheet, FollowingScreen[None]):
    """Lists all jobs of the journal, newest first; what is interrupted stands before the others."""

    handles = ("open", "start")
    words: ClassVar = {
        "open": (mark("Open"), mark("Show how the job stands, step by step.")),
        "start": (
            mark("Resume"),
            mark("Take up an interrupted job: asks the control unit what it is, and brings it to its end."),
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        self._jobs: Sequence[JobSummary] | None = None
        self._resumable: set[int] = set()

    # Reading the journal

    def look(self) -> tuple[Sequence[JobSummary], set[int]]:
        """Read all jobs."""
        flashing = self.session.workshop.flashing
        jobs = flashing.jobs()
        return jobs, {job.job_id for job in jobs if flashing.can_resume(job)}

    def seen(self, result: Any) -> None:
        """Take the jobs."""
        jobs, self._resumable = result
        first = self._jobs is None
        self._jobs = sorted(jobs, key=lambda job: not self._waits(job))
        if first and self._jobs:
            self.query_one(Table).first()

    def _waits(self, job: JobSummary) -> bool:
        return job.job_id in self._resumable or never_began(job)

    @property
    def hurries(self) -> bool:
        """Whether a job is at work."""
        return any(job.state in AT_WORK for job in self._jobs or ())

    # What is there

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Flash jobs")

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Every flash job that was ever started, here or by the command line. Each runs in a process of "
            "its own; what stands here comes from its journal. An interrupted job is taken up again with F5."
        )

    def _job(self) -> JobSummary | None:
        key = self.query_one(Table).cursor_key
        return next((job for job in self._jobs or () if job.job_id == key), None)

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        job = self._job()
        if job is None:
            return _("there are no rows yet")
        if command_id == "start":
            if job.state in AT_WORK:
                return _("the job is running")
            if job.job_id not in self._resumable:
                if never_began(job):
                    return _("what was checked is too old: check it again")
                return _("there is nothing to resume")
            if self.session.running:
                return _("something still runs")
        return ""

    # Drawing

    def draw(self) -> None:
        """Draw the list."""
        if self.session.flash.started is not None:
            self.call_later(self._follow)
        columns = (
            Column(title=_("No."), width=4, right=True),
            Column(title=_("State"), width=12),
            Column(title=_("Control unit"), width=15, grow=2, keeps_end=True),
            Column(title=_("How far"), width=25, grow=3),
            Column(title=_("Started"), width=17),
        )
        rows = [self._row(job) for job in self._jobs or ()]
        empty = _("Nothing was flashed yet.") if self._jobs is not None else _("Reading …")
        self.query_one(Table).show(columns, rows, empty=empty)

    def _row(self, job: JobSummary) -> Row:
        bad = self._waits(job)
        return Row(
            key=job.job_id,
            cells=(
                formats.number(job.job_id),
                words.state_text(job.state),
                units_text(job.plan),
                self._how_far(job),
                formats.moment(job.started),
            ),
            tones=(PLAIN, STATE_TONES[job.state], PLAIN, BAD if bad else PLAIN),
            badge="!" if bad else "",
        )

    def _how_far(self, job: JobSummary) -> str:
        progress = job.progress
        if job.state in AT_WORK:
            share = int(100 * progress.done / progress.total) if progress.total else 0
            step = words.step_text(progress.step) if progress.step is not None else ""
            return f"{share} %  {step}".rstrip()
        left = [result for result in job.results if result.end is not UnitEnd.NEW]
        if left:
            return words.short_end_text(left[0].end)
        if job.result is not None:
            return title_of(self, job.result)
        if job.results:
            return words.short_end_text(UnitEnd.NEW)
        return words.step_text(progress.step) if progress.step is not None else "-"

    def status_text(self) -> str:
        """Say how many wait, or how many there are."""
        if self.trouble is not None:
            return title_of(self, raised_by(self.trouble))
        if text := job_text(self.session):
            return text
        if self._resumable:
            return ""
        count = len(self._jobs or ())
        return ngettext("{n} job", "{n} jobs", count).format(n=formats.number(count)) if count else ""

    def hint_text(self) -> str:
        """Say how many wait, and how they are taken up again."""
        waiting = len(self._resumable)
        return (
            ngettext(
                "{n} job did not come to its end: F5 takes it up again.",
                "{n} jobs did not come to their end: F5 takes them up again.",
                waiting,
            ).format(n=formats.number(waiting))
            if waiting
            else ""
        )

    def flash_text(self) -> str:
        """Say nothing more: the screen itself says it."""
        return ""

    # Doing

    def open_row(self, key: Hashable) -> None:
        """Show a job."""
        if isinstance(key, int):
            self.console.show_screen(FlashJob(key))

    def do_start(self) -> None:
        """Ask, then take the job up again."""
        job = self._job()
        if job is not None:
            ask_and_resume(self.console, job)

    def _follow(self) -> None:
        """Show the job that was taken up."""
        if self.is_current and self.session.flash.started is not None:
            started, self.session.flash.started = self.session.flash.started, None
            self.console.show_screen(FlashJob(started))

"""Looks which flash jobs run, wait or have ended, whatever screen is on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import AT_WORK, waiting
from workshop_console.console.model.flash import JobState, JobSummary
from workshop_console.i18n import flashing as words
from workshop_console.i18n.texts import _
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.seen_flash import SeenFlash

if TYPE_CHECKING:
    from textual.screen import Screen

    from workshop_console.console.jobs.flashing import Flashing


@dataclass(frozen=True, kw_only=True)
class FlashLook:
    """What a look into the journal found."""

    running: tuple[JobSummary, ...]
    waiting: tuple[JobSummary, ...]
    ended: tuple[JobSummary, ...] = ()
    """Jobs that ran at the last look and do not any more."""

    def differs_from(self, seen: SeenFlash) -> bool:
        """Return whether the message line would say something else."""
        return (self.running, self.waiting) != (seen.running, seen.waiting)

    @property
    def bad(self) -> bool:
        """Whether what ended did not end well."""
        return any(job.state not in (JobState.DONE, JobState.STOPPED) for job in self.ended)

    def news(self, screen: Screen[Any]) -> Callable[[], str] | None:
        """Return what is to be said on `screen` of the jobs that ended; None: nothing."""
        from workshop_console.screens.flash_job import FlashJob
        from workshop_console.screens.jobs import Jobs

        if not self.ended or isinstance(screen, (FlashJob, Jobs)):
            return None
        job = self.ended[0]

        def text() -> str:
            return _("Flash job {n} is not running any more: {state}").format(
                n=job.job_id, state=words.state_text(job.state)
            )

        return text

    def screen(self) -> ConsoleScreen[None]:
        """Return the screen for what waits: the job, or the list of several."""
        from workshop_console.screens.flash_job import FlashJob
        from workshop_console.screens.jobs import Jobs

        return FlashJob(self.waiting[0].job_id) if len(self.waiting) == 1 else Jobs()


def look(flashing: Flashing, seen: SeenFlash) -> FlashLook:
    """Read the journal; where it cannot be read all stays as it was seen last."""
    try:
        jobs = flashing.jobs()
    except ConsoleError:  # the job's own screen says why; a box every few seconds would be too much
        return FlashLook(running=seen.running, waiting=seen.waiting)
    running = tuple(job for job in jobs if job.state in AT_WORK)
    ran, now = ({job.job_id for job in some} for some in (seen.running, running))
    ended = tuple(job for job in jobs if job.job_id in ran - now)
    return FlashLook(running=running, waiting=tuple(waiting(jobs)), ended=ended)

"""How flash jobs really stand: what the journal says, and whether the worker of each still lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.held_file import held_alone
from workshop_console.console.model.flash import JobState, JobSummary, UnitEnd
from workshop_console.console.model.message import RaisedMessage

if TYPE_CHECKING:
    from workshop_console.console.model.flash import JournalEntry
    from workshop_console.console.ports import Journal

AT_WORK = frozenset({JobState.RUNNING, JobState.STOPPING})
_LONGEST_START = timedelta(minutes=2)
"""A job that is still planned then had its console end before there was a worker: nothing was sent."""
_UNFINISHED = frozenset({UnitEnd.BOOT_LOADER, UnitEnd.UNKNOWN})


def job_folder(root: Path, job_id: int) -> Path:
    """Return the folder of a job: its payloads, its lock, what its worker wrote to standard error."""
    return root / str(job_id)


def worker_lock(root: Path, job_id: int) -> Path:
    """Return the file that the worker of a job holds alone while it lives."""
    return job_folder(root, job_id) / "worker.lock"


def can_resume(job: JobSummary) -> bool:
    """Return whether a new worker makes sense: it was interrupted, or failed and left a unit unfinished."""
    if job.state is JobState.INTERRUPTED:
        return True
    return job.state is JobState.FAILED and any(
        result.end in _UNFINISHED or (result.end is UnitEnd.NEW and result.step is not None)
        for result in job.results
    )


def waiting(jobs: Sequence[JobSummary]) -> list[JobSummary]:
    """Return the interrupted ones of all `jobs` (newest first) whose units still wait.

    A job does not wait any more where each of its units was brought to its end by a newer one.
    """
    found = []
    brought: set[tuple[str, str]] = set()
    for job in jobs:
        vin = job.plan.vin
        if job.state is JobState.INTERRUPTED:
            if any((vin, target.unit) not in brought for target in job.plan.targets):
                found.append(job)
        else:
            brought |= {(vin, result.unit) for result in job.results if result.end is UnitEnd.NEW}
    return found


class FlashFollowing:
    """Reads the journal; a job that has no worker any more is told as interrupted.

    Args:
        journal: where the jobs stand.
        root: the folder of the jobs' folders.
    """

    def __init__(self, journal: Journal, root: Path) -> None:
        self._journal = journal
        self._root = root

    def jobs(self) -> Sequence[JobSummary]:
        """Return all jobs, newest first."""
        return [self._as_it_stands(job) for job in self._journal.jobs()]

    def job(self, job_id: int) -> JobSummary:
        """Return one job. Raises ConsoleError WC-744 when there is none, WC-748 when it cannot be read."""
        found = self._journal.job(job_id)
        if found is None:
            raise ConsoleError("WC-744", job=job_id)
        return self._as_it_stands(found)

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        """Return the steps of a job so far, in their order; only those above number `after`."""
        return self._journal.entries(job_id, after=after)

    def stop(self, job_id: int) -> None:
        """Ask a job to end where every unit is left whole. Raises ConsoleError WC-744, WC-747."""
        job = self.job(job_id)
        if job.state not in AT_WORK:
            raise ConsoleError("WC-747", job=job_id, state=job.state.value)
        self._journal.wish_stop(job_id)

    def _as_it_stands(self, job: JobSummary) -> JobSummary:
        never_began = job.state is JobState.PLANNED and datetime.now(UTC) - job.started > _LONGEST_START
        if not (never_began or job.state in AT_WORK) or held_alone(worker_lock(self._root, job.job_id)):
            return job
        # Its worker may have ended between the two looks: its last word counts.
        again = self._journal.job(job.job_id) or job
        if again.state is JobState.PLANNED:
            return replace(again, state=JobState.STOPPED)
        if again.state not in AT_WORK:
            return again
        gone = RaisedMessage(number="WC-751", facts=(("job", job.job_id),))
        return replace(again, state=JobState.INTERRUPTED, result=gone)

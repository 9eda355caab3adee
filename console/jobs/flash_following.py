"""How flash jobs really stand: what the journal says, and whether the worker of each still lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_payload import remove_payloads
from workshop_console.console.jobs.held_file import held, held_alone, hold
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import JobState, JobSummary, UnitEnd
from workshop_console.console.model.message import RaisedMessage

if TYPE_CHECKING:
    from workshop_console.console.model.flash import JournalEntry
    from workshop_console.console.ports import Journal

AT_WORK = frozenset({JobState.RUNNING, JobState.STOPPING})
ONLY_MEANWHILE = frozenset({"WC-759"})
"""Warnings that say nothing once a job has ended."""
GOOD_FOR_S = 600.0
"""How long what was checked before counts; a battery without a charger falls meanwhile."""
_WITH_WORKER = AT_WORK | {JobState.PLANNED}
_UNFINISHED = frozenset({UnitEnd.BOOT_LOADER, UnitEnd.UNKNOWN})


def job_folder(root: Path, job_id: int) -> Path:
    """Return the folder of a job: its payloads, its lock, what its worker wrote to standard error."""
    return root / str(job_id)


def worker_lock(root: Path, job_id: int) -> Path:
    """Return the file that the worker of a job holds alone while it lives."""
    return job_folder(root, job_id) / "worker.lock"


def starting_lock(root: Path) -> Path:
    """Return the file that a console holds, as one of many, from making a job to the start of its worker."""
    return root / "starting.lock"


def never_began(job: JobSummary) -> bool:
    """Return whether a job's console ended before there was a worker: nothing was sent to the vehicle."""
    return job.state is JobState.INTERRUPTED and not job.runs


def can_resume(job: JobSummary) -> bool:
    """Return whether a new worker makes sense: it was interrupted, or failed and left a unit unfinished.

    One that never began is started only while what was checked before counts.
    """
    if never_began(job):
        return abs(datetime.now(UTC) - job.started).total_seconds() < GOOD_FOR_S
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
        return self._as_it_stands(self.kept(job_id))

    def kept(self, job_id: int) -> JobSummary:
        """Return one job as the journal has it, whoever holds its lock. Raises as job()."""
        found = self._journal.job(job_id)
        if found is None:
            raise ConsoleError("WC-744", job=job_id)
        return found

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        """Return the steps of a job so far, in their order; only those above number `after`."""
        return self._journal.entries(job_id, after=after)

    def stop(self, job_id: int) -> None:
        """Ask a job to end where every unit is left whole; one that never began is dropped at once.

        Raises ConsoleError WC-744, WC-747.
        """
        job = self.job(job_id)
        if never_began(job):
            self._drop(job)
        elif job.state in AT_WORK:
            self._journal.wish_stop(job_id)
        else:
            raise ConsoleError("WC-747", job=job_id, state=job.state.value)

    def _drop(self, job: JobSummary) -> None:
        """End a job that nobody started, unless somebody starts it right now."""
        try:
            lock = hold(worker_lock(self._root, job.job_id), alone=True)
        except OSError as error:
            raise ConsoleError("WC-742", detail=clean(error)) from error
        if lock is None:
            raise ConsoleError("WC-747", job=job.job_id, state=JobState.PLANNED.value)
        try:
            again = self._journal.job(job.job_id) or job
            if again.state is not JobState.PLANNED:
                raise ConsoleError("WC-747", job=job.job_id, state=again.state.value)
            self._journal.end(job.job_id, JobState.STOPPED, (), _never_began(job.job_id))
            remove_payloads(job_folder(self._root, job.job_id))
        finally:
            lock.release()

    def _as_it_stands(self, job: JobSummary) -> JobSummary:
        if job.state not in _WITH_WORKER:
            return job
        # A start that is under way, of whatever job, may still give this one its worker.
        starts = job.state is JobState.PLANNED and held(starting_lock(self._root))
        if starts or held_alone(worker_lock(self._root, job.job_id)):
            return job
        # Its worker may have ended between the two looks: its last word counts.
        again = self._journal.job(job.job_id) or job
        if again.state not in _WITH_WORKER:
            return again
        gone = RaisedMessage(number="WC-751", facts=(("job", job.job_id),))
        result = _never_began(job.job_id) if again.state is JobState.PLANNED else gone
        return replace(again, state=JobState.INTERRUPTED, result=result)


def _never_began(job_id: int) -> RaisedMessage:
    return RaisedMessage(number="WC-758", facts=(("job", job_id),))

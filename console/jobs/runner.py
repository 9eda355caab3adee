"""Runs procedures in threads of their own; the one place that turns an exception into a numbered message."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.lean import dataclass
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, Progress

_log = logging.getLogger(__name__)

Work = Callable[[Cancellation], Iterator[Event]]
"""Makes the generator of a job; called in the job's thread."""


@dataclass(frozen=True, kw_only=True)
class JobStarted:
    """A job began."""

    job_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class JobReported:
    """A job's procedure yielded something."""

    job_id: int
    kind: str
    event: Event


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A job ended by an error; nothing more comes from it."""

    job_id: int
    kind: str
    error: ConsoleError


@dataclass(frozen=True, kw_only=True)
class JobEnded:
    """A job came to its end; nothing more comes from it."""

    job_id: int
    kind: str
    cancelled: bool


JobUpdate = JobStarted | JobReported | Failed | JobEnded


def as_console_error(error: BaseException) -> ConsoleError:
    """Return `error` as a numbered message; an unexpected one is WC-100, its traceback goes to the log."""
    if isinstance(error, ConsoleError):
        return error
    _log.error("unexpected error", exc_info=(type(error), error, error.__traceback__))
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "workshop_console" in frame.filename or "console" in frame.filename]
    place = ""
    if frames:
        last = (ours or frames)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
    log_file = next(
        (h.baseFilename for h in logging.getLogger().handlers if isinstance(h, logging.FileHandler)), ""
    )
    detail = f"{type(error).__name__} ({place})" if place else type(error).__name__
    return ConsoleError("WC-100", detail=clean(detail), file=clean(log_file))


class Job:
    """One procedure that runs, or ran."""

    def __init__(self, job_id: int, kind: str, cancellation: Cancellation) -> None:
        self.job_id = job_id
        self.kind = kind
        self.can_cancel = True
        """Whether the procedure can be ended where it stands; it says so with each Progress."""
        self._cancellation = cancellation
        self._over = threading.Event()

    @property
    def running(self) -> bool:
        """Whether the job has not ended yet."""
        return not self._over.is_set()

    def cancel(self) -> None:
        """Ask the job to end; what was read stays. A locked section is finished first."""
        self._cancellation.request()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end and return whether it came."""
        return self._over.wait(timeout_s)


class JobRunner:
    """Starts jobs and hands every update to `publish`, which is called in the job's thread.

    `publish` must only pass the update on (in Textual: post_message); what it raises ends the job quietly,
    because there is nobody left to tell.
    """

    def __init__(self, publish: Callable[[JobUpdate], None]) -> None:
        self._publish = publish
        self._numbers = count(1)
        self._guard = threading.Lock()
        self._jobs: dict[int, Job] = {}

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that run now."""
        with self._guard:
            return tuple(self._jobs.values())

    def start(self, kind: str, work: Work) -> Job:
        """Run `work` in a thread of its own; `kind` is the caller's word for it (quick-test, clear, …)."""
        cancellation = Cancellation()
        with self._guard:
            job = Job(next(self._numbers), kind, cancellation)
            self._jobs[job.job_id] = job
        thread = threading.Thread(
            target=self._run, args=(job, work, cancellation), name=f"job-{kind}", daemon=True
        )
        thread.start()
        return job

    def cancel_all(self) -> None:
        """Ask every running job to end."""
        for job in self.jobs:
            job.cancel()

    def end(self, timeout_s: float) -> bool:
        """Ask every running job to end, wait for that, and return whether all did."""
        until = time.monotonic() + timeout_s
        self.cancel_all()
        return all(job.join(max(0.0, until - time.monotonic())) for job in self.jobs)

    def _run(self, job: Job, work: Work, cancellation: Cancellation) -> None:
        last: JobUpdate
        try:
            self._publish(JobStarted(job_id=job.job_id, kind=job.kind))
            events = work(cancellation)
            try:
                for event in events:
                    if isinstance(event, Progress):
                        job.can_cancel = event.can_cancel
                    self._publish(JobReported(job_id=job.job_id, kind=job.kind, event=event))
            finally:
                # Where nobody takes what it reports, it still gives back what it holds, and now.
                if isinstance(events, Generator):
                    events.close()
            last = JobEnded(job_id=job.job_id, kind=job.kind, cancelled=cancellation.noticed)
        except Exception as error:  # the one place: every exception of a procedure becomes a message
            last = Failed(job_id=job.job_id, kind=job.kind, error=as_console_error(error))
        with self._guard:
            self._jobs.pop(job.job_id, None)
        job._over.set()
        try:
            self._publish(last)
        except Exception:
            _log.exception("nobody took the end of job %s", job.job_id)

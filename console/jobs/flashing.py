"""Flashing as screens and command line see it: plans, jobs that run by themselves, what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workshop_console.console.model.flash import FlashFile, FlashPlan, JobSummary, JournalEntry
    from workshop_console.console.procedures.cancellation import Cancellation
    from workshop_console.console.procedures.events import Event


class Flashing(Protocol):
    """Plans and follows flash jobs.

    Methods that return an iterator of events are jobs, as those of Workshop. The rest returns at once: from
    the journal, which every console reads.
    """

    def read(self, file: Path) -> Sequence[FlashFile]:
        """Return what a flash file holds; seconds where it is large. Raises ConsoleError WC-70x."""

    def plan(
        self,
        wanted: Sequence[tuple[str, FlashFile]],
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Judge what flashing each unit (name or address; empty: the one of the file) would be.

        Keeps a quick test of the vehicle first. The last event is FlashPlanned; after a cancellation there is
        none.
        """

    def start(self, plan: FlashPlan, confirmed: Collection[str] = ()) -> Iterator[Event]:
        """Make a job of a plan and start its worker; the last event is FlashStarted.

        `confirmed`: short names that the mechanic typed, one for each target with a yellow light.
        Raises ConsoleError WC-740 to WC-746 when it may not begin; nothing was changed then.
        """

    def resume(self, job_id: int) -> Iterator[Event]:
        """Start a worker for a job that was interrupted or failed; the last event is FlashStarted.

        Asks neither for credit nor for rights. Raises ConsoleError WC-740 to WC-749.
        """

    def jobs(self) -> Sequence[JobSummary]:
        """Return all jobs, newest first, each in the state that its worker is really in."""

    def job(self, job_id: int) -> JobSummary:
        """Return one job. Raises ConsoleError WC-744 when there is none of this number."""

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        """Return the steps of a job so far, in their order; only those above number `after`."""

    def stop(self, job_id: int) -> None:
        """Ask a job to end where every unit is left whole. Raises ConsoleError WC-744, WC-747 (it ended)."""

    def can_resume(self, job: JobSummary) -> bool:
        """Return whether resume() makes sense: it was interrupted, or failed and left a unit unfinished."""

    def interrupted(self) -> Sequence[JobSummary]:
        """Return the jobs to show first at the start: interrupted ones whose units wait, newest first."""

    def running(self) -> Sequence[JobSummary]:
        """Return the jobs whose workers are at work, in this console or another."""

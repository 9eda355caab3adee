"""Flashing as screens and command line see it: plans, jobs that run by themselves, what became of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import (
    AT_WORK,
    FlashFollowing,
    can_resume,
    job_folder,
    never_began,
    starting_lock,
    waiting,
    worker_lock,
)
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import JobState, Light
from workshop_console.console.procedures.events import FlashStarted, Step, StepBegan

if TYPE_CHECKING:
    from workshop_console.console.jobs.flash_planning import PlanningDesk
    from workshop_console.console.jobs.vci_lock import VciLock
    from workshop_console.console.jobs.vehicle_line import VehicleLine
    from workshop_console.console.model.flash import FlashFile, FlashPlan, JobSummary, JournalEntry
    from workshop_console.console.ports import FlashFiles, Journal
    from workshop_console.console.procedures.cancellation import Cancellation
    from workshop_console.console.procedures.events import Event

    # What a job needs is imported when the first one starts: the first screen is waited for.


class Flashing:
    """Plans and follows flash jobs.

    Methods that return an iterator of events are jobs, as those of Workshop. The rest returns at once: from
    the journal, which every console reads.

    Args:
        line: the vehicle.
        files: reads flash files.
        journal: where jobs are taken down.
        root: the folder of the jobs' folders.
        lock: who uses a VCI.
        desk: makes what planning needs; called with the first plan.
    """

    def __init__(
        self,
        *,
        line: VehicleLine,
        files: FlashFiles,
        journal: Journal,
        root: Path,
        lock: VciLock,
        desk: Callable[[], PlanningDesk],
    ) -> None:
        self._line = line
        self._files = files
        self._journal = journal
        self._root = root
        self._lock = lock
        self._desk = desk
        self._following = FlashFollowing(journal, root)

    def read(self, file: Path) -> Sequence[FlashFile]:
        """Return what a flash file holds; seconds where it is large. Raises ConsoleError WC-70x."""
        return self._files.read(file)

    # -- jobs --------------------------------------------------------------------------------------

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
        none. Raises ConsoleError as flash_planning.plan_flash().
        """
        from workshop_console.console.jobs.flash_planning import plan_flash
        from workshop_console.console.procedures.cancellation import Cancellation

        cancellation = cancellation or Cancellation()
        with self._line.working():
            yield from plan_flash(self._line, self._desk(), wanted, cancellation, pdx=pdx, scan=scan)

    def start(self, plan: FlashPlan, confirmed: Collection[str] = ()) -> Iterator[Event]:
        """Make a job of a plan and start its worker; the last event is FlashStarted.

        `confirmed`: short names that the mechanic typed, one for each target with a yellow light.

        Raises:
            ConsoleError: WC-743 (red), WC-745 (yellow, not confirmed), WC-746 (another vehicle by now),
                WC-740, WC-741 (the VCI is in use), WC-742 (no worker), WC-70x (the file is another one by
                now), WC-6xx. Nothing was changed then.
        """
        _may_begin(plan, confirmed)
        yield StepBegan(step=Step.STARTING_WORKER)
        with self._line.working(), self._starting():
            if (self._line.vehicle.vin, self._line.vci_named) != (plan.vin, plan.vci_given):
                raise ConsoleError("WC-746", vin=plan.vin or "-")
            job_id = self._journal.create(plan)
            try:
                self._work(job_id, plan, first=True)
            except ConsoleError as error:
                from workshop_console.console.jobs.flash_payload import remove_payloads
                from workshop_console.console.model.message import raised_by

                remove_payloads(job_folder(self._root, job_id))
                with suppress(ConsoleError):  # why it could not begin is what is told
                    self._journal.end(job_id, JobState.STOPPED, (), raised_by(error))
                raise
        yield FlashStarted(flash_id=job_id)

    def resume(self, job_id: int) -> Iterator[Event]:
        """Start a worker for a job that was interrupted or failed; the last event is FlashStarted.

        Asks neither for credit nor for rights.

        Raises:
            ConsoleError: WC-744 (no such job), WC-749 (nothing to go on with), WC-758 (never
                began, and what was checked is too old), WC-740, WC-741 (the VCI is in
                use), WC-742 (no worker), WC-2xx (the simulated vehicle).
        """
        yield StepBegan(step=Step.STARTING_WORKER)
        with self._line.working():
            job = self._following.job(job_id)
            if never_began(job) and not can_resume(job):
                raise ConsoleError("WC-758", job=job_id)
            if not can_resume(job):
                raise ConsoleError("WC-749", job=job_id, state=job.state.value)
            with self._starting():
                self._work(job_id, job.plan, first=False)
        yield FlashStarted(flash_id=job_id)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Let others know that a job without a worker may still get one: a lock ends with the process."""
        from workshop_console.console.jobs.held_file import hold

        try:
            held = hold(starting_lock(self._root), alone=False, wait_s=1.0)
        except OSError as error:
            raise ConsoleError("WC-742", detail=clean(error)) from error
        if held is None:
            raise ConsoleError("WC-742", detail=starting_lock(self._root).name)
        try:
            yield
        finally:
            held.release()

    def _work(self, job_id: int, plan: FlashPlan, *, first: bool) -> None:
        """Put a worker to work on a job; everything that it holds is held before it starts."""
        from workshop_console.console.jobs.flash_payload import write_payloads
        from workshop_console.console.jobs.flash_starting import start_worker
        from workshop_console.console.jobs.held_file import hold

        folder = job_folder(self._root, job_id)
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                work = hold(worker_lock(self._root, job_id), alone=True, wait_s=1.0)
            except OSError as error:
                raise ConsoleError("WC-742", detail=clean(error)) from error
            if work is None:
                raise ConsoleError("WC-749", job=job_id, state=JobState.RUNNING.value)
            stack.callback(work.release)
            if (now := self._following.kept(job_id).state) in (JobState.DONE, JobState.STOPPED):
                raise ConsoleError("WC-749", job=job_id, state=now.value)  # by somebody else, just now
            given = self._line.give_away(plan.vci_given)
            vci = self._lock.take(plan.vci_given, job_id)
            stack.callback(vci.release)
            ready = write_payloads(replace(plan, vci=given.uri), folder, self._files)
            try:
                if ready != plan:
                    self._journal.replace_plan(job_id, ready)
            except ConsoleError:  # a full disk hinders no recovery: the worker is told where the vehicle is
                if first:
                    raise
            start_worker(job_id, self._root, vci=given.uri, held=(work, vci), handles=given.handles)

    # -- from the journal --------------------------------------------------------------------------

    def jobs(self) -> Sequence[JobSummary]:
        """Return all jobs, newest first, each in the state that its worker is really in."""
        return self._following.jobs()

    def job(self, job_id: int) -> JobSummary:
        """Return one job. Raises ConsoleError WC-744 when there is none of this number, WC-748."""
        return self._following.job(job_id)

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        """Return the steps of a job so far, in their order; only those above number `after`."""
        return self._following.entries(job_id, after=after)

    def stop(self, job_id: int) -> None:
        """Ask a job to end where every unit is left whole; one that never began is dropped at once.

        Raises ConsoleError WC-744, WC-747 (it ended).
        """
        self._following.stop(job_id)

    def can_resume(self, job: JobSummary) -> bool:
        """Return whether resume() makes sense: it was interrupted, or failed and left a unit unfinished."""
        return can_resume(job)

    def interrupted(self) -> Sequence[JobSummary]:
        """Return the jobs to show first at the start: interrupted ones whose units wait, newest first."""
        return waiting(self.jobs())

    def running(self) -> Sequence[JobSummary]:
        """Return the jobs whose workers are at work, in this console or another."""
        return [job for job in self.jobs() if job.state in AT_WORK]


def _may_begin(plan: FlashPlan, confirmed: Collection[str]) -> None:
    """Raise ConsoleError WC-743 for a red target, WC-745 for a yellow one that nobody confirmed."""
    for target in plan.targets:
        if target.light is Light.RED:
            raise ConsoleError("WC-743", unit=target.label or target.unit)
    for target in plan.targets:
        if target.light is Light.YELLOW and target.unit not in confirmed:
            raise ConsoleError("WC-745", unit=target.unit)
    if not plan.targets:
        raise ConsoleError("WC-743", unit="-")

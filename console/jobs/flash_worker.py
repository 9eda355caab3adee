"""Does the work of one flash job, in a process of its own that nobody waits for and no terminal can end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.awake import kept_awake
from workshop_console.console.jobs.flash_following import FlashFollowing, can_resume, job_folder
from workshop_console.console.jobs.flash_log import JournalLog
from workshop_console.console.jobs.flash_orders import ForgivingOrders, OrderNotes
from workshop_console.console.jobs.flash_payload import PayloadFile, remove_payloads
from workshop_console.console.jobs.runner import as_console_error
from workshop_console.console.jobs.security_keys import SecurityKeys
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.flash import JobState
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.flash.desk import FlashDesk, fingerprint
from workshop_console.console.procedures.flash.plan import job_state, run_plan

if TYPE_CHECKING:
    from workshop_console.console.model.flash import FlashPlan, FlashTarget, JobSummary, UnitResult
    from workshop_console.console.ports import Clock, Journal, OrderBook, VehicleLink
    from workshop_console.console.procedures.security_access import KeyRing

_log = logging.getLogger(__name__)

_OPENING_S = 20.0
"""How long a line that cannot be opened is tried: the console that had it may only just have let go."""
_RECOVERY_OPENING_S = 300.0
"""The same where a unit waits in its boot loader: power and plug may still be on their way."""
_TRY_AGAIN_S = 1.0


@dataclass(frozen=True, kw_only=True)
class _Vehicle:
    vehicle: VehicleIdentity


@dataclass(frozen=True, kw_only=True)
class _Ending:
    """How a run ended."""

    state: JobState
    results: tuple[UnitResult, ...] = ()
    result: RaisedMessage | None = None


class FlashWorker:
    """Runs one job to its end, or to the next place where every unit is whole when that is wished.

    Args:
        journal: where it is taken down; how it is seen by everybody else.
        orders: the order book: one entry for each unit.
        open_link: opens the line at an address; the VCI is held for this process already.
        clock: wall clock.
        root: the folder of the jobs' folders.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        orders: OrderBook,
        open_link: Callable[[str, FlashPlan], VehicleLink],
        clock: Clock,
        root: Path,
    ) -> None:
        self._journal = journal
        self._orders = orders
        self._open_link = open_link
        self._clock = clock
        self._root = root
        self._link: VehicleLink | None = None
        self._vci = ""
        self._stop = False
        self._flash_log: JournalLog | None = None

    def ask_to_stop(self) -> None:
        """Wish that it ends at the next safe place; may be called by a signal handler."""
        self._stop = True
        if self._flash_log is not None:
            self._flash_log.ask_to_stop()

    def plan(self, job_id: int) -> FlashPlan:
        """Return what a job is to do. Raises ConsoleError WC-744, WC-748."""
        return self._job(job_id).plan

    def _job(self, job_id: int) -> JobSummary:
        job = self._journal.job(job_id)
        if job is None:
            raise ConsoleError("WC-744", job=job_id)
        return job

    def run(self, job_id: int, ready: Callable[[], None], *, vci: str = "") -> JobState:
        """Do the job and return how it ended; `ready` is called once it is RUNNING in the journal.

        `vci`: the address to open; empty: that of the plan.

        Raises ConsoleError before that: WC-744, WC-748, WC-749, WC-754, WC-6xx.
        """
        job = self._job(job_id)
        self._vci = vci or job.plan.vci
        log = self._flash_log = JournalLog(self._journal, job_id)
        if self._stop:
            log.ask_to_stop()
        try:
            self._begin(job_id, log)
            ready()
            ending = self._guarded(job, log)
            log.keep(lambda: self._journal.end(job_id, ending.state, ending.results, ending.result))
            if ending.state is JobState.DONE:
                log.keep(lambda: self._supersede(job, ending.results))
            if not can_resume(replace(job, state=ending.state, results=ending.results)):
                remove_payloads(job_folder(self._root, job_id))
            return ending.state
        finally:
            if not log.close():
                _log.error("job %s: its end could not be written into the journal", job_id)

    def _begin(self, job_id: int, log: JournalLog) -> None:
        """Set RUNNING and take space; for a unit that waits in its boot loader both may fail."""

        def run_begins() -> None:
            self._journal.run_begins(job_id)

        log.keep(run_begins)
        try:
            self._journal.reserve(job_id)
        except ConsoleError as error:
            if not log.erased:
                raise
            log.warn(error)

    def _guarded(self, job: JobSummary, log: JournalLog) -> _Ending:
        """Run the plan; whatever happens, say how it ended."""
        try:
            return self._flash(job, log)
        except Exception as unexpected:  # the one place of the worker: what it raises becomes a message
            error = as_console_error(unexpected)
            # Before anything was erased every unit is as it was; afterwards only the unit knows.
            state = JobState.INTERRUPTED if log.erased else JobState.FAILED
            return _Ending(state=state, result=raised_by(error))

    def _flash(self, job: JobSummary, log: JournalLog) -> _Ending:
        plan = job.plan
        folder = job_folder(self._root, job.job_id)
        with ExitStack() as stack:
            if not stack.enter_context(kept_awake(f"flash job {job.job_id}")):
                log.tell(RaisedMessage(number="WC-759"))
            payloads: dict[str, PayloadFile] = {}
            for target in plan.targets:
                payloads[target.unit] = PayloadFile(folder / Path(target.payload).name)
                stack.callback(payloads[target.unit].close)
            orders = ForgivingOrders(self._orders, log)
            notes = OrderNotes(orders, plan, job.job_id, self._clock)
            stack.callback(self._close_link)
            link = self._opened(plan, log)
            if link is None:
                return _Ending(state=JobState.STOPPED)
            notes.begin()
            results = self._run(link, plan, payloads, log, self._desk(plan, orders))
            ending = _ending(results)
            notes.complete(results, stopped=ending.state is JobState.STOPPED)
        return ending

    def _run(
        self,
        link: VehicleLink,
        plan: FlashPlan,
        payloads: Mapping[str, PayloadFile],
        log: JournalLog,
        desk: FlashDesk,
    ) -> tuple[UnitResult, ...]:
        steps = run_plan(link, plan, payloads, log, desk)
        while True:
            try:
                log.moved(next(steps))
            except StopIteration as end:
                results: tuple[UnitResult, ...] = end.value
                return results

    def _desk(self, plan: FlashPlan, orders: OrderBook) -> FlashDesk:
        vehicle = _Vehicle(vehicle=VehicleIdentity(vin=plan.vin, name=plan.vehicle_name))
        keys = SecurityKeys(line=vehicle, orders=orders, clock=self._clock, who=lambda: plan.who)
        targets = {target.unit: target for target in plan.targets}

        def key_ring(unit: str) -> KeyRing:
            return keys.ring(_summary(targets[unit]), targets[unit].address)

        def reopen() -> VehicleLink | None:
            self._close_link()
            self._link = self._open_link(self._vci, plan)
            return self._link

        return FlashDesk(
            key_ring=key_ring,
            fingerprint=fingerprint(self._clock.now(), plan.who.encode("ascii", "replace")),
            monotonic=time.monotonic,
            pause=time.sleep,
            reopen=reopen,
        )

    # -- the line ----------------------------------------------------------------------------------

    def _opened(self, plan: FlashPlan, log: JournalLog) -> VehicleLink | None:
        """Open the line, again and again for a time; None where a stop is wished meanwhile.

        Raises ConsoleError WC-2xx.
        """
        until = time.monotonic() + (_RECOVERY_OPENING_S if log.erased else _OPENING_S)
        while True:
            try:
                self._link = self._open_link(self._vci, plan)
            except ConsoleError:
                if time.monotonic() >= until:
                    raise
            else:
                return self._link
            if log.stop_wished():
                return None
            time.sleep(_TRY_AGAIN_S)

    def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with suppress(ConsoleError, OSError):
                link.close()

    # -- other jobs --------------------------------------------------------------------------------

    def _supersede(self, job: JobSummary, results: Sequence[UnitResult]) -> None:
        """End interrupted jobs of this vehicle whose units all have new software now, by this job."""
        done = {result.unit for result in results}
        for other in FlashFollowing(self._journal, self._root).jobs():
            units = {target.unit for target in other.plan.targets}
            if (
                other.job_id < job.job_id
                and other.state is JobState.INTERRUPTED
                and (other.plan.vin, other.plan.vci_given) == (job.plan.vin, job.plan.vci_given)
                and units <= done
            ):
                by = RaisedMessage(number="WC-757", facts=(("job", job.job_id),))
                self._journal.end(other.job_id, JobState.FAILED, (), by)
                remove_payloads(job_folder(self._root, other.job_id))


def _summary(target: FlashTarget) -> UnitSummary:
    return UnitSummary(
        key=0, name=target.unit, label=target.label, addresses=(target.address,), timing=target.timing
    )


def _ending(results: tuple[UnitResult, ...]) -> _Ending:
    """Return how a job ended whose units ended so: the units' own word decides."""
    message = next((result.message for result in results if result.message is not None), None)
    return _Ending(state=job_state(results), results=results, result=message)

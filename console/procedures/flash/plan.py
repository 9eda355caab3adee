"""Flashes the units of a plan; running it again is the recovery.

It begins by asking each unit what it is, and decides from that and the log where to begin.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import Address
from workshop_console.console.model.flash import (
    FlashPlan,
    FlashProgress,
    FlashStep,
    JobState,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.flash.asking import Setting
from workshop_console.console.procedures.flash.assess import Begin
from workshop_console.console.procedures.flash.board import Board
from workshop_console.console.procedures.flash.crew import Crew, Hand, Part, Talk
from workshop_console.console.procedures.flash.desk import FlashDesk, Payload
from workshop_console.console.procedures.flash.faults import Cleared, clear_new_faults, with_targets
from workshop_console.console.procedures.flash.log import FlashLog
from workshop_console.console.procedures.flash.order import next_wave
from workshop_console.console.procedures.flash.sequence import UnitFlash
from workshop_console.console.procedures.flash.trouble import RefusalError, told
from workshop_console.console.procedures.flash.vehicle import GroupRefusal, WholeVehicle

STOPPED = "WC-726"
"""Message of a unit that was left whole because somebody wished it."""


def run_plan(
    link: VehicleLink,
    plan: FlashPlan,
    payloads: Mapping[str, Payload],
    log: FlashLog,
    desk: FlashDesk,
) -> Generator[FlashProgress, None, tuple[UnitResult, ...]]:
    """Flash what is left to flash, and return what each unit holds at the end, in the order of the plan.

    Args:
        link: the line; the procedure goes over to what desk.reopen() returns.
        plan: judged and confirmed.
        payloads: by the short names of the units.
        log: what was done before, and where to note what is done.
        desk: time, keys, the line once more.

    Nothing is raised for what units, line or log do: it is in the results.
    """
    run = _Run(link, plan, payloads, log, desk)
    try:
        return (yield from run.everything())
    finally:
        run.crew.link.keep_alive(())


def job_state(results: Sequence[UnitResult]) -> JobState:
    """Return how a job ends whose run ended with these results."""
    if any(result.end is UnitEnd.UNKNOWN for result in results):
        return JobState.INTERRUPTED
    if all(result.end is UnitEnd.NEW and result.step is None for result in results):
        return JobState.DONE
    others = [result for result in results if result.end is not UnitEnd.NEW or result.step is not None]
    stopped = all(result.message is not None and result.message.number == STOPPED for result in others)
    return JobState.STOPPED if stopped else JobState.FAILED


class _Run:
    """One run of a plan."""

    def __init__(
        self,
        link: VehicleLink,
        plan: FlashPlan,
        payloads: Mapping[str, Payload],
        log: FlashLog,
        desk: FlashDesk,
    ) -> None:
        self._plan = plan
        self._log = log
        total = sum(target.file.manifest.stored for target in plan.targets)
        self._board = Board(log, total, desk.monotonic)
        setting = Setting(desk=desk, log=log, board=self._board, uri=plan.vci_given or plan.vci)
        self._units = {
            target.unit: UnitFlash(target, payloads[target.unit], setting) for target in plan.targets
        }
        self.crew = Crew(
            link=link,
            desk=desk,
            board=self._board,
            functional=plan.functional_request,
            stop_wished=log.stop_wished,
        )
        leave_out = [frozenset(target.sequence.leave_out) for target in plan.targets]
        self._left_out = frozenset.intersection(*leave_out) if leave_out else frozenset()
        self._vehicle = WholeVehicle(log, self._board, plan.functional_request, self._left_out)
        self._results: dict[str, UnitResult] = {}

    def everything(self) -> Generator[FlashProgress, None, tuple[UnitResult, ...]]:
        """Do all of it."""
        yield from self._each(self._units, UnitFlash.meet)
        if self._waiting():
            yield from self._program()
        yield from self._each(self._open(), UnitFlash.identify)
        if any(result.end is UnitEnd.NEW for result in self._results.values()):
            yield from self._clear_faults()
        if (progress := self._board.look()) is not None:
            yield progress
        return tuple(self._results[target.unit] for target in self._plan.targets)

    # -- the units --------------------------------------------------------------------------------------

    def _open(self) -> list[str]:
        """Return the units without a result."""
        return [name for name in self._units if name not in self._results]

    def _waiting(self) -> list[str]:
        """Return the units that are to be programmed."""
        return [name for name in self._open() if self._units[name].begin is not Begin.FINISHED]

    def _each(
        self, names: Collection[str], work: Callable[[UnitFlash], Talk[UnitResult | None]]
    ) -> Generator[FlashProgress, None, None]:
        """Have units do something side by side, and keep their results."""
        parts = [Part(hand=self._units[name].hand, script=work(self._units[name])) for name in names]
        results = yield from self.crew.run(parts)
        for name, result in zip(names, results, strict=True):
            if result is not None:
                self._results[name] = result

    def _program(self) -> Generator[FlashProgress, None, None]:
        """Quiet the vehicle, program the units, wake it."""
        yield from self._each(self._wave(self._waiting()), UnitFlash.prepare)
        waiting = self._waiting()
        if not waiting:
            return
        yield from self.crew.line_back()
        problem = self._quiet()
        try:
            if problem is not None:
                yield from self._each(waiting, lambda unit: unit.refuse(problem))
                return
            while waiting:
                wave = self._wave(waiting)
                yield from self._each(wave, self._flash)
                waiting = [name for name in waiting if name not in wave]
        finally:
            self.crew.quiet = None
        yield from self.crew.line_back()
        self._wake()

    def _wave(self, names: Sequence[str]) -> list[str]:
        """Return which of these units come next."""
        wave = next_wave([self._units[name].target for name in names])
        return [target.unit for target in wave[: max(1, self.crew.link.max_in_flight)]]

    def _flash(self, unit: UnitFlash) -> Talk[UnitResult | None]:
        """Flash a unit; one that is whole is left so where a unit that it needs was not brought to its new
        software."""
        missing = [
            need
            for need in unit.target.file.manifest.needs
            if (result := self._results.get(need)) is not None and result.end is not UnitEnd.NEW
        ]
        if missing and not unit.unfinished:
            message = told("WC-739", unit=unit.target.unit, needed=", ".join(missing))
            return unit.refuse(RefusalError(FlashStep.IDENTIFY, message))
        return unit.flash()

    # -- the vehicle ------------------------------------------------------------------------------------

    def _quiet(self) -> RefusalError | None:
        """Quiet the vehicle; return why programming must not begin."""
        self.crew.quiet = self._vehicle.quiet_again
        try:
            refusals = self._vehicle.quiet(self.crew.link)
        except ConsoleError as error:
            return RefusalError(FlashStep.FAULT_SETTING_OFF, raised_by(error))
        for refusal in refusals:
            self._board.warn(self._told(refusal))
        if refusals and not any(unit.unfinished for unit in self._units.values()):
            self._wake()
            return RefusalError(refusals[0].step, self._told(refusals[0]))
        return None

    def _wake(self) -> None:
        """Wake the vehicle; what a flashed unit refuses stands in its result."""
        with suppress(ConsoleError):  # of the log: the vehicle is woken all the same
            for refusal in self._vehicle.wake(self.crew.link):
                self._refused(refusal.address, refusal.step, self._told(refusal))

    def _told(self, refusal: GroupRefusal) -> RaisedMessage:
        name = self._name_at(refusal.address) or str(refusal.address)
        return told("WC-737", unit=name, step=refusal.step.value, nrc=f"0x{refusal.nrc:02X}")

    def _name_at(self, address: Address) -> str:
        return next((target.unit for target in self._plan.targets if target.address == address), "")

    def _refused(self, address: Address, step: FlashStep, message: RaisedMessage) -> None:
        """Note a refusal after programming: of a flashed unit in its result, of others as a warning."""
        unit = self._units.get(self._name_at(address))
        if unit is None:
            self._board.warn(message)
            return
        unit.remark = unit.remark or (step, message)
        result = self._results.get(unit.target.unit)
        if result is not None and result.message is None:
            self._results[unit.target.unit] = replace(result, message=message, step=step)

    def _clear_faults(self) -> Generator[FlashProgress, None, None]:
        """Clear what flashing left in the fault memories."""
        if FlashStep.CLEAR_FAULTS in self._left_out:
            return
        self._board.step("", FlashStep.CLEAR_FAULTS)
        flashed = [
            (target.unit, target.address, target.timing)
            for target in self._plan.targets
            if self._results[target.unit].end is UnitEnd.NEW
        ]
        parts = [
            Part(
                hand=Hand(address=unit.address, timing=unit.timing),
                script=_forgiving(clear_new_faults(unit, self._log, name), unit.address),
            )
            for name, unit in with_targets(self._plan.bystanders, flashed)
        ]
        for cleared in (yield from self.crew.run(parts)):
            if cleared.message is not None:
                self._refused(cleared.address, FlashStep.CLEAR_FAULTS, cleared.message)


def _forgiving(script: Talk[Cleared], address: Address) -> Talk[Cleared]:
    """Run a script whose log may fail: it is no more than tidying up."""
    try:
        return (yield from script)
    except ConsoleError as error:
        return Cleared(address=address, message=raised_by(error))

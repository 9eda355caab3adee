"""RoutineControl (0x31): ISO 14229-1:2020, 13.2.

Four identifiers are about programming in a unit that has a memory, under the numbers of its flash sequence
(usually these). Their first result byte is as defined when all is well.

| routine | option | first result byte otherwise |
|---|---|---|
| 0203 checks the conditions | as defined | 0x01 |
| FF00 erases | nothing, or address and size with or without a format byte before them | |
| 0202 checks a download | nothing or CRC-32 of the last one, or its address, size and CRC-32 | 0x01 |
| FF01 checks dependencies | as defined | 0x01 not whole, 0x02 does not belong together, 0x03 other hardware |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workshop_console.console.simulation.definition import RUN_STATES, RoutineDefinition
from workshop_console.console.simulation.ecu.answer import Answer, Service
from workshop_console.console.simulation.ecu.bits import allowed
from workshop_console.console.simulation.ecu.download import DownloadServices
from workshop_console.console.simulation.ecu.negative_response import (
    Nrc,
    Refused,
    require_at_least,
    require_length,
)
from workshop_console.console.simulation.ecu.software import Area
from workshop_console.console.simulation.ecu.state import UnitState
from workshop_console.console.simulation.scheduler import Timer

_CRC_BYTES = 4
_AREA_AND_CRC_BYTES = 12

_START, _STOP, _REQUEST_RESULTS = 0x01, 0x02, 0x03


@dataclass(slots=True)
class _Run:
    """A routine that goes on by itself after the answer to its start."""

    started_at: float
    ends_at: float
    stopped_at: float | None = None
    timer: Timer | None = None


class RoutineServices:
    """Three kinds of routines: done when the start is answered (with 0x78 meanwhile), going on until they are
    stopped, and running by themselves for some time while their state can be asked for."""

    def __init__(self, state: UnitState, download: DownloadServices) -> None:
        self._state = state
        self._software = state.software
        self._download = download
        self._routines = {routine.rid: routine for routine in state.definition.routines}
        self._results: dict[int, bytes] = {}
        self._runs: dict[int, _Run] = {}
        state.on_session_change.append(self._stop_all)

    def services(self) -> dict[int, Service]:
        """Return the service, if the unit has routines."""
        if not self._routines:
            return {}
        return {0x31: Service(self.routine_control, self._state.sessions, suppressible=True)}

    def routine_control(self, request: bytes) -> Answer:
        """Start, stop, or tell the result."""
        require_at_least(request, 4)
        rid = int.from_bytes(request[2:4], "big")
        routine = self._routines.get(rid)
        if routine is None or not self._state.allows(routine.sessions):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if self._state.boot_loader and not self._of_programming(routine, request):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if not self._state.unlocked(routine.security_level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        head = b"\x71" + request[1:4]
        if request[1] == _START:
            start, work_ms = self._prepared(routine, request[4:])
            return Answer(work_ms=work_ms, finish=lambda: head + start())
        if request[1] not in (_STOP, _REQUEST_RESULTS):
            raise Refused(Nrc.SUB_FUNCTION_NOT_SUPPORTED)
        require_length(request, 4)
        if request[1] == _STOP:
            return Answer(head + self._stopped(routine))
        return Answer(head + self._told(routine))

    def _prepared(self, routine: RoutineDefinition, option: bytes) -> tuple[Callable[[], bytes], int]:
        """Return what runs the routine and gives its result, and its milliseconds.

        Raises Refused for a wrong option.
        """
        sequence = self._state.definition.flash.sequence
        if self._software.present and routine.rid == sequence.erase_rid:
            return self._prepared_erase(routine, option)
        if self._software.present and routine.rid == sequence.check_memory_rid:
            return self._prepared_check(routine, option), routine.duration_ms
        require_length(option, routine.option_length)
        if self._software.present and routine.rid == sequence.conditions_rid:
            return lambda: self._done(routine, option, int(not self._conditions_hold(routine))), 0
        if self._software.present and routine.rid == sequence.check_dependencies_rid:
            check = self._software.check_dependencies
            return lambda: self._done(routine, option, check()), routine.duration_ms
        if not all(allowed(field, option) for field in routine.option_fields):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if not self._state.boot_loader:
            self._state.require(routine.conditions)
        if routine.runs_ms:
            if routine.rid in self._state.running:
                raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
            return lambda: self._begun(routine), routine.duration_ms
        return lambda: self._done(routine, option), routine.duration_ms

    # -- programming -------------------------------------------------------------------------------------

    def _of_programming(self, routine: RoutineDefinition, request: bytes) -> bool:
        """Return whether the boot loader has a routine: those of the sequence."""
        sequence = self._state.definition.flash.sequence
        return routine.rid in (
            sequence.conditions_rid,
            sequence.erase_rid,
            sequence.check_memory_rid,
            sequence.check_dependencies_rid,
        ) or any(extra.request[:4] == request[:4] for extra in sequence.add)

    def _conditions_hold(self, routine: RoutineDefinition) -> bool:
        """Return whether programming may begin; without an application nothing is measured."""
        try:
            if not self._state.boot_loader:
                self._state.require(routine.conditions)
        except Refused:
            return False
        self._state.conditions_checked = True
        return True

    def _prepared_erase(self, routine: RoutineDefinition, option: bytes) -> tuple[Callable[[], bytes], int]:
        self._download.require_identified()
        areas = self._download.areas(option)
        self._download.abandon()
        self._software.begin_erase(areas)

        def finish() -> bytes:
            self._software.erase(areas)
            return self._done(routine, option)

        return finish, self._erase_ms(routine, areas)

    def _erase_ms(self, routine: RoutineDefinition, areas: tuple[Area, ...]) -> int:
        whole_ms = self._state.definition.flash.erase_ms
        if whole_ms is None:
            return routine.duration_ms
        total = sum(size for _, size in self._software.memory.segments)
        return round(whole_ms * sum(size for _, size in areas) / total)

    def _prepared_check(self, routine: RoutineDefinition, option: bytes) -> Callable[[], bytes]:
        require_length(option, 0, _CRC_BYTES, _AREA_AND_CRC_BYTES)
        if self._download.running:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        crc32 = int.from_bytes(option[-_CRC_BYTES:], "big") if option else None
        area = None
        if len(option) == _AREA_AND_CRC_BYTES:
            area = int.from_bytes(option[:4], "big"), int.from_bytes(option[4:8], "big")
        check = self._software.check_memory
        return lambda: self._done(routine, option, int(not check(crc32, area)))

    # -- what is done when its start is answered -----------------------------------------------------------

    def _done(self, routine: RoutineDefinition, option: bytes, failure: int = 0) -> bytes:
        result = bytes((failure,)) + routine.result[1:] if failure else routine.result
        self._results[routine.rid] = result
        if routine.switches_engine:
            self._state.vehicle.switch_engine(on=option[:1] != b"\x00")
        elif routine.duration_ms == 0:
            self._state.settle()
            self._state.running.add(routine.rid)
        self._apply(routine)
        return result

    def _apply(self, routine: RoutineDefinition) -> None:
        for name, raw in routine.sets:
            self._state.put(name, raw)

    # -- routines that run by themselves -----------------------------------------------------------------

    def _begun(self, routine: RoutineDefinition) -> bytes:
        now = self._state.scheduler.now()
        self._state.settle()
        self._state.running.add(routine.rid)
        run = self._runs[routine.rid] = _Run(now, now + routine.runs_ms / 1000)
        run.timer = self._state.scheduler.call_at(run.ends_at, lambda: self._ended(routine, run))
        return self._run_state(routine)

    def _ended(self, routine: RoutineDefinition, run: _Run) -> None:
        if self._runs.get(routine.rid) is run and run.stopped_at is None:
            self._state.settle()
            self._state.running.discard(routine.rid)
            self._apply(routine)

    def _run_state(self, routine: RoutineDefinition) -> bytes:
        """Return state, progress, and the result, which is zeros until the routine is through."""
        run = self._runs[routine.rid]
        until = run.stopped_at if run.stopped_at is not None else self._state.scheduler.now()
        share = min(1.0, (until - run.started_at) / (run.ends_at - run.started_at))
        if run.stopped_at is not None:
            state = RUN_STATES.index("stopped")
        else:
            state = RUN_STATES.index("running" if routine.rid in self._state.running else "completed")
        done = state == RUN_STATES.index("completed")
        result = routine.result if done else bytes(len(routine.result))
        return bytes((state, 100 if done else int(100 * share))) + result

    def _stopped(self, routine: RoutineDefinition) -> bytes:
        if routine.rid not in self._state.running:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        self._stop(routine.rid)
        return self._run_state(routine) if routine.rid in self._runs else b""

    def _stop(self, rid: int) -> None:
        self._state.settle()
        self._state.running.discard(rid)
        if (run := self._runs.get(rid)) is not None:
            run.stopped_at = self._state.scheduler.now()
            if run.timer is not None:
                run.timer.cancel()

    def _stop_all(self) -> None:
        for rid in tuple(self._state.running):
            self._stop(rid)

    def _told(self, routine: RoutineDefinition) -> bytes:
        if routine.rid in self._runs:
            return self._run_state(routine)
        if routine.rid not in self._results:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        return self._results[routine.rid]

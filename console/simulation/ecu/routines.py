"""RoutineControl (0x31): ISO 14229-1:2020, 13.2.

Three identifiers touch the memory of a unit that has one: FF00 erases (option: nothing, or address and size
with or without a format byte before them), 0202 and FF01 check the last download (option: nothing, or CRC-32
in the last four bytes). Their first result byte is as defined when all is well, else 0x01.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workshop_console.console.simulation.definition import RUN_STATES, RoutineDefinition
from workshop_console.console.simulation.ecu.answer import Answer, Service
from workshop_console.console.simulation.ecu.bits import allowed
from workshop_console.console.simulation.ecu.memory import ERASE_MEMORY, MemoryServices
from workshop_console.console.simulation.ecu.negative_response import (
    Nrc,
    Refused,
    require_at_least,
    require_length,
)
from workshop_console.console.simulation.ecu.state import UnitState
from workshop_console.console.simulation.scheduler import Timer

CHECK_PROGRAMMING_DEPENDENCIES = 0xFF01
CHECK_MEMORY = 0x0202
_CHECKS = (CHECK_PROGRAMMING_DEPENDENCIES, CHECK_MEMORY)

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

    def __init__(self, state: UnitState, memory: MemoryServices) -> None:
        self._state = state
        self._memory = memory
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
        if not self._state.unlocked(routine.security_level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        head = b"\x71" + request[1:4]
        if request[1] == _START:
            start = self._prepared(routine, request[4:])
            return Answer(work_ms=routine.duration_ms, finish=lambda: head + start())
        if request[1] not in (_STOP, _REQUEST_RESULTS):
            raise Refused(Nrc.SUB_FUNCTION_NOT_SUPPORTED)
        require_length(request, 4)
        if request[1] == _STOP:
            return Answer(head + self._stopped(routine))
        return Answer(head + self._told(routine))

    def _prepared(self, routine: RoutineDefinition, option: bytes) -> Callable[[], bytes]:
        """Return what runs the routine and gives its result. Raises Refused for a wrong option."""
        if not self._memory.memory.segments or routine.rid not in (ERASE_MEMORY, *_CHECKS):
            require_length(option, routine.option_length)
            if not all(allowed(field, option) for field in routine.option_fields):
                raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
            self._state.require(routine.conditions)
            if routine.runs_ms:
                if routine.rid in self._state.running:
                    raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
                return lambda: self._begun(routine)
            return lambda: self._done(routine, option, good=True)
        if routine.rid == ERASE_MEMORY:
            areas = self._memory.areas(option)
            return lambda: self._done(routine, option, good=self._erased(areas))
        require_length(option, routine.option_length)
        return lambda: self._done(routine, option, good=self._memory.check(option))

    def _erased(self, areas: tuple[tuple[int, int], ...]) -> bool:
        self._memory.erase(areas)
        return True

    def _done(self, routine: RoutineDefinition, option: bytes, *, good: bool) -> bytes:
        result = routine.result if good else b"\x01" + routine.result[1:]
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

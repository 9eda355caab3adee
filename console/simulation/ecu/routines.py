"""RoutineControl (0x31): ISO 14229-1:2020, 13.2.

Three identifiers touch the memory of a unit that has one: FF00 erases (option: nothing, or address and size
with or without a format byte before them), 0202 and FF01 check the last download (option: nothing, or CRC-32
in the last four bytes). Their first result byte is as defined when all is well, else 0x01.
"""

from __future__ import annotations

from collections.abc import Callable

from workshop_console.console.simulation.definition import RoutineDefinition
from workshop_console.console.simulation.ecu.answer import Answer, Service
from workshop_console.console.simulation.ecu.memory import ERASE_MEMORY, MemoryServices
from workshop_console.console.simulation.ecu.negative_response import (
    Nrc,
    Refused,
    require_at_least,
    require_length,
)
from workshop_console.console.simulation.ecu.state import UnitState

CHECK_PROGRAMMING_DEPENDENCIES = 0xFF01
CHECK_MEMORY = 0x0202
_CHECKS = (CHECK_PROGRAMMING_DEPENDENCIES, CHECK_MEMORY)

_START, _STOP, _REQUEST_RESULTS = 0x01, 0x02, 0x03


class RoutineServices:
    """Starts a routine and holds the answer back until it is done; a routine without duration goes on."""

    def __init__(self, state: UnitState, memory: MemoryServices) -> None:
        self._state = state
        self._memory = memory
        self._routines = {routine.rid: routine for routine in state.definition.routines}
        self._running: set[int] = set()
        self._results: dict[int, bytes] = {}
        state.on_session_change.append(self._running.clear)

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
            if rid not in self._running:
                raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
            self._running.discard(rid)
            return Answer(head)
        if rid not in self._results:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        return Answer(head + self._results[rid])

    def _prepared(self, routine: RoutineDefinition, option: bytes) -> Callable[[], bytes]:
        """Return what runs the routine and gives its result. Raises Refused for a wrong option."""
        if not self._memory.memory.segments or routine.rid not in (ERASE_MEMORY, *_CHECKS):
            require_length(option, routine.option_length)
            return lambda: self._done(routine, good=True)
        if routine.rid == ERASE_MEMORY:
            areas = self._memory.areas(option)
            return lambda: self._done(routine, good=self._erased(areas))
        require_length(option, routine.option_length)
        return lambda: self._done(routine, good=self._memory.check(option))

    def _erased(self, areas: tuple[tuple[int, int], ...]) -> bool:
        self._memory.erase(areas)
        return True

    def _done(self, routine: RoutineDefinition, *, good: bool) -> bytes:
        result = routine.result if good else b"\x01" + routine.result[1:]
        self._results[routine.rid] = result
        if routine.duration_ms == 0:
            self._running.add(routine.rid)
        return result

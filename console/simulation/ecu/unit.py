"""One simulated control unit: takes requests, answers in its own time, refuses as the standard says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.ecu.answer import (
    DEFAULT_SESSION,
    SUPPRESS_POSITIVE_RESPONSE,
    Answer,
    Service,
)
from workshop_console.console.simulation.ecu.download import DownloadServices
from workshop_console.console.simulation.ecu.fault_memory import FaultMemory
from workshop_console.console.simulation.ecu.negative_response import (
    NOT_SENT_WHEN_FUNCTIONAL,
    Nrc,
    Refused,
    negative_response,
)
from workshop_console.console.simulation.ecu.records import RecordServices
from workshop_console.console.simulation.ecu.routines import RoutineServices
from workshop_console.console.simulation.ecu.security_access import SecurityAccess
from workshop_console.console.simulation.ecu.sessions import SessionServices
from workshop_console.console.simulation.ecu.software import NonVolatile, Software
from workshop_console.console.simulation.ecu.state import UnitState
from workshop_console.console.simulation.ecu.vehicle import VehicleState
from workshop_console.console.simulation.scheduler import Scheduler, Timer

LONGEST_MESSAGE_BYTES = 4_095
"""What ISO-TP carries with a 12-bit length; the same on DoIP, so that a unit behaves alike on both."""

_BOOT_LOADER_SERVICES = frozenset({0x10, 0x11, 0x22, 0x27, 0x28, 0x2E, 0x31, 0x34, 0x36, 0x37, 0x3E, 0x85})

_TESTER_PRESENT_SUPPRESSED = b"\x3e\x80"
_PENDING_BEFORE = 0.6
"""0x78 goes out when this share of P2 or P2* is over."""


class Reply(Protocol):
    """Hands a response to the line that the request came from."""

    def __call__(self, payload: bytes, /, *, broken_off: bool = False) -> None:
        """Send `payload`; `broken_off` sends what a unit gets out that dies while answering."""


class SimulatedUnit:
    """The general server response behaviour (ISO 14229-1:2020, 8.7) around the services.

    A unit works on one request at a time, from whichever line or tester it came; another one meanwhile gets
    0x21. Tester present without answer is taken at any time.
    """

    def __init__(
        self,
        definition: UnitDefinition,
        scheduler: Scheduler,
        *,
        odometer_km: int = 0,
        answer_after_ms: int | None = None,
        seed: int = 0,
        vehicle: VehicleState | None = None,
        kept: NonVolatile | None = None,
    ) -> None:
        """Be switched on.

        Args:
            definition: what the unit is.
            scheduler: its clock.
            odometer_km: for faults that come back.
            answer_after_ms: time for any answer, in place of what the definition says of delays and 0x78
                (routines keep their duration); None: as defined.
            seed: makes seeds of security access and noise repeatable.
            vehicle: what it shares with the other units; None: it is alone.
            kept: where it keeps what outlives its supply; None: nowhere.
        """
        self.definition = definition
        self.on_reset: list[Callable[[], None]] = []
        """Called when the unit goes away for a moment: what it was sending ends there."""
        self._scheduler = scheduler
        self._answer_after_ms = definition.answer_after_ms if answer_after_ms is None else answer_after_ms
        self._pending_services = definition.pending_services if answer_after_ms is None else ()
        self._state = UnitState(
            definition, scheduler, odometer_km=odometer_km, seed=seed, vehicle=vehicle, kept=kept
        )
        self._download = DownloadServices(self._state)
        self._further_steps = frozenset(extra.request for extra in definition.flash.sequence.add)
        self.fault_memory = FaultMemory(self._state)
        self._services: dict[int, Service] = {
            **SessionServices(self._state, reset=self.reset, setting_on=self._resume_faults).services(),
            **self.fault_memory.services(),
            **RecordServices(self._state).services(),
            **SecurityAccess(self._state).services(),
            **RoutineServices(self._state, self._download).services(),
            **self._download.services(),
        }
        self._timers: list[Timer] = []
        self._away_until = 0.0
        self._vehicle = self._state.vehicle
        self._vehicle.join(self)
        self._state.on_session_change.append(self._after_session_change)
        self._state.on_sending_change.append(self._look)
        self._look()

    @property
    def session(self) -> int:
        """The active diagnostic session."""
        self._state.expire_session()
        return self._state.session

    @property
    def software(self) -> Software:
        """What is in its memory."""
        return self._state.software

    @property
    def longest_request(self) -> int:
        """Bytes of the longest request that it takes: a block of a download may be the longest."""
        return max(LONGEST_MESSAGE_BYTES, self.definition.flash.longest_block)

    @property
    def boot_loader(self) -> bool:
        """Whether it runs its boot loader now."""
        self._state.expire_session()
        return self._state.boot_loader

    @property
    def missed_as(self) -> int:
        """The fault code under which other units miss it; 0: none does."""
        return 0 if self.definition.silent else self.definition.missed_as

    def sends_now(self) -> bool:
        """Return whether its normal messages go out."""
        return self._state.sends and not self._state.boot_loader and not self.is_away()

    def miss(self, dtc: int) -> None:
        """Learn that another unit is quiet."""
        if not self._state.boot_loader and not self.is_away():
            self.fault_memory.miss(dtc)

    def hear_again(self, dtc: int) -> None:
        """Learn that the other unit is back."""
        self.fault_memory.hear_again(dtc)

    def is_away(self) -> bool:
        """Whether the unit hears nothing: not fitted, or restarting."""
        return self.definition.silent or self._scheduler.now() < self._away_until

    def reset(self, downtime_ms: int) -> None:
        """Drop what is going on, be away for `downtime_ms`, and start in the default session."""
        self._away_until = self._scheduler.now() + downtime_ms / 1000
        self._end_work()
        self._state.restart()
        for callback in self.on_reset:
            callback()
        self._scheduler.call_at(self._away_until, self._look)

    def cut_supply(self, downtime_ms: int) -> None:
        """Lose the supply in the middle of whatever is going on, and be there again after `downtime_ms`."""
        self.reset(downtime_ms)

    def request(self, request: bytes, reply: Reply, *, functional: bool = False) -> None:
        """Take a request; `reply` is called for each response, now or later, or never."""
        if not request or self.is_away() or request[0] & 0x40:
            return  # a service identifier with bit 6 is a response: answering those makes endless loops
        if self._state.working:
            if request != _TESTER_PRESENT_SUPPRESSED:
                reply(negative_response(request[0], Nrc.BUSY_REPEAT_REQUEST))
            return
        self._state.expire_session()
        service = self._services.get(request[0])
        if self._state.boot_loader and request[0] not in _BOOT_LOADER_SERVICES:
            service = None
        suppress = (
            service is not None
            and service.suppressible
            and len(request) > 1
            and bool(request[1] & SUPPRESS_POSITIVE_RESPONSE)
        )
        plain = bytes((request[0], request[1] & 0x7F)) + request[2:] if suppress else request
        try:
            answer = self._process(service, plain)
        except Refused as refused:
            answer = Answer(negative_response(request[0], refused.nrc))
        if plain in self._further_steps:
            answer = replace(answer, afterwards=partial(self._note_step, plain, answer))
        self._deliver(answer, request[0], reply, suppress=suppress, functional=functional)

    def _note_step(self, request: bytes, answer: Answer) -> None:
        if answer.payload[:1] != b"\x7f":
            self._state.answered.add(request)
        if answer.afterwards is not None:
            answer.afterwards()

    def _resume_faults(self) -> None:
        self.fault_memory.run_monitors()
        for dtc in self._vehicle.missed(self):
            self.miss(dtc)

    def _after_session_change(self) -> None:
        self._look()
        if self._state.session == DEFAULT_SESSION:
            for dtc in self._vehicle.missed(self):
                self.miss(dtc)

    def _look(self) -> None:
        self._vehicle.look_at(self, self._scheduler)

    def _process(self, service: Service | None, request: bytes) -> Answer:
        session = self._state.session
        if service is None:
            raise Refused(Nrc.SERVICE_NOT_SUPPORTED)
        if session not in service.sessions:
            raise Refused(Nrc.SERVICE_NOT_SUPPORTED_IN_ACTIVE_SESSION)
        if session == DEFAULT_SESSION and request[0] in self.definition.refuses:
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        if service.sub_functions is not None:
            if len(request) < 2:
                raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)
            allowed = service.sub_functions.get(request[1])
            if allowed is None:
                raise Refused(Nrc.SUB_FUNCTION_NOT_SUPPORTED)
            if session not in allowed:
                raise Refused(Nrc.SUB_FUNCTION_NOT_SUPPORTED_IN_ACTIVE_SESSION)
        return service.handler(request)

    def _deliver(
        self, answer: Answer, service: int, reply: Reply, *, suppress: bool, functional: bool
    ) -> None:
        pending = service in self._pending_services and answer.payload[:1] != b"\x7f"
        work_ms = max(answer.work_ms, self.definition.pending_ms) if pending else answer.work_ms
        total_ms = self._answer_after_ms + work_ms
        finish = partial(self._finish, answer, service, reply, suppress=suppress, functional=functional)
        if total_ms == 0:
            finish(pending=False)
            return
        self._state.working = True
        first_ms = self.definition.p2_ms * _PENDING_BEFORE
        if total_ms > self.definition.p2_ms or pending:
            pending = True
            self._at(min(first_ms, total_ms / 2), partial(self._keep_waiting, service, reply))
        self._at(total_ms, partial(finish, pending=pending))

    def _keep_waiting(self, service: int, reply: Reply) -> None:
        reply(negative_response(service, Nrc.REQUEST_CORRECTLY_RECEIVED_RESPONSE_PENDING))
        self._at(self.definition.p2_star_ms * _PENDING_BEFORE, partial(self._keep_waiting, service, reply))

    def _finish(
        self, answer: Answer, service: int, reply: Reply, *, suppress: bool, functional: bool, pending: bool
    ) -> None:
        self._end_work()
        payload = answer.payload
        if answer.finish is not None:
            try:
                payload = answer.finish()
            except Refused as refused:
                payload = negative_response(service, refused.nrc)
        if len(payload) > LONGEST_MESSAGE_BYTES:
            payload = negative_response(service, Nrc.RESPONSE_TOO_LONG)
        self._state.note_activity()
        if pending or not _kept_back(payload, suppress=suppress, functional=functional):
            reply(payload)
        if answer.afterwards is not None:
            answer.afterwards()

    def _at(self, delay_ms: float, callback: Callable[[], None]) -> None:
        self._timers = [timer for timer in self._timers if timer.callback is not None]
        self._timers.append(self._scheduler.call_later(delay_ms / 1000, callback))

    def _end_work(self) -> None:
        self._state.working = False
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def _kept_back(payload: bytes, *, suppress: bool, functional: bool) -> bool:
    """Return whether the standard wants no response (tables 4 and 5)."""
    if payload[0] != 0x7F:
        return suppress
    return functional and payload[2] in NOT_SENT_WHEN_FUNCTIONAL

"""A vehicle of simulated units on a clock driven by hand, a line to it, and everything that flashing needs.

The exchanges are those of the real lines (Dispatcher); only the wire between is left out, so that a whole job
takes milliseconds and can be broken at every point.
"""

from __future__ import annotations

import hashlib
import random
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from tests.simulation.workbench import (
    HARDWARE,
    NEW_SOFTWARE,
    NEW_VERSION,
    OLD_SOFTWARE,
    SECRET,
    HandDrivenClock,
    make_unit,
    software_bytes,
)
from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.dispatcher import Dispatcher, Submission, lost
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import (
    Exchange,
    FunctionalAnswer,
    Outcome,
    SilentReason,
    UdsRequest,
)
from workshop_console.console.model.flash import (
    FlashFile,
    FlashPlan,
    FlashProgress,
    FlashSequence,
    FlashStep,
    FlashTarget,
    JournalEntry,
    Manifest,
    Segment,
    SoftwareIdentity,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.model.vehicle import LinkKind, VehicleIdentity
from workshop_console.console.procedures.flash.desk import FlashDesk, fingerprint
from workshop_console.console.procedures.flash.plan import run_plan
from workshop_console.console.procedures.security_access import Attempts, KeyRing
from workshop_console.console.simulation.definition import FlashDefinition, RoutineDefinition, UnitDefinition
from workshop_console.console.simulation.ecu.unit import Reply, SimulatedUnit
from workshop_console.console.simulation.ecu.vehicle import VehicleState
from workshop_console.console.simulation.line_faults import LineFaults, Requests
from workshop_console.console.simulation.request_faults import RequestFault, RequestFaults
from workshop_console.console.simulation.security import key_of

CODE, DATA = (0x8000, 0x4000), (0x20000, 0x1000)
"""The areas of the unit; what is for the second one comes compressed."""
LONGEST_BLOCK = 0x22
SMALL_CODE, LARGE_CODE = 300, 9_000
"""Bytes of the first segment; the large one has more blocks than the counter counts."""
S3_S = 5.0
_FRAME_BYTES = 7
_PRESENT_EVERY_S = 2.0
_TESTER_PRESENT = b"\x3e\x80"


class Killed(BaseException):
    """The process ends here: nothing after this happens."""


class NonVolatileMemory:
    """Keeps what a unit must not forget."""

    def __init__(self) -> None:
        self.content: Mapping[str, object] | None = None

    def load(self) -> Mapping[str, object] | None:
        return self.content

    def save(self, content: Mapping[str, object]) -> None:
        self.content = content


def flashable_unit(
    name: str = "ME_Engine",
    logical: int = 0x1001,
    *,
    sequence: FlashSequence | None = None,
    longest_block: int = LONGEST_BLOCK,
    block_ms: int = 0,
    **changes: object,
) -> UnitDefinition:
    """Return a unit with two areas of memory; it insists on the whole sequence."""
    guarded = sequence is None or FlashStep.SECURITY_ACCESS not in sequence.leave_out
    routines = (
        RoutineDefinition(rid=0x0203, name="Conditions", label="Conditions"),
        RoutineDefinition(
            rid=0xFF00, name="Erase", label="Erase", sessions=(0x02,), security_level=int(guarded)
        ),
        RoutineDefinition(rid=0xFF01, name="Dependencies", label="Dependencies", sessions=(0x02,)),
        RoutineDefinition(rid=0x0202, name="Memory", label="Memory", duration_ms=200, sessions=(0x02,)),
        RoutineDefinition(rid=0x0ABC, name="Further", label="Further", sessions=()),
    )
    flash = FlashDefinition(
        sequence=sequence or FlashSequence(), longest_block=longest_block, erase_ms=1_500, block_ms=block_ms
    )
    return make_unit(
        name=name,
        label=name,
        logical=logical,
        memory=(CODE, DATA),
        routines=routines,
        flash=flash,
        missed_as=0xC00000 | logical,
        **changes,
    )


class HastyUnit:
    """A unit that starts whatever application is in its memory, whole or not, and tells its part number.

    Only the check of its dependencies tells the truth.
    """

    def __init__(self, unit: SimulatedUnit, request: Requests) -> None:
        self._unit = unit
        self._request = request

    def __call__(self, request: bytes, reply: Reply, *, functional: bool = False) -> None:
        unit = self._unit
        if request[:1] == b"\x22" and unit.boot_loader and unit.session != 0x02 and not unit.is_away():
            told = unit.software.told(int.from_bytes(request[1:3], "big"))
            if told is not None:
                reply(b"\x62" + request[1:3] + told)
                return
            if request[1:3] == b"\xf1\x80" and unit.software.told(0xF188):
                reply(b"\x7f\x22\x31")
                return
        self._request(request, reply, functional=functional)


class VirtualVehicle:
    """Units that share a clock; they are there before and after any line to them."""

    def __init__(self, *definitions: UnitDefinition, hasty: bool = False) -> None:
        self.clock = HandDrivenClock()
        self.faults = RequestFaults()
        self.state = VehicleState()
        self._around = LineFaults((), self.clock, requests=self.faults)
        self.units = {
            DoipAddress(definition.logical): SimulatedUnit(
                definition, self.clock, vehicle=self.state, kept=NonVolatileMemory()
            )
            for definition in definitions or (flashable_unit(),)
        }
        self.requests: dict[Address, Requests] = {
            address: HastyUnit(unit, around) if hasty else around
            for address, unit in self.units.items()
            for around in (self._around.around(unit),)
        }

    def unit(self, name: str = "ME_Engine") -> SimulatedUnit:
        return next(unit for unit in self.units.values() if unit.definition.name == name)

    def truth(self, name: str = "ME_Engine") -> UnitEnd:
        """Return what a unit really holds."""
        software = self.unit(name).software
        if not software.valid:
            return UnitEnd.BOOT_LOADER
        return UnitEnd.NEW if software.told(0xF188) == NEW_SOFTWARE.encode() else UnitEnd.OLD

    def break_at(self, request: str, what: str | int, *, first: int = 1, times: int = 1) -> RequestFault:
        """Have something happen at a request, see request_faults."""
        fault = RequestFault(
            units=frozenset(unit.definition.name for unit in self.units.values()),
            request=bytes.fromhex(request),
            what=what if isinstance(what, str) else "",
            nrc=0 if isinstance(what, str) else what,
            first=first,
            times=times,
        )
        self.faults.add(fault)
        return fault


class VirtualLine:
    """A VehicleLink to a virtual vehicle.

    Args:
        vehicle: the other end.
        kill_at: number of the request (from 1) at which the process ends; 0: never.
        kill_after: it ends when the unit has got that request, not before.
        loss: share of lost frames, both ways.
        max_in_flight: as a gateway has it.
    """

    def __init__(
        self,
        vehicle: VirtualVehicle,
        *,
        kill_at: int = 0,
        kill_after: bool = False,
        loss: float = 0.0,
        seed: int = 0,
        max_in_flight: int = 8,
    ) -> None:
        self.vehicle = vehicle
        self.kind = LinkKind.DOIP
        self.uri = "sim://"
        self.max_in_flight = max_in_flight
        self.lost = False
        self.sent: list[bytes] = []
        """Every request to one unit, tester present aside."""
        self.to_all: list[bytes] = []
        self._kill_at, self._kill_after = kill_at, kill_after
        self._dead = False
        self.lose_at = 0
        """Number of the request (from 1) after which the line is lost."""
        self.died: Callable[[], None] = lambda: None
        self._loss = loss
        self._random = random.Random(seed)  # repeatable, not secret
        self._ended: list[Exchange] = []
        self._arrived: deque[tuple[Address, bytes]] = deque()
        self._open: dict[int, Submission] = {}
        self._tickets = 0
        self._alive: tuple[Address, ...] = ()
        self._next_present = 0.0
        self._dispatcher = Dispatcher(
            send=self._send,
            ended=self._take,
            room=max_in_flight,
            send_wait_s=1.0,
            progress=lambda _address, _sending: None,
        )
        vehicle.faults.close_line = self.lose

    def submit(self, address: Address, request: UdsRequest, timing: Timing) -> int:
        self._tickets += 1
        submission = Submission(self._tickets, address, request, timing)
        self._open[self._tickets] = submission
        if self.lost:
            self._take(lost(self._tickets, address, request))
            return self._tickets
        self.sent.append(request.payload)
        if self._kill_at == len(self.sent) and not self._kill_after:
            self._die()
        self._dispatcher.submit(submission, self.vehicle.clock.now())
        if self._kill_at == len(self.sent):
            self._die()
        if self.lose_at == len(self.sent):
            self.lose()
        return self._tickets

    def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
        clock = self.vehicle.clock
        until = clock.now() + (3_600.0 if timeout_s is None else timeout_s)
        while True:
            self._deliver()
            if self._ended or not self._open or clock.now() >= until:
                break
            self._pass_to(min(until, self._due()))
        ended, self._ended = self._ended, []
        return ended

    def functional(
        self, payload: bytes, *, wait_s: float, request_id: int | None = None
    ) -> Sequence[FunctionalAnswer]:
        if self.lost or self._dead:
            return ()
        answers: list[FunctionalAnswer] = []
        if payload != _TESTER_PRESENT:
            self.to_all.append(payload)

        def hear(address: Address, answer: bytes, *, broken_off: bool = False) -> None:
            answers.append(FunctionalAnswer(address=address, payload=answer))

        for address, request in self.vehicle.requests.items():
            request(payload, partial(hear, address), functional=True)
        until = self.vehicle.clock.now() + wait_s
        while (now := self.vehicle.clock.now()) < until:
            self._pass_to(min(until, now + 0.05))
        return answers

    def keep_alive(self, addresses: Iterable[Address]) -> None:
        self._alive = tuple(addresses) if not self._dead else ()

    def cancel(self) -> None:
        self._dispatcher.drop(set(self._open), self.vehicle.clock.now())

    def identity(self) -> VehicleIdentity:
        return VehicleIdentity()

    def pending(self, address: Address) -> int:
        conversation = self._dispatcher.running(address)
        return conversation.pending if conversation is not None else 0

    def close(self) -> None:
        self.lose()

    def lose(self) -> None:
        """Lose the connection."""
        if not self.lost:
            self.lost = True
            self._arrived.clear()
            self._dispatcher.line_lost(self.vehicle.clock.now())

    def pass_s(self, seconds: float) -> None:
        """Let time pass, with what the hub does meanwhile."""
        until = self.vehicle.clock.now() + seconds
        while self.vehicle.clock.now() < until:
            self._pass_to(min(until, self._due()))
            self._deliver()

    # -- the hub --------------------------------------------------------------------------------------

    def _due(self) -> float:
        due = [self.vehicle.clock.now() + 0.25]
        if (deadline := self._dispatcher.deadline) is not None:
            due.append(deadline)
        return min(due)

    def _pass_to(self, moment: float) -> None:
        clock = self.vehicle.clock
        clock.pass_ms(max(0.01, (moment - clock.now()) * 1_000))
        if self.lost or self._dead:
            return
        if clock.now() >= self._next_present:
            self._next_present = clock.now() + _PRESENT_EVERY_S
            for address in self._alive:
                if self._dispatcher.running(address) is None:
                    self.vehicle.requests[address](_TESTER_PRESENT, _nobody)
        self._dispatcher.tick(clock.now())

    def _deliver(self) -> None:
        while self._arrived and not self.lost:
            address, payload = self._arrived.popleft()
            self._dispatcher.received(address, payload, self.vehicle.clock.now())

    def _send(self, address: Address, payload: bytes) -> None:
        self._dispatcher.sent(address, self.vehicle.clock.now())
        if self._survives(payload) and (request := self.vehicle.requests.get(address)):
            request(payload, partial(self._hear, address))

    def _hear(self, address: Address, payload: bytes, *, broken_off: bool = False) -> None:
        if not broken_off and not self.lost and not self._dead and self._survives(payload):
            self._arrived.append((address, payload))

    def _survives(self, payload: bytes) -> bool:
        frames = 1 if len(payload) <= _FRAME_BYTES else 2 + len(payload) // _FRAME_BYTES
        return not self._loss or self._random.random() < (1 - self._loss) ** frames

    def _take(self, exchange: Exchange) -> None:
        if self._open.pop(exchange.ticket, None) is not None:
            self._ended.append(exchange)

    def _die(self) -> None:
        self._dead = True
        self._alive = ()
        self.died()
        raise Killed


def _nobody(_payload: bytes, /, *, broken_off: bool = False) -> None:
    """Hear nothing."""


class MemoryLog:
    """A FlashLog; what was noted outlives the run, and `dead` notes nothing any more."""

    def __init__(self, before: Sequence[JournalEntry] = ()) -> None:
        self.before = tuple(before)
        self.noted: list[JournalEntry] = list(before)
        self.told: list[FlashProgress] = []
        self.dead = False
        self.stop: Callable[[], bool] = lambda: False
        self.fails: Callable[[FlashStep], bool] = lambda _step: False
        """Whether noting a step fails; only before ERASE, as the real log."""

    def begin(self, unit: str, step: FlashStep, detail: str = "") -> int:
        if self.dead:
            return 0
        if self.fails(step):
            raise ConsoleError("WC-615", file="records", detail=step.value)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        entry = JournalEntry(
            entry_id=len(self.noted) + 1, unit=unit, step=step, began=now, ended=None, detail=detail
        )
        self.noted.append(entry)
        return entry.entry_id

    def complete(self, entry: int, outcome: str, detail: str = "") -> None:
        if self.dead:
            return
        kept = self.noted[entry - 1]
        self.noted[entry - 1] = replace(kept, ended=kept.began, outcome=outcome, detail=detail or kept.detail)

    def moved(self, progress: FlashProgress) -> None:
        self.told.append(progress)

    def entries(self, unit: str) -> tuple[JournalEntry, ...]:
        return tuple(entry for entry in self.before if entry.unit == unit)

    def stop_wished(self) -> bool:
        return self.stop()

    def steps(self, unit: str = "ME_Engine") -> list[str]:
        """Return what was noted of a unit and the vehicle: step, detail, outcome."""
        return [f"{e.step.value} {e.outcome or '-'}" for e in self.noted if e.unit in (unit, "")]


class Bytes:
    """A payload in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.read_bytes = 0
        self.fails = 0
        """Reads that fail, from now on."""

    def read(self, offset: int, size: int) -> bytes:
        if self.fails:
            self.fails -= 1
            raise OSError("no such device")
        self.read_bytes += size
        return self.content[offset : offset + size]


def flash_file(
    unit: str = "ME_Engine", *, needs: tuple[str, ...] = (), code_bytes: int = SMALL_CODE
) -> tuple[FlashFile, bytes]:
    """Return new software of two segments and its payload; the second segment is compressed."""
    code, data = software_bytes(code_bytes), software_bytes(700)
    packed = zlib.compress(data)
    stored = ((CODE[0], code, code, 0x00), (DATA[0], data, packed, 0x10))
    segments, payload = [], b""
    for name, (address, content, kept, form) in zip(("CODE", "DATA"), stored, strict=True):
        segments.append(
            Segment(
                name=name,
                address=address,
                length=len(content),
                offset=len(payload),
                stored=len(kept),
                crc32=zlib.crc32(content),
                sha256=hashlib.sha256(kept).hexdigest(),
                data_format=form,
            )
        )
        payload += kept
    manifest = Manifest(
        unit=unit,
        hardware=(HARDWARE,),
        software_from=(OLD_SOFTWARE,),
        software=NEW_SOFTWARE,
        version=NEW_VERSION,
        segments=tuple(segments),
        key_id="test",
        needs=needs,
    )
    return FlashFile(path=f"{unit}.bin", name="", manifest=manifest), payload


@dataclass(kw_only=True)
class Job:
    """A plan over a virtual vehicle, and its journal over all runs."""

    vehicle: VirtualVehicle
    plan: FlashPlan
    payloads: dict[str, Bytes]
    log: MemoryLog
    key_secret: int = SECRET
    line: VirtualLine | None = None
    reopenings: Callable[[], VirtualLine | None] | None = None
    """Makes a new line after a loss; None: a plain one, at once."""
    pauses: float = 0.0
    attempts: Attempts | None = None

    def run(
        self,
        line: VirtualLine | None = None,
        *,
        again: bool = False,
        after: Callable[[FlashProgress], None] | None = None,
    ) -> tuple[UnitResult, ...] | None:
        """Run the plan; None: the process was killed. `again`: a new process that knows the journal."""
        if again:
            self.log = MemoryLog(self.log.noted)
        self.line = line or VirtualLine(self.vehicle)
        clock = self.vehicle.clock
        self.attempts = self.attempts or Attempts(clock.now)
        log = self.log
        self.line.died = lambda: setattr(log, "dead", True)
        procedure = run_plan(self.line, self.plan, self.payloads, self.log, self._desk())
        try:
            while True:
                progress = next(procedure)
                if after is not None:
                    after(progress)
        except StopIteration as end:
            results: tuple[UnitResult, ...] = end.value
            return results
        except Killed:
            return None
        finally:
            log.dead = True
            procedure.close()

    def _desk(self) -> FlashDesk:
        clock = self.vehicle.clock

        def pause(seconds: float) -> None:
            self.pauses += seconds
            assert self.line is not None
            self.line.pass_s(max(seconds, 0.001))

        def reopen() -> VirtualLine | None:
            line = self.reopenings() if self.reopenings else VirtualLine(self.vehicle)
            if line is None or line.lost:
                return None
            self.line = line
            return line

        def ring(unit: str) -> KeyRing:
            assert self.attempts is not None
            return KeyRing(
                unit=unit,
                key_of=lambda level, seed: (key_of(seed, self.key_secret, level), ()),
                attempts=self.attempts,
            )

        return FlashDesk(
            key_ring=ring,
            fingerprint=fingerprint(datetime(2026, 11, 21, tzinfo=UTC), b"WSC1"),
            monotonic=clock.now,
            pause=pause,
            reopen=reopen,
        )


def make_job(
    *definitions: UnitDefinition,
    needs: Mapping[str, tuple[str, ...]] | None = None,
    code_bytes: int = SMALL_CODE,
    hasty: bool = False,
) -> Job:
    """Return a job over these units (or one), all to be flashed."""
    vehicle = VirtualVehicle(*definitions, hasty=hasty)
    targets, payloads = [], {}
    for address, unit in vehicle.units.items():
        name = unit.definition.name
        file, payload = flash_file(name, needs=(needs or {}).get(name, ()), code_bytes=code_bytes)
        payloads[name] = Bytes(payload)
        targets.append(
            FlashTarget(
                unit=name,
                label=name,
                address=address,
                timing=Timing(p2_ms=max(150, unit.definition.p2_ms)),
                identity=SoftwareIdentity(hardware=HARDWARE, software=OLD_SOFTWARE),
                file=file,
                sequence=unit.definition.flash.sequence,
                payload=f"{name}.payload",
            )
        )
    plan = FlashPlan(vin="W", vehicle_name="test", vci="sim://", who="", targets=tuple(targets))
    return Job(vehicle=vehicle, plan=plan, payloads=payloads, log=MemoryLog())


__all__ = [
    "Bytes",
    "Job",
    "Killed",
    "MemoryLog",
    "Outcome",
    "SilentReason",
    "VirtualLine",
    "VirtualVehicle",
    "flash_file",
    "flashable_unit",
    "make_job",
]

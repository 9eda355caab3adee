"""What the tests of the simulation share: a clock driven by hand, a small vehicle, a running simulation."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import ClassVar

from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.description import FieldLayout, ValueKind
from workshop_console.console.model.software_block import SoftwareBlock
from workshop_console.console.simulation.definition import (
    ActuatorDefinition,
    DidDefinition,
    DtcDefinition,
    RoutineDefinition,
    SecurityDefinition,
    UnitDefinition,
    VariantDefinition,
    VehicleDefinition,
)
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.line_faults import Requests
from workshop_console.console.simulation.request_faults import RequestFaults
from workshop_console.console.simulation.scheduler import Timer
from workshop_console.console.simulation.security import key_of
from workshop_console.console.simulation.server import run

VIN = "W1K0000000T000001"
SECRET = 0x4D420001
FLASH_LEVEL, CODING_LEVEL = 0x01, 0x03
SEGMENT = (0x8000, 0x1000)
OLD_SOFTWARE, NEW_SOFTWARE, NEW_VERSION, HARDWARE = "2069474332", "2069474333", "24/10/02", "2069807043"

CURRENT, STORED, NOT_TESTED = 0x2F, 0x28, 0x50
P0301, COMES_BACK, STICKY, UNTESTED, HEALTHY = 0x030111, 0x044D29, 0xC10087, 0x9A0415, 0x123400


class HandDrivenClock:
    """A scheduler whose time passes only when a test says so."""

    def __init__(self) -> None:
        self._now = 1_000.0
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(due, callback)
        heapq.heappush(self._timers, (due, next(self._order), timer))
        return timer

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return self.call_at(self._now + delay_s, callback)

    def pass_ms(self, duration_ms: float) -> None:
        """Let time pass and call everything that becomes due, each at its own time."""
        end = self._now + duration_ms / 1000
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, due)
            if timer.callback is not None:
                timer.callback()
        self._now = end


@dataclass
class Tester:
    """Asks one unit and keeps what it says and when."""

    __test__: ClassVar[bool] = False
    """Not a test, in spite of its name."""

    requests: Requests
    clock: HandDrivenClock
    heard: list[bytes] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    broken_off: list[bytes] = field(default_factory=list)

    def hear(self, payload: bytes, /, *, broken_off: bool = False) -> None:
        if broken_off:
            self.broken_off.append(payload)
            return
        self.heard.append(payload)
        self.times_ms.append(self.clock.now() * 1000)

    def tell(self, request: str, *, functional: bool = False) -> None:
        """Send a request given in hexadecimal."""
        self.requests(bytes.fromhex(request), self.hear, functional=functional)

    def ask(self, request: str, *, functional: bool = False, wait_ms: float = 0) -> str:
        """Send a request and return the last answer in hexadecimal, empty when there was none."""
        self.heard.clear()
        self.times_ms.clear()
        self.tell(request, functional=functional)
        self.clock.pass_ms(wait_ms)
        return self.heard[-1].hex() if self.heard else ""

    def unlock(self, level: int, secret: int = SECRET) -> str:
        seed = bytes.fromhex(self.ask(f"27{level:02x}"))[2:]
        return self.ask(f"27{level + 1:02x}" + key_of(seed, secret, level).hex())


def software_bytes(
    length: int, *, software: str = NEW_SOFTWARE, version: str = NEW_VERSION, hardware: str = ""
) -> bytes:
    """Return an area of software that begins with its block."""
    block = SoftwareBlock(software=software, version=version, hardware=hardware).encode()
    return (block + bytes(range(256)) * (length // 256 + 1))[:length]


def make_unit(**changes: object) -> UnitDefinition:
    """Return the definition of a unit that has one of everything."""
    unit = UnitDefinition(
        name="ME_Engine",
        label="Engine",
        logical=0x1001,
        can_request=0x7E0,
        can_response=0x7E8,
        variants=(VariantDefinition(name="ME_17", label="ME 17", identification=bytes.fromhex("00012302")),),
        fitted="ME_17",
        dids=(
            DidDefinition(did=0xF100, name="Variant", label="Variant", data=bytes.fromhex("00012302")),
            DidDefinition(did=0xF190, name="VIN", label="VIN", data=VIN.encode()),
            DidDefinition(did=0xF188, name="Software", label="Software", data=OLD_SOFTWARE.encode()),
            DidDefinition(did=0xF191, name="Hardware", label="Hardware", data=HARDWARE.encode()),
            DidDefinition(
                did=0x0100, name="Odometer", label="Odometer", data=bytes.fromhex("00bc53"), snapshot=True
            ),
            DidDefinition(
                did=0x0200,
                name="Temperature",
                label="Temperature",
                data=bytes.fromhex("aa80bb"),
                fields=(
                    FieldLayout(name="T", label="T", byte_position=1, kind=ValueKind.UNSIGNED, offset=-40.0),
                ),
                sweep=True,
            ),
            DidDefinition(did=0x0300, name="Open", label="Open", data=b"\x01", writable=True),
            DidDefinition(
                did=0x0301,
                name="Coding",
                label="Coding",
                data=b"\x01\x02",
                writable=True,
                security_level=CODING_LEVEL,
                sessions=(0x03,),
            ),
            DidDefinition(did=0x0400, name="Long", label="Long", data=bytes(3000)),
            DidDefinition(did=0x0401, name="Longer", label="Longer", data=bytes(3000)),
        ),
        dtcs=(
            DtcDefinition(
                dtc=P0301,
                text="Misfire",
                priority=1,
                status=STORED,
                occurrences=4,
                first_km=0x010203,
                last_km=0x010299,
                snapshot=((0x0100, bytes.fromhex("010299")),),
            ),
            DtcDefinition(dtc=COMES_BACK, text="Comes back", status=CURRENT | 0x80, comes_back=True),
            DtcDefinition(dtc=STICKY, text="Never leaves", status=STORED, sticky=True),
            DtcDefinition(dtc=UNTESTED, text="Not tested", status=NOT_TESTED),
            DtcDefinition(dtc=HEALTHY, text="Supported only"),
        ),
        routines=(
            RoutineDefinition(rid=0x0203, name="Quick", label="Quick"),
            RoutineDefinition(
                rid=0x0301,
                name="Slow",
                label="Slow",
                duration_ms=12_000,
                result=b"\x07",
                option_length=1,
                security_level=CODING_LEVEL,
            ),
            RoutineDefinition(
                rid=0xFF00,
                name="Erase",
                label="Erase",
                duration_ms=1_500,
                option_length=8,
                sessions=(0x02,),
                security_level=FLASH_LEVEL,
            ),
            RoutineDefinition(rid=0xFF01, name="Check", label="Check", sessions=(0x02,)),
            RoutineDefinition(rid=0x0202, name="Crc", label="Crc", option_length=4, sessions=(0x02,)),
        ),
        actuators=(ActuatorDefinition(did=0x0500, name="Fan", label="Fan", data=b"\x10"),),
        security=(
            SecurityDefinition(level=FLASH_LEVEL, secret=SECRET),
            SecurityDefinition(level=CODING_LEVEL, secret=SECRET, attempts=2, delay_ms=10_000),
        ),
        memory=(SEGMENT,),
    )
    return replace(unit, **changes)  # type: ignore[arg-type]  # the caller names fields of the definition


def make_tester(**changes: object) -> Tester:
    """Return a tester of one unit on a clock of its own."""
    clock = HandDrivenClock()
    return Tester(SimulatedUnit(make_unit(**changes), clock, odometer_km=48_300).request, clock)


def make_vehicle(*units: UnitDefinition) -> VehicleDefinition:
    """Return a vehicle of `units`, or of two that answer and one that is not there."""
    fitted = units or (
        make_unit(),
        make_unit(name="ESP", logical=0x1002, can_request=0x7E1, can_response=0x7E9),
        make_unit(name="AAG", logical=0x1003, can_request=0x7E2, can_response=0x7EA, silent=True),
    )
    return VehicleDefinition(
        name="test",
        label="Test vehicle",
        vin=VIN,
        vin_pattern=VIN,
        group=ProductGroup.PASSENGER_CARS,
        line="doip",
        units=fitted,
    )


@dataclass
class Running:
    """A simulation in a thread of this process."""

    bound: dict[str, object]
    stop: threading.Event

    @property
    def doip(self) -> tuple[str, int]:
        return _endpoint(self.bound["doip"])

    @property
    def socketcand(self) -> tuple[str, int]:
        return _endpoint(self.bound["socketcand"])


class _Logged(logging.Handler):
    """Keeps what is logged: the loop goes on after a failure, and a test must not miss it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@contextlib.contextmanager
def no_failures_logged() -> Iterator[None]:
    """Fail at the end of the block when the simulation logged a failure in it."""
    log = logging.getLogger("workshop_console.console.simulation")
    logged = _Logged()
    log.addHandler(logged)
    try:
        yield
    finally:
        log.removeHandler(logged)
    assert logged.texts == [], "the simulation went on, but a part of it failed"


def _endpoint(bound: object) -> tuple[str, int]:
    assert isinstance(bound, list)
    host, port = bound
    return str(host), int(port)


@contextlib.contextmanager
def running(
    vehicle: VehicleDefinition | None = None,
    *,
    faults: tuple[str, ...] = (),
    can: tuple[str, ...] = (),
    pace: int | None = None,
    answer_after_ms: int | None = None,
    stats_file: Path | None = None,
    pace_data: int = 2_000_000,
    block_size: int = 32,
    request_faults: RequestFaults | None = None,
    nonvolatile: Path | None = None,
    as_delivered: bool = False,
) -> Iterator[Running]:
    """Run a simulation on free ports of 127.0.0.1 until the end of the block."""
    stop, ready = threading.Event(), threading.Event()
    bound: dict[str, object] = {}
    failures: list[BaseException] = []

    def told(ports: dict[str, object]) -> None:
        bound.update(ports)
        ready.set()

    def target() -> None:
        try:
            run(
                vehicle or make_vehicle(),
                doip=("127.0.0.1", 0),
                socketcand=("127.0.0.1", 0),
                can=can,
                pace=pace,
                faults=faults,
                answer_after_ms=answer_after_ms,
                stats_file=stats_file,
                pace_data=pace_data,
                block_size=block_size,
                request_faults=request_faults,
                nonvolatile=nonvolatile,
                as_delivered=as_delivered,
                ready=told,
                stop=stop,
            )
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=target, daemon=True)
    with no_failures_logged():
        thread.start()
        try:
            assert ready.wait(10)
            if failures:
                raise failures[0]
            yield Running(bound, stop)
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive()


def receive_exactly(channel: socket.socket, length: int) -> bytes:
    """Return `length` bytes, or what came before the other side closed."""
    data = b""
    while len(data) < length and (part := channel.recv(length - len(data))):
        data += part
    return data


def wait_until(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    """Return whether `condition` became true in time."""
    pause = threading.Event()
    end = monotonic() + timeout_s
    while not condition():
        if monotonic() > end:
            return False
        pause.wait(0.005)
    return True

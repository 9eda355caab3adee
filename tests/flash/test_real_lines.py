"""A job over the real lines, to a simulation that breaks in the middle of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.flash.bench import Bytes, MemoryLog, flash_file, flashable_unit
from tests.simulation.workbench import HARDWARE, OLD_SOFTWARE, SECRET, make_vehicle, running
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.flash import (
    FlashPlan,
    FlashStep,
    FlashTarget,
    JobState,
    SoftwareIdentity,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.flash.desk import FlashDesk, fingerprint
from workshop_console.console.procedures.flash.plan import job_state, run_plan
from workshop_console.console.procedures.security_access import Attempts, KeyRing
from workshop_console.console.simulation.security import key_of

ON_DOIP, ON_CAN = DoipAddress(0x1001), CanAddress(0x7E0, 0x7E8)
UNIT = flashable_unit(longest_block=0x102)
QUICK = replace(UNIT, flash=replace(UNIT.flash, erase_ms=300, reset_ms=300))


def pause(seconds: float) -> None:
    """Let time pass, as the worker does."""
    threading.Event().wait(seconds)


class Line:
    """Runs one plan again and again, each time over a line of its own."""

    def __init__(self, uri: str, address: Address, code_bytes: int) -> None:
        self.uri = uri
        file, payload = flash_file(code_bytes=code_bytes)
        target = FlashTarget(
            unit="ME_Engine",
            label="Engine",
            address=address,
            identity=SoftwareIdentity(hardware=HARDWARE, software=OLD_SOFTWARE),
            file=file,
        )
        self.plan = FlashPlan(vin="W", vehicle_name="test", vci=uri, who="", targets=(target,))
        self.payload = Bytes(payload)
        self.log = MemoryLog()
        self.links: list[VehicleLink] = []

    def run(self) -> UnitResult:
        """Run the plan and return what the unit holds."""
        self.log = MemoryLog(self.log.noted)
        attempts = Attempts(time.monotonic)

        def key(level: int, seed: bytes) -> tuple[bytes, tuple[()]]:
            return key_of(seed, SECRET, level), ()

        desk = FlashDesk(
            key_ring=lambda unit: KeyRing(unit=unit, key_of=key, attempts=attempts),
            fingerprint=fingerprint(datetime.now(UTC), b"WSC1"),
            monotonic=time.monotonic,
            pause=pause,
            reopen=self.open,
        )
        procedure = run_plan(self.open(), self.plan, {"ME_Engine": self.payload}, self.log, desk)
        try:
            while True:
                next(procedure)
        except StopIteration as end:
            (result,) = end.value
            assert isinstance(result, UnitResult)
            return result
        finally:
            procedure.close()
            self.links[-1].close()

    def open(self) -> VehicleLink:
        """Return a new line; the one before is closed."""
        for link in self.links:
            link.close()
        self.links.append(open_link(self.uri))
        return self.links[-1]


@contextmanager
def doip(*faults: str, code_bytes: int = 4_000) -> Iterator[Line]:
    with running(make_vehicle(QUICK), faults=faults) as simulation:
        host, port = simulation.doip
        yield Line(f"doip://{host}:{port}", ON_DOIP, code_bytes)


@contextmanager
def can(*faults: str, code_bytes: int = 4_000) -> Iterator[Line]:
    with running(make_vehicle(QUICK), faults=faults) as simulation:
        host, port = simulation.socketcand
        yield Line(f"can://socketcand/can0?host={host}&port={port}", ON_CAN, code_bytes)


LINES = {"doip": doip, "can": can}


def ended_well(line: Line) -> bool:
    result = line.run()
    return result.end is UnitEnd.NEW and job_state((result,)) is JobState.DONE


@pytest.mark.parametrize("kind", LINES)
def test_a_unit_gets_its_new_software(kind: str) -> None:
    with LINES[kind]() as line:
        assert ended_well(line)
        assert [entry.outcome for entry in line.log.noted] == ["positive"] * len(line.log.noted)


def test_a_connection_that_closes_in_the_middle_is_opened_again() -> None:
    with doip("at:*:3603:close-after", "at:*:37:close", "at:*:3101FF01:close-after") as line:
        assert ended_well(line)
        assert [entry.step for entry in line.log.noted].count(FlashStep.RESET) == 1


def test_a_power_cut_in_the_middle_of_a_segment() -> None:
    with doip("at:*:3605:power-cut-during") as line:
        assert ended_well(line)
        assert [entry.step for entry in line.log.noted].count(FlashStep.ERASE) == 3


def test_a_refusal_is_named_and_running_again_is_the_recovery() -> None:
    with doip("at:*:3603:72") as line:
        result = line.run()
        assert (result.end, result.step) == (UnitEnd.BOOT_LOADER, FlashStep.TRANSFER)
        assert result.message is not None
        assert dict(result.message.facts)["nrc"] == "0x72"
        assert result.identity.boot_loader
        assert ended_well(line)


def test_lost_frames_on_can() -> None:
    with can("frames:0.002", code_bytes=2_000) as line:
        assert ended_well(line)


REQUESTS = "1003 31010203 1002 2701 2702 2EF15A 3101FF00 34 3601 3608 37 31010202 3101FF01 1101 22F188"


@pytest.mark.soak
@pytest.mark.parametrize("what", ["silent", "lost", "power-cut", "power-cut-after", "close", "close-after"])
def test_everything_breaks_once_on_a_real_line(
    what: str, record_property: Callable[[str, object], None]
) -> None:
    for head in REQUESTS.split():
        with doip(f"at:*:{head}:{what}") as line:
            assert ended_well(line), head
    record_property("proof", f"real line, {what}: {len(REQUESTS.split())} jobs broken, all ended well")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
def test_lost_frames_on_can_with_long_blocks(seed: int) -> None:
    with can("frames:0.002", code_bytes=9_000 + seed) as line:
        assert ended_well(line)

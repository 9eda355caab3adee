"""Units that miss another one on the bus: the faults that flashing makes."""

from __future__ import annotations

import pytest

from tests.simulation.test_programming import erased, prepared, programmed
from tests.simulation.workbench import HandDrivenClock, Tester, make_unit
from workshop_console.console.model.dtc import DtcStatus
from workshop_console.console.simulation.definition import DtcDefinition, FlashDefinition
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.ecu.vehicle import VehicleState

LOST_ENGINE = 0xC10087


class Pair:
    """An engine control unit, and one that listens to it."""

    def __init__(self, *, reset_ms: int = 800) -> None:
        self.clock = HandDrivenClock()
        vehicle = VehicleState()
        engine = make_unit(missed_as=LOST_ENGINE, flash=FlashDefinition(reset_ms=reset_ms))
        other = make_unit(name="ESP", dtcs=(DtcDefinition(dtc=LOST_ENGINE, text="Lost"),))
        self.engine = Tester(SimulatedUnit(engine, self.clock, vehicle=vehicle).request, self.clock)
        self.other = Tester(SimulatedUnit(other, self.clock, vehicle=vehicle).request, self.clock)

    def status(self) -> int:
        """Return the status of the lost engine in the other unit."""
        answer = bytes.fromhex(self.other.ask("1902ff"))
        return answer[6] if len(answer) > 3 else 0

    def keep(self, seconds: int, *testers: Tester) -> None:
        """Let time pass with tester present."""
        for _ in range(seconds):
            self.clock.pass_ms(1_000)
            for tester in testers:
                tester.ask("3e80")


def test_boot_loader_is_missed_and_the_fault_stays_until_it_is_cleared() -> None:
    pair = Pair()
    prepared(pair.engine)
    pair.keep(2, pair.engine)
    assert pair.status() == 0
    pair.keep(1, pair.engine)
    assert pair.status() & DtcStatus.TEST_FAILED
    pair.clock.pass_ms(6_000)
    assert not pair.status() & DtcStatus.TEST_FAILED
    assert pair.status() & DtcStatus.CONFIRMED_DTC
    assert pair.other.ask("14ffffff") == "54"
    assert not pair.status() & DtcStatus.CONFIRMED_DTC


def test_nothing_is_taken_down_while_fault_setting_is_off() -> None:
    pair = Pair()
    pair.other.ask("1003")
    assert pair.other.ask("8502") == "c502"
    programmed(tester=pair.engine)
    pair.keep(10, pair.engine, pair.other)
    assert pair.status() == 0
    pair.engine.ask("1101", wait_ms=1_000)
    assert pair.other.ask("8501") == "c501"
    pair.keep(5, pair.other)
    assert pair.status() == 0


@pytest.mark.parametrize("resume", ["8501", "1001", "lapse"])
def test_fault_setting_that_comes_back_too_early_takes_the_fault_down(resume: str) -> None:
    pair = Pair()
    pair.other.ask("1003")
    pair.other.ask("8502")
    erased(pair.engine)
    pair.keep(3, pair.engine, pair.other)
    assert pair.status() == 0
    if resume == "lapse":
        pair.keep(6, pair.engine)
    else:
        pair.other.ask(resume)
    assert pair.status() & DtcStatus.TEST_FAILED


def test_unit_that_is_told_to_be_quiet_is_missed() -> None:
    pair = Pair()
    pair.engine.ask("1003")
    assert pair.engine.ask("280301") == "6803"
    pair.keep(3, pair.engine)
    assert pair.status() & DtcStatus.TEST_FAILED
    assert pair.engine.ask("280001") == "6800"
    assert not pair.status() & DtcStatus.TEST_FAILED


@pytest.mark.parametrize(("reset_ms", "missed"), [(800, False), (4_000, True)])
def test_a_short_reset_is_not_noticed_and_a_long_one_is(reset_ms: int, missed: bool) -> None:
    pair = Pair(reset_ms=reset_ms)
    assert pair.engine.ask("1101", wait_ms=5_000) == "5101"
    assert bool(pair.status()) is missed

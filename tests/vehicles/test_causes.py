"""The faults that docs/simulation.md gives a cause for show it, on the units that have them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulation.workbench import HandDrivenClock, Tester
from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.dtc import FaultState, fault_state, format_code
from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.ecu.vehicle import VehicleState
from workshop_console.console.simulation.load import load_vehicle

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
SETTLED_MS = 3_000
ANSWERED_MS = 60
TICK_MS = 1_000


@dataclass(frozen=True)
class Cause:
    """One row of the table."""

    vehicle: str
    code: str
    unit: str
    run: str
    value: str
    right: str
    here: str

    @property
    def name(self) -> str:
        return f"{self.vehicle}-{self.code}-{self.value}-{self.run.split(' ')[0]}"


def rows() -> list[Cause]:
    """Return the table of the page; empty cells mean the row above."""
    found: list[Cause] = []
    section = PAGE.read_text(encoding="utf-8").split("## Faults with a cause")[1].split("\n## ")[0]
    for line in section.splitlines():
        if not line.startswith("| ") or line.startswith("| vehicle"):
            continue
        vehicle, code, unit, run, value, right, here, _cause = (
            cell.strip() for cell in line.strip("|").split("|")
        )
        named = re.match(r"(result )?`(\w+)`", value)
        assert named, line
        driven = run.replace("`", "") or (found[-1].run if not vehicle and "idle" not in value else "")
        if named[1]:
            continue  # the result of a routine, tested apart
        before = found[-1] if found else None
        found.append(
            Cause(
                vehicle or (before.vehicle if before else ""),
                code or (before.code if before else ""),
                unit or (before.unit if before else ""),
                driven,
                named[2],
                right,
                here,
            )
        )
    return found


class Bench:
    """One unit of a shipped vehicle and a tester in the extended session."""

    def __init__(self, vehicle: str, unit: str, *, engine_runs: bool) -> None:
        self.unit: UnitDefinition = next(u for u in load_vehicle(vehicle).units if u.name == unit)
        self.clock = HandDrivenClock()
        shared = VehicleState(engine_runs=engine_runs)
        self.tester = Tester(SimulatedUnit(self.unit, self.clock, vehicle=shared).request, self.clock)
        self.ask("1003")

    def ask(self, request: str) -> str:
        return self.tester.ask(request, wait_ms=ANSWERED_MS)

    def drive(self, run: str) -> None:
        name, state = re.match(r"(\w+) ([\w-]+)", run).groups()  # type: ignore[union-attr]  # fails the test
        actuator = next(a for a in self.unit.actuators if a.name == name)
        (field,) = actuator.fields
        raw = next((entry.low for entry in field.texts if entry.text == state), None)
        answer = self.ask(f"2f{actuator.did:04x}03{int(state if raw is None else raw):02x}")
        assert answer.startswith("6f"), (run, answer)

    def settle(self) -> None:
        for _ in range(SETTLED_MS // TICK_MS):
            self.clock.pass_ms(TICK_MS)
            self.ask("3e00")

    def read(self, name: str) -> str:
        for record in self.unit.dids:
            for field in record.fields:
                if field.name == name:
                    answer = bytes.fromhex(self.ask(f"22{record.did:04x}"))
                    return decode_fields((field,), answer[3:])[0].value
        raise AssertionError(name)


def is_right(value: str, right: str) -> bool:
    span = re.fullmatch(r"(-?[\d.]+) to (-?[\d.]+)", right)
    if span is None:
        return value == right
    return float(span[1]) <= float(value) <= float(span[2])


def engine_runs(cause: Cause, *, run: str) -> bool:
    return cause.vehicle != "electric" and "(engine off)" not in run


def test_the_table_names_enough_faults_of_every_vehicle() -> None:
    faults = {(cause.vehicle, cause.code) for cause in rows()}
    assert len(faults) >= 25
    assert {vehicle for vehicle, _ in faults} == {"car", "van", "electric"}


@pytest.mark.parametrize("cause", rows(), ids=lambda cause: cause.name)
def test_a_cause_shows_in_its_value(cause: Cause) -> None:
    bench = Bench(cause.vehicle, cause.unit, engine_runs=engine_runs(cause, run=cause.run))
    dtc = next(d for d in bench.unit.dtcs if format_code(d.dtc) == cause.code)
    assert dtc.status is not None
    assert fault_state(dtc.status) is not FaultState.NOT_TESTED
    if "engine off" in cause.run:
        bench.settle()
    if cause.run:
        bench.drive(cause.run)
    bench.settle()
    value = bench.read(cause.value)
    assert not is_right(value, cause.right), value
    if re.fullmatch(r"-?[\d.]+", cause.here):
        assert float(value) == pytest.approx(float(cause.here), rel=0.05, abs=0.02)
    else:
        assert value == cause.here


def same_unit_elsewhere(cause: Cause) -> tuple[str, UnitDefinition] | None:
    """Return a unit that has the same value and no fault of its own in it."""
    others = {(other.vehicle, other.unit, other.value) for other in rows()}
    for vehicle in ("car", "van", "electric"):
        for unit in load_vehicle(vehicle).units:
            faults = {format_code(dtc.dtc) for dtc in unit.dtcs if dtc.status}
            has = any(field.name == cause.value for record in unit.dids for field in record.fields)
            fits = unit.name.split("_")[0][:3] == cause.unit.split("_")[0][:3]
            own = (vehicle, unit.name, cause.value) in others
            if has and fits and not (own or unit.silent or cause.code in faults):
                return vehicle, unit
    return None


def test_without_the_fault_the_same_measurement_is_right() -> None:
    seen = set()
    for cause in rows():
        other = same_unit_elsewhere(cause)
        if other is None:
            continue
        vehicle, unit = other
        runs = vehicle != "electric" and "(engine off)" not in cause.run
        bench = Bench(vehicle, unit.name, engine_runs=runs)
        if "engine off" in cause.run:
            bench.settle()
        if cause.run:
            bench.drive(cause.run)
        bench.settle()
        value = bench.read(cause.value)
        assert is_right(value, cause.right), (cause, vehicle, unit.name, value)
        seen.add(cause.code)
    assert len(seen) >= 15


def test_what_a_routine_puts_right_is_right_afterwards() -> None:
    for vehicle, name, routine_name, value, right in (
        ("car", "DMFL_DriverDoor", "TeachInWindow", "WindowTeachIn", "taught in"),
        ("electric", "RAS_RearAxleSteering", "TeachInSteeringAngle", "EndStops", "taught in"),
        ("electric", "DTR_FrontRadar", "AdjustRadar", "Horizontal", "-0.80 to 0.80"),
    ):
        bench = Bench(vehicle, name, engine_runs=False)
        routine = next(r for r in bench.unit.routines if r.name == routine_name)
        if routine.security_level:
            secret = next(s.secret for s in bench.unit.security if s.level == routine.security_level)
            assert bench.tester.unlock(routine.security_level, secret).startswith("67")
        assert not is_right(bench.read(value), right)
        assert bench.tester.ask(f"3101{routine.rid:04x}", wait_ms=3_000).startswith("7101")
        for _ in range(10):
            bench.clock.pass_ms(TICK_MS)
            bench.ask("3e00")
        assert is_right(bench.read(value), right), value


def test_the_compression_of_the_misfiring_cylinder_is_right() -> None:
    bench = Bench("car", "CDI_EngineControl", engine_runs=False)
    bench.settle()
    assert bench.tester.ask("31010302", wait_ms=3_000) == "710103020064626361"

"""What the shipped units say of their functions fits together, and odxtools reads it as it is defined."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from odxtools.database import Database
from odxtools.diaglayers.basevariant import BaseVariant
from odxtools.odxtypes import ParameterValue

from tests.simulation.workbench import HandDrivenClock, Tester
from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import FieldLayout
from workshop_console.console.model.forms import Condition
from workshop_console.console.odx.generate import SHIPPED
from workshop_console.console.simulation.definition import (
    ActuatorDefinition,
    RoutineDefinition,
    UnitDefinition,
)
from workshop_console.console.simulation.ecu.bits import allowed
from workshop_console.console.simulation.ecu.conditions import kept
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.load import load_vehicle, vehicle_names

LONGEST_ANSWER_MS = 2_500.0
MOST_RELATED = 4
UNITS = [(name, unit) for name in vehicle_names() for unit in load_vehicle(name).units]


@cache
def layers(name: str) -> dict[str, BaseVariant]:
    database = Database(use_weakrefs=False)
    database.add_pdx_file(str(SHIPPED / f"{name}.pdx"))
    database.refresh()
    return {layer.short_name: layer for layer in database.base_variants}


def begin(definition: UnitDefinition) -> Tester:
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(definition, clock).request, clock)
    tester.ask("1003", wait_ms=LONGEST_ANSWER_MS)
    return tester


def answering() -> Iterator[tuple[str, UnitDefinition]]:
    yield from ((name, unit) for name, unit in UNITS if not unit.silent)


def names_of(unit: UnitDefinition) -> set[str]:
    return {field.name for record in unit.dids for field in record.fields}


def test_conditions_and_related_values_name_values_of_the_unit() -> None:
    for vehicle, unit in UNITS:
        known = names_of(unit)
        functions: list[ActuatorDefinition | RoutineDefinition] = [*unit.actuators, *unit.routines]
        conditions: list[Condition] = [c for record in unit.dids for c in record.write_conditions]
        conditions += [c for function in functions for c in function.conditions]
        for condition in conditions:
            assert condition.text
            assert not condition.value or condition.value in known, (vehicle, unit.name, condition)
        for function in functions:
            assert set(function.related) <= known, (vehicle, unit.name, function.name)
            assert len(function.related) <= MOST_RELATED
            programming = 0x02 in function.sessions or function.name == "CheckProgrammingPreconditions"
            assert function.description or programming, function.name


def test_values_that_move_follow_what_is_there() -> None:
    for vehicle, unit in UNITS:
        sources = names_of(unit) | {routine.name for routine in unit.routines}
        sources |= {field.name for actuator in unit.actuators for field in actuator.fields}
        for record in unit.dids:
            own = {field.name for field in record.fields}
            for motion in record.motions:
                assert motion.field in own
                followed = {influence.source for influence in motion.follows}
                assert followed <= sources, (vehicle, unit.name, motion.field, followed - sources)


def test_a_moving_value_has_a_name_of_its_own_in_its_unit() -> None:
    for vehicle, unit in UNITS:
        moving = [motion.field for record in unit.dids for motion in record.motions]
        every = [field.name for record in unit.dids for field in record.fields]
        assert all(every.count(name) == 1 for name in moving), (vehicle, unit.name)


def test_layouts_fit_what_they_describe() -> None:
    def end(fields: tuple[FieldLayout, ...]) -> int:
        bits = (f.byte_position * 8 + f.bit_position + (f.bit_length or 0) for f in fields)
        return max((bit + 7) // 8 for bit in bits)

    for _, unit in UNITS:
        for actuator in unit.actuators:
            assert end(actuator.fields) == len(actuator.data)
            for state in (actuator.data, actuator.default or bytes(len(actuator.data))):
                assert all(allowed(field, state) for field in actuator.fields), actuator.name
        for routine in unit.routines:
            if routine.result_fields:
                assert end(routine.result_fields) == len(routine.result) + (2 if routine.runs_ms else 0)
            if routine.option_fields:
                assert end(routine.option_fields) == routine.option_length


def test_the_fitted_coding_is_one_that_the_unit_would_take() -> None:
    seen = unknown_bits = 0
    for _, unit in UNITS:
        for record in unit.dids:
            if not record.writable:
                continue
            seen += 1
            assert all(allowed(field, record.data) for field in record.fields), (unit.name, record.name)
            options = {value.name: value for value in decode_fields(record.fields, record.data)}
            assert all(kept(rule, options) for rule in record.dependencies), (unit.name, record.name)
            described = bytearray(len(record.data))
            for field in record.fields:
                for bit in range(field.bit_position, field.bit_position + (field.bit_length or 0)):
                    described[field.byte_position + bit // 8] |= 1 << bit % 8
            unknown_bits += any(b & ~d & 0xFF for b, d in zip(record.data, described, strict=True))
    assert seen >= 20
    assert unknown_bits >= 10, "bits that nobody describes are set, so that losing them shows"


@pytest.mark.parametrize("vehicle", ["car", "van"])
def test_at_least_twenty_values_of_the_engine_move(vehicle: str) -> None:
    unit = next(u for u in load_vehicle(vehicle).units if u.name == "CDI_EngineControl")
    tester = begin(unit)
    seen: dict[str, set[str]] = {}
    for _ in range(40):
        for record in unit.dids:
            answer = bytes.fromhex(tester.ask(f"22{record.did:04X}"))
            for value in decode_fields(record.fields, answer[3:]):
                seen.setdefault(value.name, set()).add(value.value)
        tester.clock.pass_ms(300)
    assert sum(len(values) >= 3 for values in seen.values()) >= 20


def test_values_within_their_range_unless_there_is_a_cause() -> None:
    """What is out of its range at rest is what a vehicle says of its unit (see docs/simulation.md)."""
    out: set[tuple[str, str, str]] = set()
    for vehicle, unit in answering():
        tester = begin(unit)
        tester.clock.pass_ms(1_000)
        for record in unit.dids:
            answer = bytes.fromhex(tester.ask(f"22{record.did:04X}", wait_ms=LONGEST_ANSWER_MS))
            for field in record.fields:
                if not field.texts and not allowed(field, answer[3:]):
                    out.add((vehicle, unit.name.split("_")[0], field.name))
    assert out == {
        ("car", "CDI", "AirMass"),
        ("car", "CDI", "Cylinder1"),
        ("car", "CDI", "ReducingAgentLevel"),
        ("car", "ESP", "SensorVoltageFrontLeft"),
        ("car", "PTS", "RingingFrontLeftInner"),
        ("car", "SCR", "ReducingAgentLevel"),
        ("car", "TPMS", "RearRight"),
        ("car", "TPMS", "SensorBatteryRearRight"),
        ("van", "CDI", "FuelLowPressure"),
        ("van", "CDI", "RailPressureActual"),
        ("van", "DMFL", "LockMotorResistance"),
        ("van", "ESP", "SensorVoltageRearLeft"),
        ("van", "KLA", "RefrigerantPressure"),
        ("van", "SCR", "NitrogenOxidesBefore"),
        ("van", "SCR", "ReducingAgentPressure"),
        ("electric", "BMS", "CellVoltageSpread"),
        ("electric", "DTR", "Horizontal"),
        ("electric", "TPMS", "RearRight"),
    }


def plain(value: object) -> str:
    return str(value)


def assert_same(field: FieldLayout, found: object, data: bytes) -> None:
    """Compare what odxtools made of a field with what the definition says of the same bytes."""
    (expected,) = decode_fields((field,), data)
    if isinstance(found, (int, float)):
        places = field.digits if field.digits is not None else 3
        assert float(expected.value) == pytest.approx(float(found), abs=0.6 * 10**-places), field.name
    else:
        assert plain(found).rstrip("\x00 ") == expected.value, field.name


def test_odxtools_reads_every_record_as_it_is_defined() -> None:
    for vehicle, unit in answering():
        if unit.refuses:
            continue
        services = {service.short_name: service for service in layers(vehicle)[unit.name].diag_services}
        tester = begin(unit)
        for record in unit.dids:
            service = services[f"{record.name}_Read"]
            answer = bytes.fromhex(tester.ask(f"22{record.did:04X}", wait_ms=LONGEST_ANSWER_MS))
            decoded = service.decode_message(answer).param_dict
            for field in record.fields:
                assert_same(field, decoded[field.name], answer[3:])


def test_odxtools_drives_every_output_and_reads_its_answer() -> None:
    driven = 0
    for vehicle, unit in answering():
        services = {service.short_name: service for service in layers(vehicle)[unit.name].diag_services}
        for actuator in unit.actuators:
            tester = begin(unit)
            if actuator.security_level:
                secret = next(s.secret for s in unit.security if s.level == actuator.security_level)
                assert tester.unlock(actuator.security_level, secret).startswith("67")
            state: dict[str, ParameterValue] = {}
            for field in actuator.fields:
                assert field.texts or field.high is not None
                state[field.name] = field.texts[-1].text if field.texts else int(field.high or 0)
            request = services[f"{actuator.name}_Adjust"].encode_request(**state)
            answer = tester.ask(bytes(request).hex(), wait_ms=LONGEST_ANSWER_MS)
            if answer == "7f2f22":
                assert any(c.value in ("EngineSpeed", "EngineStatus") for c in actuator.conditions)
                continue
            decoded = services[f"{actuator.name}_Adjust"].decode_message(bytes.fromhex(answer)).param_dict
            assert {name: decoded[name] for name in state} == state, (unit.name, actuator.name)
            for short in ("Freeze", "Reset", "Return"):
                request = services[f"{actuator.name}_{short}"].encode_request()
                answer = tester.ask(bytes(request).hex(), wait_ms=LONGEST_ANSWER_MS)
                assert services[f"{actuator.name}_{short}"].decode_message(bytes.fromhex(answer))
            driven += 1
    assert driven >= 40


def test_odxtools_starts_every_routine_and_reads_its_result() -> None:
    done = 0
    for vehicle, unit in answering():
        services = {service.short_name: service for service in layers(vehicle)[unit.name].diag_services}
        for routine in unit.routines:
            if 0x03 not in routine.sessions or routine.switches_engine:
                continue
            tester = begin(unit)
            if routine.security_level:
                secret = next(s.secret for s in unit.security if s.level == routine.security_level)
                tester.unlock(routine.security_level, secret)
            start = services[f"{routine.name}_Start"]
            request = start.encode_request(**dict(routine.option_defaults))
            answer = tester.ask(bytes(request).hex(), wait_ms=LONGEST_ANSWER_MS)
            if answer == "7f3122":
                assert any(c.value == "EngineSpeed" for c in routine.conditions), routine.name
                continue
            decoded = start.decode_message(bytes.fromhex(answer)).param_dict
            if routine.runs_ms:
                assert decoded["State"] == "running"
            for _ in range(routine.runs_ms // 2_000 + 1):
                tester.clock.pass_ms(2_000)
                tester.ask("3e00", wait_ms=LONGEST_ANSWER_MS)
            result = services[f"{routine.name}_Result"]
            request = result.encode_request()
            answer = tester.ask(bytes(request).hex(), wait_ms=LONGEST_ANSWER_MS)
            decoded = result.decode_message(bytes.fromhex(answer)).param_dict
            for field in routine.result_fields:
                assert_same(field, decoded[field.name], bytes.fromhex(answer)[4:])
            assert decoded.get("State", "completed") == "completed"
            done += 1
    assert done >= 30

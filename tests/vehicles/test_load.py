"""The shipped vehicles are complete, consistent and believable."""

from __future__ import annotations

import re

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.dtc import FaultState, fault_state
from workshop_console.console.simulation.definition import UnitDefinition, VehicleDefinition
from workshop_console.console.simulation.load import load_vehicle, vehicle_names

SIZES = {"car": 45, "van": 20, "electric": 30}


@pytest.fixture(params=sorted(SIZES))
def vehicle(request: pytest.FixtureRequest) -> VehicleDefinition:
    return load_vehicle(request.param)


def test_the_names_are_those_of_the_issue() -> None:
    assert set(vehicle_names()) == set(SIZES)
    assert vehicle_names()[0] == "car"


def test_an_unknown_vehicle_is_a_numbered_message_that_names_the_known_ones() -> None:
    with pytest.raises(ConsoleError) as caught:
        load_vehicle("../\x1b[2Jtractor")
    assert caught.value.number == "WC-206"
    assert "electric" in str(caught.value.facts["detail"])
    assert "\x1b" not in str(caught.value.facts["detail"])


def test_size_and_vin(vehicle: VehicleDefinition) -> None:
    assert len(vehicle.units) == SIZES[vehicle.name]
    assert re.fullmatch(r"W1[KNV][0-9A-HJ-NPR-Z]{14}", vehicle.vin)
    assert re.fullmatch(vehicle.vin_pattern, vehicle.vin)
    assert vehicle.line == ("can" if vehicle.name == "van" else "doip")


def test_names_and_addresses_are_used_once(vehicle: VehicleDefinition) -> None:
    units = vehicle.units
    names = [unit.name for unit in units] + [v.name for unit in units for v in unit.variants]
    assert len(set(names)) == len(names)
    assert len({unit.logical for unit in units}) == len(units)
    identifiers = [n for unit in units for n in (unit.can_request, unit.can_response)]
    assert len(set(identifiers)) == len(identifiers)
    assert vehicle.can_functional not in identifiers
    assert all(0 < n <= 0x7FF for n in identifiers)
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,128}", unit.name) for unit in units)


def test_each_vehicle_has_its_difficult_units(vehicle: VehicleDefinition) -> None:
    def unknown(unit: UnitDefinition) -> bool:
        return unit.fitted not in {v.name for v in unit.variants}

    assert 1 <= sum(unit.silent for unit in vehicle.units) <= 2
    assert sum(map(unknown, vehicle.units)) == 1
    assert sum(bool(unit.refuses) for unit in vehicle.units) == 1
    assert sum(bool(unit.pending_services) for unit in vehicle.units) == 1
    assert all(unit.fitted_identification for unit in vehicle.units if unknown(unit))


def test_the_fault_memory_is_mixed(vehicle: VehicleDefinition) -> None:
    entries = [dtc for unit in vehicle.units for dtc in unit.dtcs if dtc.status is not None]
    states = {fault_state(dtc.status) for dtc in entries if dtc.status is not None}
    assert 12 <= len(entries) <= 30
    assert states == set(FaultState)
    assert sum(dtc.comes_back for dtc in entries) >= 1
    assert sum(dtc.sticky for dtc in entries) == 1
    assert all(dtc.text and "  " not in dtc.text for unit in vehicle.units for dtc in unit.dtcs)
    for dtc in entries:
        assert dtc.first_km <= dtc.last_km <= vehicle.odometer_km


def test_every_unit_supports_a_believable_number_of_codes(vehicle: VehicleDefinition) -> None:
    for unit in vehicle.units:
        assert 8 <= len(unit.dtcs) <= 40, unit.name
        assert len({dtc.dtc for dtc in unit.dtcs}) == len(unit.dtcs)


def test_records_fit_their_fields_and_snapshots(vehicle: VehicleDefinition) -> None:
    for unit in vehicle.units:
        by_did = {record.did: record for record in unit.dids}
        assert len(by_did) == len(unit.dids)
        assert {0xF100, 0xF186, 0xF187, 0xF188, 0xF189, 0xF18C, 0xF191, 0xF195} <= by_did.keys()
        for record in unit.dids:
            used = [f.byte_position * 8 + f.bit_position + (f.bit_length or 0) for f in record.fields]
            assert max(used) <= 8 * len(record.data), (unit.name, record.name)
        for dtc in unit.dtcs:
            for did, data in dtc.snapshot:
                assert by_did[did].snapshot
                assert len(data) == len(by_did[did].data)


def test_what_needs_security_can_be_unlocked(vehicle: VehicleDefinition) -> None:
    for unit in vehicle.units:
        levels = {security.level for security in unit.security} | {0}
        needed = {record.security_level for record in unit.dids}
        needed |= {routine.security_level for routine in unit.routines}
        needed |= {actuator.security_level for actuator in unit.actuators}
        assert needed <= levels, unit.name


def test_several_units_can_be_coded_actuated_and_programmed(vehicle: VehicleDefinition) -> None:
    assert sum(any(record.writable for record in unit.dids) for unit in vehicle.units) >= 4
    assert sum(bool(unit.actuators) for unit in vehicle.units) >= 6
    assert sum(bool(unit.routines) for unit in vehicle.units) >= 8
    assert sum(bool(unit.memory) for unit in vehicle.units) >= 4
    assert any(record.did == 0xF190 for record in vehicle.units[0].dids)

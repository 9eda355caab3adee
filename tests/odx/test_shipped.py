"""The shipped PDX files are those of the vehicle definitions, and come back whole through the import."""

from __future__ import annotations

import re
import warnings
import zipfile
from functools import cache
from pathlib import Path

import odxtools
import pytest

from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import ImportedDescription, ImportedUnit
from workshop_console.console.model.dtc import format_code
from workshop_console.console.odx.authoring.services import EXTENDED_RECORDS
from workshop_console.console.odx.generate import SHIPPED, generate
from workshop_console.console.odx.importer import PdxImporter
from workshop_console.console.procedures.identify import rule_holds
from workshop_console.console.simulation.definition import UnitDefinition, VehicleDefinition
from workshop_console.console.simulation.load import load_vehicle, vehicle_names

ALL_TOGETHER_BYTES = 1_500_000


@cache
def imported(name: str) -> ImportedDescription:
    return PdxImporter().read(SHIPPED / f"{name}.pdx")


@pytest.fixture(params=vehicle_names())
def vehicle(request: pytest.FixtureRequest) -> VehicleDefinition:
    return load_vehicle(request.param)


def pairs(vehicle: VehicleDefinition) -> list[tuple[UnitDefinition, ImportedUnit]]:
    return list(zip(vehicle.units, imported(vehicle.name).units, strict=True))


def contents(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_shipped_files_are_current(tmp_path: Path) -> None:
    """Run `python -m workshop_console.console.odx.generate` after changing a vehicle when this fails."""
    # The documents are compared, not the archives: another zlib packs them differently.
    for file in generate(tmp_path):
        assert contents(SHIPPED / file.name) == contents(file), file.name


@pytest.mark.soak
def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for first, second in zip(generate(tmp_path / "a"), generate(tmp_path / "b"), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_they_stay_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.glob("*.pdx")) < ALL_TOGETHER_BYTES


def test_odxtools_loads_them_without_complaint(vehicle: VehicleDefinition) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        database = odxtools.load_pdx_file(str(SHIPPED / f"{vehicle.name}.pdx"))
    assert len(database.base_variants) == len(vehicle.units)
    unit = database.base_variants[0]
    assert unit.get_can_receive_id("UDS_on_CAN") == vehicle.units[0].can_request
    assert unit.get_doip_logical_ecu_address("UDS_on_IP") == vehicle.units[0].logical


def test_the_import_has_no_problems(vehicle: VehicleDefinition) -> None:
    assert imported(vehicle.name).problems == ()
    assert re.search(vehicle.vin, imported(vehicle.name).name)


def test_units_come_in_order_with_both_addresses(vehicle: VehicleDefinition) -> None:
    for definition, unit in pairs(vehicle):
        assert (unit.summary.name, unit.summary.label) == (definition.name, definition.label)
        assert set(unit.summary.addresses) == {
            DoipAddress(definition.logical),
            CanAddress(definition.can_request, definition.can_response),
        }
        assert unit.summary.functional_request == vehicle.can_functional


def test_fault_codes_come_back(vehicle: VehicleDefinition) -> None:
    for definition, unit in pairs(vehicle):
        described = {dtc.dtc: dtc for dtc in unit.descriptions[0].dtcs}
        assert described.keys() == {dtc.dtc for dtc in definition.dtcs}
        for dtc in definition.dtcs:
            found = described[dtc.dtc]
            assert (found.text, found.priority) == (dtc.text, dtc.priority)
            assert found.display_code == format_code(dtc.dtc)


def test_records_come_back_with_their_fields(vehicle: VehicleDefinition) -> None:
    for definition, unit in pairs(vehicle):
        found = {identifier.did: identifier for identifier in unit.descriptions[0].data_identifiers}
        assert found.keys() == {record.did for record in definition.dids}
        for record in definition.dids:
            identifier = found[record.did]
            assert (identifier.name, identifier.label) == (record.name, record.label)
            assert identifier.length == len(record.data), (unit.summary.name, record.name)
            placed = [
                (f.name, f.byte_position, f.bit_position, f.bit_length, f.kind, f.unit) for f in record.fields
            ]
            assert placed == [
                (f.name, f.byte_position, f.bit_position, f.bit_length, f.kind, f.unit)
                for f in identifier.fields
            ]


def test_extended_records_and_functions_come_back(vehicle: VehicleDefinition) -> None:
    for definition, unit in pairs(vehicle):
        description = unit.descriptions[0]
        layouts = {record.record_number: record.fields for record in description.extended_records}
        assert layouts == EXTENDED_RECORDS
        requests = {function.request: function.kind for function in description.functions}
        for routine in definition.routines:
            assert requests[b"\x31\x01" + routine.rid.to_bytes(2, "big")] == "routine"
        for actuator in definition.actuators:
            assert requests[b"\x2f" + actuator.did.to_bytes(2, "big") + b"\x03"] == "actuator"
        for security in definition.security:
            assert requests[bytes((0x27, security.level))] == "security"
        for record in definition.dids:
            if record.writable:
                assert requests[b"\x2e" + record.did.to_bytes(2, "big")] == "coding"


def test_exactly_the_fitted_variant_matches(vehicle: VehicleDefinition) -> None:
    for definition, unit in pairs(vehicle):
        record = next(record for record in definition.dids if record.did == 0xF100)
        answer = b"\x62\xf1\x00" + record.data
        matching = [
            variant.name
            for variant in unit.summary.variants
            if any(all(rule_holds(rule, answer) for rule in pattern) for pattern in variant.patterns)
        ]
        names = {variant.name for variant in definition.variants}
        assert {variant.name for variant in unit.summary.variants} == names
        assert matching == ([definition.fitted] if definition.fitted in names else [])
        for variant in unit.summary.variants:
            assert {rule.request for pattern in variant.patterns for rule in pattern} == {b"\x22\xf1\x00"}

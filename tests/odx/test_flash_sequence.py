"""How a unit is flashed, as its description says it: written, read, refused where half understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from odxtools.diaglayers.basevariant import BaseVariant
from odxtools.diaglayers.ecuvariant import EcuVariant
from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup

from workshop_console.console.model.condition import Comparison, Condition
from workshop_console.console.model.flash import ExtraStep, FlashSequence, FlashStep
from workshop_console.console.odx.authoring.flashing import flash_data
from workshop_console.console.odx.authoring.vehicle import build_database
from workshop_console.console.odx.coder.flashing import flash_sequence_of
from workshop_console.console.odx.coder.forms import index_layer
from workshop_console.console.odx.wire import from_json, to_json
from workshop_console.console.simulation.load import load_vehicle, vehicle_names

FULL = FlashSequence(
    leave_out=(FlashStep.CHECK_CONDITIONS, FlashStep.FINGERPRINT),
    add=(
        ExtraStep(after=FlashStep.SECURITY_ACCESS, label="Release", request=bytes.fromhex("31010F01")),
        ExtraStep(after=FlashStep.ERASE, label="Wake the memory", request=bytes.fromhex("2E010203")),
    ),
    security_level=0x11,
    conditions_rid=0x0300,
    erase_rid=0xFF10,
    erase_all=True,
    check_memory_rid=0x0333,
    check_dependencies_rid=0xFF11,
    fingerprint_did=0xF199,
    address_bytes=3,
    size_bytes=2,
    side_by_side=False,
    erase_ms=12_000,
    reset_ms=700,
    conditions=(Condition(text="Stands", value="VehicleSpeed", limit="0"), Condition(text="Bonnet closed")),
    voltage=Condition(text="Voltage", value="BatteryVoltage", comparison=Comparison.AT_LEAST, limit="12.5"),
    charger=Condition(text="Charger", value="BatteryCharger", limit="connected"),
)


class _Layer:
    def __init__(self, *groups: SpecialDataGroup) -> None:
        self.sdgs = groups


def read(*groups: SpecialDataGroup) -> FlashSequence | None:
    return flash_sequence_of(cast(BaseVariant, _Layer(*groups)))


@pytest.mark.parametrize("sequence", [FULL, FlashSequence()])
def test_a_sequence_is_read_as_it_was_written(sequence: FlashSequence) -> None:
    assert read(flash_data(sequence)) == sequence
    assert from_json(FlashSequence, to_json(sequence)) == sequence


def test_nothing_is_described_without_the_group() -> None:
    assert read() is None
    assert read(SpecialDataGroup(semantic_info="WorkshopConsole", values=[])) is None
    other = flash_data(FULL)
    other.semantic_info = "SomebodyElse"
    assert read(other) is None


def spoiled(change: Callable[[SpecialDataGroup], None]) -> SpecialDataGroup:
    group = flash_data(FULL)
    (flash,) = group.values
    assert isinstance(flash, SpecialDataGroup)
    change(flash)
    return group


def with_text(name: str, text: str) -> Callable[[SpecialDataGroup], None]:
    def change(flash: SpecialDataGroup) -> None:
        for group in (flash, *(v for v in flash.values if isinstance(v, SpecialDataGroup))):
            for value in group.values:
                if isinstance(value, SpecialData) and value.semantic_info == name:
                    value.value = text

    return change


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LeaveOut", "everything"),
        ("After", "the day before"),
        ("Request", ""),
        ("Request", "3101F"),
        ("EraseRoutine", "FF00FF"),
        ("EraseRoutine", "-1"),
        ("SecurityLevel", "2"),
        ("SecurityLevel", "99"),
        ("AddressBytes", "0"),
        ("SizeBytes", "5"),
        ("EraseArea", "some"),
        ("SideBySide", "perhaps"),
        ("EraseTime", "long"),
        ("ResetTime", "1e9"),
    ],
)
def test_one_wrong_entry_and_nothing_is_described(name: str, text: str) -> None:
    assert read(spoiled(with_text(name, text))) is None


def test_too_many_entries_are_not_read() -> None:
    def change(flash: SpecialDataGroup) -> None:
        flash.values = [*flash.values] * 20

    assert read(spoiled(change)) is None


@pytest.mark.parametrize("name", vehicle_names())
def test_shipped_descriptions_say_what_the_units_insist_on(name: str) -> None:
    vehicle = load_vehicle(name)
    database = build_database(vehicle)
    units = {unit.name: unit for unit in vehicle.units}
    layers: list[BaseVariant | EcuVariant] = [*database.base_variants, *database.ecu_variants]
    for layer in layers:
        base = layer if isinstance(layer, BaseVariant) else layer.base_variant
        assert base is not None
        unit = units[base.short_name]
        forms = index_layer(layer, unit.name, layer.short_name).forms
        assert forms.flash == (unit.flash.sequence if unit.memory else None)
        if forms.flash is not None:
            conditions = (*forms.flash.conditions, forms.flash.voltage, forms.flash.charger)
            named = [c.value for c in conditions if c is not None and c.value]
            assert all(forms.record_of(value) is not None for value in named)
            changing = ("EraseMemory", "CheckMemory", "ReleaseProgramMemory")
            assert not any(function.name.startswith(changing) for function in forms.functions)
    kinds = [unit.flash.sequence for unit in vehicle.units if unit.memory]
    assert any(sequence.leave_out for sequence in kinds)
    assert any(sequence.add for sequence in kinds)

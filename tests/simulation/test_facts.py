"""What is read without building the control units is what the whole vehicle says."""

from __future__ import annotations

import pytest

from workshop_console.console.simulation.facts import VehicleFacts, vehicle_facts
from workshop_console.console.simulation.load import load_vehicle, vehicle_names


@pytest.mark.parametrize("name", vehicle_names())
def test_facts_are_those_of_the_vehicle(name: str) -> None:
    vehicle = load_vehicle(name)
    assert vehicle_facts(name) == VehicleFacts(
        label=vehicle.label, vin=vehicle.vin, group=vehicle.group, line=vehicle.line
    )
    assert vehicle.vin_pattern == vehicle.vin

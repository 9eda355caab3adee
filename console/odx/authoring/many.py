"""Makes a vehicle of any size out of the shipped car, to measure imports with."""

from __future__ import annotations

from dataclasses import replace

from workshop_console.console.simulation.definition import UnitDefinition, VehicleDefinition
from workshop_console.console.simulation.load import load_vehicle

_FIRST_LOGICAL = 0x4000
_FIRST_CAN_REQUEST = 0x18DA_0000
"""29-bit identifiers (ISO 15765-2, normal fixed addressing): 11 bits do not have room for many units."""


def many_units(count: int) -> VehicleDefinition:
    """Return a vehicle with `count` control units, which are those of the shipped car over and over."""
    car = load_vehicle("car")
    units = tuple(_numbered(car.units[index % len(car.units)], index) for index in range(count))
    return replace(car, name=f"units-{count}", label=f"Vehicle with {count} control units", units=units)


def _numbered(unit: UnitDefinition, index: int) -> UnitDefinition:
    fitted = next((v for v in unit.variants if v.name == unit.fitted), unit.variants[-1])
    variants = tuple(replace(v, name=f"U{index:03d}_{v.name}") for v in unit.variants)
    return replace(
        unit,
        name=f"U{index:03d}_{unit.name}",
        logical=_FIRST_LOGICAL + index,
        can_request=_FIRST_CAN_REQUEST + (index << 8) + 0xF1,
        can_response=_FIRST_CAN_REQUEST + 0xF100 + index,
        variants=variants,
        fitted=f"U{index:03d}_{fitted.name}",
        fitted_identification=b"",
        silent=False,
        refuses=(),
    )

"""Changes values of a vehicle before it starts: `--set NAME=VALUE`.

| name | value |
|---|---|
| battery | volts: what every unit measures |
| charger | yes or no |
| NAME of a field | its physical value, or one of its texts; in every unit that has the field |
| UNIT.NAME | the same in one unit |

A value that is set moves no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import FieldLayout
from workshop_console.console.simulation.definition import DidDefinition, UnitDefinition, VehicleDefinition
from workshop_console.console.simulation.ecu.bits import NUMERIC, with_physical, with_raw

_SHORT = {"battery": "BatteryVoltage", "charger": "BatteryCharger"}
_CHARGER = {"yes": "connected", "no": "not connected"}


def changed(vehicle: VehicleDefinition, settings: Iterable[str]) -> VehicleDefinition:
    """Return the vehicle with other values. Raises ConsoleError WC-103 for a setting that fits nothing."""
    for setting in settings:
        name, separator, value = setting.partition("=")
        unit_name, _, field_name = name.rpartition(".")
        field_name = _SHORT.get(field_name, field_name)
        if field_name == _SHORT["charger"]:
            value = _CHARGER.get(value, value)
        units = tuple(
            _changed(unit, field_name, value) if unit_name in ("", unit.name) else unit
            for unit in vehicle.units
        )
        if not separator or (units == vehicle.units and not _has(vehicle, unit_name, field_name, value)):
            raise ConsoleError(
                "WC-103", detail=clean(f"--set {setting} (battery=V, charger=yes|no, [UNIT.]NAME=VALUE)")
            )
        vehicle = replace(vehicle, units=units)
    return vehicle


def _has(vehicle: VehicleDefinition, unit_name: str, field_name: str, value: str) -> bool:
    """Return whether there is such a field, which has the value already."""
    return any(
        unit_name in ("", unit.name) and field.name == field_name and _content(field, did, value) is not None
        for unit in vehicle.units
        for did in unit.dids
        for field in did.fields
    )


def _changed(unit: UnitDefinition, name: str, value: str) -> UnitDefinition:
    return replace(unit, dids=tuple(_record(did, name, value) for did in unit.dids))


def _record(did: DidDefinition, name: str, value: str) -> DidDefinition:
    field = next((field for field in did.fields if field.name == name), None)
    data = _content(field, did, value) if field is not None else None
    if data is None:
        return did
    motions = tuple(motion for motion in did.motions if motion.field != name)
    return replace(did, data=data, motions=motions, sweep=False)


def _content(field: FieldLayout, did: DidDefinition, value: str) -> bytes | None:
    """Return the record with the value; None where the field cannot have it."""
    if field.kind not in NUMERIC:
        return None
    for entry in field.texts:
        if entry.text == value:
            return with_raw(field, did.data, entry.low)
    try:
        return with_physical(field, did.data, float(value))
    except (ValueError, OverflowError):
        return None

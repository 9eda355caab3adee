"""Reads the shipped vehicles (data/vehicles/*.toml) into definitions.

A vehicle names its control units; what a kind of unit supports stands in data/vehicles/profiles: fault codes
by family, records with their fields, and profiles that put them together.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.description import FieldLayout, TextRange, ValueKind
from workshop_console.console.model.dtc import parse_code
from workshop_console.console.simulation.definition import (
    ActuatorDefinition,
    DidDefinition,
    DtcDefinition,
    RoutineDefinition,
    SecurityDefinition,
    UnitDefinition,
    VariantDefinition,
    VehicleDefinition,
)
from workshop_console.console.simulation.security import secret_of

VEHICLES = ("car", "van", "electric")
"""Names of the shipped vehicles; the first is what sim:// means."""

SNAPSHOT_RECORDS = ("odometer", "battery_voltage", "temperature", "speed")
"""Records that every unit has and every snapshot holds, in the order of their identifiers."""

_FLASH_SEGMENT = (0x0008_0000, 0x4_0000)
"""Address and length of the program memory of units that can be programmed."""
_LEAST_URGENT = 4
_Table = dict[str, Any]


def vehicle_names() -> tuple[str, ...]:
    """Return the names that load_vehicle() knows."""
    return VEHICLES


@cache
def load_vehicle(name: str) -> VehicleDefinition:
    """Return the shipped vehicle `name`. Raises ConsoleError WC-206 when there is none of that name."""
    if name not in VEHICLES:
        raise ConsoleError("WC-206", detail=f"{clean(name, longest=60)}: {', '.join(VEHICLES)}")
    vehicle = _read(f"{name}.toml")
    common = {key: vehicle[key] for key in ("battery_v", "odometer_km")}
    return VehicleDefinition(
        name=vehicle["name"],
        label=vehicle["label"],
        vin=vehicle["vin"],
        vin_pattern=vehicle["vin"],
        group=ProductGroup(vehicle["group"]),
        line=vehicle["line"],
        gateway_logical=vehicle["gateway_logical"],
        eid=bytes.fromhex(vehicle["eid"]),
        gid=bytes.fromhex(vehicle["gid"]),
        units=tuple(_unit(unit, vehicle["vin"], common) for unit in vehicle["unit"]),
        **common,
    )


@cache
def _read(*path: str) -> _Table:
    file = resources.files("workshop_console.data.vehicles").joinpath(*path)
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _records() -> _Table:
    return _read("profiles", "records.toml")


def _unit(unit: _Table, vin: str, common: _Table) -> UnitDefinition:
    """Return one control unit: its profile, and what the vehicle says of it."""
    profile = _read("profiles", "units.toml")["profile"][unit["profile"]] | unit
    levels = [*([0x01] if profile.get("flash") else []), *profile.get("security", ())]
    routines = [*profile.get("routines", ())]
    if profile.get("flash"):
        routines += ["programming_preconditions", "erase_memory", "check_memory"]
    variants = tuple(
        VariantDefinition(name=v["name"], label=v["name"], identification=bytes.fromhex(v["identification"]))
        for v in unit["variants"]
    )
    return UnitDefinition(
        name=unit["name"],
        label=unit["label"],
        logical=unit["logical"],
        can_request=unit["can"][0],
        can_response=unit["can"][1],
        variants=variants,
        fitted=unit["fitted"],
        fitted_identification=bytes.fromhex(unit.get("fitted_identification", "")),
        answer_after_ms=unit.get("answer_after_ms", 0),
        pending_services=tuple(unit.get("pending_services", ())),
        pending_ms=unit.get("pending_ms", 0),
        refuses=tuple(unit.get("refuses", ())),
        silent=unit.get("silent", False),
        dids=(*_identification(unit, variants, profile, vin), *_data(profile, common)),
        dtcs=_dtcs(profile["faults"], unit.get("fault_memory", ())),
        routines=tuple(_routine(_records()["routine"][name]) for name in routines),
        actuators=tuple(_actuator(_records()["actuator"][name]) for name in profile.get("actuators", ())),
        security=tuple(
            SecurityDefinition(level=level, secret=secret_of(unit["name"], level)) for level in levels
        ),
        memory=(_FLASH_SEGMENT,) if profile.get("flash") else (),
    )


def _identification(
    unit: _Table, variants: tuple[VariantDefinition, ...], profile: _Table, vin: str
) -> tuple[DidDefinition, ...]:
    """Return the identification records (0xF100 to 0xF195) of a unit."""
    part, hardware, software = unit["numbers"]
    hardware_version, software_version = unit["versions"]
    fitted = next((v.identification for v in variants if v.name == unit["fitted"]), None)
    if fitted is None:
        fitted = bytes.fromhex(unit["fitted_identification"])
    session = FieldLayout(
        name="ActiveSession",
        label="Active diagnostic session",
        byte_position=0,
        texts=tuple(
            TextRange(low=number, high=number, text=text)
            for number, text in ((1, "default"), (2, "programming"), (3, "extended"))
        ),
    )
    variant = (
        FieldLayout(name="GatewayMode", label="Gateway mode", byte_position=0),
        FieldLayout(
            name="VariantIdentification", label="Variant identification", byte_position=1, bit_length=16
        ),
        FieldLayout(name="DiagnosticVersion", label="Diagnostic version", byte_position=3),
    )
    texts = [
        (0xF187, "PartNumber", "Part number", part),
        (0xF188, "SoftwareNumber", "Software number", software),
        (0xF189, "SoftwareVersion", "Software version", software_version),
        (0xF18C, "SerialNumber", "Serial number", f"{unit['logical']:04X}{vin[-6:]}{part[-6:]}"),
        *([(0xF190, "VIN", "Vehicle identification number", vin)] if profile.get("vin") else []),
        (0xF191, "HardwareNumber", "Hardware number", hardware),
        (0xF193, "HardwareVersion", "Hardware version", hardware_version),
        (0xF195, "SupplierSoftwareVersion", "Software version of the supplier", software_version),
    ]
    return (
        DidDefinition(
            did=0xF100,
            name="VariantIdentificationRecord",
            label="Variant identification",
            data=fitted,
            fields=variant,
        ),
        DidDefinition(
            did=0xF186,
            name="ActiveSession",
            label="Active diagnostic session",
            data=b"\x01",
            fields=(session,),
        ),
        *(
            DidDefinition(
                did=did,
                name=name,
                label=label,
                data=text.encode("ascii"),
                fields=(
                    FieldLayout(
                        name=name,
                        label=label,
                        byte_position=0,
                        bit_length=8 * len(text),
                        kind=ValueKind.ASCII,
                    ),
                ),
            )
            for did, name, label, text in texts
        ),
    )


def _data(profile: _Table, common: _Table) -> tuple[DidDefinition, ...]:
    """Return the records of a profile, those of every unit first."""
    records = []
    for name in (*SNAPSHOT_RECORDS, *profile.get("dids", ())):
        record = _records()["did"][name]
        if name == "odometer":
            data = int(common["odometer_km"]).to_bytes(3, "big")
        elif name == "battery_voltage":
            data = round(common["battery_v"] * 10).to_bytes(1, "big")
        else:
            data = bytes.fromhex(record["data"])
        records.append(
            DidDefinition(
                did=record["did"],
                name=record["name"],
                label=record["label"],
                data=data,
                fields=tuple(_field(field, record["label"]) for field in record["fields"]),
                writable=record.get("writable", False),
                security_level=record.get("security_level", 0),
                write_sessions=tuple(record.get("write_sessions", ())),
                sweep=record.get("sweep", False),
                snapshot=record.get("snapshot", False),
            )
        )
    return tuple(records)


def _field(field: _Table, label: str) -> FieldLayout:
    return FieldLayout(
        name=field["name"],
        label=field.get("label", label),
        byte_position=field["at"],
        bit_position=field.get("bit", 0),
        bit_length=field.get("bits", 8),
        kind=ValueKind(field.get("kind", "unsigned")),
        little_endian=field.get("little_endian", False),
        factor=float(field.get("factor", 1)),
        offset=float(field.get("offset", 0)),
        divisor=float(field.get("divisor", 1)),
        texts=tuple(TextRange(low=low, high=high, text=text) for low, high, text in field.get("texts", ())),
        unit=field.get("unit", ""),
        digits=field.get("digits"),
    )


def _dtcs(families: list[str], memory: list[_Table]) -> tuple[DtcDefinition, ...]:
    """Return the fault codes of `families`, with the entries of the fault memory at the start."""
    faults = _read("profiles", "faults.toml")
    entries = {entry["code"]: entry for entry in memory}
    codes: dict[str, DtcDefinition] = {}
    for family in families:
        priority = faults["priority"].get(family, _LEAST_URGENT)
        for base, (text, *failures) in faults["family"][family].items():
            for failure in failures:
                code = f"{base}-{failure}"
                words = f"{text}: {faults['failure'][failure]}" if faults["failure"][failure] else text
                codes.setdefault(code, _dtc(code, words, priority, entries.get(code)))
    if unknown := entries.keys() - codes.keys():
        raise ValueError(f"fault memory names codes that the unit does not support: {sorted(unknown)}")
    return tuple(codes.values())


def _dtc(code: str, text: str, priority: int, entry: _Table | None) -> DtcDefinition:
    number = parse_code(code)
    if number is None:
        raise ValueError(f"not a fault code: {code}")
    if entry is None:
        return DtcDefinition(dtc=number, text=text, priority=priority)
    first_km, last_km = entry.get("km", (0, 0))
    snapshot: tuple[tuple[int, bytes], ...] = ()
    if "km" in entry:
        values = {
            "odometer": last_km.to_bytes(3, "big"),
            "battery_voltage": bytes([round(entry["volts"] * 10)]),
            "temperature": bytes([round(entry["temperature"]) + 40]),
            "speed": bytes([entry["speed"]]),
        }
        snapshot = tuple((_records()["did"][name]["did"], values[name]) for name in SNAPSHOT_RECORDS)
    return DtcDefinition(
        dtc=number,
        text=text,
        priority=entry.get("priority", priority),
        status=entry["status"],
        comes_back=entry.get("comes_back", False),
        sticky=entry.get("sticky", False),
        occurrences=entry.get("occurrences", 1 if first_km else 0),
        first_km=first_km,
        last_km=last_km,
        snapshot=snapshot,
    )


def _security(level: int, logical: int) -> SecurityDefinition:
    return SecurityDefinition(level=level, secret=0x4D42_0000 | logical ^ level << 4)


def _routine(routine: _Table) -> RoutineDefinition:
    values = {key: routine[key] for key in ("rid", "name", "label")}
    values |= {
        key: routine[key] for key in ("duration_ms", "option_length", "security_level") if key in routine
    }
    if "result" in routine:
        values["result"] = bytes.fromhex(routine["result"])
    if "sessions" in routine:
        values["sessions"] = tuple(routine["sessions"])
    return RoutineDefinition(**values)


def _actuator(actuator: _Table) -> ActuatorDefinition:
    values = {key: actuator[key] for key in ("did", "name", "label", "security_level") if key in actuator}
    return ActuatorDefinition(**values, data=bytes.fromhex(actuator["data"]))

"""Reads the shipped vehicles (data/vehicles/*.toml) into definitions.

A vehicle names its control units; what a kind of unit supports stands in data/vehicles/profiles: fault codes
by family, records with their fields, and profiles that put them together.
"""

from __future__ import annotations

from functools import cache

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.description import FieldLayout, TextRange, ValueKind
from workshop_console.console.model.dtc import parse_code
from workshop_console.console.model.flash import ExtraStep, FlashSequence, FlashStep
from workshop_console.console.simulation.definition import (
    DidDefinition,
    DtcDefinition,
    FlashDefinition,
    SecurityDefinition,
    UnitDefinition,
    VariantDefinition,
    VehicleDefinition,
)
from workshop_console.console.simulation.profiles import (
    SNAPSHOT_RECORDS,
    Table,
    actuator,
    condition,
    read,
    records,
    routine,
)
from workshop_console.console.simulation.security import secret_of

VEHICLES = ("car", "van", "electric")
"""Names of the shipped vehicles; the first is what sim:// means."""

_MOST_IDENTIFIERS = 8
"""Data identifiers that most units take in one request."""
_LEAST_URGENT = 4


def vehicle_names() -> tuple[str, ...]:
    """Return the names that load_vehicle() knows."""
    return VEHICLES


@cache
def load_vehicle(name: str) -> VehicleDefinition:
    """Return the shipped vehicle `name`. Raises ConsoleError WC-206 when there is none of that name."""
    if name not in VEHICLES:
        raise ConsoleError("WC-206", detail=f"{clean(name, longest=60)}: {', '.join(VEHICLES)}")
    vehicle = read(f"{name}.toml")
    common = {key: vehicle[key] for key in ("battery_v", "odometer_km")}
    return VehicleDefinition(
        name=vehicle["name"],
        label=vehicle["label"],
        vin=vehicle["vin"],
        vin_pattern=vehicle["vin"],
        group=ProductGroup(vehicle["group"]),
        line=vehicle["line"],
        gateway_logical=vehicle["gateway_logical"],
        engine_runs=vehicle["engine_runs"],
        eid=bytes.fromhex(vehicle["eid"]),
        gid=bytes.fromhex(vehicle["gid"]),
        units=tuple(_unit(unit, vehicle["vin"], common) for unit in vehicle["unit"]),
        **common,
    )


def _unit(unit: Table, vin: str, common: Table) -> UnitDefinition:
    """Return one control unit: its profile, and what the vehicle says of it."""
    profile = read("profiles", "units.toml")["profile"][unit["profile"]] | unit
    kind = read("profiles", "flash.toml")[profile["flash"]] if profile.get("flash") else {}
    levels = [*([0x01] if kind else []), *profile.get("security", ())]
    routines = [*profile.get("routines", ()), *kind.get("routines", ())]
    if kind:
        routines += ["programming_preconditions", "erase_memory", "check_memory", "check_dependencies"]
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
        dids=(*_identification(unit, variants, profile, vin), *records(profile, common)),
        dtcs=_dtcs(profile["faults"], unit.get("fault_memory", ())),
        routines=tuple(routine(name, profile.get("results", {})) for name in routines),
        actuators=tuple(actuator(name) for name in profile.get("actuators", ())),
        security=tuple(
            SecurityDefinition(level=level, secret=secret_of(unit["name"], level)) for level in levels
        ),
        memory=tuple((address, length) for address, length in kind.get("areas", ())),
        flash=_flash(kind) if kind else FlashDefinition(),
        missed_as=parse_code(profile.get("missed_as", "")) or 0,
        most_identifiers=profile.get("most_identifiers", _MOST_IDENTIFIERS),
        too_many=profile.get("too_many", 0x13),
    )


def _flash(kind: Table) -> FlashDefinition:
    """Return how a kind of unit is programmed."""
    sequence = FlashSequence(
        leave_out=tuple(FlashStep(step) for step in kind.get("leave_out", ())),
        add=tuple(
            ExtraStep(
                after=FlashStep(step["after"]), label=step["label"], request=bytes.fromhex(step["request"])
            )
            for step in kind.get("add", ())
        ),
        erase_all=kind.get("erase_all", False),
        side_by_side=kind.get("side_by_side", True),
        erase_ms=kind["erase_ms"],
        reset_ms=kind["reset_ms"],
        conditions=tuple(condition(name) for name in kind["conditions"]),
        voltage=condition("flash_voltage"),
        charger=condition("charger"),
    )
    return FlashDefinition(
        sequence=sequence,
        boot_software=kind["boot"],
        longest_block=kind["block"],
        erase_ms=kind["erase_ms"],
        block_ms=kind.get("block_ms", 0),
        compression=kind.get("compression", True),
        reset_ms=kind["reset_ms"],
    )


def _identification(
    unit: Table, variants: tuple[VariantDefinition, ...], profile: Table, vin: str
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


def _dtcs(families: list[str], memory: list[Table]) -> tuple[DtcDefinition, ...]:
    """Return the fault codes of `families`, with the entries of the fault memory at the start."""
    faults = read("profiles", "faults.toml")
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


def _dtc(code: str, text: str, priority: int, entry: Table | None) -> DtcDefinition:
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
        snapshot = tuple(
            (read("profiles", "records.toml")["did"][name]["did"], values[name]) for name in SNAPSHOT_RECORDS
        )
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

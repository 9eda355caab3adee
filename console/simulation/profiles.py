"""Reads what the profiles of control units are made of: records with their fields, outputs, routines.

They stand in data/vehicles/profiles: records.toml and functions.toml; a vehicle's unit may say that some of
its values and results are others than those of the profile.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from workshop_console.console.model.description import FieldLayout, TextRange, ValueKind
from workshop_console.console.model.forms import Comparison, Condition, Dependency, Translations
from workshop_console.console.simulation.definition import (
    RUN_STATES,
    ActuatorDefinition,
    DidDefinition,
    Influence,
    Motion,
    RoutineDefinition,
)
from workshop_console.console.simulation.ecu.bits import physical, raw_of, with_physical, with_raw

Table = dict[str, Any]

SNAPSHOT_RECORDS = ("odometer", "battery_voltage", "temperature", "speed")
"""Records that every unit has and every snapshot holds, in the order of their identifiers."""

CHARGER_RECORD = "battery_charger"
"""Record of every unit that can be programmed."""


@cache
def read(*path: str) -> Table:
    """Return a TOML file of data/vehicles."""
    file = resources.files("workshop_console.data.vehicles").joinpath(*path)
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _functions() -> Table:
    return read("profiles", "functions.toml")


def _translated() -> Table:
    return read("profiles", "translations.toml")


def records(profile: Table, common: Table) -> tuple[DidDefinition, ...]:
    """Return the records of a profile, those of every unit first.

    Raises ValueError where the vehicle gives other values to fields that the unit does not have.
    """
    other: Table = dict(profile.get("values", {}))
    result = []
    further = (CHARGER_RECORD,) if profile.get("flash") else ()
    for name in (*SNAPSHOT_RECORDS, *further, *profile.get("dids", ())):
        table = read("profiles", "records.toml")["did"][name]
        if name == "odometer":
            data = int(common["odometer_km"]).to_bytes(3, "big")
        elif name == "battery_voltage":
            data = round(common["battery_v"] * 10).to_bytes(1, "big")
        else:
            data = bytes.fromhex(table["data"])
        result.append(_record(table, data, other))
    if other:
        raise ValueError(f"values of fields that the unit does not have: {sorted(other)}")
    return tuple(result)


def _record(table: Table, data: bytes, other: Table) -> DidDefinition:
    layouts = fields(table["fields"], table["label"])
    motions = []
    for entry, layout in zip(table["fields"], layouts, strict=True):
        move: Table | None = entry.get("move")
        differs = other.pop(layout.name, None)
        if isinstance(differs, str):
            data = with_raw(layout, data, _raw_of_text(layout, differs))
            move = None
        elif differs is not None and not isinstance(differs, dict):
            move = {"run": differs}
        elif differs is not None:
            move = (move or {}) | differs
        if move is not None:
            motion = _motion(layout, move, data)
            data = with_physical(layout, data, motion.running)
            motions.append(motion)
    return DidDefinition(
        did=table["did"],
        name=table["name"],
        label=table["label"],
        data=data,
        fields=layouts,
        writable=table.get("writable", False),
        security_level=table.get("security_level", 0),
        write_sessions=tuple(table.get("write_sessions", ())),
        write_conditions=_conditions(table),
        dependencies=tuple(
            Dependency(
                option=rule["option"],
                values=tuple(rule["values"]),
                needs=rule["needs"],
                allowed=tuple(rule["allowed"]),
                text=rule.get("text", ""),
                translations=_translations(rule.get("text", "")),
            )
            for rule in table.get("dependencies", ())
        ),
        checked=table.get("checked", False),
        motions=tuple(motions),
        sweep=table.get("sweep", False),
        snapshot=table.get("snapshot", False),
    )


def _raw_of_text(layout: FieldLayout, text: str) -> float:
    for entry in layout.texts:
        if entry.text == text:
            return entry.low
    raise ValueError(f"{layout.name}: no such text: {text}")


def _motion(layout: FieldLayout, move: Table, data: bytes) -> Motion:
    follows = [Influence(source=source, gain=float(gain)) for source, gain in move.get("follow", ())]
    for key in ("steps", "rates"):
        follows += [
            Influence(source=source, steps=tuple(map(float, steps)), per_second=key == "rates")
            for source, steps in move.get(key, ())
        ]
    return Motion(
        field=layout.name,
        running=float(move.get("run", physical(layout, raw_of(layout, data)))),
        stopped=move.get("off"),
        start=move.get("start"),
        lag_s=float(move.get("lag", 0)),
        wave=float(move.get("wave", 0)),
        period_s=float(move.get("period", 10)),
        noise=float(move.get("noise", 0)),
        follows=tuple(follows),
        low=move.get("low"),
        high=move.get("high"),
    )


def fields(tables: list[Table], label: str = "") -> tuple[FieldLayout, ...]:
    """Return the fields of a record, a state or a result; one without a label has `label`."""
    return tuple(_field(table, label) for table in tables)


def _field(field: Table, label: str) -> FieldLayout:
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
        low=field.get("low"),
        high=field.get("high"),
    )


def _conditions(table: Table) -> tuple[Condition, ...]:
    named = _functions()["condition"]
    return tuple(
        Condition(
            text=named[name]["text"],
            value=named[name].get("value", ""),
            comparison=Comparison(named[name].get("comparison", "=")),
            limit=named[name].get("limit", ""),
            translations=_translations(named[name]["text"]),
        )
        for name in table.get("conditions", ())
    )


def _translations(text: str) -> Translations:
    """Return what `text` is in other languages. Raises KeyError for one that nobody translated."""
    return tuple(sorted(_translated()[text].items())) if text else ()


def condition(name: str) -> Condition:
    """Return a condition by its name."""
    return _conditions({"conditions": [name]})[0]


def _words(table: Table) -> Table:
    """Return what routines and outputs have in common."""
    return {
        "name": table["name"],
        "label": table["label"],
        "security_level": table.get("security_level", 0),
        "sessions": tuple(table.get("sessions", (0x03,))),
        "conditions": _conditions(table),
        "description": table.get("description", ""),
        "warning": table.get("warning", ""),
        "warning_translations": _translations(table.get("warning", "")),
        "related": tuple(table.get("related", ())),
    }


_RUN_FIELDS = (
    FieldLayout(
        name="State",
        label="State",
        byte_position=0,
        texts=tuple(TextRange(low=n, high=n, text=text) for n, text in enumerate(RUN_STATES)),
    ),
    FieldLayout(name="Progress", label="Progress", byte_position=1, unit="%", low=0, high=100),
)


def routine(name: str, results: Table) -> RoutineDefinition:
    """Return a routine; `results` has the results that are others in this unit, by SHORT-NAME."""
    table = _functions()["routine"][name]
    layouts = fields(table.get("result_fields", ()))
    return RoutineDefinition(
        rid=table["rid"],
        duration_ms=table.get("duration_ms", 0),
        runs_ms=table.get("runs_ms", 0),
        result=bytes.fromhex(results.get(table["name"], table.get("result", "00"))),
        result_fields=(*(_RUN_FIELDS if "runs_ms" in table else ()), *layouts),
        option_length=table.get("option_length", 0),
        option_fields=fields(table.get("option_fields", ())),
        option_defaults=tuple(table.get("option_defaults", {}).items()),
        sets=tuple(table.get("sets", {}).items()),
        switches_engine=table.get("switches_engine", False),
        **_words(table),
    )


def actuator(name: str) -> ActuatorDefinition:
    """Return an output."""
    table = _functions()["actuator"][name]
    return ActuatorDefinition(
        did=table["did"],
        data=bytes.fromhex(table["data"]),
        default=bytes.fromhex(table.get("default", "")),
        fields=fields(table.get("fields", ()), table["label"]),
        **_words(table),
    )

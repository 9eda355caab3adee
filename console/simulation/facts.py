"""Reads what a shipped vehicle is, without building its control units: the console needs no more of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workshop_console.console.model.credit import ProductGroup

_VEHICLES = Path(__file__).parents[2] / "data" / "vehicles"


@dataclass(frozen=True, kw_only=True)
class VehicleFacts:
    """A shipped vehicle as the mechanic knows it."""

    label: str
    vin: str
    group: ProductGroup
    line: str


@cache
def vehicle_facts(name: str) -> VehicleFacts:
    """Return the facts of a shipped vehicle; they stand before the table of its first control unit."""
    head, _, _units = (_VEHICLES / f"{name}.toml").read_text(encoding="utf-8").partition("\n[[")
    vehicle = tomllib.loads(head)
    return VehicleFacts(
        label=vehicle["label"],
        vin=vehicle["vin"],
        group=ProductGroup(vehicle["group"]),
        line=vehicle["line"],
    )

"""The vehicle and the VCI as the screens show them."""

from __future__ import annotations

from enum import StrEnum

from workshop_console.console.model.lean import dataclass


class LinkKind(StrEnum):
    """What kind of line the VCI address names."""

    DOIP = "doip"
    CAN = "can"
    J2534 = "j2534"


@dataclass(frozen=True, kw_only=True)
class VehicleIdentity:
    """What identifies the vehicle; empty fields are unknown."""

    vin: str = ""
    """As sent, cleaned; not corrected."""
    name: str = ""
    """What the description or the simulation calls it."""
    voltage_v: float | None = None
    """Battery voltage where a unit or the VCI tells it."""


@dataclass(frozen=True, kw_only=True)
class DoipEntity:
    """An answer to a DoIP vehicle identification request (ISO 13400-2:2019, 7.4.5)."""

    host: str
    port: int
    vin: str
    logical: int
    eid: bytes
    gid: bytes

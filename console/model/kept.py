"""What is kept for good beside the reports: order entries, old codings, sets of actual values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Details = tuple[tuple[str, str], ...]
"""Names and values as decoded, for the reader of the order report."""


class EntryKind(StrEnum):
    """What was done."""

    CLEARING = "clearing"
    ACTUATION = "actuation"
    ROUTINE = "routine"
    CODING = "coding"
    GUIDED_TEST = "guided-test"
    FLASHING = "flashing"
    SECURITY_ACCESS = "security-access"
    """A key was sent (0x27)."""
    OTHER = "other"
    """Kept by a newer console, for something that this one does not know."""


@dataclass(frozen=True, kw_only=True)
class OrderEntry:
    """One thing that was done to a vehicle."""

    entry_id: int = 0
    """0: not kept yet."""
    time: datetime
    vin: str
    vehicle_name: str
    unit: str
    """Name of the control unit."""
    address: str
    kind: EntryKind
    what: str
    """Label of the function, coding or test."""
    request: bytes
    """Empty for a guided test."""
    answer: bytes = b""
    outcome: str = "begun"
    """begun, done, refused 0xNN, silent, stopped, failed: a code; its sentence is made where it is shown.
    An entry that stays `begun` was broken off."""
    who: str = ""
    details: Details = ()


@dataclass(frozen=True, kw_only=True)
class OrderVehicle:
    """A vehicle that something was done to."""

    vin: str
    """Empty: the vehicles that told none."""
    vehicle_name: str
    entries: int
    last: datetime
    """When the newest entry began."""


@dataclass(frozen=True, kw_only=True)
class KeptCoding:
    """The coding of one unit at one time."""

    coding_id: int = 0
    time: datetime
    vin: str
    unit: str
    address: str
    variant: str
    name: str
    """Name of the coding record."""
    did: int
    data: bytes
    """As read, without service and identifier."""
    options: Details
    """As decoded then."""
    who: str = ""


@dataclass(frozen=True, kw_only=True)
class ValueSet:
    """A named choice of actual values."""

    vehicle: str
    """VIN, or the name of the description where the VIN is not known."""
    name: str
    values: tuple[tuple[str, str], ...]
    """(unit, value) names in the order of the rows."""

"""What a simulated vehicle consists of: the source of both its behaviour and its PDX.

The shipped ones stand in data/vehicles/*.toml; load_vehicle() reads one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.description import FieldLayout


@dataclass(frozen=True, kw_only=True)
class DidDefinition:
    """A record of service 0x22 (and 0x2E when `writable`)."""

    did: int
    name: str
    """SHORT-NAME."""
    label: str
    data: bytes
    """Content when the vehicle starts; its length is fixed."""
    fields: tuple[FieldLayout, ...] = ()
    writable: bool = False
    security_level: int = 0
    """0x27 level (odd) that must be unlocked before writing; 0: none."""
    sessions: tuple[int, ...] = ()
    """Diagnostic sessions that allow it; empty: all."""
    write_sessions: tuple[int, ...] = ()
    """Diagnostic sessions that allow writing it, besides; empty: all that allow reading it."""
    sweep: bool = False
    """The first numeric field moves slowly, as a sensor does."""
    snapshot: bool = False
    """Part of every fault's snapshot."""


@dataclass(frozen=True, kw_only=True)
class DtcDefinition:
    """A fault code that the unit supports."""

    dtc: int
    text: str
    priority: int = 3
    status: int | None = None
    """statusOfDTC when the vehicle starts; None: supported, not in the memory."""
    comes_back: bool = False
    """Fails again at once after clearing."""
    sticky: bool = False
    """Clearing leaves it as it is."""
    occurrences: int = 1
    first_km: int = 0
    last_km: int = 0
    snapshot: tuple[tuple[int, bytes], ...] = ()
    """Identifier and content of the snapshot record 0x01; empty: from the current data of snapshot DIDs."""


@dataclass(frozen=True, kw_only=True)
class RoutineDefinition:
    """A routine of service 0x31."""

    rid: int
    name: str
    label: str
    duration_ms: int = 0
    """Longer than P2 means 0x78 until it is done."""
    result: bytes = b"\x00"
    option_length: int = 0
    sessions: tuple[int, ...] = (0x03,)
    security_level: int = 0


@dataclass(frozen=True, kw_only=True)
class ActuatorDefinition:
    """An output of service 0x2F."""

    did: int
    name: str
    label: str
    data: bytes
    """State when control is returned."""
    sessions: tuple[int, ...] = (0x03,)
    security_level: int = 0


@dataclass(frozen=True, kw_only=True)
class SecurityDefinition:
    """Security access (0x27): level, how the key follows from the seed, attempts and delay."""

    level: int
    """Odd: requestSeed sub-function."""
    secret: int
    """Mask of the shipped example algorithm (key = bytes of seed xor secret, rotated; see ecu security)."""
    attempts: int = 3
    delay_ms: int = 10_000


@dataclass(frozen=True, kw_only=True)
class VariantDefinition:
    """A variant and the content of F100 (variant identification) that tells it."""

    name: str
    label: str
    identification: bytes


@dataclass(frozen=True, kw_only=True)
class UnitDefinition:
    """One control unit."""

    name: str
    """SHORT-NAME of the base variant, such as ME_EngineControl."""
    label: str
    logical: int
    can_request: int
    can_response: int
    variants: tuple[VariantDefinition, ...]
    fitted: str
    """Name of the variant that is in this vehicle; one that is not in `variants` is an unknown variant."""
    fitted_identification: bytes = b""
    """F100 content when `fitted` is not described."""
    p2_ms: int = 50
    p2_star_ms: int = 5_000
    s3_ms: int = 5_000
    answer_after_ms: int = 0
    """Time the unit takes for any answer."""
    pending_services: tuple[int, ...] = ()
    """Services that are answered with 0x78 first."""
    pending_ms: int = 0
    """How long these take."""
    refuses: tuple[int, ...] = ()
    """Services that are answered with 0x33 (securityAccessDenied) in the default session."""
    silent: bool = False
    """Not there (not fitted, no supply)."""
    dids: tuple[DidDefinition, ...] = ()
    dtcs: tuple[DtcDefinition, ...] = ()
    routines: tuple[RoutineDefinition, ...] = ()
    actuators: tuple[ActuatorDefinition, ...] = ()
    security: tuple[SecurityDefinition, ...] = ()
    memory: tuple[tuple[int, int], ...] = ()
    """Address and length of segments that 0x34 accepts."""
    status_availability_mask: int = 0xFF


@dataclass(frozen=True, kw_only=True)
class VehicleDefinition:
    """A whole vehicle."""

    name: str
    """Key: car, van, electric."""
    label: str
    vin: str
    vin_pattern: str
    """Regular expression for the VINs that its PDX fits."""
    group: ProductGroup
    line: str
    """doip | can: what sim://NAME connects to."""
    units: tuple[UnitDefinition, ...]
    gateway_logical: int = 0x0010
    functional_logical: int = 0xE400
    can_functional: int = 0x7DF
    bitrate: int = 500_000
    eid: bytes = bytes.fromhex("001122334455")
    gid: bytes = bytes(6)
    battery_v: float = 12.6
    odometer_km: int = 48_211
    extra: dict[str, str] = field(default_factory=dict)

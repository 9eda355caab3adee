"""What a simulated vehicle consists of: the source of both its behaviour and its PDX.

The shipped ones stand in data/vehicles/*.toml; load_vehicle() reads one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.description import FieldLayout
from workshop_console.console.model.flash import FlashSequence
from workshop_console.console.model.forms import Condition, Dependency, Translations


@dataclass(frozen=True, kw_only=True)
class Influence:
    """What a moving value follows: another value, an output or a routine of the same unit, by name."""

    source: str
    """SHORT-NAME of a field of a record, of a field of an output, or of a routine (1 while it runs)."""
    gain: float = 0.0
    """Added per physical unit of the source."""
    steps: tuple[float, ...] = ()
    """Added by raw value of the source, in place of `gain`; the last one for higher values."""
    per_second: bool = False
    """What is added is a speed: the value goes on while the source says so, and stays where it is then."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How one field of a record moves, in physical units (for texts: the raw number).

    It settles at `running` or `stopped` plus what it follows; a wave and noise lie over that.
    """

    field: str
    running: float = 0.0
    """Where it settles while the engine runs (electric vehicles: while the drive is ready)."""
    stopped: float | None = None
    """Where it settles otherwise, without wave and noise; None: no difference."""
    start: float | None = None
    """What it is when the vehicle starts; None: settled."""
    lag_s: float = 0.0
    """Time constant of settling."""
    wave: float = 0.0
    period_s: float = 10.0
    noise: float = 0.0
    follows: tuple[Influence, ...] = ()
    low: float | None = None
    high: float | None = None
    """What it never leaves."""


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
    write_conditions: tuple[Condition, ...] = ()
    """What must hold before it is written; refused with 0x22."""
    dependencies: tuple[Dependency, ...] = ()
    checked: bool = False
    """Writing what the fields or the dependencies do not allow is refused with 0x31; bits that no field
    describes are taken as they come."""
    motions: tuple[Motion, ...] = ()
    sweep: bool = False
    """The first numeric field moves slowly, as a sensor does; only without `motions`."""
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
    runs_ms: int = 0
    """Goes on by itself that long after the answer to its start; 31 03 tells its state (RUN_STATES)."""
    result: bytes = b"\x00"
    """What it tells when done; of one with `runs_ms` what follows state and progress."""
    result_fields: tuple[FieldLayout, ...] = ()
    """Of the whole result, state and progress included; empty: bytes."""
    option_length: int = 0
    option_fields: tuple[FieldLayout, ...] = ()
    """Empty: bytes."""
    option_defaults: tuple[tuple[str, str], ...] = ()
    """Physical values that a tester proposes, by field."""
    sessions: tuple[int, ...] = (0x03,)
    security_level: int = 0
    conditions: tuple[Condition, ...] = ()
    """What must hold before it starts; refused with 0x22."""
    description: str = ""
    warning: str = ""
    warning_translations: Translations = ()
    related: tuple[str, ...] = ()
    sets: tuple[tuple[str, int], ...] = ()
    """Fields of records and the raw value that they have once it is done."""
    switches_engine: bool = False
    """The first option byte says whether the engine runs from now on (0: off)."""


RUN_STATES = ("completed", "running", "stopped")
"""First result byte of a routine that runs by itself; the second one is its progress in percent."""


@dataclass(frozen=True, kw_only=True)
class ActuatorDefinition:
    """An output of service 0x2F."""

    did: int
    name: str
    label: str
    data: bytes
    """State when control is returned."""
    default: bytes = b""
    """State after resetToDefault; empty: zeros."""
    fields: tuple[FieldLayout, ...] = ()
    """Of its state; empty: bytes. What they do not allow is refused with 0x31."""
    sessions: tuple[int, ...] = (0x03,)
    security_level: int = 0
    conditions: tuple[Condition, ...] = ()
    """What must hold before it is driven; refused with 0x22."""
    description: str = ""
    warning: str = ""
    warning_translations: Translations = ()
    related: tuple[str, ...] = ()


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
class FlashDefinition:
    """How a unit is programmed: it insists on every step of its sequence but those that are left out."""

    sequence: FlashSequence = field(default_factory=FlashSequence)
    boot_software: str = "BOOT"
    """F180."""
    boot_identification: bytes = b""
    """F100 of the boot loader; empty: that of the application with 0xFF in bytes 1 and 2."""
    longest_block: int = 0x0FFF
    """maxNumberOfBlockLength: service and counter included."""
    erase_ms: int | None = None
    """Time to erase the whole memory, an area takes its share; None: the duration of the routine."""
    block_ms: int = 0
    """Time to program one block."""
    compression: bool = True
    """Whether 0x34 takes dataFormatIdentifier 0x10: zlib."""
    reset_ms: int = 800
    """How long the unit says nothing after a hard reset."""


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
    flash: FlashDefinition = field(default_factory=FlashDefinition)
    """Of a unit with a memory."""
    missed_as: int = 0
    """Fault code of other units that miss this one on the bus; 0: nobody does."""
    status_availability_mask: int = 0xFF
    most_identifiers: int = 0
    """Data identifiers in one request of 0x22; more are refused with `too_many`. 0: no limit."""
    too_many: int = 0x13


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
    engine_runs: bool = True
    """Whether the engine (the drive) runs when the vehicle starts."""
    extra: dict[str, str] = field(default_factory=dict)

"""Flashing as plain data: what a file says of itself, what a plan judges, how far a job is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workshop_console.console.model.address import Address
from workshop_console.console.model.condition import Condition
from workshop_console.console.model.description import Timing
from workshop_console.console.model.message import RaisedMessage


class FlashStep(StrEnum):
    """The steps of ISO 14229-1:2020, clause 17, in the order of their use."""

    READOUT = "readout"
    """The quick test before anything is changed."""
    EXTENDED_SESSION = "extended-session"
    CHECK_CONDITIONS = "check-conditions"
    FAULT_SETTING_OFF = "fault-setting-off"
    COMMUNICATION_OFF = "communication-off"
    PROGRAMMING_SESSION = "programming-session"
    SECURITY_ACCESS = "security-access"
    FINGERPRINT = "fingerprint"
    ERASE = "erase"
    REQUEST_DOWNLOAD = "request-download"
    TRANSFER = "transfer"
    TRANSFER_EXIT = "transfer-exit"
    CHECK_MEMORY = "check-memory"
    CHECK_DEPENDENCIES = "check-dependencies"
    RESET = "reset"
    COMMUNICATION_ON = "communication-on"
    FAULT_SETTING_ON = "fault-setting-on"
    IDENTIFY = "identify"
    CLEAR_FAULTS = "clear-faults"


POINT_OF_NO_RETURN = FlashStep.ERASE
"""From here on the unit has no whole application until CHECK_DEPENDENCIES was answered well."""


@dataclass(frozen=True, kw_only=True)
class ExtraStep:
    """A request that a unit wants beside the sequence of the standard."""

    after: FlashStep
    label: str
    request: bytes


@dataclass(frozen=True, kw_only=True)
class FlashSequence:
    """How a unit is flashed, where its description says more than the standard."""

    leave_out: tuple[FlashStep, ...] = ()
    add: tuple[ExtraStep, ...] = ()
    security_level: int = 0x01
    """requestSeed sub-function of the programming session; 0: no security access."""
    conditions_rid: int = 0x0203
    erase_rid: int = 0xFF00
    erase_all: bool = False
    """Everything is erased once, without an area; else each segment before its download."""
    check_memory_rid: int = 0x0202
    check_dependencies_rid: int = 0xFF01
    fingerprint_did: int = 0xF15A
    address_bytes: int = 4
    size_bytes: int = 4
    """Of address and size in 0x34 and in the option of erase."""
    side_by_side: bool = True
    """May be flashed while others are."""
    erase_ms: int = 9_000
    """For the estimate: how long erasing usually takes."""
    reset_ms: int = 2_000
    """Longest that the unit usually stays silent after its reset."""
    conditions: tuple[Condition, ...] = ()
    """What must hold before, as the unit itself measures it: stands still, engine off …"""
    voltage: Condition | None = None
    """The battery's voltage: the actual value that tells it and the least that flashing wants."""
    charger: Condition | None = None
    """The actual value that tells whether a charger is connected, and its text when one is."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A contiguous area of the unit's memory."""

    name: str
    address: int
    length: int
    """Bytes as the unit counts them (uncompressed)."""
    offset: int
    """Where its bytes begin in the payload file."""
    stored: int
    """Bytes in the payload file: less than `length` where compressed."""
    crc32: int
    """Of the bytes as they stand in the unit afterwards, as CHECK_MEMORY sends it."""
    sha256: str
    """Of the bytes in the payload file."""
    data_format: int = 0x00
    """dataFormatIdentifier of 0x34: high nibble compression, low nibble encryption; 0x00: neither."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a flash file is for; signed."""

    unit: str
    """SHORT-NAME of the control unit."""
    hardware: tuple[str, ...]
    """Hardware part numbers that it fits (F191)."""
    software_from: tuple[str, ...]
    """Software part numbers that it may replace (F188); empty: any."""
    software: str
    """Part number of the new software."""
    version: str
    """Version of the new software (F189)."""
    segments: tuple[Segment, ...]
    key_id: str
    """Which key signed it."""
    needs: tuple[str, ...] = ()
    """Units that must be flashed before this one when they are part of the same plan."""

    @property
    def stored(self) -> int:
        """Bytes to transfer."""
        return sum(segment.stored for segment in self.segments)


@dataclass(frozen=True, kw_only=True)
class FlashFile:
    """A file that was read, checked and found whole and signed."""

    path: str
    """As given; cleaned for display."""
    name: str
    """Of the session in a container with several; else empty."""
    manifest: Manifest
    """Offsets of segments are those of the payload that FlashFiles.write_payload() writes."""


@dataclass(frozen=True, kw_only=True)
class SoftwareIdentity:
    """What a unit says of itself."""

    answered: bool = True
    hardware: str = ""
    """F191."""
    software: str = ""
    """F188; empty in a boot loader."""
    version: str = ""
    """F189; empty in a boot loader."""
    boot_software: str = ""
    """F180; told by the boot loader (and by some applications)."""
    session: int | None = None
    """F186."""
    application_valid: bool | None = None
    """Result of CHECK_DEPENDENCIES where it was asked; None: not asked or not told."""

    @property
    def boot_loader(self) -> bool:
        """Whether it answers as its boot loader: it tells F180 and no application software."""
        return self.answered and bool(self.boot_software) and not self.software


class Light(StrEnum):
    """How a check before flashing turned out."""

    GREEN = "green"
    YELLOW = "yellow"
    """Confirmed by typing the unit's short name."""
    RED = "red"
    """Stops."""


class CheckId(StrEnum):
    """The lines of the table before flashing."""

    FITS = "fits"
    HARDWARE = "hardware"
    SOFTWARE = "software"
    VOLTAGE = "voltage"
    CHARGER = "charger"
    CONDITIONS = "conditions"
    CREDIT = "credit"
    RIGHT = "right"
    READOUT = "readout"
    SPACE = "space"
    """On the disk, for the journal."""
    AWAKE = "awake"
    """Whether something keeps the computer awake meanwhile; never more than a hint."""


@dataclass(frozen=True, kw_only=True)
class FlashCheck:
    """One line of the table before flashing."""

    id: CheckId
    light: Light
    value: str = ""
    """What was found, as plain text."""
    expected: str = ""
    condition: Condition | None = None
    """What is expected, where the description says it in words; in place of `expected`."""
    message: RaisedMessage | None = None

    @property
    def is_note(self) -> bool:
        """Whether it stops nothing and has something to say all the same."""
        return self.light is Light.GREEN and self.message is not None


@dataclass(frozen=True, kw_only=True)
class FlashTarget:
    """One control unit of a plan."""

    unit: str
    """SHORT-NAME; typed by the mechanic to confirm yellow."""
    label: str
    address: Address
    timing: Timing = field(default_factory=Timing)
    identity: SoftwareIdentity
    """As found when the plan was made."""
    file: FlashFile
    sequence: FlashSequence = field(default_factory=FlashSequence)
    checks: tuple[FlashCheck, ...] = ()
    estimate_s: float = 0.0
    payload: str = ""
    """Name of the payload file in the job's folder; empty until the job is made."""

    @property
    def light(self) -> Light:
        """The worst of its checks."""
        lights = {check.light for check in self.checks}
        return Light.RED if Light.RED in lights else Light.YELLOW if Light.YELLOW in lights else Light.GREEN


@dataclass(frozen=True, kw_only=True)
class Bystander:
    """A unit that was in the readout before: what it did not have in its memory then, flashing made."""

    unit: str
    """As the user reads it."""
    address: Address
    timing: Timing = field(default_factory=Timing)
    before: tuple[int, ...] = ()
    """Fault codes (three bytes) in its memory at the readout."""


@dataclass(frozen=True, kw_only=True)
class FlashPlan:
    """What a job is to do, judged and confirmed before it begins."""

    vin: str
    vehicle_name: str
    vci: str
    """Address that the worker opens (of a simulated vehicle: where it listens)."""
    vci_given: str = ""
    """As the user named it: sim://NAME for a simulated vehicle, which is started again for a recovery."""
    who: str
    targets: tuple[FlashTarget, ...]
    """In the order of their dependencies."""
    readout: int = 0
    """Number of the quick test that was kept before."""
    functional_request: int | None = None
    """CAN identifier or logical address for functional requests; None: the line's own."""
    tester_address: int = 0x0E80
    bystanders: tuple[Bystander, ...] = ()
    """Units of the readout whose memory was read, flashed ones too; empty: only flashed ones are cleared."""

    @property
    def light(self) -> Light:
        """The worst of its targets."""
        lights = {target.light for target in self.targets}
        return Light.RED if Light.RED in lights else Light.YELLOW if Light.YELLOW in lights else Light.GREEN


class UnitEnd(StrEnum):
    """What a unit holds, by its own word, when a job leaves it."""

    NEW = "new"
    OLD = "old"
    BOOT_LOADER = "boot-loader"
    UNKNOWN = "unknown"
    """It does not answer, or not what it is, or not whether that is whole."""


@dataclass(frozen=True, kw_only=True)
class UnitResult:
    """What became of one unit."""

    unit: str
    end: UnitEnd
    identity: SoftwareIdentity
    message: RaisedMessage | None = None
    """Why it did not end as NEW; None: all well."""
    step: FlashStep | None = None
    """Where it stopped."""


class JobState(StrEnum):
    """How a job stands."""

    PLANNED = "planned"
    RUNNING = "running"
    STOPPING = "stopping"
    """A stop was wished; it goes on to the next safe point."""
    DONE = "done"
    FAILED = "failed"
    """A unit gave a final refusal; recovery is offered where it is in its boot loader."""
    STOPPED = "stopped"
    """Ended early with every unit left whole."""
    INTERRUPTED = "interrupted"
    """Its worker is gone, or the line was lost for good, before the end: recovery is offered."""


ENDED_STATES = frozenset({JobState.DONE, JobState.FAILED, JobState.STOPPED})


@dataclass(frozen=True, kw_only=True)
class FlashProgress:
    """Where a running job stands."""

    unit: str = ""
    step: FlashStep | None = None
    segment: str = ""
    block: int = 0
    blocks: int = 0
    """Of the segment."""
    done: int = 0
    total: int = 0
    """Payload bytes of all units that were taken, and that there are."""
    rate: float = 0.0
    """Bytes a second, over the last seconds."""
    left_s: float | None = None
    pending: int = 0
    """0x78 answers of the running request."""
    last_nrc: int | None = None
    can_stop: bool = True
    waits_for_unit: bool = False
    """Nothing answers at the moment; it is tried again and again."""
    warnings: tuple[RaisedMessage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """One step in the journal: what was about to be done, and what came back."""

    entry_id: int
    unit: str
    """Empty: for the whole vehicle."""
    step: FlashStep
    began: datetime
    ended: datetime | None
    """None: nothing came back (yet)."""
    outcome: str = ""
    """positive | negative | silent | broken | link-lost | skipped, empty while open."""
    detail: str = ""
    """Segment name, NRC as 0xNN, or a count; plain text."""


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """One job, as lists and screens show it."""

    job_id: int
    kind: str
    """flash"""
    state: JobState
    """As the journal and the lock of the worker say: a job whose worker is gone is INTERRUPTED."""
    plan: FlashPlan
    started: datetime
    ended: datetime | None
    progress: FlashProgress
    results: tuple[UnitResult, ...] = ()
    result: RaisedMessage | None = None
    runs: int = 1
    """Workers that worked on it: more than one after recoveries."""


@dataclass(frozen=True, kw_only=True)
class FlashReport:
    """What a job was to do, did and left, to print."""

    job: JobSummary
    entries: tuple[JournalEntry, ...]
    printed: datetime

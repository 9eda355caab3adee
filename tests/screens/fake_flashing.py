"""Flashing of a workshop without a vehicle: plans and jobs are what the test says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import AT_WORK, can_resume, waiting
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashFile,
    FlashPlan,
    FlashProgress,
    FlashStep,
    FlashTarget,
    JobState,
    JobSummary,
    JournalEntry,
    Light,
    Manifest,
    Segment,
    SoftwareIdentity,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, FlashPlanned, FlashStarted

START = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
VIN = "W1K2060041F048211"


def flash_file(unit: str = "ENGINE", *, path: str = "/files/engine.hex", name: str = "") -> FlashFile:
    """Return a file of two segments for `unit`."""
    segments = tuple(
        Segment(
            name=segment,
            address=address,
            length=20_000,
            offset=index * 20_000,
            stored=20_000,
            crc32=0,
            sha256="0" * 64,
        )
        for index, (segment, address) in enumerate((("CODE", 0x1000), ("DATA", 0x9000)))
    )
    manifest = Manifest(
        unit=unit,
        hardware=("2069000001",),
        software_from=(),
        software="2069000099",
        version="26/10",
        segments=segments,
        key_id="0011223344556677",
    )
    return FlashFile(path=path, name=name, manifest=manifest)


GREEN = (
    FlashCheck(id=CheckId.FITS, light=Light.GREEN, value="2069000001"),
    FlashCheck(id=CheckId.VOLTAGE, light=Light.GREEN, value="12.8 V", expected="12.0 V"),
    FlashCheck(id=CheckId.CHARGER, light=Light.GREEN, value="connected"),
    FlashCheck(id=CheckId.CREDIT, light=Light.GREEN, value="1499 min"),
)
YELLOW = FlashCheck(
    id=CheckId.CHARGER, light=Light.YELLOW, value="not told", message=RaisedMessage(number="WC-725")
)
RED = FlashCheck(
    id=CheckId.VOLTAGE,
    light=Light.RED,
    value="11.2 V",
    expected="12.0 V",
    message=RaisedMessage(number="WC-724"),
)


def target(
    unit: str = "ENGINE", *, checks: Sequence[FlashCheck] = GREEN, file: FlashFile | None = None
) -> FlashTarget:
    """Return one unit of a plan."""
    return FlashTarget(
        unit=unit,
        label=f"{unit.capitalize()} unit",
        address=DoipAddress(0x1001),
        identity=SoftwareIdentity(hardware="2069000001", software="2069000002", version="23/40"),
        file=file or flash_file(unit),
        checks=tuple(checks),
        estimate_s=95.0,
    )


def plan(*targets: FlashTarget) -> FlashPlan:
    """Return a plan for `targets`, one unit without any."""
    return FlashPlan(
        vin=VIN,
        vehicle_name="Car",
        vci="doip://127.0.0.1:13400",
        who="Ana",
        targets=targets or (target(),),
        readout=7,
    )


def entry(number: int, step: FlashStep, outcome: str = "positive", *, unit: str = "ENGINE") -> JournalEntry:
    """Return a step of the journal; an empty outcome leaves it open."""
    began = START + timedelta(seconds=number)
    ended = began + timedelta(seconds=1) if outcome else None
    return JournalEntry(
        entry_id=number, unit=unit, step=step, began=began, ended=ended, outcome=outcome, detail="CODE"
    )


def job(
    job_id: int = 3, state: JobState = JobState.RUNNING, *targets: FlashTarget, **progress: object
) -> JobSummary:
    """Return a job in the middle of its first segment; `progress` are fields of FlashProgress."""
    at = FlashProgress(
        unit="ENGINE",
        step=FlashStep.TRANSFER,
        segment="CODE",
        block=12,
        blocks=40,
        done=6_000,
        total=40_000,
        rate=45_200.0,
        left_s=12.0,
        can_stop=False,
    )
    return JobSummary(
        job_id=job_id,
        kind="flash",
        state=state,
        plan=plan(*targets),
        started=START,
        ended=None if state in (JobState.RUNNING, JobState.STOPPING) else START + timedelta(minutes=2),
        progress=replace(at, **progress),  # type: ignore[arg-type]  # fields of FlashProgress, as tests say
    )


def result(end: UnitEnd = UnitEnd.NEW, *, unit: str = "ENGINE", number: str = "") -> UnitResult:
    """Return what became of a unit."""
    new = SoftwareIdentity(hardware="2069000001", software="2069000099", version="26/10")
    boot = SoftwareIdentity(hardware="2069000001", boot_software="2069000050")
    return UnitResult(
        unit=unit,
        end=end,
        identity=new if end is UnitEnd.NEW else boot,
        message=RaisedMessage(number=number) if number else None,
    )


class FakeFlashing:
    """What the screens ask of Flashing."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[FlashFile, ...] | ConsoleError] = {}
        """What each file holds, by its name."""
        self.planned: FlashPlan = plan()
        self.kept: list[JobSummary] = []
        self.steps: dict[int, list[JournalEntry]] = {}
        self.plans = 0
        self.asked: list[tuple[tuple[str, str], ...]] = []
        """Unit and file of each target, for every plan."""
        self.started: list[tuple[FlashPlan, frozenset[str]]] = []
        self.resumed: list[int] = []
        self.stopped: list[int] = []
        self.read_after: list[int] = []
        """From which entry on each reading of the journal was."""
        self.looked = 0
        """How often all jobs were read."""
        self.error: ConsoleError | None = None

    def read(self, file: Path) -> Sequence[FlashFile]:
        found = self.files.get(file.name, ConsoleError("WC-700", file=file.name, detail=""))
        if isinstance(found, ConsoleError):
            raise found
        return found

    def plan(
        self,
        wanted: Sequence[tuple[str, FlashFile]],
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        self.plans += 1
        self.asked.append(tuple((unit, file.manifest.unit) for unit, file in wanted))
        if self.error is not None:
            raise self.error
        files = {file.manifest.unit: file for _unit, file in wanted}
        targets = tuple(replace(one, file=files.get(one.unit, one.file)) for one in self.planned.targets)
        yield FlashPlanned(plan=replace(self.planned, targets=targets))

    def start(self, plan: FlashPlan, confirmed: Collection[str] = ()) -> Iterator[Event]:
        if self.error is not None:
            raise self.error
        self.started.append((plan, frozenset(confirmed)))
        self.kept.insert(0, replace(job(1 + len(self.kept)), plan=plan))
        yield FlashStarted(flash_id=self.kept[0].job_id)

    def resume(self, job_id: int) -> Iterator[Event]:
        if self.error is not None:
            raise self.error
        self.resumed.append(job_id)
        self.change(job_id, state=JobState.RUNNING, runs=2)
        yield FlashStarted(flash_id=job_id)

    def change(self, job_id: int, **fields: object) -> None:
        """Give a job other fields, as its worker would."""
        self.kept = [
            replace(one, **fields) if one.job_id == job_id else one  # type: ignore[arg-type]  # as tests say
            for one in self.kept
        ]

    def moved(self, job_id: int, **fields: object) -> None:
        """Give the progress of a job other fields."""
        self.change(job_id, progress=replace(self.job(job_id).progress, **fields))  # type: ignore[arg-type]

    def jobs(self) -> Sequence[JobSummary]:
        self.looked += 1
        return tuple(self.kept)

    def job(self, job_id: int) -> JobSummary:
        for one in self.kept:
            if one.job_id == job_id:
                return one
        raise ConsoleError("WC-744", job=job_id)

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        self.read_after.append(after)
        return [one for one in self.steps.get(job_id, ()) if one.entry_id > after]

    def stop(self, job_id: int) -> None:
        self.stopped.append(job_id)
        self.change(job_id, state=JobState.STOPPING)

    def can_resume(self, job: JobSummary) -> bool:
        return can_resume(job)

    def interrupted(self) -> Sequence[JobSummary]:
        return waiting(self.kept)

    def running(self) -> Sequence[JobSummary]:
        return [one for one in self.kept if one.state in AT_WORK]

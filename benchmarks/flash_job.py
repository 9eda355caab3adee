"""Flash jobs as a mechanic starts them: a signed file, a plan, and the worker's own process."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.vehicle import RunningVehicle
from workshop_console.console.flash_files.authoring import (
    FlashContent,
    Part,
    new_key,
    write_flash_file,
    write_public_key,
)
from workshop_console.console.jobs import flash_starting
from workshop_console.console.jobs.flash_following import worker_lock
from workshop_console.console.jobs.held_file import held_alone
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import FlashPlan, FlashStep, JobState, JournalEntry
from workshop_console.console.model.software_block import SoftwareBlock
from workshop_console.console.procedures.events import FlashPlanned, FlashStarted
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.wiring import build_workshop

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_HARDWARE = 0xF191
_LONGEST_S = 300.0
_LOOK_S = 0.05
"""Between two looks at the journal and at the worker: so seldom that they cost it nothing."""
VERSIONS = ("1", "2")
"""A unit that has one gets the other one."""


@dataclass(frozen=True, kw_only=True)
class Flashed:
    """What became of a job."""

    transfer_s: float
    """In the steps that transfer blocks, as the journal says."""
    programming_s: float
    """From the first download's request to the last one's end: the transfer and what is noted around it."""
    stored: int
    """Payload bytes."""
    peak_bytes: int
    """Most memory that the worker had at a time (VmHWM)."""

    @property
    def rate(self) -> float:
        """Payload bytes a second."""
        return self.stored / self.transfer_s


@dataclass(kw_only=True)
class FlashBench:
    """A workshop on a running vehicle, with a key that it trusts."""

    workshop: Workshop
    vehicle: str
    folder: Path
    key: Ed25519PrivateKey

    def plans(self, unit: str, areas: Sequence[tuple[int, int]]) -> list[FlashPlan]:
        """Return two plans for a unit that bring it from one version to the other and back.

        `areas`: address and bytes of each segment; noise, which no line can make shorter.
        """
        return [self._plan(unit, contents(areas, version), version) for version in VERSIONS]

    def _plan(self, unit: str, parts: tuple[Part, ...], version: str) -> FlashPlan:
        (definition,) = (one for one in load_vehicle(self.vehicle).units if one.name == unit)
        (hardware,) = (did.data.decode("ascii") for did in definition.dids if did.did == _HARDWARE)
        file = self.folder / f"{unit}-{version}.bin"
        content = FlashContent(
            unit=unit, hardware=(hardware,), software=f"BENCH{version}", version=version, parts=parts
        )
        write_flash_file(file, content, self.key)
        (read,) = self.workshop.flashing.read(file)
        (*_, planned) = self.workshop.flashing.plan([("", read)])
        assert isinstance(planned, FlashPlanned)
        return planned.plan

    def run(self, plan: FlashPlan) -> Flashed:
        """Do a job and return what it took. Raises RuntimeError when it does not end well."""
        flashing = self.workshop.flashing
        (*_, began) = flashing.start(plan, confirmed=[target.unit for target in plan.targets])
        assert isinstance(began, FlashStarted)
        (worker,) = _workers()
        peak_bytes = 0
        until = time.monotonic() + _LONGEST_S
        while held_alone(worker_lock(self.workshop.folders.jobs, began.flash_id)):
            peak_bytes = max(peak_bytes, _peak_bytes(worker))
            if time.monotonic() > until:
                raise RuntimeError("the job does not end")
            time.sleep(_LOOK_S)
        job = flashing.job(began.flash_id)
        if job.state is not JobState.DONE:
            raise RuntimeError(f"the job did not end well: {job.state} {job.result} {job.results}")
        entries = flashing.entries(began.flash_id)
        programming = [e for e in entries if e.step in (FlashStep.REQUEST_DOWNLOAD, FlashStep.TRANSFER_EXIT)]
        return Flashed(
            transfer_s=sum(_seconds(e, e) for e in entries if e.step is FlashStep.TRANSFER),
            programming_s=_seconds(programming[0], programming[-1]),
            stored=sum(target.file.manifest.stored for target in plan.targets),
            peak_bytes=peak_bytes,
        )


def contents(areas: Sequence[tuple[int, int]], version: str) -> tuple[Part, ...]:
    """Return segments of noise, each with the block that says what software it is."""
    block = SoftwareBlock(software=f"BENCH{version}", version=version).encode()
    noise = random.Random(version)
    return tuple(
        Part(name=f"Area{number}", address=address, content=block + noise.randbytes(size - len(block)))
        for number, (address, size) in enumerate(areas)
    )


@contextlib.contextmanager
def flash_bench(running: RunningVehicle, vehicle: str) -> Iterator[FlashBench]:
    """Give a bench on `running`; jobs, payloads and journal stand in real files."""
    with tempfile.TemporaryDirectory() as home, _environment("WORKSHOP_CONSOLE_HOME", home):
        folders = Folders.of_user(dict(os.environ))
        key = new_key()
        write_public_key(key, folders.flash_keys / "bench.pem")
        settings = Settings(vci=running.uri, access_server="off")
        workshop = build_workshop(settings, folders, lang="en")
        try:
            yield FlashBench(workshop=workshop, vehicle=vehicle, folder=Path(home), key=key)
        finally:
            workshop.close()


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set what the worker inherits."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _workers() -> list[int]:
    """Return the flash workers that this process started and that are at work."""
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        for process in children.read_text().split():
            with contextlib.suppress(OSError):
                arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
                if flash_starting.COMMAND.encode() in arguments:
                    found.append(int(process))
    return found


def _peak_bytes(process: int) -> int:
    """Return the most memory that a process had so far; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0


def _seconds(first: JournalEntry, last: JournalEntry) -> float:
    assert last.ended is not None
    return (last.ended - first.began).total_seconds()

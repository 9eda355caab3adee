"""Flash jobs as a mechanic starts them: a signed file, a plan, and the worker's own process."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.flash_worker import CALLS
from benchmarks.vehicle import RunningVehicle
from workshop_console.console.flash_files.authoring import (
    FlashContent,
    Part,
    new_key,
    write_flash_file,
    write_public_key,
)
from workshop_console.console.jobs import flash_starting
from workshop_console.console.jobs.flash_following import job_folder, worker_lock
from workshop_console.console.jobs.held_file import held_alone
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import FlashPlan, FlashStep, JobState
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

    steps: tuple[tuple[str, float, float], ...]
    """Step, when it began, when it ended."""
    stored: int
    """Payload bytes."""
    peak_bytes: int
    """Most memory that the worker had at a time (VmHWM)."""
    journal_calls: tuple[tuple[float, float], ...]
    """When each call of the journal began and ended; empty: not timed."""

    @property
    def transfer_s(self) -> float:
        """Seconds in the steps that transfer blocks."""
        return sum(ended - began for step, began, ended in self.steps if step == FlashStep.TRANSFER)

    @property
    def downloads(self) -> tuple[tuple[float, float], ...]:
        """Begin and end of each download, with what is noted in between."""
        begins = [began for step, began, _ in self.steps if step == FlashStep.REQUEST_DOWNLOAD]
        ends = [ended for step, _, ended in self.steps if step == FlashStep.TRANSFER_EXIT]
        return tuple(zip(begins, ends, strict=True))

    @property
    def download_s(self) -> float:
        """Seconds of all downloads."""
        return sum(ended - began for began, ended in self.downloads)

    @property
    def journal_s(self) -> float:
        """Seconds of the journal's calls during the downloads; only where they were timed."""
        return sum(
            max(0.0, min(end, ended) - max(begin, began))
            for begin, end in self.downloads
            for began, ended in self.journal_calls
        )

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

    def run(self, plan: FlashPlan, *, timed: bool = False) -> Flashed:
        """Do a job and return what it took. Raises RuntimeError when it does not end well.

        `timed`: by a worker that times its journal (flash_worker.py), else by the one that ships.
        """
        flashing = self.workshop.flashing
        with _program(timed=timed):
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
        return Flashed(
            steps=self._noted(began.flash_id),
            stored=sum(target.file.manifest.stored for target in plan.targets),
            peak_bytes=peak_bytes,
            journal_calls=self._calls(began.flash_id) if timed else (),
        )

    def _noted(self, job_id: int) -> tuple[tuple[str, float, float], ...]:
        """Return the steps as the journal has them."""
        return tuple(
            (str(entry.step), entry.began.timestamp(), entry.ended.timestamp())
            for entry in self.workshop.flashing.entries(job_id)
            if entry.ended is not None
        )

    def _calls(self, job_id: int) -> tuple[tuple[float, float], ...]:
        """Return the journal's calls as the timed worker left them."""
        told = (job_folder(self.workshop.folders.jobs, job_id) / CALLS).read_text(encoding="utf-8")
        return tuple((began, ended) for began, ended in json.loads(told))


@contextlib.contextmanager
def _program(*, timed: bool) -> Iterator[None]:
    """Let jobs be done by the worker that ships, or by that of this folder."""
    start = flash_starting.start_worker
    if timed:
        program = (sys.executable, str(Path(__file__).with_name("flash_worker.py")))
        flash_starting.start_worker = partial(start, program=program)
    try:
        yield
    finally:
        flash_starting.start_worker = start


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
        with contextlib.suppress(OSError):  # a thread or a process that ended meanwhile
            for process in children.read_text().split():
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

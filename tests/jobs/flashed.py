"""A workshop with a simulated vehicle, flash jobs as processes of their own, and ways to end them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workshop_console.console.jobs.flash_offered import SHIPPED
from workshop_console.console.jobs.held_file import held_alone
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import (
    FlashPlan,
    FlashStep,
    FlashTarget,
    JobState,
    JobSummary,
    SoftwareIdentity,
)
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import FlashStarted
from workshop_console.console.procedures.presence import address_for
from workshop_console.console.settings import Folders, load_settings
from workshop_console.console.wiring import build_workshop

LONGEST_S = 90.0
"""For one job; it takes seven seconds where nothing else runs."""
GOING_ON = (JobState.PLANNED, JobState.RUNNING, JobState.STOPPING)
ENGINE = SHIPPED / "car-CDI_EngineControl.hex"


_GRANTS = """#!/bin/sh
# Takes a lock for as long as the command runs that it is given, as systemd-inhibit does.
for one in "$@"; do
  case "$one" in
    --what=*{refused}*) exit 1 ;;
    --what=*) what="$one" ;;
    --mode=*|--who=*|--why=*) ;;
    *) command="$one" ;;
  esac
done
echo "$what" > "{state}/held"
"$command"
rm -f "{state}/held"
"""


@contextmanager
def workshop_of(home: Path, vci: str = "sim://car") -> Iterator[Workshop]:
    """Give a workshop of the user whose folders are under `home`, without an access server."""
    folders = Folders.of_user({"WORKSHOP_CONSOLE_HOME": str(home)})
    settings, _ = load_settings(
        folders, environment={}, command_line={"vci": vci, "access_server": "off", "mechanic": "Maria"}
    )
    workshop = build_workshop(settings, folders, lang="en")
    try:
        yield workshop
    finally:
        workshop.close()


def planned(workshop: Workshop, *files: Path) -> FlashPlan:
    """Return a plan that nobody judged: the worker asks the units itself."""
    with workshop.line.working():
        steps = workshop.line.prepare(Cancellation())
        while True:
            try:
                next(steps)
            except StopIteration as end:
                link, choice = end.value
                break
    by_name = {unit.name: unit for unit in choice.units}
    addresses = {unit.name: address_for(unit, link.kind) for unit in choice.units}
    read = [file for name in files for file in workshop.flashing.read(name)]
    return FlashPlan(
        vin=workshop.line.vehicle.vin,
        vehicle_name=workshop.line.vehicle.name,
        vci=link.uri,
        vci_given=workshop.line.vci_named,
        who="Maria",
        targets=tuple(
            FlashTarget(
                unit=file.manifest.unit,
                label=by_name[file.manifest.unit].label,
                address=address,
                timing=by_name[file.manifest.unit].timing,
                identity=SoftwareIdentity(software="before"),
                file=file,
            )
            for file in read
            if (address := addresses[file.manifest.unit]) is not None
        ),
    )


def started(workshop: Workshop, plan: FlashPlan) -> int:
    """Start a job and return its number."""
    (*_, last) = workshop.flashing.start(plan)
    assert isinstance(last, FlashStarted)
    return last.flash_id


def resumed(workshop: Workshop, job_id: int) -> None:
    """Go on with a job."""
    (*_, last) = workshop.flashing.resume(job_id)
    assert isinstance(last, FlashStarted)


def until(holds: Callable[[], object], longest_s: float = LONGEST_S) -> None:
    """Wait until `holds`; what is waited for is written by other processes."""
    end = time.monotonic() + longest_s
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def until_begun(workshop: Workshop, job_id: int, step: FlashStep) -> None:
    """Wait until a job is about to do a step."""

    def begun() -> bool:
        if any(entry.step is step for entry in workshop.flashing.entries(job_id)):
            return True
        job = workshop.flashing.job(job_id)
        assert job.state in GOING_ON, job
        return False

    until(begun)


def until_over(workshop: Workshop, job_id: int) -> JobSummary:
    """Wait until nobody works on a job any more, and return how it stands."""
    until(lambda: workshop.flashing.job(job_id).state not in GOING_ON)
    lock = workshop.folders.jobs / str(job_id) / "worker.lock"
    until(lambda: not held_alone(lock))
    return workshop.flashing.job(job_id)


def worker_of(workshop: Workshop, job_id: int) -> int:
    """Return the process that works on a job."""
    found: list[int] = []

    def alone() -> bool:
        # What it starts has its command line for a moment.
        found[:] = processes_of(workshop.folders.state.parent, "flash-worker", str(job_id))
        return len(found) == 1

    until(alone)
    return found[0]


def processes_of(home: Path, *words: str) -> list[int]:
    """Return the processes of the user whose folders are under `home` that have all `words` as arguments.

    This one is not among them.
    """
    found = []
    for entry in Path("/proc").iterdir():
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or is none of ours
            continue
        ours = f"WORKSHOP_CONSOLE_HOME={home}".encode() in environment
        if ours and all(word.encode() in arguments for word in words) and entry.name != str(os.getpid()):
            found.append(int(entry.name))
    return found


def grant_staying_awake(folder: Path, *, refused: str = "nothing") -> None:
    """Put a systemd-inhibit into `folder` that grants all but `refused`: `held` stands there meanwhile."""
    program = folder / "systemd-inhibit"
    program.write_text(_GRANTS.format(state=folder, refused=refused), encoding="utf-8")
    program.chmod(0o755)


def kill(process: int, with_signal: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process."""
    os.kill(process, with_signal)

"""Flash jobs as processes of their own: whoever goes away, a job goes on, or is told and taken up again."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.jobs.flashed import (
    ENGINE,
    kill,
    planned,
    resumed,
    started,
    until,
    until_begun,
    until_over,
    worker_of,
    workshop_of,
)
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashPlan,
    FlashStep,
    JobState,
    Light,
    UnitEnd,
)
from workshop_console.console.model.kept import EntryKind

pytestmark = [
    pytest.mark.usefixtures("met"),
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="finds the processes of the program in /proc"
    ),
]


@pytest.fixture
def workshop(own_home: Path) -> Iterator[Workshop]:
    with workshop_of(own_home) as opened:
        yield opened


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "workshop_console.console", *arguments]


def ends(workshop: Workshop, job_id: int) -> list[tuple[str, UnitEnd]]:
    return [(result.unit, result.end) for result in workshop.flashing.job(job_id).results]


def test_a_job_flashes_a_unit_and_leaves_a_record(workshop: Workshop) -> None:
    plan = planned(workshop, ENGINE)
    job_id = started(workshop, plan)
    with pytest.raises(ConsoleError) as refused:
        workshop.line.link()
    assert (refused.value.number, refused.value.facts["job"]) == ("WC-740", job_id)
    with pytest.raises(ConsoleError) as refused:
        list(workshop.flashing.resume(job_id))
    assert refused.value.number == "WC-749"
    job = until_over(workshop, job_id)
    assert (job.state, job.result, job.runs) == (JobState.DONE, None, 1)
    (result,) = job.results
    assert (result.end, result.identity.software) == (UnitEnd.NEW, plan.targets[0].file.manifest.software)
    assert job.progress.done == job.progress.total == plan.targets[0].file.manifest.stored
    assert {entry.outcome for entry in workshop.flashing.entries(job_id)} == {"positive"}
    (order,) = [e for e in workshop.orders.entries(plan.vin) if e.kind is EntryKind.FLASHING]
    assert (order.unit, order.outcome, order.who) == (plan.targets[0].label, "done", "Maria")
    assert dict(order.details)["job"] == str(job_id)
    assert [file.name for file in (workshop.folders.jobs / str(job_id)).glob("*.payload")] == []
    assert workshop.flashing.interrupted() == []
    assert workshop.line.connect().vin == plan.vin
    with pytest.raises(ConsoleError) as refused:
        workshop.flashing.stop(job_id)
    assert refused.value.number == "WC-747"


def test_a_job_outlives_kill_9_of_its_console_and_the_loss_of_its_terminal(
    workshop: Workshop, own_home: Path
) -> None:
    """The console is a child with a terminal of its own, which is torn down before the child is killed."""
    code = (
        "import sys; from pathlib import Path; from tests.jobs.flashed import *;"
        "manager = workshop_of(Path(sys.argv[1])); workshop = manager.__enter__();"
        "print(started(workshop, planned(workshop, ENGINE)), flush=True); signal.pause()"
    )
    master, slave = pty.openpty()
    console = subprocess.Popen(
        [sys.executable, "-c", code, str(own_home)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    os.close(slave)
    try:
        until(lambda: workshop.flashing.jobs() and workshop.flashing.running())
        (job,) = workshop.flashing.running()
        follower = subprocess.Popen(
            program("jobs", str(job.job_id), "--follow"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until_begun(workshop, job.job_id, FlashStep.ERASE)
        os.close(master)
    finally:
        console.kill()
        console.wait()
    assert follower.stdout is not None
    assert "1" in follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    _out, err = follower.communicate(timeout=30)
    assert follower.returncode == 130
    assert "WC-750" in err
    ended = until_over(workshop, job.job_id)
    assert (ended.state, ended.runs) == (JobState.DONE, 1)
    assert ends(workshop, job.job_id) == [("CDI_EngineControl", UnitEnd.NEW)]


def test_a_console_killed_before_its_worker_began_leaves_a_job_to_start_or_drop(
    workshop: Workshop, own_home: Path
) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tests.jobs.flashed import *;"
        "from workshop_console.console.jobs import flash_starting;"
        "flash_starting.start_worker = lambda *given, **more: os.kill(os.getpid(), signal.SIGKILL);"
        "manager = workshop_of(Path(sys.argv[1])); workshop = manager.__enter__();"
        "started(workshop, planned(workshop, ENGINE))"
    )
    for _ in range(2):
        console = subprocess.run(
            [sys.executable, "-c", code, str(own_home)], cwd=Path(__file__).parent.parent.parent, check=False
        )
        assert console.returncode == -signal.SIGKILL
    dropped, left = sorted(job.job_id for job in workshop.flashing.interrupted())
    job = workshop.flashing.job(left)
    assert (job.state, job.result and job.result.number) == (JobState.INTERRUPTED, "WC-758")
    assert workshop.flashing.entries(left) == []
    workshop.flashing.stop(dropped)
    assert workshop.flashing.job(dropped).state is JobState.STOPPED
    with pytest.raises(ConsoleError) as refused:
        list(workshop.flashing.resume(dropped))
    assert refused.value.number == "WC-749"
    resumed(workshop, left)
    ended = until_over(workshop, left)
    assert (ended.state, ended.runs) == (JobState.DONE, 1)
    assert workshop.flashing.interrupted() == []


def test_a_worker_that_was_killed_is_told_and_its_job_brought_to_the_end(workshop: Workshop) -> None:
    plan = planned(workshop, ENGINE)
    job_id = started(workshop, plan)
    until_begun(workshop, job_id, FlashStep.TRANSFER)
    kill(worker_of(workshop, job_id))
    broken = until_over(workshop, job_id)
    assert broken.state is JobState.INTERRUPTED
    assert broken.result is not None
    assert broken.result.number == "WC-751"
    assert [job.job_id for job in workshop.flashing.interrupted()] == [job_id]
    assert workshop.flashing.can_resume(broken)
    resumed(workshop, job_id)
    ended = until_over(workshop, job_id)
    assert (ended.state, ended.runs) == (JobState.DONE, 2)
    assert ends(workshop, job_id) == [("CDI_EngineControl", UnitEnd.NEW)]
    assert workshop.flashing.interrupted() == []


@pytest.mark.soak
@pytest.mark.parametrize("step", [step for step in FlashStep if step is not FlashStep.READOUT])
def test_a_job_whose_worker_was_killed_at_any_step_is_brought_to_the_end(
    workshop: Workshop, step: FlashStep
) -> None:
    job_id = started(workshop, planned(workshop, ENGINE))
    worker = worker_of(workshop, job_id)
    until_begun(workshop, job_id, step)
    kill(worker)
    broken = until_over(workshop, job_id)
    if step is FlashStep.CLEAR_FAULTS and broken.state is JobState.DONE:
        pytest.skip("the last step was over before the signal came")
    assert broken.state is JobState.INTERRUPTED
    resumed(workshop, job_id)
    kill(worker_of(workshop, job_id))
    assert until_over(workshop, job_id).state is JobState.INTERRUPTED
    resumed(workshop, job_id)
    ended = until_over(workshop, job_id)
    assert (ended.state, ended.runs, ended.result) == (JobState.DONE, 3, None)
    assert ends(workshop, job_id) == [("CDI_EngineControl", UnitEnd.NEW)]
    with workshop.line.working():
        assert not workshop.line.link().lost


@pytest.mark.soak
def test_signals_make_the_worker_end_where_the_unit_is_whole(workshop: Workshop) -> None:
    """After erase that is only at the end: the unit has the new software then."""
    job_id = started(workshop, planned(workshop, ENGINE))
    until_begun(workshop, job_id, FlashStep.ERASE)
    process = worker_of(workshop, job_id)
    for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        kill(process, name)
    until(lambda: workshop.flashing.job(job_id).state is not JobState.RUNNING)
    ended = until_over(workshop, job_id)
    assert ended.state is JobState.DONE
    assert ends(workshop, job_id) == [("CDI_EngineControl", UnitEnd.NEW)]


def test_a_stop_wished_before_anything_is_erased_leaves_the_old_software(workshop: Workshop) -> None:
    plan = planned(workshop, ENGINE)
    job_id = started(workshop, plan)
    workshop.flashing.stop(job_id)
    kill(worker_of(workshop, job_id), signal.SIGTERM)
    ended = until_over(workshop, job_id)
    if not any(entry.step is FlashStep.ERASE for entry in workshop.flashing.entries(job_id)):
        assert ended.state is JobState.STOPPED
        assert ends(workshop, job_id) == [("CDI_EngineControl", UnitEnd.OLD)]
        assert not workshop.flashing.can_resume(ended)
    else:
        assert ended.state is JobState.DONE


@pytest.fixture
def plan(workshop: Workshop) -> FlashPlan:
    return planned(workshop, ENGINE)


def refused(workshop: Workshop, plan: FlashPlan, *confirmed: str) -> str:
    with pytest.raises(ConsoleError) as raised:
        list(workshop.flashing.start(plan, confirmed))
    return raised.value.number


def with_light(plan: FlashPlan, light: Light) -> FlashPlan:
    check = FlashCheck(id=CheckId.VOLTAGE, light=light)
    return replace(plan, targets=tuple(replace(target, checks=(check,)) for target in plan.targets))


def test_nothing_begins_that_may_not(workshop: Workshop, plan: FlashPlan, own_home: Path) -> None:
    red, yellow = with_light(plan, Light.RED), with_light(plan, Light.YELLOW)
    assert refused(workshop, red, plan.targets[0].unit) == "WC-743"
    assert refused(workshop, replace(plan, targets=())) == "WC-743"
    assert refused(workshop, yellow) == "WC-745"
    assert refused(workshop, yellow, plan.targets[0].unit.lower()) == "WC-745"
    assert refused(workshop, replace(plan, vin="W1K0000000F000000")) == "WC-746"
    assert workshop.flashing.jobs() == []
    file = replace(plan.targets[0].file, path=str(own_home / "gone.hex"))
    gone = replace(plan, targets=(replace(plan.targets[0], file=file),))
    assert refused(workshop, gone).startswith("WC-")
    (job,) = workshop.flashing.jobs()
    assert job.state is JobState.STOPPED
    assert job.result is not None
    assert workshop.line.connect().vin == plan.vin


def test_a_vci_that_another_console_uses_is_left_to_it(
    workshop: Workshop, plan: FlashPlan, own_home: Path
) -> None:
    with workshop_of(own_home) as other:
        other.line.connect()
        assert refused(workshop, plan) == "WC-741"


def test_jobs_that_are_not_there(workshop: Workshop) -> None:
    for ask in (workshop.flashing.job, workshop.flashing.stop, lambda n: list(workshop.flashing.resume(n))):
        with pytest.raises(ConsoleError) as raised:
            ask(7)
        assert raised.value.number == "WC-744"


def test_a_worker_that_does_not_begin_says_why(
    workshop: Workshop, plan: FlashPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (sys.executable, "-c", "import sys; sys.exit('WC-999  no such disk')")
    from workshop_console.console.jobs import flash_starting

    monkeypatch.setattr(flash_starting.start_worker, "__kwdefaults__", {"handles": (), "program": broken})
    with pytest.raises(ConsoleError) as raised:
        list(workshop.flashing.start(plan))
    assert raised.value.number == "WC-742"
    assert "no such disk" in str(raised.value.facts["detail"])
    assert [job.state for job in workshop.flashing.jobs()] == [JobState.STOPPED]


_WORKER = """
import sys
from workshop_console.console.cli import run
code = run(["flash-worker", sys.argv[1], "--vci", sys.argv[2]])
print("code", code, file=sys.stderr)
loaded = {name.partition(".")[0] for name in sys.modules}
print("heavy " + " ".join(loaded & {*sys.argv[3:]}), file=sys.stderr)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("peak", peak, file=sys.stderr)
"""
HEAVY = ("textual", "rich", "httpx", "odxtools", "sqlite_utils", "starlette", "cryptography", "bincopy")
LARGEST_KIB = 80 * 1024
"""The worker with a small file; the file itself is read piece by piece."""


def test_the_worker_is_light_and_takes_its_locks_where_nobody_passed_them_on(workshop: Workshop) -> None:
    from workshop_console.console.jobs.flash_payload import write_payloads
    from workshop_console.console.wiring import flash_files
    from workshop_console.data.store import open_store
    from workshop_console.i18n.messages import SHIPPED

    plan = planned(workshop, ENGINE)
    store = open_store(workshop.folders, texts=SHIPPED)
    job_id = store.journal.create(plan)
    folder = workshop.folders.jobs / str(job_id)
    folder.mkdir(parents=True)
    store.journal.replace_plan(job_id, write_payloads(plan, folder, flash_files(workshop.folders)))
    store.close()
    with workshop.line.working():
        given = workshop.line.give_away(plan.vci_given)
    ran = subprocess.run(
        [sys.executable, "-c", _WORKER, str(job_id), given.uri, *HEAVY],
        capture_output=True,
        text=True,
        check=True,
    )
    assert until_over(workshop, job_id).state is JobState.DONE, ran.stderr
    told = dict(line.partition(" ")[::2] for line in ran.stderr.splitlines())
    assert told["code"] == "0"
    assert told["heavy"] == ""
    assert int(told["peak"]) < LARGEST_KIB

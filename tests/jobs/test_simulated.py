"""One simulated vehicle for each folder: a second console joins it, whoever ends first."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
from workshop_console.console.jobs.held_file import hold
from workshop_console.console.jobs.simulated import ChildSimulations
from workshop_console.console.jobs.simulated_folder import SimulatedFolder
from workshop_console.console.model.flash import FlashStep, JobState
from workshop_console.console.wiring import _simulated_kind

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="handles are inherited")


def simulations(root: Path) -> ChildSimulations:
    return ChildSimulations(("car", "van"), _simulated_kind, root)


@contextmanager
def by_hand(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "workshop_console.console", "simulate", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_console_joins_the_vehicle_and_keeps_it_when_the_first_ends(tmp_path: Path) -> None:
    folder = SimulatedFolder(tmp_path / "car")
    with closing(simulations(tmp_path)) as second:
        with closing(simulations(tmp_path)) as first:
            vehicle = first.start("car")
            assert second.start("car") == vehicle
            assert second.start("car") == vehicle
        assert folder.runs
        assert second.start("car") == vehicle
        with closing(simulations(tmp_path)) as third:
            assert third.start("car") == vehicle
    until(lambda: not folder.runs)
    with closing(simulations(tmp_path)) as next_one:
        assert next_one.start("car").uri
        assert folder.runs
    until(lambda: not folder.runs)


def test_two_consoles_work_on_the_same_vehicle(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.doip.link.IDENTIFICATION_S", 10.0)
    with workshop_of(own_home) as first, workshop_of(own_home) as second:
        assert first.line.connect().vin == second.line.connect().vin != ""
        assert first.line.link().uri == second.line.link().uri


def test_a_second_console_takes_up_a_job_on_the_vehicle_of_the_first(own_home: Path) -> None:
    with workshop_of(own_home) as first, workshop_of(own_home) as second:
        plan = planned(first, ENGINE)
        job_id = started(first, plan)
        until_begun(first, job_id, FlashStep.TRANSFER)
        kill(worker_of(first, job_id))
        assert until_over(second, job_id).state is JobState.INTERRUPTED
        resumed(second, job_id)
        with pytest.raises(ConsoleError) as refused:
            first.line.link()
        assert refused.value.number == "WC-740"
        first.close()  # the vehicle is its child, and goes on for the worker
        assert until_over(second, job_id).state is JobState.DONE
        assert second.line.connect().vin == plan.vin


def test_who_got_the_handle_keeps_a_joined_vehicle_going(tmp_path: Path) -> None:
    folder = SimulatedFolder(tmp_path / "car")
    with closing(simulations(tmp_path)) as first, closing(simulations(tmp_path)) as second:
        first.start("car")
        _vehicle, handle = second.hand_on("car")
        worker = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[handle])
    assert folder.runs
    worker.kill()
    worker.communicate()
    until(lambda: not folder.runs)


def test_a_vehicle_that_was_killed_is_started_anew(tmp_path: Path) -> None:
    arguments = ("--vehicle", "car", "--doip", "127.0.0.1:0", "--ready-json", "--nonvolatile")
    folder = SimulatedFolder(tmp_path / "car")
    with closing(simulations(tmp_path)) as console:
        with by_hand(*arguments, str(tmp_path / "car")) as process:
            assert process.stdout is not None
            bound = json.loads(process.stdout.readline())
            uri = f"doip://127.0.0.1:{bound['doip'][1]}"
            assert console.start("car").uri == uri
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert not folder.runs
        assert console.start("car").uri != uri
        assert folder.runs


def test_where_a_vehicle_cannot_be_joined_it_is_told(tmp_path: Path) -> None:
    place = str(tmp_path / "car")
    with by_hand(
        "--vehicle", "van", "--socketcand", "127.0.0.1:0", "--ready-json", "--nonvolatile", place
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline()
        with closing(simulations(tmp_path)) as console, pytest.raises(ConsoleError) as refused:
            console.start("car")
        assert refused.value.number == "WC-214"
        assert "socketcand" in str(refused.value.facts["detail"])
        with by_hand("--vehicle", "van", "--doip", "127.0.0.1:0", "--nonvolatile", place) as other:
            _out, told = other.communicate(timeout=60)
            assert other.returncode != 0
            assert "WC-214" in told


def test_a_vehicle_that_ends_is_not_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.jobs.simulated_folder._ENDING_S", 0.1)
    folder = SimulatedFolder(tmp_path)
    last = hold(tmp_path / "users.lock", alone=True)
    assert last is not None
    with pytest.raises(ConsoleError) as refused:
        folder.use()
    assert refused.value.number == "WC-214"
    last.release()
    folder.use().release()
    assert folder.bound(0.0) is None
    with closing(_Held(folder)), pytest.raises(ConsoleError) as refused:
        folder.bound(0.1)  # it never says where it listens
    assert refused.value.number == "WC-214"


class _Held:
    """A vehicle that has no address."""

    def __init__(self, folder: SimulatedFolder) -> None:
        self._held = folder.take()

    def close(self) -> None:
        self._held.release()

"""`flash` on the command line: the table first, what is red stops, and a job that needs nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import PROGRAM, ran, simulated
from tests.jobs.flashed import (
    ENGINE,
    GOING_ON,
    grant_staying_awake,
    kill,
    processes_of,
    until,
    until_over,
    workshop_of,
)
from workshop_console.console.jobs.flash_offered import SHIPPED
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import FlashStep, JobState

pytestmark = pytest.mark.usefixtures("met")

FREE = ("--access-server", "off")


@pytest.fixture(autouse=True)
def awake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody need to be told to keep this computer awake."""
    grant_staying_awake(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def workshop(own_home: Path) -> Iterator[Workshop]:
    with workshop_of(own_home) as opened:
        yield opened


def test_without_yes_only_the_table_is_made(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ran(capsys, "flash", "--vci", "sim://car", str(ENGINE), *FREE)
    assert shown.code == 2
    assert "WC-109" in shown.err
    assert "CDI_EngineControl" in shown.out
    assert "2069474432" in shown.out
    assert workshop.flashing.jobs() == []
    assert [report.kind for report in workshop.reports()] == ["readout"]


def test_a_file_of_another_vehicle_is_refused_before_anything_is_sent(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ran(
        capsys,
        *("flash", "--vci", "sim://van", str(ENGINE), "--yes", "--confirm", "CDI_EngineControl"),
        *("--json", *FREE),
    )
    assert result.code == 4
    assert "WC-731" in result.numbers
    assert result.numbers[-1] == "WC-743"
    (unit,) = result.document["plan"]["units"]
    lights = {check["id"]: check["light"] for check in unit["checks"]}
    assert lights["hardware"] == "red"
    assert lights["credit"] == lights["right"] == lights["readout"] == lights["space"] == "green"
    assert result.document["job"] is None
    assert workshop.flashing.jobs() == []


def test_yellow_is_confirmed_by_name_and_a_job_ends_with_its_report(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0", "--set", "charger=no") as vehicle:
        vci = f"doip://127.0.0.1:{vehicle['doip'][1]}"
        asked = ("flash", "--vci", vci, "--ecu", "cdi_enginecontrol", str(ENGINE), "--yes", "--json", *FREE)
        refused = ran(capsys, *asked)
        assert (refused.code, refused.numbers) == (4, ["WC-745"])
        assert refused.document["plan"]["light"] == "yellow"
        wrong = ran(capsys, *asked, "--confirm", "SAM_FrontSignalModule")
        assert (wrong.code, wrong.numbers) == (4, ["WC-745"])
        assert workshop.flashing.jobs() == []
        begun = ran(capsys, *asked, "--confirm", "CDI_EngineControl", "--detach")
        assert (begun.code, begun.numbers) == (0, [])
        number = begun.document["job"]["id"]
        followed = ran(capsys, "jobs", str(number), "--follow", "--json")
        assert (followed.code, followed.numbers) == (0, [])
        (job,) = followed.document["jobs"]
        assert (job["state"], job["units"][0]["end"], job["vci"]) == ("done", "new", vci)
        assert until_over(workshop, number).runs == 1


def test_a_workplace_that_may_not_flash(capsys: pytest.CaptureFixture[str], own_home: Path) -> None:
    (own_home / "config").mkdir(parents=True)
    (own_home / "config" / "config.toml").write_text("flashing = false\n")
    result = ran(capsys, "flash", "--vci", "sim://car", str(ENGINE), "--yes", "--json", *FREE)
    assert (result.code, result.numbers) == (4, ["WC-752", "WC-743"])


@pytest.mark.parametrize(
    ("arguments", "number", "code"),
    [
        ((), "WC-103", 2),
        (("--ecu", "A", "--ecu", "B", str(ENGINE)), "WC-103", 2),
        (
            ("--ecu", "CDI_EngineControl", str(SHIPPED / "car-ChassisUpdate.pdx"), "--session", "None"),
            "WC-103",
            2,
        ),
        ((str(SHIPPED / "nothing.hex"),), "WC-108", 1),
        ((str(SHIPPED / "demonstration.pem"),), "WC-700", 4),
        ((str(ENGINE), str(ENGINE)), "WC-755", 2),
    ],
)
def test_what_cannot_be_flashed(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], number: str, code: int
) -> None:
    result = ran(capsys, "flash", "--vci", "sim://car", *arguments, "--yes", "--json", *FREE)
    assert (result.numbers, result.code) == ([number], code)


def test_ctrl_c_leaves_the_job_to_itself(workshop: Workshop) -> None:
    flash = subprocess.Popen(
        [*PROGRAM, "flash", "--vci", "sim://car", str(ENGINE), "--yes", "--json", *FREE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def erasing() -> bool:
        entries = [e for job in workshop.flashing.jobs() for e in workshop.flashing.entries(job.job_id)]
        return any(entry.step is FlashStep.ERASE for entry in entries)

    until(erasing)
    flash.send_signal(signal.SIGINT)
    out, err = flash.communicate(timeout=60)
    assert flash.returncode == 130, err
    document = json.loads(out)
    assert [message["number"] for message in document["messages"]] == ["WC-750"]
    (job,) = workshop.flashing.jobs()
    assert document["job"]["id"] == job.job_id
    assert job.state in (*GOING_ON, JobState.DONE)
    assert until_over(workshop, job.job_id).state is JobState.DONE


def test_after_a_power_cut_the_job_is_taken_up_again(
    workshop: Workshop, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Command, worker and simulated vehicle end at once in the middle of the transfer, as they do then."""
    flash = subprocess.Popen(
        [*PROGRAM, "flash", "--vci", "sim://car", str(ENGINE), "--yes", *FREE], stdout=subprocess.DEVNULL
    )
    until(lambda: any(job.progress.done for job in workshop.flashing.jobs()))
    (job,) = workshop.flashing.jobs()
    for process in processes_of(own_home):
        kill(process)
    flash.wait()
    broken = until_over(workshop, job.job_id)
    assert broken.state is JobState.INTERRUPTED
    resumed = ran(capsys, "jobs", str(job.job_id), "--resume", "--yes", "--json", *FREE)
    assert (resumed.code, resumed.numbers) == (0, [])
    (document,) = resumed.document["jobs"]
    assert (document["state"], document["runs"], document["units"][0]["end"]) == ("done", 2, "new")
    again = ran(capsys, "jobs", str(job.job_id), "--resume", "--yes", "--json", *FREE)
    assert (again.code, again.numbers) == (2, ["WC-749"])

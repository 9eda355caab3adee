"""`jobs` on the command line: listed, followed, stopped, taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import ran
from tests.jobs.flashed import ENGINE, planned, started, until_over, workshop_of
from tests.store.test_journal import PLAN, RESULT
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import FlashStep, JobState
from workshop_console.console.settings import Folders
from workshop_console.data.store import open_store
from workshop_console.data.store.journal import StoredJournal
from workshop_console.i18n.messages import SHIPPED

pytestmark = pytest.mark.usefixtures("met")


@pytest.fixture
def journal(own_home: Path) -> Iterator[StoredJournal]:
    store = open_store(Folders.of_user({"WORKSHOP_CONSOLE_HOME": str(own_home)}), texts=SHIPPED)
    yield store.journal
    store.close()


@pytest.fixture
def workshop(own_home: Path) -> Iterator[Workshop]:
    with workshop_of(own_home) as opened:
        yield opened


def test_where_there_are_no_jobs_the_list_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "jobs", "--json").document == {"jobs": []}
    assert ran(capsys, "jobs", "--follow", "--json").document == {"jobs": []}
    shown = ran(capsys, "jobs")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.strip()


@pytest.mark.parametrize(
    ("arguments", "number", "code"),
    [
        (("7",), "WC-744", 2),
        (("7", "--follow"), "WC-744", 2),
        (("7", "--stop"), "WC-744", 2),
        (("7", "--resume", "--yes"), "WC-744", 2),
        (("7", "--resume"), "WC-109", 2),
        (("--stop",), "WC-103", 2),
        (("--resume", "--yes"), "WC-103", 2),
        (("7", "--resume", "--stop", "--yes"), "WC-103", 2),
    ],
)
def test_what_cannot_be_asked(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], number: str, code: int
) -> None:
    result = ran(capsys, "jobs", *arguments, "--json")
    assert (result.code, result.numbers) == (code, [number])


def test_a_job_whose_worker_is_gone_is_told_with_its_steps(
    journal: StoredJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    number = journal.create(PLAN)
    journal.run_begins(number)
    journal.complete(journal.begin(number, "ENGINE", FlashStep.FINGERPRINT), "positive")
    journal.begin(number, "ENGINE", FlashStep.ERASE, "APP")
    listed = ran(capsys, "jobs", "--json")
    (job,) = listed.document["jobs"]
    assert listed.code == 0
    assert (job["id"], job["kind"], job["state"], job["ended"]) == (number, "flash", "interrupted", None)
    assert (job["unit"], job["can_resume"], job["result"]) == ("ENGINE, GATEWAY", True, "WC-751")
    assert {"step", "done", "total", "started"} <= set(job)
    one = ran(capsys, "jobs", str(number), "--json").document
    steps = [(entry["step"], entry["outcome"]) for entry in one["jobs"][0]["entries"]]
    assert steps == [("fingerprint", "positive"), ("erase", "")]
    assert [message["number"] for message in one["messages"]] == ["WC-751"]
    shown = ran(capsys, "jobs", str(number))
    assert "--resume" in shown.out
    assert "WC-751" in shown.err
    assert "ENGINE" in ran(capsys, "jobs").out or "Engine" in ran(capsys, "jobs").out
    followed = ran(capsys, "jobs", str(number), "--follow", "--json")
    assert (followed.code, followed.numbers) == (1, ["WC-751"])
    stopped = ran(capsys, "jobs", str(number), "--stop", "--json")
    assert (stopped.code, stopped.numbers) == (2, ["WC-747"])


def test_the_exit_code_says_how_a_followed_job_ended(
    journal: StoredJournal, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = {}
    for state in (JobState.DONE, JobState.STOPPED, JobState.FAILED):
        number = journal.create(PLAN)
        journal.end(number, state, (RESULT,) if state is JobState.FAILED else ())
        codes[state] = ran(capsys, "jobs", str(number), "--follow").code
    assert codes == {JobState.DONE: 0, JobState.STOPPED: 1, JobState.FAILED: 1}


def test_a_running_job_is_followed_to_its_end(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    job_id = started(workshop, planned(workshop, ENGINE))
    busy = ran(capsys, "quick-test", "--vci", "sim://car", "--access-server", "off", "--json")
    assert (busy.code, busy.numbers) == (3, ["WC-740"])
    followed = ran(capsys, "jobs", "--follow")
    assert followed.code == 0
    assert until_over(workshop, job_id).state is JobState.DONE
    lines = followed.out.splitlines()
    assert len(lines) > 10
    assert lines[0].startswith(f"Flash job {job_id}")
    assert sum("CDI_EngineControl" in line for line in lines) > 8
    document = ran(capsys, "jobs", str(job_id), "--json").document["jobs"][0]
    assert (document["state"], document["units"][0]["end"]) == ("done", "new")
    assert document["done"] == document["total"] == 22_791

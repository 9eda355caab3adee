"""How a job is told: by the journal, by the lock of its worker, and by its last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.test_journal import PLAN, RESULT
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import (
    FlashFollowing,
    can_resume,
    job_folder,
    never_began,
    starting_lock,
    waiting,
    worker_lock,
)
from workshop_console.console.jobs.flash_payload import PayloadFile, remove_payloads
from workshop_console.console.jobs.held_file import hold
from workshop_console.console.model.flash import FlashStep, JobState, JobSummary, UnitEnd
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.settings import Folders
from workshop_console.data.store import open_store
from workshop_console.data.store.journal import StoredJournal
from workshop_console.i18n.messages import SHIPPED


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[StoredJournal]:
    folders = Folders(config=tmp_path / "config", data=tmp_path / "data", state=tmp_path / "state")
    store = open_store(folders, texts=SHIPPED)
    yield store.journal
    store.close()


@pytest.fixture
def following(journal: StoredJournal, tmp_path: Path) -> FlashFollowing:
    return FlashFollowing(journal, tmp_path)


def test_a_job_runs_while_somebody_holds_its_lock(
    journal: StoredJournal, following: FlashFollowing, tmp_path: Path
) -> None:
    number = journal.create(PLAN)
    held = hold(worker_lock(tmp_path, number), alone=True)
    assert held is not None
    assert following.job(number).state is JobState.PLANNED
    journal.run_begins(number)
    assert following.job(number).state is JobState.RUNNING
    journal.end(number, JobState.STOPPING)
    assert following.job(number).state is JobState.STOPPING
    held.release()
    gone = following.job(number)
    assert gone.state is JobState.INTERRUPTED
    assert gone.result is not None
    assert gone.result.number == "WC-751"
    assert can_resume(gone)


def test_the_last_word_of_a_worker_counts_though_it_ended_while_somebody_looked(
    journal: StoredJournal, tmp_path: Path
) -> None:
    number = journal.create(PLAN)
    journal.run_begins(number)

    class Ending(StoredJournal):
        """Ends the job right after it was first read."""

        def job(self, job_id: int) -> JobSummary | None:
            found = super().job(job_id)
            journal.end(job_id, JobState.DONE)
            return found

    assert FlashFollowing(Ending(journal._database), tmp_path).job(number).state is JobState.DONE


def test_a_job_whose_console_ended_before_its_worker_began_is_told_and_can_be_dropped(
    journal: StoredJournal, following: FlashFollowing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = hold(starting_lock(tmp_path), alone=False)
    assert starts is not None
    number = journal.create(PLAN)
    assert following.job(number).state is JobState.PLANNED  # its console is at it
    starts.release()
    left = following.job(number)
    assert (left.state, left.result) == (
        JobState.INTERRUPTED,
        RaisedMessage(number="WC-758", facts=(("job", number),)),
    )
    assert never_began(left)
    assert [job.job_id for job in waiting(following.jobs())] == [number]
    assert can_resume(left)
    monkeypatch.setattr("workshop_console.console.jobs.flash_following.GOOD_FOR_S", -1.0)
    assert not can_resume(left)
    work = hold(worker_lock(tmp_path, number), alone=True)
    assert work is not None
    assert following.job(number).state is JobState.PLANNED  # somebody else starts it
    with pytest.raises(ConsoleError) as raised:
        following.stop(number)
    assert raised.value.number == "WC-747"
    work.release()
    following.stop(number)
    dropped = following.job(number)
    assert (dropped.state, dropped.result) == (JobState.STOPPED, left.result)
    assert not waiting(following.jobs())
    assert not can_resume(dropped)


def test_a_job_that_somebody_starts_just_now_is_not_dropped(journal: StoredJournal, tmp_path: Path) -> None:
    number = journal.create(PLAN)

    class Beginning(StoredJournal):
        """Begins the job right after it was read twice."""

        looks = 0

        def job(self, job_id: int) -> JobSummary | None:
            found = super().job(job_id)
            self.looks += 1
            if self.looks == 2:
                journal.run_begins(job_id)
            return found

    with pytest.raises(ConsoleError) as raised:
        FlashFollowing(Beginning(journal._database), tmp_path).stop(number)
    assert raised.value.number == "WC-747"
    kept = journal.job(number)
    assert kept is not None
    assert kept.state is JobState.RUNNING


@pytest.mark.parametrize(
    ("state", "end", "step", "possible"),
    [
        (JobState.INTERRUPTED, UnitEnd.OLD, None, True),
        (JobState.FAILED, UnitEnd.BOOT_LOADER, FlashStep.TRANSFER, True),
        (JobState.FAILED, UnitEnd.UNKNOWN, FlashStep.RESET, True),
        (JobState.FAILED, UnitEnd.NEW, FlashStep.COMMUNICATION_ON, True),
        (JobState.FAILED, UnitEnd.NEW, None, False),
        (JobState.FAILED, UnitEnd.OLD, FlashStep.FINGERPRINT, False),
        (JobState.DONE, UnitEnd.NEW, None, False),
        (JobState.STOPPED, UnitEnd.OLD, None, False),
        (JobState.RUNNING, UnitEnd.UNKNOWN, None, False),
    ],
)
def test_what_can_be_taken_up_again(
    journal: StoredJournal, state: JobState, end: UnitEnd, step: FlashStep | None, possible: bool
) -> None:
    number = journal.create(PLAN)
    journal.end(number, state, (replace(RESULT, end=end, step=step),))
    job = journal.job(number)
    assert job is not None
    assert can_resume(job) is possible


def test_an_interrupted_job_waits_until_its_units_were_brought_to_their_end(journal: StoredJournal) -> None:
    first, other = journal.create(PLAN), journal.create(replace(PLAN, vin="W1K2060041F000000"))
    for number in (first, other):
        journal.end(number, JobState.INTERRUPTED)
    assert [job.job_id for job in waiting(journal.jobs())] == [other, first]
    new = [replace(RESULT, unit=target.unit, end=UnitEnd.NEW) for target in PLAN.targets]
    journal.end(journal.create(PLAN), JobState.FAILED, new[:1])
    assert [job.job_id for job in waiting(journal.jobs())] == [other, first]
    journal.end(journal.create(PLAN), JobState.DONE, new)
    assert [job.job_id for job in waiting(journal.jobs())] == [other]


def test_a_stop_is_only_wished_of_a_job_at_work(
    journal: StoredJournal, following: FlashFollowing, tmp_path: Path
) -> None:
    number = journal.create(PLAN)
    journal.end(number, JobState.FAILED)
    with pytest.raises(ConsoleError) as raised:
        following.stop(number)
    assert raised.value.number == "WC-747"
    journal.run_begins(number)
    held = hold(worker_lock(tmp_path, number), alone=True)
    following.stop(number)
    assert journal.stop_wished(number)
    assert held is not None
    held.release()


def test_a_payload_is_read_piece_by_piece_and_removed_at_the_end(tmp_path: Path) -> None:
    folder = job_folder(tmp_path, 1)
    folder.mkdir()
    (folder / "0.payload").write_bytes(bytes(range(100)))
    (folder / "worker.log").write_text("")
    payload = PayloadFile(folder / "0.payload")
    assert payload.read(10, 5) == bytes(range(10, 15))
    assert payload.read(98, 5) == bytes(range(98, 100))
    payload.close()
    remove_payloads(folder)
    assert [file.name for file in folder.iterdir()] == ["worker.log"]
    with pytest.raises(ConsoleError) as raised:
        PayloadFile(folder / "0.payload")
    assert raised.value.number == "WC-754"

"""The log of a flash job: strict before the first unit is erased, forgiving from then on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.store.test_journal import PLAN
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_log import JournalLog
from workshop_console.console.model.flash import FlashProgress, FlashStep, JobState
from workshop_console.console.settings import Folders
from workshop_console.data.store import Store, open_store
from workshop_console.data.store.journal import StoredJournal
from workshop_console.i18n.messages import SHIPPED

FULL = ConsoleError("WC-604", file="records.db")


class FailingJournal(StoredJournal):
    """A journal whose disk can be full."""

    full = False
    hangs: threading.Event | None = None

    def _refuse(self) -> None:
        if self.hangs is not None:
            self.hangs.wait(20)
        if self.full:
            raise FULL

    def begin(
        self, job_id: int, unit: str, step: FlashStep, detail: str = "", *, began: datetime | None = None
    ) -> int:
        self._refuse()
        return super().begin(job_id, unit, step, detail, began=began)

    def complete(
        self, entry_id: int, outcome: str, detail: str = "", *, ended: datetime | None = None
    ) -> None:
        self._refuse()
        super().complete(entry_id, outcome, detail, ended=ended)

    def moved(self, job_id: int, progress: FlashProgress) -> None:
        self._refuse()
        super().moved(job_id, progress)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    folders = Folders(config=tmp_path / "config", data=tmp_path / "data", state=tmp_path / "state")
    opened = open_store(folders, texts=SHIPPED)
    yield opened
    opened.close()


@pytest.fixture
def journal(store: Store) -> FailingJournal:
    return FailingJournal(store.databases[2])


@pytest.fixture
def job(journal: FailingJournal) -> int:
    number = journal.create(PLAN)
    journal.run_begins(number)
    return number


@pytest.fixture
def log(journal: FailingJournal, job: int) -> Iterator[JournalLog]:
    made = JournalLog(journal, job, every_s=0.02)
    yield made
    journal.full = False
    assert made.close()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def steps(journal: StoredJournal, job: int) -> list[tuple[str, str]]:
    return [(entry.step.value, entry.outcome) for entry in journal.entries(job)]


def test_a_step_is_on_the_disk_when_it_was_noted(log: JournalLog, journal: FailingJournal, job: int) -> None:
    entry = log.begin("ENGINE", FlashStep.FINGERPRINT)
    assert steps(journal, job) == [("fingerprint", "")]
    log.complete(entry, "positive")
    assert steps(journal, job) == [("fingerprint", "positive")]


def test_nothing_begins_that_cannot_be_written_down(
    log: JournalLog, journal: FailingJournal, job: int
) -> None:
    journal.full = True
    for step in (FlashStep.FINGERPRINT, FlashStep.ERASE):
        with pytest.raises(ConsoleError) as raised:
            log.begin("ENGINE", step)
        assert raised.value is FULL
    assert not log.erased
    journal.full = False
    log.begin("ENGINE", FlashStep.ERASE)
    assert log.erased
    assert steps(journal, job) == [("erase", "")]


def test_from_erase_on_a_full_disk_is_a_warning_and_what_was_noted_comes_later(
    log: JournalLog, journal: FailingJournal, job: int
) -> None:
    erase = log.begin("ENGINE", FlashStep.ERASE)
    journal.full = True
    log.complete(erase, "positive")
    transfer = log.begin("ENGINE", FlashStep.TRANSFER, "APP")
    log.moved(FlashProgress(unit="ENGINE", done=10, total=20))
    log.complete(transfer, "positive")
    assert steps(journal, job) == [("erase", "")]
    journal.full = False
    until(lambda: steps(journal, job) == [("erase", "positive"), ("transfer", "positive")])
    until(lambda: bool(kept(journal, job).warnings))
    warning = kept(journal, job).warnings[0]
    assert (warning.number, dict(warning.facts)["number"]) == ("WC-753", "WC-604")
    began = [entry.began for entry in journal.entries(job)]
    assert began == sorted(began)


def kept(journal: StoredJournal, job: int) -> FlashProgress:
    found = journal.job(job)
    assert found is not None
    return found.progress


def test_a_disk_that_hangs_holds_no_step_up_for_long(
    log: JournalLog, journal: FailingJournal, job: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workshop_console.console.jobs.flash_log.PATIENCE_S", 0.05)
    log.begin("ENGINE", FlashStep.ERASE)
    journal.hangs = threading.Event()
    began = time.monotonic()
    log.begin("ENGINE", FlashStep.TRANSFER)
    assert time.monotonic() - began < 5
    journal.hangs.set()
    until(lambda: len(steps(journal, job)) == 2)


def test_a_run_after_an_erasing_one_is_forgiving_from_its_first_step(
    journal: FailingJournal, job: int
) -> None:
    first = JournalLog(journal, job, every_s=0.02)
    first.begin("ENGINE", FlashStep.ERASE)
    assert first.close()
    second = JournalLog(journal, job, every_s=0.02)
    assert second.erased
    assert [entry.step for entry in second.entries("ENGINE")] == [FlashStep.ERASE]
    assert second.entries("OTHER") == ()
    journal.full = True
    second.complete(second.begin("ENGINE", FlashStep.IDENTIFY), "positive")
    journal.full = False
    assert second.close()
    assert steps(journal, job)[1:] == [("identify", "positive")]


def test_a_wish_of_another_console_is_found_and_told(
    log: JournalLog, journal: FailingJournal, job: int
) -> None:
    assert not log.stop_wished()
    journal.wish_stop(job)
    until(log.stop_wished)
    until(lambda: [j.state for j in journal.jobs()] == [JobState.STOPPING])


def test_a_signal_is_a_wish(log: JournalLog, journal: FailingJournal, job: int) -> None:
    log.ask_to_stop()
    assert log.stop_wished()
    until(lambda: [j.state for j in journal.jobs()] == [JobState.STOPPING])


def test_progress_is_kept_with_its_rate(log: JournalLog, journal: FailingJournal, job: int) -> None:
    log.moved(FlashProgress(unit="ENGINE", done=0, total=1_000_000))
    until(lambda: kept(journal, job).total == 1_000_000)
    log.moved(FlashProgress(unit="ENGINE", done=1_000, total=1_000_000))
    until(lambda: kept(journal, job).rate > 0)
    progress = kept(journal, job)
    assert progress.done == 1_000
    assert progress.left_s is not None
    assert progress.left_s == pytest.approx(999_000 / progress.rate, rel=0.2)
    log.moved(FlashProgress(unit="ENGINE", done=0, total=1_000_000))
    until(lambda: kept(journal, job).done == 0)
    assert kept(journal, job).rate == 0


def test_moving_waits_for_nothing(log: JournalLog, journal: FailingJournal) -> None:
    journal.hangs = threading.Event()
    began = time.monotonic()
    for done in range(10_000):
        log.moved(FlashProgress(done=done))
    assert time.monotonic() - began < 5
    journal.hangs.set()


def test_the_last_progress_is_kept_at_the_end(journal: FailingJournal, job: int) -> None:
    log = JournalLog(journal, job, every_s=60)
    log.moved(FlashProgress(done=77, total=77))
    assert log.close()
    assert kept(journal, job).done == 77

"""Jobs in threads: updates, cancelling, errors as numbered messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.runner import (
    Failed,
    JobEnded,
    JobReported,
    JobRunner,
    JobStarted,
    JobUpdate,
    as_console_error,
)
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, Progress

WAIT_S = 10.0


def updates_of(updates: Queue[JobUpdate]) -> list[JobUpdate]:
    found = []
    while True:
        found.append(updates.get(timeout=WAIT_S))
        if isinstance(found[-1], (Failed, JobEnded)):
            return found


def test_a_job_starts_reports_and_ends() -> None:
    updates: Queue[JobUpdate] = Queue()

    def work(_: Cancellation) -> Iterator[Event]:
        yield Progress(done=1, total=1)

    job = JobRunner(updates.put).start("quick-test", work)
    kinds = [type(update) for update in updates_of(updates)]
    assert kinds == [JobStarted, JobReported, JobEnded]
    assert job.join(WAIT_S)
    assert not job.running


def test_cancel_reaches_the_procedure_and_wakes_what_it_waits_for() -> None:
    updates: Queue[JobUpdate] = Queue()
    woken = threading.Event()

    def work(cancellation: Cancellation) -> Iterator[Event]:
        with cancellation.waking(woken.set):
            yield Progress(done=0, total=1)
            assert woken.wait(WAIT_S)
            assert cancellation.requested

    job = JobRunner(updates.put).start("quick-test", work)
    while not isinstance(updates.get(timeout=WAIT_S), JobReported):
        pass
    job.cancel()
    last = updates_of(updates)[-1]
    assert isinstance(last, JobEnded)
    assert last.cancelled


def test_a_locked_section_is_finished_first() -> None:
    cancellation = Cancellation()
    woken: list[bool] = []
    with cancellation.waking(lambda: woken.append(True)):
        with cancellation.locked():
            cancellation.request()
            assert not cancellation.requested
            assert woken == []
        assert cancellation.requested


def test_a_request_that_came_too_late_did_not_cancel() -> None:
    updates: Queue[JobUpdate] = Queue()

    def work(cancellation: Cancellation) -> Iterator[Event]:
        with cancellation.locked():
            cancellation.request()
            yield Progress(done=1, total=1, can_cancel=False)

    JobRunner(updates.put).start("clear", work)
    last = updates_of(updates)[-1]
    assert isinstance(last, JobEnded)
    assert not last.cancelled


def test_a_numbered_error_ends_the_job_as_it_is() -> None:
    updates: Queue[JobUpdate] = Queue()

    def work(_: Cancellation) -> Iterator[Event]:
        yield Progress(done=0, total=1)
        raise ConsoleError("WC-201", uri="doip://nowhere", detail="refused")

    JobRunner(updates.put).start("quick-test", work)
    last = updates_of(updates)[-1]
    assert isinstance(last, Failed)
    assert last.error.number == "WC-201"


def test_an_unexpected_error_is_wc_100_with_type_and_place_and_a_traceback_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret 123")

    with pytest.raises(ZeroDivisionError) as raised:
        broken()
    with caplog.at_level(logging.ERROR):
        error = as_console_error(raised.value)
    assert error.number == "WC-100"
    assert str(error.facts["detail"]).startswith(f"ZeroDivisionError ({Path(__file__).name}:")
    assert "secret 123" not in str(error.facts["detail"])
    assert "secret 123" in caplog.text


def test_jobs_that_run_are_listed_and_can_be_cancelled_together() -> None:
    updates: Queue[JobUpdate] = Queue()
    go = threading.Event()

    def work(cancellation: Cancellation) -> Iterator[Event]:
        with cancellation.waking(go.set):
            yield Progress(done=0, total=1)
            assert go.wait(WAIT_S)

    runner = JobRunner(updates.put)
    job = runner.start("quick-test", work)
    assert runner.jobs == (job,)
    while not isinstance(updates.get(timeout=WAIT_S), JobReported):
        pass
    runner.cancel_all()
    updates_of(updates)
    assert not runner.jobs

"""Jobs on the screens: rows that fill, cancelling, errors, questions before something is written."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.screens.driving import Driver, console
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.app_messages import JobUpdated
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.runner import JobEnded, JobReported
from workshop_console.console.model.message import raised_by
from workshop_console.console.model.report import UnitState
from workshop_console.console.procedures.events import Progress, UnitsPlanned
from workshop_console.console.settings import Folders
from workshop_console.screens.session import QUICK_TEST

ROWS = ["0x1001", "0x1002", "0x1003", "0x1004"]


async def start_paced(driver: Driver) -> None:
    """Start a quick test whose events come when the test lets them."""
    driver.workshop.steps = threading.Semaphore(0)
    await driver.open_menu()
    await driver.press("1", "f5")


async def test_rows_fill_as_answers_come_in_a_stable_order_and_the_cursor_stays() -> None:
    async with console() as driver:
        await start_paced(driver)
        driver.workshop.steps.release(2)
        await driver.until(lambda: len(driver.table.rows) == 4)
        assert [row.cells[0] for row in driver.table.rows] == ["waiting"] * 4
        await driver.press("down", "down")
        driver.workshop.steps.release(2)
        await driver.shows("1 of 4, 3 left")
        assert [row.key for row in driver.table.rows] == ROWS
        assert [row.cells[0] == "waiting" for row in driver.table.rows] == [True, True, True, False]
        assert driver.table.cursor_key == "0x1003"
        driver.workshop.steps.release(100)
        await driver.until(lambda: driver.app.session.units.report is not None)
        assert [row.key for row in driver.table.rows] == ROWS
        assert driver.table.cursor_key == "0x1003"
        assert driver.table.rows[2].tail


@pytest.mark.parametrize("key", ["f3", "escape"])
async def test_back_while_the_test_runs_asks_and_cancelling_keeps_what_was_read(key: str) -> None:
    async with console() as driver:
        await start_paced(driver)
        driver.workshop.steps.release(4)
        await driver.shows("1 of 4")
        await driver.press(key)
        assert driver.place == "Choice"
        await driver.press("c")
        await driver.until(lambda: driver.app.session.units.report is not None)
        assert [report.complete for report in driver.workshop.kept] == [False]
        assert driver.place == "QuickTest"
        assert [row.key for row in driver.table.rows] == ["0x1004"]


async def test_a_job_survives_its_screen() -> None:
    async with console() as driver:
        await start_paced(driver)
        driver.workshop.steps.release(4)
        await driver.shows("1 of 4")
        await driver.press("escape", "b")
        assert driver.place == "GroupMenu"
        assert "1 of 4" in driver.text
        await driver.press("f2")
        driver.workshop.steps.release(100)
        await driver.until(lambda: driver.app.session.units.report is not None)
        await driver.press("1")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", "1")
        assert [row.key for row in driver.table.rows] == ROWS


async def test_only_what_failed_or_was_marked_is_run_again() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        before = driver.app.session.units.report
        await driver.press("f5")
        assert driver.place == "Choice"
        await driver.press("f")
        await driver.until(lambda: len(driver.called("quick_test")) == 2)
        await driver.until(lambda: not driver.app.session.running)
        assert driver.called("quick_test")[1] == (("0x1003",), before)
        assert [row.key for row in driver.table.rows] == ROWS
        await driver.press("space", "f5", "m")
        await driver.until(lambda: len(driver.called("quick_test")) == 3)
        assert driver.called("quick_test")[2][0] == ("0x1001",)


async def test_a_second_job_is_refused_while_one_runs() -> None:
    async with console() as driver:
        await start_paced(driver)
        driver.workshop.steps.release(4)
        await driver.shows("1 of 4")
        await driver.press("f5")
        assert "the quick test is running" in driver.text
        await driver.press("escape", "b", "2", "f5")
        assert not driver.called("read_faults")
        assert "something still runs" in driver.text


@pytest.mark.parametrize("number", ["2173-42", "2173-44", "WC-201"])
async def test_a_job_that_fails_opens_its_message_and_f1_explains_it(number: str) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.error = ConsoleError(number, detail="[/red] [bold]x[/bold]")
    async with console(workshop) as driver:
        await driver.open_menu()
        await driver.press("1", "f5")
        await driver.until(lambda: driver.place == "MessageBox")
        assert number in driver.text
        assert "[/red] [bold]x[/bold]" in driver.text
        assert not driver.app.session.running
        await driver.press("f1")
        await driver.until(lambda: driver.place == "Help")
        assert "First step" in driver.text
        await driver.press("f3")
        assert driver.place == "QuickTest"


async def test_damage_that_shows_while_a_job_runs_is_told() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    async with console(workshop) as driver:
        await driver.open_menu()
        workshop.problems = (raised_by(ConsoleError("WC-600", file="store.db", kept_as="damaged.db")),)
        await driver.press("1", "f5")
        await driver.until(lambda: driver.app.session.units.report is not None)
        await driver.until(lambda: [m.number for m in driver.app.session.raised].count("WC-600") == 1)


async def test_an_unexpected_error_of_a_job_is_a_numbered_message_without_a_traceback() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.error = ZeroDivisionError("division by zero")
    async with console(workshop) as driver:
        await driver.open_menu()
        await driver.press("1", "f5")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-100" in driver.text
        assert "Traceback" not in driver.text


async def open_unit(driver: Driver) -> None:
    """Open the first control unit, its faults read."""
    await driver.run_quick_test()
    await driver.press("enter")
    await driver.until(lambda: driver.called("read_faults") and not driver.app.session.running)


@pytest.mark.parametrize("key", ["enter", "space", "f6", "c", "t", "u", "x", "j", "1", "f10", "f5", "tab"])
async def test_no_other_key_confirms_the_question(key: str) -> None:
    async with console() as driver:
        await open_unit(driver)
        await driver.press("f6", key)
        assert driver.place == "Question"
        assert not driver.called("clear")


@pytest.mark.parametrize("key", ["n", "escape", "f3"])
async def test_declining_the_question_clears_nothing(key: str) -> None:
    async with console() as driver:
        await open_unit(driver)
        await driver.press("c", key)
        assert driver.place == "ControlUnit"
        assert "Nothing was cleared." in driver.text
        assert not driver.called("clear")


async def test_clearing_one_unit_shows_what_is_gone_and_what_stayed() -> None:
    async with console() as driver:
        await open_unit(driver)
        await driver.press("f6")
        assert "Engine unit" in driver.text
        assert "2 faults are known there." in driver.text
        await driver.press("y")
        await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
        assert driver.called("clear") == [(("0x1001",),)]
        assert [row.cells[0] for row in driver.table.rows] == ["kept", "gone"]
        assert "1 gone, 0 back, 1 kept" in driver.text
        await driver.press("escape")
        assert len(driver.table.rows) == 1


async def test_the_test_that_the_faults_are_from_is_saved_from_their_list() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("escape", "2")
        assert driver.place == "VehicleFaults"
        await driver.press("f7", "h")
        await driver.until(lambda: "WC-607" in driver.text)
        assert driver.called("export") == [("html",)]


async def test_clearing_all_is_asked_for_all() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("escape", "2", "f6")
        assert "all control units" in driver.text
        await driver.press("y")
        await driver.until(lambda: driver.called("clear") == [((),)])
        await driver.until(lambda: not driver.app.session.running)
        assert "2 control units; faults: 2 gone, 0 back, 1 kept" in driver.text


@pytest.mark.parametrize(("answer", "units"), [("1", ("0x1001",)), ("2", ())])
async def test_clearing_from_the_quick_test_asks_which_and_then_whether(
    answer: str, units: tuple[str, ...]
) -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("f6")
        assert driver.place == "Choice"
        await driver.press("enter", answer)
        assert driver.place == "Question"
        assert not driver.called("clear")
        await driver.press("y")
        await driver.until(lambda: driver.called("clear") == [(units,)])


async def test_quitting_while_a_job_runs_asks_first() -> None:
    async with console() as driver:
        await start_paced(driver)
        driver.workshop.steps.release(4)
        await driver.shows("1 of 4")
        await driver.press("f10")
        assert driver.place == "Question"
        await driver.press("enter", "n")
        assert not driver.app._exit
        assert driver.app.session.running == QUICK_TEST
        await driver.press("q", "y")
        assert driver.app._exit


def test_progress_is_replaced_by_newer_progress_only() -> None:
    def progress(done: int, job_id: int = 1) -> JobUpdated:
        return JobUpdated(JobReported(job_id=job_id, kind=QUICK_TEST, event=Progress(done=done, total=9)))

    end = JobUpdated(JobEnded(job_id=1, kind=QUICK_TEST, cancelled=False))
    row = JobUpdated(JobReported(job_id=1, kind=QUICK_TEST, event=UnitsPlanned(units=())))
    assert progress(1).can_replace(progress(2))
    assert not end.can_replace(progress(2))
    assert not row.can_replace(progress(2))
    assert not progress(1).can_replace(end)
    assert not progress(1).can_replace(progress(1, job_id=2))


async def test_a_unit_that_was_not_cleared_counts_in_the_sum() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("escape", "2", "f6", "y")
        await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
        first, *others = driver.app.session.cleared
        driver.app.session.cleared = [replace(first, cleared=False, gone=(), kept=(), nrc=0x33), *others]
        await driver.press("f1", "escape")
        assert "1 gone, 0 back, 0 kept, 1 unit not cleared" in driver.text
        assert driver.table.rows[0].tail == "Access denied (security access) (0x33 securityAccessDenied)"


async def test_what_is_not_gone_stands_first_in_the_result_of_clearing() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("escape", "2", "f6", "y")
        await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
        first, second = driver.app.session.cleared
        failed = replace(second, cleared=False, gone=(), kept=(), nrc=0x33)
        back = replace(first, gone=first.kept, back=first.gone, kept=())
        driver.app.session.cleared = [back, failed]
        await driver.press("f1", "escape")
        assert [row.cells[0] for row in driver.table.rows] == ["refused", "back", "gone"]


async def test_the_title_of_the_quick_test_counts_what_is_there_after_clearing() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        assert "2 with faults" in driver.title
        rows = driver.app.session.units.rows
        for row in rows.values():
            if row.result is not None and row.result.faults:
                row.result = replace(row.result, state=UnitState.OK, faults=())
                break
        await driver.press("f1", "escape")
        assert "1 with faults" in driver.title

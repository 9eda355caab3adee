"""Guided tests on the screen: the list, answering, driving after a yes, stopping, leaving, the result."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_guided import MISFIRE_TEST, OTHER_TEST
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.guided import Reading
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.settings import Folders
from workshop_console.screens.guided_test import GuidedTestWalk
from workshop_console.widgets.line import MessageLine


async def open_list(driver: Driver) -> None:
    await driver.run_quick_test()
    await driver.press("escape", number_of("guided-tests"))
    assert driver.place == "GuidedTestList"


async def begin(driver: Driver) -> None:
    """Open the test for the misfire and begin it."""
    await open_list(driver)
    await driver.press("enter")
    assert driver.place == "GuidedTestWalk"
    await driver.press("f5")
    await driver.shows("Ready, measure now")


async def to_the_fan(driver: Driver) -> None:
    await begin(driver)
    await driver.press("1")
    await driver.shows("Drive it; asks once more")


def walk_of(driver: Driver) -> list[str]:
    run = driver.app.session.guided
    assert run is not None
    return [taken.step.name for taken in run.taken]


async def test_tests_that_fit_a_fault_stand_first_and_are_marked() -> None:
    async with console() as driver:
        await open_list(driver)
        rows = driver.table.rows
        assert [row.key for row in rows] == ["misfire 0x1001", "lamp 0x1002", "lamp 0x1004"]
        assert [row.marked for row in rows] == [True, False, False]
        assert "P0301" in driver.text
        assert "1 test fits a fault of the vehicle" in driver.text
        await driver.press("f")
        assert [row.key for row in driver.table.rows] == ["misfire 0x1001"]
        await driver.press("f", "slash", *"gearbox", "enter")
        assert [row.key for row in driver.table.rows] == ["lamp 0x1002"]


async def test_without_a_quick_test_all_tests_are_listed_for_their_units() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press(number_of("guided-tests"))
        assert [row.key for row in driver.table.rows] == ["lamp Door", "lamp Gearbox", "misfire Engine"]
        assert "F5 runs the quick test" in driver.text
        await driver.press("f5")
        await driver.until(lambda: driver.app.session.units.report is not None)
        await driver.until(lambda: not driver.app.session.running)
        assert driver.table.rows[0].key == "misfire 0x1001"


async def test_a_file_that_cannot_be_used_is_told() -> None:
    async with console() as driver:
        facts = (("file", "mine.toml"), ("detail", "kind is missing"))
        driver.workshop.guided_tests.problems = (RaisedMessage(number="WC-351", facts=facts),)
        await open_list(driver)
        await driver.shows("WC-351 Title of WC-351")


async def test_a_fault_opens_its_test() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("enter")
        assert driver.place == "FaultDetail"
        assert "Enter Guided test" in driver.footer
        await driver.press("enter")
        assert driver.place == "GuidedTestWalk"
        assert "Engine warm and idling." in driver.text


async def test_a_fault_without_a_test_says_so() -> None:
    async with console() as driver:
        driver.workshop.guided_tests.known = (OTHER_TEST,)
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("enter")
        assert "Guided test" not in driver.footer
        await driver.press("enter")
        await driver.shows("there is no guided test for this fault")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_from_the_preparation_to_the_cause(size: tuple[int, int]) -> None:
    async with console(size=size) as driver:
        await begin(driver)
        assert driver.workshop.guided_tests.ran == [("misfire", "0x1001")]
        assert "-2.5 to 2.5 mg  (Cylinder 1)" in driver.text
        await driver.press("1")
        await driver.shows("1 ! too high")
        assert "4.53 mg" in driver.text
        assert "The fan turns. Keep hands away." in driver.text
        assert "+  Vehicle stands: met (0 km/h)" in driver.text
        assert "-  Selector lever in P: check yourself" in driver.text
        await driver.press("1")
        assert driver.place == "Question"
        assert "Drive “Cooling fan” of Engine unit?" in driver.text
        await driver.press("enter", "1", "space")
        assert driver.workshop.guided_tests.driven == []
        await driver.press("y")
        await driver.shows("Injector is faulty.")
        assert driver.workshop.guided_tests.driven == ["fan"]
        assert "2 + in order" in driver.text
        assert "1,300 1/min" in driver.text
        assert "1.   Renew it." in driver.text
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("f7")
        assert driver.place == "Choice"
        await driver.press("h")
        await driver.until(lambda: bool(driver.called("export")))


async def test_going_on_without_driving_and_answering_with_the_arrows() -> None:
    async with console() as driver:
        await to_the_fan(driver)
        await driver.press("down", "enter")
        await driver.shows("How does the plug look?")
        assert driver.workshop.guided_tests.driven == []
        assert "left out" in driver.text
        assert "Cylinder 2: 0.32 mg" in driver.text
        await driver.press("2")
        await driver.shows("No cause found.")
        assert "? Corroded - How does the plug look?" in driver.text
        assert walk_of(driver) == ["correction", "fan", "looks", "nothing"]


async def test_no_leaves_the_choice_as_it_was() -> None:
    async with console() as driver:
        await to_the_fan(driver)
        await driver.press("1", "n")
        assert driver.place == "GuidedTestWalk"
        assert "Drive it; asks once more" in driver.text
        assert walk_of(driver) == ["correction"]


async def test_a_refusal_is_told_and_asked_again() -> None:
    async with console() as driver:
        facts = (("unit", "Engine"), ("function", "Cooling fan"), ("nrc", "0x22"))
        driver.workshop.guided_tests.refusal = RaisedMessage(number="WC-321", facts=facts)
        await to_the_fan(driver)
        await driver.press("1", "y")
        await driver.shows("WC-321 Title of WC-321")
        await driver.shows("Drive it; asks once more")
        await driver.press("1", "y")
        await driver.shows("Injector is faulty.")


@pytest.mark.parametrize("key", ["space", "escape", "f3", "f6", "c"])
async def test_what_is_driven_stops_by_any_key_that_could_mean_it(key: str) -> None:
    async with console() as driver:
        driver.workshop.guided_tests.stopped = ["waits"]
        await to_the_fan(driver)
        await driver.press("1", "y")
        await driver.shows("Space stops it.")
        assert "Space Stop" in driver.footer
        assert "F7" not in driver.footer
        await driver.press(key)
        await driver.shows("How does the plug look?")
        assert driver.workshop.guided_tests.stopped == ["waits", "fan"]
        assert driver.place == "GuidedTestWalk"
        assert "stopped" in driver.text


async def test_another_screen_over_it_stops_what_is_driven() -> None:
    async with console() as driver:
        driver.workshop.guided_tests.stopped = ["waits"]
        await to_the_fan(driver)
        await driver.press("1", "y")
        await driver.shows("Space stops it.")
        await driver.press("f4")
        assert driver.place == "MessageList"
        await driver.until(lambda: driver.workshop.guided_tests.stopped == ["waits", "fan"])
        await driver.press("escape")
        await driver.shows("How does the plug look?")


async def test_the_value_while_it_runs_stands_on_the_message_line() -> None:
    async with console() as driver:
        driver.workshop.guided_tests.stopped = ["waits"]
        await to_the_fan(driver)
        await driver.press("1", "y")
        await driver.shows("Space stops it.")
        await driver.until(lambda: "Fan, speed: 1,300 1/min" in driver.app.screen.query_one(MessageLine).text)
        assert "of 4 seconds" in driver.text
        await driver.press("space")


async def test_leaving_a_running_test_is_asked_about_and_breaks_it_off() -> None:
    async with console() as driver:
        await begin(driver)
        await driver.press("escape")
        assert driver.place == "Question"
        await driver.press("n")
        assert driver.place == "GuidedTestWalk"
        await driver.press("f2", "y")
        await driver.until(lambda: driver.place == "ProductGroups")
        await driver.until(lambda: not driver.app.session.running)
        run = driver.app.session.guided
        assert run is not None
        assert run.walk is not None
        assert run.walk.result is None


async def test_a_broken_off_test_can_be_walked_again() -> None:
    async with console() as driver:
        await begin(driver)
        job = driver.app.session.job
        assert job is not None
        job.cancel()
        await driver.shows("The test was broken off.")
        await driver.press("f5")
        await driver.shows("Ready, measure now")
        assert walk_of(driver) == []


async def test_an_error_ends_the_test_with_its_message() -> None:
    async with console() as driver:
        driver.workshop.guided_tests.error = ConsoleError("WC-203", uri="doip://x")
        await open_list(driver)
        await driver.press("enter", "f5")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-203" in driver.text
        await driver.press("enter")
        assert "The test was broken off." in driver.text


async def test_a_value_that_cannot_be_read_is_told_and_passed_over() -> None:
    async with console() as driver:
        driver.workshop.guided_tests.values["Cylinder1"] = Reading()
        await begin(driver)
        await driver.press("1")
        await driver.shows("How does the plug look?")
        assert "1 - not readable" in driver.text
        assert "WC-350" in driver.text


async def test_a_second_press_of_a_key_is_not_for_the_next_question() -> None:
    async with console() as driver:
        await begin(driver)
        screen = driver.app.screen
        assert isinstance(screen, GuidedTestWalk)
        ask = driver.app.session.guided.ask if driver.app.session.guided else None
        assert ask is not None
        screen.open_row(0)
        screen.open_row(0)
        await driver.shows("Drive it; asks once more")
        assert driver.place == "GuidedTestWalk"
        assert walk_of(driver) == ["correction"]


async def test_all_of_it_changes_the_language_on_the_way() -> None:
    async with console() as driver:
        await to_the_fan(driver)
        before = driver.text
        driver.app.change_language("de")
        await driver.until(lambda: driver.text != before)
        assert driver.place == "GuidedTestWalk"
        assert len(driver.table.rows) == 1
        await driver.press("2")
        await driver.until(lambda: walk_of(driver) == ["correction", "fan"])


async def test_a_long_way_leaves_room_for_the_step() -> None:
    async with console(FakeWorkshop(Folders.of_user())) as driver:
        await to_the_fan(driver)
        run = driver.app.session.guided
        assert run is not None
        run.taken *= 12
        driver.screen.redraw()
        await driver.pilot.pause()
        assert "The fan is driven." in driver.text
        assert "Drive it; asks once more" in driver.text
        assert "12 !" in driver.text
        assert len(driver.lines) == 24


def test_the_fake_walks_what_could_ship(tmp_path: Path) -> None:
    assert MISFIRE_TEST.fits("Engine", "P0301-11")
    assert not OTHER_TEST.fits("Engine", "B1192-13")

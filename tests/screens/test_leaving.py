"""What is asked, left and kept when screens are left together, or another vehicle is chosen."""

from __future__ import annotations

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_workshop import FakeWorkshop
from tests.screens.test_coding_screens import open_coding, workshop_with
from tests.screens.test_guided_screens import begin
from workshop_console.console.errors import ConsoleError
from workshop_console.console.settings import Folders
from workshop_console.screens.sheet import Sheet
from workshop_console.widgets.line import MessageLine

ACTUATIONS = number_of("actuations")


async def change_a_coding(driver: Driver) -> None:
    await open_coding(driver)
    await driver.press("enter", "2")
    await driver.shows("1 option changed")


@pytest.mark.parametrize("keys", [("f2",), ("f10",), ("f1", "f2"), ("f4", "f10"), ("escape",)])
async def test_changes_that_were_not_written_are_never_dropped_unasked(keys: tuple[str, ...]) -> None:
    async with console(workshop_with()) as driver:
        await change_a_coding(driver)
        await driver.press(*keys)
        assert driver.place == "Question"
        assert "Leave without writing the changes?" in driver.text
        await driver.press("n")
        while driver.place != "Coding":
            await driver.press("escape")
        assert "1 option changed" in driver.text
        await driver.press("f2", "y")
        await driver.until(lambda: driver.place == "ProductGroups")


async def test_a_guided_test_under_another_screen_is_not_broken_off_unasked() -> None:
    async with console() as driver:
        await begin(driver)
        await driver.press("f1", "f2")
        assert "Break the test off?" in driver.text
        await driver.press("n", "escape")
        assert driver.place == "GuidedTestWalk"
        assert driver.app.session.running


async def test_another_vehicle_leaves_the_screens_of_the_one_before() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("escape", ACTUATIONS, "enter")
        await driver.until(lambda: driver.table.rows and not driver.app.session.running)
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        assert driver.place == "Actuation"
        await driver.press("f9", "end", "enter", *"doip://10.0.0.1", "enter")
        await driver.shows("Connected: VIN")
        assert driver.place == "GroupMenu"


async def test_unwritten_changes_are_asked_about_before_another_vehicle_is_chosen() -> None:
    async with console(workshop_with()) as driver:
        await change_a_coding(driver)
        await driver.press("f9", "end", "enter", *"doip://10.0.0.1", "enter")
        assert "Leave without writing the changes?" in driver.text
        await driver.press("n", "escape")
        assert driver.place == "Coding"
        assert driver.called("choose_vci") == []


async def test_an_address_that_is_not_reached_leaves_vehicle_and_test_as_they_were() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.steps.release(1_000)
    async with console(workshop) as driver:
        await driver.run_quick_test()
        before = workshop.vci
        workshop.error = ConsoleError("WC-201", uri="doip://10.0.0.1", detail="refused")
        await driver.press("f9", "end", "enter", *"doip://10.0.0.1", "enter")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", "escape")
        assert workshop.vci == before
        assert driver.table.rows
        await driver.press("f9")
        assert "doip://10.0.0.1" not in [row.key for row in driver.table.rows]


async def test_messages_language_and_vehicle_are_not_heaped_up() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        for _ in range(3):
            await driver.press("f4", "f8", "f9", "f4")
            assert driver.place == "MessageList"
        assert sum(isinstance(screen, Sheet) for screen in driver.app.screen_stack) == 1
        await driver.press("escape")
        assert driver.place == "QuickTest"


async def test_what_the_keys_of_a_screen_do_is_not_said_on_another_one() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: driver.place == "ControlUnit" and not driver.app.session.running)
        assert "4 Actual values" in driver.app.screen.query_one(MessageLine).text
        await driver.press("f8")
        assert "4 Actual values" not in driver.app.screen.query_one(MessageLine).text


async def test_the_keys_take_their_lines_again_when_the_terminal_is_wide_again() -> None:
    async with console() as driver:
        await driver.press("f8")
        before = driver.lines[-2:]
        await driver.pilot.resize_terminal(60, 15)
        await driver.until(lambda: len(driver.lines) == 15)
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: len(driver.lines) == 24)
        assert driver.lines[-2:] == before

"""Actuations on the screen: choosing, asking, driving, stopping; control is always given back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.procedures.driven import ADJUST, BURN, ENGINE_OFF, FAN, RETURN, UNIT, WIPER, Unit
from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_actuations import FakeActuations
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.model.forms import Condition, FunctionForm, ServiceForm
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.settings import Folders
from workshop_console.widgets import glyphs
from workshop_console.widgets.line import MessageLine

ACTUATIONS = number_of("actuations")
CAREFUL_FAN = replace(
    FAN,
    description="Drives the cooling fan.",
    warning="The fan turns.",
    conditions=(ENGINE_OFF, Condition(text="Hands off")),
    reset=ServiceForm(name="Fan_Reset", label="", request=b"\x2f\x04\x00\x01"),
)


def unit_with(*functions: FunctionForm) -> OpenedUnit:
    return replace(UNIT, forms=replace(UNIT.forms, functions=functions))


@asynccontextmanager
async def functions(actuations: FakeActuations, *, plain: bool = False) -> AsyncIterator[Driver]:
    """Open the functions of the first unit."""
    workshop = FakeWorkshop(Folders.of_user(), ascii=plain)
    workshop.actuations = actuations
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", ACTUATIONS, "enter")
        await driver.until(lambda: driver.table.rows and not driver.app.session.running)
        assert driver.place == "UnitFunctions"
        yield driver


async def run(driver: Driver, duty: str = "50") -> None:
    """Set the fan, start it, and wait until it runs."""
    await driver.press("enter")
    await driver.until(lambda: not driver.app.session.running)
    await driver.press("enter", *duty, "enter", "f5")
    assert driver.place == "Question"
    await driver.press("y")
    await driver.shows("RUNNING")


async def over(driver: Driver) -> None:
    await driver.until(lambda: not driver.app.session.running)


@pytest.fixture(autouse=True)
def _unicode() -> Iterator[None]:
    yield
    glyphs.use(glyphs.UNICODE)


async def test_the_functions_of_a_unit_are_listed_and_filtered() -> None:
    async with functions(FakeActuations()) as driver:
        assert [row.cells[0] for row in driver.table.rows] == ["Cooling fan", "Regeneration", "Wiper"]
        assert [row.cells[1] for row in driver.table.rows] == ["output", "routine", "output"]
        await driver.press("slash", *"wip", "enter")
        assert [row.cells[0] for row in driver.table.rows] == ["Wiper"]


@pytest.mark.parametrize("typed", ["y", "101", "-1", "nan", "1e999"])
async def test_a_setting_that_is_not_allowed_is_told_when_it_is_typed(typed: str) -> None:
    async with functions(FakeActuations()) as driver:
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("enter", *(key.replace("-", "minus") for key in typed), "f5")
        await driver.until(lambda: driver.place == "MessageBox")
        told = driver.app.session.raised[-1]
        facts = {"parameter": "Duty", "value": typed, "expected": "0 … 100 %"}
        assert (told.number, dict(told.facts)) == ("WC-412", facts)
        await driver.press("enter")
        assert driver.place == "Actuation"
        assert driver.table.rows[0].cells[1] == "-"


async def test_f5_takes_what_is_typed_and_asks() -> None:
    async with functions(FakeActuations()) as driver:
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("f5", *"50", "f5")
        assert driver.place == "Question"
        assert "Duty: 50 %" in driver.text


async def test_a_unit_without_functions_says_so() -> None:
    actuations = FakeActuations(offered=unit_with())
    workshop = FakeWorkshop(Folders.of_user())
    workshop.actuations = actuations
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", ACTUATIONS, "enter")
        await driver.shows("no functions")


async def test_conditions_are_shown_as_they_were_found_and_the_question_repeats_what_matters() -> None:
    async with functions(FakeActuations(offered=unit_with(CAREFUL_FAN))) as driver:
        await driver.press("enter")
        await driver.shows("Hands off: check yourself")
        assert "Engine off: met" in driver.text
        assert "The fan turns." in driver.text
        await driver.press("enter", "5", "0", "enter", "f5")
        for text in ("Start “Cooling fan” of ENGINE?", "The fan turns.", "Duty: 50 %", "Hands off"):
            assert text in driver.text
        await driver.press("f5")
        assert driver.place == "Question", "the key that asked does not answer"
        await driver.press("n")
        assert driver.workshop.actuations.unit.wrote == []


async def test_what_is_not_set_yet_is_asked_for_before_the_start() -> None:
    async with functions(FakeActuations()) as driver:
        await driver.press("enter", "f5")
        await driver.shows("Duty (0 … 100 %):")
        await driver.press("5", "0", "enter")
        assert driver.place == "Actuation"
        assert driver.workshop.actuations.unit.wrote == []


@pytest.mark.parametrize("key", ["space", "f6", "escape", "f3", "f2", "f4", "f1", "f10", "f8"])
async def test_whatever_leads_away_from_what_runs_stops_it(key: str) -> None:
    async with functions(FakeActuations()) as driver:
        await run(driver)
        await driver.press(key)
        await over(driver)
        assert driver.workshop.actuations.unit.wrote == [ADJUST, RETURN]
        assert driver.workshop.actuations.orders.kept[0].outcome == "stopped"


async def test_after_the_stop_the_screen_says_that_control_was_given_back() -> None:
    async with functions(FakeActuations()) as driver:
        await run(driver)
        assert "Space Stop" in driver.footer
        assert "F6" not in driver.footer
        assert "F5" not in driver.footer
        await driver.press("f5", "r")
        assert driver.place == "Actuation", "a start key does nothing while it runs"
        await driver.press("space")
        await driver.shows("given back to the control unit")
        assert "Stopped by the mechanic" in driver.text
        assert "F5 Start" in driver.footer


async def test_while_it_runs_a_changed_setting_is_sent_at_once() -> None:
    async with functions(FakeActuations()) as driver:
        await run(driver)
        await driver.press("enter", "backspace", "backspace", "7", "0", "enter")
        await driver.until(lambda: "2f04000346" in driver.workshop.actuations.unit.wrote)
        await driver.press("space")
        await over(driver)
        assert driver.workshop.actuations.unit.wrote == [ADJUST, "2f04000346", RETURN]


@pytest.mark.parametrize("key", ["space", "escape", "f6"])
async def test_the_line_to_type_in_does_not_swallow_the_stop(key: str) -> None:
    async with functions(FakeActuations()) as driver:
        await run(driver)
        await driver.press("enter", "7", key)
        await over(driver)
        assert driver.workshop.actuations.unit.wrote == [ADJUST, RETURN]


async def test_an_output_is_held_and_set_to_its_default_while_it_runs() -> None:
    async with functions(FakeActuations(offered=unit_with(CAREFUL_FAN))) as driver:
        await run(driver)
        wrote = driver.workshop.actuations.unit
        await driver.press("down", "enter")
        await driver.until(lambda: "2f040002" in wrote.wrote)
        await driver.press("down", "enter")
        await driver.until(lambda: "2f040001" in wrote.wrote)
        await driver.press("space")
        await over(driver)
        assert wrote.wrote[-1] == RETURN


async def test_a_choice_is_made_from_its_list_and_space_stops_there_too() -> None:
    async with functions(FakeActuations(offered=unit_with(WIPER))) as driver:
        await driver.press("enter", "enter")
        assert driver.place == "OptionChoice"
        await driver.press("2")
        assert "slow" in driver.text
        await driver.press("f5", "y")
        await driver.shows("RUNNING")
        await driver.press("enter", "3")
        unit = driver.workshop.actuations.unit
        await driver.until(lambda: "2f04010302" in unit.wrote)
        await driver.press("enter")
        assert driver.place == "RunningChoice"
        await driver.press("space")
        await over(driver)
        assert unit.wrote == ["2f04010301", "2f04010302", "2f040100"]
        assert driver.place == "Actuation"


async def test_a_routine_shows_its_results() -> None:
    unit = Unit(x31010301="7101030101", x31030301="7103030100")
    async with functions(FakeActuations(unit, unit_with(BURN))) as driver:
        await driver.press("enter", "f5", "y")
        await driver.shows("Done")
        await over(driver)
        assert [(row.cells[0], row.cells[1]) for row in driver.table.rows] == [("State", "done")]


async def test_a_refusal_is_told_with_its_conditions() -> None:
    unit = Unit(x2F04000332="7F2F22", x220301=["62030100", "62030100", "62030120"])
    async with functions(FakeActuations(unit, unit_with(CAREFUL_FAN))) as driver:
        await driver.press("enter")
        await over(driver)
        await driver.press("enter", "5", "0", "enter", "f5", "y")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-320" in driver.text
        assert [message.number for message in driver.app.session.raised][-2:] == ["WC-321", "WC-320"]
        await driver.press("enter")
        assert "Engine off: not met" in driver.text
        assert "0x22" in driver.text


async def test_all_of_it_fits_into_ascii() -> None:
    async with functions(FakeActuations(offered=unit_with(CAREFUL_FAN)), plain=True) as driver:
        await run(driver)
        assert driver.text.isascii()
        assert all(len(line) <= 80 for line in driver.lines)
        await driver.press("space")
        await over(driver)


async def test_from_the_control_unit_its_functions_are_one_key_away() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        assert driver.place == "ControlUnit"
        await driver.press(ACTUATIONS)
        assert driver.place == "UnitFunctions"


async def test_the_line_below_the_functions_says_what_the_columns_cut() -> None:
    told = "Drives the fan with the share that is set until it is stopped"
    offered = unit_with(replace(FAN, description=told), WIPER)
    async with functions(FakeActuations(offered=offered)) as driver:
        line = driver.app.screen.query_one(MessageLine)
        await driver.until(lambda: line.text == told)
        await driver.press("down")
        assert line.text == "2 functions"


@pytest.mark.parametrize("key", ["f5", "space", "f6"])
async def test_what_is_above_three_sheets_stays_in_sight_whatever_is_drawn_anew(key: str) -> None:
    async with functions(FakeActuations(offered=unit_with(WIPER))) as driver:
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        above = driver.lines[:4]
        assert all(above)
        await driver.press("space", "enter", key)
        assert driver.place == "OptionChoice"
        assert driver.lines[:4] == above
        await driver.press("escape")
        assert driver.lines[:4] == above


async def test_conditions_of_another_function_are_not_shown() -> None:
    plain = replace(WIPER, conditions=())
    async with functions(FakeActuations(offered=unit_with(CAREFUL_FAN, plain))) as driver:
        await driver.press("enter")
        await driver.shows("Engine off: met")
        await driver.press("escape", "down", "enter")
        await driver.until(lambda: driver.place == "Actuation")
        assert "met" not in driver.text
        assert "No conditions are described." in driver.text


async def test_values_that_are_not_read_any_more_are_told_as_those_at_the_end() -> None:
    async with functions(FakeActuations()) as driver:
        await run(driver)
        assert "At the end" not in driver.text
        await driver.press("space")
        await over(driver)
        await driver.shows("At the end")

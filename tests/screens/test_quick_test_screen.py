"""What the quick test screen offers beside its rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.screens.driving import console
from workshop_console.console.model.report import UnitState
from workshop_console.widgets.line import MessageLine


@pytest.mark.parametrize(("answer", "cleared"), [("1", ("0x1001",)), ("2", ())])
async def test_f6_clears_the_current_unit_or_all_and_asks_twice(
    answer: str, cleared: tuple[str, ...]
) -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("f6", "enter")
        assert "Clear which fault memory?" in driver.text
        await driver.press(answer, "enter")
        assert driver.place == "Question"
        assert not driver.called("clear")
        await driver.press("y")
        await driver.until(lambda: driver.called("clear") == [(cleared,)])
        await driver.until(lambda: not driver.app.session.running)


async def test_the_line_below_says_what_narrow_columns_leave_out() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.shows("HW ")
        assert "SW " in driver.text


async def test_the_line_below_is_empty_while_the_cursor_moves() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.shows("HW ")
        line = driver.app.screen.query_one(MessageLine)
        before = line.text
        await driver.press("down")
        moving = line.text
        await driver.until(lambda: "HW " in line.text)
        assert (moving, line.text == before) == ("", False)


async def test_the_title_says_what_came_out() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        assert "Quick test · 2 with faults · 1 not read" in driver.text


async def test_faults_only_leaves_out_what_was_never_tested() -> None:
    async with console() as driver:
        engine, gearbox, *others = driver.workshop.units
        untested = tuple(replace(fault, status=0x50) for fault in engine.faults)
        driver.workshop.units = [engine, replace(gearbox, faults=untested, state=UnitState.OK), *others]
        await driver.run_quick_test()
        await driver.press("f")
        assert [str(row.cells[1]) for row in driver.table.rows] == ["Engine unit", "Door unit"]


async def test_the_line_below_the_faults_says_what_the_columns_cut() -> None:
    async with console() as driver:
        long = "Bus wake-up by a control unit that nobody knows"
        engine, *others = driver.workshop.units
        faults = (replace(engine.faults[0], text=long),)
        driver.workshop.units = [replace(engine, faults=faults), *others]
        await driver.run_quick_test()
        await driver.press("escape", "2")
        line = driver.app.screen.query_one(MessageLine)
        await driver.until(lambda: line.text == long)
        await driver.press("down")
        assert line.text == ""

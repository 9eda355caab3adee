"""Sheets: what they show, what stays in sight above them, how high they are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

import pytest
from textual.widget import Widget

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_workshop import MISFIRE, FakeWorkshop, unit
from workshop_console import screens
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.report import UnitState
from workshop_console.console.settings import Folders
from workshop_console.screens.sheet import Sheet, TextSheet
from workshop_console.widgets.text_page import Paragraph, TextPage


def top_of_sheet(driver: Driver, title: str) -> int:
    """Return the line that the sheet begins with."""
    return next(y for y, line in enumerate(driver.lines) if f" {title} " in line)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_sheet_leaves_the_upper_part_of_the_screen_below_in_sight(size: tuple[int, int]) -> None:
    async with console(size=size) as driver:
        await driver.run_quick_test()
        before = driver.lines
        await driver.press("f4")
        top = top_of_sheet(driver, "Messages")
        assert size[1] * 0.45 <= top
        assert driver.lines[:top] == before[:top]
        assert driver.lines[-1] == before[-1]
        await driver.press("escape")
        await driver.until(lambda: driver.lines[: size[1] - 3] == before[: size[1] - 3])


async def test_a_sheet_is_as_high_as_what_it_shows() -> None:
    async with console() as driver:
        await driver.press("f8")
        assert top_of_sheet(driver, "Language") == 24 - 2 - 1 - 4 - 1


def with_45_units() -> FakeWorkshop:
    """Return a workshop with a vehicle of many units, all with a fault."""
    workshop = FakeWorkshop(Folders.of_user())
    workshop.units = tuple(
        unit(
            f"Unit_{n:02}",
            0x1000 + n,
            UnitState.FAULTS,
            faults=(MISFIRE,),
            label=f"Control unit number {n:02}",
        )
        for n in range(45)
    )
    workshop.steps.release(1_000)
    return workshop


async def test_a_sheet_covers_no_more_than_is_shown_again_for_few_bytes() -> None:
    workshop = with_45_units()
    async with console(workshop) as driver:
        await driver.press("f1")
        over_little = top_of_sheet(driver, "Help: Product groups")
        await driver.press("escape")
        await driver.run_quick_test()
        await driver.until(lambda: len(driver.table.rows) == 45)
        await driver.until(lambda: driver.lines[-3].strip())
        message = driver.lines[-3]
        await driver.press("f1")
        over_much = top_of_sheet(driver, "Help: Quick test")
        assert over_little == 24 - round(24 * 0.67)
        assert over_little < over_much <= 12
        assert driver.lines[-3] == message


async def test_lists_of_the_menu_leave_its_first_lines_in_sight() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("escape")
        menu = driver.lines
        for entry in ("units", "values", "actuations", "coding", "flashing", "guided-tests"):
            await driver.press(number_of(entry))
            await driver.until(lambda: driver.place != "GroupMenu")
            assert driver.lines[:3] == menu[:3]
            await driver.press("escape")
            await driver.until(lambda: driver.place == "GroupMenu")


async def test_a_message_on_a_sheet_is_explained_with_help_for_the_sheet() -> None:
    async with console() as driver:
        await driver.press("f4")
        driver.app.tell(ConsoleError("WC-107", file="a", detail="b"), at_once=True)
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("f1")
        await driver.until(lambda: driver.place == "Help")
        assert " Help: Messages " in driver.text


async def test_a_sheet_does_not_shrink_while_words_narrow_its_list() -> None:
    async with console() as driver:
        await driver.press("f4")
        top = top_of_sheet(driver, "Messages")
        await driver.press("slash", *"2173-42")
        assert len(driver.table.rows) == 1
        assert top_of_sheet(driver, "Messages") <= top


async def test_the_screen_below_a_sheet_goes_on() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press("1", "f5", "f8")
        assert driver.place == "LanguageChoice"
        await driver.until(lambda: driver.app.session.units.report is not None)
        await driver.shows("F Faults")
        assert driver.place == "LanguageChoice"


async def test_a_sheet_fits_a_terminal_that_gets_smaller() -> None:
    async with console(size=(120, 40)) as driver:
        await driver.press("f1")
        assert top_of_sheet(driver, "Help: Product groups") >= 12
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: len(driver.lines) == 24)
        await driver.until(lambda: 7 <= top_of_sheet(driver, "Help: Product groups") <= 16)
        assert "F10" in driver.lines[-1]


async def test_a_sheet_grows_when_that_shows_the_whole_text() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: driver.place == "ControlUnit" and not driver.app.session.running)
        await driver.press("enter")
        assert driver.place == "FaultDetail"
        before = top_of_sheet(driver, "Engine unit: P0301-11")
        assert "PgDn Read on" in driver.footer
        await driver.press("pagedown")
        assert 3 <= top_of_sheet(driver, "Engine unit: P0301-11") < before
        for part in ("Misfire, cylinder 1", "[x] 0", "[ ] 4", "01 02 03", "0x02"):
            assert part in driver.text
        await driver.until(lambda: "Read on" not in driver.footer)


async def test_a_long_text_takes_all_rows_on_the_first_page_down_and_turns_the_page_on_the_next() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("f1")
        few = top_of_sheet(driver, "Help: Quick test")
        beginning = driver.lines[few + 1]
        await driver.press("pagedown")
        assert top_of_sheet(driver, "Help: Quick test") == 3 < few
        assert driver.lines[4] == beginning
        await driver.press("pagedown")
        assert beginning not in driver.text


async def test_a_long_list_takes_all_rows_on_the_first_page_down() -> None:
    async with console(with_45_units()) as driver:
        await driver.run_quick_test()
        await driver.until(lambda: len(driver.table.rows) == 45)
        await driver.press("escape", number_of("units"))
        few = top_of_sheet(driver, "Control units")
        last = driver.table.in_sight[-1].key
        await driver.press("pagedown")
        await driver.until(lambda: top_of_sheet(driver, "Control units") == 3 < few)
        keys = [row.key for row in driver.table.in_sight]
        assert last in keys
        assert driver.table.cursor_key in keys
        await driver.press("pagedown")
        assert driver.table.in_sight[0].key != keys[0]


def test_every_sheet_is_drawn_as_one() -> None:
    """Textual takes the styles of the first base of a class alone."""
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")
    found: list[type[Sheet[Any]]] = []
    left: list[type[Sheet[Any]]] = [Sheet]
    while left:
        found += left
        left = [one for kind in left for one in kind.__subclasses__()]
    assert len(found) > 15
    assert not [one.__name__ for one in found if Sheet not in one._css_bases(one)]


class Work(TextSheet[None]):
    """Fifteen lines of work on the vehicle."""

    begun = False

    @property
    def needs_all(self) -> bool:
        return self.begun

    def body(self) -> Iterable[Widget]:
        yield TextPage()

    def title_text(self) -> str:
        return "Work"

    def draw(self) -> None:
        self.query_one(TextPage).show([Paragraph(text=f"line {n}") for n in range(15)])


async def test_work_that_was_begun_is_all_in_sight_whatever_it_covers() -> None:
    async with console(with_45_units()) as driver:
        await driver.run_quick_test()
        await driver.until(lambda: len(driver.table.rows) == 45)
        work = Work()
        driver.app.show_screen(work)
        await driver.until(lambda: "line 0" in driver.text)
        assert "line 14" not in driver.text
        work.begun = True
        work.redraw()
        await driver.shows("line 14")
        assert top_of_sheet(driver, "Work") == 24 - 4 - 15

"""Actual values on the screen: choosing, reading what is in sight, freezing, recording, marks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_values import FakeValues, name_of
from tests.screens.fake_workshop import VIN, FakeWorkshop
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.recording import read_recording
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.settings import Folders
from workshop_console.i18n.texts import set_language
from workshop_console.screens import values_view
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.values import Values
from workshop_console.widgets import glyphs
from workshop_console.widgets.line_chart import LineChart
from workshop_console.widgets.table import Table

VALUES = number_of("values")
"""The key of the actual values in the menu."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(values_view, "DRAW_EVERY_S", 0.02)
    yield
    glyphs.use(glyphs.UNICODE)
    set_language("en")


class Cover(ConsoleScreen[None]):
    """Hides everything."""


@asynccontextmanager
async def at_choice(
    values: FakeValues | None = None, *, size: tuple[int, int] = (80, 24), plain: bool = False
) -> AsyncIterator[tuple[Driver, FakeValues]]:
    """Open the choice of the first unit's values."""
    workshop = FakeWorkshop(Folders.of_user(), ascii=plain)
    workshop.values = values = values or FakeValues()
    workshop.vehicle = VehicleIdentity(vin=VIN)
    async with console(workshop, size=size) as driver:
        await driver.run_quick_test()
        await driver.press("escape", VALUES, "enter")
        await driver.until(lambda: driver.table.rows and not driver.app.session.running)
        assert driver.place == "ValueChoice"
        yield driver, values


@asynccontextmanager
async def watching(
    count: int, values: FakeValues | None = None, *, size: tuple[int, int] = (80, 24), plain: bool = False
) -> AsyncIterator[tuple[Driver, FakeValues]]:
    """Read the first `count` values of the first unit; each is 1.0 to begin with."""
    async with at_choice(values, size=size, plain=plain) as (driver, fake):
        for _ in range(count):
            await driver.press("space")
        await driver.press("enter")
        await driver.until(lambda: len(driver.table.rows) == count)
        fake.read(dict.fromkeys(range(1, count + 1), 1.0))
        await driver.until(lambda: cell(driver, 0) != "-")
        yield driver, fake


def cell(driver: Driver, row: int, column: int = 1) -> str:
    return driver.table.rows[row].cells[column]


def visible(fake: FakeValues) -> tuple[str, ...]:
    assert fake.watch_now is not None
    return tuple(name.value for name in fake.watch_now.visible)


# Choosing


async def test_several_control_units_are_marked_and_their_values_listed_together() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", VALUES, "space", "space")
        await driver.shows("2 control units marked")
        await driver.press("enter")
        await driver.until(lambda: len(driver.table.rows) == 33)
        assert workshop.values.asked == [("0x1001", "0x1002")]
        title = next(y for y, line in enumerate(driver.lines) if "Choose actual values" in line)
        assert "Control unit" in driver.lines[title + 1]


async def test_the_screen_of_a_control_unit_leads_to_its_values() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press(VALUES)
        await driver.until(lambda: len(driver.table.rows) == 30)
        assert "Engine unit" in driver.text


async def test_values_are_found_by_words_and_marked_and_only_their_units_are_opened() -> None:
    async with at_choice() as (driver, fake):
        await driver.press("slash", "2", "7", "enter")
        await driver.until(lambda: len(driver.table.rows) == 1)
        await driver.press("space", "escape")
        await driver.shows("1 value marked")
        await driver.press("home", "space", "enter")
        await driver.until(lambda: driver.place == "Values" and len(driver.table.rows) == 2)
        assert [row.key for row in driver.table.rows] == [name_of(1), name_of(27)]
        assert fake.watched == [("0x1001",)]


async def test_without_a_mark_the_current_value_is_read() -> None:
    async with at_choice() as (driver, _fake):
        await driver.press("down", "enter")
        await driver.until(lambda: driver.place == "Values" and driver.table.rows)
        assert [row.key for row in driver.table.rows] == [name_of(2)]


async def test_a_unit_without_values_says_so() -> None:
    fake = FakeValues()
    fake.rows["0x1001"] = ()
    workshop = FakeWorkshop(Folders.of_user())
    workshop.values = fake
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", VALUES, "enter")
        await driver.shows("no actual values for this control unit")


# Sets


async def test_a_set_is_kept_opened_and_deleted_after_a_question() -> None:
    async with at_choice() as (driver, fake):
        await driver.press("space", "space", "f7", *"Idle", "enter")
        await driver.shows("Kept as")
        assert fake.kept == {"Idle": (("Engine", "Value1"), ("Engine", "Value2"))}
        assert len(driver.table.rows) == 30, "the name of a set is no filter"
        await driver.press("tab")
        assert driver.table.rows[0].cells[:3] == ("set", "Idle", "2")
        await driver.press("enter")
        await driver.until(lambda: driver.place == "Values" and len(driver.table.rows) == 2)
        assert "Idle" in driver.lines[2]
        assert fake.watched == [("Engine",)]
        await driver.press("escape")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("f6", "enter")
        assert driver.place == "Question"
        assert fake.kept, "Enter confirms nothing"
        await driver.press("y")
        await driver.until(lambda: not fake.kept)
        await driver.shows("Nothing was kept yet.")


async def test_a_set_of_the_same_name_is_replaced_only_after_a_question() -> None:
    fake = FakeValues()
    fake.kept["Idle"] = (("Engine", "Value9"),)
    async with at_choice(fake) as (driver, _fake):
        await driver.press("space", "f7", *"Idle", "enter")
        await driver.until(lambda: driver.place == "Question")
        await driver.press("n")
        assert fake.kept["Idle"] == (("Engine", "Value9"),)
        await driver.press("f7", *"Idle", "enter")
        await driver.until(lambda: driver.place == "Question")
        await driver.press("y")
        await driver.until(lambda: fake.kept["Idle"] == (("Engine", "Value1"),))


async def test_a_set_says_which_of_its_values_are_not_there() -> None:
    fake = FakeValues()
    fake.kept["Old"] = (("Engine", "Value1"), ("Engine", "Gone"))
    async with at_choice(fake) as (driver, _fake):
        await driver.press("tab", "enter")
        await driver.shows("1 value is not there on this vehicle.")
        assert [row.key for row in driver.table.rows] == [name_of(1)]


async def test_sets_need_a_vehicle_that_is_known() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press(VALUES, "tab")
        await driver.shows("F5 reads it")
        await driver.press("f5")
        await driver.until(lambda: driver.workshop.vehicle.vin)
        await driver.until(lambda: "F5 reads it" not in driver.text)


# The table


async def test_at_80_columns_the_table_is_complete_with_the_line_below() -> None:
    async with watching(3) as (driver, _fake):
        heading = driver.lines[3]
        for title in ("Name", "Value", "Unit", "Curve", "Least", "Greatest", "Age"):
            assert title in heading
        assert "Expected" not in heading
        assert "expected 0 … 100 km/h" in driver.lines[21]
        assert "Engine unit" in driver.lines[21]


async def test_at_120_columns_all_columns_are_there() -> None:
    fake = FakeValues()
    fake.kept["Both"] = (("Engine", "Value1"), ("Gearbox", "Value1"))
    async with at_choice(fake, size=(120, 40)) as (driver, _fake):
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.place == "Values" and len(driver.table.rows) == 2)
        assert "Expected" in driver.lines[3]
        assert "Control unit" in driver.lines[3]
        assert fake.watched == [("Engine", "Gearbox")]


async def test_only_what_is_in_sight_is_read() -> None:
    async with watching(30) as (driver, fake):
        shown = driver.table.size.height - 1
        assert visible(fake) == tuple(f"Value{number}" for number in range(1, shown + 1))
        await driver.press("end")
        await driver.until(lambda: visible(fake)[-1] == "Value30")
        assert len(visible(fake)) == shown
        await driver.press("slash", "2", "9", "enter")
        await driver.until(lambda: visible(fake) == ("Value29",))
        await driver.press("escape")
        await driver.pilot.resize_terminal(120, 40)
        await driver.until(lambda: len(visible(fake)) == 30)


async def test_nothing_is_read_while_another_screen_hides_the_table() -> None:
    async with watching(3) as (driver, fake):
        driver.app.push_screen(Cover())
        await driver.until(lambda: visible(fake) == ())
        driver.app.pop_screen()
        await driver.until(lambda: len(visible(fake)) == 3)


async def test_rows_above_a_sheet_are_read_on() -> None:
    async with watching(3) as (driver, fake):
        await driver.press("f4")
        assert driver.place == "MessageList"
        assert "Value 1 of Engine" in driver.text
        fake.read({1: 7.0})
        await driver.shows(" 7.0 ")
        assert len(visible(fake)) == 3


async def test_least_and_greatest_begin_anew_when_asked() -> None:
    async with watching(1) as (driver, fake):
        fake.read({1: 5.0})
        fake.read({1: 3.0})
        await driver.until(lambda: cell(driver, 0) == "3.0")
        assert (cell(driver, 0, 4), cell(driver, 0, 5)) == ("1.0", "5.0")
        await driver.press("f5")
        await driver.until(lambda: fake.resets == 1)
        fake.read({1: 4.0})
        await driver.until(lambda: cell(driver, 0) == "4.0")
        assert (cell(driver, 0, 4), cell(driver, 0, 5)) == ("3.0", "4.0")


async def test_a_frozen_picture_stays_and_says_so() -> None:
    async with watching(1) as (driver, fake):
        await driver.press("space")
        assert "FROZEN" in driver.lines[2]
        assert "Space Go on" in driver.footer
        fake.read({1: 7.0})
        await driver.until(lambda: driver.app.session.values.rows[name_of(1)].number == 7)
        await driver.pilot.pause(0.06)
        assert cell(driver, 0) == "1.0"
        await driver.press("space")
        await driver.until(lambda: cell(driver, 0) == "7.0")
        assert "FROZEN" not in driver.text


async def test_a_value_outside_its_range_has_a_mark() -> None:
    async with watching(1) as (driver, fake):
        fake.read({1: 101.5})
        await driver.until(lambda: cell(driver, 0) == "!101.5")


async def test_a_value_that_cannot_be_read_says_why() -> None:
    async with watching(2) as (driver, fake):
        fake.read({2: RaisedMessage(number="WC-360")})
        await driver.shows("WC-360 Title of WC-360")


async def test_a_long_text_has_the_room_of_the_columns_for_numbers() -> None:
    async with watching(2) as (driver, fake):
        fake.read({1: "W1K2060041F048211", 2: "open"})
        await driver.shows("W1K2060041F048211")
        await driver.until(lambda: cell(driver, 1) == "open")


async def test_an_age_is_shown_from_two_seconds_on() -> None:
    async with watching(2) as (driver, fake):
        fake.pass_time(5)
        fake.read({1: 2.0})
        await driver.until(lambda: cell(driver, 1, 6) == "5 s")
        assert cell(driver, 0, 6) == ""


async def test_what_did_not_change_is_not_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values_view, "CURVE_CELL_S", 1e9)
    async with watching(3) as (driver, fake):
        await driver.pilot.pause(0.1)
        painted: list[object] = []
        refresh = Table.refresh

        def count(table: Table, *regions: object, **options: object) -> object:
            painted.extend(regions or ["all"])
            return refresh(table, *regions, **options)  # type: ignore[arg-type]  # handed on as it came

        monkeypatch.setattr(Table, "refresh", count)
        pictures = driver.app.session.values.pictures
        fake.read({1: 1.0, 2: 1.0, 3: 1.0})
        await driver.until(lambda: driver.app.session.values.pictures > pictures)
        await driver.pilot.pause(0.1)
        assert not painted
        fake.read({2: 1.5})
        await driver.until(lambda: cell(driver, 1) == "1.5")
        assert painted
        assert all(getattr(region, "y", None) == 2 for region in painted), "one row alone"
        assert all(getattr(region, "width", 80) < 20 for region in painted), "a few of its cells"


async def test_the_language_changes_while_values_are_read() -> None:
    async with watching(1) as (driver, _fake):
        await driver.press("f8")
        assert driver.place == "LanguageChoice"
        driver.app.change_language("de")
        await driver.press("escape")
        await driver.until(lambda: cell(driver, 0) == "1,0")


async def test_leaving_ends_the_reading_and_the_next_one_waits_for_that() -> None:
    async with watching(1) as (driver, fake):
        await driver.press("escape")
        assert driver.place == "ValueChoice"
        await driver.press("enter")
        await driver.until(lambda: fake.ended == 1 and len(fake.watched) == 2)
        await driver.until(lambda: len(driver.table.rows) == 1)


async def test_leaving_all_screens_ends_the_reading() -> None:
    async with watching(1) as (driver, fake):
        await driver.press("f2")
        await driver.until(lambda: fake.ended == 1)


async def test_after_an_error_f5_reads_again() -> None:
    async with watching(1) as (driver, fake):
        fake.fail(ConsoleError("WC-203", uri="sim://car"))
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter")
        await driver.shows("Nothing is read any more.")
        assert "F5 Read again" in driver.footer
        await driver.press("f5")
        await driver.until(
            lambda: len(fake.watched) == 2 and fake.watch_now is not None and fake.watch_now.visible
        )
        fake.read({1: 8.0})
        await driver.until(lambda: driver.table.rows and cell(driver, 0) == "8.0")


async def test_quitting_while_values_are_read_asks_nothing() -> None:
    async with watching(1) as (driver, fake):
        await driver.press("f10")
        await driver.until(lambda: fake.ended == 1)
        assert driver.place != "Question"


# Recording


async def test_a_recording_has_all_values_and_the_marks() -> None:
    async with watching(20) as (driver, fake):
        assert "Enter Mark" not in driver.footer
        await driver.press("f7")
        await driver.until(lambda: "RECORDING" in driver.lines[2])
        assert "values-" in driver.text, "where it records"
        fake.read({1: 2.0})
        await driver.until(lambda: cell(driver, 0) == "2.0")
        await driver.press("enter")
        await driver.shows("Mark 1 set.")
        fake.read({1: 3.0})
        await driver.until(lambda: cell(driver, 0) == "3.0")
        await driver.press("f7")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-607" in driver.text
        await driver.press("enter")
        assert "RECORDING" not in driver.text
        (file,) = driver.workshop.exports.glob("*.csv")
        recording = read_recording(file)
        assert len(recording.rows) == 20, "also those out of sight"
        assert [sample.texts[0] for sample in recording.samples] == ["2.0", "3.0"]
        assert [sample.mark for sample in recording.samples] == ["", "1"]
        assert recording.vin == VIN


async def test_leaving_ends_the_recording() -> None:
    async with watching(1) as (driver, fake):
        await driver.press("f7")
        await driver.until(lambda: "RECORDING" in driver.lines[2])
        watch = fake.watch_now
        assert watch is not None
        await driver.press("escape")
        assert "End the recording?" in driver.text
        await driver.press("n")
        assert watch.recorder is not None
        await driver.press("f10", "y")
        await driver.until(lambda: watch.recorder is None)


async def test_what_was_recorded_is_told_on_leaving() -> None:
    async with watching(1) as (driver, _fake):
        await driver.press("f7")
        await driver.until(lambda: "RECORDING" in driver.lines[2])
        await driver.press("escape", "y")
        await driver.shows("WC-607")
        assert driver.place == "ValueChoice"


async def test_a_folder_that_cannot_be_written_is_told() -> None:
    async with watching(1) as (driver, _fake):
        driver.workshop.exports.parent.mkdir(parents=True, exist_ok=True)
        driver.workshop.exports.write_text("a file where a folder should be")
        await driver.press("f7")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-107" in driver.text
        await driver.press("enter")
        assert "RECORDING" not in driver.text


# The chart


@pytest.mark.parametrize("plain", [False, True])
async def test_the_chart_draws_the_chosen_values_with_their_numbers(plain: bool) -> None:
    async with watching(3, plain=plain) as (driver, fake):
        await driver.press("1", "down", "2", "down", "4")
        assert [row.badge for row in driver.table.rows] == ["1", "2", "4"]
        for number in range(10):
            fake.read({1: 10.0 + number, 2: 50.0 - number, 3: 5.0})
        await driver.until(lambda: cell(driver, 0) == "19.0")
        await driver.press("tab")
        assert driver.place == "Chart"
        await driver.until(lambda: len(driver.table.rows) == 3)
        assert [row.cells[0] for row in driver.table.rows] == ["1", "2", "4"]
        await driver.shows("100 %")
        if plain:
            assert driver.text.isascii()
        drawn = "\n".join(driver.lines[7:21])
        for digit in "124":
            assert digit in drawn
        await driver.press("tab")
        assert driver.place == "Values"


async def test_the_chart_of_one_value_has_its_numbers_at_the_side() -> None:
    async with watching(2, size=(120, 40)) as (driver, fake):
        for number in range(5):
            fake.read({1: 100.0 * number})
        await driver.until(lambda: cell(driver, 0) == "!400.0")
        await driver.press("tab")
        await driver.shows("400┤")
        await driver.press("space")
        assert "FROZEN" in driver.lines[2]
        await driver.press("f5")
        assert driver.app.screen.query_one(LineChart).size.height > 20


async def test_a_text_cannot_be_drawn() -> None:
    async with watching(1) as (driver, fake):
        fake.read({1: "open"})
        await driver.until(lambda: cell(driver, 0) == "open")
        await driver.press("1")
        await driver.shows("Only numbers can be drawn.")
        await driver.press("tab")
        assert driver.place == "Values"


async def test_the_values_of_the_chart_are_read_though_the_table_is_hidden() -> None:
    async with watching(3) as (driver, fake):
        await driver.press("down", "1", "tab")
        await driver.until(lambda: visible(fake) == ("Value2",))
        screen = driver.app.screen_stack[-2]
        assert isinstance(screen, Values)

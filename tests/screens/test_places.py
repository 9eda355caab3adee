"""From the first screen to the last fault, by the keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.screens.driving import console, number_of
from tests.screens.fake_workshop import NOW, FakeWorkshop
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditAnswer
from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.settings import Folders


async def test_the_first_screen_is_drawn_from_the_store_before_the_server_answers() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.desk.gate.clear()
    async with console(workshop) as driver:
        assert "1,499" in driver.text
        assert "3 hours ago" in driver.text
        workshop.desk.answer = CreditAnswer(
            report=replace(workshop.desk.answer.report, groups=workshop.desk.report.groups[:1])
        )
        workshop.desk.gate.set()
        await driver.shows("[online]")
        assert "3 hours ago" not in driver.text


async def test_groups_show_minutes_days_the_end_of_the_packet_and_why_there_is_none() -> None:
    async with console() as driver:
        text = driver.text
        for part in (
            "Mercedes-Benz passenger cars",
            "1 day",
            "6 days, 23 hours",
            "never bought",
            "not known",
        ):
            assert part in text
        assert "Trucks" not in text


async def test_trucks_are_there_in_the_pass_thru_edition() -> None:
    async with console(FakeWorkshop(Folders.of_user(), edition=Edition.PASS_THRU)) as driver:
        assert "Trucks" in driver.text


async def test_a_server_out_of_reach_is_told_on_the_message_line_and_nothing_waits() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    message = RaisedMessage(number="2221-47", facts=(("server", "local"),))
    workshop.desk.answer = CreditAnswer(report=workshop.desk.report, messages=(message,))
    async with console(workshop) as driver:
        await driver.shows("2221-47 Title of 2221-47")
        assert driver.place == "ProductGroups"
        assert "[offline]" in driver.text
        await driver.press("f1")
        assert "Cause of 2221-47" in driver.text
        await driver.press("escape")
        assert "2221-47" not in driver.text


async def test_trouble_that_is_known_is_told_again_only_when_asked_for() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    message = RaisedMessage(number="2221-47", facts=(("server", "local"),))
    workshop.desk.answer = CreditAnswer(report=workshop.desk.report, messages=(message,))
    async with console(workshop) as driver:
        await driver.shows("2221-47")
        await driver.run_quick_test()
        asked = workshop.desk.asked
        await driver.until(lambda: workshop.desk.asked > 1)
        assert "2221-47" not in driver.text
        await driver.press("f2", "f5")
        await driver.until(lambda: workshop.desk.asked > asked)
        await driver.shows("2221-47")


async def test_what_was_wrong_at_the_start_is_told_without_blocking() -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.problems = (RaisedMessage(number="WC-101", facts=(("file", "config.toml"),)),)
    async with console(workshop) as driver:
        await driver.shows("WC-101 Title of WC-101")
        await driver.press("1")
        await driver.until(lambda: driver.called("open_group"))


async def test_opening_a_group_shows_its_credit_and_f1_explains_it() -> None:
    async with console() as driver:
        await driver.press("1")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "2173-43" in driver.text
        assert "minutes=1499" in driver.text
        await driver.press("f1")
        await driver.until(lambda: driver.place == "Help")
        assert "Second step" in driver.text
        await driver.press("escape")
        assert driver.place == "GroupMenu"


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("quick-test", "QuickTest"),
        ("faults", "VehicleFaults"),
        ("units", "ControlUnits"),
        ("reports", "Reports"),
        ("descriptions", "Descriptions"),
        ("messages", "MessageList"),
        ("vehicle", "VehicleChoice"),
    ],
)
async def test_the_menu_opens_by_number(entry: str, place: str) -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press(number_of(entry))
        assert driver.place == place
        await driver.press("f3")
        assert driver.place == "GroupMenu"
        await driver.press("f2")
        assert driver.place == "ProductGroups"


async def test_a_control_unit_and_its_fault_in_full() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: driver.called("read_faults") == [(("0x1001",),)])
        await driver.until(lambda: not driver.app.session.running)
        assert "Engine_A" in driver.text
        assert "P0301-11" in driver.text
        await driver.press("enter")
        text = driver.text
        for _page in range(2):
            await driver.press("pagedown")
            text += driver.text
        for part in ("Misfire, cylinder 1", "47,913 km", "03 01 11", "[x] 0", "[ ] 4"):
            assert part in text
        await driver.press("end")
        for part in ("VehicleSpeed", "72 km/h", "01 02 03", "0x02"):
            assert part in driver.text


async def test_tab_gives_the_keys_to_the_next_part() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        assert driver.app.focused is driver.table
        await driver.press("tab")
        assert driver.app.focused is not driver.table
        await driver.press("tab")
        assert driver.app.focused is driver.table


async def test_faults_of_the_whole_vehicle_are_read_and_listed_with_the_units_that_failed() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press("2", "f5")
        await driver.until(lambda: driver.called("read_faults") == [((),)])
        await driver.shows("1/4")
        keys = [row.key for row in driver.table.rows]
        assert keys == ["0x1001 196881", "0x1001 9502720", "0x1003 ", "0x1004 9502720"]


async def test_two_marked_reports_are_compared() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        driver.workshop.units = (replace(driver.workshop.units[0], faults=()), *driver.workshop.units[1:])
        await driver.press("f5")
        await driver.until(lambda: driver.place == "Choice")
        await driver.press("a")
        await driver.until(lambda: len(driver.workshop.kept) == 2 and not driver.app.session.running)
        await driver.press("escape", number_of("reports"))
        assert driver.place == "Reports"
        await driver.press("f5")
        assert "mark two reports first" in driver.text
        await driver.press("space", "down", "space", "f5")
        assert driver.place == "Comparison"
        assert [row.cells[0][0] for row in driver.table.rows] == ["-", "-", "?", "="]
        assert "2 gone, 0 new, 1 still there" in driver.text
        await driver.press("enter")
        assert driver.place == "FaultDetail"


async def test_a_fault_can_be_cleared_from_its_own_screen() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: driver.called("read_faults") and not driver.app.session.running)
        await driver.press("enter")
        assert driver.place == "FaultDetail"
        await driver.press("f6", "y")
        await driver.until(lambda: driver.called("clear") == [(("0x1001",),)])
        await driver.until(lambda: not driver.app.session.running)


async def test_messages_are_searched_and_explained() -> None:
    async with console() as driver:
        await driver.press("f4")
        await driver.press("slash", *"2173", "enter")
        assert [row.key for row in driver.table.rows] == ["2173-43", "2173-42", "2173-44"]
        await driver.press("down", "enter")
        assert "Cause of 2173-42" in driver.text
        await driver.press("escape")
        assert driver.table.cursor_key == "2173-42"
        await driver.press("escape")
        assert len(driver.table.rows) > 3


async def test_a_search_begins_at_what_fits_best() -> None:
    async with console() as driver:
        await driver.press("f4", "end")
        await driver.press("slash", *"2173")
        assert driver.table.cursor_key == driver.table.rows[0].key


async def test_another_vci_is_chosen_and_tested() -> None:
    async with console() as driver:
        await driver.press("f9", "end", "enter", *"doip://10.0.0.1", "enter")
        await driver.shows("Connected: VIN W1K2060041F048211")
        assert driver.called("choose_vci") == [("doip://10.0.0.1",)]
        await driver.press("f3", "f9")
        assert "doip://10.0.0.1" in [row.key for row in driver.table.rows]


@pytest.mark.parametrize(("typed", "number"), [("nonsense", "WC-200"), ("doip://10.0.0.1", "WC-201")])
async def test_a_vci_that_cannot_be_used_is_told_with_its_number(typed: str, number: str) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.error = ConsoleError("WC-201", uri=typed, detail="refused")
    async with console(workshop) as driver:
        await driver.press("f9", "end", "enter", *typed, "enter")
        await driver.until(lambda: driver.place == "MessageBox")
        assert number in driver.text
        await driver.press("enter")
        assert driver.place == "VehicleChoice"


async def test_a_description_is_imported_by_its_name_with_completion(tmp_path: object) -> None:
    folder = Folders.of_user().config
    folder.mkdir(parents=True)
    (folder / "somersault.pdx").touch()
    (folder / "notes.txt").touch()
    async with console() as driver:
        await driver.open_menu()
        await driver.press(number_of("descriptions"))
        assert "car.pdx" in driver.text
        await driver.press("f5")
        for character in f"{folder}/so":
            await driver.press("full_stop" if character == "." else character)
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.called("import_pdx") == [(folder / "somersault.pdx",)])
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("enter", "enter")
        assert "Misfire, cylinder 1" in driver.text
        await driver.press("escape", "end", "enter")
        assert driver.place == "Problems"
        assert "[/red]" in driver.text


async def test_the_palette_finds_an_action_by_its_name_and_does_it() -> None:
    async with console() as driver:
        await driver.press("ctrl+p")
        assert driver.place == "Palette"
        await driver.press(*"numbered")
        assert [row.key for row in driver.table.rows] == ["messages"]
        await driver.press("enter")
        await driver.until(lambda: driver.place == "MessageList")


async def test_f7_saves_the_test_and_says_where() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("f7", "j")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-607" in driver.text
        assert driver.called("export") == [("json",)]


async def test_the_change_against_the_first_test_is_shown() -> None:
    async with console() as driver:
        driver.workshop.line.vehicle = replace(driver.workshop.line.vehicle, vin="W1K2060041F048211")
        first = driver.workshop.report_of((replace(driver.workshop.units[0], faults=()),))
        driver.workshop.kept.append(replace(first, started=NOW))
        await driver.run_quick_test()
        assert driver.table.rows[0].cells[7] == "+2"


async def test_a_key_pressed_over_a_message_box_is_obeyed_below() -> None:
    async with console() as driver:
        await driver.press("enter")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("1")
        await driver.until(lambda: driver.place == "QuickTest")


@pytest.mark.parametrize("language", ["1", "2", "3", "4"])
async def test_a_unit_shows_its_faults_below_what_it_is(language: str) -> None:
    async with console() as driver:
        engine, *others = driver.workshop.units
        driver.workshop.units = [replace(engine, variant="CDI_MD1CP001_G3_2026"), *others]
        await driver.run_quick_test()
        await driver.press("f8", language)
        await driver.press("enter")
        await driver.until(lambda: driver.place == "ControlUnit" and not driver.app.session.running)
        for part in ("CDI_MD1CP001_G3_2026", "2069000001", "2069000002 23/40", "P0301-11", "B1100-00"):
            assert part in driver.text

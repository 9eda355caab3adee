"""The order of a vehicle: from the reports, entry by entry, and its report by F7."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_workshop import NOW, VIN, FakeWorkshop
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.settings import Folders
from workshop_console.widgets.text_page import TextPage

ENTRY = OrderEntry(
    time=NOW,
    vin=VIN,
    vehicle_name="Test car",
    unit="Engine unit",
    address="0x1001",
    kind=EntryKind.ACTUATION,
    what="Radiator fan",
    request=b"\x2f\x12\x34\x03\x50",
    who="Ana",
    details=(("Speed", "50 %"), ("[/red]", "[bold]")),
)


def with_entries(count: int = 3) -> FakeWorkshop:
    workshop = FakeWorkshop(Folders.of_user())
    outcomes = ("done", "refused 0x22", "begun", "silent", "stopped", "failed", "new-code")
    for number in range(count):
        entry_id = workshop.orders.begin(replace(ENTRY, time=NOW + timedelta(days=number)))
        outcome = outcomes[number % len(outcomes)]
        if outcome != "begun":
            workshop.orders.complete(entry_id, answer=b"\x7f\x2f\x22", outcome=outcome)
    return workshop


async def open_order(driver: Driver) -> None:
    await driver.run_quick_test()
    await driver.press("escape", number_of("reports"), "tab")
    assert driver.place == "VehicleOrder"


async def test_what_was_done_is_listed_newest_first() -> None:
    async with console(with_entries()) as driver:
        await open_order(driver)
        assert f"Order: {VIN}" in driver.text
        assert [row.key for row in driver.table.rows] == [3, 2, 1]
        assert [row.cells[3] for row in driver.table.rows] == ["broken off", "refused 22", "done"]
        assert "Actuation: Radiator" in driver.text
        assert "3 entries" in driver.text


async def test_an_order_stands_among_the_reports_and_opens_with_enter() -> None:
    async with console(with_entries()) as driver:
        await driver.run_quick_test()
        await driver.press("escape", number_of("reports"))
        assert [row.cells[1] for row in driver.table.rows] == ["order", "test"]
        assert driver.table.rows[0].cells[2:4] == (VIN, "Test car (3 entries)")
        await driver.press("space")
        assert "an order is not compared" in driver.text
        await driver.press("f7", "h")
        await driver.until(lambda: driver.place == "MessageBox")
        assert driver.called("order") == [(VIN, None)]
        await driver.press("enter", "enter")
        assert driver.place == "VehicleOrder"


async def test_an_entry_shows_request_answer_and_details() -> None:
    async with console(with_entries()) as driver:
        await open_order(driver)
        await driver.press("down", "enter")
        assert driver.place == "EntryDetail"
        text = driver.app.screen.query_one(TextPage).text
        for expected in (
            "0x22 conditionsNotCorrect",
            "2F 12 34 03 50",
            "7F 2F 22",
            "Ana",
            "Speed",
            "50 %",
            "[/red]  [bold]",
        ):
            assert expected in text
        await driver.press("escape")
        assert driver.table.cursor_key == 2


async def test_every_outcome_has_its_words() -> None:
    async with console(with_entries(7)) as driver:
        await open_order(driver)
        shown = [row.cells[3] for row in reversed(driver.table.rows)]
        assert shown == ["done", "refused 22", "broken off", "no answer", "stopped", "failed", "new-code"]


@pytest.mark.parametrize(("key", "kind"), [("h", "html"), ("j", "json"), ("p", "pdf")])
async def test_f7_saves_the_order_report(key: str, kind: str) -> None:
    async with console(with_entries()) as driver:
        await open_order(driver)
        await driver.press("f7")
        assert driver.place == "Choice"
        await driver.press(key)
        await driver.until(lambda: driver.place == "MessageBox")
        assert driver.called("order") == [(VIN, None)]
        assert driver.called("export") == [(kind,)]
        assert "WC-607" in driver.text
        assert f"order.{kind}" in driver.text


async def test_the_report_begins_with_the_day_of_a_marked_entry() -> None:
    async with console(with_entries()) as driver:
        await open_order(driver)
        await driver.press("down", "space")
        assert "The order report begins with" in driver.text
        await driver.press("f7", "h")
        await driver.until(lambda: driver.place == "MessageBox")
        ((_vin, since),) = driver.called("order")
        assert str(since)[:19] == f"{NOW + timedelta(days=1):%Y-%m-%d} 00:00:00"
        await driver.press("enter", "space")
        assert "3 entries" in driver.text


async def test_f7_on_a_report_offers_the_order_report_too() -> None:
    async with console(with_entries()) as driver:
        await driver.run_quick_test()
        await driver.press("f7", "o", "p")
        await driver.until(lambda: driver.place == "MessageBox")
        assert driver.called("order") == [(VIN, None)]
        assert driver.called("export") == [("pdf",)]


async def test_entries_are_filtered() -> None:
    async with console(with_entries()) as driver:
        await open_order(driver)
        await driver.press("slash", *"refused", "enter")
        assert [row.key for row in driver.table.rows] == [2]


async def test_a_vehicle_without_entries_says_so_and_still_prints() -> None:
    async with console() as driver:
        await open_order(driver)
        assert "Nothing was written to this vehicle." in driver.text
        await driver.press("enter")
        assert driver.place == "VehicleOrder"
        await driver.press("f7", "p")
        await driver.until(lambda: driver.place == "MessageBox")


async def test_a_store_in_trouble_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = with_entries()

    def broken(*_arguments: object, **_more: object) -> object:
        raise ConsoleError("WC-605", file="records.db")

    async with console(workshop) as driver:
        await driver.run_quick_test()
        monkeypatch.setattr(workshop.orders, "entries", broken)
        monkeypatch.setattr(workshop.orders, "order", broken)
        await driver.press("escape", number_of("reports"), "tab")
        assert "WC-605" in driver.text
        await driver.press("f7", "h")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-605" in driver.text


async def test_without_reports_and_vehicle_there_is_no_order() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press(number_of("reports"), "tab")
        assert driver.place == "Reports"
        assert "there are no reports yet" in driver.text


async def test_f7_after_a_clearing_saves_the_order_report() -> None:
    async with console(with_entries()) as driver:
        await driver.run_quick_test()
        await driver.press("f6", "1", "y")
        await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
        await driver.press("f7", "h")
        await driver.until(lambda: driver.place == "MessageBox")
        assert driver.called("order") == [(VIN, None)]

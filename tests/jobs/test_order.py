"""Orders: the entries of a vehicle between its first and its last quick test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.procedures.order_book import KeptOrders
from tests.store.conftest import Opener, folders, opener, store  # noqa: F401 - fixtures
from tests.store.test_order_book import ENTRY, NOW, VIN
from tests.store.test_report_json import REPORT
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.order import Orders
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.settings import Settings
from workshop_console.data.store import Store


class Standing:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW + timedelta(days=30)


def orders(store: Store) -> Orders:  # noqa: F811 - the fixture's name
    return Orders(book=store.orders, records=store.records, clock=Standing(), who=lambda: "Ana")


def keep(store: Store, hours: int, *, complete: bool = True, kind: str = "quick-test") -> int:  # noqa: F811 - as above
    report = replace(
        REPORT, vehicle=VehicleIdentity(vin=VIN, name="Tested car"), started=NOW + timedelta(hours=hours)
    )
    return store.records.keep(replace(report, complete=complete), kind=kind)


def test_an_order_has_the_first_and_the_last_whole_test_and_all_entries(store: Store) -> None:  # noqa: F811
    keep(store, 0, complete=False)
    first = keep(store, 1)
    keep(store, 2, kind="readout")
    keep(store, 3)
    last = keep(store, 4)
    keep(store, 5, complete=False)
    book = orders(store)
    begun = book.begin(ENTRY)
    order = book.order(VIN)
    assert order.first is not None
    assert order.last is not None
    assert (order.first.report_id, order.last.report_id) == (first, last)
    assert order.comparison is not None
    assert [entry.entry_id for entry in order.entries] == [begun]
    assert (order.who, order.vehicle.name) == ("Ana", "Tested car")
    assert order.printed.tzinfo is UTC


def test_one_test_is_the_first_and_a_part_is_better_than_none(store: Store) -> None:  # noqa: F811
    part = keep(store, 0, complete=False)
    order = orders(store).order(VIN)
    assert order.first is not None
    assert order.first.report_id == part
    assert (order.last, order.comparison) == (None, None)


def test_since_counts_for_tests_and_entries(store: Store) -> None:  # noqa: F811
    keep(store, 0)
    second, third = keep(store, 24), keep(store, 48)
    book = orders(store)
    for hours in (0, 30):
        book.begin(replace(ENTRY, time=NOW + timedelta(hours=hours)))
    order = book.order(VIN, since=NOW + timedelta(hours=20))
    assert order.first is not None
    assert order.last is not None
    assert (order.first.report_id, order.last.report_id) == (second, third)
    assert len(order.entries) == 1


def test_vehicles_without_a_vin_share_entries_and_no_tests(store: Store) -> None:  # noqa: F811
    store.records.keep(replace(REPORT, vehicle=VehicleIdentity(), complete=True))
    book = orders(store)
    book.begin(replace(ENTRY, vin=""))
    order = book.order("")
    assert (order.first, len(order.entries), order.vehicle.name) == (None, 1, "Car")


def test_a_vehicle_that_nothing_is_kept_of_is_told(store: Store) -> None:  # noqa: F811
    with pytest.raises(ConsoleError) as caught:
        orders(store).order("NOBODY")
    assert (caught.value.number, caught.value.facts["vin"]) == ("WC-614", "NOBODY")


def test_who_is_put_in_and_details_are_bounded() -> None:
    kept = KeptOrders()
    book = Orders(book=kept, records=None, clock=Standing(), who=lambda: "Ana")  # type: ignore[arg-type]  # not asked
    number = book.begin(replace(ENTRY, who="", details=tuple(("x" * 9_999, "y") for _ in range(9_999))))
    book.complete(number, answer=b"", outcome="done", details=(("a", "b" * 99_999),))
    (entry,) = book.entries(VIN)
    assert entry.who == "Ana"
    assert len(entry.details) <= 201
    assert max(len(name) + len(value) for name, value in entry.details) <= 2_001
    assert [vehicle.vin for vehicle in book.vehicles()] == [VIN]


def test_the_mechanic_is_the_setting_else_the_user_of_the_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(mechanic="  Ana\u202e\x1b ").who == "Ana\ufffd␛"
    assert len(Settings(mechanic="x" * 500).who) <= 60
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert Settings().who == "somebody"

    def unknown() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", unknown)
    assert Settings().who == ""


def test_a_test_that_cannot_be_read_is_told_and_the_rest_is_there(store: Store) -> None:  # noqa: F811
    first, second = keep(store, 0), keep(store, 1)
    book = orders(store)
    book.begin(ENTRY)
    store.databases[2].write(
        lambda c: c.execute("UPDATE reports SET body = '{}' WHERE report_id = ?", (first,))
    )
    order = book.order(VIN)
    assert order.first is not None
    assert (order.first.report_id, order.last) == (second, None)
    assert [(message.number, dict(message.facts)["report"]) for message in order.messages] == [
        ("WC-611", first)
    ]
    assert len(order.entries) == 1

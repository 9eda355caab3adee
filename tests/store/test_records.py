"""Reports are kept, found and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.store.conftest import Opener
from tests.store.test_report_json import REPORT
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.report import QuickTestReport
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.data.store import Store

COMPLETE = replace(REPORT, complete=True)


def of(vin: str, report: QuickTestReport = COMPLETE) -> QuickTestReport:
    return replace(report, vehicle=VehicleIdentity(vin=vin))


def test_a_report_is_loaded_as_it_was_kept(opener: Opener) -> None:
    number = opener().records.keep(REPORT)
    assert opener().records.load(number) == replace(REPORT, report_id=number)


def test_the_list_is_newest_first_and_says_what_is_in_each(store: Store) -> None:
    first = store.records.keep(REPORT)
    second = store.records.keep(of("X"), kind="readout")
    summaries = store.records.list()
    assert [summary.report_id for summary in summaries] == [second, first]
    old = summaries[1]
    assert (old.kind, old.vin, old.vehicle_name, old.vci) == (
        "quick-test",
        "WDD2130041A000001",
        "Car",
        "sim://car",
    )
    assert (old.units, old.faulty, old.silent, old.faults, old.complete) == (3, 1, 1, 1, False)
    assert old.started == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert [summary.report_id for summary in store.records.list(kind="readout")] == [second]
    assert [summary.report_id for summary in store.records.list(vin="X")] == [second]
    assert store.records.list(vin="X", kind="quick-test") == []


def test_the_first_test_is_the_earliest_complete_quick_test_of_the_vehicle(store: Store) -> None:
    store.records.keep(of("A", REPORT))  # not complete
    store.records.keep(of("A"), kind="readout")
    store.records.keep(of("B"))
    first = store.records.keep(of("A"))
    store.records.keep(of("A"))
    found = store.records.first("A")
    assert found is not None
    assert found.report_id == first
    assert store.records.first("C") is None


def test_vehicles_without_a_vin_are_not_taken_for_one_another(store: Store) -> None:
    store.records.keep(of(""))
    assert store.records.first("") is None


@pytest.mark.parametrize("number", [0, -1, 1, 2**63, 2**200])
def test_a_number_that_is_no_report_s_is_none(store: Store, number: int) -> None:
    assert store.records.load(number) is None


def test_a_report_that_cannot_be_understood_is_told_by_its_number(store: Store) -> None:
    number = store.records.keep(REPORT)
    store.databases[2].write(lambda c: c.execute("UPDATE reports SET body = '{\"form\": 99}'"))
    with pytest.raises(ConsoleError) as caught:
        store.records.load(number)
    assert (caught.value.number, caught.value.facts["report"]) == ("WC-611", number)
    assert len(store.records.list()) == 1


def test_numbers_are_never_given_twice(store: Store) -> None:
    number = store.records.keep(REPORT)
    store.databases[2].write(lambda c: c.execute("DELETE FROM reports"))
    assert store.records.keep(REPORT) == number + 1

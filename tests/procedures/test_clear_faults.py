"""Clearing: asked for, saved before, read again after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.procedures.order_book import KeptOrders
from tests.procedures.scripted import Described, ScriptedLink, ScriptedUnit, SteppingClock, summary, unit_with
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.report import ClearingResult, QuickTestReport, ReportSummary
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.clear_faults import clear_fault_memories
from workshop_console.console.procedures.events import (
    Event,
    FaultsCleared,
    FaultsRead,
    MessageRaised,
    Progress,
)

CLEAR = b"\x14\xff\xff\xff"


class KeptRecords:
    """Records in memory; `broken` cannot keep anything."""

    def __init__(self, *, broken: bool = False) -> None:
        self.reports: list[tuple[str, QuickTestReport]] = []
        self._broken = broken

    def keep(self, report: QuickTestReport, *, kind: str = "quick-test") -> int:
        if self._broken:
            raise ConsoleError("WC-601", file="records.db", detail="read-only")
        self.reports.append((kind, report))
        return len(self.reports)

    def list(self, *, vin: str | None = None, kind: str | None = None) -> Sequence[ReportSummary]:
        return ()

    def load(self, report_id: int) -> QuickTestReport | None:
        return self.reports[report_id - 1][1]

    def first(self, vin: str) -> QuickTestReport | None:
        return None


def clearing(
    units: dict[int, ScriptedUnit],
    records: KeptRecords | None = None,
    cancellation: Cancellation | None = None,
    orders: KeptOrders | None = None,
) -> Iterator[Event]:
    return clear_fault_memories(
        ScriptedLink({DoipAddress(n): unit for n, unit in units.items()}),
        [summary(f"U{n}", n, key=0) for n in units],
        Described(),
        records or KeptRecords(),
        cancellation or Cancellation(),
        clock=SteppingClock(),
        stopwatch=lambda: 0.0,
        vehicle=VehicleIdentity(vin="VIN", name="Car"),
        orders=orders,
    )


def clear(units: dict[int, ScriptedUnit], records: KeptRecords | None = None, **more: Any) -> list[Event]:
    return list(clearing(units, records, **more))


def result_of(events: list[Event]) -> ClearingResult:
    (result,) = (event.result for event in events if isinstance(event, FaultsCleared))
    return result


def numbers(events: list[Event]) -> list[str]:
    return [event.message.number for event in events if isinstance(event, MessageRaised)]


def split(result: ClearingResult) -> tuple[list[str], list[str], list[str]]:
    gone, back, kept = ([f.raw for f in faults] for faults in (result.gone, result.back, result.kept))
    return gone, back, kept


def test_gone_back_and_kept_are_told_apart() -> None:
    unit = unit_with(
        x1902FF=["5902FF 030111 2F 030211 08 030311 2F 030411 50", "5902FF 030211 08 030311 27 030411 50"],
        x14FFFFFF="54",
    )
    records = KeptRecords()
    result = result_of(clear({1: unit}, records))
    assert result.cleared
    assert split(result) == (["030111"], ["030311"], ["030211"])
    assert [kind for kind, _ in records.reports] == ["readout"]
    assert result.readout_id == 1
    assert [fault.raw for fault in records.reports[0][1].units[0].faults][:2] == ["030111", "030311"]


@pytest.mark.parametrize(
    ("before", "after", "came_back"),
    [
        ("5906 030111 2F 01 05", "5906 030111 2F 01 01", True),
        ("5906 030111 2F 01 05", "5906 030111 2F 01 05", False),
    ],
)
def test_stored_data_tells_a_fault_that_came_back_from_one_that_never_left(
    before: str, after: str, came_back: bool
) -> None:
    unit = unit_with(x1902FF="5902FF 030111 2F", x1906030111FF=[before, after], x14FFFFFF="54")
    result = result_of(clear({1: unit}))
    assert bool(result.back) is came_back
    assert bool(result.kept) is not came_back


def test_all_codes_merely_untested_after_clearing_means_that_the_fault_is_gone() -> None:
    unit = unit_with(x1902FF=["5902FF 030111 2F", "5902FF 030111 50 030211 50"], x14FFFFFF="54")
    assert split(result_of(clear({1: unit}))) == (["030111"], [], [])


def test_nothing_is_cleared_when_the_readout_cannot_be_saved() -> None:
    unit = unit_with(x1902FF="5902FF 030111 2F", x14FFFFFF="54")
    with pytest.raises(ConsoleError) as raised:
        clear({1: unit}, KeptRecords(broken=True))
    assert raised.value.number == "WC-608"
    assert CLEAR not in unit.asked


def test_a_unit_whose_memory_cannot_be_read_is_not_cleared() -> None:
    silent, broken = unit_with(otherwise=SilentReason.NO_ANSWER), unit_with(x1902FF="5902FF 0301")
    good = unit_with(x1902FF=["5902FF 030111 2F", "5902FF"], x14FFFFFF="54")
    events = clear({1: silent, 2: broken, 3: good})
    assert CLEAR not in silent.asked + broken.asked
    results = {
        str(e.result.before.result.address): e.result.cleared for e in events if isinstance(e, FaultsCleared)
    }
    assert results == {"0x0001": False, "0x0002": False, "0x0003": True}


def test_refusal_is_told_and_everything_is_kept() -> None:
    unit = unit_with(x1902FF="5902FF 030111 2F", x14FFFFFF="7F1422")
    events = clear({1: unit})
    result = result_of(events)
    assert (result.cleared, result.nrc) == (False, 0x22)
    assert split(result) == ([], [], ["030111"])
    assert numbers(events) == ["WC-306"]


def test_clearing_that_needs_the_extended_session_gets_it() -> None:
    unit = unit_with(
        x1902FF=["5902FF 030111 2F", "5902FF"], x14FFFFFF=["7F147F", "54"], x1003="5003", x1001="5001"
    )
    assert result_of(clear({1: unit})).cleared


def test_silence_after_0x14_is_not_taken_for_success_and_0x14_is_not_sent_again() -> None:
    unit = unit_with(x1902FF=["5902FF 030111 2F", "5902FF"], x14FFFFFF=SilentReason.NO_ANSWER)
    events = clear({1: unit})
    result = result_of(events)
    assert not result.cleared
    assert [fault.raw for fault in result.gone] == ["030111"]
    assert unit.asked.count(CLEAR) == 1
    assert numbers(events) == ["WC-302"]


def test_memory_that_cannot_be_read_again_is_said() -> None:
    unit = unit_with(x1902FF=["5902FF 030111 2F", SilentReason.NO_ANSWER], x14FFFFFF="54")
    events = clear({1: unit})
    assert result_of(events).after is None
    assert numbers(events) == ["WC-307"]


def test_a_unit_that_restarts_after_its_clearing_is_waited_for() -> None:
    gone = SilentReason.NO_ANSWER
    unit = unit_with(
        x1902FF=["5902FF 030111 2F", gone, "5902FF"], x14FFFFFF="54", x3E00=[gone, gone, gone, "7E00"]
    )
    events = clear({1: unit})
    result = result_of(events)
    assert (result.cleared, len(result.gone), numbers(events)) == (True, 1, [])


def test_cancel_waits_for_the_end_of_the_clearing() -> None:
    cancellation = Cancellation()
    unit = unit_with(x1902FF=["5902FF 030111 2F", "5902FF"], x14FFFFFF="54")
    test = clear_fault_memories(
        ScriptedLink({DoipAddress(1): unit}),
        [summary("U", 1, key=0)],
        Described(),
        KeptRecords(),
        cancellation,
        clock=SteppingClock(),
        stopwatch=lambda: 0.0,
    )
    results = []
    for event in test:
        if isinstance(event, Progress) and not event.can_cancel:
            cancellation.request()
        if isinstance(event, FaultsCleared):
            results.append(event.result)
    assert [result.cleared for result in results] == [True]
    assert split(results[0]) == (["030111"], [], [])


def test_cancel_before_the_clearing_clears_nothing() -> None:
    cancellation = Cancellation()
    cancellation.request()
    unit = unit_with(x1902FF="5902FF 030111 2F", x14FFFFFF="54")
    events = clear({1: unit}, cancellation=cancellation)
    assert CLEAR not in unit.asked
    assert not any(isinstance(event, FaultsCleared) for event in events)
    assert numbers(events) == ["WC-311"]


def test_cancel_when_everything_is_read_clears_nothing_and_is_told() -> None:
    cancellation = Cancellation()
    unit = unit_with(x1902FF="5902FF 030111 2F", x14FFFFFF="54")
    told = []
    for event in clearing({1: unit}, cancellation=cancellation):
        if isinstance(event, FaultsRead):
            cancellation.request()
        if isinstance(event, MessageRaised):
            told.append(event.message.number)
    assert CLEAR not in unit.asked
    assert told == ["WC-311"]


def test_each_clearing_is_kept_with_request_answer_and_what_became_of_the_faults() -> None:
    orders = KeptOrders()
    cleared = unit_with(x1902FF=["5902FF 030111 2F 030211 08", "5902FF 030111 27"], x14FFFFFF="54")
    refusing = unit_with(x1902FF=["5902FF 030111 2F", "5902FF 030111 2F"], x14FFFFFF="7F1422")
    unread = unit_with(x1902FF="7F1922", x14FFFFFF="54")
    clear({1: cleared, 2: refusing, 3: unread}, orders=orders)
    first, second = orders.kept
    assert (first.vin, first.vehicle_name, first.unit, first.address) == ("VIN", "Car", "U1", "0x0001")
    assert (first.request, first.answer, first.outcome) == (CLEAR, b"\x54", "done")
    assert first.details == (
        ("readout", "1"),
        ("before", "P0301-11, P0302-11"),
        ("gone", "P0302-11"),
        ("back", "P0301-11"),
    )
    assert (second.answer, second.outcome) == (b"\x7f\x14\x22", "refused 0x22")
    assert second.details[-1] == ("kept", "P0301-11")


def test_without_an_entry_nothing_is_cleared() -> None:
    unit = unit_with(x1902FF="5902FF 030111 2F", x14FFFFFF="54")
    with pytest.raises(ConsoleError) as caught:
        clear({1: unit}, orders=KeptOrders("begin"))
    assert caught.value.number == "WC-612"
    assert CLEAR not in unit.asked


def test_an_answer_that_cannot_be_kept_is_told_and_the_others_are_cleared() -> None:
    orders = KeptOrders("complete")
    units = {n: unit_with(x1902FF=["5902FF 030111 2F", "5902FF"], x14FFFFFF="54") for n in (1, 2)}
    events = clear(units, orders=orders)
    assert numbers(events) == ["WC-613", "WC-613"]
    assert [e.result.cleared for e in events if isinstance(e, FaultsCleared)] == [True, True]
    assert [entry.outcome for entry in orders.kept] == ["begun", "begun"]


def test_entries_are_kept_before_the_first_request_goes_out() -> None:
    orders = KeptOrders()
    unit = unit_with(x1902FF=["5902FF 030111 2F", "5902FF"], x14FFFFFF="54")
    test = clear_fault_memories(
        ScriptedLink({DoipAddress(1): unit}),
        [summary("U", 1, key=0)],
        Described(),
        KeptRecords(),
        Cancellation(),
        clock=SteppingClock(),
        stopwatch=lambda: 0.0,
        orders=orders,
    )
    for event in test:
        if isinstance(event, Progress) and not event.can_cancel:
            assert CLEAR not in unit.asked
            assert [entry.outcome for entry in orders.kept] == ["begun"]
            break
    list(test)
    assert orders.kept[0].outcome == "done"

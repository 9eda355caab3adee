"""First and last test side by side."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.dtc import Fault
from workshop_console.console.model.report import Change, QuickTestReport, UnitResult, UnitState
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.compare import compare


def report(hour: int, *units: UnitResult, vin: str = "W1K2060041F048211") -> QuickTestReport:
    return QuickTestReport(
        vehicle=VehicleIdentity(vin=vin),
        vci="sim://",
        started=datetime(2026, 3, 1, hour, tzinfo=UTC),
        duration_ms=1,
        complete=True,
        units=units,
    )


def unit(*faults: tuple[int, int], logical: int = 1, state: UnitState = UnitState.FAULTS) -> UnitResult:
    return UnitResult(
        name="ME",
        label="Engine",
        address=DoipAddress(logical),
        state=state,
        faults=tuple(Fault(dtc=dtc, status=status) for dtc, status in faults),
    )


def test_gone_new_and_still_there_whatever_the_order_of_the_arguments() -> None:
    first = report(8, unit((1, 0x2F), (2, 0x08), (4, 0x50)))
    last = report(9, unit((2, 0x2F), (3, 0x2F), (1, 0x50)))
    for comparison in (compare(first, last), compare(last, first)):
        (changed,) = comparison.units
        found = {(c.change, (c.after or c.before or Fault(dtc=0, status=0)).dtc) for c in changed.changes}
        assert found == {(Change.GONE, 1), (Change.STILL, 2), (Change.NEW, 3)}
        assert comparison.first is first


@pytest.mark.parametrize("state", [UnitState.SILENT, UnitState.ERROR, UnitState.REFUSED])
def test_nothing_is_gone_where_the_memory_was_not_read(state: UnitState) -> None:
    (changed,) = compare(report(8, unit((1, 0x2F))), report(9, unit(state=state))).units
    assert not changed.comparable
    assert changed.changes == ()


def test_a_unit_that_only_one_test_has_is_listed_and_not_compared() -> None:
    comparison = compare(report(8, unit(logical=1)), report(9, unit(logical=2)))
    assert [
        (u.address.logical, u.comparable) for u in comparison.units if isinstance(u.address, DoipAddress)
    ] == [
        (2, False),
        (1, False),
    ]


@pytest.mark.parametrize(("one", "other", "same"), [("A", "A", True), ("A", "B", False), ("", "", False)])
def test_same_vehicle_needs_a_vin_in_both(one: str, other: str, same: bool) -> None:
    assert compare(report(8, vin=one), report(9, vin=other)).same_vin is same

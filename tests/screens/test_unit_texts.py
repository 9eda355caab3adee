"""What the quick test says of one unit beside the first test of the vehicle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.screens.fake_workshop import MISFIRE, NOW, STORED, unit
from workshop_console.console.model.dtc import Fault
from workshop_console.console.model.report import QuickTestReport, UnitState
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.screens.unit_view import change_text


def report(state: UnitState, *faults: Fault) -> QuickTestReport:
    return QuickTestReport(
        vehicle=VehicleIdentity(),
        vci="sim://car",
        started=NOW,
        duration_ms=1,
        complete=True,
        units=(unit("Engine", 0x1001, state, faults=faults),),
        report_id=1,
    )


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ((UnitState.FAULTS, MISFIRE), (UnitState.FAULTS, MISFIRE), ""),
        ((UnitState.FAULTS, MISFIRE), (UnitState.OK,), "-1"),
        ((UnitState.OK,), (UnitState.FAULTS, MISFIRE), "+1"),
        ((UnitState.FAULTS, MISFIRE), (UnitState.FAULTS, STORED), "+1 -1"),
        ((UnitState.SILENT,), (UnitState.FAULTS, MISFIRE), "?"),
        ((UnitState.FAULTS, MISFIRE), (UnitState.SILENT,), ""),
    ],
)
def test_the_change_against_the_first_test(
    before: tuple[UnitState, Fault], now: tuple[UnitState, Fault], told: str
) -> None:
    first, current = report(*before), replace(report(*now), report_id=2)
    assert change_text(current.units[0], first, current) == told


def test_the_first_test_has_no_change() -> None:
    first = report(UnitState.FAULTS, MISFIRE)
    assert change_text(first.units[0], first, first) == ""

"""Every fault of the line against every vehicle: one broken unit never costs the others anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop_console.console.jobs.child import ChildProcess
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState
from workshop_console.console.procedures.events import ReportFinished
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop

LINES = {"car": "doip", "van": "socketcand", "electric": "doip"}
FORMS = (
    "silent:{}",
    "late:{}:900",
    "lost:{}:0.5",
    "lost:{}:1",
    "duplicate:{}",
    "stale:{}",
    "corrupt:{}",
    "cut:{}",
    "long:{}",
    "empty:{}",
    "other:{}",
    "pending:{}",
    "busy:{}",
    "busy:{}:3",
    "reset:{}:after=3",
    "nack:{}",
    "duplicate:*",
    "stale:*",
)


def _quick_test(vehicle: str, home: Path, *faults: str) -> QuickTestReport:
    line = LINES[vehicle]
    arguments = [
        "simulate",
        "--vehicle",
        vehicle,
        f"--{line}",
        "127.0.0.1:0",
        "--ready-json",
        "--with-parent",
    ]
    for fault in faults:
        arguments += ["--fault", fault]
    child = ChildProcess("simulate", arguments)
    try:
        host, port = child.ready(30.0)[line]
        uri = f"doip://{host}:{port}" if line == "doip" else f"can://socketcand/can0?host={host}&port={port}"
        settings = Settings(vci=uri, access_server="off")
        workshop = build_workshop(settings, Folders.of_user({"WORKSHOP_CONSOLE_HOME": str(home)}), lang="en")
        try:
            return [event for event in workshop.quick_test() if isinstance(event, ReportFinished)][-1].report
        finally:
            workshop.close()
    finally:
        child.close()


def _known(unit: UnitResult) -> tuple[object, ...]:
    faults = tuple(sorted((fault.raw, fault.status) for fault in unit.faults))
    return unit.name, unit.state, unit.variant, unit.hardware, unit.software, faults


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def well(home: Path) -> dict[str, QuickTestReport]:
    return {vehicle: _quick_test(vehicle, home) for vehicle in LINES}


@pytest.mark.soak
@pytest.mark.parametrize("vehicle", LINES)
@pytest.mark.parametrize("form", FORMS)
def test_the_others_are_read_as_without_the_fault(
    vehicle: str, form: str, home: Path, well: dict[str, QuickTestReport]
) -> None:
    broken = well[vehicle].units[3].name
    report = _quick_test(vehicle, home, form.format(broken))
    expected = {unit.address: _known(unit) for unit in well[vehicle].units}
    found = {unit.address: _known(unit) for unit in report.units}
    assert report.complete
    assert list(found) == list(expected)
    different = {address for address in expected if found[address] != expected[address]}
    names = {unit.name for unit in report.units if unit.address in different}
    assert names <= (set() if "*" in form else {broken})
    row = next(unit for unit in report.units if unit.name == broken)
    assert row.address not in different or row.state is not UnitState.OK


@pytest.mark.soak
@pytest.mark.parametrize("vehicle", LINES)
def test_a_connection_that_closes_again_and_again_ends_with_the_truth(
    vehicle: str, home: Path, well: dict[str, QuickTestReport]
) -> None:
    report = _quick_test(vehicle, home, "close:after=20:times=3")
    expected = {unit.address: unit.state for unit in well[vehicle].units}
    for unit in report.units:
        assert unit.state == expected[unit.address] or unit.reason is not None

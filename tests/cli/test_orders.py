"""`orders`: what was done, from a real clearing to the printed report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import ran
from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.simulation.load import load_vehicle

pytestmark = pytest.mark.usefixtures("met")


def test_a_clearing_is_found_in_the_order_of_its_vehicle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKSHOP_CONSOLE_MECHANIC", "Ana Ñandú")
    vehicle = load_vehicle("car")
    faulty = next(unit for unit in vehicle.units if unit.dtcs and not unit.silent)
    address = f"0x{faulty.logical:04X}"
    assert ran(capsys, "orders", "--json").document == {"vehicles": []}
    ran(capsys, "quick-test", "--vci", "sim://car", "--json")
    ran(capsys, "faults", "--vci", "sim://car", "--ecu", address, "--clear", "--yes", "--json")
    ran(capsys, "quick-test", "--vci", "sim://car", "--json")

    (listed,) = ran(capsys, "orders", "--json").document["vehicles"]
    assert (listed["vin"], listed["name"], listed["entries"]) == (vehicle.vin, vehicle.label, 1)
    page, printed = tmp_path / "order.html", tmp_path / "order.pdf"
    result = ran(capsys, "orders", vehicle.vin.lower(), "--html", str(page), "--pdf", str(printed), "--json")
    assert result.code == 0
    (entry,) = result.document["entries"]
    assert (entry["kind"], entry["request"], entry["answer"], entry["outcome"]) == (
        "clearing",
        "14FFFFFF",
        "54",
        "done",
    )
    assert (entry["address"], entry["who"], entry["vin"]) == (address, "Ana Ñandú", vehicle.vin)
    assert result.document["first"]["report"] < result.document["last"]["report"]
    assert result.document["comparison"]["same_vin"] is True
    assert "14 FF FF FF" in page.read_text("utf-8")
    assert printed.read_bytes().startswith(b"%PDF-")
    assert result.err.count("WC-607") == 2

    human = ran(capsys, "orders", vehicle.vin)
    assert "14 FF FF FF" in human.out
    assert "Ana Ñandú" in human.out
    assert vehicle.vin in ran(capsys, "orders").out
    later = ran(capsys, "orders", vehicle.vin, "--since", "2999-01-01")
    assert later.code == ExitCode.WRONG_USE
    assert "WC-614" in later.err


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["orders", "NOBODY", "--json"], "WC-614"),
        (["orders", "-", "--json"], "WC-614"),
        (["orders", "--html", "x.html", "--json"], "WC-103"),
        (["orders", "VIN", "--since", "yesterday", "--json"], "WC-103"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], number: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, *arguments)
    assert result.code == ExitCode.WRONG_USE
    assert result.numbers == [number]


def test_an_order_report_that_cannot_be_written_is_told_beside_the_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vehicle = load_vehicle("electric")
    ran(capsys, "quick-test", "--vci", "sim://electric", "--json")
    result = ran(capsys, "orders", vehicle.vin, "--pdf", str(tmp_path), "--json")
    assert result.code == ExitCode.FAILURES
    assert "WC-107" in result.err
    assert json.loads(result.out)["entries"] == []

"""Quick test and fault memories through the command line, against simulated vehicles on real sockets."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.command_line import ran, simulated
from tests.procedures.scripted import ScriptedLink, ScriptedUnit, unit_with
from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.exchange import Exchange
from workshop_console.console.simulation.load import load_vehicle

pytestmark = pytest.mark.usefixtures("met")

UNIT_FIELDS = {
    "name",
    "address",
    "state",
    "reason",
    "variant",
    "hardware",
    "software",
    "time_ms",
    "retries",
    "current",
    "stored",
    "faults",
}
FAULT_FIELDS = {"code", "raw", "status", "bits", "state", "text", "snapshot", "extended"}
OFF = ("--access-server", "off")


@pytest.mark.parametrize("name", ["car", "van", "electric"])
def test_quick_test_of_a_shipped_vehicle(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    result = ran(capsys, "quick-test", "--vci", f"sim://{name}", "--json", "--html", str(page))
    document = result.document
    vehicle = load_vehicle(name)
    assert document["vehicle"]["vin"] == vehicle.vin
    assert document["vehicle"]["name"] == vehicle.label
    assert document["vehicle"]["voltage_v"] == pytest.approx(vehicle.battery_v, abs=3)
    assert document["complete"] is True
    assert [unit["name"] for unit in document["units"]] == [unit.name for unit in vehicle.units]
    states = {unit["name"]: unit["state"] for unit in document["units"]}
    silent = {unit.name for unit in vehicle.units if unit.silent}
    assert {name for name, state in states.items() if state == "silent"} == silent
    assert "unknown-variant" in states.values()
    assert {"ok", "faults"} <= set(states.values())
    for unit in document["units"]:
        assert set(unit) >= UNIT_FIELDS
        for fault in unit["faults"]:
            assert set(fault) >= FAULT_FIELDS
            assert fault["text"]
        if unit["state"] in ("silent", "error", "refused"):
            assert unit["reason"]
    assert result.code == ExitCode.FAILURES
    assert vehicle.vin in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("doip", "doip://{}:{}"),
        pytest.param("socketcand", "can://socketcand/can0?host={}&port={}", marks=pytest.mark.soak),
    ],
)
def test_scan_without_any_description(line: str, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    vehicle = load_vehicle("van")
    with simulated("--vehicle", "van", f"--{line}", "127.0.0.1:0") as bound:
        vci = place.format(*bound[line])
        result = ran(capsys, "quick-test", "--vci", vci, "--scan", "--json", *OFF)
    found = {unit["address"] for unit in result.document["units"]}
    there = {
        f"0x{unit.logical:04X}" if line == "doip" else f"0x{unit.can_request:X}/0x{unit.can_response:X}"
        for unit in vehicle.units
        if not unit.silent
    }
    assert found == there
    assert "WC-309" in result.numbers
    assert all(fault["text"] for unit in result.document["units"] for fault in unit["faults"])


def test_faults_are_read_cleared_and_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0") as bound:
        vci = "doip://{}:{}".format(*bound["doip"])
        unit = next(u for u in load_vehicle("car").units if any(d.comes_back for d in u.dtcs))
        before = ran(capsys, "faults", "--vci", vci, "--ecu", unit.name, "--json", *OFF)
        cleared = ran(
            capsys,
            "faults",
            "--vci",
            vci,
            "--ecu",
            f"0x{unit.logical:04X}",
            "--clear",
            "--yes",
            "--json",
            *OFF,
        )
    assert before.code == cleared.code == 0
    faults = before.document["faults"]
    assert any(fault["snapshot"] and fault["extended"] for fault in faults)
    assert before.document["cleared"] is False
    assert cleared.document["cleared"] is True
    backs = {f"{d.dtc:06X}" for d in unit.dtcs if d.comes_back and d.status is not None}
    assert {fault["raw"] for fault in cleared.document["back"]} == backs
    assert cleared.document["gone"]
    readout = ran(capsys, "reports", str(cleared.document["readout"]), "--json").document
    kept = {fault["raw"] for fault in readout["units"][0]["faults"]}
    assert kept == {fault["raw"] for fault in faults}


def test_two_tests_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "comparison.html"
    with simulated("--vehicle", "van", "--socketcand", "127.0.0.1:0") as bound:
        vci = "can://socketcand/can0?host={}&port={}".format(*bound["socketcand"])
        first = ran(capsys, "quick-test", "--vci", vci, "--json", *OFF).document["report"]
        unit = next(u for u in load_vehicle("van").units if any(d.status for d in u.dtcs) and not u.silent)
        ran(capsys, "faults", "--vci", vci, "--ecu", unit.name, "--clear", "--yes", *OFF)
        last = ran(capsys, "quick-test", "--vci", vci, "--json", *OFF).document["report"]
    result = ran(capsys, "reports", "--compare", str(last), str(first), "--html", str(page), "--json")
    changes = {
        change["change"]
        for row in result.document["units"]
        if row["name"] == unit.name
        for change in row["changes"]
    }
    assert "gone" in changes
    assert result.document["same_vin"] is True
    assert unit.label in page.read_text("utf-8")


def test_a_group_without_credit_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, "quick-test", "--vci", "sim://car", "--group", "smart", "--json")
    assert result.code == ExitCode.REFUSED
    assert result.numbers == ["2173-42"]


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("silent", "silent", "no-answer"),
        ("cut", "error", "too-short"),
        ("other", "error", None),
        ("empty", "error", None),
    ],
)
def test_a_broken_unit_is_told_as_it_is_and_costs_the_others_nothing(
    fault: str, state: str, reason: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0", "--fault", f"{fault}:0x1020") as bound:
        vci = "doip://{}:{}".format(*bound["doip"])
        result = ran(capsys, "quick-test", "--vci", vci, "--json", *OFF)
    units = {unit["address"]: unit for unit in result.document["units"]}
    assert units["0x1020"]["state"] == state
    assert units["0x1020"]["reason"]
    if reason:
        assert units["0x1020"]["reason"] == reason
    assert units["0x1002"]["state"] == "faults"
    assert result.code == ExitCode.FAILURES


def test_no_vehicle_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, "quick-test", "--vci", "doip://127.0.0.1:9", "--json", *OFF)
    assert result.code == ExitCode.NO_VEHICLE
    assert result.numbers == ["WC-201"]


def test_a_line_that_breaks_keeps_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0", "--fault", "close:after=60") as bound:
        vci = "doip://{}:{}".format(*bound["doip"])
        result = ran(capsys, "quick-test", "--vci", vci, "--json", *OFF)
    units = result.document["units"]
    assert len(units) == len(load_vehicle("car").units)
    if not result.document["complete"]:
        assert "WC-203" in result.numbers
        assert result.code == ExitCode.NO_VEHICLE


class InterruptedLink(ScriptedLink):
    """Ctrl+C comes while the second memory is asked; nothing answers until the line is cancelled."""

    def __init__(self) -> None:
        units: dict[Address, ScriptedUnit] = {
            DoipAddress(n): unit_with(x3E00="7E00", x1902FF="5902FF 030111 2F") for n in (1, 2)
        }
        super().__init__(units, max_in_flight=1)
        self.cancelled = threading.Event()

    def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
        if self.submitted[-1:] == [(DoipAddress(2), b"\x19\x02\xff")] and not self.cancelled.is_set():
            # To the process, as a terminal sends it: raised here it would not wake the main thread.
            os.kill(os.getpid(), signal.SIGINT)
            assert self.cancelled.wait(20)
        return super().wait(timeout_s)

    def cancel(self) -> None:
        super().cancel()
        self.cancelled.set()


def test_ctrl_c_ends_with_130_and_the_document_of_what_was_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = InterruptedLink()
    monkeypatch.setattr("workshop_console.console.links.open.open_link", lambda *_, **__: link)
    result = ran(capsys, "quick-test", "--vci", "doip://127.0.0.1", "--scan", "--json", *OFF)
    assert result.code == ExitCode.INTERRUPTED
    assert result.document["complete"] is False
    assert [(unit["state"], unit["reason"]) for unit in result.document["units"]] == [
        ("faults", None),
        ("silent", "cancelled"),
    ]
    assert "WC-311" in result.numbers
    assert "Traceback" not in result.err


def test_ctrl_c_before_any_unit_is_asked_ends_with_130_and_a_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("workshop_console.console.links.open.open_link", interrupted)
    result = ran(capsys, "quick-test", "--vci", "doip://127.0.0.1", "--json", *OFF)
    assert result.code == ExitCode.INTERRUPTED
    assert result.numbers == ["WC-311"]


def test_what_of_a_description_was_not_used_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    somersault = Path(__file__).parents[1] / "odx" / "data" / "somersault.pdx"
    with simulated("--vehicle", "van", "--socketcand", "127.0.0.1:0") as bound:
        vci = "can://socketcand/can0?host={}&port={}".format(*bound["socketcand"])
        unit = ("--pdx", str(somersault), "--ecu", "somersault_lazy")
        result = ran(capsys, "faults", "--vci", vci, *unit, "--json", *OFF)
    numbers = [message["number"] for message in result.document["messages"]]
    assert numbers == ["WC-407", "WC-302"]
    assert result.document["unit"]["name"] == "somersault_base_variant"


def test_a_page_that_cannot_be_written_is_told_in_the_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = ran(capsys, "quick-test", "--vci", "sim://van", "--json", "--html", str(tmp_path))
    assert test.code == ExitCode.FAILURES
    assert "WC-107" in [message["number"] for message in test.document["messages"]]
    shown = ran(capsys, "reports", str(test.document["report"]), "--json", "--html", str(tmp_path))
    assert shown.code == ExitCode.FAILURES
    assert shown.document["units"]
    assert shown.err.startswith("WC-107")

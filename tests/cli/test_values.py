"""`values` against simulated vehicles: once, again and again, recorded, refused."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.command_line import PROGRAM, Ran, ran, simulated
from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.jobs.recording import read_recording

OFF = ("--access-server", "off")
ENGINE, SILENT = "CDI_EngineControl", "FTL_RearSeatModule"


@pytest.fixture(scope="module")
def car() -> Iterator[str]:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0") as bound:
        yield "doip://{}:{}".format(*bound["doip"])


class Values:
    """Runs `values` on one vehicle."""

    def __init__(self, capsys: pytest.CaptureFixture[str], vci: str) -> None:
        self._capsys, self.vci = capsys, vci

    def __call__(self, *arguments: str, json: bool = True) -> Ran:
        form = ("--json",) if json else ()
        return ran(self._capsys, "values", "--vci", self.vci, *arguments, *form, *OFF)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def values(
    capsys: pytest.CaptureFixture[str], car: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Values:
    monkeypatch.setenv("WORKSHOP_CONSOLE_HOME", str(home))  # the description is imported once
    return Values(capsys, car)


def test_all_values_of_a_unit_are_one_document(values: Values) -> None:
    result = values("--ecu", ENGINE)
    document = result.document
    assert result.code == ExitCode.DONE
    assert document["unit"] == ENGINE
    assert document["messages"] == []
    by_name = {value["name"]: value for value in document["values"]}
    assert len(by_name) == len(document["values"]) > 30
    speed, state = by_name["EngineSpeed"], by_name["EngineStatus"]
    assert (speed["unit"], speed["label"]) == ("1/min", "Engine speed")
    assert speed["low"] < speed["value"] < speed["high"]
    assert re.fullmatch("[0-9A-F]+", speed["raw"])
    assert speed["age_ms"] >= 0
    assert (speed["address"], speed["samples"], speed["outside"]) == ("0x1001", 1, False)
    assert state["value"] == "running"


def test_chosen_values_of_several_units_in_the_order_of_the_units(values: Values) -> None:
    result = values("--ecu", ENGINE, "--ecu", "0x1010", "--value", "battery voltage", "--value", "Odometer")
    document = result.document
    assert result.code == ExitCode.DONE
    assert document["unit"] is None
    assert [(v["ecu"], v["name"]) for v in document["values"]] == [
        (ENGINE, "Odometer"),
        (ENGINE, "BatteryVoltage"),
        ("ESP_StabilityControl", "Odometer"),
        ("ESP_StabilityControl", "BatteryVoltage"),
    ]


def test_plain_text_has_label_value_and_unit(values: Values) -> None:
    result = values("--ecu", ENGINE, "--value", "EngineSpeed", "--value", "EngineStatus", json=False)
    speed, state = result.out.splitlines()
    if "running" in speed:
        speed, state = state, speed
    assert re.fullmatch(r"  Engine speed +\d{3} +1/min", speed)
    assert re.fullmatch(r"  Engine +running", state)


def test_watching_prints_one_document_at_its_end(values: Values) -> None:
    result = values("--ecu", ENGINE, "--value", "EngineSpeed", "--watch", "--seconds", "1.2")
    (speed,) = result.document["values"]
    assert result.code == ExitCode.DONE
    assert result.document["pictures"] > 1
    assert speed["samples"] > 20
    assert speed["least"] <= speed["value"] <= speed["greatest"]


def test_watching_without_a_terminal_prints_blocks(values: Values) -> None:
    result = values("--ecu", ENGINE, "--value", "EngineSpeed", "--seconds", "1.5", json=False)
    assert result.out.count("Engine speed") == 2
    assert "\x1b" not in result.out


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        pytest.param(("--watch",), ExitCode.DONE, marks=pytest.mark.soak),
        (("--watch", "--seconds", "60"), ExitCode.INTERRUPTED),
    ],
    ids=["Ctrl+C is its only end", "before its seconds"],
)
def test_interrupted_watching_prints_what_was_read(car: str, ending: Sequence[str], code: ExitCode) -> None:
    command = (*PROGRAM, "values", "--vci", car, "--ecu", ENGINE, "--value", "EngineSpeed", *ending)
    with subprocess.Popen([*command, *OFF], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "Engine speed" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == code


def test_a_recording_has_the_values_and_the_vehicle(values: Values, tmp_path: Path) -> None:
    file = tmp_path / "idle.csv"
    chosen = ("--ecu", ENGINE, "--value", "EngineSpeed", "--value", "EngineStatus")
    result = values(*chosen, "--record", str(file), "--seconds", "1")
    assert result.code == ExitCode.DONE
    recording = read_recording(file)
    assert re.fullmatch("[A-Z0-9]{17}", recording.vin)
    assert {row.name.value: row.unit for row in recording.rows} == {
        "EngineSpeed": "1/min",
        "EngineStatus": "",
    }
    assert len(recording.samples) > 5
    assert all("running" in sample.texts for sample in recording.samples)
    again = values(*chosen, "--record", str(file), "--seconds", "1")
    assert again.numbers == ["WC-107"]
    assert len(read_recording(file).samples) == len(recording.samples)


@pytest.mark.parametrize(
    ("arguments", "number", "code"),
    [
        ((), "WC-103", ExitCode.WRONG_USE),
        (("--ecu", "Nobody"), "WC-300", ExitCode.WRONG_USE),
        (("--ecu", ENGINE, "--value", "Nonsense"), "WC-411", ExitCode.WRONG_USE),
        (("--ecu", ENGINE, "--record", "/dev/null/x.csv", "--seconds", "1"), "WC-107", ExitCode.FAILURES),
        (("--ecu", SILENT), "WC-302", ExitCode.FAILURES),
    ],
)
def test_what_cannot_be_done_is_told(
    values: Values, arguments: tuple[str, ...], number: str, code: ExitCode
) -> None:
    result = values(*arguments)
    assert (result.code, result.numbers) == (code, [number])


def test_a_silent_unit_is_told_and_the_other_is_read(values: Values) -> None:
    result = values("--ecu", SILENT, "--ecu", ENGINE, "--value", "Odometer")
    assert (result.code, result.numbers) == (ExitCode.FAILURES, ["WC-302"])
    assert [value["ecu"] for value in result.document["values"]] == [ENGINE]


def test_no_vehicle_is_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert Values(capsys, "doip://127.0.0.1:1")("--ecu", ENGINE).code == ExitCode.NO_VEHICLE


def test_a_unit_that_nobody_describes_has_the_standard_identifiers(values: Values) -> None:
    result = values("--ecu", "0x1001", "--scan")
    names = {value["name"] for value in result.document["values"]}
    assert json.loads(result.out)["unit"] == "0x1001"
    assert result.document["values"]
    assert "EngineSpeed" not in names
    assert any(value["value"] == "W1K2060041F048211" for value in result.document["values"])


def test_the_van_is_read_over_can(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("--vehicle", "van", "--socketcand", "127.0.0.1:0") as bound:
        vci = "can://socketcand/can0?host={}&port={}".format(*bound["socketcand"])
        result = Values(capsys, vci)("--ecu", ENGINE, "--seconds", "1")
    assert result.code == ExitCode.DONE
    speed = next(v for v in result.document["values"] if v["name"] == "EngineSpeed")
    assert speed["samples"] > 5
    assert "/" in speed["address"]

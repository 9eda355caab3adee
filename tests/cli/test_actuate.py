"""`actuate` against simulated vehicles, and against a description that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import Ran, ran, simulated
from tests.procedures.scripted import ScriptedLink, unit_with
from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.vehicle import LinkKind

pytestmark = pytest.mark.usefixtures("met")

OFF = ("--access-server", "off")
ENGINE = "CDI_EngineControl"


@pytest.fixture(scope="module")
def vci() -> Iterator[str]:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0") as bound:
        yield "doip://{}:{}".format(*bound["doip"])


class Actuate:
    """Runs `actuate` for the engine control unit."""

    def __init__(self, capsys: pytest.CaptureFixture[str], vci: str) -> None:
        self._capsys, self._vci = capsys, vci

    def __call__(self, *arguments: str, json: bool = True) -> Ran:
        form = ("--json",) if json else ()
        return ran(self._capsys, "actuate", "--vci", self._vci, "--ecu", ENGINE, *arguments, *form, *OFF)


@pytest.fixture
def actuate(capsys: pytest.CaptureFixture[str], vci: str) -> Actuate:
    return Actuate(capsys, vci)


def test_the_functions_are_listed_with_what_can_be_set(actuate: Actuate) -> None:
    functions = {f["name"]: f for f in actuate("--list").document["functions"]}
    fan = functions["CoolingFan"]
    assert (fan["kind"], fan["parameters"][0]["name"]) == ("output", "CoolingFanDuty")
    assert (fan["parameters"][0]["low"], fan["parameters"][0]["high"]) == (0, 100)
    assert fan["warning"]
    assert functions["CompressionTest"]["kind"] == "routine"
    assert functions["Reset_Soft"]["kind"] == "other"
    text = actuate("--list", json=False).out
    assert "--set CoolingFanDuty=0 … 100 %" in text


def test_without_yes_nothing_is_driven_and_what_would_be_is_said(actuate: Actuate) -> None:
    result = actuate("--function", "CoolingFan", "--set", "CoolingFanDuty=60")
    assert (result.code, result.numbers) == (ExitCode.WRONG_USE, ["WC-109"])
    assert result.document["request"] is None
    assert [c["ok"] for c in result.document["conditions"]] == [True, True, None]
    text = actuate("--function", "CoolingFan", "--set", "CoolingFanDuty=60", json=False)
    assert "Warning: The cooling fan turns." in text.out
    assert "WC-109" in text.err


def test_an_output_is_driven_and_given_back(actuate: Actuate) -> None:
    result = actuate("--function", "CoolingFan", "--set", "CoolingFanDuty=60", "--yes", "--seconds", "1")
    document = result.document
    assert result.code == 0
    assert (document["request"], document["outcome"]) == ("2F0400033C", "done")
    assert document["given_back"] is True
    assert 900 < document["elapsed_ms"] < 5_000
    assert {v["name"] for v in document["values"]} >= {"CoolingFanSpeed", "BatteryVoltage"}
    assert document["results"] == [{"name": "CoolingFanDuty", "value": "60", "unit": "%", "raw": "3C"}]


def test_a_routine_runs_until_it_is_done(actuate: Actuate) -> None:
    result = actuate("--function", "ResetAdaptations", "--yes")
    assert result.code == 0, result.document
    assert result.document["outcome"] == "done"


def test_a_routine_that_needs_security_access_is_stopped_after_its_time(actuate: Actuate) -> None:
    result = actuate("--function", "ParticulateFilterRegeneration", "--yes", "--seconds", "1")
    assert result.code == 0, result.document
    assert (result.document["outcome"], result.document["given_back"]) == ("stopped", True)
    assert {r["name"] for r in result.document["results"]} >= {"State", "Progress"}


def test_a_condition_that_does_not_hold_keeps_everything_from_being_sent(actuate: Actuate) -> None:
    result = actuate("--function", "CompressionTest", "--yes")
    assert (result.code, result.numbers) == (ExitCode.REFUSED, ["WC-320"])
    assert (result.document["request"], result.document["outcome"]) == ("", "not-sent")
    engine_off = next(c for c in result.document["conditions"] if c["text"] == "Engine off")
    assert engine_off["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (("--function", "CoolingFan", "--set", "CoolingFanDuty=160", "--yes"), "WC-412"),
        (("--function", "CoolingFan", "--set", "Speed=1", "--yes"), "WC-412"),
        (("--function", "CoolingFan", "--yes"), "WC-412"),
        (("--function", "CoolingFan", "--set", "CoolingFanDuty", "--yes"), "WC-103"),
        (("--function", "Horn", "--yes"), "WC-411"),
        ((), "WC-103"),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(
    actuate: Actuate, arguments: tuple[str, ...], number: str
) -> None:
    result = actuate(*arguments)
    assert result.code == ExitCode.WRONG_USE
    assert number in result.numbers


def test_another_service_is_sent_once(actuate: Actuate) -> None:
    result = actuate("--function", "Reset_Soft", "--yes", json=False)
    assert result.code == 0
    assert "51 03" in result.out
    assert "Control" not in result.out


def test_any_description_is_driven(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    somersault = Path(__file__).parents[1] / "odx" / "data" / "somersault.pdx"
    unit = unit_with(x3E00="7E00", xBA1203="FA03FF")
    link = ScriptedLink({CanAddress(request=123, response=456): unit}, kind=LinkKind.CAN)
    monkeypatch.setattr("workshop_console.console.links.open.open_link", lambda *_, **__: link)
    result = ran(
        capsys,
        *("actuate", "--vci", "can://socketcand/can0?host=127.0.0.1&port=1", "--pdx", str(somersault)),
        *("--ecu", "somersault_base_variant", "--function", "do_forward_flips"),
        *("--set", "forward_soberness_check=18", "--set", "num_flips=3", "--yes", "--json", *OFF),
    )
    document = result.document
    assert (document["request"], document["answer"], document["outcome"]) == ("BA1203", "FA03FF", "done")
    assert [(r["name"], r["value"]) for r in document["results"]] == [("sault_time", "255")]


def test_a_refusal_is_told_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    somersault = Path(__file__).parents[1] / "odx" / "data" / "somersault.pdx"
    unit = unit_with(x3E00="7E00", xBA1203="7FBA22")
    link = ScriptedLink({CanAddress(request=123, response=456): unit}, kind=LinkKind.CAN)
    monkeypatch.setattr("workshop_console.console.links.open.open_link", lambda *_, **__: link)
    result = ran(
        capsys,
        *("actuate", "--vci", "can://socketcand/can0?host=127.0.0.1&port=1", "--pdx", str(somersault)),
        *("--ecu", "somersault_base_variant", "--function", "do_forward_flips"),
        *("--set", "forward_soberness_check=18", "--set", "num_flips=3", "--yes", "--json", *OFF),
    )
    assert result.code == ExitCode.REFUSED
    assert "WC-321" in result.numbers
    assert result.document["outcome"] == "refused 0x22"

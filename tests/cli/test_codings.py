"""`code` against simulated vehicles: shown, planned, written, kept, put back, refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.command_line import Ran, ran, simulated
from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.jobs import security_plugins

pytestmark = pytest.mark.usefixtures("met")

OFF = ("--access-server", "off")
LIGHT = "SAM_FrontSignalModule"
"""A unit of the shipped car whose coding needs security access and leaves bits undescribed."""


@pytest.fixture(scope="module")
def vci() -> Iterator[str]:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0") as bound:
        yield "doip://{}:{}".format(*bound["doip"])


class Code:
    """Runs `code` for one unit."""

    def __init__(self, capsys: pytest.CaptureFixture[str], vci: str) -> None:
        self._capsys, self._vci = capsys, vci

    def __call__(self, *arguments: str, ecu: str = LIGHT, json: bool = True) -> Ran:
        form = ("--json",) if json else ()
        return ran(self._capsys, "code", "--vci", self._vci, "--ecu", ecu, *arguments, *form, *OFF)

    def coding(self, name: str = "LightCoding") -> dict[str, Any]:
        found = self().document["codings"]
        return next(coding for coding in found if coding["name"] == name)

    def value(self, option: str) -> str:
        return next(str(o["value"]) for o in self.coding()["options"] if o["name"] == option)


@pytest.fixture
def code(capsys: pytest.CaptureFixture[str], vci: str) -> Code:
    return Code(capsys, vci)


def test_options_and_bytes_are_shown_and_nothing_is_written(code: Code) -> None:
    result = code()
    document = result.document
    assert result.code == 0
    assert document["unit"]["name"] == LIGHT
    assert document["written"] is False
    assert (document["changes"], document["raw_before"], document["kept"]) == ([], None, None)
    coding = document["codings"][0]
    assert (coding["name"], coding["did"]) == ("LightCoding", "0201")
    by_name = {option["name"]: option for option in coding["options"]}
    assert by_name["HeadlampType"]["choices"] == ["halogen", "LED", "LED multi-beam", "LED digital"]
    assert (by_name["FollowMeHome"]["low"], by_name["FollowMeHome"]["high"]) == (0, 60)
    assert all(option["value"] for option in coding["options"])


def test_without_yes_the_difference_is_shown_and_nothing_is_written(code: Code) -> None:
    before = code.coding()["raw"]
    result = code("--set", "FollowMeHome=41")
    document = result.document
    assert result.code == 0
    assert (document["written"], document["kept"], document["coding"]) == (False, None, "LightCoding")
    (change,) = document["changes"]
    assert (change["option"], change["after"], change["unit"]) == ("FollowMeHome", "41", "s")
    assert document["raw_before"] == before
    assert document["raw_after"] == f"{before[:-2]}29"
    assert code.coding()["raw"] == before
    assert "--yes" in code("--set", "FollowMeHome=41", json=False).out


def test_options_are_written_and_every_other_bit_stays(code: Code) -> None:
    before = bytes.fromhex(code.coding()["raw"])
    home = "7" if code.value("FollowMeHome") != "7" else "8"
    running = "off" if code.value("DaytimeRunningLight") == "on" else "on"
    result = code("--set", f"FollowMeHome={home}", "--set", f"daytime running light={running}", "--yes")
    document = result.document
    assert result.code == 0
    assert (document["written"], document["outcome"]) == (True, "done")
    after = bytes.fromhex(code.coding()["raw"])
    assert document["raw_after"] == after.hex().upper()
    assert after == bytes((before[0] ^ 1, before[1], int(home)))
    assert (code.value("FollowMeHome"), code.value("DaytimeRunningLight")) == (home, running)


def test_what_is_kept_is_put_back_by_another_run(code: Code) -> None:
    before = code.coding()["raw"]
    home = "3" if code.value("FollowMeHome") != "3" else "4"
    kept = code("--set", f"FollowMeHome={home}", "--yes").document["kept"]
    listed = code("--kept").document["kept_codings"]
    assert listed[0]["id"] == kept
    assert listed[0]["raw"] == before
    assert {option["name"] for option in listed[0]["options"]} >= {"FollowMeHome", "HeadlampType"}
    shown = code("--restore", str(kept)).document
    assert (shown["written"], shown["raw_after"]) == (False, before)
    assert code.value("FollowMeHome") == home
    restored = code("--restore", str(kept), "--yes")
    assert restored.code == 0
    assert restored.document["written"] is True
    assert code.coding()["raw"] == before


def test_writing_stands_in_the_order_book_with_its_key(
    code: Code, capsys: pytest.CaptureFixture[str]
) -> None:
    home = "5" if code.value("FollowMeHome") != "5" else "6"
    assert code("--set", f"FollowMeHome={home}", "--yes").document["written"]
    vin = code("--kept").document["kept_codings"][0]["vin"]
    entries = ran(capsys, "orders", vin, "--json").document["entries"]
    assert [(e["kind"], e["outcome"]) for e in entries] == [("security-access", "done"), ("coding", "done")]
    assert entries[1]["request"].replace(" ", "").startswith("2E0201")


@pytest.mark.parametrize(
    ("arguments", "number", "exit_code"),
    [
        (("--set", "FollowMeHome=61"), "WC-330", ExitCode.REFUSED),
        (("--set", "HeadlampType=candles"), "WC-330", ExitCode.REFUSED),
        (("--set", "FollowMeHome=soon"), "WC-412", ExitCode.WRONG_USE),
        (("--set", "Colour=red"), "WC-412", ExitCode.WRONG_USE),
        (("--set", "Colour"), "WC-103", ExitCode.WRONG_USE),
        (("--coding", "Nothing"), "WC-411", ExitCode.WRONG_USE),
        (("--restore", "4711"), "WC-334", ExitCode.WRONG_USE),
        (("--restore", "1", "--set", "FollowMeHome=3"), "WC-103", ExitCode.WRONG_USE),
    ],
)
def test_what_is_not_allowed_is_refused_with_yes_too(
    code: Code, arguments: tuple[str, ...], number: str, exit_code: ExitCode
) -> None:
    before = code.coding()["raw"]
    result = code(*arguments, "--yes")
    assert (result.code, result.numbers) == (exit_code, [number])
    assert code.coding()["raw"] == before


def test_an_option_of_several_codings_wants_the_name_of_one(code: Code) -> None:
    document = code(ecu="IC_InstrumentCluster").document
    assert len(document["codings"]) > 1
    named = code("--coding", "DisplayCoding", ecu="IC_InstrumentCluster").document
    assert [coding["name"] for coding in named["codings"]] == ["DisplayCoding"]
    mixed = code("--set", "Clock=12 hours", "--set", "DistanceUnit=miles", ecu="IC_InstrumentCluster")
    assert (mixed.code, mixed.numbers) == (ExitCode.WRONG_USE, ["WC-103"])


def test_a_condition_that_does_not_hold_keeps_it_from_being_written(code: Code) -> None:
    unit = "CGW_CentralGateway"
    (coding,) = code(ecu=unit).document["codings"]
    assert {c["text"]: c["ok"] for c in coding["conditions"]}["Engine off"] is False
    result = code("--set", "Country=Japan", "--yes", ecu=unit)
    assert (result.code, result.numbers) == (ExitCode.REFUSED, ["WC-320"])
    assert code(ecu=unit).document["codings"][0]["raw"] == coding["raw"]


def test_without_a_key_nothing_is_written(code: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security_plugins.SecurityPlugins, "key", lambda *_: (None, ()))
    result = code("--set", "FollowMeHome=11", "--yes")
    assert (result.code, result.numbers) == (ExitCode.REFUSED, ["WC-340"])
    assert result.document["written"] is False


def test_false_keys_stop_before_the_unit_locks_itself_also_over_several_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0") as bound:
        code = Code(capsys, "doip://{}:{}".format(*bound["doip"]))
        with monkeypatch.context() as patch:
            patch.setattr(security_plugins.SecurityPlugins, "key", lambda *_: (b"\1\2\3\4", ()))
            told = [code("--set", "FollowMeHome=11", "--yes").numbers for _ in range(3)]
        assert told == [["WC-341"], ["WC-341"], ["WC-343"]]
    with simulated("--vehicle", "car", "--doip", "127.0.0.1:0") as bound:
        assert Code(capsys, "doip://{}:{}".format(*bound["doip"]))(
            "--set", "FollowMeHome=11", "--yes"
        ).numbers == ["WC-343"], "the count is the console's, and stays"


def test_a_unit_without_codings_and_codings_for_people(code: Code) -> None:
    none = code(ecu="EIS_IgnitionSwitch", json=False)
    assert none.code == 0
    assert none.out
    shown = code(json=False).out
    assert "HeadlampType" in shown
    assert "halogen | LED" in shown
    assert code("--kept", json=False).code == 0

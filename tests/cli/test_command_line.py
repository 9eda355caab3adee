"""The command line without a vehicle: forms, exit codes, documents, languages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import PROGRAM, ran
from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import fitted, width
from workshop_console.console.settings import Folders, load_settings

DESIGNED = (
    "run",
    "quick-test",
    "faults",
    "import",
    "message",
    "credit",
    "check",
    "orders",
    "simulate",
    "backend",
)


@pytest.mark.parametrize("command", DESIGNED)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, command, "--help")
    assert result.code == 0
    assert command in result.out
    assert result.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["no-such-command"],
        ["quick-test", "--vci"],
        ["quick-test", "--vci", "foo://bar"],
        ["quick-test", "--vci", "sim://spaceship"],
        ["quick-test", "--edition", "gold"],
        ["quick-test", "--group", "tanks"],
        ["credit", "--lang", "fr"],
        ["faults"],
        ["faults", "--ecu", "ME", "--clear"],
        ["import"],
        ["simulate", "--vehicle", "tram"],
        ["simulate", "--doip", "nowhere"],
        ["simulate", "--fault", "nonsense:*", "--doip", "127.0.0.1:0"],
        ["reports", "4711"],
        ["run"],
    ],
)
def test_wrong_use_is_a_numbered_message_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    result = ran(capsys, *arguments)
    assert result.code == ExitCode.WRONG_USE
    assert result.out == ""
    assert result.err.startswith("WC-")
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["quick-test", "--vci", "foo://bar", "--json"], "WC-200"),
        (["faults", "--ecu", "ME", "--clear", "--json"], "WC-109"),
        (["message", "WC-999", "--json"], "WC-609"),
        (["reports", "4711", "--json"], "WC-606"),
        (["--nix", "--json"], "WC-103"),
    ],
)
def test_a_failure_with_json_is_one_document(
    arguments: list[str], number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ran(capsys, *arguments)
    assert result.numbers == [number]
    (message,) = result.document["messages"]
    assert message["title"]
    assert message["remedy"]
    assert result.code == ExitCode.WRONG_USE


@pytest.mark.parametrize("lang", ["de", "en", "es", "it"])
def test_message_in_each_language(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, "message", "2221-47", "--lang", lang, "--json")
    document = result.document
    assert result.code == 0
    assert (document["number"], document["lang"]) == ("2221-47", lang)
    assert all(document[field] for field in ("title", "when", "cause", "remedy"))
    human = ran(capsys, "message", "2221-47", "--lang", lang)
    assert human.out.startswith("2221-47  ")


def test_messages_are_found_by_words_and_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    everything = ran(capsys, "message", "--json").document["messages"]
    assert len(everything) > 50
    found = ran(capsys, "message", "gateway", "--json").document["messages"]
    assert 0 < len(found) < len(everything)


def test_editions_name_their_own_portals(capsys: pytest.CaptureFixture[str]) -> None:
    lite, pass_thru = (
        ran(capsys, "message", "2173-42", "--edition", edition, "--json").out
        for edition in ("lite", "pass-thru")
    )
    assert lite != pass_thru


def test_help_is_in_the_language_asked_for() -> None:
    # In processes of their own: the commands' help is made once, when they are imported.
    english, german = (
        subprocess.run([*PROGRAM, "--lang", lang, "credit", "--help"], capture_output=True, check=True).stdout
        for lang in ("en", "de")
    )
    assert english != german


def test_help_of_a_command_is_in_one_language_wherever_it_is_asked_for() -> None:
    asked = [["--lang", "de", "faults", "--help"], ["faults", "--lang=de", "--help"]]
    before, behind = (
        subprocess.run([*PROGRAM, *arguments], capture_output=True, check=True).stdout.decode()
        for arguments in asked
    )
    assert before == behind
    assert "Aufruf:" in behind
    assert "Usage:" not in behind


def test_settings_that_are_wrong_are_said_and_work_goes_on(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_home / "config").mkdir(parents=True)
    (own_home / "config" / "config.toml").write_text('edition = "gold"\nnonsense = 1\n')
    result = ran(capsys, "credit", "--access-server", "off", "--json")
    assert result.document["edition"] == "lite"
    assert "WC-102" in result.err
    assert "WC-106" in result.err
    assert result.code == 0


def test_credit_of_the_local_access_server(capsys: pytest.CaptureFixture[str]) -> None:
    document = ran(capsys, "credit", "--json").document
    assert document["online"] is True
    minutes = {entry["group"]: entry["minutes"] for entry in document["groups"]}
    assert minutes["passenger-cars"] > 0
    assert minutes["smart"] == 0
    assert "trucks" not in minutes


def test_no_access_server_in_reach_is_exit_code_5(capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, "credit", "--access-server", "http://127.0.0.1:9", "--json")
    assert result.code == ExitCode.ACCESS_SERVER
    assert result.numbers[0] == "2221-47"
    assert result.document["online"] is False


def test_import_names_each_file_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no.pdx").write_bytes(b"nothing of the kind")
    result = ran(capsys, "import", str(tmp_path / "no.pdx"), str(tmp_path / "missing.pdx"), "--json")
    assert result.code == ExitCode.FAILURES
    assert result.numbers == ["WC-400", "WC-108"]


def test_standard_output_that_nobody_reads_is_no_error() -> None:
    listing = subprocess.Popen([*PROGRAM, "message"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listing.stdout is not None
    assert listing.stderr is not None
    listing.stdout.close()
    assert listing.stderr.read() == b""
    listing.stderr.close()
    listing.wait(timeout=30)


def test_an_unexpected_error_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("workshop_console.console.cli.credit.credit_command", broken)
    result = ran(capsys, "credit", "--json")
    assert result.numbers == ["WC-100"]
    assert "Traceback" not in result.out + result.err
    assert "ZeroDivisionError" in (own_home / "state" / "workshop-console.log").read_text()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("WC-201", 3),
        ("WC-203", 3),
        ("WC-206", 3),
        ("2173-42", 4),
        ("2173-44", 4),
        ("WC-306", 4),
        ("2221-47", 5),
        ("WC-500", 5),
        ("WC-311", 130),
        ("WC-302", 1),
        ("WC-304", 1),
        ("WC-608", 1),
        ("WC-309", 0),
        ("WC-407", 0),
    ],
)
def test_exit_codes(number: str, code: int) -> None:
    assert exit_code(number) == code


def test_the_worst_code_counts() -> None:
    assert worst([ExitCode.DONE, ExitCode.FAILURES, ExitCode.NO_VEHICLE]) is ExitCode.NO_VEHICLE
    assert worst([]) is ExitCode.DONE


@pytest.mark.parametrize(("text", "cells"), [("abc", 5), ("abcdef", 4), ("漢字漢字", 5), ("", 3)])
def test_cells_are_filled_exactly(text: str, cells: int) -> None:
    assert width(fitted(text, cells)) == cells


def test_check_lists_everything_and_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    result = ran(capsys, "check", "--vci", "doip://127.0.0.1:9", "--json")
    checks = {check["id"]: check for check in result.document["checks"]}
    assert {
        "settings",
        "store",
        "records",
        "messages",
        "language",
        "terminal",
        "disk",
        "access-server",
    } <= set(checks)
    assert checks["access-server"]["ok"] is True
    assert checks["vci"]["ok"] is False
    assert checks["vci"]["message"]["number"] == "WC-201"
    assert all(set(check) == {"id", "ok", "title", "detail", "message"} for check in checks.values())
    assert result.code == ExitCode.FAILURES
    assert json.dumps(result.document)


def test_a_message_explained_shows_no_placeholder() -> None:
    done = subprocess.run(
        [*PROGRAM, "--lang", "en", "message", "2173-43", "--json"], capture_output=True, check=True, text=True
    )
    message = json.loads(done.stdout)
    assert message["number"] == "2173-43"
    assert "{" not in "".join([message["title"], message["when"], message["cause"], *message["remedy"]])
    assert "…" in message["title"] + message["cause"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [["message", "2221-47"], ["message", "--json"], ["--help"]])
def test_an_output_that_is_full_is_told(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert run.returncode == ExitCode.FAILURES
    assert run.stderr.startswith("WC-107")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("text", "number", "line"), [("\ufefflang = 'de'", "", 0), ("lang = 'de'\nvci = =\n", "WC-101", 2)]
)
def test_settings_of_windows_editors_are_read_and_errors_have_their_line(
    text: str, number: str, line: int, tmp_path: Path
) -> None:
    folders = Folders(config=tmp_path, data=tmp_path, state=tmp_path)
    folders.config_file.write_text(text, encoding="utf-8")
    settings, problems = load_settings(folders, environment={})
    assert [problem.number for problem in problems] == ([number] if number else [])
    assert [problem.facts["line"] for problem in problems] == ([line] if number else [])
    assert settings.lang == ("" if number else "de")


def test_damage_of_the_store_that_shows_while_a_command_runs_is_told(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    somersault = str(Path(__file__).parents[1] / "odx" / "data" / "somersault.pdx")
    assert "WC-600" not in ran(capsys, "import", somersault).err
    file = Folders.of_user().store_file
    whole = file.read_bytes()
    file.write_bytes(whole[:8_192] + b"\xa5" * (len(whole) - 8_192))
    result = ran(capsys, "import", somersault, "--json")
    assert result.code == ExitCode.DONE
    assert len(result.document["descriptions"][0]["units"]) == 1
    assert "WC-600" in result.err

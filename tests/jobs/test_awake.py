"""While a job flashes the system is asked to stay awake; what it grants ends with the process that asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.flashed import (
    ENGINE,
    grant_staying_awake,
    kill,
    planned,
    resumed,
    started,
    until,
    until_begun,
    until_over,
    worker_of,
    workshop_of,
)
from workshop_console.console.jobs import awake
from workshop_console.console.jobs.awake import can_be_kept_awake, kept_awake
from workshop_console.console.model.flash import CheckId, FlashCheck, FlashStep, JobState, Light
from workshop_console.console.model.message import RaisedMessage
from workshop_console.i18n.flashing import check_state_text, light_text
from workshop_console.i18n.texts import speaking

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd-inhibit")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder where `held` stands while the computer is kept awake."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    grant_staying_awake(tmp_path)
    return tmp_path


def held(state: Path) -> str:
    file = state / "held"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def test_it_is_kept_awake_during_the_block(state: Path) -> None:
    with kept_awake("why") as granted:
        assert granted
        assert held(state) == "--what=sleep:idle:handle-lid-switch:shutdown"
    assert held(state) == ""
    assert can_be_kept_awake("why")


def test_who_may_not_hold_up_a_shutdown_holds_up_the_rest(state: Path) -> None:
    grant_staying_awake(state, refused="shutdown")
    with kept_awake("why") as granted:
        assert granted
        assert held(state) == "--what=sleep:idle:handle-lid-switch"


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexec sleep 60\n", "no program", ""])
def test_where_nothing_is_granted_that_is_told(
    state: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awake, "_GRANT_S", 0.2)
    (state / "systemd-inhibit").write_text(program, encoding="utf-8")
    if not program:
        monkeypatch.setenv("PATH", str(state / "none"))
    with kept_awake("why") as granted:
        assert not granted
    assert not can_be_kept_awake("why")


def test_kill_9_gives_it_back(state: Path) -> None:
    code = "import signal; from workshop_console.console.jobs.awake import kept_awake;"
    code += "manager = kept_awake('why'); print(manager.__enter__(), flush=True); signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    assert held(state)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until(lambda: not held(state))


def test_a_worker_keeps_the_computer_awake_as_long_as_it_lives(state: Path, own_home: Path) -> None:
    with workshop_of(own_home) as workshop:
        job_id = started(workshop, planned(workshop, ENGINE))
        until_begun(workshop, job_id, FlashStep.ERASE)
        assert held(state)
        kill(worker_of(workshop, job_id))
        until(lambda: not held(state))
        assert until_over(workshop, job_id).state is JobState.INTERRUPTED
        (state / "systemd-inhibit").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        resumed(workshop, job_id)
        job = until_over(workshop, job_id)
        assert (job.state, held(state)) == (JobState.DONE, "")
        assert [warning.number for warning in job.progress.warnings] == ["WC-759"]


@pytest.mark.parametrize("language", ["de", "en", "es", "it"])
def test_what_nobody_grants_is_a_note_and_not_called_good(language: str) -> None:
    good = FlashCheck(id=CheckId.AWAKE, light=Light.GREEN)
    note = FlashCheck(id=CheckId.AWAKE, light=Light.GREEN, message=RaisedMessage(number="WC-759"))
    with speaking(language):
        assert check_state_text(good) == light_text(Light.GREEN)
        assert check_state_text(note) not in ("", light_text(Light.GREEN), light_text(Light.YELLOW))

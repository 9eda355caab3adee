"""Two real consoles watch one real worker: the first one, which started it, is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import PROGRAM
from tests.jobs.flashed import ENGINE, grant_staying_awake, until, until_over, workshop_of
from tests.terminal.line import Line
from workshop_console.console.model.flash import JobState, UnitEnd

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a pty")

_F5, _DOWN = b"\x1b[15~", b"\x1b[B"
_UNIT = "CDI_EngineControl"
_LONG_S = 60.0


def test_the_second_console_sees_the_job_to_its_end_when_the_first_is_killed(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_staying_awake(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(own_home),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
        "WORKSHOP_CONSOLE_VCI": "sim://car",
    }
    with Line(PROGRAM, environment=environment) as first, Line(PROGRAM, environment=environment) as second:
        for console in (first, second):
            console.shows("Product groups", _LONG_S)
            console.press(b"1")
            console.shows("Quick test")
            console.press(b"7")
            console.shows("2069474432")
        # The file that is not the one as delivered is the second in the list.
        first.press(_DOWN, _F5)
        first.shows("✓ good  about", _LONG_S)
        assert ENGINE.name in first.emulator.text()
        first.press(_F5)
        first.shows("Flash now")
        first.press(b"y")
        first.shows("Flash job 1", _LONG_S)
        second.press(b"\t")
        second.until(lambda: "Flash jobs" in second.emulator.text() and "running" in second.emulator.text())
        second.press(b"\r")
        second.shows("F3 leaves this screen; the job goes on.")
        follower = subprocess.Popen(
            [*PROGRAM, "jobs", "1", "--follow"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        os.kill(first.pid, signal.SIGKILL)
        second.until(lambda: "new software: 2069474432" in second.emulator.text(), _LONG_S)
        told, _ = follower.communicate(timeout=_LONG_S)
        assert follower.returncode == 0
        assert "Flash job 1: done" in told
        with workshop_of(own_home) as workshop:
            job = until_over(workshop, 1)
            assert (job.state, job.runs) == (JobState.DONE, 1)
            assert [(result.unit, result.end) for result in job.results] == [(_UNIT, UnitEnd.NEW)]
        second.press(b"q")
        until(lambda: not second.running)

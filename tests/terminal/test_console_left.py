"""The console itself when its terminal goes away: it ends in order, within a second, without spinning."""

from __future__ import annotations

import select
import signal
import time
from pathlib import Path

import pytest

from tests.terminal.line import Line
from tests.terminal.test_first_picture import CONSOLE, environment, started


@pytest.mark.parametrize("hears", [True, False], ids=["hang-up", "end-of-file"])
def test_the_console_ends_when_its_terminal_goes_away(tmp_path: Path, hears: bool) -> None:
    command = CONSOLE if hears else ["sh", "-c", 'trap "" HUP; exec "$0" "$@"', *CONSOLE]
    with Line(command, environment=environment(tmp_path / "home")) as line:
        started(line)
        line.until_quiet()
        before_s = line.cpu_s()
        line.hang_up()
        gone = time.monotonic()
        spent_s = before_s
        while line.running:
            assert time.monotonic() < gone + 15
            spent_s = max(spent_s, line.cpu_s())
            select.select([], [], [], 0.01)
        assert time.monotonic() - gone < 1.0
        assert spent_s - before_s < 0.5
        assert line.ended is not None
        assert line.ended in (0, -signal.SIGHUP, 128 + signal.SIGHUP)


@pytest.mark.parametrize("driver", ["thin", "plain"])
def test_a_terminal_that_goes_away_leaves_the_exit_code_of_an_end_in_order(
    tmp_path: Path, driver: str
) -> None:
    with Line(CONSOLE, environment=environment(tmp_path / "home", WORKSHOP_CONSOLE_DRIVER=driver)) as line:
        started(line)
        line.until_quiet()
        line.hang_up()
        assert line.until_ended() == 0

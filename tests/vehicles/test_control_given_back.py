"""Outputs come back to their control unit however the console ends, seen from the vehicle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from tests.vehicles.watched import PATIENT_S3_MS, S3_MS, WatchedVehicle, watched_vehicle
from workshop_console.console.cli.exit_codes import ExitCode

PROGRAM = (sys.executable, "-P", "-m", "workshop_console.console")
ADJUST, RETURN, DEFAULT = "asked 2f0400033c", "asked 2f040000", "asked 1001"
AT_ONCE_S = 8.0
"""Of a machine that may stand still meanwhile; `make bench` measures how fast it is."""


@pytest.fixture
def vehicle(request: pytest.FixtureRequest) -> Iterator[WatchedVehicle]:
    """Run a car whose outputs are watched; a parameter is its S3."""
    with watched_vehicle(getattr(request, "param", PATIENT_S3_MS)) as running:
        yield running


@contextmanager
def actuate(vehicle: WatchedVehicle, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Drive the fan from the command line for a minute."""
    arguments = ["actuate", "--vci", vehicle.uri, "--access-server", "off", "--ecu", "0x1001"]
    arguments += ["--function", "CoolingFan", "--set", "CoolingFanDuty=60", "--yes", "--seconds", "60"]
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        env={**os.environ, "WORKSHOP_CONSOLE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            vehicle.wait_for("driven", timeout_s=60.0)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "number",
    [pytest.param(number, marks=pytest.mark.soak) for number in (signal.SIGINT, signal.SIGTERM)]
    + [signal.SIGHUP],
)
def test_a_command_that_is_ended_gives_control_back(
    vehicle: WatchedVehicle, tmp_path: Path, number: signal.Signals
) -> None:
    with actuate(vehicle, tmp_path) as process:
        sent = time.monotonic()
        process.send_signal(number)
        assert vehicle.wait_for(RETURN, after=sent) - sent < AT_ONCE_S
        vehicle.wait_for("released", after=sent)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "Control was given back." in out
    vehicle.wait_for(DEFAULT, after=sent)


@pytest.mark.parametrize("vehicle", [S3_MS], indirect=True)
def test_after_a_kill_the_control_unit_takes_control_back_within_s3(
    vehicle: WatchedVehicle, tmp_path: Path
) -> None:
    with actuate(vehicle, tmp_path) as process:
        process.kill()
        killed = time.monotonic()
        process.wait(20)
        released = vehicle.wait_for("released", after=killed)
    assert released - killed < S3_MS / 1000 + 5
    asked = [what for at, what in vehicle.told if at >= killed and what.startswith("asked")]
    assert asked == [], "nobody was left to ask for it: the session lapsed"


@contextmanager
def console(vehicle: WatchedVehicle, home: Path) -> Iterator[Terminal]:
    """Drive the fan from the full-screen console."""
    environment = {
        "WORKSHOP_CONSOLE_HOME": str(home),
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
        "WORKSHOP_CONSOLE_VCI": vehicle.uri,
        "TERM": "xterm-256color",
    }
    steps = (
        (b"1", "Guided tests"),
        (b"1", "F5 starts"),
        (b"r", "VIN W.*F5 "),
        (b"\x1b", "Guided tests"),
        (b"5", "choose a control unit"),
        (b"j\r", "Cooling fan"),
        (b"\r", "Duty"),
        (b"\r", r"0 … 100 %\)"),
        (b"60\r", "60 %"),
        (b"r", "Yes, start now"),
        (b"y", "RUNNING"),
    )
    with Terminal(PROGRAM, environment=environment) as terminal:
        terminal.until("F10")
        for keys, shown in steps:
            terminal.press(keys)
            terminal.until(shown, quiet_s=0.3)
        vehicle.wait_for("driven")
        yield terminal


def test_closing_the_terminal_gives_control_back(vehicle: WatchedVehicle, tmp_path: Path) -> None:
    with console(vehicle, tmp_path) as terminal:
        gone = time.monotonic()
        terminal.hang_up()
        assert vehicle.wait_for(RETURN, after=gone) - gone < AT_ONCE_S
        vehicle.wait_for("released", after=gone)
        vehicle.wait_for(DEFAULT, after=gone)
        terminal.exit_code()


@pytest.mark.soak
@pytest.mark.parametrize("keys", [b" ", b"\x1b", b"c", b"g", b"m", b"q", b"?"])
def test_stopping_or_leaving_the_screen_gives_control_back(
    vehicle: WatchedVehicle, tmp_path: Path, keys: bytes
) -> None:
    with console(vehicle, tmp_path) as terminal:
        pressed = time.monotonic()
        terminal.press(keys)
        assert vehicle.wait_for(RETURN, after=pressed) - pressed < AT_ONCE_S
        vehicle.wait_for("released", after=pressed)


@pytest.mark.soak
def test_a_console_that_is_ended_gives_control_back_and_puts_the_terminal_in_order(
    vehicle: WatchedVehicle, tmp_path: Path
) -> None:
    with console(vehicle, tmp_path) as terminal:
        sent = time.monotonic()
        os.kill(terminal.pid, signal.SIGTERM)
        assert vehicle.wait_for(RETURN, after=sent) - sent < AT_ONCE_S
        with pytest.raises(RuntimeError, match="the program ended"):
            terminal.read_for(20.0)
        assert terminal.exit_code() == 0


@pytest.mark.soak
@pytest.mark.parametrize("vehicle", [S3_MS], indirect=True)
def test_after_a_kill_of_the_console_the_session_lapses(vehicle: WatchedVehicle, tmp_path: Path) -> None:
    with console(vehicle, tmp_path) as terminal:
        os.kill(terminal.pid, signal.SIGKILL)
        killed = time.monotonic()
        assert vehicle.wait_for("released", after=killed) - killed < S3_MS / 1000 + 5

"""From the stop key to the request that gives control back, as it passes on its way to the control unit."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from benchmarks.figures import Figure
from benchmarks.terminal import Terminal
from benchmarks.vehicle import RunningVehicle, vehicle
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import ActuationEnded, ActuationRuns, FunctionsOffered
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop

_RUNS = 40
_ANSWER_MS = 30
_POLLED = 20
_GOAL_MS = 50.0
_UNIT, _FUNCTION = "0x1001", "CoolingFan"
_RETURN_CONTROL = bytes.fromhex("2F040000")


class Tap:
    """Passes a DoIP connection on and notes when `wanted` passes towards the vehicle."""

    def __init__(self, running: RunningVehicle, wanted: bytes) -> None:
        host, port = running.uri.removeprefix("doip://").split(":")
        self._target = (host, int(port))
        self._wanted = wanted
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"doip://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen: list[float] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pump, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, watched: bool) -> None:
        with contextlib.suppress(OSError):
            while received := source.recv(65_536):
                if watched and self._wanted in received:
                    self.seen.append(time.perf_counter())
                target.sendall(received)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def after(self, moment: float, *, count: int) -> float:
        """Return how long after `moment` the `count`th request passed; wait for it. Raises TimeoutError."""
        end = time.perf_counter() + 5.0
        while len(self.seen) < count:
            if time.perf_counter() > end:
                raise TimeoutError("control was not given back")
            time.sleep(0.0005)
        return self.seen[count - 1] - moment

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()


def _by_key(tap: Tap, home: str) -> list[float]:
    """Press Space in the real console while the fan runs, again and again."""
    console = str(Path(sys.executable).parent / "workshop-console")
    environment = {
        "WORKSHOP_CONSOLE_HOME": home,
        "WORKSHOP_CONSOLE_LANG": "en",
        "WORKSHOP_CONSOLE_ACCESS_SERVER": "off",
        "WORKSHOP_CONSOLE_VCI": tap.uri,
        "TERM": os.environ.get("BENCH_TERM", "xterm-256color"),
    }
    found: list[float] = []
    with Terminal([console], environment=environment) as terminal:
        terminal.until("F10")
        terminal.press(b"1")
        terminal.until("Guided tests")
        terminal.press(b"1")
        terminal.until("F5 starts")
        terminal.press(b"r")
        terminal.until("VIN W.*F5", quiet_s=1.0)
        terminal.press(b"\x1b")
        terminal.until("Guided tests")
        terminal.press(b"5")
        terminal.until("choose a control unit")
        terminal.press(b"j\r")
        terminal.until("Cooling fan", quiet_s=0.5)
        terminal.press(b"\r")
        terminal.until("Duty", quiet_s=0.5)
        terminal.press(b"\r")
        terminal.until(r"0 … 100 %\)")
        terminal.press(b"50\r")
        for run in range(_RUNS):
            terminal.until("F5 Start", quiet_s=0.3)
            terminal.press(b"r")
            terminal.until("Yes, start now")
            terminal.press(b"y")
            terminal.until("RUNNING", quiet_s=0.05)
            terminal.read_for(0.2 + 0.013 * run)  # at another moment of the polling each time
            count = len(tap.seen) + 1
            pressed = time.perf_counter()
            terminal.press(b" ")
            found.append(tap.after(pressed, count=count))
            terminal.until("Stopped by", quiet_s=0.1)
    return found


def _while_polling(tap: Tap, home: str) -> list[float]:
    """Stop the same job while it reads twenty values of the unit beside the fan."""
    folders = Folders.of_user({"WORKSHOP_CONSOLE_HOME": home})
    workshop = build_workshop(Settings(vci=tap.uri, access_server="off"), folders, lang="en")
    found: list[float] = []
    try:
        offered = [e for e in workshop.actuations.offer((_UNIT,)) if isinstance(e, FunctionsOffered)]
        (unit,) = offered[-1].units
        function = unit.function(_FUNCTION)
        assert function is not None
        names = [value.name for record in unit.forms.records for value in record.values][-_POLLED:]
        for run in range(_RUNS):
            cancellation = Cancellation()
            pressed: list[float] = []

            count = len(tap.seen) + 1

            def stop(cancellation: Cancellation = cancellation, pressed: list[float] = pressed) -> None:
                pressed.append(time.perf_counter())
                cancellation.request()

            timer = threading.Timer(0.3 + 0.013 * run, stop)
            for event in workshop.actuations.run(
                unit, function, {"CoolingFanDuty": "50"}, cancellation=cancellation, related=names
            ):
                if isinstance(event, ActuationRuns) and not timer.is_alive() and not pressed:
                    timer.start()
                if isinstance(event, ActuationEnded):
                    assert event.result.given_back, event.result
            found.append(tap.after(pressed[0], count=count))
    finally:
        workshop.close()
    return found


def _figure(name: str, found: list[float]) -> Figure:
    each = [1e3 * seconds for seconds in found]
    high = quantiles(each, n=20)[-1]
    return Figure(
        name=name,
        measured=f"{high:.0f} ms at the 95th percentile (median {median(each):.0f}, most {max(each):.0f})",
        compared=f"the goal; the unit answers after {_ANSWER_MS} ms",
        value=high,
        goal=_GOAL_MS,
        runs=len(each),
        unit="ms",
    )


def measure() -> Iterator[Figure]:
    """Yield the two figures."""
    with (
        tempfile.TemporaryDirectory() as home,
        vehicle("car", line="doip", answer_after_ms=_ANSWER_MS) as one,
    ):
        tap = Tap(one, _RETURN_CONTROL)
        try:
            yield _figure(
                "stop key to the stop request on the wire, four values beside it", _by_key(tap, home)
            )
            yield _figure(
                f"stop to the stop request on the wire, {_POLLED} values polled",
                _while_polling(tap, home),
            )
        finally:
            tap.close()

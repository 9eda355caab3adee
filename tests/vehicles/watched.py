"""A simulated vehicle in a process of its own that tells who controls the outputs of its engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType

from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.simulation.server import run

LOGICAL = 0x1001
S3_MS = 2_500
"""Longer than the pause between two tester presents, and shorter than what is usual."""
PATIENT_S3_MS = 10_000
"""Where nothing lapses although the whole machine stands still for some seconds."""
_EVERY_S = 0.01


class WatchedVehicle:
    """The car; what happens to its outputs comes with the system's monotonic time."""

    def __init__(self, s3_ms: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.vehicles.watched", str(s3_ms)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        host, port = json.loads(self._process.stdout.readline())["doip"]
        self.uri = f"doip://{host}:{port}"
        self._came = threading.Condition()
        self.told: list[tuple[float, str]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            at, what = line.split(maxsplit=1)
            with self._came:
                self.told.append((float(at), what.strip()))
                self._came.notify_all()

    def wait_for(self, what: str, *, after: float = 0.0, timeout_s: float = 20.0) -> float:
        """Return when `what` was told first after the time `after`."""

        def when() -> float | None:
            return next((at for at, told in self.told if told == what and at >= after), None)

        with self._came:
            if not self._came.wait_for(lambda: when() is not None, timeout_s):
                raise AssertionError(f"{what!r} did not happen: {self.told}")
            found = when()
        assert found is not None
        return found

    def __enter__(self) -> WatchedVehicle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


@contextmanager
def watched_vehicle(s3_ms: int = PATIENT_S3_MS) -> Iterator[WatchedVehicle]:
    """Run the vehicle while the block runs."""
    with WatchedVehicle(s3_ms) as vehicle:
        yield vehicle


def tell(what: str) -> None:
    """Write a line: time and event; at once, because two threads do."""
    os.write(sys.stdout.fileno(), f"{time.monotonic():.6f} {what}\n".encode())


def main() -> None:
    """Be the vehicle until standard input closes."""
    units: list[SimulatedUnit] = []
    request = SimulatedUnit.request

    def watched(self: SimulatedUnit, payload: bytes, *arguments: object, **named: object) -> None:
        if self.definition.logical == LOGICAL:
            units[:] = [self]
            if payload[:1] in (b"\x2f", b"\x31", b"\x10"):
                tell(f"asked {payload.hex()}")
        request(self, payload, *arguments, **named)  # type: ignore[arg-type]  # as they came

    SimulatedUnit.request = watched  # type: ignore[method-assign, assignment]  # tells, and does the same
    definition = load_vehicle("car")
    definition = replace(
        definition,
        units=tuple(
            replace(u, silent=False, s3_ms=int(sys.argv[1])) for u in definition.units if u.logical <= LOGICAL
        ),
    )
    stop = threading.Event()

    def watch() -> None:
        before: frozenset[int] = frozenset()
        while not stop.wait(_EVERY_S):
            now = frozenset(units[0]._state.controlled) if units else frozenset()
            if now != before:
                tell("driven" if now else "released")
                before = now

    def end() -> None:
        sys.stdin.read()
        stop.set()

    for work in (watch, end):
        threading.Thread(target=work, daemon=True).start()
    run(
        definition,
        doip=("127.0.0.1", 0),
        ready=lambda bound: print(json.dumps(bound), flush=True),
        stop=stop,
    )


if __name__ == "__main__":
    main()

"""A shipped vehicle whose units are all there, as a process of its own: python -m benchmarks.vehicle NAME …

The shipped vehicles have a unit that is silent; its time-out would hide what is measured here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workshop_console.console.simulation.bus.isotp import BLOCK_SIZE
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.simulation.server import run


@dataclass(kw_only=True)
class RunningVehicle:
    """A vehicle in its own process; `statistics` are there once it has ended."""

    uri: str
    statistics: dict[str, float]


@contextlib.contextmanager
def vehicle(
    name: str,
    *,
    line: str,
    answer_after_ms: int,
    pace: int | None = None,
    block_size: int = BLOCK_SIZE,
    fd: bool = False,
) -> Iterator[RunningVehicle]:
    """Start the vehicle and give its address; end it with the block.

    `block_size`: consecutive frames that its units take in one go (0: all); `fd`: the address says CAN FD.
    """
    with tempfile.TemporaryDirectory() as folder:
        counts = Path(folder) / "statistics.json"
        arguments = [name, line, str(answer_after_ms), str(pace or 0), str(block_size), str(counts)]
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.vehicle", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        host, port = json.loads(child.stdout.readline())[line]
        uri = f"doip://{host}:{port}" if line == "doip" else f"can://socketcand/can0?host={host}&port={port}"
        uri += "&fd=true" if fd else ""
        running = RunningVehicle(uri=uri, statistics={})
        try:
            yield running
        finally:
            child.stdin.close()
            child.wait(timeout=20)
            running.statistics.update(json.loads(counts.read_text()))


def main() -> None:
    """Be the vehicle until standard input closes."""
    name, line, answer_after_ms, pace, block_size, counts = sys.argv[1:]
    definition = load_vehicle(name)
    definition = replace(definition, units=tuple(replace(unit, silent=False) for unit in definition.units))
    stop = threading.Event()

    def end() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        stop.set()

    threading.Thread(target=end, daemon=True).start()

    def ready(bound: dict[str, Any]) -> None:
        print(json.dumps(bound), flush=True)

    run(
        definition,
        doip=("127.0.0.1", 0) if line == "doip" else None,
        socketcand=("127.0.0.1", 0) if line == "socketcand" else None,
        pace=int(pace) or None,
        block_size=int(block_size),
        answer_after_ms=int(answer_after_ms),
        stats_file=Path(counts),
        ready=ready,
        stop=stop,
    )


if __name__ == "__main__":
    main()

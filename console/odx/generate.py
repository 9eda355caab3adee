"""Writes the PDX files of the shipped vehicles: `python -m workshop_console.console.odx.generate`."""

from __future__ import annotations

import sys
from pathlib import Path

from workshop_console.console.odx.authoring.archive import write_pdx
from workshop_console.console.simulation.load import load_vehicle, vehicle_names

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "vehicles"
"""Where the vehicles and their PDX files stand."""


def generate(folder: Path) -> list[Path]:
    """Write the PDX file of every shipped vehicle into `folder` and return their paths."""
    files = []
    for name in vehicle_names():
        file = folder / f"{name}.pdx"
        write_pdx(load_vehicle(name), file)
        files.append(file)
    return files


if __name__ == "__main__":
    for written in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED):
        print(written.name, written.stat().st_size)

"""Measure everything, or the parts named on the command line, and print one table."""

from __future__ import annotations

import importlib
import sys

from benchmarks.figures import HEADER, Figure

PARTS = (
    "quick_test",
    "descriptions",
    "first_frame",
    "memory",
    "actual_values",
    "values_screen",
    "actuation",
    "flashing",
    "thin_line",
)


def main() -> int:
    """Print the table; the exit code says whether every goal was reached."""
    wanted = [argument for argument in sys.argv[1:] if argument in PARTS] or list(PARTS)
    print(HEADER, flush=True)
    figures: list[Figure] = []
    for part in wanted:
        for figure in importlib.import_module(f"benchmarks.{part}").measure():
            figures.append(figure)
            print(figure.line(), flush=True)
    return 0 if all(figure.reached for figure in figures) else 1


sys.exit(main())

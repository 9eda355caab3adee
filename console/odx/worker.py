"""Imports one PDX file in a process of its own: `python -m workshop_console.console.odx.worker FILE LIMITS`.

Writes one JSON document a line to standard output: {"progress": name} any number of times, then
{"description": ...} or {"error": {"number": ..., "facts": {...}}}. importer.py starts it, never imports it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import NoReturn, TextIO

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.odx.confine import confine_this_process
from workshop_console.console.odx.limits import MEBIBYTE, ImportLimits
from workshop_console.console.odx.reasons import Reason

_SPOILING = (Reason.FILE_UNREADABLE, Reason.NOT_CONFORMING, Reason.LAYER_UNREADABLE)
"""Problems that are the likely reason when no control unit was found."""


def main(arguments: list[str]) -> int:
    """Import the file that the first argument names, within the limits of the second (JSON)."""
    file, limits = Path(arguments[0]), ImportLimits(**json.loads(arguments[1]))
    # What libraries print must not end up between the documents.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii", newline="\n")
    sys.stdout = sys.stderr
    reserve: bytes | None = bytes(MEBIBYTE)
    confine_this_process(limits)
    try:
        _import(file, limits, output)
    except ConsoleError as error:
        _tell(output, error)
    except (MemoryError, SystemError):
        # CPython tells some failed allocations as "SystemError: error return without exception set".
        reserve = None
        gc.collect()
        _tell(output, ConsoleError("WC-404", file=clean(file.name), mib=limits.memory_mib))
    except RecursionError:
        _tell(output, ConsoleError("WC-405", file=clean(file.name), detail="RecursionError"))
    except Exception as error:
        # Whatever else odxtools or this program ran into: the console says so, with the place for support.
        detail = clean(f"{type(error).__name__}: {error}", longest=160)
        _tell(output, ConsoleError("WC-408", file=clean(file.name), detail=detail))
    del reserve
    output.flush()
    # The process ends here and now: freeing a large database object by object takes longer than loading it.
    os._exit(0)


def _import(file: Path, limits: ImportLimits, output: TextIO) -> None:
    """Check, load and extract. Raises ConsoleError WC-400, 401, 402, 405, 406."""
    from workshop_console.console.odx.package import open_package

    package = open_package(file, limits)
    _send(output, {"progress": ""})
    import logging
    import warnings

    # odxtools warns of everything it meets; what matters becomes a problem of the import.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    from workshop_console.console.model.description import ImportedDescription
    from workshop_console.console.odx import wire
    from workshop_console.console.odx.extraction.loading import LoadingError, load_database, short_name
    from workshop_console.console.odx.extraction.problems import Problems
    from workshop_console.console.odx.extraction.units import UnitReader

    problems = Problems()
    try:
        database = load_database(package, problems)
    except LoadingError as error:
        raise ConsoleError("WC-405", file=clean(file.name), detail=clean(error)) from None
    name = short_name(package) or clean(file.stem, longest=128)
    units = UnitReader(database, problems).read(name, lambda unit: _send(output, {"progress": unit}))
    if not units:
        if broken := [problem for problem in problems.all() if problem.reason in _SPOILING]:
            raise ConsoleError("WC-405", file=clean(file.name), detail=broken[0].detail)
        raise ConsoleError("WC-406", file=clean(file.name))
    description = ImportedDescription(
        name=name, file=clean(file.name), sha256=package.sha256, units=units, problems=problems.all()
    )
    output.write('{"description":')
    output.write(wire.dumps(description))
    output.write("}\n")


def _send(output: TextIO, document: dict[str, object]) -> None:
    output.write(json.dumps(document) + "\n")


def _tell(output: TextIO, error: ConsoleError) -> None:
    _send(output, {"error": {"number": error.number, "facts": error.facts}})


def _start() -> NoReturn:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _start()

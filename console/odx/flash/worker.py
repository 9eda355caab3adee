"""Reads one flash container in a process of its own: `python -m …odx.flash.worker FILE LIMITS SESSION`.

Writes frames (framing.py) to standard output: for each session {"session": manifest} and then the stored
bytes of its segments in their order; at the end {"end": true}, anywhere {"error": {"number", "facts"}}.
container.py starts it, never imports it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import IO, NoReturn

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.odx.confine import confine_this_process
from workshop_console.console.odx.flash.framing import CONTENT, write_document, write_frame
from workshop_console.console.odx.limits import MEBIBYTE, ImportLimits

_LONGEST_DETAIL = 160


def main(arguments: list[str]) -> int:
    """Read a file (first argument) within limits (second); the third names one session, empty: all."""
    file, limits, wanted = Path(arguments[0]), ImportLimits(**json.loads(arguments[1])), arguments[2]
    # What libraries print must not end up between the documents.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    reserve: bytes | None = bytes(MEBIBYTE)
    confine_this_process(limits)
    name = clean(file.name)
    try:
        _read(file, limits, wanted, output)
        write_document(output, {"end": True})
    except ConsoleError as error:
        _refuse(output, error)
    except BrokenPipeError:
        os._exit(0)  # nobody wants the rest
    except (MemoryError, SystemError):
        # CPython tells some failed allocations as "SystemError: error return without exception set".
        reserve = None
        gc.collect()
        _refuse(output, ConsoleError("WC-404", file=name, mib=limits.memory_mib))
    except Exception as error:
        # odxtools raises whatever its code runs into: OdxError, KeyError, AttributeError, AssertionError …
        detail = clean(f"{type(error).__name__}: {error}", longest=_LONGEST_DETAIL)
        _refuse(output, ConsoleError("WC-711", file=name, detail=detail))
    del reserve
    output.flush()
    # The process ends here and now: freeing a large container object by object takes longer than loading it.
    os._exit(0)


def _read(file: Path, limits: ImportLimits, wanted: str, output: IO[bytes]) -> None:
    from workshop_console.console.odx.package import open_package

    package = open_package(file, limits)
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    from workshop_console.console.odx.flash.extraction import FlashDataError, sessions, stored_bytes

    try:
        with zipfile.ZipFile(file) as archive:
            for session in sessions(package):
                if wanted and session.name != wanted:
                    continue
                write_document(output, {"session": session.document})
                for chunk in stored_bytes(session, archive):
                    write_frame(output, CONTENT, chunk)
    except FlashDataError as error:
        raise ConsoleError("WC-711", file=clean(file.name), detail=clean(error)) from None


def _refuse(output: IO[bytes], error: ConsoleError) -> None:
    write_document(output, {"error": {"number": error.number, "facts": error.facts}})


def _start() -> NoReturn:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _start()

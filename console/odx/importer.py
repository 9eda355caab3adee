"""Reads PDX files: a worker process parses them, this side only keeps the clock and reads plain values."""

from __future__ import annotations

import json
import queue
import subprocess  # starts this program's own worker, with this interpreter
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import ImportedDescription
from workshop_console.console.odx import wire
from workshop_console.console.odx.limits import DEFAULT_LIMITS, MEBIBYTE, ImportLimits

_WORKER = "workshop_console.console.odx.worker"
_CHUNK_BYTES = 256 * 1024
_LONGEST_FACT = 400
_LAST_WORD_S = 1.0
"""Time for a worker to end after it has closed its output."""

Progress = Callable[[str], None]


class PdxImporter:
    """Imports PDX files with limits of memory and time; implements the port DescriptionImporter.

    A worker's memory is limited by the system (RLIMIT_AS); Windows has nothing alike without further
    libraries, so there only the clock and the limits on sizes hold.
    """

    def __init__(self, limits: ImportLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits

    def read(self, file: Path, progress: Progress | None = None) -> ImportedDescription:
        """Return what the file describes.

        Args:
            file: the PDX file.
            progress: called with the name of each control unit when it is read; with "" before the first one.

        Raises:
            ConsoleError: WC-108 when the file cannot be read, WC-110 when the worker cannot be started,
                WC-4xx for everything that is wrong with the file.
        """
        file = file.absolute()
        if not file.is_file():
            detail = "not a file" if file.exists() else "not found"
            raise ConsoleError("WC-108", file=clean(file.name), detail=detail)
        worker = self._start(file)
        try:
            return self._follow(worker, file, progress or (lambda _name: None))
        finally:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
            if worker.stdout is not None:
                worker.stdout.close()

    def _start(self, file: Path) -> subprocess.Popen[bytes]:
        # -P: a folder called workshop_console in the current directory must not be taken for the program.
        command = [sys.executable, "-P", "-m", _WORKER, str(file), json.dumps(asdict(self._limits))]
        try:
            return subprocess.Popen(  # noqa: S603  # no shell; the file's name is one argument
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise ConsoleError("WC-110", name=_WORKER, detail=clean(error.strerror or error)) from None

    def _follow(self, worker: subprocess.Popen[bytes], file: Path, progress: Progress) -> ImportedDescription:
        """Return what the worker tells in the end. Raises ConsoleError as read()."""
        assert worker.stdout is not None  # noqa: S101  # it was started with a pipe
        name = clean(file.name)
        lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        limit_bytes = self._limits.answer_mib * MEBIBYTE
        reader = threading.Thread(
            target=_read_lines, args=(worker.stdout, lines, limit_bytes), name="pdx-import", daemon=True
        )
        reader.start()
        deadline = time.monotonic() + self._limits.seconds
        while True:
            try:
                line = lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                raise ConsoleError("WC-403", file=name, seconds=self._limits.seconds) from None
            if line is None:
                raise self._ended_unexpectedly(worker, name)
            document = _document(line, name)
            if isinstance(document.get("progress"), str):
                progress(clean(document["progress"]))
            elif isinstance(document.get("error"), dict):
                raise _error(document["error"], name)
            elif isinstance(document.get("description"), dict):
                try:
                    return wire.loads(document["description"])
                except ValueError as error:
                    raise ConsoleError("WC-408", file=name, detail=clean(error)) from None
            else:
                raise ConsoleError("WC-408", file=name, detail="unknown answer")

    def _ended_unexpectedly(self, worker: subprocess.Popen[bytes], name: str) -> ConsoleError:
        """Return the error for a worker that ended without a word."""
        try:
            code = worker.wait(timeout=_LAST_WORD_S)
        except subprocess.TimeoutExpired:
            return ConsoleError("WC-408", file=name, detail="answer too long")
        if sys.platform != "win32":
            import signal

            if code == -signal.SIGXCPU:
                return ConsoleError("WC-403", file=name, seconds=self._limits.seconds)
        return ConsoleError("WC-408", file=name, detail=f"exit code {code}")


def _read_lines(source: IO[bytes], lines: queue.SimpleQueue[bytes | None], limit_bytes: int) -> None:
    """Put each line of `source` into `lines`, then None; stop reading at `limit_bytes`."""
    left, parts = limit_bytes, [b""]
    try:
        while (chunk := source.read1(_CHUNK_BYTES)) and left >= 0:  # type: ignore[attr-defined]  # a BufferedReader
            left -= len(chunk)
            *whole, rest = chunk.split(b"\n")
            if whole:
                lines.put(b"".join([*parts, whole[0]]))
                for line in whole[1:]:
                    lines.put(line)
                parts = []
            parts.append(rest)
    except (OSError, ValueError):
        # The pipe was closed under us because the import was given up.
        pass
    lines.put(None)


def _document(line: bytes, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ConsoleError("WC-408", file=name, detail="unknown answer")
    return document


def _error(content: Mapping[str, Any], name: str) -> ConsoleError:
    number, facts = content.get("number"), content.get("facts")
    if not isinstance(number, str) or not isinstance(facts, dict):
        return ConsoleError("WC-408", file=name, detail="unknown answer")
    known = {
        str(key): value if isinstance(value, (int, float)) else clean(value, longest=_LONGEST_FACT)
        for key, value in facts.items()
    }
    return ConsoleError(number, **known)

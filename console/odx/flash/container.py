"""Reads flash containers: a worker process parses them, this side keeps the clock and passes bytes on."""

from __future__ import annotations

import json
import subprocess  # starts this program's own worker, with this interpreter
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.odx.flash.framing import CONTENT, read_frame
from workshop_console.console.odx.limits import ImportLimits

FLASH_LIMITS = ImportLimits(file_mib=160, unpacked_mib=320, ratio=1_100)
"""Flash data as text takes more than twice its bytes; blank memory packs as well as anything can."""

_WORKER = "workshop_console.console.odx.flash.worker"
_LONGEST_FACT = 400
_LAST_WORD_S = 1.0

_Session = tuple[Mapping[str, object], Iterator[bytes]]


class OdxFlashContainers:
    """Reads ODX-F with limits of memory and time; implements the port FlashContainers."""

    def __init__(self, limits: ImportLimits = FLASH_LIMITS) -> None:
        self._limits = limits

    @contextmanager
    def open(self, file: Path, session: str = "") -> Iterator[Iterator[_Session]]:
        """Return the sessions of `file`, or only the one called `session`.

        Raises:
            ConsoleError: WC-110 when the worker cannot be started, WC-400 to WC-404 and WC-408 as at the
                import of descriptions, WC-711 when it holds no flash data that can be used.
        """
        # -P: a folder called workshop_console in the current directory must not be taken for the program.
        limits = json.dumps(asdict(self._limits))
        command = [sys.executable, "-P", "-m", _WORKER, str(file.absolute()), limits, session]
        try:
            worker = subprocess.Popen(  # noqa: S603  # no shell; the file's name is one argument
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except (OSError, ValueError) as error:
            raise ConsoleError("WC-110", name=_WORKER, detail=clean(error)) from None
        assert worker.stdout is not None  # noqa: S101  # it was started with a pipe
        clock = threading.Timer(self._limits.seconds, worker.kill)
        clock.daemon = True
        clock.start()
        try:
            yield _Conversation(worker, worker.stdout, clock, clean(file.name), self._limits).sessions()
        finally:
            clock.cancel()
            if worker.poll() is None:
                worker.kill()
            worker.wait()
            worker.stdout.close()


class _Conversation:
    """What one worker tells."""

    def __init__(
        self,
        worker: subprocess.Popen[bytes],
        source: IO[bytes],
        clock: threading.Timer,
        name: str,
        limits: ImportLimits,
    ) -> None:
        self._worker = worker
        self._source = source
        self._clock = clock
        self._name = name
        self._limits = limits
        self._next: Mapping[str, Any] | None = None
        """The document that ended the bytes of the session before."""

    def sessions(self) -> Iterator[_Session]:
        """Yield each session. Raises ConsoleError as OdxFlashContainers.open()."""
        self._next = self._document()
        while "end" not in self._next:
            document, self._next = self._next, None
            if not isinstance(document.get("session"), dict):
                raise ConsoleError("WC-408", file=self._name, detail="unknown answer")
            chunks = self._chunks()
            yield document["session"], chunks
            for _unread in chunks:
                continue
            if self._next is None:  # somebody stopped in the middle of the bytes
                for _unread in self._chunks():
                    continue
            assert self._next is not None  # noqa: S101  # _chunks() ends only so

    def _chunks(self) -> Iterator[bytes]:
        while True:
            kind, content = self._frame()
            if kind != CONTENT:
                self._next = self._parsed(content)
                return
            yield content

    def _document(self) -> Mapping[str, Any]:
        kind, content = self._frame()
        if kind == CONTENT:
            raise ConsoleError("WC-408", file=self._name, detail="unknown answer")
        return self._parsed(content)

    def _parsed(self, content: bytes) -> Mapping[str, Any]:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise ConsoleError("WC-408", file=self._name, detail="unknown answer")
        if "error" in document:
            raise _error(document["error"], self._name)
        return document

    def _frame(self) -> tuple[bytes, bytes]:
        try:
            frame = read_frame(self._source)
        except ValueError:
            frame = None
        if frame is None:
            raise self._ended_unexpectedly()
        return frame

    def _ended_unexpectedly(self) -> ConsoleError:
        try:
            code = self._worker.wait(timeout=_LAST_WORD_S)
        except subprocess.TimeoutExpired:
            return ConsoleError("WC-408", file=self._name, detail="unknown answer")
        late = self._clock.finished.is_set()
        if sys.platform != "win32":
            import signal

            late = late or code == -signal.SIGXCPU
        if late:
            return ConsoleError("WC-403", file=self._name, seconds=self._limits.seconds)
        return ConsoleError("WC-408", file=self._name, detail=f"exit code {code}")


def _error(content: object, name: str) -> ConsoleError:
    number = content.get("number") if isinstance(content, dict) else None
    facts = content.get("facts") if isinstance(content, dict) else None
    if not isinstance(number, str) or not isinstance(facts, dict):
        return ConsoleError("WC-408", file=name, detail="unknown answer")
    known = {
        str(key): value if isinstance(value, (int, float)) else clean(value, longest=_LONGEST_FACT)
        for key, value in facts.items()
    }
    return ConsoleError(number, **known)

"""Sessions of the screen as files: asciicast v2, a line of JSON for each piece of output."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

_LARGEST_FILE_BYTES = 32 * 1024 * 1024
_LARGEST_SIDE = 1_000
_LONGEST_S = 30 * 86_400.0
_ASKED = ("\x1b[5n", "\x1b[6n")
"""What the driver asks the terminal; it shows nothing, and who plays the file must not be asked."""


class SessionRecorder:
    """Writes what the terminal is sent, at the time when it is sent; never what is typed.

    Each piece is in the file at once: nothing is kept in memory, and a file of a program that was killed can
    be played. A full disk ends the recording, at the end of a line, and not the session.
    """

    def __init__(self, file: Path, columns: int, rows: int, *, title: str, terminal: str) -> None:
        """Create the file, for its owner alone. Raises ConsoleError WC-107; a file is not overwritten."""
        self.file = file
        self.failed: Callable[[ConsoleError], object] | None = None
        """Is told when the recording ended too early."""
        self._size = (columns, rows)
        self._began = time.monotonic()
        self._length = 0
        self._descriptor = -1
        header = {
            "version": 2,
            "width": columns,
            "height": rows,
            "timestamp": int(time.time()),
            "title": title,
            "env": {"TERM": terminal},
        }
        try:
            self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._write(header)
        except OSError as error:
            self.close()
            raise ConsoleError("WC-107", file=clean(file), detail=clean(error.strerror or error)) from None

    def sent(self, text: str) -> None:
        """Take note that `text` was sent."""
        for asked in _ASKED:
            text = text.replace(asked, "")
        if text:
            self._add("o", text)

    def resized(self, columns: int, rows: int) -> None:
        """Take note of another size."""
        if (columns, rows) != self._size:
            self._size = (columns, rows)
            self._add("r", f"{columns}x{rows}")

    def close(self) -> None:
        """End the recording."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    def _add(self, code: str, text: str) -> None:
        if self._descriptor < 0:
            return
        try:
            self._write([round(time.monotonic() - self._began, 6), code, text])
        except OSError as error:
            with suppress(OSError):  # half a line would be all that a player complains about
                os.ftruncate(self._descriptor, self._length)
            self.close()
            if self.failed is not None:
                detail = clean(error.strerror or error)
                self.failed(ConsoleError("WC-111", file=clean(self.file), detail=detail))

    def _write(self, value: object) -> None:
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        left = data
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._length += len(data)


@dataclass(frozen=True, kw_only=True)
class SessionEvent:
    """Something that happened to the terminal."""

    at_s: float
    text: str = ""
    size: tuple[int, int] | None = None
    """Columns and rows from here on."""


@dataclass(frozen=True, kw_only=True)
class SessionFile:
    """A session as it was recorded."""

    size: tuple[int, int]
    events: tuple[SessionEvent, ...]

    @property
    def largest(self) -> tuple[int, int]:
        """Columns and rows that are needed to show all of it."""
        sizes = [self.size, *(event.size for event in self.events if event.size)]
        return max(columns for columns, _rows in sizes), max(rows for _columns, rows in sizes)


def read_session(file: Path) -> SessionFile:
    """Return the session in an asciicast file, version 2, by whatever program.

    Raises ConsoleError WC-108 when the file cannot be read, and WC-112 when it is none or damaged. A last
    line that was cut, as when a program is killed, is left out.
    """
    name = clean(file)
    try:
        if not file.is_file():
            raise FileNotFoundError(2, os.strerror(2))
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            raise ConsoleError("WC-112", file=name, line=0, detail="> 32 MiB")
        data = file.read_bytes()
    except OSError as error:
        raise ConsoleError("WC-108", file=name, detail=clean(error.strerror or error)) from None
    lines = data.split(b"\n")
    whole = bool(lines) and not lines[-1]
    lines = [line for line in lines if line.strip()]
    events: list[SessionEvent] = []
    size: tuple[int, int] | None = None
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
            if size is None:
                size = _size_of(value)
            else:
                events += _events_of(value)
        except (ValueError, RecursionError) as error:
            if number > 1 and number == len(lines) and not whole:
                break
            raise ConsoleError("WC-112", file=name, line=number, detail=clean(error)) from None
    if size is None:
        raise ConsoleError("WC-112", file=name, line=0, detail="asciicast v2")
    return SessionFile(size=size, events=tuple(_in_order(events)))


def _size_of(header: object) -> tuple[int, int]:
    if not isinstance(header, dict) or header.get("version") != 2:
        raise ValueError("asciicast v2")
    return _checked_size(header.get("width"), header.get("height"))


def _checked_size(columns: object, rows: object) -> tuple[int, int]:
    for side in (columns, rows):
        if not isinstance(side, int) or isinstance(side, bool) or not 0 < side <= _LARGEST_SIDE:
            raise ValueError(f"{columns} x {rows}")
    return columns, rows  # type: ignore[return-value]  # checked above


def _events_of(value: object) -> list[SessionEvent]:
    """Return what a line tells; keys and marks tell nothing."""
    if not (isinstance(value, list) and len(value) == 3):
        raise ValueError("[time, code, data]")
    at_s, code, text = value
    if isinstance(at_s, bool) or not isinstance(at_s, (int, float)) or not isinstance(text, str):
        raise ValueError("[time, code, data]")
    if not math.isfinite(at_s) or not 0 <= at_s <= _LONGEST_S:
        raise ValueError(f"{at_s} s")
    if code == "o":
        return [SessionEvent(at_s=float(at_s), text=text)]
    if code == "r":
        columns, _x, rows = text.partition("x")
        if not (columns.isdecimal() and rows.isdecimal() and len(text) < 12):
            raise ValueError(clean(text, longest=20))
        return [SessionEvent(at_s=float(at_s), size=_checked_size(int(columns), int(rows)))]
    return []


def _in_order(events: list[SessionEvent]) -> Iterator[SessionEvent]:
    """Yield the events with times that never go back."""
    at_s = 0.0
    for event in events:
        at_s = max(at_s, event.at_s)
        yield SessionEvent(at_s=at_s, text=event.text, size=event.size)

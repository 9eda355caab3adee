"""Keeps a choice made on the screen in the settings file, and leaves everything else in it as it is."""

from __future__ import annotations

import os
import re
import threading
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

_LARGEST_FILE_BYTES = 256 * 1024
_one_at_a_time = threading.Lock()


def remember_newest(file: Path, key: str, newest: Callable[[], bool | str]) -> None:
    """Write what `newest` returns when all earlier choices are in the file; from any thread.

    Raises ConsoleError WC-107 as `remember` does.
    """
    with _one_at_a_time:
        remember(file, key, newest())


def remember(file: Path, key: str, value: bool | str) -> None:
    """Write `key = value` into a settings file; comments, order and other keys stay.

    A text is one of the console's own words: letters, digits and hyphens. A file that holds it already is
    not written.

    Raises ConsoleError WC-107 when that cannot be done; the file is then as it was.
    """
    file = Path(os.path.realpath(file))  # a link to where the user keeps it stays a link
    try:
        try:
            data = file.read_bytes() if file.stat().st_size <= _LARGEST_FILE_BYTES else b""
            mode = file.stat().st_mode & 0o777
        except FileNotFoundError:
            data, mode = b"", 0o600
        before = data.decode("utf-8-sig")
        known = tomllib.loads(before)
        if key in known and known[key] == value:
            return
        after = _with(before, key, f'"{value}"' if isinstance(value, str) else str(value).lower())
        if tomllib.loads(after) != {**known, key: value}:
            raise ValueError(key)
        _replace(file, after.encode(), mode)
    except (OSError, ValueError, RecursionError) as error:  # ValueError: also TOML and UTF-8
        detail = clean(getattr(error, "strerror", None) or error)
        raise ConsoleError("WC-107", file=clean(file), detail=detail) from None


def _with(text: str, key: str, value: str) -> str:
    """Return the text with the key among those before the first table."""
    table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    top = text[: table.start()] if table else text
    line = rf"^([ \t]*{re.escape(key)}[ \t]*=[ \t]*)(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s#]+)"
    found, count = re.subn(line, lambda match: f"{match[1]}{value}", top, count=1, flags=re.MULTILINE)
    if count:
        return found + text[len(top) :]
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not top or top.endswith("\n") else end
    return f"{top}{gap}{key} = {value}{end}{text[len(top) :]}"


def _replace(file: Path, data: bytes, mode: int) -> None:
    """Write another file and put it in the place of the first: never half of one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise

"""Message texts that an operator gives out: newer ones than those the console ships."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import threading
from pathlib import Path
from typing import Any

from workshop_console.console.backend.answers import as_json
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import Edition
from workshop_console.console.settings import LANGUAGES

_LARGEST_FILE_BYTES = 4 * 1024 * 1024
_MOST_STEPS = 30
_LONGEST_TEXT = 2_000
_NUMBER = re.compile(r"\d{4}-\d{2}|WC-\d{3}")
_TEXTS = ("title", "when", "cause")


class MessageTexts:
    """The operator's file, read again when it changes; a broken change leaves the texts before it in use.

    The file is JSON: {"messages": [{"lang", "edition"?, "number", "title", "when", "cause", "remedy": [...],
    "area"?}]}; without "edition" a text is for all.
    """

    def __init__(self, file: Path | None) -> None:
        """Read `file`, if there is one. Raises ConsoleError WC-108 or WC-509."""
        self._file = file
        self._one_at_a_time = threading.Lock()
        self._version = self._version_of_file()
        self._messages = _read(file) if file is not None else []
        self._bodies: dict[tuple[str, Edition], tuple[str, bytes]] = {}

    def answer(self, lang: str, edition: Edition) -> tuple[str, bytes]:
        """Return the ETag and the JSON body for one language and edition."""
        with self._one_at_a_time:
            self._read_again_if_changed()
            if (lang, edition) not in self._bodies:
                body = as_json(
                    {
                        "lang": lang,
                        "edition": edition.value,
                        "messages": [
                            {key: value for key, value in message.items() if key not in ("lang", "edition")}
                            for message in self._messages
                            if message["lang"] == lang and message["edition"] in ("", edition.value)
                        ],
                    }
                )
                self._bodies[lang, edition] = (f'"{hashlib.sha256(body).hexdigest()[:32]}"', body)
            return self._bodies[lang, edition]

    def _read_again_if_changed(self) -> None:
        version = self._version_of_file()
        if self._file is None or version in (None, self._version):
            return
        self._version = version
        try:
            self._messages = _read(self._file)
        except ConsoleError:
            return
        self._bodies = {}

    def _version_of_file(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size) if status else None


def _read(file: Path) -> list[dict[str, Any]]:
    name = clean(file)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE_BYTES:
            # A pipe or a device may never end.
            raise ConsoleError("WC-509", file=name, detail=f"> {_LARGEST_FILE_BYTES} B")
        raw = file.read_bytes()
    except OSError as error:
        raise ConsoleError("WC-108", file=name, detail=clean(error.strerror or error)) from error
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ConsoleError("WC-509", file=name, detail=clean(error)) from error
    found = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ConsoleError("WC-509", file=name, detail="messages")
    messages = []
    for position, entry in enumerate(found):
        try:
            messages.append(_checked(entry))
        except (KeyError, TypeError, ValueError) as error:
            raise ConsoleError("WC-509", file=name, detail=clean(f"messages[{position}]: {error}")) from error
    return messages


def _checked(entry: Any) -> dict[str, Any]:
    """Return one entry with all its fields. Raises KeyError, TypeError or ValueError naming the wrong one."""
    if not isinstance(entry, dict):
        raise TypeError("{}")
    if entry["lang"] not in LANGUAGES:
        raise ValueError("lang")
    edition = entry.get("edition", "")
    if edition not in ("", *Edition):
        raise ValueError("edition")
    if not isinstance(entry["number"], str) or not _NUMBER.fullmatch(entry["number"]):
        raise ValueError("number")
    remedy = entry["remedy"]
    if not isinstance(remedy, list) or len(remedy) > _MOST_STEPS:
        raise ValueError("remedy")
    return {
        "lang": entry["lang"],
        "edition": edition,
        "number": entry["number"],
        "area": _text(entry.get("area", ""), "area"),
        **{field: _text(entry[field], field) for field in _TEXTS},
        "remedy": [_text(step, "remedy") for step in remedy],
    }


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError(field)
    return clean(value, longest=_LONGEST_TEXT)

"""The numbered messages with full-text search (port Messages)."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import NumberedMessage
from workshop_console.data.store.guarded import GuardedDatabase

_COLUMNS = "m.number, m.area, m.title, m.occasion, m.cause, m.remedy, m.lang"
_IN_FORCE = (
    "(m.shipped = 0 OR NOT EXISTS (SELECT 1 FROM messages n WHERE n.lang = m.lang"
    " AND n.edition = m.edition AND n.number = m.number AND n.shipped = 0))"
)
"""A text from the access server stands before the shipped one of its number."""
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 12
_LONGEST_WORD = 40
_LAST = 1_000_000
"""Position of a number that the shipped catalogue does not have."""


class ShippedTexts(Protocol):
    """What the store is filled with; made by i18n."""

    def fingerprint(self) -> str:
        """Return what changes whenever any text changes; quick to get."""

    def messages(self) -> Iterable[tuple[Edition, NumberedMessage]]:
        """Return every message in every language and edition, in the order of the catalogue."""


class StoredMessages:
    """Messages in the store.

    Args:
        database: the store.
        in_memory: gives an empty store without a file, for when the store's own cannot be written: then the
            shipped texts are found all the same.
        texts: the shipped ones, put into the store when they are not there, or not these.
    """

    def __init__(self, database: GuardedDatabase, in_memory: GuardedDatabase, texts: ShippedTexts) -> None:
        self._stored = database
        self._in_memory = in_memory
        self._texts = texts
        self._filling = threading.Lock()
        self._filled: GuardedDatabase | None = None

    def get(self, number: str, *, lang: str, edition: Edition) -> NumberedMessage | None:
        """Return one message, placeholders unfilled."""
        found = self._ask(
            "SELECT {columns} FROM messages m WHERE m.lang = ? AND m.edition = ? AND m.number = ?"
            " ORDER BY m.shipped LIMIT 1",
            (lang, edition.value, number.strip().upper()[:40]),
        )
        return found[0] if found else None

    def all(self, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        """Return the whole catalogue in the order of the areas and numbers."""
        return self._ask(
            "SELECT {columns} FROM messages m WHERE m.lang = ? AND m.edition = ? AND {in_force}"
            " ORDER BY m.position, m.number",
            (lang, edition.value),
        )

    def search(self, words: str, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        """Return messages whose number or texts hold all `words`, as beginnings of words; best first."""
        if not words.strip():
            return self.all(lang=lang, edition=edition)
        parts = [word[:_LONGEST_WORD] for word in _WORD.findall(words[:2_000])[:_MOST_WORDS]]
        if not parts:
            return []
        # Each word is a quoted phrase, so that AND, NEAR, quotes and stars of the input are only words.
        asked = " ".join(f'"{part}"*' for part in parts)
        found = self._ask(
            "SELECT {columns} FROM message_words JOIN messages m ON m.key = message_words.rowid"
            " WHERE message_words MATCH ? AND m.lang = ? AND m.edition = ? AND {in_force}"
            " ORDER BY bm25(message_words, 20.0, 8.0, 3.0, 3.0, 1.0), m.position",
            (asked, lang, edition.value),
        )
        number = "-".join(parts).upper()
        return sorted(found, key=lambda message: _distance(message.number, number))

    def etag(self, *, lang: str, edition: Edition) -> str:
        """Return the ETag of the texts that came from the access server last; empty: none did."""
        found = self._stored.read(
            lambda c: c.execute(
                "SELECT etag FROM message_sources WHERE source = ?", (f"server {lang} {edition.value}",)
            ).fetchone()
        )
        return str(found[0]) if found else ""

    def remember_messages(
        self, etag: str, messages: Sequence[NumberedMessage], *, lang: str, edition: Edition
    ) -> None:
        """Keep the server's texts in place of those kept before; the shipped ones stay beneath."""
        database = self._ready()

        def change(connection: sqlite3.Connection) -> None:
            positions: dict[str, int] = dict(
                connection.execute(
                    "SELECT number, position FROM messages WHERE shipped = 1 AND lang = ? AND edition = ?",
                    (lang, edition.value),
                ).fetchall()
            )
            connection.execute(
                "DELETE FROM messages WHERE shipped = 0 AND lang = ? AND edition = ?", (lang, edition.value)
            )
            connection.executemany(
                _INSERT,
                [
                    _row(message, lang, edition, positions.get(message.number, _LAST), shipped=False)
                    for message in {message.number: message for message in messages}.values()
                ],
            )
            _note(connection, f"server {lang} {edition.value}", etag)

        database.write(change)

    def _ask(self, question: str, values: tuple[Any, ...]) -> list[NumberedMessage]:
        asked = question.format(columns=_COLUMNS, in_force=_IN_FORCE)
        try:
            found = self._ready().read(lambda c: c.execute(asked, values).fetchall())
        except ConsoleError:
            # The store went bad under our hands; the shipped texts still explain why.
            found = self._fallback().read(lambda c: c.execute(asked, values).fetchall())
        if not found and self._empty():
            found = self._ready().read(lambda c: c.execute(asked, values).fetchall())
        return list(map(_message, found))

    def _empty(self) -> bool:
        """Whether the store lost its messages since it was filled (set aside because of damage)."""
        if self._filled is not self._stored:
            return False
        held = self._stored.read(lambda c: c.execute("SELECT 1 FROM messages LIMIT 1").fetchone())
        if held is None:
            self._filled = None
        return held is None

    def _ready(self) -> GuardedDatabase:
        """Return the database that holds the shipped texts, filling it at the first use."""
        if self._filled is None:
            with self._filling:
                if self._filled is None:
                    try:
                        _fill(self._stored, self._texts)
                        self._filled = self._stored
                    except ConsoleError:
                        _fill(self._in_memory, self._texts)
                        self._filled = self._in_memory
        return self._filled

    def _fallback(self) -> GuardedDatabase:
        with self._filling:
            if self._filled is not self._in_memory:
                _fill(self._in_memory, self._texts)
                self._filled = self._in_memory
        return self._in_memory


_INSERT = (
    "INSERT OR REPLACE INTO messages (shipped, lang, edition, position, number, area, title, occasion, cause,"
    " remedy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _row(
    message: NumberedMessage, lang: str, edition: Edition, position: int, *, shipped: bool
) -> tuple[Any, ...]:
    steps = "\n".join(step.replace("\n", " ") for step in message.remedy)
    return (
        *(int(shipped), lang, edition.value, position, message.number, message.area),
        *(message.title, message.when, message.cause, steps),
    )


def _message(row: tuple[str, ...]) -> NumberedMessage:
    number, area, title, when, cause, remedy, lang = row
    return NumberedMessage(
        number=number,
        area=area,
        title=title,
        when=when,
        cause=cause,
        remedy=tuple(filter(None, remedy.split("\n"))),
        lang=lang,
    )


def _distance(number: str, asked: str) -> tuple[int, str]:
    """Return what sorts the number asked for first, then those that begin so or have it inside, in order."""
    if number == asked:
        return 0, ""
    if number.startswith(asked):
        return 1, number
    return (2, number) if asked in number else (3, "")


def _note(connection: sqlite3.Connection, source: str, etag: str) -> None:
    connection.execute(
        "INSERT INTO message_sources (source, etag) VALUES (?, ?)"
        " ON CONFLICT (source) DO UPDATE SET etag = excluded.etag",
        (source, etag),
    )


def _fill(database: GuardedDatabase, texts: ShippedTexts) -> None:
    """Put the shipped texts in, unless these same ones are there."""
    fingerprint = texts.fingerprint()

    def known(connection: sqlite3.Connection) -> bool:
        found = connection.execute("SELECT etag FROM message_sources WHERE source = 'shipped'").fetchone()
        return found is not None and found[0] == fingerprint

    if database.read(known):
        return

    def change(connection: sqlite3.Connection) -> None:
        if known(connection):  # another console was quicker
            return
        connection.execute("DELETE FROM messages WHERE shipped = 1")
        connection.executemany(
            _INSERT,
            [
                _row(message, message.lang, edition, position, shipped=True)
                for position, (edition, message) in enumerate(texts.messages())
            ],
        )
        _note(connection, "shipped", fingerprint)

    database.write(change)

"""Brings over what can still be read in a damaged records file."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from workshop_console.data.store.database import Database

_NUMBERED = (
    ("reports", "report_id"),
    ("order_entries", "entry_id"),
    ("codings", "coding_id"),
    ("jobs", "job_id"),
    ("job_entries", "entry_id"),
)
_MOST_IN_VAIN = 200_000
"""Numbers in a row that cannot be read: more than any page of a table's tree has rows below it."""


def salvage_records(damaged: Path, records: Database) -> None:
    """Bring over every row of `damaged` that can be read; the file itself is left as it is."""
    if not damaged.is_file():  # to open a FIFO would wait for ever
        return
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old,
    ):
        there = {name for (name,) in old.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        for table, key in [numbered for numbered in _NUMBERED if numbered[0] in there]:
            with suppress(sqlite3.Error), records.transaction() as new:
                _bring_over_by_number(old, table, key, new)
        for order in ("ASC", "DESC"):  # these have no numbers: from both ends up to what cannot be read
            with suppress(sqlite3.Error), records.transaction() as new:
                asked = f"SELECT * FROM value_sets ORDER BY vehicle {order}, name {order}"  # noqa: S608  # constants
                with suppress(sqlite3.Error):
                    _bring_over(old.execute(asked), "value_sets", new)


def _bring_over_by_number(old: sqlite3.Connection, table: str, key: str, new: sqlite3.Connection) -> None:
    """Bring over one row at a time: a page that cannot be read costs only the rows on it."""
    asked = f"SELECT * FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT 1"  # noqa: S608  # constants
    number = in_vain = 0
    while in_vain < _MOST_IN_VAIN:
        try:
            found = _bring_over(old.execute(asked, (number,)), table, new)
        except sqlite3.Error:
            number, in_vain = number + 1, in_vain + 1
            continue
        if not found:
            return
        number, in_vain = found[0][0], 0


def _bring_over(rows: sqlite3.Cursor, table: str, new: sqlite3.Connection) -> list[Any]:
    names = [column[0] for column in rows.description]
    add = f"INSERT OR IGNORE INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608
    found = []
    for row in rows:
        new.execute(add, row)
        found.append(row)
    return found

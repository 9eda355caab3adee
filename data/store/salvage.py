"""Brings over what can still be read in a damaged records file."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from workshop_console.data.store.database import Database

_NUMBERED = (
    ("reports", "report_id"),
    ("order_entries", "entry_id"),
    ("codings", "coding_id"),
    ("jobs", "job_id"),
    ("job_entries", "entry_id"),
)


def salvage_records(damaged: Path, records: Database) -> None:
    """Bring over every row of `damaged` that can be read; the file itself is left as it is."""
    if not damaged.is_file():  # to open a FIFO would wait for ever
        return
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old,
    ):
        for table, key in _NUMBERED:
            with suppress(sqlite3.Error, TypeError), records.transaction() as new:  # TypeError: there is none
                (last,) = old.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
                for number in range(1, int(last) + 1):
                    # One at a time: a page that cannot be read costs only the rows on it.
                    with suppress(sqlite3.Error):
                        asked = f"SELECT * FROM {table} WHERE {key} = ?"  # noqa: S608  # constants
                        _bring_over(old.execute(asked, (number,)), table, new)
        for order in ("ASC", "DESC"):  # these have no numbers: from both ends up to what cannot be read
            with suppress(sqlite3.Error), records.transaction() as new:
                asked = f"SELECT * FROM value_sets ORDER BY vehicle {order}, name {order}"  # noqa: S608  # constants
                with suppress(sqlite3.Error):
                    _bring_over(old.execute(asked), "value_sets", new)


def _bring_over(rows: sqlite3.Cursor, table: str, new: sqlite3.Connection) -> None:
    names = [column[0] for column in rows.description]
    add = f"INSERT OR IGNORE INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608
    for row in rows:
        new.execute(add, row)

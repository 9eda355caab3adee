"""Asks a database file and turns what goes wrong into numbered messages; a damaged file is set aside."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.data.store.database import (
    DamagedError,
    Database,
    NewerError,
    as_console_error,
    is_damage,
)

T = TypeVar("T")


class GuardedDatabase:
    """A database whose users see values and ConsoleError only.

    Args:
        database: the file.
        damaged_number: message that tells of damage: WC-600 for the store, WC-602 for the records.
        problems: what was found wrong, for the start-up messages; grows while the console runs.
        salvage: called with the damaged file and the new database, to bring over what can be read.
    """

    def __init__(
        self,
        database: Database,
        *,
        damaged_number: str,
        problems: list[ConsoleError],
        salvage: Callable[[Path, Database], None] | None = None,
    ) -> None:
        self._database = database
        self._damaged_number = damaged_number
        self._problems = problems
        self._salvage = salvage
        self._repairing = threading.Lock()
        self._repairs = 0

    @property
    def file(self) -> Path:
        """The file, for messages."""
        return self._database.name

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it is on disk."""
        return self._database.file is None

    def read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `ask` reads. Raises ConsoleError WC-604, WC-605, WC-610."""
        return self._guard(lambda: self._database.read(ask))

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `change` returns, run in one write transaction. Raises as read()."""

        def in_transaction() -> T:
            with self._database.transaction() as connection:
                return change(connection)

        return self._guard(in_transaction)

    def add(self, statement: str, values: Sequence[object]) -> int:
        """Return the number of the row that `statement` adds.

        Raises ConsoleError WC-601 where nothing can be kept, WC-604, WC-605.
        """
        try:
            return self.write(lambda connection: int(connection.execute(statement, values).lastrowid or 0))
        except ConsoleError as error:
            if error.number != "WC-610":
                raise
            detail = error.facts.get("detail", "")
            raise ConsoleError("WC-601", file=clean(self.file), detail=detail) from error

    def _guard(self, act: Callable[[], T]) -> T:
        repairs = self._repairs
        try:
            return act()
        except (sqlite3.Error, OSError, NewerError, DamagedError) as error:
            damaged = isinstance(error, DamagedError) or (
                isinstance(error, sqlite3.Error) and is_damage(error)
            )
            if not damaged or self._database.file is None or self._database.read_only:
                raise as_console_error(error, self.file) from error
        self.repair(repairs)
        try:
            return act()
        except (sqlite3.Error, OSError, NewerError, DamagedError) as error:
            raise as_console_error(error, self.file) from error

    def repair(self, repairs: int | None = None) -> None:
        """Set the damaged file aside and begin a new one; once, however many threads saw the damage."""
        with self._repairing:
            if repairs is not None and repairs != self._repairs:
                return
            try:
                kept_as = self._database.set_aside()
                if kept_as != self._database.file and self._salvage is not None:
                    self._salvage(kept_as, self._database)
            except (sqlite3.Error, OSError, DamagedError, NewerError) as error:
                raise as_console_error(error, self.file) from error
            self._repairs += 1
            if kept_as != self._database.file:
                self._problems.append(
                    ConsoleError(self._damaged_number, file=clean(self.file), kept_as=clean(kept_as))
                )

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

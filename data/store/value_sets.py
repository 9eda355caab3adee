"""Named choices of actual values, per vehicle (port ValueSets)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import ValueSet
from workshop_console.data.store.guarded import GuardedDatabase


class StoredValueSets:
    """Sets in the records file.

    Args:
        database: the records.
        refusal: why nothing can be kept, if so.
    """

    def __init__(self, database: GuardedDatabase, refusal: ConsoleError | None = None) -> None:
        self._database = database
        self._refusal = refusal

    def keep(self, chosen: ValueSet) -> None:
        """Keep a set in place of one of the same vehicle and name. Raises ConsoleError WC-6xx."""
        if self._refusal is not None:
            raise self._refusal
        row = (chosen.vehicle, chosen.name, json.dumps(chosen.values, ensure_ascii=False))

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO value_sets (vehicle, name, vals) VALUES (?, ?, ?)", row
            )

        self._database.write(change)

    def list(self, vehicle: str) -> Sequence[ValueSet]:
        """Return the sets of a vehicle, by name."""
        rows = self._database.read(
            lambda c: c.execute(
                "SELECT name, vals FROM value_sets WHERE vehicle = ? ORDER BY name COLLATE NOCASE", (vehicle,)
            ).fetchall()
        )
        found = []
        for name, values in rows:
            with suppress(ValueError, TypeError):  # a row that cannot be understood hides no other
                chosen = tuple((str(unit), str(value)) for unit, value in json.loads(values))
                found.append(ValueSet(vehicle=vehicle, name=name, values=chosen))
        return found

    def remove(self, vehicle: str, name: str) -> None:
        """Forget a set. Raises ConsoleError WC-6xx."""
        if self._refusal is not None:
            raise self._refusal

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM value_sets WHERE vehicle = ? AND name = ?", (vehicle, name))

        self._database.write(change)

"""What was done to each vehicle: kept before its request goes out, completed by the answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.kept import Details, EntryKind, OrderEntry, OrderVehicle
from workshop_console.console.model.report_json import utc_text
from workshop_console.data.store.guarded import GuardedDatabase

T = TypeVar("T")

_KINDS = frozenset(kind.value for kind in EntryKind)
_COLUMNS = "time, vin, vehicle_name, unit, address, kind, what, request, answer, outcome, who, details"
_SELECT = f"SELECT entry_id, {_COLUMNS} FROM order_entries"  # noqa: S608  # constants


class StoredOrderBook:
    """Order entries in the records file.

    Args:
        database: the records.
        refusal: why nothing can be kept (a newer version's file, a folder that cannot be written), if so.
    """

    def __init__(self, database: GuardedDatabase, refusal: ConsoleError | None = None) -> None:
        self._database = database
        self._refusal = refusal

    def begin(self, entry: OrderEntry) -> int:
        """Keep `entry` and return its number; when this returns, a power cut does not take it.

        Raises ConsoleError WC-612 (also WC-603, WC-604, WC-605) when it cannot be written.
        """
        values = (
            utc_text(entry.time),
            *(entry.vin, entry.vehicle_name, entry.unit, entry.address, entry.kind.value, entry.what),
            *(entry.request, entry.answer, entry.outcome, entry.who, _details_text(entry.details)),
        )

        def change(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                f"INSERT INTO order_entries ({_COLUMNS}) VALUES ({','.join('?' * 12)})",  # noqa: S608  # constants
                values,
            )
            return int(row.lastrowid or 0)

        return self._write(change, "WC-612")

    def complete(self, entry_id: int, *, answer: bytes, outcome: str, details: Details = ()) -> None:
        """Add what came back; details are added to those that the entry began with.

        Raises ConsoleError WC-613 (also WC-604, WC-605) when it cannot be written; what was done to the
        vehicle was done all the same.
        """

        def change(connection: sqlite3.Connection) -> None:
            found = connection.execute(
                "SELECT details FROM order_entries WHERE entry_id = ?", (entry_id,)
            ).fetchone()
            if found is None:
                raise ConsoleError(
                    "WC-613", entry=entry_id, file=clean(self._database.file), detail=f"entry_id {entry_id}"
                )
            connection.execute(
                "UPDATE order_entries SET answer = ?, outcome = ?, details = ? WHERE entry_id = ?",
                (answer, outcome, _details_text((*_details_of(found[0]), *details)), entry_id),
            )

        self._write(change, "WC-613", entry=entry_id)

    def _write(self, change: Callable[[sqlite3.Connection], T], number: str, **facts: int) -> T:
        if self._refusal is not None and self._refusal.number != "WC-601":
            raise self._refusal
        try:
            if self._refusal is not None:
                raise self._refusal
            return self._database.write(change)
        except ConsoleError as error:
            if error.number not in ("WC-601", "WC-610"):
                raise
            detail = str(error.facts.get("detail", ""))
            raise ConsoleError(number, **facts, file=clean(self._database.file), detail=detail) from error

    def entries(self, vin: str, *, since: datetime | None = None) -> Sequence[OrderEntry]:
        """Return the entries of a vehicle, oldest first; without a VIN those of vehicles that told none."""
        return self._database.read(
            lambda c: [
                _entry(row)
                for row in c.execute(
                    f"{_SELECT} WHERE vin = :vin AND time >= :since ORDER BY entry_id",
                    {"vin": vin, "since": utc_text(since) if since else ""},
                )
            ]
        )

    def vehicles(self) -> Sequence[OrderVehicle]:
        """Return the vehicles that something was done to, the last one first."""
        return self._database.read(
            lambda c: [
                OrderVehicle(vin=vin, vehicle_name=name, entries=count, last=datetime.fromisoformat(last))
                # SQLite takes the other columns from the row of the maximum: the newest name.
                for vin, name, count, last, _newest in c.execute(
                    "SELECT vin, vehicle_name, count(*), time, max(entry_id) FROM order_entries"
                    " GROUP BY vin ORDER BY max(entry_id) DESC"
                )
            ]
        )


def _details_text(details: Details) -> str:
    return json.dumps(details, ensure_ascii=False, separators=(",", ":"))


def _details_of(text: object) -> Details:
    """Return what _details_text() wrote; what is none is shown as it stands, never lost."""
    with suppress(ValueError, TypeError, RecursionError):
        return tuple((str(name), str(value)) for name, value in json.loads(str(text)))
    return (("?", clean(text)),)


def _entry(row: tuple[Any, ...]) -> OrderEntry:
    entry_id, time, vin, vehicle_name, unit, address, kind, what, request, answer, outcome, who, details = row
    return OrderEntry(
        entry_id=entry_id,
        time=datetime.fromisoformat(time),
        vin=vin,
        vehicle_name=vehicle_name,
        unit=unit,
        address=address,
        kind=EntryKind(kind) if kind in _KINDS else EntryKind.OTHER,
        what=what,
        request=request,
        answer=answer,
        outcome=outcome,
        who=who,
        details=_details_of(details),
    )

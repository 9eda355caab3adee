"""Keeps packets and leases in SQLite: spending happens here, and never twice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from workshop_console.console.backend.packets import MINUTES, Balance, Duration, Packet, balance
from workshop_console.console.backend.time_floor import ForwardClock
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import ProductGroup

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x57434153  # "WCAS"
_BUSY_TIMEOUT_S = 3.0
_FLOOR_STEP_S = 15
"""Reading moves the kept floor only by steps of this size, so that it rarely writes."""

_SCHEMA = """
CREATE TABLE packets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product_group TEXT NOT NULL,
    duration TEXT NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    bought_at INTEGER NOT NULL,
    begun_at INTEGER,
    until INTEGER,
    idempotency_key TEXT UNIQUE,
    CHECK ((begun_at IS NULL) = (until IS NULL))
);
CREATE INDEX packets_of_group ON packets (product_group, bought_at, id);
CREATE TABLE leases (
    id TEXT PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    product_group TEXT NOT NULL,
    vin TEXT NOT NULL,
    packet_id INTEGER NOT NULL REFERENCES packets (id),
    begun_at INTEGER NOT NULL,
    until INTEGER NOT NULL
);
CREATE TABLE time_floor (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), told_at INTEGER NOT NULL);
INSERT INTO time_floor VALUES (1, 0);
"""

_PACKETS = "SELECT id, product_group, duration, minutes, bought_at, begun_at, until FROM packets"
_LEASES = "SELECT id, product_group, vin, begun_at, until FROM leases"
_NEW_PACKET = """
INSERT INTO packets (product_group, duration, minutes, bought_at, begun_at, until, idempotency_key)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class LedgerUnavailableError(Exception):
    """The database is locked, full, gone or damaged; the text says which."""


class NoCreditError(Exception):
    """The group has nothing left; `ever` is whether it had a packet before."""

    def __init__(self, group: ProductGroup, *, ever: bool) -> None:
        super().__init__(group, ever)
        self.group = group
        self.ever = ever


class KeyReusedError(Exception):
    """The idempotency key belongs to another request."""


@dataclass(frozen=True, kw_only=True)
class KeptLease:
    """One lease. Times are seconds since 1970, UTC."""

    lease_id: str
    group: ProductGroup
    vin: str
    begun_at: int
    until: int


@dataclass(frozen=True, kw_only=True)
class NewPacket:
    """A packet to add; `begun_ago_s` is for one that was begun before."""

    group: ProductGroup
    duration: Duration
    begun_ago_s: int | None = None


class Ledger:
    """The database of one access server; several processes may use one file.

    Args:
        file: the SQLite file, made with its folder when it is missing.
        first_packets: what a new database holds.
        clock: the time; its floor is kept in the database.

    Raises:
        ConsoleError: WC-605 locked, WC-604 disk full, WC-107 not writable, WC-603 of a newer version, WC-507
            damaged or not a database of an access server.
    """

    def __init__(
        self, file: Path, *, first_packets: Iterable[NewPacket] = (), clock: ForwardClock | None = None
    ) -> None:
        self._file = file
        self._clock = clock or ForwardClock()
        self._one_at_a_time = threading.Lock()
        connection: sqlite3.Connection | None = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                file, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection = connection
            self._prepare(tuple(first_packets))
        except (sqlite3.Error, OSError, ConsoleError) as error:
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()
            if isinstance(error, ConsoleError):
                raise
            raise as_console_error(error, file) from error

    def _prepare(self, first_packets: tuple[NewPacket, ...]) -> None:
        connection = self._connection
        # Before anything is changed: the file may be somebody else's database.
        self._is_new()
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # Power cuts lost acknowledged commits with NORMAL; a lease that was answered must be kept.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Asked again under the lock: another process may have made it meanwhile.
            if self._is_new():
                self._make(first_packets)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _is_new(self) -> bool:
        """Return whether the database is empty. Raises ConsoleError WC-507 or WC-603 when it is not ours."""
        connection = self._connection
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        name = clean(self._file)
        if tables == 0 and version == 0:
            return True
        if owner != _APPLICATION_ID:
            raise ConsoleError("WC-507", file=name, detail=f"application_id {owner:#x}")
        if version > SCHEMA_VERSION:
            raise ConsoleError("WC-603", file=name, found=version, known=SCHEMA_VERSION)
        # quick_check misses damage that this finds; the file is small.
        found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if found != "ok":
            raise ConsoleError("WC-507", file=name, detail=clean(found))
        return False

    def _make(self, first_packets: tuple[NewPacket, ...]) -> None:
        for statement in _SCHEMA.split(";\n"):
            if statement.strip():
                self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        now = self._now()
        for packet in first_packets:
            self._insert_packet(packet, now, key=None)
        self._keep_floor(now)

    def balances(self, groups: Iterable[ProductGroup]) -> tuple[int, tuple[Balance, ...]]:
        """Return the time and what each of `groups` has. Raises LedgerUnavailableError."""
        with self._transaction(writing=False):
            now = self._now()
            told = tuple(balance(group, self._packets(group), now) for group in groups)
            behind = now - self._floor() >= _FLOOR_STEP_S
        if behind:
            # A full or locked disk must not hide the figures; the floor follows with the next lease.
            with suppress(LedgerUnavailableError):
                self.keep_time()
        return now, told

    def lease(self, group: ProductGroup, *, key: str, vin: str) -> tuple[KeptLease, bool]:
        """Return the lease for this `key` and whether it is new; begin a packet when none is running.

        Raises:
            NoCreditError: nothing is left in `group`.
            KeyReusedError: `key` was used for another group.
            LedgerUnavailableError: nothing was spent; or it was, and the same key will return the lease.
        """
        with self._transaction(writing=True):
            if row := self._one(_LEASES + " WHERE idempotency_key = ?", key):
                kept = _lease(row)
                if kept.group is not group:
                    raise KeyReusedError
                return kept, False
            now = self._now()
            packets = self._packets(group)
            packet = next((p for p in packets if p.running(now)), None)
            if packet is None:
                packet = next((p for p in packets if p.until is None), None)
                if packet is None:
                    raise NoCreditError(group, ever=bool(packets))
                packet = self._begin(packet, now)
            assert packet.until is not None  # noqa: S101 - running or just begun
            lease = KeptLease(
                lease_id=str(uuid4()),
                group=group,
                vin=vin,
                begun_at=packet.begun_at or now,
                until=packet.until,
            )
            self._connection.execute(
                "INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?)",
                (lease.lease_id, key, group.value, vin, packet.packet_id, lease.begun_at, lease.until),
            )
            self._keep_floor(now)
            return lease, True

    def find_lease(self, lease_id: str) -> KeptLease | None:
        """Return a lease that was granted. Raises LedgerUnavailableError."""
        with self._transaction(writing=False):
            row = self._one(_LEASES + " WHERE id = ?", lease_id)
            return _lease(row) if row else None

    def add_packet(self, packet: NewPacket, *, key: str) -> tuple[Packet, bool]:
        """Add a packet once for this `key`; return it and whether it is new.

        Raises KeyReusedError, LedgerUnavailableError.
        """
        with self._transaction(writing=True):
            row = self._one(_PACKETS + " WHERE idempotency_key = ?", key)
            if row:
                kept = _packet(row)
                if (kept.group, kept.duration) != (packet.group, packet.duration):
                    raise KeyReusedError
                return kept, False
            now = self._now()
            packet_id = self._insert_packet(packet, now, key=key)
            self._keep_floor(now)
            row = self._one(_PACKETS + " WHERE id = ?", packet_id)
            assert row is not None  # noqa: S101 - inserted above
            return _packet(row), True

    def keep_time(self) -> None:
        """Keep the time that it is now, so that it cannot be made earlier. Raises LedgerUnavailableError."""
        with self._transaction(writing=True):
            self._keep_floor(self._now())

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._one_at_a_time, suppress(sqlite3.Error):
            self._connection.close()

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[None]:
        """Run one transaction; a writing one takes the lock first, so that nothing was read before it."""
        with self._one_at_a_time:
            try:
                self._connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
                try:
                    yield
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        with suppress(sqlite3.Error):
                            self._connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, ValueError) as error:
                # ValueError: a row that no version of this program wrote.
                raise LedgerUnavailableError(clean(error)) from error

    def _one(self, statement: str, *values: str | int) -> tuple[object, ...] | None:
        row: tuple[object, ...] | None = self._connection.execute(statement, values).fetchone()
        return row

    def _packets(self, group: ProductGroup) -> list[Packet]:
        rows = self._connection.execute(
            _PACKETS + " WHERE product_group = ? ORDER BY bought_at, id",
            (group.value,),
        )
        return [_packet(row) for row in rows]

    def _begin(self, packet: Packet, now: int) -> Packet:
        until = now + packet.minutes * 60
        self._connection.execute(
            "UPDATE packets SET begun_at = ?, until = ? WHERE id = ?", (now, until, packet.packet_id)
        )
        return Packet(
            packet_id=packet.packet_id,
            group=packet.group,
            duration=packet.duration,
            minutes=packet.minutes,
            bought_at=packet.bought_at,
            begun_at=now,
            until=until,
        )

    def _insert_packet(self, packet: NewPacket, now: int, *, key: str | None) -> int:
        minutes = MINUTES[packet.duration]
        begun = None if packet.begun_ago_s is None else now - packet.begun_ago_s
        cursor = self._connection.execute(
            _NEW_PACKET,
            (
                packet.group.value,
                packet.duration.value,
                minutes,
                now if begun is None else begun,
                begun,
                None if begun is None else begun + minutes * 60,
                key,
            ),
        )
        return int(cursor.lastrowid or 0)

    def _floor(self) -> int:
        row = self._one("SELECT told_at FROM time_floor")
        return int(str(row[0])) if row else 0

    def _now(self) -> int:
        return self._clock.now(self._floor())

    def _keep_floor(self, now: int) -> None:
        self._connection.execute("UPDATE time_floor SET told_at = max(told_at, ?)", (now,))


def _packet(row: tuple[object, ...]) -> Packet:
    packet_id, group, duration, minutes, bought_at, begun_at, until = row
    return Packet(
        packet_id=int(str(packet_id)),
        group=ProductGroup(str(group)),
        duration=Duration(str(duration)),
        minutes=int(str(minutes)),
        bought_at=int(str(bought_at)),
        begun_at=None if begun_at is None else int(str(begun_at)),
        until=None if until is None else int(str(until)),
    )


def _lease(row: tuple[object, ...]) -> KeptLease:
    lease_id, group, vin, begun_at, until = row
    return KeptLease(
        lease_id=str(lease_id),
        group=ProductGroup(str(group)),
        vin=str(vin),
        begun_at=int(str(begun_at)),
        until=int(str(until)),
    )


def as_console_error(error: sqlite3.Error | OSError, file: Path) -> ConsoleError:
    """Return the numbered message for a database that could not be opened or made."""
    name = clean(file)
    if isinstance(error, OSError):
        return ConsoleError("WC-107", file=name, detail=clean(error.strerror or error))
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ConsoleError("WC-605", file=name)
    if primary == sqlite3.SQLITE_FULL:
        return ConsoleError("WC-604", file=name)
    if primary in (
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
    ):
        return ConsoleError("WC-107", file=name, detail=clean(error))
    return ConsoleError("WC-507", file=name, detail=clean(error))

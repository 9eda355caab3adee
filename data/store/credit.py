"""What the access server said last (port CreditMemory)."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from uuid import uuid4

from workshop_console.console.model.credit import CreditReport, Edition, Lease, ProductGroup
from workshop_console.console.model.plain import from_plain, to_plain
from workshop_console.data.store.guarded import GuardedDatabase


class StoredCredit:
    """Credit, leases and the keys of lease requests that were not answered yet."""

    def __init__(self, database: GuardedDatabase) -> None:
        self._database = database

    def credit(self, edition: Edition) -> CreditReport | None:
        """Return the last known credit, marked as not just now from the server, or None."""
        found = self._database.read(
            lambda c: c.execute("SELECT body FROM credit WHERE edition = ?", (edition.value,)).fetchone()
        )
        if found is None:
            return None
        try:
            return from_plain(CreditReport, {**json.loads(found[0]), "online": False})
        except (ValueError, TypeError):
            return None  # of another version of the console: as good as not known

    def remember_credit(self, report: CreditReport) -> None:
        """Keep the server's word with its age."""
        body = json.dumps(to_plain(report))
        self._database.write(
            lambda c: c.execute(
                "INSERT INTO credit (edition, body) VALUES (?, ?)"
                " ON CONFLICT (edition) DO UPDATE SET body = excluded.body",
                (report.edition.value, body),
            )
        )

    def lease(self, group: ProductGroup, now: datetime) -> Lease | None:
        """Return the lease remembered last of those that run at `now`: the server in use now granted it."""
        found = self._database.read(
            lambda c: c.execute(
                "SELECT lease_id, begun, until, source FROM leases WHERE product_group = ? AND until > ?"
                " ORDER BY remembered DESC LIMIT 1",
                (group.value, _utc(now)),
            ).fetchone()
        )
        if found is None:
            return None
        lease_id, begun, until, source = found
        return Lease(
            lease_id=lease_id,
            group=group,
            begun=datetime.fromisoformat(begun),
            until=datetime.fromisoformat(until),
            source=source,
        )

    def remember_lease(self, lease: Lease) -> None:
        """Keep a lease; of a group only the latest few are of use."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO leases (lease_id, product_group, begun, until, source)"
                " VALUES (?, ?, ?, ?, ?)",
                (lease.lease_id, lease.group.value, _utc(lease.begun), _utc(lease.until), lease.source),
            )
            connection.execute(
                "DELETE FROM leases WHERE product_group = ? AND remembered NOT IN"
                " (SELECT remembered FROM leases WHERE product_group = ? ORDER BY remembered DESC LIMIT 20)",
                (lease.group.value, lease.group.value),
            )

        self._database.write(change)

    def lease_key(self, group: ProductGroup) -> str:
        """Return the key of the lease request that was not answered yet; a new one is kept first."""

        def change(connection: sqlite3.Connection) -> str:
            connection.execute(
                "INSERT INTO lease_keys (product_group, key) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (group.value, str(uuid4())),
            )
            found = connection.execute("SELECT key FROM lease_keys WHERE product_group = ?", (group.value,))
            return str(found.fetchone()[0])

        return self._database.write(change)

    def forget_lease_key(self, group: ProductGroup, key: str) -> None:
        """Drop `key` if it is still the kept one: its request was answered."""
        self._database.write(
            lambda c: c.execute(
                "DELETE FROM lease_keys WHERE product_group = ? AND (? = '' OR key = ?)",
                (group.value, key, key),
            )
        )


def _utc(time: datetime) -> str:
    """Return `time` in a form whose order as text is its order in time."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")

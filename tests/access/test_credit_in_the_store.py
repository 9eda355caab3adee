"""The credit desk with the store that the console has: what a later process finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.access.servers import Reply, call, misbehaving, serving
from workshop_console.console.access.http_access_server import HttpAccessServer
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditDesk
from workshop_console.console.model.credit import Edition, ProductGroup
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.settings import Folders
from workshop_console.data.store import open_store

EQ = ProductGroup.EQ


class NoTexts:
    """No shipped messages: they are not what is tried here."""

    def fingerprint(self) -> str:
        return "none"

    def messages(self) -> Iterable[tuple[Edition, NumberedMessage]]:
        return ()


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def process(url: str, source: str = "local") -> Iterator[CreditDesk]:
    """Stand for one run of the console: the store is opened and closed again."""
    store = open_store(Folders.of_user(), texts=NoTexts())
    try:
        assert store.problems == []
        server = HttpAccessServer(url, 10)
        yield CreditDesk(server, store.credit, SystemClock(), Edition.LITE, source=source)
    finally:
        store.close()


def gone(url: str) -> Reply | None:
    try:
        return call(url, "GET", "/v1/health")
    except OSError:
        return None


def test_figures_and_a_running_lease_are_there_without_the_server(tmp_path: Path) -> None:
    with serving(tmp_path / "a.db") as url, process(url) as desk:
        lease = desk.lease(EQ)
        told = desk.ask().report
        assert told.online
    assert gone(url) is None
    with process(url) as desk:
        known = desk.known()
        assert (known.as_of, known.groups) == (told.as_of, told.groups)
        assert not known.online
        assert desk.lease(EQ) == lease
        assert [message.number for message in desk.ask().messages] == ["2221-47", "WC-504"]
        with pytest.raises(ConsoleError, match="2221-47"):
            desk.lease(ProductGroup.VANS)
        assert desk.lease(ProductGroup.VANS, simulated=True) is None


def test_what_the_demonstration_granted_counts_for_nothing_at_another_server(tmp_path: Path) -> None:
    with serving(tmp_path / "demonstration.db") as url, process(url) as desk:
        assert desk.lease(EQ) is not None
        assert desk.ask().report.online
    with serving(tmp_path / "real.db", demo=False) as url, process(url, source=url) as desk:
        assert desk.known().as_of is None
        with pytest.raises(ConsoleError, match="2173-42"):
            desk.lease(EQ)


def test_a_request_that_was_not_answered_is_repeated_by_the_next_process(tmp_path: Path) -> None:
    asked: list[object] = []
    swallow = asked.append

    with misbehaving(swallow) as url, process(url) as desk, pytest.raises(ConsoleError, match="2173-40"):
        desk.lease(EQ)
    assert len(asked) == 1
    store = open_store(Folders.of_user(), texts=NoTexts())
    kept = store.credit.lease_key(EQ)
    store.close()
    with serving(tmp_path / "a.db") as url:
        with process(url) as desk:
            lease = desk.lease(EQ)
        assert lease is not None
        # The server knows the key as that lease's: it was the kept one that was sent.
        headers = {"Idempotency-Key": kept, "Content-Type": "application/json"}
        again = call(url, "POST", "/v1/leases", b'{"group": "eq"}', headers)
        assert (again.status, lease.lease_id in again.body.decode()) == (200, True)
    store = open_store(Folders.of_user(), texts=NoTexts())
    assert store.credit.lease_key(EQ) != kept
    store.close()

"""What was done is kept before it is done, by any number of consoles, and never lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.store.conftest import Opener
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.settings import Folders
from workshop_console.data.store import Store, open_store
from workshop_console.i18n.messages import SHIPPED

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
VIN = "W1K2060041F048211"
ENTRY = OrderEntry(
    time=NOW,
    vin=VIN,
    vehicle_name="Car",
    unit="Engine",
    address="0x1001",
    kind=EntryKind.ACTUATION,
    what="Radiator fan",
    request=b"\x2f\x12\x34\x03\x50",
    who="Ana",
    details=(("Speed", "50 %"),),
)


def test_an_entry_is_kept_as_it_was_begun_and_completed(opener: Opener) -> None:
    number = opener().orders.begin(ENTRY)
    (begun,) = opener().orders.entries(VIN)
    assert begun == replace(ENTRY, entry_id=number)
    assert begun.outcome == "begun"
    opener().orders.complete(
        number, answer=b"\x7f\x2f\x22", outcome="refused 0x22", details=(("Why", "engine runs"),)
    )
    (ended,) = opener().orders.entries(VIN)
    assert ended == replace(
        ENTRY,
        entry_id=number,
        answer=b"\x7f\x2f\x22",
        outcome="refused 0x22",
        details=(("Speed", "50 %"), ("Why", "engine runs")),
    )


def test_vehicles_are_kept_apart_and_listed_newest_first(store: Store) -> None:
    for vin, hours in ((VIN, 0), ("OTHER", 1), ("", 2), (VIN, 3)):
        store.orders.begin(
            replace(ENTRY, vin=vin, time=NOW + timedelta(hours=hours), vehicle_name=f"{hours}")
        )
    assert [entry.time.hour for entry in store.orders.entries(VIN)] == [8, 11]
    assert [entry.time.hour for entry in store.orders.entries(VIN, since=NOW + timedelta(hours=3))] == [11]
    assert len(store.orders.entries("")) == 1
    assert store.orders.entries("NOBODY") == []
    found = [(v.vin, v.vehicle_name, v.entries, v.last.hour) for v in store.orders.vehicles()]
    assert found == [(VIN, "3", 2, 11), ("", "2", 1, 10), ("OTHER", "1", 1, 9)]


def test_since_counts_in_any_time_zone(store: Store) -> None:
    from datetime import timezone

    store.orders.begin(ENTRY)
    there = NOW.astimezone(timezone(timedelta(hours=-9)))
    assert len(store.orders.entries(VIN, since=there)) == 1
    assert len(store.orders.entries(VIN, since=there + timedelta(seconds=1))) == 0


def _write(folders: Folders, name: str, count: int) -> None:
    store = open_store(folders, texts=SHIPPED)
    for _ in range(count):
        number = store.orders.begin(replace(ENTRY, who=name))
        store.orders.complete(number, answer=name.encode(), outcome="done")
    store.close()


def test_two_consoles_keep_entries_at_once(store: Store, folders: Folders) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(folders, name, 25)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    entries = store.orders.entries(VIN)
    assert len(entries) == 50
    assert len({entry.entry_id for entry in entries}) == 50
    assert all(entry.outcome == "done" and entry.answer == entry.who.encode() for entry in entries)


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_an_entry_of_a_killed_console_shows_as_begun(opener: Opener, folders: Folders) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.store.test_order_book import ENTRY\n"
        "from workshop_console.console.settings import Folders\n"
        "from workshop_console.data.store import open_store\n"
        "from workshop_console.i18n.messages import SHIPPED\n"
        "config, data, state = map(Path, sys.argv[1:])\n"
        "store = open_store(Folders(config=config, data=data, state=state), texts=SHIPPED)\n"
        "print(store.orders.begin(ENTRY), flush=True)\n"
        "sys.stdin.read()\n"
    )
    arguments = [str(folder) for folder in (folders.config, folders.data, folders.state)]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
    ) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert opener().orders.entries(VIN) == [replace(ENTRY, entry_id=number)]


def test_entries_are_salvaged_from_a_damaged_file(opener: Opener, folders: Folders) -> None:
    first = opener()
    number = first.orders.begin(ENTRY)
    first.orders.complete(number, answer=b"\x6f", outcome="done")
    first.close()
    connection = sqlite3.connect(folders.records_file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'order_entries_by_vin'"
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    content = bytearray(folders.records_file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xaa" * size
    folders.records_file.write_bytes(bytes(content))
    store = opener()
    (entry,) = store.orders.entries(VIN)
    assert entry == replace(ENTRY, entry_id=number, answer=b"\x6f", outcome="done")
    assert [problem.number for problem in store.problems] == ["WC-602"]
    assert store.orders.begin(ENTRY) > number


def test_an_answer_without_its_entry_is_told(store: Store) -> None:
    with pytest.raises(ConsoleError) as caught:
        store.orders.complete(4711, answer=b"", outcome="done")
    assert (caught.value.number, caught.value.facts["entry"]) == ("WC-613", 4711)


def test_a_file_that_cannot_be_written_refuses_before_anything_is_sent(
    opener: Opener, folders: Folders
) -> None:
    opener().close()
    connection = sqlite3.connect(folders.records_file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConsoleError) as caught:
        opener().orders.begin(ENTRY)
    assert caught.value.number == "WC-603"


def test_a_read_only_file_is_told_as_the_order_book(store: Store) -> None:
    store.databases[2].write(
        lambda c: c.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON order_entries BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    )
    with pytest.raises(ConsoleError) as caught:
        store.orders.begin(ENTRY)
    assert (caught.value.number, caught.value.facts["detail"]) == ("WC-612", "no")


@pytest.mark.parametrize("details", ["", "{", "[1]", '[["a"]]', "[" * 100_000])
def test_details_that_cannot_be_understood_are_shown_as_they_are(store: Store, details: str) -> None:
    number = store.orders.begin(ENTRY)
    store.databases[2].write(
        lambda c: c.execute("UPDATE order_entries SET details = ?, kind = 'telepathy'", (details,))
    )
    (entry,) = store.orders.entries(VIN)
    assert entry.entry_id == number
    assert entry.details[0][0] == "?"
    assert entry.kind is EntryKind.OTHER

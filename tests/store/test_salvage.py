"""What can still be read in a damaged records file is brought over into the new one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.store.conftest import Opener
from tests.store.test_codings import CODING
from tests.store.test_journal import PLAN
from tests.store.test_order_book import ENTRY
from tests.store.test_report_json import REPORT
from tests.store.test_value_sets import IDLE
from workshop_console.console.model.flash import FlashStep
from workshop_console.console.settings import Folders
from workshop_console.data.store.database import Database
from workshop_console.data.store.salvage import salvage_records
from workshop_console.data.store.schema import RECORDS_MIGRATIONS

_PAGE_BYTES = 4_096


def spoil(file: Path, page: int) -> None:
    """Write nonsense over a page; the first one is number 0."""
    content = bytearray(file.read_bytes())
    content[page * _PAGE_BYTES : (page + 1) * _PAGE_BYTES] = b"\xa5" * _PAGE_BYTES
    file.write_bytes(content)


def test_everything_survives_the_damage_of_an_index(folders: Folders, opener: Opener) -> None:
    first = opener()
    report = first.records.keep(REPORT)
    entry = first.orders.begin(ENTRY)
    coding = first.codings.keep(CODING)
    first.value_sets.keep(IDLE)
    job = first.journal.create(PLAN)
    step = first.journal.begin(job, "ENGINE", FlashStep.ERASE)
    first.close()
    with closing(sqlite3.connect(folders.records_file)) as connection:
        asked = "SELECT rootpage FROM sqlite_schema WHERE name = 'codings_by_vin'"
        (page,) = connection.execute(asked).fetchone()
    spoil(folders.records_file, page - 1)
    store = opener()
    assert store.codings.list(CODING.vin) == [replace(CODING, coding_id=coding)]
    assert [problem.number for problem in store.problems] == ["WC-602"]
    assert store.records.load(report) is not None
    assert [kept.entry_id for kept in store.orders.entries(ENTRY.vin)] == [entry]
    assert store.value_sets.list(IDLE.vehicle) == [IDLE]
    assert [kept.entry_id for kept in store.journal.entries(job)] == [step]


def test_value_sets_before_and_after_a_damaged_page_survive(folders: Folders, opener: Opener) -> None:
    first = opener()
    sets = [replace(IDLE, name=f"number {number:03}", values=IDLE.values * 20) for number in range(100)]
    for chosen in sets:
        first.value_sets.keep(chosen)
    first.close()
    spoil(folders.records_file, folders.records_file.read_bytes().index(b"number 050") // _PAGE_BYTES)
    store = opener()
    found = store.value_sets.list(IDLE.vehicle)
    assert len(sets) - 10 < len(found) < len(sets)
    assert (found[0], found[-1]) == (sets[0], sets[-1])


def test_a_number_out_of_all_proportion_costs_no_time(folders: Folders, opener: Opener) -> None:
    store = opener()
    first = store.orders.begin(ENTRY)
    far = 1 << 60
    store.databases[2].write(lambda c: c.execute("UPDATE sqlite_sequence SET seq = ?", (far - 1,)))
    assert store.orders.begin(ENTRY) == far
    store.close()
    rebuilt = Database(folders.state / "rebuilt.db", RECORDS_MIGRATIONS, durable=True)
    rebuilt.prepare()
    salvage_records(folders.records_file, rebuilt)
    assert rebuilt.read(lambda c: c.execute("SELECT entry_id FROM order_entries").fetchall()) == [
        (first,),
        (far,),
    ]
    rebuilt.close()


def test_a_file_that_is_no_database_brings_over_nothing(folders: Folders) -> None:
    folders.state.mkdir(parents=True)
    broken = folders.state / "broken.db"
    broken.write_bytes(b"SQLite damaged 3" + bytes(8_192))
    rebuilt = Database(folders.state / "rebuilt.db", RECORDS_MIGRATIONS, durable=True)
    rebuilt.prepare()
    waiting = folders.state / "waiting.db"
    if hasattr(os, "mkfifo"):
        os.mkfifo(waiting)
    for damaged in (broken, Path("nowhere.db"), waiting):
        salvage_records(damaged, rebuilt)
        assert rebuilt.read(lambda c: c.execute("SELECT count(*) FROM codings").fetchone()) == (0,)
    rebuilt.close()

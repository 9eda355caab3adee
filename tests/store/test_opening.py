"""Damaged, locked, newer, full and unwritable files: the console starts, says so, and loses nothing."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.conftest import Opener
from tests.store.descriptions import description
from tests.store.test_report_json import REPORT
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import Edition
from workshop_console.console.settings import Folders
from workshop_console.data.store import Store, database, open_store
from workshop_console.data.store.database import as_console_error
from workshop_console.data.store.schema import RECORDS_MIGRATIONS, STORE_MIGRATIONS
from workshop_console.i18n.messages import SHIPPED

LITE = Edition.LITE


def told(store: Store) -> list[str]:
    return [error.number for error in store.problems]


def works(store: Store) -> None:
    assert store.messages.get("2221-47", lang="de", edition=LITE) is not None
    kept = store.catalogue.add(description())
    assert kept in store.catalogue.descriptions()


def set_aside(folder: Path, name: str) -> list[Path]:
    return [file for file in sorted(folder.glob(f"{name}.damaged-*")) if file.suffix == ".db"]


def test_first_start_creates_both_files_whole(folders: Folders, opener: Opener) -> None:
    assert told(opener()) == []
    made = ((folders.store_file, STORE_MIGRATIONS), (folders.records_file, RECORDS_MIGRATIONS))
    for file, migrations in made:
        connection = sqlite3.connect(file)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(migrations),)
        connection.close()
    assert list(folders.data.glob("*.new*")) == []


def test_records_are_written_through_to_the_disk(store: Store) -> None:
    records, cache = store.databases[2], store.databases[0]
    assert records.read(lambda c: c.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert cache.read(lambda c: c.execute("PRAGMA foreign_keys").fetchone()) == (1,)


def test_a_deleted_store_is_rebuilt_without_a_word_and_reports_stay(folders: Folders, opener: Opener) -> None:
    first = opener()
    number = first.records.keep(REPORT)
    works(first)
    first.close()
    for file in folders.data.iterdir():
        file.unlink()
    again = opener()
    assert told(again) == []
    works(again)
    assert again.records.load(number) is not None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="zero length"),
        pytest.param(b"SQLite format 3\x00", id="cut off in the header"),
        pytest.param(b"no database " * 1_000, id="something else"),
        pytest.param(b"SQLite format 3\x00" + b"\xff" * 8_176, id="garbage after the header"),
    ],
)
def test_a_damaged_store_is_set_aside_and_rebuilt(folders: Folders, opener: Opener, content: bytes) -> None:
    folders.data.mkdir(parents=True)
    folders.store_file.write_bytes(content)
    store = opener()
    assert told(store) == ["WC-600"]
    (kept,) = set_aside(folders.data, "store")
    assert kept.read_bytes() == content
    assert store.problems[0].facts == {"file": str(folders.store_file), "kept_as": str(kept)}
    works(store)
    assert told(opener()) == []


def test_a_database_of_something_else_is_set_aside_untouched(folders: Folders, opener: Opener) -> None:
    folders.data.mkdir(parents=True)
    other = sqlite3.connect(folders.store_file)
    other.execute("CREATE TABLE letters (text)")
    other.commit()
    other.close()
    assert told(opener()) == ["WC-600"]
    (kept,) = set_aside(folders.data, "store")
    assert sqlite3.connect(kept).execute("SELECT count(*) FROM letters").fetchone() == (0,)


@pytest.mark.parametrize("name", ["store", "records"])
def test_a_file_that_lacks_a_table_is_set_aside_and_what_is_left_is_kept(
    name: str, folders: Folders, opener: Opener
) -> None:
    first = opener()
    number = first.records.keep(REPORT)
    works(first)
    first.close()
    file = folders.store_file if name == "store" else folders.records_file
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"DROP TABLE {'descriptions' if name == 'store' else 'value_sets'}")
    again = opener()
    assert told(again) == ["WC-600" if name == "store" else "WC-602"]
    works(again)
    assert again.records.load(number) is not None
    assert len(set_aside(file.parent, name)) == 1


def damage_pages(file: Path, pages: range) -> None:
    with file.open("r+b") as target:
        for page in pages:
            target.seek(page * 4_096)
            target.write(b"\xa5" * 4_096)


def test_damage_that_shows_later_is_mended_while_running(folders: Folders, opener: Opener) -> None:
    first = opener()
    works(first)
    first.close()
    pages = folders.store_file.stat().st_size // 4_096
    damage_pages(folders.store_file, range(pages // 2, pages))
    store = opener()
    assert told(store) == [], "the header is whole, so nothing is known yet"
    assert store.messages.search("2221-47", lang="de", edition=LITE)[0].number == "2221-47"
    assert told(store) == ["WC-600"]
    works(store)
    assert told(store) == ["WC-600"]
    assert len(set_aside(folders.data, "store")) == 1


def test_many_threads_that_meet_damage_set_one_file_aside(folders: Folders, opener: Opener) -> None:
    first = opener()
    works(first)
    first.close()
    pages = folders.store_file.stat().st_size // 4_096
    damage_pages(folders.store_file, range(pages // 2, pages))
    store = opener()
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            store.catalogue.descriptions()
            store.messages.search("2221-47", lang="de", edition=LITE)
        except ConsoleError as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set_aside(folders.data, "store")) == 1
    assert told(store) == ["WC-600"]
    works(store)


def test_a_console_that_runs_follows_when_another_sets_the_file_aside(
    folders: Folders, opener: Opener
) -> None:
    running = opener()
    assert running.records.keep(REPORT) == 1
    other = database.Database(folders.records_file, RECORDS_MIGRATIONS, durable=True)
    damage_pages(folders.records_file, range(1, 2))
    other.set_aside()
    other.close()
    number = running.records.keep(REPORT)
    running.close()
    assert opener().records.load(number) is not None, "kept in the new file, not in the one set aside"


def test_files_that_are_deleted_under_a_running_console_are_made_anew(
    folders: Folders, opener: Opener
) -> None:
    running = opener()
    works(running)
    for folder in (folders.data, folders.state):
        shutil.rmtree(folder)
    number = running.records.keep(REPORT)
    works(running)
    assert opener().records.load(number) is not None


def test_reports_are_brought_over_from_damaged_records(folders: Folders, opener: Opener) -> None:
    first = opener()
    for _ in range(30):
        first.records.keep(REPORT)
    first.close()
    pages = folders.records_file.stat().st_size // 4_096
    damage_pages(folders.records_file, range(pages - 4, pages - 2))
    content = folders.records_file.read_bytes()
    store = opener()
    listed = store.records.list()  # shows the damage
    assert told(store) == ["WC-602"]
    (kept,) = set_aside(folders.state, "records")
    assert kept.read_bytes() == content, "the damaged file is left as it is"
    assert 0 < len(listed) <= 30
    whole = [summary.report_id for summary in listed]
    assert all(store.records.load(number) is not None for number in whole)
    assert store.records.keep(REPORT) > max(whole)


def test_zero_length_records_are_told_of(folders: Folders, opener: Opener) -> None:
    folders.state.mkdir(parents=True)
    folders.records_file.touch()
    store = opener()
    assert told(store) == ["WC-602"]
    assert store.records.keep(REPORT) == 1


def make_newer(file: Path) -> bytes:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file.read_bytes()


def test_a_newer_store_is_left_alone_and_another_file_is_used(folders: Folders, opener: Opener) -> None:
    opener().close()
    content = make_newer(folders.store_file)
    store = opener()
    assert told(store) == ["WC-603"]
    assert store.problems[0].facts == {"file": str(folders.store_file), "found": 99, "known": 1}
    works(store)
    assert folders.store_file.read_bytes() == content
    assert (folders.data / "store-v1.db").exists()


def test_newer_records_are_only_read(folders: Folders, opener: Opener) -> None:
    first = opener()
    number = first.records.keep(REPORT)
    first.close()
    content = make_newer(folders.records_file)
    store = opener()
    assert told(store) == ["WC-603"]
    assert store.records.load(number) is not None
    with pytest.raises(ConsoleError, match="WC-603"):
        store.records.keep(REPORT)
    store.close()
    assert folders.records_file.read_bytes() == content


def test_a_file_where_the_folder_should_be(folders: Folders, opener: Opener) -> None:
    folders.data.parent.mkdir(parents=True, exist_ok=True)
    folders.data.touch()
    folders.state.touch()
    store = opener()
    assert told(store) == ["WC-610", "WC-610"]
    works(store)
    with pytest.raises(ConsoleError) as caught:
        store.records.keep(REPORT)
    assert caught.value.number == "WC-601"
    assert store.records.list() == []


def test_a_locked_store_is_told_and_nothing_is_lost(
    folders: Folders, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener().close()
    monkeypatch.setitem(database._OPTIONS, "timeout", 0.05)
    blocker = sqlite3.connect(folders.records_file, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store = opener()
    with pytest.raises(ConsoleError) as caught:
        store.records.keep(REPORT)
    assert (caught.value.number, caught.value.facts) == ("WC-605", {"file": str(folders.records_file)})
    blocker.execute("COMMIT")
    blocker.close()
    assert store.records.keep(REPORT) == 1


_FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from workshop_console.console.errors import ConsoleError
from workshop_console.console.settings import Folders
from workshop_console.data.store import open_store
from workshop_console.i18n.messages import SHIPPED
from tests.store.test_report_json import REPORT
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folders = Folders.of_user()
store = open_store(folders, texts=SHIPPED)
kept = store.records.keep(REPORT)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
numbers = []
for _ in range(60):
    try:
        kept = store.records.keep(REPORT)
    except ConsoleError as error:
        numbers.append(error.number)
print(kept, len(store.records.list()), sorted(set(numbers)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_disk_without_room_loses_no_report_that_was_kept(folders: Folders, own_home: Path) -> None:
    """A file size limit stands for the full disk: SQLite gets its write error at the same places."""
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", _FILL_THE_DISK],
        cwd=root,
        env={"PYTHONPATH": str(root), "WORKSHOP_CONSOLE_HOME": str(own_home), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    kept, listed, *numbers = found.stdout.split(maxsplit=2)
    assert int(kept) == int(listed) > 1
    assert numbers[0].strip() in ("['WC-601']", "['WC-604']")


def _keep_some(folders: Folders, count: int, done: multiprocessing.queues.Queue[list[int]]) -> None:
    store = open_store(folders, texts=SHIPPED)
    done.put([store.records.keep(REPORT) for _ in range(count)])
    store.messages.search("2221", lang="de", edition=LITE)
    store.close()


def test_two_consoles_at_once_from_the_first_start_on(folders: Folders, opener: Opener) -> None:
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    consoles = [context.Process(target=_keep_some, args=(folders, 10, done)) for _ in range(3)]
    for console in consoles:
        console.start()
    kept = [number for _ in consoles for number in done.get(timeout=60)]
    for console in consoles:
        console.join(60)
    assert sorted(kept) == list(range(1, 31))
    store = opener()
    assert told(store) == []
    assert len(store.records.list()) == 30
    assert set_aside(folders.data, "store") == set_aside(folders.state, "records") == []


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    one = database.Database(file, ("CREATE TABLE a (x);",), durable=False)
    one.prepare()
    one.close()
    two = database.Database(
        file, ("CREATE TABLE a (x);", "CREATE TABLE b (x); CREATE TABLE a (x);"), durable=False
    )
    with pytest.raises(sqlite3.OperationalError):
        two.prepare()
    assert two.read(lambda c: c.execute("SELECT name FROM sqlite_schema").fetchall()) == [("a",)]
    two.close()
    three = database.Database(file, ("CREATE TABLE a (x);", "CREATE TABLE b (x);"), durable=False)
    three.prepare()
    assert three.read(lambda c: c.execute("PRAGMA user_version").fetchone()) == (2,)
    three.close()


def test_connections_of_ended_threads_are_given_back(store: Store) -> None:
    for _ in range(20):
        thread = threading.Thread(target=store.catalogue.descriptions)
        thread.start()
        thread.join()
    store.catalogue.descriptions()
    assert len(store.databases[0]._database._connections) <= 3


@pytest.mark.parametrize(("free", "number"), [(0, "WC-604"), (2**30, "WC-610")])
def test_a_side_file_that_has_no_room_is_told_as_a_full_disk(
    free: int, number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(2**30, 2**30 - free, free))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = 4874  # SQLITE_IOERR_SHMSIZE
    assert as_console_error(error, tmp_path / "records.db").number == number

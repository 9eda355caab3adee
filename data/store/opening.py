"""Opens the store and the records, and says what was wrong with them; the console always gets both."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, cast

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.lean import dataclass
from workshop_console.console.settings import Folders
from workshop_console.data.store.credit import StoredCredit
from workshop_console.data.store.database import DamagedError, Database, NewerError, as_console_error
from workshop_console.data.store.guarded import GuardedDatabase
from workshop_console.data.store.late import Late
from workshop_console.data.store.messages import ShippedTexts, StoredMessages
from workshop_console.data.store.schema import RECORDS_MIGRATIONS, STORE_MIGRATIONS

if TYPE_CHECKING:
    from workshop_console.data.store.catalogue import StoredCatalogue
    from workshop_console.data.store.codings import StoredCodings
    from workshop_console.data.store.journal import StoredJournal
    from workshop_console.data.store.order_book import StoredOrderBook
    from workshop_console.data.store.records import StoredRecords
    from workshop_console.data.store.value_sets import StoredValueSets


@dataclass(frozen=True, kw_only=True)
class Store:
    """Everything that is kept between two starts."""

    catalogue: StoredCatalogue
    messages: StoredMessages
    credit: StoredCredit
    records: StoredRecords
    orders: StoredOrderBook
    codings: StoredCodings
    value_sets: StoredValueSets
    journal: StoredJournal
    problems: list[ConsoleError]
    """What was found wrong; grows when damage shows later."""
    databases: tuple[GuardedDatabase, ...]

    @property
    def in_memory(self) -> bool:
        """Whether what is imported goes with this process."""
        return self.databases[0].in_memory

    def close(self) -> None:
        """Give all files back; safe to call twice."""
        for database in self.databases:
            database.close()


def open_store(folders: Folders, *, texts: ShippedTexts) -> Store:
    """Open what `folders` name, creating and repairing as needed; never fails, `problems` says why.

    Args:
        folders: where the files stand.
        texts: the shipped messages (workshop_console.i18n.messages.SHIPPED); asked when one is first needed.
    """
    problems: list[ConsoleError] = []
    store = _open_cache(folders.store_file, problems)
    in_memory = _guarded(Database(None, STORE_MIGRATIONS, durable=False), problems)
    records, refusal = _open_records(folders.records_file, problems)
    return Store(
        catalogue=cast("StoredCatalogue", Late(lambda: _catalogue(store))),
        messages=StoredMessages(store, in_memory, texts),
        credit=StoredCredit(store),
        records=cast("StoredRecords", Late(lambda: _records(records, refusal))),
        orders=cast("StoredOrderBook", Late(lambda: _orders(records, refusal))),
        codings=cast("StoredCodings", Late(lambda: _codings(records, refusal))),
        value_sets=cast("StoredValueSets", Late(lambda: _value_sets(records, refusal))),
        journal=cast("StoredJournal", Late(lambda: _journal(records, refusal))),
        problems=problems,
        databases=(store, in_memory, records),
    )


def _catalogue(store: GuardedDatabase) -> StoredCatalogue:
    from workshop_console.data.store.catalogue import StoredCatalogue

    return StoredCatalogue(store)


def _records(records: GuardedDatabase, refusal: ConsoleError | None) -> StoredRecords:
    from workshop_console.data.store.records import StoredRecords

    return StoredRecords(records, refusal)


def _orders(records: GuardedDatabase, refusal: ConsoleError | None) -> StoredOrderBook:
    from workshop_console.data.store.order_book import StoredOrderBook

    return StoredOrderBook(records, refusal)


def _codings(records: GuardedDatabase, refusal: ConsoleError | None) -> StoredCodings:
    from workshop_console.data.store.codings import StoredCodings

    return StoredCodings(records, refusal)


def _value_sets(records: GuardedDatabase, refusal: ConsoleError | None) -> StoredValueSets:
    from workshop_console.data.store.value_sets import StoredValueSets

    return StoredValueSets(records, refusal)


def _journal(records: GuardedDatabase, refusal: ConsoleError | None) -> StoredJournal:
    from workshop_console.data.store.journal import StoredJournal

    return StoredJournal(records, refusal)


def _salvage(damaged: Path, rebuilt: Database) -> None:
    from workshop_console.data.store.salvage import salvage_records

    salvage_records(damaged, rebuilt)


def _guarded(database: Database, problems: list[ConsoleError]) -> GuardedDatabase:
    return GuardedDatabase(database, damaged_number="WC-600", problems=problems)


def _prepare(database: Database) -> None:
    """Make the file usable and see that it can be written. Raises as Database.prepare() does."""
    file = database.name
    database.prepare()
    if not os.access(file, os.W_OK):
        raise PermissionError(13, os.strerror(13))


def _open_cache(file: Path, problems: list[ConsoleError]) -> GuardedDatabase:
    """Return the store: the file, a new one in its place, or one in memory."""
    known = len(STORE_MIGRATIONS)
    database = Database(file, STORE_MIGRATIONS, durable=False)
    guarded = _guarded(database, problems)
    try:
        try:
            _prepare(database)
        except NewerError as newer:
            problems.append(ConsoleError("WC-603", file=clean(file), found=newer.found, known=known))
            database = Database(file.with_stem(f"{file.stem}-v{known}"), STORE_MIGRATIONS, durable=False)
            guarded = _guarded(database, problems)
            _prepare(database)
    except DamagedError:
        try:
            guarded.repair()
        except ConsoleError as error:
            return _without_file(error, problems)
    except (ConsoleError, OSError, sqlite3.Error, NewerError) as error:
        database.close()
        return _without_file(as_console_error(error, file), problems)
    return guarded


def _without_file(error: ConsoleError, problems: list[ConsoleError]) -> GuardedDatabase:
    problems.append(error)
    return _guarded(Database(None, STORE_MIGRATIONS, durable=False), problems)


def _open_records(file: Path, problems: list[ConsoleError]) -> tuple[GuardedDatabase, ConsoleError | None]:
    """Return the records and why nothing can be kept in them, if so; then they are only read."""

    def guarded(database: Database) -> GuardedDatabase:
        return GuardedDatabase(database, damaged_number="WC-602", problems=problems, salvage=_salvage)

    database = Database(file, RECORDS_MIGRATIONS, durable=True)
    kept = guarded(database)
    try:
        _prepare(database)
    except DamagedError:
        try:
            kept.repair()
        except ConsoleError as error:
            refusal = error
        else:
            return kept, None
    except NewerError as newer:
        refusal = ConsoleError("WC-603", file=clean(file), found=newer.found, known=len(RECORDS_MIGRATIONS))
    except (ConsoleError, OSError, sqlite3.Error) as error:
        refusal = as_console_error(error, file)
    else:
        return kept, None
    database.close()
    problems.append(refusal)
    if refusal.number == "WC-610":
        refusal = ConsoleError("WC-601", file=clean(file), detail=refusal.facts.get("detail", ""))
    readable = Database(file, RECORDS_MIGRATIONS, durable=True, read_only=True)
    try:
        readable.read(lambda c: c.execute("SELECT count(*) FROM reports").fetchone())
    except (sqlite3.Error, OSError):
        readable.close()
    else:
        return guarded(readable), refusal
    return guarded(Database(None, RECORDS_MIGRATIONS, durable=True)), refusal

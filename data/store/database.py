"""One SQLite file: created whole, migrated, set aside when damaged, one connection for each thread.

Measured (LIBRARIES.md): WAL with `synchronous=FULL` loses nothing in a power cut, NORMAL does; a zero-length
file opens as an empty database, so a file is created beside its place and put there finished.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.data.store.file_lock import file_lock

T = TypeVar("T")

BUSY_TIMEOUT_S = 5.0
_LONGEST_WAIT_S = 10.0
"""For other threads, before a file is closed or set aside."""
_SIDE_FILES = ("-wal", "-shm", "-journal")
_SIDE_FILE_BYTES = 65_536
_TABLE = re.compile(r"CREATE (?:VIRTUAL )?TABLE (\w+)")


class DamagedError(Exception):
    """Tells that a file is no database of ours, or no longer whole."""


class NewerError(Exception):
    """Tells that a newer console made the file; `found` is its version."""

    def __init__(self, found: int) -> None:
        super().__init__(found)
        self.found = found


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite means that the file's contents are wrong."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _no_room(file: Path) -> bool:
    """Whether there is no room for a side file, which SQLite tells as an I/O error."""
    import shutil  # late: it takes longer than opening the store

    with suppress(OSError):
        return shutil.disk_usage(file.parent).free < _SIDE_FILE_BYTES
    return False


def as_console_error(error: Exception, file: Path) -> ConsoleError:
    """Return the numbered message for what SQLite or the file system could not do."""
    if isinstance(error, ConsoleError):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if (
        code == sqlite3.SQLITE_FULL
        or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
        or (code == sqlite3.SQLITE_IOERR and _no_room(file))
    ):
        return ConsoleError("WC-604", file=clean(file))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ConsoleError("WC-605", file=clean(file))
    detail = error.strerror or error if isinstance(error, OSError) else error
    return ConsoleError("WC-610", file=clean(file), detail=clean(detail))


class Database:
    """A database file and its connections.

    Args:
        file: where it stands; None keeps everything in memory.
        migrations: SQL scripts; their count is the version (`user_version`).
        durable: no acknowledged write may be lost in a power cut.
        read_only: nothing is ever written, not even a side file where that can be helped.
    """

    def __init__(
        self, file: Path | None, migrations: tuple[str, ...], *, durable: bool, read_only: bool = False
    ) -> None:
        self.file = file
        self.read_only = read_only
        self._migrations = migrations
        self._durable = durable
        self._connections: dict[int, tuple[sqlite3.Connection, tuple[int, int] | None]] = {}
        """Connection of each thread and the file that it is open on."""
        self._users: dict[int, int] = {}
        """Threads that are reading or writing now, and how often each (a transaction may read)."""
        self._closing = False
        self._gate = threading.Condition(threading.RLock())
        self._memory_lock = threading.RLock()
        if file is None:
            self._memory = self._configured(sqlite3.connect(":memory:", **_OPTIONS))
            self._memory.executescript("".join(migrations))

    @property
    def name(self) -> Path:
        """The file, for messages."""
        return self.file or Path(":memory:")

    def _configured(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        return connection

    def _connect(self) -> sqlite3.Connection:
        assert self.file is not None  # noqa: S101  # only called for files
        uri = self.file.absolute().as_uri()
        if not self.read_only:
            return self._opened(f"{uri}?mode=rw")
        try:
            return self._opened(f"{uri}?mode=ro")
        except sqlite3.OperationalError:  # WAL in a folder that takes no side files
            return self._opened(f"{uri}?mode=ro&immutable=1")

    def _opened(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, **_OPTIONS)
        try:
            if self.read_only:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return self._configured(connection)
        except sqlite3.Error:
            connection.close()
            raise

    def _connection(self) -> sqlite3.Connection:
        """Return the connection of the calling thread; a new one when the file is not the same any more.

        Another console may have set the file aside, or somebody deleted it: what is written then must not
        go into the old one, which nobody opens again.
        """
        if self.file is None:
            return self._memory
        thread = threading.get_ident()
        with self._gate:
            held = self._connections.get(thread)
            now = self._identity()
            if held is not None and held[1] == now:
                return held[0]
            if held is not None:
                self._connections.pop(thread)[0].close()
            if now is None and not self.read_only:
                self.prepare()
                return self._connection()
            self._forget_ended_threads()
            connection = self._connect()
            self._connections[thread] = (connection, self._identity())
            return connection

    def _identity(self) -> tuple[int, int] | None:
        assert self.file is not None  # noqa: S101  # only called for files
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _forget_ended_threads(self) -> None:
        running = {thread.ident for thread in threading.enumerate()}
        for thread in [ident for ident in self._connections if ident not in running]:
            self._connections.pop(thread)[0].close()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep the connections from being closed by another thread, which could crash the process."""
        thread = threading.get_ident()
        with self._gate:
            self._gate.wait_for(lambda: not self._closing or thread in self._users, timeout=_LONGEST_WAIT_S)
            self._users[thread] = self._users.get(thread, 0) + 1
        try:
            yield
        finally:
            with self._gate:
                self._users[thread] -= 1
                if not self._users[thread]:
                    del self._users[thread]
                self._gate.notify_all()

    def close(self) -> None:
        """Give all connections back that no other thread is using; safe to call twice."""
        own = threading.get_ident()
        with self._gate:
            self._closing = True
            try:
                self._gate.wait_for(lambda: not self._users.keys() - {own}, timeout=_LONGEST_WAIT_S)
                for thread in self._connections.keys() - (self._users.keys() - {own}):
                    with suppress(sqlite3.Error):
                        self._connections.pop(thread)[0].close()
            finally:
                self._closing = False
                self._gate.notify_all()

    def read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `ask` reads. Raises sqlite3.Error, and as prepare() when the file was deleted."""
        with self._in_use(), self._alone():
            return ask(self._connection())

    def _alone(self) -> AbstractContextManager[object]:
        """Return what keeps other threads out of the one connection in memory."""
        return self._memory_lock if self.file is None else nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the one write transaction from its beginning (BEGIN IMMEDIATE); commit at the end.

        Raises sqlite3.Error; then nothing of it was written.
        """
        with self._in_use(), self._alone():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    def prepare(self) -> None:
        """Make the file usable: create it or migrate it.

        Raises DamagedError, NewerError, ConsoleError WC-605, OSError and sqlite3.Error.
        """
        assert self.file is not None  # noqa: S101  # memory is ready at once
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if self._state() == len(self._migrations):
            return
        with file_lock(self.file):
            version = self._state()
            if version is None:
                self._create()
            elif version < len(self._migrations):
                self._migrate(version)

    def _state(self) -> int | None:
        """Return the version of the file, or None where there is none yet."""
        assert self.file is not None  # noqa: S101  # as above
        try:
            size = self.file.stat().st_size
        except FileNotFoundError:
            return None
        if size < 100:  # the header of a database; ours are never put in place unfinished
            raise DamagedError(f"{size} bytes")
        try:
            connection = self._connection()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        except sqlite3.DatabaseError as error:
            self.close()
            if is_damage(error):
                raise DamagedError(str(error)) from None
            raise
        if version > len(self._migrations):
            raise NewerError(version)
        made = set(_TABLE.findall("".join(self._migrations[:version])))
        if version == 0 or not made <= tables:
            raise DamagedError(f"no table {', '.join(sorted(made - tables)) or '?'}")
        return int(version)

    def _create(self) -> None:
        assert self.file is not None  # noqa: S101  # as above
        handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=self.file.name + ".", suffix=".new")
        os.close(handle)
        beside = Path(name)
        try:
            connection = sqlite3.connect(beside, **_OPTIONS)
            try:
                # The script commits by itself; FULL brings it to the disk before the file is put in place.
                connection.executescript(
                    "PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; BEGIN;"
                    + "".join(self._migrations)
                    + f"PRAGMA user_version = {len(self._migrations)}; COMMIT;"
                    + "PRAGMA wal_checkpoint(TRUNCATE);"
                )
            finally:
                connection.close()
            for (
                side_file
            ) in _SIDE_FILES:  # left behind by a file that somebody deleted: not ours, never replayed
                self.file.with_name(self.file.name + side_file).unlink(missing_ok=True)
            beside.replace(self.file)
        finally:
            for side_file in ("", *_SIDE_FILES):
                beside.with_name(beside.name + side_file).unlink(missing_ok=True)

    def _migrate(self, version: int) -> None:
        connection = self._connection()
        scripts = "".join(self._migrations[version:])
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {scripts} PRAGMA user_version = {len(self._migrations)}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def set_aside(self) -> Path:
        """Move the damaged file away under a name that says so, and return that; then create a new one.

        When another console was quicker, the new file stays. Raises as prepare() does.
        """
        assert self.file is not None  # noqa: S101  # as above
        self.close()
        with file_lock(self.file):
            with suppress(DamagedError):
                if self._state() is not None and self._whole():
                    return self.file
            self.close()
            kept_as = _free_name(self.file)
            for side_file in ("", *_SIDE_FILES):
                old = self.file.with_name(self.file.name + side_file)
                if old.exists():
                    old.replace(kept_as.with_name(kept_as.name + side_file))
            self._create()
            return kept_as

    def _whole(self) -> bool:
        try:
            found = self._connection().execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError:
            return False
        return bool(found == ("ok",))


_OPTIONS: dict[str, Any] = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None, "check_same_thread": False}


def _free_name(file: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    names = (
        file.with_name(f"{file.stem}.damaged-{stamp}{f'-{n}' if n else ''}{file.suffix}")
        for n in range(1_000)
    )
    return next(name for name in names if not name.exists())

"""The journal of flash jobs: what was about to be done, what came back, where a job stands (port Journal).

Every write is on the disk when it returns (WAL, `synchronous=FULL`). Space for the rest of a job is taken
before it erases anything, as rows of filler that give way piece by piece: in the file, and through them in
the write-ahead log, which keeps its length and is written over once its contents are in the file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import (
    ENDED_STATES,
    FlashPlan,
    FlashProgress,
    FlashStep,
    JobState,
    JobSummary,
    JournalEntry,
    UnitResult,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.plain import from_plain, to_plain
from workshop_console.data.store.guarded import GuardedDatabase

T = TypeVar("T")
_Row = tuple[Any, ...]

PIECES = 8
PIECE_BYTES = 256 * 1024
"""Together 2 MiB, in the file and in its log: some 20,000 steps."""
_LEAST_FREE_PAGES = 32
"""Of 4 KiB: with fewer in the file the next piece gives way. More than any one write needs."""

_NO_SPACE = ("WC-604", "WC-610")
"""What a full disk becomes; some systems tell it as an error of the device."""
_STANDS = "SELECT j.job_id, kind, state, started, ended, results, result, runs, progress"
_FROM_JOBS = " FROM jobs j LEFT JOIN job_progress p ON p.job_id = j.job_id"
_ENTRY = "SELECT entry_id, unit, step, began, ended, outcome, detail FROM job_entries"


class StoredJournal:
    """Jobs in the records file.

    Args:
        database: the records.
        refusal: why nothing can be kept (a newer version's file, a folder that cannot be written), if so.
    """

    def __init__(self, database: GuardedDatabase, refusal: ConsoleError | None = None) -> None:
        self._database = database
        self._refusal = refusal
        self._seen: dict[int, tuple[_Row, JobSummary | None]] = {}
        """Jobs as they stood at the last look; None: what cannot be understood."""
        self._guard = threading.Lock()

    # -- the job -----------------------------------------------------------------------------------

    def create(self, plan: FlashPlan) -> int:
        """Keep a plan as a job in state PLANNED, and return its number.

        Raises ConsoleError WC-615 (also WC-603, WC-604, WC-605) when it cannot be written.
        """

        def change(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "INSERT INTO jobs (kind, state, plan, started, results, result, runs)"
                " VALUES ('flash', ?, ?, ?, '[]', 'null', 0)",
                (JobState.PLANNED.value, _text(plan), _now()),
            )
            return int(row.lastrowid or 0)

        return self._write(change)

    def replace_plan(self, job_id: int, plan: FlashPlan) -> None:
        """Keep the plan with what became known since. Raises as create()."""
        self._write(lambda c: c.execute("UPDATE jobs SET plan = ? WHERE job_id = ?", (_text(plan), job_id)))

    def reserve(self, job_id: int) -> None:
        """Take the space that the rest of the job's entries needs. Raises as create()."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM job_space WHERE job_id = ?", (job_id,))
            for _ in range(PIECES):
                connection.execute(
                    "INSERT INTO job_space (job_id, filler) VALUES (?, zeroblob(?))", (job_id, PIECE_BYTES)
                )

        self._write(change)
        # Full now, or never: what is only in the log is not yet space in the file.
        self._database.read(lambda c: c.execute("PRAGMA wal_checkpoint(FULL)").fetchall())

    def run_begins(self, job_id: int) -> int:
        """Set RUNNING, forget wishes of before, and return which run it is (1: the first)."""

        def change(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM job_wishes WHERE job_id = ?", (job_id,))
            connection.execute(
                "UPDATE jobs SET state = ?, runs = runs + 1, ended = NULL, results = '[]', result = 'null'"
                " WHERE job_id = ?",
                (JobState.RUNNING.value, job_id),
            )
            found = connection.execute("SELECT runs FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
            return int(found[0]) if found else 0

        return self._write(change, reserved=True)

    def end(
        self,
        job_id: int,
        state: JobState,
        results: Sequence[UnitResult] = (),
        result: RaisedMessage | None = None,
    ) -> None:
        """Keep how the job ended (or that it is STOPPING or INTERRUPTED), and give its space back."""

        def change(connection: sqlite3.Connection) -> None:
            if state is JobState.STOPPING:
                connection.execute(
                    "UPDATE jobs SET state = ? WHERE job_id = ? AND state = ?",
                    (state.value, job_id, JobState.RUNNING.value),
                )
                return
            connection.execute(
                "UPDATE jobs SET state = ?, ended = ?, results = ?, result = ? WHERE job_id = ?",
                (
                    state.value,
                    _now() if state in ENDED_STATES else None,
                    _text(tuple(results)),
                    _text(result),
                    job_id,
                ),
            )
            connection.execute("DELETE FROM job_space WHERE job_id = ?", (job_id,))

        self._write(change, reserved=True)

    # -- its steps ---------------------------------------------------------------------------------

    def begin(
        self, job_id: int, unit: str, step: FlashStep, detail: str = "", *, began: datetime | None = None
    ) -> int:
        """Keep what is about to be done, on the disk when it returns; return the number of the entry."""

        def change(connection: sqlite3.Connection) -> int:
            _make_room(connection, job_id)
            row = connection.execute(
                "INSERT INTO job_entries (job_id, unit, step, began, outcome, detail)"
                " VALUES (?, ?, ?, ?, '', ?)",
                (job_id, unit, step.value, _now(began), detail),
            )
            return int(row.lastrowid or 0)

        return self._write(change, reserved=True)

    def complete(
        self, entry_id: int, outcome: str, detail: str = "", *, ended: datetime | None = None
    ) -> None:
        """Add what came back; a detail from before stays where there is no newer one."""
        self._write(
            lambda c: c.execute(
                "UPDATE job_entries SET ended = ?, outcome = ?, detail = coalesce(nullif(?, ''), detail)"
                " WHERE entry_id = ?",
                (_now(ended), outcome, detail, entry_id),
            ),
            reserved=True,
        )

    def moved(self, job_id: int, progress: FlashProgress) -> None:
        """Keep where the job stands."""
        self._write(
            lambda c: c.execute(
                "INSERT OR REPLACE INTO job_progress (job_id, progress) VALUES (?, ?)",
                (job_id, _text(progress)),
            ),
            reserved=True,
        )

    # -- wishes ------------------------------------------------------------------------------------

    def wish_stop(self, job_id: int) -> None:
        """Ask the worker to stop at the next place where every unit is left whole."""
        self._write(
            lambda c: c.execute(
                "INSERT OR IGNORE INTO job_wishes (job_id, time) VALUES (?, ?)", (job_id, _now())
            ),
            reserved=True,
        )

    def stop_wished(self, job_id: int) -> bool:
        """Return whether that was asked in this run."""
        return self._database.read(
            lambda c: c.execute("SELECT 1 FROM job_wishes WHERE job_id = ?", (job_id,)).fetchone() is not None
        )

    # -- reading -----------------------------------------------------------------------------------

    def job(self, job_id: int) -> JobSummary | None:
        """Return one job as it is kept. Raises ConsoleError WC-748 when it cannot be understood."""
        if not 0 < job_id < 2**63:
            return None
        row = self._database.read(
            lambda c: c.execute(f"{_STANDS}, plan{_FROM_JOBS} WHERE j.job_id = ?", (job_id,)).fetchone()
        )
        if row is None:
            return None
        try:
            return _job(row[:-1], _plan(row[-1]))
        except (ValueError, TypeError) as error:
            raise ConsoleError("WC-748", job=job_id, detail=clean(error)) from error

    def jobs(self) -> Sequence[JobSummary]:
        """Return all jobs, newest first.

        Consoles look every few seconds: only what changed since is read again. A plan is what it was as long
        as the state and the number of runs are.
        """

        def look(connection: sqlite3.Connection) -> list[tuple[_Row, JobSummary | None]]:
            rows = connection.execute(f"{_STANDS}{_FROM_JOBS} ORDER BY j.job_id DESC").fetchall()
            return [(row, self._as_seen(connection, row)) for row in rows]

        with self._guard:
            found = self._database.read(look)
            self._seen = {row[0]: (row, job) for row, job in found}
        return [job for _row, job in found if job is not None]

    def _as_seen(self, connection: sqlite3.Connection, row: _Row) -> JobSummary | None:
        """Return the job of a row; None where it cannot be understood: it hides no other."""
        before, job = self._seen.get(row[0], ((), None))
        if before == row:
            return job
        try:
            if job is not None and (job.state.value, job.runs) == (row[2], row[7]):
                return _job(row, job.plan)
            read = connection.execute("SELECT plan FROM jobs WHERE job_id = ?", (row[0],)).fetchone()
            return _job(row, _plan(read[0])) if read is not None else None
        except (ValueError, TypeError):
            return None

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        """Return the entries of a job whose numbers are above `after`, in their order."""
        rows = self._database.read(
            lambda c: c.execute(
                f"{_ENTRY} WHERE job_id = ? AND entry_id > ? ORDER BY entry_id", (job_id, after)
            ).fetchall()
        )
        found = []
        for row in rows:
            with suppress(ValueError, TypeError):  # as above
                found.append(_entry(row))
        return found

    # -- writing -----------------------------------------------------------------------------------

    def _write(self, change: Callable[[sqlite3.Connection], T], *, reserved: bool = False) -> T:
        """Write; `reserved`: into the space that was taken for it, when there is no other."""
        if self._refusal is not None and self._refusal.number != "WC-601":
            raise self._refusal
        try:
            if self._refusal is not None:
                raise self._refusal
            if self._database.in_memory:  # the worker, another process, would never see it
                raise ConsoleError("WC-610", file=clean(self._database.file), detail="-")
            try:
                return self._database.write(change)
            except ConsoleError as error:
                if not reserved or error.number not in _NO_SPACE:
                    raise
            # The log is at its end: its contents go into the file, then it is written over.
            self._database.read(lambda c: c.execute("PRAGMA wal_checkpoint(RESTART)").fetchall())
            return self._database.write(change)
        except ConsoleError as error:
            if error.number not in ("WC-601", "WC-610"):
                raise
            detail = str(error.facts.get("detail", ""))
            raise ConsoleError("WC-615", file=clean(self._database.file), detail=detail) from error


def _make_room(connection: sqlite3.Connection, job_id: int) -> None:
    """Let a piece of the filler go when the file is about to grow."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if free < _LEAST_FREE_PAGES:
        connection.execute(
            "DELETE FROM job_space WHERE piece = (SELECT max(piece) FROM job_space WHERE job_id = ?)",
            (job_id,),
        )


def _now(moment: datetime | None = None) -> str:
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def _text(value: object) -> str:
    return json.dumps(to_plain(value), ensure_ascii=True, separators=(",", ":"))


def _plan(text: str) -> FlashPlan:
    return from_plain(FlashPlan, json.loads(text))


def _job(row: _Row, plan: FlashPlan) -> JobSummary:
    job_id, kind, state, started, ended, results, result, runs, progress = row
    return JobSummary(
        job_id=job_id,
        kind=kind,
        state=JobState(state),
        plan=plan,
        started=datetime.fromisoformat(started),
        ended=datetime.fromisoformat(ended) if ended else None,
        progress=from_plain(FlashProgress, json.loads(progress)) if progress else FlashProgress(),
        results=tuple(from_plain(UnitResult, plain) for plain in json.loads(results)),
        result=from_plain(RaisedMessage, plain) if (plain := json.loads(result)) else None,
        runs=runs,
    )


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    entry_id, unit, step, began, ended, outcome, detail = row
    return JournalEntry(
        entry_id=entry_id,
        unit=unit,
        step=FlashStep(step),
        began=datetime.fromisoformat(began),
        ended=datetime.fromisoformat(ended) if ended else None,
        outcome=outcome,
        detail=detail,
    )

"""Takes a flash job down in the journal (FlashLog), and never lets the journal end what erased a unit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.runner import as_console_error
from workshop_console.console.model.flash import POINT_OF_NO_RETURN, FlashProgress, FlashStep, JobState
from workshop_console.console.model.message import RaisedMessage

if TYPE_CHECKING:
    from workshop_console.console.model.flash import JournalEntry
    from workshop_console.console.ports import Journal

EVERY_S = 0.5
"""Between two looks at wishes, two notes of the progress, and two tries of what could not be written."""
PATIENCE_S = 2.0
"""How long a step waits for a disk that hangs, once a unit was erased."""
_RATE_OVER_S = 5.0
_MOST_WARNINGS = 8


@dataclass(kw_only=True)
class _Note:
    """Something to write, and whether it was."""

    write: Callable[[], None]
    must: bool
    """Whoever wrote it wants to know when it fails."""
    done: threading.Event = field(default_factory=threading.Event)
    error: ConsoleError | None = None


class JournalLog:
    """The log of one run of a job: one thread writes, in the order of the notes.

    Args:
        journal: where it goes.
        job_id: the job.
        every_s: see EVERY_S.
        clock_s: monotonic seconds, for the rate.
    """

    def __init__(
        self,
        journal: Journal,
        job_id: int,
        *,
        every_s: float = EVERY_S,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._job_id = job_id
        self._every_s = every_s
        self._clock_s = clock_s
        self._wake = threading.Condition()
        self._notes: deque[_Note] = deque()
        self._closing = False
        self._asked = False
        """By a signal, at any moment: so nothing but that writes it."""
        self._wished = False
        self._stop_told = False
        self._numbers: dict[int, int] = {}
        """Entries by the number that they were given here."""
        self._given = 0
        self._warnings: list[RaisedMessage] = []
        self._progress = FlashProgress()
        self._told: FlashProgress | None = None
        self._moves: deque[tuple[float, int]] = deque()
        self._before: tuple[JournalEntry, ...] = ()
        try:
            self._before = tuple(journal.entries(job_id))
        except ConsoleError as error:  # what the unit says counts for more
            self.warn(error)
        self._erased = any(entry.step is POINT_OF_NO_RETURN for entry in self._before)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # -- FlashLog ----------------------------------------------------------------------------------

    def begin(self, unit: str, step: FlashStep, detail: str = "") -> int:
        """See procedures.flash.log.FlashLog."""
        self._given += 1
        given, began = self._given, datetime.now(UTC)

        def write() -> None:
            number = self._journal.begin(self._job_id, unit, step, detail, began=began)
            self._numbers[given] = number

        self._put(write)
        if step is POINT_OF_NO_RETURN:
            self._erased = True
        return given

    def complete(self, entry: int, outcome: str, detail: str = "") -> None:
        """See procedures.flash.log.FlashLog."""
        ended = datetime.now(UTC)

        def write() -> None:
            self._journal.complete(self._numbers[entry], outcome, detail, ended=ended)
            del self._numbers[entry]

        self._put(write)

    def moved(self, progress: FlashProgress) -> None:
        """See procedures.flash.log.FlashLog."""
        self._progress = progress

    def entries(self, unit: str) -> tuple[JournalEntry, ...]:
        """See procedures.flash.log.FlashLog."""
        return tuple(entry for entry in self._before if entry.unit == unit)

    def stop_wished(self) -> bool:
        """See procedures.flash.log.FlashLog."""
        return self._asked or self._wished

    # -- for the worker ----------------------------------------------------------------------------

    @property
    def erased(self) -> bool:
        """Whether a unit was or is being erased by this job: from then on nothing of ours may end it."""
        return self._erased

    def ask_to_stop(self) -> None:
        """Wish a stop from inside the process; may be called by a signal handler."""
        self._asked = True

    def warn(self, error: ConsoleError) -> None:
        """Show that the journal could not be written; the job goes on."""
        facts = (("number", error.number), ("detail", str(error.facts.get("detail", ""))))
        self.tell(RaisedMessage(number="WC-753", facts=facts))

    def tell(self, warning: RaisedMessage) -> None:
        """Show something beside the job that ends nothing."""
        if warning not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
            self._warnings.append(warning)

    def keep(self, write: Callable[[], None]) -> None:
        """Write something of the job itself, as a step is written: from ERASE on it cannot fail."""
        self._put(write)

    def close(self, patience_s: float = 10.0) -> bool:
        """Write what is left; return whether all of it was, in that time."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    # -- the thread --------------------------------------------------------------------------------

    def _put(self, write: Callable[[], None]) -> None:
        """Have it written; wait until it is, or, once a unit was erased, no longer than patience lasts."""
        note = _Note(write=write, must=not self._erased)
        with self._wake:
            self._notes.append(note)
            self._wake.notify_all()
        note.done.wait(None if note.must else PATIENCE_S)
        if note.error is not None:
            raise note.error

    def _run(self) -> None:
        next_look = self._clock_s()
        stuck = False
        """Whether the first note could not be written; the next look tries it again."""
        while True:
            with self._wake:
                rest = next_look - self._clock_s()
                if (stuck or not (self._notes or self._closing)) and rest > 0:
                    self._wake.wait(rest)
                ending = self._closing and not self._notes
            now = self._clock_s()
            if now >= next_look or ending:
                next_look = now + self._every_s
                stuck = False
                self._look(now)
            if ending:
                return
            while self._notes and not stuck:
                stuck = not self._write(self._notes[0])
                if not stuck:
                    self._notes.popleft()

    def _write(self, note: _Note) -> bool:
        """Write one note; False when it is to be tried again later, and those behind it after it."""
        try:
            note.write()
        except Exception as unexpected:  # this thread must outlive whatever the disk does
            error = as_console_error(unexpected)
            if not note.must:
                self.warn(error)
                note.done.set()  # who noted it goes on
                return False
            note.error = error
        note.done.set()
        return True

    def _look(self, now: float) -> None:
        """Look for a wish to stop, and note where the job stands."""
        try:
            self._wished = self._wished or self._journal.stop_wished(self._job_id)
            if self.stop_wished() and not self._stop_told:
                self._journal.end(self._job_id, JobState.STOPPING)
                self._stop_told = True
            progress = self._timed(self._progress, now)
            if progress != self._told:
                self._journal.moved(self._job_id, progress)
                self._told = progress
        except Exception as unexpected:  # as above
            self.warn(as_console_error(unexpected))

    def _timed(self, progress: FlashProgress, now: float) -> FlashProgress:
        """Return `progress` with rate and time left, over the last seconds, and the warnings."""
        moves = self._moves
        if moves and progress.done < moves[-1][1]:
            moves.clear()  # begun again from erase
        moves.append((now, progress.done))
        while len(moves) > 2 and now - moves[1][0] >= _RATE_OVER_S:
            moves.popleft()
        passed, done = now - moves[0][0], progress.done - moves[0][1]
        rate = progress.rate or (done / passed if passed > 0 else 0.0)
        left_s = progress.left_s
        if left_s is None and rate > 0:
            left_s = max(0, progress.total - progress.done) / rate
        warnings = (*progress.warnings, *(w for w in self._warnings if w not in progress.warnings))
        return replace(progress, rate=round(rate, 1), left_s=left_s, warnings=warnings)

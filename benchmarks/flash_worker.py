"""The flash worker as it is, but for its journal: what a job takes that writes no step down.

`python benchmarks/flash_worker.py flash-worker JOB …`: as the worker's command. When each step began and
ended stands in times.json in the job's folder.
"""

# ruff: noqa: ARG002  # the methods are those of ports.Journal

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop_console.console.cli import run
from workshop_console.console.jobs import flash_worker

TIMES = "times.json"


class ForgetfulJournal:
    """Passes everything on but the steps, the progress and the wishes to stop.

    Args:
        journal: the real one.
    """

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._times: dict[int, tuple[str, datetime, datetime | None]] = {}

    def __getattr__(self, name: str) -> Any:
        """Return what is no matter of steps."""
        return getattr(self._journal, name)

    def begin(
        self, job_id: int, unit: str, step: str, detail: str = "", *, began: datetime | None = None
    ) -> int:
        """Remember when a step began."""
        number = len(self._times) + 1
        self._times[number] = (str(step), began or datetime.now(UTC), None)
        return number

    def complete(
        self, entry_id: int, outcome: str, detail: str = "", *, ended: datetime | None = None
    ) -> None:
        """Remember when a step ended."""
        step, began, _ = self._times[entry_id]
        self._times[entry_id] = (step, began, ended or datetime.now(UTC))

    def moved(self, job_id: int, progress: object) -> None:
        """Forget where the job stands."""

    def stop_wished(self, job_id: int) -> bool:
        """Return that nobody wishes it to stop."""
        return False

    def end(self, *arguments: object) -> None:
        """Note how the job ended, and leave the times behind."""
        told = [(step, b.timestamp(), e.timestamp()) for step, b, e in self._times.values() if e is not None]
        Path(TIMES).write_text(json.dumps(told), encoding="utf-8")
        self._journal.end(*arguments)


class ForgetfulWorker(flash_worker.FlashWorker):
    """A worker that writes no step down."""

    def __init__(self, *, journal: Any, **others: Any) -> None:
        super().__init__(journal=ForgetfulJournal(journal), **others)


if __name__ == "__main__":
    flash_worker.FlashWorker = ForgetfulWorker  # type: ignore[misc]  # what the command builds
    sys.exit(run(sys.argv[1:]))

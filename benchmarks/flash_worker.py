"""The flash worker as it is, which also tells how long its journal took.

`python benchmarks/flash_worker.py flash-worker JOB …`: as the worker's command. The calls of the journal,
each with its beginning and its end, stand in calls.json in the job's folder.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workshop_console.console.cli import run
from workshop_console.console.jobs import flash_worker

CALLS = "calls.json"


class TimedJournal:
    """Passes every call on and notes when it began and ended.

    Args:
        journal: the real one.
    """

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._calls: list[tuple[float, float]] = []

    def __getattr__(self, name: str) -> Any:
        """Return what the journal has by this name; its methods are timed."""
        method: Callable[..., Any] = getattr(self._journal, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.time()
            try:
                return method(*arguments, **options)
            finally:
                self._calls.append((began, time.time()))

        return timed

    def end(self, *arguments: Any) -> None:
        """Leave the times behind, and note how the job ended."""
        Path(CALLS).write_text(json.dumps(self._calls), encoding="utf-8")
        self._journal.end(*arguments)


class TimedWorker(flash_worker.FlashWorker):
    """A worker whose journal is timed."""

    def __init__(self, *, journal: Any, **others: Any) -> None:
        super().__init__(journal=TimedJournal(journal), **others)


if __name__ == "__main__":
    flash_worker.FlashWorker = TimedWorker  # type: ignore[misc]  # what the command builds
    sys.exit(run(sys.argv[1:]))

"""The console as it is, that also writes down what it knew when: told_console DRIVER TOLD.

DRIVER `stock` draws with Textual's own driver, `thin` with the console's. TOLD gets, at the end of a quick
test, the moment of each answer and of each step of the progress (all processes have one monotonic clock).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from workshop_console.console.app import ConsoleApp
from workshop_console.console.app_messages import JobUpdated
from workshop_console.console.jobs.runner import JobEnded, JobReported, JobUpdate
from workshop_console.console.procedures.events import EcuAnswered, EcuSilent, Progress
from workshop_console.console.start import main
from workshop_console.screens.session import QUICK_TEST

_publish, _apply = ConsoleApp._publish, ConsoleApp.on_job_updated
_answers: dict[str, float] = {}
_counts: dict[int, float] = {}


def _note(app: ConsoleApp, update: JobUpdate) -> None:
    if isinstance(update, JobReported) and update.kind == QUICK_TEST:
        match update.event:
            case EcuAnswered(result=result) | EcuSilent(result=result):
                _answers.setdefault(str(result.address), time.monotonic())
            case Progress(done=done):
                _counts.setdefault(done, time.monotonic())
    _publish(app, update)


def _tell(app: ConsoleApp, message: JobUpdated) -> None:
    _apply(app, message)
    if isinstance(message.update, JobEnded) and message.update.kind == QUICK_TEST:
        rows = [_answers[key] for key in app.session.units.rows]
        Path(_told).write_text(json.dumps({"rows": rows, "counts": _counts}), encoding="ascii")


_driver, _told = sys.argv[1:]
sys.argv[1:] = []
os.environ["WORKSHOP_CONSOLE_DRIVER"] = "thin" if _driver == "thin" else "plain"
setattr(ConsoleApp, "_publish", _note)  # noqa: B010 - an instrument, put in from outside
setattr(ConsoleApp, "on_job_updated", _tell)  # noqa: B010 - see above
main()

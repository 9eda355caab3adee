"""`flash-worker`: the process that flashes; started by `flash` and the console, never by hand."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import worker_lock
from workshop_console.console.jobs.held_file import HeldFile, adopt, hold
from workshop_console.console.jobs.vci_lock import VciLock
from workshop_console.console.model.flash import JobState

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def flash_worker_command(session: Session, job_id: int, *, vci: str, handles: str) -> int:
    """Do a job; every signal that asks for the end is a wish to stop where every unit is left whole.

    Raises ConsoleError WC-749 when another worker has the job, WC-740 and WC-741 when the VCI is in use.
    """
    from workshop_console.console.wiring import build_flash_worker, vci_lock

    held = [adopt(int(handle)) for handle in handles.split(",") if handle]
    worker, close = build_flash_worker(session.settings, session.folders)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.ask_to_stop()

    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    try:
        if not held:
            held += _hold(session, vci_lock(session.folders), job_id, worker.plan(job_id).vci_given)
        state = worker.run(job_id, _tell_ready, vci=vci)
    finally:
        close()
        for file in held:
            file.release()
    return ExitCode.DONE if state is JobState.DONE else ExitCode.FAILURES


def _hold(session: Session, lock: VciLock, job_id: int, vci: str) -> list[HeldFile]:
    """Take what a parent would have passed on, where nothing can be inherited."""
    work = hold(worker_lock(session.folders.jobs, job_id), alone=True, wait_s=2.0)
    if work is None:
        raise ConsoleError("WC-749", job=job_id, state=JobState.RUNNING.value)
    return [work, lock.take(vci, job_id)]


def _tell_ready() -> None:
    """Say that the job is RUNNING; whoever started it may be gone by now, which changes nothing."""
    with suppress(OSError, ValueError):
        print(json.dumps({"ready": os.getpid()}), flush=True)
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

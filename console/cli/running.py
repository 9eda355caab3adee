"""Runs a job of the workshop in the foreground; Ctrl+C ends it and keeps what was read."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from workshop_console.console.cli.session import Session
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, Progress, Step, StepBegan
from workshop_console.i18n.texts import Lazy

STEPS: dict[Step, Lazy] = {
    Step.LEASING: Lazy("Checking the credit …"),
    Step.CONNECTING: Lazy("Connecting …"),
    Step.STARTING_SIMULATION: Lazy("Starting the simulated vehicle …"),
    Step.IMPORTING: Lazy("Reading the description …"),
    Step.CHOOSING: Lazy("Looking for the description that fits …"),
    Step.SCANNING: Lazy("Looking for control units …"),
    Step.READING: Lazy("Asking the control units …"),
    Step.SAVING: Lazy("Saving the readout …"),
    Step.CLEARING: Lazy("Clearing …"),
    Step.WRITING: Lazy("Writing …"),
    Step.READING_FLASH_FILE: Lazy("Reading the flash file …"),
    Step.CHECKING_UNITS: Lazy("Checking the control units …"),
    Step.STARTING_WORKER: Lazy("Starting the flash job …"),
}


@contextmanager
def interruptible(cancellation: Cancellation) -> Iterator[None]:
    """Let Ctrl+C (SIGTERM, a terminal that goes away) end the procedure where it stands.

    Before it asks anybody the program ends.
    """

    def ask_to_end(_signal: int, _frame: FrameType | None) -> None:
        if not cancellation.asking:
            raise KeyboardInterrupt
        # Not from here: this thread may hold the very lock that waking the line takes.
        threading.Thread(target=cancellation.request, name="interrupt", daemon=True).start()

    names = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(name, ask_to_end) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def run_job(session: Session, work: Callable[[Cancellation], Iterator[Event]]) -> Iterator[Event]:
    """Yield the events of a job; steps and progress are told on standard error where somebody looks at it."""
    cancellation = Cancellation()
    shown = ""
    try:
        with interruptible(cancellation):
            for event in work(cancellation):
                if isinstance(event, StepBegan):
                    text = f"{STEPS[event.step]} {event.detail}".rstrip()
                    session.note(text)
                elif isinstance(event, Progress) and _shows_progress(session):
                    shown = f"\r{event.done}/{event.total} "
                    print(shown, end="", file=sys.stderr, flush=True)
                else:
                    yield event
    finally:
        if shown:
            print("\r" + " " * len(shown) + "\r", end="", file=sys.stderr, flush=True)


def _shows_progress(session: Session) -> bool:
    return not session.as_json and sys.stderr.isatty()

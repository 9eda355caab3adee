"""Ends the console in good order when the system asks for it, or when its terminal goes away."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

JOBS_S = 2.0
"""Time for jobs to come to their end: an actuation gives control back, a clearing is finished."""
SCREEN_S = 2.0
"""Time for the screen to be put back; a terminal that is gone may never take what is written to it."""
SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))

_log = logging.getLogger(__name__)


@contextmanager
def ending_by_signal(
    end_jobs: Callable[[float], bool], end_screen: Callable[[], None], close: Callable[[], None]
) -> Iterator[None]:
    """While the block runs, end it when SIGTERM, SIGHUP or SIGINT comes.

    `end_jobs` ends what works on the vehicle; then `end_screen` has the block come to its end. Where that
    does not happen in time `close` is called, and the process ends. All three are called in a thread of
    their own: the thread of the screen may wait for a terminal that is gone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are for the main thread alone
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    over = threading.Event()

    def watch() -> None:
        came = os.read(reading, 1)
        if not came or not came[0]:
            return
        _log.warning("ended by signal %d", came[0])
        if not end_jobs(JOBS_S):
            _log.warning("a job did not come to its end")
        end_screen()
        if not over.wait(SCREEN_S):
            close()
            os._exit(128 + came[0])

    def came(number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # it was told often enough
            os.write(writing, bytes((number,)))

    watcher = threading.Thread(target=watch, name="ending", daemon=True)
    watcher.start()
    before = [signal.signal(name, came) for name in SIGNALS]
    try:
        yield
    finally:
        over.set()
        for name, handler in zip(SIGNALS, before, strict=True):
            signal.signal(name, handler)
        os.write(writing, b"\0")
        watcher.join()
        os.close(writing)
        os.close(reading)

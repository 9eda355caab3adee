"""Limits what a process that parses strangers' files may use of the machine."""

from __future__ import annotations

import gc
import sys
import time

from workshop_console.console.odx.limits import MEBIBYTE, ImportLimits

_LARGEST_WRITTEN_BYTES = 4 * MEBIBYTE
"""Nothing is written to files but Python's own compiled modules."""


def confine_this_process(limits: ImportLimits) -> None:
    """Limit memory and processor time; Windows has no such limits, there the parent ends us by the clock."""
    # Collecting garbage while a database grows costs a quarter of the time and finds none.
    gc.disable()
    if sys.platform == "win32":
        return
    import resource

    _limit(resource.RLIMIT_AS, limits.memory_mib * MEBIBYTE)
    _limit(resource.RLIMIT_CPU, limits.seconds)
    _limit(resource.RLIMIT_FSIZE, _LARGEST_WRITTEN_BYTES)
    _limit(resource.RLIMIT_CORE, 0)


def allow_seconds(seconds: int) -> None:
    """Let this process use `seconds` more of processor time from now on, where the system limits it."""
    if sys.platform != "win32":
        import resource

        _limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + seconds)


def _limit(kind: int, amount: int) -> None:
    """Set the soft limit; the hard one stays, so that a later call may grant more."""
    if sys.platform != "win32":
        import resource

        _soft, hard = resource.getrlimit(kind)
        wanted = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        try:
            resource.setrlimit(kind, (wanted, hard))
        except (ValueError, OSError):
            # macOS knows RLIMIT_AS and refuses to set it; the clock still holds.
            return

"""Who uses a VCI: consoles that diagnose share it, a flash job has it alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.held_file import HeldFile, hold, note_of
from workshop_console.console.model.clean import clean

_WAIT_S = 1.0
"""Somebody may just look whether a job holds it."""


class VciLock:
    """The locks of the VCIs of one user.

    Args:
        folder: where their files stand.
        key: what is the same for all ways to write the address of one VCI.
    """

    def __init__(self, folder: Path, key: Callable[[str], str] = str) -> None:
        self._folder = folder
        self._key = key

    def _file(self, uri: str) -> Path:
        import hashlib  # the first screen is waited for

        digest = hashlib.sha256(self._key(uri).encode("utf-8", "replace")).hexdigest()
        return self._folder / f"vci-{digest[:32]}.lock"

    def share(self, uri: str) -> HeldFile | None:
        """Hold the VCI as one of many; None where locks cannot be kept: diagnosis does not wait for a disk.

        Raises ConsoleError WC-740 (uri, job) when a flash job has it.
        """
        file = self._file(uri)
        try:
            held = hold(file, alone=False, wait_s=_WAIT_S)
        except OSError:
            return None
        if held is None:
            raise ConsoleError("WC-740", uri=clean(uri), job=_job(note_of(file)))
        return held

    def take(self, uri: str, job_id: int) -> HeldFile:
        """Hold the VCI alone, for a flash job.

        Raises ConsoleError WC-740 (uri, job) when another job has it, WC-741 (uri) when another console
        diagnoses with it, WC-742 (detail) when the lock cannot be made.
        """
        file = self._file(uri)
        try:
            held = hold(file, alone=True, wait_s=_WAIT_S)
            if held is None:
                shared = hold(file, alone=False)
                if shared is None:
                    raise ConsoleError("WC-740", uri=clean(uri), job=_job(note_of(file)))
                shared.release()
                raise ConsoleError("WC-741", uri=clean(uri))
        except OSError as error:
            raise ConsoleError("WC-742", detail=clean(error)) from error
        held.note(str(job_id))
        return held


def _job(note: str) -> int:
    """Return the number of the job that its lock names; 0: it does not."""
    return int(note) if note.isdecimal() and len(note) < 19 else 0

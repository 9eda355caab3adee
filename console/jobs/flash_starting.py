"""Starts the worker of a flash job: a process in a session of its own that outlives this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import job_folder
from workshop_console.console.jobs.held_file import HeldFile
from workshop_console.console.model.clean import clean

COMMAND = "flash-worker"
"""The hidden command that the worker is."""
_PROGRAM = (sys.executable, "-P", "-m", "workshop_console.console")
_READY_S = 60.0
"""Longest wait for its first word; a cold disk on an old laptop takes some of it."""
_LONGEST_LINE_BYTES = 4_096


def start_worker(
    job_id: int,
    root: Path,
    *,
    vci: str,
    held: Sequence[HeldFile],
    handles: Sequence[int] = (),
    program: Sequence[str] = _PROGRAM,
) -> None:
    """Start the worker of `job_id` and return once the job is RUNNING in the journal.

    Args:
        job_id: the job.
        root: the folder of the jobs' folders.
        vci: the address that it opens.
        held: what it holds from now on: its lock and the VCI, in this order.
        handles: what else it keeps open as long as it lives.
        program: what runs this program's commands.

    Raises ConsoleError WC-742 when it ended before that, or says nothing.
    """
    folder = job_folder(root, job_id)
    # On Windows nothing is inherited: there the worker takes the locks itself, once they are given up here.
    passed = [] if sys.platform == "win32" else [*(file.handle for file in held), *handles]
    arguments = [COMMAND, str(job_id), "--vci", vci]
    if passed:
        arguments += ["--handles", ",".join(map(str, passed))]
    else:
        for file in held:
            file.release()
    trouble = folder / "worker.log"
    try:
        with trouble.open("ab") as errors:
            said_before = errors.tell()
            process = subprocess.Popen(  # noqa: S603 - this program's own command line
                [*program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                pass_fds=passed,
                start_new_session=os.name == "posix",
                creationflags=_windows_flags(),
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            )
    except (OSError, ValueError) as error:
        raise ConsoleError("WC-742", detail=clean(error)) from error
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    said: list[bytes] = []
    reader = threading.Thread(target=_read, args=(process.stdout, said), daemon=True)
    reader.start()
    # Nobody else waits for its end; without that it would be left behind as a process that is none any more.
    threading.Thread(target=process.wait, daemon=True).start()
    reader.join(_READY_S)
    if said and _is_ready(said[0]):
        return
    process.terminate()  # nothing was sent yet, or it ends at the first safe place
    raise ConsoleError("WC-742", detail=_last_words(trouble, said_before) or f"> {_READY_S:g} s")


def _read(stream: IO[bytes], said: list[bytes]) -> None:
    with stream:
        said.append(stream.readline(_LONGEST_LINE_BYTES))


def _is_ready(line: bytes) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return False
    return isinstance(said, dict) and "ready" in said


def _last_words(file: Path, begin: int) -> str:
    try:
        with file.open("rb") as stream:
            stream.seek(begin)
            lines = stream.read(_LONGEST_LINE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return clean(lines[0].strip(), longest=200) if lines else ""


def _windows_flags() -> int:
    """Return the flags that keep Ctrl+C and a closed console window away from the worker; 0 elsewhere."""
    if sys.platform == "win32":
        return (
            subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.CREATE_NO_WINDOW
            | subprocess.CREATE_BREAKAWAY_FROM_JOB
        )
    return 0

"""Keeps the computer awake while a control unit is written to: no sleep, no lid that puts it to sleep."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

_WHAT = ("sleep:idle:handle-lid-switch:shutdown", "sleep:idle:handle-lid-switch")
"""What logind is asked to hold up; the first that it grants. Not everybody may hold up a shutdown."""
_WORD = b"held\n"
_GRANT_S = 2.0
"""Longest wait for an answer of the system."""
_AWAKE_ALWAYS = 0x80000001
"""ES_CONTINUOUS and ES_SYSTEM_REQUIRED of Windows."""
_AWAKE_NO_MORE = 0x80000000
_Release = Callable[[], None]


@contextmanager
def kept_awake(why: str) -> Iterator[bool]:
    """Keep the computer awake during the block; gives whether that is so.

    It ends with this process however that ends, kill -9 included.
    """
    release = _held(why)
    try:
        yield release is not None
    finally:
        if release is not None:
            release()


def can_be_kept_awake(why: str) -> bool:
    """Return whether the system lets this user keep the computer awake; asks it."""
    with kept_awake(why) as held:
        return held


def _held(why: str) -> _Release | None:
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "darwin":
        return _started(["caffeinate", "-ims", "-w", str(os.getpid())], says=False)
    for what in _WHAT:
        inhibit = ["systemd-inhibit", f"--what={what}", "--who=workshop-console", f"--why={why}"]
        # `cat` runs as long as our end of its input is open, which the system closes when we are killed.
        if (release := _started([*inhibit, "--mode=block", "cat"], says=True)) is not None:
            return release
    return None


def _windows() -> _Release | None:
    """Ask Windows; it holds as long as the thread lives that asked."""
    if sys.platform != "win32":
        return None
    import ctypes

    ask = ctypes.windll.kernel32.SetThreadExecutionState
    if not ask(ctypes.c_uint(_AWAKE_ALWAYS)):
        return None
    return lambda: ask(ctypes.c_uint(_AWAKE_NO_MORE)) and None


def _started(command: Sequence[str], *, says: bool) -> _Release | None:
    """Start what keeps the computer awake; `says`: it says our word back as soon as it does."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        process = subprocess.Popen(  # noqa: S603 - a program of the system
            [program, *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None

    def release() -> None:
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        if not says:
            process.terminate()
        try:
            process.wait(_GRANT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    if says and not _said_back(process):
        process.terminate()
        release()
        return None
    return release


def _said_back(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the process says our word back in time: it got what it asked the system for."""
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    assert process.stdout is not None  # noqa: S101 - as above
    output = process.stdout
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.append(output.readline(len(_WORD))), daemon=True)
    try:
        process.stdin.write(_WORD)
        process.stdin.flush()
    except OSError:
        return False
    reader.start()
    reader.join(_GRANT_S)
    return said == [_WORD]

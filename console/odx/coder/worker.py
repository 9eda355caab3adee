"""Serves one description: `python -m workshop_console.console.odx.coder.worker FILE SHA256 LIMITS`.

Reads requests from standard input and answers each on standard output (frames.py); the first answer says that
the description was read, or why not. Ends when its input closes. process.py starts it, never imports it.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.odx.coder.frames import parse_frame, read_frame, write_frame
from workshop_console.console.odx.confine import allow_seconds, confine_this_process
from workshop_console.console.odx.limits import MEBIBYTE, ImportLimits

REQUEST_SECONDS = 20
"""Processor time for one request after the description was read."""
MOST_REQUEST_BYTES = 8 * MEBIBYTE


def main(arguments: list[str]) -> int:
    """Serve the file that the first argument names, if it still has the SHA-256 of the second."""
    file, sha256, limits = Path(arguments[0]), arguments[1], ImportLimits(**json.loads(arguments[2]))
    # What libraries print must not end up between the answers.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    requests = _requests()
    confine_this_process(limits)
    reserve: bytes | None = bytes(MEBIBYTE)
    try:
        from workshop_console.console.odx.coder.serving import load

        server = load(file, sha256, limits)
    except ConsoleError as error:
        return _refuse(output, error)
    except (MemoryError, SystemError):
        # CPython tells some failed allocations as "SystemError: error return without exception set".
        reserve = None
        gc.collect()
        return _refuse(output, ConsoleError("WC-404", file=clean(file.name), mib=limits.memory_mib))
    except RecursionError:
        return _refuse(output, ConsoleError("WC-405", file=clean(file.name), detail="RecursionError"))
    except Exception as error:
        return _refuse(output, ConsoleError("WC-410", file=clean(file.name), detail=_words(error)))
    del reserve
    # The database stays for good; what answering leaves behind is collected as usual.
    gc.freeze()
    gc.enable()
    write_frame(output, {"ready": True})
    while True:
        request = requests.get()
        allow_seconds(REQUEST_SECONDS)
        answer: dict[str, Any]
        try:
            answer = {"answer": server.answer(request)}
        except ConsoleError as error:
            answer = _told(error)
        except (MemoryError, SystemError):
            # What is left of this process is not worth trusting; the next request gets a new one.
            return _refuse(output, ConsoleError("WC-404", file=clean(file.name), mib=limits.memory_mib))
        except Exception as error:
            answer = _told(ConsoleError("WC-410", file=clean(file.name), detail=_words(error)))
        write_frame(output, answer)


def _requests() -> queue.SimpleQueue[dict[str, Any]]:
    """Return the requests as they come; the end of the input ends this process, whatever it is doing."""
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    source = os.fdopen(os.dup(sys.stdin.fileno()), "rb")

    def read() -> None:
        try:
            while (frame := read_frame(source, MOST_REQUEST_BYTES)) is not None:
                requests.put(parse_frame(frame))
        finally:
            os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    return requests


def _refuse(output: IO[bytes], error: ConsoleError) -> int:
    write_frame(output, _told(error))
    # Freeing a large database object by object takes longer than loading it.
    os._exit(0)


def _told(error: ConsoleError) -> dict[str, Any]:
    return {"error": {"number": error.number, "facts": error.facts}}


def _words(error: Exception) -> str:
    """Return what went wrong and where, for support."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return clean(f"{type(error).__name__}: {error}{where}", longest=160)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

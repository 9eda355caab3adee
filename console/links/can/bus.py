"""Opens a bus of python-can, with a deadline, and turns what goes wrong into numbered messages."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import can
from can.interfaces import VALID_INTERFACES

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.can.socketcand import SocketcandBus
from workshop_console.console.links.uri import VciAddress
from workshop_console.console.model.clean import clean

# python-can warns through logging; without a handler that lands on the terminal.
logging.getLogger("can").addHandler(logging.NullHandler())
logging.getLogger("can_remote").addHandler(logging.NullHandler())

OPEN_S = 10.0
"""Longest wait for a driver; serial adapters that restart need two seconds."""
SHUTDOWN_S = 2.0
"""Longest wait for a driver to give the interface back."""
_IN_USE = ("resource busy", "already in use", "exclusively lock", "access is denied")
MULTICAST_BUFFER_BYTES = 4 * 1024 * 1024
"""udp_multicast (python-can 4.6.1) loses frames when more than 256 wait in the default buffer."""


def open_bus(vci: VciAddress) -> can.BusABC:
    """Return the open bus.

    Raises ConsoleError WC-200 (no such interface), WC-213 (in use), WC-210 (bus off), WC-204 (else).
    """
    if vci.interface not in VALID_INTERFACES:
        detail = f"{vci.interface}: {', '.join(sorted(VALID_INTERFACES))}"
        raise ConsoleError("WC-200", uri=vci.uri, detail=clean(detail))
    options = dict(vci.options)
    opening: Callable[[], can.BusABC]
    if vci.interface == "socketcand":
        host, port = str(options.pop("host", "127.0.0.1")), options.pop("port", 29536)
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 0x10000:
            raise ConsoleError("WC-200", uri=vci.uri, detail=f"port={clean(port, longest=20)}: 1 … 65535")
        opening = lambda: SocketcandBus(str(vci.channel), host, port)  # noqa: E731  # closes over the options
    else:
        settings = _settings(vci, options)
        opening = lambda: can.Bus(ignore_config=True, **settings)  # noqa: E731  # as above
    bus = _open_in_time(vci, opening)
    if vci.interface == "udp_multicast":
        _enlarge_buffer(bus)
    if _bus_off(bus):
        shut_down(bus)
        raise ConsoleError("WC-210", uri=vci.uri)
    return bus


def _settings(vci: VciAddress, options: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"interface": vci.interface, **options}
    if vci.channel != "":
        settings["channel"] = vci.channel
    if vci.interface == "slcan":
        # python-can 4.6.1 polls a silent port a thousand times a second unless reading may wait longer, and
        # always waits two seconds for the adapter to restart, which a pseudo terminal does not.
        settings.setdefault("timeout", 0.05)
        if str(vci.channel).startswith("/dev/pts/"):
            settings.setdefault("sleep_after_open", 0.0)
    return settings


def _open_in_time(vci: VciAddress, opening: Callable[[], can.BusABC]) -> can.BusABC:
    """Call `opening` in a thread of its own: some drivers wait for ever."""
    result: list[can.BusABC | Exception] = []
    late = threading.Event()
    lock = threading.Lock()

    def work() -> None:
        try:
            outcome: can.BusABC | Exception = opening()
        except Exception as error:  # whatever a driver raises ends as WC-204
            outcome = error
        with lock:
            if not late.is_set():
                result.append(outcome)
                return
        if isinstance(outcome, can.BusABC):
            shut_down(outcome)

    thread = threading.Thread(target=work, name="opening CAN", daemon=True)
    thread.start()
    thread.join(OPEN_S)
    with lock:
        late.set()
    if not result:
        raise ConsoleError("WC-204", uri=vci.uri, detail=f"> {OPEN_S:.0f} s")
    if isinstance(result[0], Exception):
        raise _refused(vci, result[0]) from None
    return result[0]


def _refused(vci: VciAddress, error: Exception) -> ConsoleError:
    """Return the numbered message for what a driver raised."""
    code = next((e.errno for e in _causes(error) if isinstance(e, OSError) and e.errno is not None), None)
    # pyserial says so only in the text when its exclusive lock is held; Windows says access denied.
    if code == errno.EBUSY or any(words in str(error).lower() for words in _IN_USE):
        return ConsoleError("WC-213", uri=vci.uri)
    detail = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else error.strerror or error
    return ConsoleError("WC-204", uri=vci.uri, detail=clean(detail, longest=200))


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes


def _bus_off(bus: can.BusABC) -> bool:
    try:
        return bus.state is can.BusState.ERROR
    except Exception:  # many drivers cannot say, and some raise what they like
        return False


def _enlarge_buffer(bus: can.BusABC) -> None:
    """Set the receive buffer through a second descriptor of the same socket: the bus hides its own."""
    with contextlib.suppress(OSError, NotImplementedError):
        fileno: int = bus.fileno()
        with socket.socket(fileno=os.dup(fileno)) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MULTICAST_BUFFER_BYTES)


def shut_down(bus: can.BusABC) -> None:
    """Give the interface back, in time: python-can-remote 0.3.0 waits for ever for the server's goodbye."""

    def work() -> None:
        with contextlib.suppress(Exception):  # it is given up in any case
            bus.shutdown()

    thread = threading.Thread(target=work, name="closing CAN", daemon=True)
    thread.start()
    thread.join(SHUTDOWN_S)

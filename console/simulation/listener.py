"""A listening TCP socket of the simulation."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.simulation.event_loop import EventLoop

Endpoint = tuple[str, int]
"""Host and port; port 0 lets the system choose."""

_HIGHEST_PORT = 65_535


def bound_socket(endpoint: Endpoint, kind: socket.SocketKind) -> socket.socket:
    """Return a socket bound to `endpoint`. Raises ConsoleError WC-206 when that is not possible."""
    host, port = endpoint
    if not 0 <= port <= _HIGHEST_PORT:  # getaddrinfo() would take it modulo 65536
        raise ConsoleError("WC-206", detail=clean(f"{host}:{port}"))
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        channel = socket.socket(family, kind)
        try:
            if kind is socket.SOCK_STREAM and hasattr(socket, "SO_REUSEPORT"):
                # Windows means something else by this option and needs none; SO_REUSEPORT tells it apart.
                channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            channel.bind(address)
        except OSError:
            channel.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConsoleError("WC-206", detail=clean(f"{host}:{port}: {reason}")) from None
    channel.setblocking(False)
    return channel


class Listener:
    """Accepts connections and hands them on."""

    def __init__(
        self,
        loop: EventLoop,
        endpoint: Endpoint,
        accepted: Callable[[socket.socket], None],
        *,
        backlog: int = 64,
    ) -> None:
        self._loop = loop
        self._accepted = accepted
        self._channel = bound_socket(endpoint, socket.SOCK_STREAM)
        self._channel.listen(backlog)
        loop.watch(self._channel, selectors.EVENT_READ, self._ready)

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        host, port = self._channel.getsockname()[:2]
        return str(host), int(port)

    def close(self) -> None:
        """Stop listening."""
        self._loop.unwatch(self._channel)
        self._channel.close()

    def _ready(self, _events: int) -> None:
        try:
            channel, _ = self._channel.accept()
        except OSError:
            return  # gone before it was accepted, or no descriptor free: the next one may have more luck
        try:
            self._accepted(channel)
        except (OSError, ValueError):
            channel.close()

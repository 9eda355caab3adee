"""One TCP connection of the simulation: reads without blocking, writes through a bounded buffer."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable

from workshop_console.console.simulation.event_loop import EventLoop

_READ_BYTES = 64 * 1024
_LINGER_S = 1.0
MOST_BUFFERED_BYTES = 8 * 1024 * 1024
"""A client that leaves this much unread is disconnected; until then nothing is lost for it."""

_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux only, and it holds until the next acknowledgement only."""


class Connection:
    """Hands bytes to `received` and writes what it is given at the end of the loop's turn."""

    def __init__(
        self,
        loop: EventLoop,
        channel: socket.socket,
        *,
        received: Callable[[bytes], None],
        closed: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._channel = channel
        self._received = received
        self._closed = closed
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._flush_asked = False
        self._reading = True
        self._writing = False
        self._open = True
        self._closing = False
        channel.setblocking(False)
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.watch(channel, selectors.EVENT_READ, self._ready)

    @property
    def open(self) -> bool:
        """Whether the connection can still be written to."""
        return self._open and not self._closing

    @property
    def buffered_bytes(self) -> int:
        """How much the other side has not taken yet."""
        return self._out_bytes

    def send(self, data: bytes) -> None:
        """Write `data`, soon; what a closed connection is given is dropped."""
        if not self.open:
            return
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes > MOST_BUFFERED_BYTES:
            self.close()
        elif not self._flush_asked:
            self._flush_asked = True
            self._loop.at_end_of_turn(self._flush)

    def close_after_sending(self) -> None:
        """Be closed for the caller at once, and for the other side once everything is written.

        What the other side still sends is read and dropped for a moment: closing with unread bytes resets the
        connection, and the last message with it.
        """
        if not self.open:
            return
        self._closing = True
        self._loop.call_later(_LINGER_S, self.close)
        if not self._flush_asked:
            self._flush_asked = True
            self._loop.at_end_of_turn(self._flush)
        self._closed()

    def close(self) -> None:
        """Close now; safe to call twice."""
        if not self._open:
            return
        self._open = False
        self._out.clear()
        self._loop.unwatch(self._channel)
        self._channel.close()
        if not self._closing:
            self._closed()

    def pause_reading(self, paused: bool) -> None:
        """Leave what comes in the system's buffers, so that the other side has to wait."""
        if self._reading is paused and self._open:
            self._reading = not paused
            self._watch()

    def _watch(self) -> None:
        events = selectors.EVENT_READ if self._reading else 0
        if self._writing:
            events |= selectors.EVENT_WRITE
        self._loop.unwatch(self._channel)
        if events:
            self._loop.watch(self._channel, events, self._ready)

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush()
        if not events & selectors.EVENT_READ or not self._open:
            return
        try:
            data = self._channel.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        if not data:
            self.close()
        elif not self._closing:
            self._received(data)
        if _QUICK_ACK is not None and self._open and not self._flush_asked:
            # Clients that leave Nagle's algorithm on (python-can's socketcand does) send their second frame
            # when the first is acknowledged: without this, 40 ms later. An answer acknowledges as well.
            self._channel.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def _flush(self) -> None:
        self._flush_asked = False
        if not self._open:
            return
        data = b"".join(self._out)
        self._out.clear()
        try:
            sent = self._channel.send(data) if data else 0
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(data):
            self._out.append(data[sent:])
            if not self._writing:
                self._writing = True
                self._watch()
        elif self._writing:
            self._writing = False
            self._watch()
        self._out_bytes = len(data) - sent
        if self._closing and not self._out:
            with contextlib.suppress(OSError):  # the other side was faster
                self._channel.shutdown(socket.SHUT_WR)

"""The bus as a socketcand server: frames as text over TCP, as WLAN CAN gateways speak it.

Raw mode of the protocol (github.com/linux-can/socketcand, doc/protocol.md):

| client | server |
|---|---|
| (connects) | < hi > |
| < open NAME > | < ok > |
| < rawmode > | < ok >, then every frame that others send |
| < send 7E0 3 2 10 3 > | |
| < fdsend 7E0 1 3 2 10 3 > | (CAN FD; flags: 1 bit rate switch) |
| < echo > | < echo > |
| | < frame 7E8 1700000000.000001 065003003201F4CC > |
| | < fdframe 7E8 01 1700000000.000001 065003003201F4CC > (to clients that have sent one) |

Each client is a party on the bus. Nothing is lost: a client that sends faster than the bus is made to wait,
one that does not read is disconnected when its buffer is full.
"""

from __future__ import annotations

import socket
import time

from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.frame import FD_LENGTHS, Frame
from workshop_console.console.simulation.connection import Connection
from workshop_console.console.simulation.event_loop import EventLoop
from workshop_console.console.simulation.line_faults import CloseFault
from workshop_console.console.simulation.listener import Endpoint, Listener

HANDSHAKE_S = 30.0
"""A client that is not in raw mode by then makes room for others."""

_BIT_RATE_SWITCH = 0x01
"""Flag of FD frames, as Linux has it."""
_MOST_CLIENTS = 64
_LONGEST_COMMAND_BYTES = 512
_MOST_WAITING_FRAMES = 512
"""Frames of one client that wait for the bus before the client is made to wait."""
_HOLD_AFTER_RAWMODE_S = 0.02
"""python-can 4.6 reads the answer to rawmode with one recv() and refuses an "ok" with a frame behind it."""


class SocketcandServer:
    """Lets clients join the bus."""

    def __init__(
        self, loop: EventLoop, bus: SimulatedBus, endpoint: Endpoint, *, close_fault: CloseFault | None = None
    ) -> None:
        self._loop = loop
        self._bus = bus
        self._clients: set[SocketcandClient] = set()
        self._closings_left = close_fault.times or -1 if close_fault else 0
        self._close_after = close_fault.after if close_fault else 0
        self._listener = Listener(loop, endpoint, self._accept)

    @property
    def endpoint(self) -> Endpoint:
        """Where clients connect."""
        return self._listener.endpoint

    def close(self) -> None:
        """End all connections."""
        self._listener.close()
        for client in tuple(self._clients):
            client.close()

    def disconnect(self) -> None:
        """Close every connection; new ones are taken."""
        for client in tuple(self._clients):
            client.close()

    def closes_at(self, frames: int) -> bool:
        """Return whether the line fault closes a connection at its `frames`th frame."""
        if not self._closings_left or frames != self._close_after:
            return False
        self._closings_left -= 1
        return True

    def forget(self, client: SocketcandClient) -> None:
        """Take a client that has gone off the bus."""
        self._clients.discard(client)
        self._bus.leave(client)

    def _accept(self, channel: socket.socket) -> None:
        if len(self._clients) >= _MOST_CLIENTS:
            channel.close()
            return
        self._clients.add(SocketcandClient(self._loop, self._bus, self, channel))


class SocketcandClient:
    """One connected program."""

    def __init__(
        self, loop: EventLoop, bus: SimulatedBus, server: SocketcandServer, channel: socket.socket
    ) -> None:
        self._loop = loop
        self._bus = bus
        self._server = server
        self._buffer = b""
        self._opened = False
        self._raw = False
        self._fd = False
        """Whether the client speaks CAN FD: others could not read its frames."""
        self._held: list[bytes] | None = None
        self._frames = 0
        self._waiting = 0
        self._connection = Connection(loop, channel, received=self._received, closed=self._closed)
        self._connection.send(b"< hi >")
        self._handshake = loop.call_later(HANDSHAKE_S, self.close)

    def hear(self, frame: Frame) -> None:
        """Pass a frame of another party on."""
        if frame.fd and not self._fd:
            return
        text = b"< %s %0*X %s%.6f %s >" % (
            b"fdframe" if frame.fd else b"frame",
            8 if frame.extended else 3,
            frame.identifier,
            b"%02X " % (_BIT_RATE_SWITCH * frame.fast) if frame.fd else b"",
            time.time(),
            frame.data.hex().upper().encode(),
        )
        if self._held is None:
            self._connection.send(text)
        else:
            self._held.append(text)

    def sent(self) -> None:
        """Learn that one of this client's frames is over."""
        self._waiting -= 1
        if self._waiting == _MOST_WAITING_FRAMES // 2:
            self._connection.pause_reading(False)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _closed(self) -> None:
        self._handshake.cancel()
        self._server.forget(self)

    def _received(self, data: bytes) -> None:
        buffer = self._buffer + data
        commands = buffer.split(b">")
        self._buffer = commands.pop()
        if len(self._buffer) > _LONGEST_COMMAND_BYTES:
            self._buffer = b""
            self._connection.send(b"< error command too long >")
        for command in commands:
            if self._connection.open:
                self._run(command.split())

    def _run(self, words: list[bytes]) -> None:
        if len(words) < 2 or words[0] != b"<":
            self._connection.send(b"< error syntax >")
            return
        command = words[1]
        if command in (b"send", b"fdsend") and self._raw:
            self._send(words, fd=command == b"fdsend")
        elif command == b"echo":
            self._connection.send(b"< echo >")
        elif command == b"open" and not self._opened and len(words) == 3:
            self._opened = True
            self._connection.send(b"< ok >")
        elif command == b"rawmode" and self._opened:
            self._connection.send(b"< ok >")
            if not self._raw:
                self._raw = True
                self._handshake.cancel()
                self._held = []
                self._bus.join(self)
                self._loop.call_later(_HOLD_AFTER_RAWMODE_S, self._release)
        else:
            self._connection.send(b"< error unknown command >")

    def _send(self, words: list[bytes], *, fd: bool) -> None:
        rest = words[4:] if fd else words[3:]
        try:
            identifier_text, data = words[2], bytes([int(word, 16) for word in rest[1:]])
            identifier, length = int(identifier_text, 16), int(rest[0])
            flags = int(words[3], 16) if fd else 0
        except (ValueError, IndexError):
            self._connection.send(b"< error syntax >")
            return
        extended = len(identifier_text) > 3
        allowed = FD_LENGTHS if fd else range(9)
        if (
            length != len(data)
            or length not in allowed
            or not 0 <= identifier <= (0x1FFFFFFF if extended else 0x7FF)
        ):
            self._connection.send(b"< error syntax >")
            return
        self._frames += 1
        if self._server.closes_at(self._frames):
            self.close()
            return
        self._release()
        self._waiting += 1
        if self._waiting >= _MOST_WAITING_FRAMES:
            self._connection.pause_reading(True)
        self._fd |= fd
        self._bus.send(self, Frame(identifier, data, extended, fd, bool(flags & _BIT_RATE_SWITCH)))

    def _release(self) -> None:
        held, self._held = self._held, None
        for text in held or ():
            self._connection.send(text)

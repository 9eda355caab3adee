"""A client of socketcand, which CAN gateways on WLAN and the simulated vehicle speak.

python-can 4.6.1 has one; it tries for ten seconds at full load when nobody listens, hangs when nothing is
said, and takes a closed connection for silence, at full load. So this is one of our own, with time-outs.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections import deque
from typing import Any

import can

PORT = 29536
"""Where socketcand listens unless told otherwise."""
HANDSHAKE_S = 3.0
"""Until each of the answers while connecting."""
_LONGEST_ELEMENT_BYTES = 512
_BIT_RATE_SWITCH = 0x01
"""Flag of CAN FD frames, as Linux has it."""
_CHUNK_BYTES = 65_536


class SocketcandBus(can.BusABC):
    """A bus of python-can that a socketcand server offers in raw mode."""

    def __init__(self, channel: str, host: str, port: int = PORT, **options: Any) -> None:
        """Connect. Raises OSError when nobody is there, CanInitializationError when the server refuses."""
        self._socket = socket.create_connection((host, port), timeout=HANDSHAKE_S)
        self._received = bytearray()
        self._frames: deque[can.Message] = deque()
        self.channel_info = f"socketcand {channel}@{host}:{port}"
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._expect(b"< hi >")
            self._ask(f"< open {channel} >")
            self._ask("< rawmode >")
            self._socket.settimeout(None)
        except BaseException:
            self._socket.close()
            raise
        super().__init__(channel=channel, can_filters=options.get("can_filters"))

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        """Transmit a frame. Raises CanOperationError when the connection is gone or takes nothing."""
        identifier = f"{msg.arbitration_id:08X}" if msg.is_extended_id else f"{msg.arbitration_id:03X}"
        data = f" {msg.data.hex(' ')}" if msg.data else ""
        flags = f"{_BIT_RATE_SWITCH * msg.bitrate_switch:X} " if msg.is_fd else ""
        command = "fdsend" if msg.is_fd else "send"
        try:
            if timeout is not None and not select.select((), (self._socket,), (), timeout)[1]:
                raise can.CanOperationError("Transmit buffer full", errno.ENOBUFS)
            self._socket.sendall(f"< {command} {identifier} {flags}{len(msg.data)}{data} >".encode())
            _let_others_run()
        except (OSError, ValueError) as error:
            raise can.CanOperationError(str(error)) from error

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not self._frames:
            try:
                if not select.select((self._socket,), (), (), timeout)[0]:
                    return None, False
                data = self._socket.recv(_CHUNK_BYTES)
            except (OSError, ValueError) as error:  # ValueError: closed while waiting
                raise can.CanOperationError(str(error)) from error
            if not data:
                raise can.CanOperationError("connection closed")
            self._received += data
            self._cut()
        return (self._frames.popleft() if self._frames else None), False

    def shutdown(self) -> None:
        """Close the connection."""
        super().shutdown()
        self._socket.close()

    def _cut(self) -> None:
        *elements, rest = self._received.split(b">")
        if len(rest) > _LONGEST_ELEMENT_BYTES:
            rest = bytearray()
        self._received = rest
        for element in elements:
            _, _, content = element.rpartition(b"<")
            frame = _frame(content.split())
            if frame is not None:
                self._frames.append(frame)

    def _ask(self, command: str) -> None:
        self._socket.sendall(command.encode())
        self._expect(b"< ok >")

    def _expect(self, answer: bytes) -> None:
        """Wait for an answer; the next one may have come with it."""
        until = time.monotonic() + HANDSHAKE_S
        while (end := self._received.find(b">")) < 0:
            left = until - time.monotonic()
            if left <= 0 or len(self._received) > _LONGEST_ELEMENT_BYTES:
                raise can.CanInitializationError(f"socketcand: {bytes(self._received[:80])!r}")
            self._socket.settimeout(left)
            data = self._socket.recv(_CHUNK_BYTES)
            if not data:
                raise can.CanInitializationError("socketcand: connection closed")
            self._received += data
        said = bytes(self._received[: end + 1])
        del self._received[: end + 1]
        if said.split() != answer.split():
            raise can.CanInitializationError(f"socketcand: {said[:80]!r}")


def _let_others_run() -> None:
    """Let a server on this computer have the processor that it was woken on, not only after the last frame.

    Linux likes to wake whoever reads on the processor of whoever wrote: there it would wait, and the bus with
    it, until all frames of a message are made.
    """
    if hasattr(os, "sched_yield"):
        os.sched_yield()


def _frame(words: list[bytearray]) -> can.Message | None:
    """Return the frame that `frame ID SECONDS DATA` or `fdframe ID FLAGS SECONDS DATA` says, or None."""
    try:
        fd = bool(words) and words[0] == b"fdframe"
        if len(words) < 3 or (words[0] != b"frame" and not fd):
            return _error_frame() if words and words[0] == b"error" else None
        flags = int(words.pop(2), 16) if fd else 0
        identifier = int(words[1], 16)
        return can.Message(
            arbitration_id=identifier,
            is_extended_id=len(words[1]) > 3,
            timestamp=float(words[2]),
            data=bytearray.fromhex(b"".join(words[3:]).decode("ascii")),
            is_fd=fd,
            bitrate_switch=bool(flags & _BIT_RATE_SWITCH),
        )
    except (ValueError, IndexError):
        return None


def _error_frame() -> can.Message:
    return can.Message(is_error_frame=True)

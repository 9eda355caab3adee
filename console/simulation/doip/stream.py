"""Cuts the bytes of a TCP connection into messages; refuses what the generic header handler must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workshop_console.console.simulation.doip.message import (
    HEADER_BYTES,
    KNOWN_VERSIONS,
    LONGEST_PAYLOAD_BYTES,
    HeaderNack,
    PayloadType,
    has_pattern,
)

_DIAGNOSTIC_HEAD_BYTES = 4

_LENGTHS: dict[int, Callable[[int], bool]] = {
    PayloadType.ROUTING_ACTIVATION_REQUEST: lambda length: length in (7, 11),
    PayloadType.ALIVE_CHECK_REQUEST: lambda length: length == 0,
    PayloadType.ALIVE_CHECK_RESPONSE: lambda length: length == 2,
    PayloadType.DIAGNOSTIC_MESSAGE: lambda length: length > _DIAGNOSTIC_HEAD_BYTES,
}
"""Payload types that are taken over TCP, and which lengths they may have."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message whose header is in order."""

    version: int
    payload_type: PayloadType
    payload: bytes


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that gets a generic header negative acknowledge."""

    code: HeaderNack
    closes: bool
    """Whether the standard ends the connection for it."""


class MessageStream:
    """Keeps at most one message; the payload of a refused one is skipped, however long it says it is."""

    def __init__(self, has_room: Callable[[], bool]) -> None:
        self._has_room = has_room
        self._buffer = bytearray()
        self._skip = 0
        self._ended = False

    def feed(self, data: bytes) -> Iterator[ReceivedMessage | RefusedMessage]:
        """Take bytes and yield what they complete; nothing more after a refusal that closes."""
        if self._ended:
            return
        self._buffer += data
        start = 0
        try:
            while True:
                skipped = min(self._skip, len(self._buffer) - start)
                self._skip -= skipped
                start += skipped
                header = bytes(self._buffer[start : start + HEADER_BYTES])
                if len(header) < HEADER_BYTES:
                    return
                length = int.from_bytes(header[4:8], "big")
                refused = self._refusal(header, length)
                if refused is not None:
                    start += HEADER_BYTES
                    self._skip = length
                    self._ended = refused.closes
                    yield refused
                    if refused.closes:
                        return
                    continue
                end = start + HEADER_BYTES + length
                if end > len(self._buffer):
                    return
                payload = bytes(self._buffer[start + HEADER_BYTES : end])
                start = end
                yield ReceivedMessage(header[0], PayloadType(int.from_bytes(header[2:4], "big")), payload)
        finally:
            del self._buffer[:start]

    def _refusal(self, header: bytes, length: int) -> RefusedMessage | None:
        """Check a header in the order of ISO 13400-2:2019, figure 25."""
        if not has_pattern(header) or header[0] not in KNOWN_VERSIONS:
            return RefusedMessage(HeaderNack.INCORRECT_PATTERN_FORMAT, closes=True)
        allowed = _LENGTHS.get(int.from_bytes(header[2:4], "big"))
        if allowed is None:
            return RefusedMessage(HeaderNack.UNKNOWN_PAYLOAD_TYPE, closes=False)
        if length > LONGEST_PAYLOAD_BYTES:
            return RefusedMessage(HeaderNack.MESSAGE_TOO_LARGE, closes=False)
        if not self._has_room():
            return RefusedMessage(HeaderNack.OUT_OF_MEMORY, closes=False)
        if not allowed(length):
            return RefusedMessage(HeaderNack.INVALID_PAYLOAD_LENGTH, closes=True)
        return None

"""DoIP messages on the wire (ISO 13400-2:2019, clause 9); nothing here reads a socket.

| byte | content |
|---|---|
| 0 | protocol version |
| 1 | its inverse (the synchronization pattern) |
| 2-3 | payload type |
| 4-7 | payload length |
| 8- | payload |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct(">BBHI")
HEADER_BYTES = _HEADER.size

LONGEST_PAYLOAD_BYTES = 128 * 1024
"""A message up to here is kept; the longest that a unit is known to send is 64 KiB and a header."""
LONGEST_SKIPPED_BYTES = 16 * 1024 * 1024
"""A message up to here is read past; a longer one is taken for nonsense and ends the connection."""


class ProtocolVersion(IntEnum):
    """First byte of the header (ISO 13400-2:2019, table 16)."""

    DRAFT_2010 = 0x01
    """ISO/DIS 13400-2:2010; the first vehicles with DoIP speak it."""
    ISO_2012 = 0x02
    ISO_2019 = 0x03
    ANY = 0xFF
    """Only in vehicle identification requests."""


class PayloadType(IntEnum):
    """Payload types (ISO 13400-2:2019, table 17)."""

    HEADER_NEGATIVE_ACKNOWLEDGE = 0x0000
    VEHICLE_IDENTIFICATION_REQUEST = 0x0001
    VEHICLE_ANNOUNCEMENT = 0x0004
    """Also the answer to an identification request."""
    ROUTING_ACTIVATION_REQUEST = 0x0005
    ROUTING_ACTIVATION_RESPONSE = 0x0006
    ALIVE_CHECK_REQUEST = 0x0007
    ALIVE_CHECK_RESPONSE = 0x0008
    DIAGNOSTIC_MESSAGE = 0x8001
    DIAGNOSTIC_POSITIVE_ACKNOWLEDGE = 0x8002
    DIAGNOSTIC_NEGATIVE_ACKNOWLEDGE = 0x8003


class HeaderNack(IntEnum):
    """Why a header was refused (ISO 13400-2:2019, table 19)."""

    INCORRECT_PATTERN = 0x00
    UNKNOWN_PAYLOAD_TYPE = 0x01
    MESSAGE_TOO_LARGE = 0x02
    OUT_OF_MEMORY = 0x03
    INVALID_PAYLOAD_LENGTH = 0x04


class ActivationCode(IntEnum):
    """Answers to routing activation (ISO 13400-2:2019, table 48)."""

    UNKNOWN_SOURCE_ADDRESS = 0x00
    ALL_SOCKETS_ACTIVE = 0x01
    OTHER_SOURCE_ADDRESS = 0x02
    SOURCE_ADDRESS_IN_USE = 0x03
    MISSING_AUTHENTICATION = 0x04
    REJECTED_CONFIRMATION = 0x05
    UNSUPPORTED_ACTIVATION_TYPE = 0x06
    TLS_REQUIRED = 0x07
    ACTIVATED = 0x10
    CONFIRMATION_REQUIRED = 0x11


class DiagnosticNack(IntEnum):
    """Why a diagnostic message was not passed on (ISO 13400-2:2019, table 26)."""

    INVALID_SOURCE_ADDRESS = 0x02
    UNKNOWN_TARGET_ADDRESS = 0x03
    MESSAGE_TOO_LARGE = 0x04
    OUT_OF_MEMORY = 0x05
    TARGET_UNREACHABLE = 0x06
    UNKNOWN_NETWORK = 0x07
    TRANSPORT_PROTOCOL_ERROR = 0x08


_LENGTHS: dict[int, tuple[int, int]] = {
    PayloadType.HEADER_NEGATIVE_ACKNOWLEDGE: (1, 1),
    PayloadType.VEHICLE_ANNOUNCEMENT: (32, 33),
    PayloadType.ROUTING_ACTIVATION_RESPONSE: (9, 13),
    PayloadType.ALIVE_CHECK_REQUEST: (0, 0),
    PayloadType.DIAGNOSTIC_MESSAGE: (4, LONGEST_PAYLOAD_BYTES),
    PayloadType.DIAGNOSTIC_POSITIVE_ACKNOWLEDGE: (5, LONGEST_PAYLOAD_BYTES),
    PayloadType.DIAGNOSTIC_NEGATIVE_ACKNOWLEDGE: (5, LONGEST_PAYLOAD_BYTES),
}
"""Shortest and longest payload of the types that a tester receives."""


class ProtocolError(Exception):
    """Says that what came is not DoIP, so that nothing after it can be trusted."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, its length checked against its type."""

    payload_type: int
    payload: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A message that was read past: too long to keep, or of a length that its type cannot have."""

    payload_type: int
    length: int
    head: bytes
    """Its first four bytes, as far as they came: source and target address of a diagnostic message."""


def encode(payload_type: int, payload: bytes = b"", *, version: int = ProtocolVersion.ISO_2012) -> bytes:
    """Return a message with its header."""
    return _HEADER.pack(version, version ^ 0xFF, payload_type, len(payload)) + payload


def encode_routing_activation(source: int, activation_type: int, *, version: int) -> bytes:
    """Return a routing activation request (ISO 13400-2:2019, table 46)."""
    payload = struct.pack(">HB4x", source, activation_type)
    return encode(PayloadType.ROUTING_ACTIVATION_REQUEST, payload, version=version)


def encode_diagnostic(source: int, target: int, data: bytes, *, version: int) -> bytes:
    """Return a diagnostic message (ISO 13400-2:2019, table 21)."""
    return encode(PayloadType.DIAGNOSTIC_MESSAGE, struct.pack(">HH", source, target) + data, version=version)


def decode_datagram(datagram: bytes) -> Message | None:
    """Return the one message of a UDP datagram, or None when it is no DoIP."""
    decoder = StreamDecoder()
    try:
        messages = decoder.feed(datagram)
    except ProtocolError:
        return None
    if len(messages) != 1 or decoder.unfinished or not isinstance(messages[0], Message):
        return None
    return messages[0]


class StreamDecoder:
    """Cuts the byte stream of a connection into messages; keeps no more than one, of bounded length."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip: tuple[int, int, bytearray, int] | None = None

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun and is not complete."""
        return bool(self._buffer) or self._skip is not None

    @property
    def unfinished_source(self) -> int | None:
        """Source address of the diagnostic message that has begun, as soon as it is known."""
        if len(self._buffer) >= HEADER_BYTES + 2 and self._skip is None:
            _, _, payload_type, _ = _HEADER.unpack_from(self._buffer)
            if payload_type == PayloadType.DIAGNOSTIC_MESSAGE:
                return int.from_bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + 2], "big")
        return None

    def feed(self, data: bytes) -> list[Message | Skipped]:
        """Return the messages that `data` completes. Raises ProtocolError when it is no DoIP."""
        self._buffer += data
        messages: list[Message | Skipped] = []
        start = 0
        while True:
            if self._skip is not None:
                start, skipped = self._read_past(start)
                if skipped is None:
                    break
                messages.append(skipped)
            if len(self._buffer) - start < HEADER_BYTES:
                # An impossible beginning is refused before the rest of a header is waited for.
                begun = self._buffer[start : start + 2]
                if len(begun) == 2 and begun[0] ^ 0xFF != begun[1]:
                    raise ProtocolError(begun.hex())
                break
            version, inverse, payload_type, length = _HEADER.unpack_from(self._buffer, start)
            if version ^ 0xFF != inverse:
                raise ProtocolError(self._buffer[start : start + HEADER_BYTES].hex())
            shortest, longest = _LENGTHS.get(payload_type, (0, LONGEST_PAYLOAD_BYTES))
            if not shortest <= length <= longest:
                if length > LONGEST_SKIPPED_BYTES:
                    raise ProtocolError(f"{payload_type:04x}: {length}")
                start += HEADER_BYTES
                self._skip = (payload_type, length, bytearray(), length)
                continue
            end = start + HEADER_BYTES + length
            if len(self._buffer) < end:
                break
            messages.append(Message(payload_type, bytes(self._buffer[start + HEADER_BYTES : end]), version))
            start = end
        del self._buffer[:start]
        return messages

    def _read_past(self, start: int) -> tuple[int, Skipped | None]:
        assert self._skip is not None  # noqa: S101  # only called while a message is read past
        payload_type, length, head, left = self._skip
        taken = min(left, len(self._buffer) - start)
        head += self._buffer[start : start + min(taken, 4 - len(head))]
        start += taken
        if taken < left:
            self._skip = (payload_type, length, head, left - taken)
            return start, None
        self._skip = None
        return start, Skipped(payload_type, length, bytes(head))

"""DoIP messages: the generic header and the payload types of ISO 13400-2:2019, table 17."""

from __future__ import annotations

from enum import IntEnum

HEADER_BYTES = 8
PROTOCOL_VERSION = 0x03
"""ISO 13400-2:2019; testers of the 2012 edition (0x02) are answered in their own version."""
KNOWN_VERSIONS = frozenset({0x01, 0x02, 0x03})
ANY_VERSION = 0xFF
"""Allowed in vehicle identification requests only."""
LONGEST_PAYLOAD_BYTES = 0xFFFF
"""Maximum data size that the entity status tells; more is refused before it is read."""


class PayloadType(IntEnum):
    """The standard's names."""

    GENERIC_HEADER_NEGATIVE_ACKNOWLEDGE = 0x0000
    VEHICLE_IDENTIFICATION_REQUEST = 0x0001
    VEHICLE_IDENTIFICATION_REQUEST_WITH_EID = 0x0002
    VEHICLE_IDENTIFICATION_REQUEST_WITH_VIN = 0x0003
    VEHICLE_ANNOUNCEMENT = 0x0004
    ROUTING_ACTIVATION_REQUEST = 0x0005
    ROUTING_ACTIVATION_RESPONSE = 0x0006
    ALIVE_CHECK_REQUEST = 0x0007
    ALIVE_CHECK_RESPONSE = 0x0008
    DOIP_ENTITY_STATUS_REQUEST = 0x4001
    DOIP_ENTITY_STATUS_RESPONSE = 0x4002
    DIAGNOSTIC_POWER_MODE_REQUEST = 0x4003
    DIAGNOSTIC_POWER_MODE_RESPONSE = 0x4004
    DIAGNOSTIC_MESSAGE = 0x8001
    DIAGNOSTIC_MESSAGE_POSITIVE_ACKNOWLEDGE = 0x8002
    DIAGNOSTIC_MESSAGE_NEGATIVE_ACKNOWLEDGE = 0x8003


class HeaderNack(IntEnum):
    """Generic header negative acknowledge codes (table 19)."""

    INCORRECT_PATTERN_FORMAT = 0x00
    UNKNOWN_PAYLOAD_TYPE = 0x01
    MESSAGE_TOO_LARGE = 0x02
    OUT_OF_MEMORY = 0x03
    INVALID_PAYLOAD_LENGTH = 0x04


class RoutingActivationCode(IntEnum):
    """Routing activation response codes (table 49)."""

    UNKNOWN_SOURCE_ADDRESS = 0x00
    NO_FREE_SOCKET = 0x01
    DIFFERENT_SOURCE_ADDRESS = 0x02
    SOURCE_ADDRESS_ACTIVE_ELSEWHERE = 0x03
    MISSING_AUTHENTICATION = 0x04
    UNSUPPORTED_ACTIVATION_TYPE = 0x06
    SUCCESS = 0x10


class DiagnosticNack(IntEnum):
    """Diagnostic message negative acknowledge codes (table 53)."""

    INVALID_SOURCE_ADDRESS = 0x02
    UNKNOWN_TARGET_ADDRESS = 0x03
    DIAGNOSTIC_MESSAGE_TOO_LARGE = 0x04
    OUT_OF_MEMORY = 0x05
    TARGET_UNREACHABLE = 0x06


def message(payload_type: int, payload: bytes = b"", *, version: int = PROTOCOL_VERSION) -> bytes:
    """Return a whole message."""
    head = (
        bytes((version, version ^ 0xFF)) + payload_type.to_bytes(2, "big") + len(payload).to_bytes(4, "big")
    )
    return head + payload


def has_pattern(header: bytes) -> bool:
    """Return whether the first two bytes are a version and its inverse."""
    return header[0] ^ header[1] == 0xFF

"""Requests of ISO 14229-1 that procedures send, and the negative response codes they act upon."""

from __future__ import annotations

from enum import IntEnum

from workshop_console.console.model.exchange import UdsRequest


class NegativeResponse(IntEnum):
    """Codes that a procedure reacts to (ISO 14229-1:2020, table A.1)."""

    SERVICE_NOT_SUPPORTED = 0x11
    SUB_FUNCTION_NOT_SUPPORTED = 0x12
    INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT = 0x13
    RESPONSE_TOO_LONG = 0x14
    BUSY_REPEAT_REQUEST = 0x21
    CONDITIONS_NOT_CORRECT = 0x22
    REQUEST_SEQUENCE_ERROR = 0x24
    REQUEST_OUT_OF_RANGE = 0x31
    SECURITY_ACCESS_DENIED = 0x33
    INVALID_KEY = 0x35
    EXCEEDED_NUMBER_OF_ATTEMPTS = 0x36
    REQUIRED_TIME_DELAY_NOT_EXPIRED = 0x37
    SUB_FUNCTION_NOT_SUPPORTED_IN_ACTIVE_SESSION = 0x7E
    SERVICE_NOT_SUPPORTED_IN_ACTIVE_SESSION = 0x7F


NOT_THERE = frozenset(
    {
        NegativeResponse.SERVICE_NOT_SUPPORTED,
        NegativeResponse.SUB_FUNCTION_NOT_SUPPORTED,
        NegativeResponse.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT,
        NegativeResponse.REQUEST_OUT_OF_RANGE,
    }
)
"""The unit has no such thing; nobody refused anything."""

OTHER_SESSION = frozenset(
    {
        NegativeResponse.SUB_FUNCTION_NOT_SUPPORTED_IN_ACTIVE_SESSION,
        NegativeResponse.SERVICE_NOT_SUPPORTED_IN_ACTIVE_SESSION,
    }
)
"""The same request may do in the extended session."""

CLEAR_WAIT_MS = 5_000
"""P2 for 0x14: many units erase their memory first and answer then, without 0x78 in between."""

_SUB_FUNCTION_SERVICES = frozenset({0x10, 0x11, 0x19, 0x27, 0x28, 0x31, 0x3E, 0x83, 0x85, 0x87})

READING_SERVICES = frozenset({0x09, 0x10, 0x12, 0x17, 0x18, 0x19, 0x1A, 0x21, 0x22, 0x24, 0x3E})
"""Services that a description may name for telling variants apart; anything else could change the unit."""


def diagnostic_session(session: int) -> UdsRequest:
    """DiagnosticSessionControl (10.2): 0x01 default, 0x03 extended."""
    return UdsRequest(payload=bytes((0x10, session)), echo_bytes=1)


def tester_present() -> UdsRequest:
    """TesterPresent (10.7), answered, asked once."""
    return UdsRequest(payload=b"\x3e\x00", echo_bytes=1, repeatable=False)


def read_data_by_identifier(did: int) -> UdsRequest:
    """ReadDataByIdentifier (11.2) of one identifier."""
    return UdsRequest(payload=b"\x22" + did.to_bytes(2, "big"), echo_bytes=2)


def read_dtc_by_status_mask(mask: int = 0xFF) -> UdsRequest:
    """ReadDTCInformation, reportDTCByStatusMask (12.3)."""
    return UdsRequest(payload=bytes((0x19, 0x02, mask)), echo_bytes=1)


def read_supported_dtc() -> UdsRequest:
    """ReadDTCInformation, reportSupportedDTC (12.3): all fault codes with their status."""
    return UdsRequest(payload=b"\x19\x0a", echo_bytes=1)


def read_snapshot_identification() -> UdsRequest:
    """ReadDTCInformation, reportDTCSnapshotIdentification (12.3): which snapshot records there are."""
    return UdsRequest(payload=b"\x19\x03", echo_bytes=1)


def read_snapshot(dtc: int, record: int = 0xFF) -> UdsRequest:
    """ReadDTCInformation, reportDTCSnapshotRecordByDTCNumber (12.3)."""
    return UdsRequest(payload=b"\x19\x04" + dtc.to_bytes(3, "big") + bytes((record,)), echo_bytes=4)


def read_extended_data(dtc: int, record: int = 0xFF) -> UdsRequest:
    """ReadDTCInformation, reportDTCExtDataRecordByDTCNumber (12.3)."""
    return UdsRequest(payload=b"\x19\x06" + dtc.to_bytes(3, "big") + bytes((record,)), echo_bytes=4)


def clear_diagnostic_information() -> UdsRequest:
    """ClearDiagnosticInformation (12.2) of all groups; never sent twice on silence."""
    return UdsRequest(payload=b"\x14\xff\xff\xff", first_wait_ms=CLEAR_WAIT_MS, repeatable=False)


def described(payload: bytes) -> UdsRequest:
    """Return a request that a description gives as bytes, with the echo that its service has."""
    if not payload:
        return UdsRequest(payload=payload)
    echo = 1 if payload[0] in _SUB_FUNCTION_SERVICES else 0
    if payload[0] == 0x22 and len(payload) > 2:
        echo = 2  # descriptions have shorter identifiers too, and no rule says what repeats these
    return UdsRequest(payload=payload, echo_bytes=min(echo, len(payload) - 1))

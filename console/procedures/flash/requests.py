"""Requests of the programming sequence (ISO 14229-1:2020, clauses 10, 13, 14 and 17)."""

from __future__ import annotations

from workshop_console.console.model.exchange import Exchange, UdsRequest
from workshop_console.console.model.flash import FlashSequence, Segment
from workshop_console.console.procedures.services import described

DEFAULT_SESSION, PROGRAMMING_SESSION, EXTENDED_SESSION = 0x01, 0x02, 0x03

ANSWER_WAIT_MS = 1_000
"""Least P2 while a unit is programmed: longer than a segmented transfer needs to be given up (ISO 15765-2),
and four of them shorter than S3."""

POLL_WAIT_MS = 250

_SUPPRESS = 0x80
_NORMAL_MESSAGES = 0x01

ALL_EXTENDED = bytes((0x10, EXTENDED_SESSION | _SUPPRESS))
ALL_DEFAULT = bytes((0x10, DEFAULT_SESSION | _SUPPRESS))
ALL_FAULT_SETTING_OFF = b"\x85\x82"
ALL_FAULT_SETTING_ON = b"\x85\x81"
ALL_COMMUNICATION_OFF = bytes((0x28, 0x03 | _SUPPRESS, _NORMAL_MESSAGES))
ALL_COMMUNICATION_ON = bytes((0x28, 0x00 | _SUPPRESS, _NORMAL_MESSAGES))
ALL_TESTER_PRESENT = b"\x3e\x80"


def flash_request(payload: bytes, echo_bytes: int = 0, *, repeatable: bool = True) -> UdsRequest:
    """Return a request of the programming session."""
    return UdsRequest(payload=payload, echo_bytes=echo_bytes, repeatable=repeatable)


def added_step(payload: bytes) -> UdsRequest:
    """Return a request that a description adds to the sequence."""
    return described(payload)


def routine(rid: int, option: bytes = b"") -> UdsRequest:
    """RoutineControl, startRoutine (13.2)."""
    return flash_request(b"\x31\x01" + rid.to_bytes(2, "big") + option, 3)


def routine_result(exchange: Exchange) -> int:
    """Return the first result byte of a routine: 0 is well; a routine that tells none did well."""
    return exchange.payload[4] if len(exchange.payload) > 4 else 0


def erase(sequence: FlashSequence, segment: Segment | None) -> UdsRequest:
    """Erase a segment; None: everything."""
    return routine(sequence.erase_rid, _area(sequence, segment) if segment is not None else b"")


def check_memory(sequence: FlashSequence, segment: Segment) -> UdsRequest:
    """Have the unit compare a segment with its CRC-32."""
    option = _area(sequence, segment)[1:] + segment.crc32.to_bytes(4, "big")
    return routine(sequence.check_memory_rid, option)


def request_download(sequence: FlashSequence, segment: Segment) -> UdsRequest:
    """RequestDownload (14.2)."""
    return flash_request(bytes((0x34, segment.data_format)) + _area(sequence, segment))


def request_transfer_exit() -> UdsRequest:
    """RequestTransferExit (14.6)."""
    return flash_request(b"\x37")


def are_you_there(p2_ms: int) -> UdsRequest:
    """TesterPresent, answered; asked again and again of a unit that restarts, so each time not for long."""
    wait_ms = max(p2_ms, POLL_WAIT_MS)
    return UdsRequest(payload=b"\x3e\x00", echo_bytes=1, first_wait_ms=wait_ms, repeatable=False)


def ecu_reset() -> UdsRequest:
    """ECUReset, hardReset (10.3); not sent again: a unit that fell silent has done it."""
    return flash_request(b"\x11\x01", 1, repeatable=False)


def write_fingerprint(sequence: FlashSequence, content: bytes) -> UdsRequest:
    """WriteDataByIdentifier of the fingerprint (11.7)."""
    return flash_request(b"\x2e" + sequence.fingerprint_did.to_bytes(2, "big") + content, 2)


def block_length(answer: bytes) -> int:
    """Return maxNumberOfBlockLength, or 0 where the answer to 0x34 does not tell a usable one."""
    if len(answer) < 2:
        return 0
    size = answer[1] >> 4
    if not 1 <= size <= 8 or len(answer) < 2 + size:
        return 0
    length = int.from_bytes(answer[2 : 2 + size], "big")
    return length if length > 2 else 0


def _area(sequence: FlashSequence, segment: Segment) -> bytes:
    """Return format identifier, address and size. Raises OverflowError for what has no room."""
    return (
        bytes((sequence.size_bytes << 4 | sequence.address_bytes,))
        + segment.address.to_bytes(sequence.address_bytes, "big")
        + segment.length.to_bytes(sequence.size_bytes, "big")
    )

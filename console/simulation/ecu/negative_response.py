"""Negative response codes and how a service refuses (ISO 14229-1:2020, annex A.1)."""

from __future__ import annotations

from enum import IntEnum

NEGATIVE_RESPONSE = 0x7F
"""Service identifier of every negative response."""


class Nrc(IntEnum):
    """The codes that a simulated unit uses, under the standard's names."""

    GENERAL_REJECT = 0x10
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
    UPLOAD_DOWNLOAD_NOT_ACCEPTED = 0x70
    TRANSFER_DATA_SUSPENDED = 0x71
    GENERAL_PROGRAMMING_FAILURE = 0x72
    WRONG_BLOCK_SEQUENCE_COUNTER = 0x73
    REQUEST_CORRECTLY_RECEIVED_RESPONSE_PENDING = 0x78
    SUB_FUNCTION_NOT_SUPPORTED_IN_ACTIVE_SESSION = 0x7E
    SERVICE_NOT_SUPPORTED_IN_ACTIVE_SESSION = 0x7F


NOT_SENT_WHEN_FUNCTIONAL = frozenset(
    {
        Nrc.SERVICE_NOT_SUPPORTED,
        Nrc.SUB_FUNCTION_NOT_SUPPORTED,
        Nrc.REQUEST_OUT_OF_RANGE,
        Nrc.SUB_FUNCTION_NOT_SUPPORTED_IN_ACTIVE_SESSION,
        Nrc.SERVICE_NOT_SUPPORTED_IN_ACTIVE_SESSION,
    }
)
"""A functionally addressed request that ends so gets no answer at all (7.5.4)."""


class Refused(Exception):  # noqa: N818 - past tense says what happened; it is an answer, not an error
    """A service says no."""

    def __init__(self, nrc: Nrc) -> None:
        super().__init__(nrc)
        self.nrc = nrc


def negative_response(service: int, nrc: Nrc) -> bytes:
    """Return the message `7F service nrc`."""
    return bytes((NEGATIVE_RESPONSE, service, nrc))


def require_length(request: bytes, *lengths: int) -> None:
    """Refuse a request of any other length (NRC 0x13)."""
    if len(request) not in lengths:
        raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)


def require_at_least(request: bytes, length: int) -> None:
    """Refuse a request that is shorter (NRC 0x13)."""
    if len(request) < length:
        raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)

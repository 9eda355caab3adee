"""Which answers belong to which request (ISO 14229-1:2020, 8.2 to 8.7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

NEGATIVE_RESPONSE = 0x7F
BUSY_REPEAT_REQUEST = 0x21
RESPONSE_PENDING = 0x78

SUPPRESS_POSITIVE_RESPONSE = 0x80
"""Bit 7 of the sub-function: no positive response wanted."""

SERVICES_WITH_SUB_FUNCTION = frozenset(
    (0x10, 0x11, 0x19, 0x27, 0x28, 0x29, 0x2C, 0x31, 0x3E, 0x83, 0x85, 0x86, 0x87)
)
"""Only here bit 7 of the byte after the service identifier is the suppress bit (ISO 14229-1:2020, 8.2.2)."""


class Fit(Enum):
    """What a received message is to a request."""

    POSITIVE = auto()
    NEGATIVE = auto()
    PENDING = auto()
    BUSY = auto()
    EMPTY = auto()
    TOO_SHORT = auto()
    """It is the answer as far as it goes, and ends too early."""
    OTHER_SERVICE = auto()
    OTHER_ECHO = auto()


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answers to one request begin with."""

    service: int
    echo: bytes
    """What a positive response repeats, without the suppress bit."""
    suppressed: bool
    """The request asks for no positive response."""

    @classmethod
    def by(cls, request: bytes, echo_bytes: int) -> Expected:
        """Return what is expected of an answer to `request`."""
        echo = request[1 : 1 + max(echo_bytes, 0)]
        suppressed = False
        if request[0] in SERVICES_WITH_SUB_FUNCTION and len(request) > 1:
            suppressed = bool(request[1] & SUPPRESS_POSITIVE_RESPONSE)
            if echo:
                echo = bytes((echo[0] & ~SUPPRESS_POSITIVE_RESPONSE,)) + echo[1:]
        return cls(request[0], echo, suppressed)

    def fit(self, payload: bytes) -> Fit:
        """Return what `payload` is to the request."""
        if not payload:
            return Fit.EMPTY
        if payload[0] == NEGATIVE_RESPONSE:
            if len(payload) > 1 and payload[1] != self.service:
                return Fit.OTHER_SERVICE
            if len(payload) < 3:
                return Fit.TOO_SHORT
            return {RESPONSE_PENDING: Fit.PENDING, BUSY_REPEAT_REQUEST: Fit.BUSY}.get(
                payload[2], Fit.NEGATIVE
            )
        if payload[0] != self.service | 0x40:
            return Fit.OTHER_SERVICE
        answered = payload[1 : 1 + len(self.echo)]
        if not self.echo.startswith(answered):
            return Fit.OTHER_ECHO
        return Fit.POSITIVE if len(answered) == len(self.echo) else Fit.TOO_SHORT

    def may_own(self, payload: bytes) -> bool:
        """Return whether `payload` could be a final answer to the request."""
        return self.fit(payload) in (Fit.POSITIVE, Fit.NEGATIVE, Fit.BUSY)

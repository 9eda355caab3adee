"""One request to a control unit and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing


@dataclass(frozen=True, kw_only=True)
class UdsRequest:
    """A request as the control unit gets it.

    Args:
        payload: service identifier and what follows (ISO 14229-1).
        echo_bytes: how many bytes after the service identifier a positive response repeats (sub-function
            without its suppress bit, data or routine identifier); an answer with another echo is not ours.
        first_wait_ms: overrides P2 for the first answer (clearing and the like); 0: the unit's own.
        repeatable: may be sent again after silence; False for what must not happen twice.
        delivery_ms: longest wait until the line says that it brought the request; 0: the line's own.
    """

    payload: bytes
    echo_bytes: int = 0
    first_wait_ms: int = 0
    repeatable: bool = True
    delivery_ms: int = 0


class Outcome(StrEnum):
    """How an exchange ended."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    """A final negative response; `nrc` says which."""
    SILENT = "silent"
    """Nothing came within P2 (after the resends); `reason` says more."""
    BROKEN = "broken"
    """Something came that is no answer to this request, is cut off, or is longer than announced."""
    LINK_LOST = "link-lost"
    """The connection to the vehicle went away meanwhile."""
    CANCELLED = "cancelled"


class SilentReason(StrEnum):
    """Why there was no usable answer; the sentences are in the catalogues."""

    NO_ANSWER = "no-answer"
    """Sent, nothing came back within P2."""
    PENDING_FOR_EVER = "pending-for-ever"
    """0x78 until the budget ran out."""
    BUSY_FOR_EVER = "busy-for-ever"
    """0x21 until the budget ran out."""
    UNKNOWN_TARGET = "unknown-target"
    """DoIP NACK 0x03: the gateway does not know the address."""
    UNREACHABLE = "unreachable"
    """DoIP NACK 0x06: the gateway knows the unit and cannot reach it."""
    GATEWAY_REFUSED = "gateway-refused"
    """Any other DoIP NACK; its code is in `detail`."""
    NOT_SENT = "not-sent"
    """The bus did not take the frame (bus off, no acknowledge)."""
    FLOW_CONTROL = "flow-control"
    """The unit stopped in the middle of a segmented message (ISO 15765-2 time-outs, overflow)."""
    SEQUENCE = "sequence"
    """A segmented answer lost frames and did not come whole in the resends either."""
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    EMPTY = "empty"
    WRONG_SERVICE = "wrong-service"
    """Only answers to something else came."""
    WRONG_ECHO = "wrong-echo"
    """The service was right, the sub-function or identifier another."""
    LINK_LOST = "link-lost"
    CANCELLED = "cancelled"


HUNG_UP = "EOF"
"""`detail` with GATEWAY_REFUSED: the gateway ends the connection each time it is to pass this request on."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What became of one request."""

    ticket: int
    address: Address
    request: bytes
    outcome: Outcome
    payload: bytes = b""
    """The final answer as sent, also a negative one or the last unusable one."""
    nrc: int | None = None
    reason: SilentReason | None = None
    detail: str = ""
    """A code or a length for the reason's sentence, cleaned."""
    time_ms: float = 0.0
    """From the first sending to the end, on the monotonic clock."""
    retries: int = 0
    """Times the request was sent again (silence, 0x21, a broken transfer)."""
    pending: int = 0
    """Times 0x78 was received."""
    strays: tuple[bytes, ...] = field(default=())
    """Answers to something else that came meanwhile, at most eight."""

    @property
    def positive(self) -> bool:
        """Whether the unit answered positively."""
        return self.outcome is Outcome.POSITIVE


@dataclass(frozen=True, kw_only=True)
class FunctionalAnswer:
    """One unit's answer to a functional (broadcast) request."""

    address: Address
    payload: bytes


__all__ = ["Exchange", "FunctionalAnswer", "Outcome", "SilentReason", "Timing", "UdsRequest"]

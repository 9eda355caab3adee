"""What a service gives back to the unit that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

DEFAULT_SESSION = 0x01
PROGRAMMING_SESSION = 0x02
EXTENDED_SESSION = 0x03

SUPPRESS_POSITIVE_RESPONSE = 0x80
"""suppressPosRspMsgIndicationBit of a sub-function byte."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A positive response, and what goes with it."""

    payload: bytes = b""
    work_ms: int = 0
    """Time until the response is there; longer than P2 means 0x78 meanwhile."""
    finish: Callable[[], bytes] | None = None
    """Makes the payload when the work is done; an effect belongs here when a reset must prevent it."""
    afterwards: Callable[[], None] | None = None
    """Called when the response was handed to the line, also when it is suppressed."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one unit and where it may be used (ISO 14229-1:2020, figures 5 and 6)."""

    handler: Callable[[bytes], Answer]
    """Gets the request with the suppress bit taken out; raises Refused."""
    sessions: frozenset[int]
    sub_functions: Mapping[int, frozenset[int]] | None = None
    """Sub-functions and the sessions that allow each; None: no sub-function, or the handler checks it."""
    suppressible: bool = False
    """Whether byte 1 carries the suppress bit."""

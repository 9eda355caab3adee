"""What the form of a function means on the wire: its requests, and whether it goes on by itself."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import UdsRequest
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ParameterKind

START_WAIT_MS = 5_000
"""P2 for starting: many routines answer when they are done, without 0x78 in between."""
RUNNING_WORDS = ("running", "active", "in progress", "busy")
"""Texts of a result by which a routine says that it goes on."""
_ECHO_BYTES = {0x2F: 3, 0x31: 3, 0x11: 1, 0x28: 1, 0x85: 1, 0x22: 2, 0x2E: 2}
"""How many bytes of a request its positive response repeats."""


def start_request(payload: bytes) -> UdsRequest:
    """Return the request that makes something move: never sent twice by itself."""
    echo_bytes = _ECHO_BYTES.get(payload[0], 0)
    return UdsRequest(payload=payload, echo_bytes=echo_bytes, first_wait_ms=START_WAIT_MS, repeatable=False)


def request_of(payload: bytes) -> UdsRequest:
    """Return any other request of a function."""
    return UdsRequest(payload=payload, echo_bytes=min(_ECHO_BYTES.get(payload[0], 0), len(payload) - 1))


def return_request(function: FunctionForm) -> UdsRequest | None:
    """Return what gives control back: returnControlToECU, or stopRoutine; None where nothing does."""
    if function.kind is FunctionKind.OUTPUT:
        given = function.give_back.request if function.give_back is not None else b""
        return request_of(given or function.start.request[:3] + b"\x00")
    return request_of(function.stop.request) if function.stop is not None else None


def goes_on(function: FunctionForm, results: Sequence[DecodedValue]) -> bool:
    """Return whether the function still runs, as far as the description lets it be known."""
    if function.kind is FunctionKind.OUTPUT:
        return True
    if function.kind is FunctionKind.OTHER:
        return False
    polled = function.results.results if function.results is not None else ()
    told = {f.name for f in (*function.start.results, *polled) if f.kind is ParameterKind.CHOICE}
    states = [value.value.casefold() for value in results if value.name in told]
    if any(word in state for state in states for word in RUNNING_WORDS):
        return True
    return not states and function.stop is not None

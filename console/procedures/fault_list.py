"""Reads the list of a fault memory (0x19 02), and takes its answer apart without trusting it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workshop_console.console.model.clean import clean
from workshop_console.console.model.dtc import DtcStatus
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason
from workshop_console.console.procedures.scripts import Conversation, UnitScript
from workshop_console.console.procedures.services import (
    OTHER_SESSION,
    NegativeResponse,
    diagnostic_session,
    read_dtc_by_status_mask,
    read_supported_dtc,
)

NARROWER_MASKS = (0x2F, 0x0D, 0x09, 0x01)
"""Status masks to try, one after the other, when the whole list does not fit into an answer (0x14)."""

_IN_MEMORY = (
    DtcStatus.TEST_FAILED
    | DtcStatus.TEST_FAILED_THIS_OPERATION_CYCLE
    | DtcStatus.PENDING_DTC
    | DtcStatus.CONFIRMED_DTC
    | DtcStatus.TEST_FAILED_SINCE_LAST_CLEAR
    | DtcStatus.WARNING_INDICATOR_REQUESTED
)
_SHOWN_BYTES = 24
_FILLER = (0, 0)
"""P0000-00 without any status bit is no fault (SAE J2012-DA): some units fill their answer with zeros."""


@dataclass(frozen=True, kw_only=True)
class FaultList:
    """What came back; `entries` are the whole ones also when the answer as a whole is unusable."""

    outcome: Outcome
    entries: tuple[tuple[int, int], ...] = ()
    """DTC (24 bits) and statusOfDTC."""
    availability_mask: int | None = None
    reason: SilentReason | None = None
    nrc: int | None = None
    detail: str = ""
    raw: bytes = b""
    extended_session: bool = False
    """The unit answers this only in the extended session."""


def parse_fault_list(payload: bytes) -> FaultList:
    """Take an answer to 0x19 02 or 0x19 0A apart (ISO 14229-1:2020, 12.3.3.2).

    | 0x59 | sub-function | statusAvailabilityMask | DTC high, middle, low | status | DTC … |
    """
    if len(payload) < 3:
        return FaultList(
            outcome=Outcome.BROKEN,
            reason=SilentReason.EMPTY if not payload else SilentReason.TOO_SHORT,
            detail=shown(payload),
            raw=payload,
        )
    body = payload[3:]
    whole = len(body) - len(body) % 4
    records = ((int.from_bytes(body[at : at + 3], "big"), body[at + 3]) for at in range(0, whole, 4))
    entries = tuple(record for record in records if record != _FILLER)
    if whole != len(body):
        return FaultList(
            outcome=Outcome.BROKEN,
            entries=entries,
            availability_mask=payload[2],
            reason=SilentReason.TOO_SHORT,
            detail=shown(body[whole:]),
            raw=payload,
        )
    return FaultList(outcome=Outcome.POSITIVE, entries=entries, availability_mask=payload[2], raw=payload)


def read_fault_list(talk: Conversation) -> UnitScript[FaultList]:
    """Ask for all faults; where that is refused, ask in the ways that units are known to want it."""
    first = yield from talk.ask(read_dtc_by_status_mask())
    if first.nrc in OTHER_SESSION:
        opened = yield from talk.ask(diagnostic_session(0x03))
        if not opened.positive:
            return _failed(opened)
        again = yield from talk.ask(read_dtc_by_status_mask())
        yield from talk.ask(diagnostic_session(0x01))
        return replace(_taken(again), extended_session=True)
    if first.nrc == NegativeResponse.RESPONSE_TOO_LONG:
        for mask in NARROWER_MASKS:
            narrower = yield from talk.ask(read_dtc_by_status_mask(mask))
            if narrower.positive:
                return _taken(narrower)
            if narrower.nrc != NegativeResponse.RESPONSE_TOO_LONG:
                break
        return _failed(first)
    if first.nrc in (
        NegativeResponse.SUB_FUNCTION_NOT_SUPPORTED,
        NegativeResponse.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT,
        NegativeResponse.REQUEST_OUT_OF_RANGE,
    ):
        supported = yield from talk.ask(read_supported_dtc())
        return _in_memory(_taken(supported)) if supported.positive else _failed(first)
    return _taken(first)


def _in_memory(supported: FaultList) -> FaultList:
    """Leave out the codes that the unit supports and has nothing in its memory about."""
    entries = tuple(entry for entry in supported.entries if entry[1] & _IN_MEMORY)
    return replace(supported, entries=entries)


def _taken(exchange: Exchange) -> FaultList:
    return parse_fault_list(exchange.payload) if exchange.positive else _failed(exchange)


def _failed(exchange: Exchange) -> FaultList:
    broken = exchange.outcome is Outcome.BROKEN
    return FaultList(
        outcome=exchange.outcome,
        reason=exchange.reason,
        nrc=exchange.nrc,
        detail=exchange.detail or (shown(exchange.payload) if broken else ""),
        raw=exchange.payload,
    )


def shown(payload: bytes) -> str:
    """Return the beginning of some bytes in hexadecimal."""
    text = payload[:_SHOWN_BYTES].hex(" ").upper()
    return clean(text if len(payload) <= _SHOWN_BYTES else text + " …")

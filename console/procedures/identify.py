"""Tells which variant a control unit is, and reads its hardware and software numbers and the VIN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workshop_console.console.model.clean import clean_bytes_as_text
from workshop_console.console.model.description import MatchRule, UnitSummary, Variant
from workshop_console.console.model.exchange import Exchange, Outcome
from workshop_console.console.model.report import VariantMatch
from workshop_console.console.procedures.scripts import Conversation, UnitScript
from workshop_console.console.procedures.services import (
    NOT_THERE,
    OTHER_SESSION,
    READING_SERVICES,
    NegativeResponse,
    described,
    diagnostic_session,
    read_data_by_identifier,
)

HARDWARE_DIDS = (0xF191, 0xF192, 0xF193)
"""Hardware number of the vehicle's maker, number and version of the supplier (ISO 14229-1, table C.1)."""
SOFTWARE_NUMBER_DIDS = (0xF188, 0xF194)
SOFTWARE_VERSION_DIDS = (0xF189, 0xF195)
VIN_DID = 0xF190
VIN_LENGTH = 17

_MOST_REQUESTS = 16
"""Different requests that the variant patterns of one unit may need."""
_LONGEST_NUMBER = 40
_SHOWN_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Identification:
    """What a unit says of itself."""

    variant: str = ""
    variant_match: VariantMatch = VariantMatch.UNDESCRIBED
    hardware: str = ""
    software: str = ""
    vin: str = ""
    nrc: int | None = None
    """First refusal that is more than a missing identifier."""
    failure: Exchange | None = None
    """The exchange after which asking made no sense any more (silence, cancelled, link lost)."""


class _Records:
    """Asks each request once and remembers the answer; stops asking where that makes no sense."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._answers: dict[bytes, bytes | None] = {}
        self._session_tried = False
        self._session_open = False
        self.nrc: int | None = None
        self.failure: Exchange | None = None

    def read(self, payload: bytes) -> UnitScript[bytes | None]:
        """Return the positive response to `payload`, or None."""
        if payload in self._answers:
            return self._answers[payload]
        if self.failure is not None or not payload or payload[0] not in READING_SERVICES:
            return None
        if len(self._answers) >= _MOST_REQUESTS:
            return None
        exchange = yield from self._talk.ask(described(payload))
        if exchange.nrc in OTHER_SESSION and (yield from self._open_session()):
            exchange = yield from self._talk.ask(described(payload))
        answer = exchange.payload if exchange.positive else None
        self._answers[payload] = answer
        if exchange.outcome in (Outcome.SILENT, Outcome.LINK_LOST, Outcome.CANCELLED):
            self.failure = exchange
        elif exchange.nrc is not None:
            if exchange.nrc == NegativeResponse.SERVICE_NOT_SUPPORTED and payload[0] == 0x22:
                self.failure = exchange
            if exchange.nrc not in NOT_THERE and self.nrc is None:
                self.nrc = exchange.nrc
        return answer

    def _open_session(self) -> UnitScript[bool]:
        """Go to the extended session, once; return whether the same request may do better now."""
        if self._session_tried:
            return False
        self._session_tried = True
        self._session_open = (yield from self._talk.ask(diagnostic_session(0x03))).positive
        return self._session_open

    def leave(self) -> UnitScript[None]:
        """Put the unit back into the default session where it was taken out of it."""
        if self._session_open:
            self._session_open = False
            yield from self._talk.ask(diagnostic_session(0x01))

    def record(self, did: int) -> UnitScript[bytes]:
        """Return the data of an identifier; empty when the unit does not give it."""
        answer = yield from self.read(read_data_by_identifier(did).payload)
        return answer[3:] if answer else b""


def identify(unit: UnitSummary, talk: Conversation) -> UnitScript[Identification]:
    """Ask a unit for everything that identifies it; what it refuses stays empty."""
    records = _Records(talk)
    variant, match = yield from _find_variant(unit, records)
    hardware = yield from _first_number(records, HARDWARE_DIDS)
    number = yield from _first_number(records, SOFTWARE_NUMBER_DIDS)
    version = yield from _first_number(records, SOFTWARE_VERSION_DIDS)
    vin = vin_of((yield from records.record(VIN_DID)))
    yield from records.leave()
    return Identification(
        variant=variant,
        variant_match=match,
        hardware=hardware,
        software=f"{number} {version}".strip(),
        vin=vin,
        nrc=records.nrc,
        failure=records.failure,
    )


def identify_variant(unit: UnitSummary, talk: Conversation) -> UnitScript[tuple[str, Exchange | None]]:
    """Ask a unit only what tells its variant; return its name and the exchange after which asking ended."""
    records = _Records(talk)
    variant, _match = yield from _find_variant(unit, records)
    yield from records.leave()
    return variant, records.failure


def _first_number(records: _Records, dids: Sequence[int]) -> UnitScript[str]:
    for did in dids:
        data = yield from records.record(did)
        if text := number_text(data):
            return text
    return ""


def _find_variant(unit: UnitSummary, records: _Records) -> UnitScript[tuple[str, VariantMatch]]:
    if not unit.key:
        return "", VariantMatch.UNDESCRIBED
    with_patterns = [variant for variant in unit.variants if variant.patterns]
    if not with_patterns:
        only = unit.variants[0].name if len(unit.variants) == 1 else ""
        return only, VariantMatch.ONLY
    for variant in with_patterns:
        if (yield from _fits(variant, records)):
            return variant.name, VariantMatch.EXACT
    return "", VariantMatch.NONE


def _fits(variant: Variant, records: _Records) -> UnitScript[bool]:
    for pattern in variant.patterns:
        held = bool(pattern)
        for rule in pattern:
            answer = yield from records.read(rule.request)
            if answer is None or not rule_holds(rule, answer):
                held = False
                break
        if held:
            return True
    return False


def rule_holds(rule: MatchRule, answer: bytes) -> bool:
    """Return whether the bits that the rule names are what it expects (ISO 22901-1, 7.3.9)."""
    end = rule.position + (rule.bit_position + rule.bit_length + 7) // 8
    if rule.bit_length <= 0 or end > len(answer):
        return False
    bits = int.from_bytes(answer[rule.position : end], "big") >> rule.bit_position
    mask = (1 << rule.bit_length) - 1
    return bits & mask == int.from_bytes(rule.expected, "big") & mask


def number_text(data: bytes) -> str:
    """Return a part number or version as text; bytes that are no text in hexadecimal."""
    if not data.strip(b"\x00\xff \xaa\xcc"):
        return ""
    core = data.rstrip(b"\x00\xff \xaa\xcc")
    if all(0x20 <= byte < 0x7F for byte in core):
        return clean_bytes_as_text(core, longest=_LONGEST_NUMBER)
    shown = data[:_SHOWN_BYTES].hex().upper()
    return shown if len(data) <= _SHOWN_BYTES else shown + "…"


def vin_of(data: bytes) -> str:
    """Return the VIN that a record spells, as sent; empty when it is padding only."""
    return clean_bytes_as_text(data, longest=2 * VIN_LENGTH)

"""Reads snapshots (0x19 04) and extended data (0x19 06) of faults and takes them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcRecordLayout,
    FieldLayout,
    UnitDescription,
)
from workshop_console.console.model.dtc import DecodedValue, DtcRecord, Fault
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason
from workshop_console.console.procedures.scripts import Conversation, UnitScript
from workshop_console.console.procedures.services import (
    NOT_THERE,
    read_extended_data,
    read_snapshot,
    read_snapshot_identification,
)

_HEAD = 6
"""Service, sub-function, DTC (3), statusOfDTC: what comes before the first record."""
_MOST_RECORDS = 32
_OVER = frozenset({Outcome.SILENT, Outcome.LINK_LOST, Outcome.CANCELLED})

_OCCURRENCES = re.compile(r"occurr?ence|frequency|häufigkeit|haeufigkeit|event ?count", re.IGNORECASE)
_COUNTER = re.compile(r"count|number|anzahl|zähler|zaehler|häufigkeit|haeufigkeit|frequency", re.IGNORECASE)
_FIRST = re.compile(r"\b(first|erst\w*|primer\w*|prim[oa])\b", re.IGNORECASE)
_LAST = re.compile(r"\b(last|latest|letzt\w*|últim\w*|ultim\w*)\b", re.IGNORECASE)
_PRIORITY = re.compile(r"priorit|severity", re.IGNORECASE)


@dataclass
class _Habits:
    """What a unit turned out not to do; it is not asked for that again."""

    snapshots: bool = True
    extended: bool = True
    every_snapshot_at_once: bool = True
    every_extended_at_once: bool = True
    snapshot_numbers: dict[int, list[int]] | None = None
    over: SilentReason | None = None
    """Why the unit is asked for nothing more."""

    def heed(self, exchange: Exchange) -> Exchange:
        """Ask for nothing more when the unit fell silent, or nobody can or wants to ask it."""
        if exchange.outcome in _OVER:
            self.over = exchange.reason or SilentReason.NO_ANSWER
            self.snapshots = self.extended = False
        return exchange


def read_details(
    faults: Sequence[Fault], description: UnitDescription | None, talk: Conversation
) -> UnitScript[tuple[tuple[Fault, ...], SilentReason | None]]:
    """Return `faults` with their records, and why they were not read to the end.

    A unit that has no records loses nothing by it.
    """
    identifiers = {d.did: d for d in description.data_identifiers} if description else {}
    layouts = {r.record_number: r for r in description.extended_records} if description else {}
    habits = _Habits()
    read = []
    for fault in faults:
        extended = yield from _extended(fault.dtc, layouts, habits, talk)
        snapshots = yield from _snapshots(fault.dtc, identifiers, habits, talk)
        read.append(with_occurrences(replace(fault, snapshots=snapshots, extended=extended)))
    return tuple(read), habits.over


def _extended(
    dtc: int, layouts: Mapping[int, DtcRecordLayout], habits: _Habits, talk: Conversation
) -> UnitScript[tuple[DtcRecord, ...]]:
    if not habits.extended:
        return ()
    if habits.every_extended_at_once:
        exchange = habits.heed((yield from talk.ask(read_extended_data(dtc))))
        if exchange.positive:
            return parse_extended_data(exchange.payload, layouts)
        if exchange.nrc not in NOT_THERE:
            return ()
        habits.every_extended_at_once = not layouts
        if not layouts:
            return ()
    records: list[DtcRecord] = []
    for number in sorted(layouts)[:_MOST_RECORDS]:
        if habits.over:
            break
        exchange = habits.heed((yield from talk.ask(read_extended_data(dtc, number))))
        if exchange.positive:
            records.extend(parse_extended_data(exchange.payload, layouts))
    return tuple(records)


def _snapshots(
    dtc: int, identifiers: Mapping[int, DataIdentifier], habits: _Habits, talk: Conversation
) -> UnitScript[tuple[DtcRecord, ...]]:
    if not habits.snapshots:
        return ()
    if habits.every_snapshot_at_once:
        exchange = habits.heed((yield from talk.ask(read_snapshot(dtc))))
        if exchange.positive:
            return parse_snapshots(exchange.payload, identifiers)
        if exchange.nrc not in NOT_THERE:
            return ()
    # The unit refuses "all records". Some refuse it for want of this fault's data only, others always;
    # 0x19 03 tells which records there are, where the unit has it.
    if habits.snapshot_numbers is None:
        listed = habits.heed((yield from talk.ask(read_snapshot_identification())))
        habits.snapshot_numbers = _listed_snapshots(listed)
        habits.every_snapshot_at_once = not habits.snapshot_numbers
    records: list[DtcRecord] = []
    for number in habits.snapshot_numbers.get(dtc, [])[:_MOST_RECORDS]:
        if habits.over:
            break
        exchange = habits.heed((yield from talk.ask(read_snapshot(dtc, number))))
        if exchange.positive:
            records.extend(parse_snapshots(exchange.payload, identifiers))
    return tuple(records)


def _listed_snapshots(exchange: Exchange) -> dict[int, list[int]]:
    """| 0x59 | 0x03 | DTC (3) | record number | DTC … |."""
    numbers: dict[int, list[int]] = {}
    if exchange.positive:
        body = exchange.payload[2:]
        for at in range(0, len(body) - 3, 4):
            numbers.setdefault(int.from_bytes(body[at : at + 3], "big"), []).append(body[at + 3])
    return numbers


def parse_snapshots(payload: bytes, identifiers: Mapping[int, DataIdentifier]) -> tuple[DtcRecord, ...]:
    """Take an answer to 0x19 04 apart (ISO 14229-1:2020, 12.3.3.4).

    | 0x59 | 0x04 | DTC (3) | status | record number | identifier count | DID (2) | data … | DID … |

    Where the length of an identifier's data is not described, the rest belongs to the record at hand, raw.
    """
    records: list[DtcRecord] = []
    at = _HEAD
    while at < len(payload) and len(records) < _MOST_RECORDS:
        start, number = at, payload[at]
        count = payload[at + 1] if at + 1 < len(payload) else 0
        at += 2
        values: list[DecodedValue] = []
        known = True
        for _ in range(count):
            did = int.from_bytes(payload[at : at + 2], "big")
            identifier = identifiers.get(did)
            length = identifier.length if identifier else None
            if at + 2 > len(payload) or identifier is None or length is None:
                known = False
                break
            data = payload[at + 2 : at + 2 + length]
            values.extend(_decoded(identifier, data))
            if len(data) < length:
                known = False
                break
            at += 2 + length
        if not known or not count:
            at = len(payload)
        records.append(DtcRecord(number=number, raw=payload[start + 1 : at], values=tuple(values)))
    return tuple(records)


def _decoded(identifier: DataIdentifier, data: bytes) -> tuple[DecodedValue, ...]:
    if identifier.fields:
        return decode_fields(identifier.fields, data)
    name = identifier.label or identifier.name
    return (DecodedValue(name=name, value=data.hex(" ").upper(), raw=data),)


def parse_extended_data(payload: bytes, layouts: Mapping[int, DtcRecordLayout]) -> tuple[DtcRecord, ...]:
    """Take an answer to 0x19 06 apart (ISO 14229-1:2020, 12.3.3.5).

    | 0x59 | 0x06 | DTC (3) | status | record number | data … | record number | data … |

    The data carries no length: a record that nothing describes takes the rest.
    """
    records: list[DtcRecord] = []
    at = _HEAD
    while at < len(payload) and len(records) < _MOST_RECORDS:
        number = payload[at]
        layout = layouts.get(number)
        length = layout_length(layout.fields) if layout else None
        end = len(payload) if length is None else at + 1 + length
        data = payload[at + 1 : end]
        values = decode_fields(layout.fields, data) if layout else ()
        records.append(DtcRecord(number=number, raw=data, values=values))
        at = max(end, at + 1)
    return tuple(records)


def layout_length(fields: Sequence[FieldLayout]) -> int | None:
    """Return how many bytes the fields take; None when one goes to the end."""
    if not fields or any(field.bit_length is None for field in fields):
        return None
    return max(f.byte_position + (f.bit_position + (f.bit_length or 0) + 7) // 8 for f in fields)


def with_occurrences(fault: Fault) -> Fault:
    """Return the fault with what its records say of how often, when first, when last and how urgent."""
    occurrences, first, last, priority = fault.occurrences, "", "", fault.priority
    for record in fault.extended:
        for value in record.values:
            name = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", value.name)
            shown = f"{value.value} {value.unit}".strip()
            if _FIRST.search(name):
                first = first or shown
            elif _LAST.search(name):
                last = last or shown
            elif _PRIORITY.search(name):
                priority = _whole(value.value) if priority is None else priority
            elif _OCCURRENCES.search(name) and (_COUNTER.search(name) or _whole(value.value) is not None):
                occurrences = _whole(value.value) if occurrences is None else occurrences
    return replace(
        fault, occurrences=occurrences, first_occurrence=first, last_occurrence=last, priority=priority
    )


def _whole(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None

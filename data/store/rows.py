"""Parts of a description as compact JSON: what is read for every unit of a quick test must be quick.

Written out by hand instead of through model/plain.py, which takes ten times as long on 60 units.
"""

from __future__ import annotations

import json
from typing import Any

from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.description import FieldLayout, MatchRule, TextRange, Timing, ValueKind

_KINDS = {kind.value: kind for kind in ValueKind}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def addresses_text(addresses: tuple[Address, ...]) -> str:
    """Return [logical] or [request, response, extended] for each address."""
    return _dump(
        [
            [a.logical] if isinstance(a, DoipAddress) else [a.request, a.response, int(a.extended)]
            for a in addresses
        ]
    )


def addresses_of(text: str) -> tuple[Address, ...]:
    """Return what addresses_text() wrote."""
    return tuple(
        DoipAddress(parts[0]) if len(parts) == 1 else CanAddress(parts[0], parts[1], bool(parts[2]))
        for parts in json.loads(text)
    )


def timing_text(timing: Timing) -> str:
    """Return the five figures in the order of the class."""
    return _dump(
        [timing.p2_ms, timing.p2_star_ms, timing.pending_budget_ms, timing.busy_budget_ms, timing.retries]
    )


def timing_of(text: str) -> Timing:
    """Return what timing_text() wrote."""
    p2_ms, p2_star_ms, pending_budget_ms, busy_budget_ms, retries = json.loads(text)
    return Timing(
        p2_ms=p2_ms,
        p2_star_ms=p2_star_ms,
        pending_budget_ms=pending_budget_ms,
        busy_budget_ms=busy_budget_ms,
        retries=retries,
    )


def patterns_text(patterns: tuple[tuple[MatchRule, ...], ...]) -> str:
    """Return each pattern as a list of [request, position, bit position, bit length, expected]."""
    return _dump(
        [
            [
                [rule.request.hex(), rule.position, rule.bit_position, rule.bit_length, rule.expected.hex()]
                for rule in pattern
            ]
            for pattern in patterns
        ]
    )


def patterns_of(text: str) -> tuple[tuple[MatchRule, ...], ...]:
    """Return what patterns_text() wrote."""
    return tuple(
        tuple(
            MatchRule(
                request=bytes.fromhex(request),
                position=position,
                bit_position=bit_position,
                bit_length=bit_length,
                expected=bytes.fromhex(expected),
            )
            for request, position, bit_position, bit_length, expected in pattern
        )
        for pattern in json.loads(text)
    )


def fields_text(fields: tuple[FieldLayout, ...]) -> str:
    """Return each field as a list in the order of the class, texts as [low, high, text]."""
    return _dump(
        [
            [
                *(f.name, f.label, f.byte_position, f.bit_position, f.bit_length, f.kind.value),
                *(int(f.little_endian), f.factor, f.offset, f.divisor),
                [[t.low, t.high, t.text] for t in f.texts],
                *(f.unit, f.digits),
            ]
            for f in fields
        ]
    )


def fields_of(text: str) -> tuple[FieldLayout, ...]:
    """Return what fields_text() wrote."""
    return tuple(
        FieldLayout(
            name=name,
            label=label,
            byte_position=byte_position,
            bit_position=bit_position,
            bit_length=bit_length,
            kind=_KINDS[kind],
            little_endian=bool(little_endian),
            factor=factor,
            offset=offset,
            divisor=divisor,
            texts=tuple(TextRange(low=low, high=high, text=words) for low, high, words in texts),
            unit=unit,
            digits=digits,
        )
        for (
            name,
            label,
            byte_position,
            bit_position,
            bit_length,
            kind,
            little_endian,
            factor,
            offset,
            divisor,
            texts,
            unit,
            digits,
        ) in json.loads(text)
    )

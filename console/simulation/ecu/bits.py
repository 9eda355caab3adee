"""Takes the raw value of a field out of a record, puts another in, and converts physical units."""

from __future__ import annotations

import struct
from typing import Literal

from workshop_console.console.model.decode import raw_number
from workshop_console.console.model.description import FieldLayout, ValueKind

NUMERIC = (ValueKind.UNSIGNED, ValueKind.SIGNED, ValueKind.FLOAT)


def raw_of(field: FieldLayout, data: bytes) -> float:
    """Return the raw value of a numeric `field` in `data`."""
    length = field.bit_length or 0
    end = field.byte_position + (field.bit_position + length + 7) // 8
    return raw_number(field, data[field.byte_position : end], length)


def physical(field: FieldLayout, raw: float) -> float:
    """Return what a raw value means; of a field with texts the raw value itself."""
    if field.texts:
        return raw
    return (field.offset + field.factor * raw) / field.divisor


def with_physical(field: FieldLayout, data: bytes, value: float) -> bytes:
    """Return `data` with the raw value in `field` that comes nearest to `value`."""
    raw = value if field.texts else (value * field.divisor - field.offset) / field.factor
    return with_raw(field, data, raw)


def with_raw(field: FieldLayout, data: bytes, raw: float) -> bytes:
    """Return `data` with `raw` in `field`, at most what its bits hold."""
    length = field.bit_length or 0
    mask = (1 << length) - 1
    if field.kind is ValueKind.FLOAT:
        bits = int.from_bytes(struct.pack(">f" if length == 32 else ">d", raw), "big")
    else:
        highest = mask >> 1 if field.kind is ValueKind.SIGNED else mask
        lowest = -highest - 1 if field.kind is ValueKind.SIGNED else 0
        bits = min(max(round(raw), lowest), highest) & mask
    order: Literal["little", "big"] = "little" if field.little_endian else "big"
    length_bytes = (field.bit_position + length + 7) // 8
    end = field.byte_position + length_bytes
    window = int.from_bytes(data[field.byte_position : end], order)
    window = window & ~(mask << field.bit_position) | bits << field.bit_position
    return data[: field.byte_position] + window.to_bytes(length_bytes, order) + data[end:]


def allowed(field: FieldLayout, data: bytes) -> bool:
    """Return whether the value of `field` in `data` is one that its texts and limits name."""
    if field.kind not in NUMERIC:
        return True
    raw = raw_of(field, data)
    if field.texts:
        return any(entry.low <= raw <= entry.high for entry in field.texts)
    value = physical(field, raw)
    return (field.low is None or value >= field.low) and (field.high is None or value <= field.high)

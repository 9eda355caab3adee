"""Cuts fields out of a record and says what they mean (ISO 22901-1, 7.3.6); pure, and never raises."""

from __future__ import annotations

import math
import struct
from decimal import Decimal

from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import FieldLayout, ValueKind
from workshop_console.console.model.dtc import DecodedValue

_TEXT_ENCODINGS = {ValueKind.ASCII: "latin-1", ValueKind.UTF8: "utf-8"}
_SIGNIFICANT_DIGITS = 12
"""Digits of a number whose precision is not described: hides binary rounding, keeps 32-bit integers whole."""


def decode_fields(layout: tuple[FieldLayout, ...], data: bytes) -> tuple[DecodedValue, ...]:
    """Return what `data` says, in the order of `layout`; fields that `data` is too short for are left out.

    Args:
        layout: the fields of the record; positions count from the first byte after the identifier.
        data: the record as sent, without service and identifier.
    """
    decoded = (_decode_field(field, data) for field in layout)
    return tuple(value for value in decoded if value is not None)


def _decode_field(field: FieldLayout, data: bytes) -> DecodedValue | None:
    start = field.byte_position
    if field.bit_length is None:
        if start > len(data):
            return None
        raw, bit_length = data[start:], 8 * (len(data) - start)
    else:
        bit_length = field.bit_length
        end = start + (bit_length + field.bit_position + 7) // 8
        if end > len(data):
            return None
        raw = data[start:end]
    if field.kind in (ValueKind.UNSIGNED, ValueKind.SIGNED, ValueKind.FLOAT, ValueKind.BCD):
        number = raw_number(field, raw, bit_length)
        for entry in field.texts:
            if entry.low <= number <= entry.high:
                return DecodedValue(name=field.name, label=field.label, value=entry.text, raw=raw)
        value = _physical(field, number)
        return DecodedValue(name=field.name, label=field.label, value=value, unit=field.unit, raw=raw)
    content = _bits(raw, field.bit_position, bit_length).to_bytes((bit_length + 7) // 8, "big")
    value = _text(field, content)
    return DecodedValue(name=field.name, label=field.label, value=value, unit=field.unit, raw=raw)


def raw_number(field: FieldLayout, raw: bytes, bit_length: int) -> int | float:
    """Return the internal value of a numeric field whose bytes are `raw`."""
    bits = _bits(raw[::-1] if field.little_endian else raw, field.bit_position, bit_length)
    if field.kind is ValueKind.SIGNED:
        return bits - (1 << bit_length) if bit_length and bits >> (bit_length - 1) else bits
    if field.kind is ValueKind.FLOAT:
        if bit_length == 32:
            return float(struct.unpack(">f", bits.to_bytes(4, "big"))[0])
        if bit_length == 64:
            return float(struct.unpack(">d", bits.to_bytes(8, "big"))[0])
        return bits
    if field.kind is ValueKind.BCD:
        # Digits above nine are no BCD; they add their weight, so that the value still tells them apart.
        number = 0
        for digit in f"{bits:X}":
            number = 10 * number + int(digit, 16)
        return number
    return bits


def _bits(raw: bytes, bit_position: int, bit_length: int) -> int:
    return int.from_bytes(raw, "big") >> bit_position & (1 << bit_length) - 1


def _physical(field: FieldLayout, number: float) -> str:
    """Return the physical value as plain text: a dot, no exponent, no negative zero."""
    if field.factor == 1 and field.offset == 0 and field.divisor == 1 and isinstance(number, int):
        value: float = number
        if not field.digits:
            return str(number)
    else:
        try:
            value = (field.offset + field.factor * number) / field.divisor
        except (ZeroDivisionError, OverflowError):
            return str(number)
    if not math.isfinite(value):
        return str(value)
    if field.digits is not None:
        text = f"{value:.{min(max(field.digits, 0), 20)}f}"
    else:
        text = f"{value:.{_SIGNIFICANT_DIGITS}g}"
        if "e" in text:
            text = f"{Decimal(text):f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def _text(field: FieldLayout, content: bytes) -> str:
    if field.kind is ValueKind.BYTES:
        return content.hex().upper()
    if field.kind is ValueKind.UTF16:
        encoding = "utf-16-le" if field.little_endian else "utf-16-be"
    else:
        encoding = _TEXT_ENCODINGS[field.kind]
    return clean(content.decode(encoding, errors="replace").rstrip("\x00").rstrip(" "))

"""Fields decode exactly as odxtools decodes the same description, and never raise."""

from __future__ import annotations

import random
import warnings
from functools import cache
from typing import Any

import odxtools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.odx.test_shipped import imported
from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import FieldLayout, TextRange, ValueKind
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.odx.generate import SHIPPED
from workshop_console.console.simulation.load import vehicle_names

ROUNDS = 12


@cache
def database(name: str) -> odxtools.database.Database:
    return odxtools.load_pdx_file(str(SHIPPED / f"{name}.pdx"))


def field(**values: Any) -> FieldLayout:
    usual: dict[str, Any] = {"name": "f", "label": "f", "byte_position": 0}
    return FieldLayout(**usual | values)


def one(layout: FieldLayout, data: str) -> DecodedValue:
    (value,) = decode_fields((layout,), bytes.fromhex(data))
    return value


def same(expected: Any, layout: FieldLayout, found: DecodedValue) -> bool:
    """Return whether a value of odxtools and a decoded text say the same, at the text's precision."""
    if isinstance(expected, float):
        if expected != expected:
            return found.value == "nan"
        tolerance = (
            0.5 * 10.0**-layout.digits * 1.000001 if layout.digits is not None else abs(expected) * 1e-11
        )
        return abs(float(found.value) - expected) <= tolerance
    if isinstance(expected, (bytes, bytearray)):
        return found.value == expected.hex().upper()
    if isinstance(expected, str) and not layout.texts:
        return found.value.rstrip("\N{SYMBOL FOR NULL} ") == "".join(
            c if c.isprintable() else found.value[i] if i < len(found.value) else ""
            for i, c in enumerate(expected)
        ).rstrip("\N{SYMBOL FOR NULL} ")
    return found.value == str(expected)


@pytest.mark.parametrize("name", vehicle_names())
def test_random_records_decode_as_odxtools_decodes_them(name: str) -> None:
    chance = random.Random(name)
    compared = 0
    units = {unit.summary.name: unit for unit in imported(name).units}
    for layer in database(name).base_variants:
        services = {service.short_name: service for service in layer.diag_services}
        for identifier in units[layer.short_name].descriptions[0].data_identifiers:
            assert identifier.length is not None
            response = services[f"{identifier.name}_Read"].positive_responses[0]
            for _ in range(ROUNDS):
                data = chance.randbytes(identifier.length)
                if identifier.did >= 0xF000 or identifier.name == "MobileNetwork":
                    data = bytes(byte % 0x5E + 0x21 for byte in data)
                message = b"\x62" + identifier.did.to_bytes(2, "big") + data
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        expected = response.decode(message)
                except odxtools.exceptions.OdxError:
                    # A number without a text: odxtools refuses the message, the console shows the number.
                    continue
                decoded = decode_fields(identifier.fields, data)
                assert len(decoded) == len(identifier.fields)
                for layout, found in zip(identifier.fields, decoded, strict=True):
                    assert same(expected[layout.name], layout, found), (identifier, data.hex(), found)
                    compared += 1
    assert compared > 1_000


@pytest.mark.parametrize(
    ("layout", "data", "value"),
    [
        (field(), "2A", "42"),
        (field(bit_length=16), "0102", "258"),
        (field(bit_length=16, little_endian=True), "0102", "513"),
        (field(bit_position=2, bit_length=3), "14", "5"),
        (field(bit_position=4, bit_length=12), "ABCD", "2748"),
        (field(kind=ValueKind.SIGNED), "FF", "-1"),
        (field(kind=ValueKind.SIGNED, bit_length=12, bit_position=4), "8000", "-2048"),
        (field(kind=ValueKind.SIGNED, factor=0.1, digits=1), "FF", "-0.1"),
        (field(kind=ValueKind.SIGNED, factor=0.01, digits=1), "FF", "0.0"),
        (field(divisor=10.0, digits=1), "7E", "12.6"),
        (field(divisor=10.0), "7E", "12.6"),
        (field(factor=1e-9), "01", "0.000000001"),
        (field(factor=1e15, bit_length=32), "FFFFFFFF", "4294967295000000000000000"),
        (field(divisor=0.0), "07", "7"),
        (field(kind=ValueKind.BCD, bit_length=16), "2024", "2024"),
        (field(kind=ValueKind.BCD), "1F", "25"),
        (field(kind=ValueKind.FLOAT, bit_length=32, digits=2), "41480000", "12.50"),
        (field(kind=ValueKind.FLOAT, bit_length=32), "7FC00000", "nan"),
        (field(kind=ValueKind.FLOAT, bit_length=64), "FFF0000000000000", "-inf"),
        (field(kind=ValueKind.ASCII, bit_length=32), "41420000", "AB"),
        (field(kind=ValueKind.ASCII, bit_length=None, byte_position=1), "004142", "AB"),
        (field(kind=ValueKind.ASCII, bit_length=24), "1B5B6D", "␛[m"),
        (field(kind=ValueKind.UTF8, bit_length=32), "C3A4FF20", "ä\ufffd"),
        (field(kind=ValueKind.UTF16, bit_length=32, little_endian=True), "E4004100", "äA"),
        (field(kind=ValueKind.BYTES, bit_length=None), "00FF", "00FF"),
        (field(texts=(TextRange(low=0, high=3, text="low"),)), "03", "low"),
        (field(texts=(TextRange(low=0, high=3, text="low"),)), "04", "4"),
        (field(bit_length=64, digits=0), "FFFFFFFFFFFFFFFF", "18446744073709551615"),
    ],
)
def test_named_cases(layout: FieldLayout, data: str, value: str) -> None:
    assert one(layout, data).value == value


def test_a_named_value_has_no_unit() -> None:
    layout = field(unit="cm", texts=(TextRange(low=255, high=255, text="no object"),))
    assert (one(layout, "FF").value, one(layout, "FF").unit) == ("no object", "")
    assert (one(layout, "20").value, one(layout, "20").unit) == ("32", "cm")


def test_what_is_missing_is_left_out() -> None:
    layout = (
        field(name="a"),
        field(name="b", byte_position=1, bit_length=16),
        field(name="c", byte_position=3),
    )
    assert [value.name for value in decode_fields(layout, bytes(3))] == ["a", "b"]
    assert [value.name for value in decode_fields(layout, bytes(2))] == ["a"]
    assert decode_fields(layout, b"") == ()


@given(
    layout=st.builds(
        FieldLayout,
        name=st.just("f"),
        label=st.just("f"),
        byte_position=st.integers(0, 12),
        bit_position=st.integers(0, 7),
        bit_length=st.none() | st.integers(0, 80),
        kind=st.sampled_from(ValueKind),
        little_endian=st.booleans(),
        factor=st.floats(allow_nan=True),
        offset=st.floats(allow_nan=True),
        divisor=st.floats(allow_nan=True),
        digits=st.none() | st.integers(-3, 400),
    ),
    data=st.binary(max_size=24),
)
def test_it_never_raises(layout: FieldLayout, data: bytes) -> None:
    for value in decode_fields((layout,), data):
        assert isinstance(value.value, str)
        assert len(value.raw) <= len(data)

"""Intel HEX and Motorola S-record: what is whole, and what is refused though every record is good."""

from __future__ import annotations

import io
from contextlib import suppress

import bincopy  # type: ignore[import-untyped]  # has no annotations
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workshop_console.console.flash_files.records import RecordError, hex_records, srec_records

HEX_END = ":00000001FF\n"
SREC_END = "S70500000000FA\n"


def hex_record(kind: int, address: int, content: bytes) -> str:
    return str(bincopy.pack_ihex(kind, address, len(content), content)) + "\n"


def srec_record(kind: str, address: int, content: bytes) -> str:
    return str(bincopy.pack_srec(kind, address, len(content), content)) + "\n"


def hexed(text: str) -> list[tuple[int, bytes]]:
    return [(address, bytes(content)) for address, content in hex_records(io.BytesIO(text.encode("latin-1")))]


def sreced(text: str) -> list[tuple[int, bytes]]:
    return [
        (address, bytes(content)) for address, content in srec_records(io.BytesIO(text.encode("latin-1")))
    ]


def test_hex_addresses_follow_the_base_that_was_set_last() -> None:
    text = (
        hex_record(0, 0x10, b"a")
        + hex_record(4, 0, b"\x00\x08")
        + hex_record(0, 0x10, b"bc")
        + hex_record(2, 0, b"\x10\x00")
        + hex_record(0, 0x10, b"d")
        + hex_record(5, 0, b"\0\0\0\0")
        + HEX_END
    )
    assert hexed(text) == [(0x10, b"a"), (0x8_0010, b"bc"), (0x1_0010, b"d")]


def test_line_ends_of_other_systems_and_small_letters_are_read() -> None:
    text = (hex_record(0, 0x10, b"\xab\xcd") + HEX_END).lower().replace("\n", "\r\n") + "\r\n"
    assert hexed(text) == [(0x10, b"\xab\xcd")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(hex_record(0, 0, b"a"), id="no end record"),
        pytest.param(HEX_END + hex_record(0, 0, b"a"), id="after the end record"),
        pytest.param(hex_record(0, 0xFFFF, b"ab") + HEX_END, id="past 64 KiB"),
        pytest.param(":0100000061FF\n" + HEX_END, id="checksum"),
        pytest.param(":02000000619C\n" + HEX_END, id="length"),
        pytest.param(":01 0000 00 61 9E\n" + HEX_END, id="spaces"),
        pytest.param(":0100000061\n" + HEX_END, id="too short"),
        pytest.param("0100000061 9E\n" + HEX_END, id="no colon"),
        pytest.param(hex_record(4, 0, b"\x01") + HEX_END, id="short base"),
        pytest.param(hex_record(6, 0, b"\x01") + HEX_END, id="unknown type"),
        pytest.param(hex_record(1, 0, b"\x01"), id="end record with data"),
        pytest.param(":" + "0" * 2_000 + "\n" + HEX_END, id="long line"),
        pytest.param("é\n" + HEX_END, id="not ASCII"),
        pytest.param("\0" * 100, id="zeros"),
    ],
)
def test_hex_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        hexed(text)


def test_srec_addresses_of_all_widths() -> None:
    text = (
        srec_record("0", 0, b"name")
        + srec_record("1", 0x10, b"a")
        + srec_record("2", 0x8_0010, b"b")
        + srec_record("3", 0x1234_5678, b"c")
        + srec_record("5", 3, b"")
        + SREC_END
    )
    assert sreced(text) == [(0x10, b"a"), (0x8_0010, b"b"), (0x1234_5678, b"c")]


def test_srec_may_end_with_its_count() -> None:
    assert sreced(srec_record("1", 0x10, b"a") + srec_record("5", 1, b"")) == [(0x10, b"a")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(srec_record("1", 0, b"a"), id="no end record"),
        pytest.param(SREC_END + srec_record("1", 0, b"a"), id="after the end record"),
        pytest.param(srec_record("1", 0, b"a") + srec_record("5", 2, b"") + SREC_END, id="count"),
        pytest.param(srec_record("5", 0, b"") + srec_record("1", 0, b"a") + SREC_END, id="after the count"),
        pytest.param("S10400006100\n" + SREC_END, id="checksum"),
        pytest.param("S303000000\n" + SREC_END, id="no room for the address"),
        pytest.param("S4030000FC\n" + SREC_END, id="unknown type"),
        pytest.param("S1 04 0000 61 9A\n" + SREC_END, id="spaces"),
        pytest.param("s10400006199\n" + SREC_END, id="small s"),
    ],
)
def test_srec_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        sreced(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from([b":", b"S1", b"S3", b"S7", b""]))
def test_anything_else_is_refused_and_nothing_else_is_raised(lines: list[bytes], start: bytes) -> None:
    spelled = b"\n".join(start + line for line in lines)
    for records in (hex_records, srec_records):
        with suppress(RecordError):
            assert all(content for _address, content in records(io.BytesIO(spelled)))

"""DoIP messages: whatever comes, a message or a clean error."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop_console.console.links.doip.codec import (
    HEADER_BYTES,
    LONGEST_PAYLOAD_BYTES,
    LONGEST_SKIPPED_BYTES,
    Message,
    PayloadType,
    ProtocolError,
    Skipped,
    StreamDecoder,
    decode_datagram,
    encode,
    encode_diagnostic,
)
from workshop_console.console.links.doip.discovery import parse_announcement

MESSAGES = [
    encode_diagnostic(0x1234, 0x0E80, b"\x62\xf1\x90ABC", version=2),
    encode(PayloadType.ALIVE_CHECK_REQUEST),
    encode(PayloadType.DIAGNOSTIC_POSITIVE_ACKNOWLEDGE, b"\x12\x34\x0e\x80\x00", version=3),
    encode(0x4002, b"\x01\x02\x03"),
]


@given(st.lists(st.sampled_from(MESSAGES), max_size=8), st.data())
def test_messages_come_out_however_the_stream_is_cut(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder = StreamDecoder()
    found: list[Message | Skipped] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.feed(stream[start:end])
    assert [
        encode(m.payload_type, m.payload, version=m.version) for m in found if isinstance(m, Message)
    ] == messages
    assert not decoder.unfinished


@given(st.binary(max_size=200))
def test_any_bytes_give_messages_or_a_clean_error(stream: bytes) -> None:
    decoder = StreamDecoder()
    try:
        found = decoder.feed(stream)
    except ProtocolError:
        found = []
    assert sum(len(m.payload) + HEADER_BYTES for m in found if isinstance(m, Message)) <= len(stream)


@given(st.sampled_from(MESSAGES), st.integers(0, 40), st.integers(0, 255))
def test_one_changed_byte_gives_messages_or_a_clean_error(message: bytes, place: int, value: int) -> None:
    changed = bytearray(message)
    changed[place % len(changed)] = value
    decoder = StreamDecoder()
    try:
        found = decoder.feed(bytes(changed))
    except ProtocolError:
        found = []
    assert len(found) <= 1


@given(st.binary(max_size=64))
def test_any_datagram_is_an_announcement_or_nothing(datagram: bytes) -> None:
    message = decode_datagram(datagram)
    assert (
        message is None or encode(message.payload_type, message.payload, version=message.version) == datagram
    )


def test_announcement_with_and_without_status_is_read() -> None:
    payload = b"WDD0000001A000001" + b"\x00\x10" + bytes(range(6)) + bytes(6) + b"\x00"
    for rest in (b"", b"\x10"):
        announced = parse_announcement(
            encode(PayloadType.VEHICLE_ANNOUNCEMENT, payload + rest, version=3), "h", 1
        )
        assert announced is not None
        entity, version = announced
        assert (entity.vin, entity.logical, entity.eid, version) == (
            "WDD0000001A000001",
            0x10,
            bytes(range(6)),
            3,
        )


def test_vin_of_an_announcement_is_cleaned() -> None:
    payload = b"\x1b[31mRED\x00\x00\x00\x00\x00\x00\x00\x00\x00" + bytes(15)
    announced = parse_announcement(encode(PayloadType.VEHICLE_ANNOUNCEMENT, payload), "h", 1)
    assert announced is not None
    assert "\x1b" not in announced[0].vin


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("wrong inverse", b"\x02\x02\x80\x01\x00\x00\x00\x04"),
        ("HTTP", b"HTTP/1.1"),
        ("four gigabytes", b"\x02\xfd\x80\x01\xff\xff\xff\xff"),
        ("wrong after two bytes", b"\x02\x02"),
    ],
)
def test_nonsense_is_refused_before_anything_of_it_is_kept(name: str, header: bytes) -> None:
    with pytest.raises(ProtocolError):
        StreamDecoder().feed(header)


def test_message_longer_than_anything_known_is_read_past_without_keeping_it() -> None:
    length = LONGEST_PAYLOAD_BYTES + 1
    decoder = StreamDecoder()
    found = decoder.feed(struct.pack(">BBHIHH", 2, 0xFD, 0x8001, length, 0x1234, 0x0E80))
    sent = 4
    while sent < length:
        chunk = min(60_000, length - sent)
        found += decoder.feed(bytes(chunk))
        sent += chunk
        assert len(decoder._buffer) < 100
    found += decoder.feed(MESSAGES[1])
    assert found == [Skipped(0x8001, length, b"\x12\x34\x0e\x80"), Message(0x0007, b"", 2)]
    assert length < LONGEST_SKIPPED_BYTES


@pytest.mark.parametrize(
    ("payload_type", "payload"), [(0x8001, b"\x12\x34"), (0x8002, b"\x12\x34\x0e\x80"), (0x0006, b"\x00")]
)
def test_message_too_short_for_its_type_is_read_past(payload_type: int, payload: bytes) -> None:
    found = StreamDecoder().feed(encode(payload_type, payload) + MESSAGES[1])
    assert found == [Skipped(payload_type, len(payload), payload[:4]), Message(0x0007, b"", 2)]

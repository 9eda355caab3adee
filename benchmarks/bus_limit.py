"""Bus time of the frames that a perfect sender needs to transfer a payload (ISO 15765-2, block size 0)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workshop_console.console.flash_files.authoring import Part
from workshop_console.console.simulation.bus.frame import fd_frame_bits, fd_length, frame_bits

_REQUEST, _RESPONSE = 0x7E0, 0x7E8
_PADDING = b"\xcc"
"""The one that costs the fewest stuff bits, on both sides."""
_TRANSFER_DATA = 0x36
_LONGEST_FIRST_FRAME = 0xFFF
"""Longest message whose length fits the short form of a first frame."""

_Frame = tuple[int, bytes]
"""Identifier and data."""


def bus_time_s(
    parts: Sequence[Part], block_length: int, *, bitrate: int, data_bitrate: int | None = None
) -> float:
    """Return the seconds that the bus is busy with the blocks of all parts, their flow controls and answers.

    Args:
        parts: what is transferred; stuff bits are those of these very bytes.
        block_length: maxNumberOfBlockLength of the unit.
        bitrate: bits a second.
        data_bitrate: of CAN FD frames with bit rate switch; None: classic frames.
    """
    seconds = 0.0
    for part in parts:
        for identifier, data in _frames(part.stored, block_length, fd=data_bitrate is not None):
            if data_bitrate is None:
                seconds += frame_bits(identifier, data) / bitrate
            else:
                slow, fast = fd_frame_bits(identifier, data)
                seconds += slow / bitrate + fast / data_bitrate
    return seconds


def _frames(content: bytes, block_length: int, *, fd: bool) -> Iterator[_Frame]:
    """Yield all frames of the transfer of one segment."""
    size = block_length - 2
    for count, start in enumerate(range(0, len(content), size), start=1):
        counter = count & 0xFF
        request = bytes((_TRANSFER_DATA, counter)) + content[start : start + size]
        yield from _message(request, fd=fd)
        yield _RESPONSE, _padded(bytes((2, _TRANSFER_DATA | 0x40, counter)), fd=fd)


def _message(message: bytes, *, fd: bool) -> Iterator[_Frame]:
    """Yield the frames of one request: single, or first, flow control, consecutive."""
    longest = 64 if fd else 8
    if len(message) <= (longest - 2 if fd else 7):
        head = bytes((len(message),)) if len(message) <= 7 else bytes((0, len(message)))
        yield _REQUEST, _padded(head + message, fd=fd)
        return
    if len(message) <= _LONGEST_FIRST_FRAME:
        head = (0x1000 | len(message)).to_bytes(2, "big")
    else:
        head = b"\x10\0" + len(message).to_bytes(4, "big")
    position = longest - len(head)
    yield _REQUEST, head + message[:position]
    yield _RESPONSE, _padded(b"\x30\0\0", fd=fd)
    number = 1
    while position < len(message):
        yield _REQUEST, _padded(bytes((0x20 | number,)) + message[position : position + longest - 1], fd=fd)
        position += longest - 1
        number = number + 1 & 0x0F


def _padded(data: bytes, *, fd: bool) -> bytes:
    return data.ljust(fd_length(max(8, len(data))) if fd else 8, _PADDING)

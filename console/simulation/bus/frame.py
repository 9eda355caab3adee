"""A classic CAN frame and how long it occupies the bus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_CRC15_POLYNOMIAL = 0x4599
_TAIL_BITS = 1 + 2 + 7 + 3
"""CRC delimiter, acknowledge with delimiter, end of frame, interframe space: never stuffed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One data frame (ISO 11898-1, classic format); `extended` means a 29-bit identifier."""

    identifier: int
    data: bytes
    extended: bool = False


def frame_bits(identifier: int, data: bytes, *, extended: bool = False) -> int:
    """Return the exact length of a data frame in bit times, interframe space included.

    Without stuff bits that is 47 + 8 * len(data) with an 11-bit identifier, 67 + 8 * len(data) with a 29-bit
    one. The stuff bits are those of this very frame, its CRC included (ISO 11898-1:2015, 10.4 and 10.5): a
    bit of the other value after every five equal ones, from start of frame to the end of the CRC sequence.
    """
    length, stuffed, state, crc = _header(identifier, len(data), extended)
    for byte in data:
        crc = crc << 8 & 0x7FFF ^ _CRC_OF_BYTE[crc >> 7 ^ byte]
        more, state = _STUFFING[state][byte]
        stuffed += more
    more, state = _STUFFING[state][crc >> 7]
    stuffed += more + _run(state, crc & 0x7F, 7)[0]
    return length + 8 * len(data) + 15 + _TAIL_BITS + stuffed


def _run(state: int, bits: int, count: int) -> tuple[int, int]:
    """Return stuff bits in `count` bits and the state after them: 2 * equal bits so far + last bit."""
    run, last = divmod(state, 2)
    stuffed = 0
    for position in range(count - 1, -1, -1):
        bit = bits >> position & 1
        run = run + 1 if bit == last else 1
        last = bit
        if run == 5:
            stuffed += 1
            run, last = 1, 1 - last
    return stuffed, 2 * run + last


def _crc(crc: int, bits: int, count: int) -> int:
    for position in range(count - 1, -1, -1):
        feedback = crc >> 14 ^ (bits >> position & 1)
        crc = crc << 1 & 0x7FFF ^ (_CRC15_POLYNOMIAL if feedback else 0)
    return crc


@lru_cache(maxsize=4096)
def _header(identifier: int, length: int, extended: bool) -> tuple[int, int, int, int]:
    """Return bits, stuff bits, stuffing state and CRC from start of frame to the data length code."""
    if extended:
        # start of frame, 11 bits, SRR and IDE recessive, 18 bits, RTR and two reserved bits dominant
        bits = (identifier >> 18 & 0x7FF) << 27 | 0b11 << 25 | (identifier & 0x3FFFF) << 7 | length
        count = 39
    else:
        bits = (identifier & 0x7FF) << 7 | length
        count = 19
    stuffed, state = _run(1, bits, count)
    return count, stuffed, state, _crc(0, bits, count)


_CRC_OF_BYTE = tuple(_crc(0, byte, 8) for byte in range(256))
_STUFFING = tuple(tuple(_run(state, byte, 8) for byte in range(256)) for state in range(12))

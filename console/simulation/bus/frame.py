"""A CAN frame, classic or FD, and how long it occupies the bus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_CRC15_POLYNOMIAL = 0x4599
_TAIL_BITS = 1 + 2 + 7 + 3
"""CRC delimiter, acknowledge with delimiter, end of frame, interframe space: never stuffed."""
_CRC_DELIMITER_BITS = 1
_FD_TAIL_BITS = 2 + 7 + 3
"""As above without the CRC delimiter, which is still at the data rate."""
_STUFF_COUNT_BITS = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One data frame (ISO 11898-1:2015); `extended` means a 29-bit identifier."""

    identifier: int
    data: bytes
    extended: bool = False
    fd: bool = False
    """Flexible data rate: up to 64 bytes."""
    fast: bool = False
    """Bit rate switch: data and checksum at the higher rate; FD only."""


FD_LENGTHS: tuple[int, ...] = (*range(9), 12, 16, 20, 24, 32, 48, 64)
"""How many bytes an FD frame can carry."""


def fd_length(length: int) -> int:
    """Return how many bytes an FD frame carries that has to hold `length`."""
    return next(fits for fits in FD_LENGTHS if fits >= length)


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


def fd_frame_bits(identifier: int, data: bytes, *, extended: bool = False) -> tuple[int, int]:
    """Return the length of an FD frame with bit rate switch: bits at the nominal and at the data rate.

    Dynamic stuff bits are those of this very frame; stuff count and CRC have fixed ones (ISO 11898-1:2015,
    10.4.2.6): one before, and one after every four bits.
    """
    nominal, stuffed, state = _fd_header(identifier, extended)
    code = FD_LENGTHS.index(fd_length(len(data)))
    in_data, state = _run(state, code, 5)  # error state indicator, dominant, and the length code
    for byte in data:
        more, state = _STUFFING[state][byte]
        in_data += more
    checked = _STUFF_COUNT_BITS + (17 if len(data) <= 16 else 21)
    return (
        nominal + stuffed + _FD_TAIL_BITS,
        5 + 8 * len(data) + in_data + checked + 1 + checked // 4 + _CRC_DELIMITER_BITS,
    )


@lru_cache(maxsize=4096)
def _fd_header(identifier: int, extended: bool) -> tuple[int, int, int]:
    """Return bits, stuff bits and stuffing state from start of frame to the bit rate switch, recessive."""
    if extended:
        # start of frame, 11 bits, SRR and IDE recessive, 18 bits, RRS dominant, FDF, reserved bit, BRS
        bits = (identifier >> 18 & 0x7FF) << 24 | 0b11 << 22 | (identifier & 0x3FFFF) << 4 | 0b0101
        count = 36
    else:
        # start of frame, 11 bits, RRS and IDE dominant, FDF, reserved bit, BRS
        bits = (identifier & 0x7FF) << 5 | 0b00101
        count = 17
    stuffed, state = _run(1, bits, count)
    return count, stuffed, state


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

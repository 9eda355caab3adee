"""Intel HEX and Motorola S-record files, record by record.

bincopy reads the records. What they add up to is ours, because its BinFile (20.1.1) lets records that overlap
overwrite each other without a word, does not miss an end record, does not compare the count of S5, and takes
time that grows with the square of the number of gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import bincopy  # type: ignore[import-untyped]  # has no annotations

_LONGEST_LINE = 600
"""255 bytes in hexadecimal, with address, type and checksum, and room for a line end."""

_HEX_DATA, _HEX_END, _HEX_SEGMENT, _HEX_LINEAR = 0, 1, 2, 4
_HEX_START = (3, 5)
_SREC_ADDRESS_BYTES = {"0": 2, "1": 2, "2": 3, "3": 4, "5": 2, "6": 3, "7": 4, "8": 3, "9": 2}


class Lines(Protocol):
    """Where the lines come from."""

    def readline(self, most: int, /) -> bytes:
        """Return the next line with its end, at most `most` bytes of it; empty at the end."""


class RecordError(ValueError):
    """A file is not in its format; the text names line and reason, in technical words."""


def hex_records(source: Lines) -> Iterator[tuple[int, bytes]]:
    """Yield address and bytes of each data record of an Intel HEX file. Raises RecordError."""
    base, ended = 0, False
    for number, line in _lines(source):
        if ended:
            raise RecordError(f"line {number}: after the end record")
        kind, address, size, content = _unpack(bincopy.unpack_ihex, number, line)
        if kind == _HEX_DATA:
            if address + size > 0x1_0000:
                raise RecordError(f"line {number}: past the end of its 64 KiB")
            if size:
                yield base + address, content
        elif kind == _HEX_END and not size:
            ended = True
        elif kind == _HEX_SEGMENT and size == 2:
            base = int.from_bytes(content, "big") << 4
        elif kind == _HEX_LINEAR and size == 2:
            base = int.from_bytes(content, "big") << 16
        elif kind not in _HEX_START or size != 4:
            raise RecordError(f"line {number}: record type {kind:02X} with {size} bytes")
    if not ended:
        raise RecordError("no end record")


def srec_records(source: Lines) -> Iterator[tuple[int, bytes]]:
    """Yield address and bytes of each data record of a Motorola S-record file. Raises RecordError."""
    count, counted, ended = 0, False, False
    for number, line in _lines(source):
        if ended:
            raise RecordError(f"line {number}: after the end record")
        if len(line) < 6 + 2 * _SREC_ADDRESS_BYTES.get(line[1:2], 2):
            raise RecordError(f"line {number}: too short")
        kind, address, size, content = _unpack(bincopy.unpack_srec, number, line)
        if kind in ("1", "2", "3"):
            if counted:
                raise RecordError(f"line {number}: after the count of records")
            count += 1
            if size:
                yield address, content
        elif kind in ("5", "6"):
            if address != count:
                raise RecordError(f"line {number}: {address} records told, {count} found")
            counted = True
        elif kind in ("7", "8", "9"):
            ended = True
    if not ended and not counted:  # some tools end with the count
        raise RecordError("no end record")


def _lines(source: Lines) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line that is not empty."""
    number = 0
    while line := source.readline(_LONGEST_LINE):
        number += 1
        try:
            text = line.decode("ascii").rstrip("\r\n")
        except UnicodeDecodeError:
            raise RecordError(f"line {number}: not ASCII") from None
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise RecordError(f"line {number}: too long")
        if text:
            yield number, text


def _unpack(unpack: object, number: int, line: str) -> tuple[int | str, int, int, bytes]:
    # bytearray.fromhex(), which bincopy uses, passes over spaces.
    if not line[1:].isalnum() or not callable(unpack):
        raise RecordError(f"line {number}: not a record")
    try:
        kind, address, size, content = unpack(line)
    except (bincopy.Error, ValueError, IndexError):
        raise RecordError(f"line {number}: not a record, or its checksum is wrong") from None
    return kind, address, size, content

"""Checks the bytes of all segments as they come, and writes them one segment after the other."""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import IO

from workshop_console.console.model.flash import Segment

_FLUSH_BYTES = 256 * 1024
_UNPACK_BYTES = 256 * 1024
_ZLIB = 0x10
"""dataFormatIdentifier of bytes that are compressed by zlib and not encrypted."""


class PayloadError(ValueError):
    """Bytes are not those of the manifest.

    Args:
        number: WC-708 (addresses or lengths), WC-709 (checksum), WC-712 (does not unpack).
        segment: its name; empty where it is none.
        detail: technical words.
    """

    def __init__(self, number: str, segment: str, detail: str) -> None:
        super().__init__(number, segment, detail)
        self.number = number
        self.segment = segment
        self.detail = detail


class PayloadCheck:
    """Takes bytes by address or in the order of the payload; each byte of each segment exactly once."""

    def __init__(self, segments: Sequence[Segment], output: IO[bytes] | None = None) -> None:
        self._parts = [_Part(segment, output) for segment in segments]
        by_address = sorted(self._parts, key=lambda part: part.segment.address)
        self._by_address = by_address
        self._starts = [part.segment.address for part in by_address]
        self._current = self._parts[0]

    def take_records(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Take bytes with their addresses; within a segment in ascending order. Raises PayloadError."""
        for address, content in records:
            part = self._current
            if address != part.next_address or len(content) > part.missing:
                self._place(address, content)
            else:
                part.take(content)

    def take_stream(self, chunks: Iterable[bytes]) -> None:
        """Take the stored bytes of all segments in their order. Raises PayloadError."""
        parts = iter(self._parts)
        part = next(parts, None)
        for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                while part is not None and not part.missing:
                    part = next(parts, None)
                if part is None:
                    raise PayloadError("WC-708", "", "more bytes than all segments have")
                part.take(rest[: part.missing])
                rest = rest[min(len(rest), part.taken_last) :]

    def finish(self) -> None:
        """Check that every segment is whole. Raises PayloadError."""
        for part in self._parts:
            part.finish()

    def _place(self, address: int, content: bytes) -> None:
        """Take bytes that begin elsewhere, or go on into the next segment."""
        rest = memoryview(content)
        while rest:
            index = bisect_right(self._starts, address) - 1
            part = self._by_address[index] if index >= 0 else None
            if part is None or address >= part.segment.address + part.segment.stored:
                raise PayloadError("WC-708", "", f"0x{address:08X}: in no segment of the manifest")
            if address != part.next_address:
                detail = f"0x{address:08X}: expected 0x{part.next_address:08X}"
                raise PayloadError("WC-708", part.segment.name, detail)
            taken = rest[: part.missing]
            part.take(taken)
            address, rest, self._current = address + len(taken), rest[len(taken) :], part


class _Part:
    """One segment while its bytes come."""

    def __init__(self, segment: Segment, output: IO[bytes] | None) -> None:
        self.segment = segment
        self.next_address = segment.address
        self.missing = segment.stored
        self.taken_last = 0
        self._output = output
        self._buffer = bytearray()
        self._flushed = 0
        self._sha256 = hashlib.sha256()
        self._crc = 0
        self._unpacked = 0
        self._unpacker = zlib.decompressobj() if segment.data_format == _ZLIB else None

    def take(self, content: bytes | memoryview) -> None:
        """Take the next bytes, at most as many as are missing."""
        self.taken_last = len(content)
        self.missing -= self.taken_last
        self.next_address += self.taken_last
        self._buffer += content
        if len(self._buffer) >= _FLUSH_BYTES:
            self._flush()

    def finish(self) -> None:
        """Compare what came with the manifest. Raises PayloadError."""
        segment = self.segment
        if self.missing:
            detail = f"{segment.stored - self.missing} of {segment.stored} bytes"
            raise PayloadError("WC-708", segment.name, detail)
        self._flush()
        if self._sha256.hexdigest() != segment.sha256:
            raise PayloadError("WC-709", segment.name, "SHA-256")
        if self._unpacker is not None:
            if not self._unpacker.eof or self._unpacker.unused_data or self._unpacked != segment.length:
                raise PayloadError("WC-712", segment.name, f"{self._unpacked} of {segment.length} bytes")
        elif segment.data_format:
            return  # only the unit can make of them what stands in it afterwards
        if self._crc != segment.crc32:
            raise PayloadError("WC-709", segment.name, "CRC-32")

    def _flush(self) -> None:
        content = bytes(self._buffer)
        self._buffer.clear()
        self._sha256.update(content)
        if self._output is not None and content:
            self._output.seek(self.segment.offset + self._flushed)
            self._output.write(content)
        self._flushed += len(content)
        if self._unpacker is None:
            self._crc = zlib.crc32(content, self._crc)
        else:
            self._unpack(self._unpacker, content)

    def _unpack(self, unpacker: zlib._Decompress, content: bytes) -> None:
        """Unpack piece by piece, no further than the manifest's length."""
        try:
            while content and not unpacker.eof:
                piece = unpacker.decompress(content, _UNPACK_BYTES)
                content = unpacker.unconsumed_tail
                self._unpacked += len(piece)
                self._crc = zlib.crc32(piece, self._crc)
                if self._unpacked > self.segment.length:
                    raise PayloadError("WC-712", self.segment.name, f"> {self.segment.length} bytes")
        except zlib.error as error:
            raise PayloadError("WC-712", self.segment.name, str(error)[:120]) from None
        if content:
            raise PayloadError("WC-712", self.segment.name, "bytes after the end")

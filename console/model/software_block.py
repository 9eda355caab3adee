"""The block that begins each memory area of a simulated unit's software: what it is, and what it fits.

| offset | bytes | content |
|---|---|---|
| 0 | 4 | WCSB |
| 4 | 16 | software part number, ASCII, filled up with zeros |
| 20 | 16 | software version |
| 36 | 16 | hardware part number that it runs on; zeros: any |
| 52 | 8 | zeros |
| 60 | 4 | CRC-32 of the bytes before, most significant byte first |

A simulated unit tells part number and version (F188, F189, F195) from the block of its first area, and runs
only software whose blocks agree in all areas.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

SOFTWARE_BLOCK_BYTES = 64
_MAGIC = b"WCSB"
_TEXT_BYTES = 16
_TEXTS = 3


@dataclass(frozen=True, kw_only=True)
class SoftwareBlock:
    """What software says of itself."""

    software: str
    version: str
    hardware: str = ""
    """Empty: any."""

    def encode(self) -> bytes:
        """Return the 64 bytes. Raises ValueError for a text that is not of 1 to 16 ASCII characters."""
        parts = [_MAGIC]
        for text, shortest in ((self.software, 1), (self.version, 1), (self.hardware, 0)):
            if not shortest <= len(text) <= _TEXT_BYTES or not text.isascii():
                raise ValueError(f"not a number of a software block: {text!r}")
            parts.append(text.encode("ascii").ljust(_TEXT_BYTES, b"\0"))
        body = b"".join(parts).ljust(SOFTWARE_BLOCK_BYTES - 4, b"\0")
        return body + zlib.crc32(body).to_bytes(4, "big")


def parse_software_block(data: bytes) -> SoftwareBlock | None:
    """Return what the first 64 bytes of `data` say, or None when they are no such block."""
    body, checksum = data[: SOFTWARE_BLOCK_BYTES - 4], data[SOFTWARE_BLOCK_BYTES - 4 : SOFTWARE_BLOCK_BYTES]
    if not body.startswith(_MAGIC) or zlib.crc32(body).to_bytes(4, "big") != checksum:
        return None
    starts = (len(_MAGIC) + _TEXT_BYTES * number for number in range(_TEXTS))
    texts = [body[start : start + _TEXT_BYTES].rstrip(b"\0").decode("ascii", "replace") for start in starts]
    return SoftwareBlock(software=texts[0], version=texts[1], hardware=texts[2])

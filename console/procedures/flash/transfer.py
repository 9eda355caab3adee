"""The blocks of a segment: cut, numbered, each made while the one before is on its way."""

from __future__ import annotations

import hashlib
import zlib
from collections import deque

from workshop_console.console.model.exchange import UdsRequest
from workshop_console.console.model.flash import Segment
from workshop_console.console.procedures.flash.desk import Payload

_HASHED_AT_ONCE = 1 << 20
BLOCK_OVERHEAD = 2
"""Service identifier and block counter count as block length (14.2.3)."""


def checked_crc32(payload: Payload, segment: Segment) -> int | None:
    """Return the CRC-32 of a segment's bytes in the payload; None: they are not those that were judged.

    The digest says whether they are; the CRC-32, far faster, whether they still are while they are sent.
    Raises OSError.
    """
    digest, crc32 = hashlib.sha256(), 0
    at, end = segment.offset, segment.offset + segment.stored
    while at < end:
        data = payload.read(at, min(_HASHED_AT_ONCE, end - at))
        if not data:
            return None
        digest.update(data)
        crc32 = zlib.crc32(data, crc32)
        at += len(data)
    return crc32 if digest.hexdigest() == segment.sha256 else None


class Blocks:
    """Cuts a segment into requests; the counter begins at 1 and goes from 0xFF to 0x00 (14.5).

    Args:
        payload: the bytes.
        segment: which of them.
        block_length: as the unit takes it, service and counter included.
        crc32: what the bytes had when they were checked.
    """

    def __init__(self, payload: Payload, segment: Segment, block_length: int, crc32: int) -> None:
        self._payload = payload
        self._expected = crc32
        self._size = block_length - BLOCK_OVERHEAD
        self._at = segment.offset
        self._end = segment.offset + segment.stored
        self._crc32 = 0
        self.count = -(-segment.stored // self._size)
        self.made = 0
        """Blocks that were made so far."""
        self._waiting: deque[UdsRequest] = deque()
        """Made and not taken."""
        self.error: OSError | None = None
        """Why the next block could not be made."""

    @property
    def ended(self) -> bool:
        """Whether all blocks were taken."""
        return self._at >= self._end and not self._waiting

    @property
    def whole(self) -> bool:
        """Whether what was made is what was checked; after the last block."""
        return self._crc32 == self._expected

    def take(self) -> UdsRequest | None:
        """Return the next block; None: it cannot be read now, see `error`."""
        block = self.coming(0)
        if block is not None:
            self._waiting.popleft()
        return block

    def coming(self, count: int) -> UdsRequest | None:
        """Return the block that is taken after `count` others; None: there is none, or it cannot be read."""
        if count < len(self._waiting):
            return self._waiting[count]
        return self._make() if count == len(self._waiting) else None

    def _make(self) -> UdsRequest | None:
        self.error = None
        size = min(self._size, self._end - self._at)
        if size <= 0:
            return None
        try:
            data = self._payload.read(self._at, size)
            if len(data) != size:
                raise OSError("payload too short")
        except (OSError, ValueError) as error:  # ValueError: of a file that was closed
            self.error = error if isinstance(error, OSError) else OSError(str(error))
            return None
        self._crc32 = zlib.crc32(data, self._crc32)
        self._at += size
        self.made += 1
        counter = self.made & 0xFF
        block = UdsRequest(payload=b"".join((b"\x36", bytes((counter,)), data)), echo_bytes=1)
        self._waiting.append(block)
        return block

"""Download into the memory, block by block: 0x34 0x36 0x37 (ISO 14229-1:2020, clause 14)."""

from __future__ import annotations

import zlib

from workshop_console.console.model.flash import POINT_OF_NO_RETURN, FlashStep
from workshop_console.console.simulation.ecu.answer import PROGRAMMING_SESSION, Answer, Service
from workshop_console.console.simulation.ecu.negative_response import (
    Nrc,
    Refused,
    require_at_least,
    require_length,
)
from workshop_console.console.simulation.ecu.software import Area, WrittenArea
from workshop_console.console.simulation.ecu.state import UnitState

_PLAIN, _ZLIB = 0x00, 0x10
"""dataFormatIdentifier: no compression, zlib; never encryption."""
_PLAIN_AREA_BYTES = 8
"""Erase option without a format byte: four bytes address, four bytes size."""


class _Download:
    """A running download."""

    def __init__(self, area: WrittenArea, *, compressed: bool) -> None:
        self.area = area
        self.received = 0
        """Bytes in the memory."""
        self.counter = 0
        """blockSequenceCounter of the last block taken."""
        self.crc32 = 0
        self.blocks = 0
        self._inflate = zlib.decompressobj() if compressed else None

    @property
    def complete(self) -> bool:
        """Whether all that was announced is there."""
        ended = self._inflate is None or self._inflate.eof
        return self.received == self.area.size and ended

    def unpacked(self, data: bytes) -> bytes:
        """Return what a block brings into the memory.

        Raises Refused: 0x71 for more than was announced, 0x72 for what cannot be unpacked.
        """
        left = self.area.size - self.received
        if self._inflate is None:
            if len(data) > left:
                raise Refused(Nrc.TRANSFER_DATA_SUSPENDED)
            return data
        try:
            content = self._inflate.decompress(data, left + 1)
        except zlib.error:
            raise Refused(Nrc.GENERAL_PROGRAMMING_FAILURE) from None
        if len(content) > left or self._inflate.unused_data:
            raise Refused(Nrc.TRANSFER_DATA_SUSPENDED)
        return content


class DownloadServices:
    """The three services; what guards erasing guards them too."""

    def __init__(self, state: UnitState) -> None:
        self._state = state
        self._software = state.software
        self._flash = state.definition.flash
        sequence = self._flash.sequence
        guarded = FlashStep.SECURITY_ACCESS not in sequence.leave_out
        self._level = sequence.security_level if guarded else 0
        self._download: _Download | None = None
        state.on_session_change.append(self.abandon)

    def services(self) -> dict[int, Service]:
        """Return the services of a unit that has a memory."""
        if not self._software.present:
            return {}
        programming = frozenset({PROGRAMMING_SESSION})
        return {
            0x34: Service(self.request_download, programming),
            0x36: Service(self.transfer_data, programming),
            0x37: Service(self.request_transfer_exit, programming),
        }

    @property
    def running(self) -> bool:
        """Whether a download is open."""
        return self._download is not None

    def areas(self, option: bytes) -> tuple[Area, ...]:
        """Return the areas that the option of an erase routine names; empty means everything.

        Raises Refused: 0x31 for an area that is not memory, 0x13 for an option of another form.
        """
        if not option:
            return self._software.memory.segments
        if self._flash.sequence.erase_all:
            raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)
        plain = len(option) == _PLAIN_AREA_BYTES
        area = (
            (int.from_bytes(option[:4], "big"), int.from_bytes(option[4:], "big")) if plain else _area(option)
        )
        if not self._software.memory.holds(*area) or area[1] == 0:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        return (area,)

    def require_identified(self) -> None:
        """Refuse to erase before the fingerprint and the steps that the unit wants besides."""
        sequence = self._flash.sequence
        if FlashStep.FINGERPRINT not in sequence.leave_out and not self._state.fingerprint_written:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        order = tuple(FlashStep)
        for extra in sequence.add:
            between = order.index(FlashStep.PROGRAMMING_SESSION) <= order.index(extra.after)
            before = order.index(extra.after) < order.index(POINT_OF_NO_RETURN)
            if between and before and extra.request not in self._state.answered:
                raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)

    def request_download(self, request: bytes) -> Answer:
        """Open a download (14.2)."""
        require_at_least(request, 5)
        address, size = _area(request[2:])
        formats = (_PLAIN, _ZLIB) if self._flash.compression else (_PLAIN,)
        if request[1] not in formats or not self._software.memory.holds(address, size) or size == 0:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if not self._state.unlocked(self._level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        if self._download is not None:
            raise Refused(Nrc.CONDITIONS_NOT_CORRECT)
        if not self._software.memory.is_erased(address, size):
            raise Refused(Nrc.UPLOAD_DOWNLOAD_NOT_ACCEPTED)
        area = self._software.begin_download(address, size)
        self._download = _Download(area, compressed=request[1] == _ZLIB)
        length_bytes = 2 if self._flash.longest_block <= 0xFFFF else 4
        return Answer(
            bytes((0x74, length_bytes << 4)) + self._flash.longest_block.to_bytes(length_bytes, "big")
        )

    def transfer_data(self, request: bytes) -> Answer:
        """Take one block; the block taken last may come again and is not written twice (14.5)."""
        require_at_least(request, 2)
        download = self._download
        if download is None:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        counter = request[1]
        answer = Answer(bytes((0x76, counter)), work_ms=self._flash.block_ms)
        if download.blocks and counter == download.counter:
            return answer
        if download.complete:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        if counter != (download.counter + 1) & 0xFF:
            raise Refused(Nrc.WRONG_BLOCK_SEQUENCE_COUNTER)
        if len(request) == 2 or len(request) > self._flash.longest_block:
            raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)
        content = download.unpacked(request[2:])
        self._software.memory.write(download.area.address + download.received, content)
        download.received += len(content)
        download.crc32 = zlib.crc32(content, download.crc32)
        download.counter = counter
        download.blocks += 1
        return answer

    def request_transfer_exit(self, request: bytes) -> Answer:
        """Close a download that is complete (14.6)."""
        require_length(request, 1)
        download = self._download
        if download is None or not download.complete:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        self._software.finish_download(download.area, download.crc32)
        self._download = None
        return Answer(b"\x77")

    def abandon(self) -> None:
        """Forget a running download: what it wrote stays and is not whole."""
        self._download = None


def _area(data: bytes) -> Area:
    """Return address and size that `data` (format byte first) names. Raises Refused."""
    size_length, address_length = data[0] >> 4, data[0] & 0x0F
    if not 1 <= size_length <= 4 or not 1 <= address_length <= 4:
        raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
    require_length(data, 1 + address_length + size_length)
    address = int.from_bytes(data[1 : 1 + address_length], "big")
    return address, int.from_bytes(data[1 + address_length :], "big")

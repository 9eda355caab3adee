"""The programmable memory of a unit, and its download: 0x34 0x36 0x37.

An area must be erased (routine FF00) before it is written. The application is valid until something is
erased, and again after a check (routine FF01 or 0202) has found what was downloaded last to be whole.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from workshop_console.console.simulation.ecu.answer import PROGRAMMING_SESSION, Answer, Service
from workshop_console.console.simulation.ecu.negative_response import (
    Nrc,
    Refused,
    require_at_least,
    require_length,
)
from workshop_console.console.simulation.ecu.state import UnitState

ERASE_MEMORY = 0xFF00
"""Routine that makes memory blank."""
ERASED_BYTE = 0xFF
_PAGE_BYTES = 4096
_LONGEST_BLOCK_BYTES = 0x0FFF
"""maxNumberOfBlockLength: service and counter included, what ISO-TP carries with a 12-bit length."""


class SparseMemory:
    """Segments of a 32-bit address space; pages exist once they were written."""

    def __init__(self, segments: tuple[tuple[int, int], ...]) -> None:
        self.segments = segments
        self._pages: dict[int, bytearray] = {}
        self._erased: list[tuple[int, int]] = []
        """Areas (start, end) that were erased and not written since."""

    def holds(self, address: int, size: int) -> bool:
        """Return whether the area lies in one segment."""
        return any(start <= address and address + size <= start + length for start, length in self.segments)

    def erase(self, address: int, size: int) -> None:
        """Make an area blank."""
        end = address + size
        for page in range(address // _PAGE_BYTES, (end + _PAGE_BYTES - 1) // _PAGE_BYTES):
            start = page * _PAGE_BYTES
            low, high = max(address, start) - start, min(end, start + _PAGE_BYTES) - start
            if high - low == _PAGE_BYTES:
                self._pages.pop(page, None)
            elif page in self._pages:
                self._pages[page][low:high] = bytes((ERASED_BYTE,)) * (high - low)
        self._take_out(address, end)
        self._erased.append((address, end))
        self._join()

    def is_erased(self, address: int, size: int) -> bool:
        """Return whether the whole area is blank since an erase."""
        return any(start <= address and address + size <= end for start, end in self._erased)

    def write(self, address: int, data: bytes) -> None:
        """Program an area."""
        position = 0
        while position < len(data):
            page, offset = divmod(address + position, _PAGE_BYTES)
            part = data[position : position + _PAGE_BYTES - offset]
            content = self._pages.setdefault(page, bytearray((ERASED_BYTE,)) * _PAGE_BYTES)
            content[offset : offset + len(part)] = part
            position += len(part)
        self._take_out(address, address + len(data))

    def read(self, address: int, size: int) -> bytes:
        """Return what an area holds."""
        parts = []
        end = address + size
        while address < end:
            page, offset = divmod(address, _PAGE_BYTES)
            length = min(_PAGE_BYTES - offset, end - address)
            content = self._pages.get(page)
            parts.append(
                bytes(content[offset : offset + length]) if content else bytes((ERASED_BYTE,)) * length
            )
            address += length
        return b"".join(parts)

    def _take_out(self, start: int, end: int) -> None:
        kept = []
        for low, high in self._erased:
            kept += [part for part in ((low, min(high, start)), (max(low, end), high)) if part[0] < part[1]]
        self._erased = kept

    def _join(self) -> None:
        self._erased.sort()
        joined: list[tuple[int, int]] = []
        for low, high in self._erased:
            if joined and joined[-1][1] >= low:
                joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
            else:
                joined.append((low, high))
        self._erased = joined


_PLAIN_AREA_BYTES = 8
"""Erase option without a format byte: four bytes address, four bytes size."""


@dataclass(slots=True)
class _Download:
    """A running download."""

    address: int
    size: int
    received: int = 0
    counter: int = 0
    """blockSequenceCounter of the last block taken."""
    crc: int = 0
    blocks: int = 0


class MemoryServices:
    """Download into the memory, block by block."""

    def __init__(self, state: UnitState) -> None:
        self._state = state
        self.memory = SparseMemory(state.definition.memory)
        self.application_valid = True
        self._download: _Download | None = None
        self._last: tuple[int, int, int] | None = None
        """Address, size and CRC-32 of the download that was finished last."""
        self._level = next((r.security_level for r in state.definition.routines if r.rid == ERASE_MEMORY), 0)
        state.on_session_change.append(self._abandon)

    def services(self) -> dict[int, Service]:
        """Return the services of a unit that has a memory; what guards erasing guards them too."""
        if not self.memory.segments:
            return {}
        programming = frozenset({PROGRAMMING_SESSION})
        return {
            0x34: Service(self.request_download, programming),
            0x36: Service(self.transfer_data, programming),
            0x37: Service(self.request_transfer_exit, programming),
        }

    def areas(self, option: bytes) -> tuple[tuple[int, int], ...]:
        """Return the areas (address, size) that the option of an erase routine names; empty means everything.

        Raises Refused (NRC 0x31) for an area that is not memory, 0x13 for an option of another form.
        """
        if not option:
            return self.memory.segments
        plain = len(option) == _PLAIN_AREA_BYTES
        area = (
            (int.from_bytes(option[:4], "big"), int.from_bytes(option[4:], "big")) if plain else _area(option)
        )
        if not self.memory.holds(*area):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        return (area,)

    def erase(self, areas: tuple[tuple[int, int], ...]) -> None:
        """Erase `areas`; the application is not valid from now on."""
        self._abandon()
        self._last = None
        self.application_valid = False
        for address, size in areas:
            self.memory.erase(address, size)

    def check(self, option: bytes) -> bool:
        """Return whether the last download is whole: CRC-32 in the last four option bytes, where given."""
        if self._download is None and self._last is not None:
            address, size, received = self._last
            expected = int.from_bytes(option[-4:], "big") if len(option) >= 4 else received
            self.application_valid = zlib.crc32(self.memory.read(address, size)) == expected
            if not self.application_valid:
                self._last = None
        return self.application_valid

    def request_download(self, request: bytes) -> Answer:
        """Open a download (14.2)."""
        require_at_least(request, 5)
        area = _area(request[2:])
        if request[1] != 0x00 or not self.memory.holds(*area) or area[1] == 0:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if not self._state.unlocked(self._level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        if self._download is not None:
            raise Refused(Nrc.CONDITIONS_NOT_CORRECT)
        if not self.memory.is_erased(*area):
            raise Refused(Nrc.UPLOAD_DOWNLOAD_NOT_ACCEPTED)
        self._download = _Download(*area)
        return Answer(b"\x74\x20" + _LONGEST_BLOCK_BYTES.to_bytes(2, "big"))

    def transfer_data(self, request: bytes) -> Answer:
        """Take one block; the block taken last may come again and is not written twice (14.5)."""
        require_at_least(request, 2)
        download = self._download
        if download is None:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        answer = Answer(bytes((0x76, request[1])))
        if download.blocks and request[1] == download.counter:
            return answer
        if download.received >= download.size:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        if request[1] != (download.counter + 1) % 0x100:
            raise Refused(Nrc.WRONG_BLOCK_SEQUENCE_COUNTER)
        data = request[2:]
        if not data or len(request) > _LONGEST_BLOCK_BYTES:
            raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)
        if download.received + len(data) > download.size:
            raise Refused(Nrc.TRANSFER_DATA_SUSPENDED)
        self.memory.write(download.address + download.received, data)
        download.received += len(data)
        download.counter = request[1]
        download.crc = zlib.crc32(data, download.crc)
        download.blocks += 1
        return answer

    def request_transfer_exit(self, request: bytes) -> Answer:
        """Close a download that is complete (14.6)."""
        require_length(request, 1)
        download = self._download
        if download is None or download.received < download.size:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        self._last = (download.address, download.size, download.crc)
        self._download = None
        return Answer(b"\x77")

    def _abandon(self) -> None:
        self._download = None


def _area(data: bytes) -> tuple[int, int]:
    """Return address and size that `data` (format byte first) names. Raises Refused."""
    size_length, address_length = data[0] >> 4, data[0] & 0x0F
    if not 1 <= size_length <= 4 or not 1 <= address_length <= 4:
        raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
    require_length(data, 1 + address_length + size_length)
    address = int.from_bytes(data[1 : 1 + address_length], "big")
    return address, int.from_bytes(data[1 + address_length :], "big")

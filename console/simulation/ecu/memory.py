"""The programmable memory of a unit: pages that exist once they were written, and what is blank."""

from __future__ import annotations

ERASED_BYTE = 0xFF
_PAGE_BYTES = 4096


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

"""The software of a unit: whether its application is whole, what it is called, and how that is kept.

An application is valid until something is erased, and again when routine FF01 finds that everything that was
erased was downloaded whole and checked, and that the software blocks of all areas belong together. Until
then the unit is its boot loader, whatever happens to session and supply.

Kept over power cuts are words about the memory (what is whole, its CRC-32, the software blocks), not its
content: nothing of a unit ever reads that back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from workshop_console.console.model.flash import FlashStep
from workshop_console.console.model.software_block import (
    SOFTWARE_BLOCK_BYTES,
    SoftwareBlock,
    parse_software_block,
)
from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.ecu.memory import SparseMemory

SOFTWARE_NUMBER, SOFTWARE_VERSION, SUPPLIER_VERSION, HARDWARE_NUMBER = 0xF188, 0xF189, 0xF195, 0xF191

WHOLE, INCOMPLETE, NOT_TOGETHER, WRONG_HARDWARE = range(4)
"""First result byte of the check of dependencies."""

Area = tuple[int, int]
"""Address and size."""


class NonVolatile(Protocol):
    """Where a unit keeps what outlives its supply."""

    def load(self) -> Mapping[str, Any] | None:
        """Return what was saved last; None: nothing, the unit is as delivered."""

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep `content`: afterwards load() returns it, and before that what was there until then."""


class Forgetful:
    """Keeps nothing: the unit is as delivered after each start of the simulation."""

    def load(self) -> None:
        """Return nothing."""

    def save(self, content: Mapping[str, Any]) -> None:
        """Keep nothing."""


@dataclass(slots=True)
class WrittenArea:
    """A download that was begun."""

    address: int
    size: int
    crc32: int = 0
    whole: bool = False
    checked: bool = False

    def overlaps(self, address: int, size: int) -> bool:
        """Return whether it has a byte in common with an area."""
        return address < self.address + self.size and self.address < address + size


class Software:
    """What the boot loader knows of the application."""

    def __init__(self, definition: UnitDefinition, kept: NonVolatile | None = None) -> None:
        self.memory = SparseMemory(definition.memory)
        self.valid = True
        """Whether there is a whole application."""
        self.fingerprint = b""
        """F15A, as written last."""
        self._definition = definition
        self._kept: NonVolatile = kept or Forgetful()
        self._delivered = {did.did: did.data for did in definition.dids}
        self._opened: list[Area] = []
        """Areas that were erased since the application was valid."""
        self._written: list[WrittenArea] = []
        """Downloads since then, and those before that are still in the memory."""
        if self.present:
            self._restore(self._kept.load())

    @property
    def present(self) -> bool:
        """Whether the unit can be programmed at all."""
        return bool(self._definition.memory)

    def told(self, did: int) -> bytes | None:
        """Return the content of an identification record that the application's software decides."""
        block = self._block(self._definition.memory[0]) if self.present else None
        if block is None:
            return None
        if did == SOFTWARE_NUMBER:
            return block.software.encode("ascii")
        if did in (SOFTWARE_VERSION, SUPPLIER_VERSION):
            return block.version.encode("ascii")
        return None

    def begin_erase(self, areas: tuple[Area, ...]) -> None:
        """Learn that erasing begins: from this moment there is no whole application."""
        self.valid = False
        for address, size in areas:
            self._written = [area for area in self._written if not area.overlaps(address, size)]
            self.memory.write(address, bytes(min(size, SOFTWARE_BLOCK_BYTES)))
            if (address, size) not in self._opened:
                self._opened.append((address, size))
        self.save()

    def erase(self, areas: tuple[Area, ...]) -> None:
        """Make areas blank."""
        for address, size in areas:
            self.memory.erase(address, size)
        self.save()

    def begin_download(self, address: int, size: int) -> WrittenArea:
        """Take down that an area is being written."""
        self.valid = False
        self._written = [area for area in self._written if not area.overlaps(address, size)]
        self._written.append(WrittenArea(address, size))
        self.save()
        return self._written[-1]

    def finish_download(self, area: WrittenArea, crc32: int) -> None:
        """Take down that an area was written to its end."""
        area.crc32 = crc32
        area.whole = True
        area.checked = FlashStep.CHECK_MEMORY in self._definition.flash.sequence.leave_out
        self.save()

    def check_memory(self, crc32: int | None, area: Area | None) -> bool:
        """Return whether a download (None: the last one) is whole and has this CRC-32, and remember it."""
        found = [w for w in self._written if area is None or (w.address, w.size) == area]
        if not found or not found[-1].whole or (crc32 is not None and found[-1].crc32 != crc32):
            return False
        found[-1].checked = True
        self.save()
        return True

    def check_dependencies(self) -> int:
        """Return WHOLE when the application can run, and let it be valid then; else why it cannot."""
        if self.valid:
            return WHOLE
        if not all(self._covered(area) for area in self._opened):
            return INCOMPLETE
        if not all(written.whole and written.checked for written in self._written):
            return INCOMPLETE
        blocks = [self._block(segment) for segment in self._definition.memory]
        if blocks[0] is None or any(b is None or b.software != blocks[0].software for b in blocks):
            return NOT_TOGETHER
        hardware = self._delivered.get(HARDWARE_NUMBER, b"").decode("ascii", "replace")
        if any(block.hardware not in ("", hardware) for block in blocks if block is not None):
            return WRONG_HARDWARE
        self.valid = True
        self._opened.clear()
        self.save()
        return WHOLE

    def write_fingerprint(self, content: bytes) -> None:
        """Keep who programs."""
        self.fingerprint = content
        self.save()

    def save(self) -> None:
        """Let what is known outlive the supply."""
        self._kept.save(
            {
                "valid": self.valid,
                "fingerprint": self.fingerprint.hex(),
                "opened": self._opened,
                "written": [asdict(area) for area in self._written],
                "blocks": [
                    self.memory.read(start, min(length, SOFTWARE_BLOCK_BYTES)).hex()
                    for start, length in self._definition.memory
                ],
            }
        )

    def _restore(self, content: Mapping[str, Any] | None) -> None:
        try:
            if content is None:
                self._deliver()
                return
            blocks = [bytes.fromhex(block) for block in content["blocks"]]
            opened = [(int(address), int(size)) for address, size in content["opened"]]
            written = [WrittenArea(**area) for area in content["written"]]
            fingerprint, valid = bytes.fromhex(content["fingerprint"]), bool(content["valid"])
        except (KeyError, TypeError, ValueError):  # of another edition of the program, or spoiled by hand
            self._deliver()
            return
        for (start, _), block in zip(self._definition.memory, blocks, strict=False):
            self.memory.write(start, block)
        self._opened, self._written = opened, written
        self.fingerprint, self.valid = fingerprint, valid

    def _deliver(self) -> None:
        """Put the software in that the unit left the factory with."""
        number = self._delivered.get(SOFTWARE_NUMBER, b"DELIVERED").decode("ascii")
        version = self._delivered.get(SOFTWARE_VERSION, b"1").decode("ascii")
        block = SoftwareBlock(software=number, version=version).encode()
        for start, _ in self._definition.memory:
            self.memory.write(start, block)

    def _block(self, segment: Area) -> SoftwareBlock | None:
        return parse_software_block(self.memory.read(segment[0], SOFTWARE_BLOCK_BYTES))

    def _covered(self, area: Area) -> bool:
        """Return whether what was erased is written again: all of it, of a whole segment at least a part."""
        address, size = area
        parts = sorted((w.address, w.address + w.size) for w in self._written if w.overlaps(address, size))
        if area in self._definition.memory:
            return bool(parts)
        for start, end in parts:
            if start > address:
                return False
            size -= max(0, end - address)
            address = max(address, end)
        return size <= 0

"""How much of a machine the import of one PDX file may use."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ImportLimits:
    """Limits of one import; the worker keeps to them before and while it parses.

    The description of a whole current car is below 100 MiB unpacked; its XML takes about 12 times as much in
    memory.
    """

    file_mib: int = 128
    """Size of the packed file."""
    unpacked_mib: int = 192
    """Sum of the XML documents that are unpacked; counted while reading, whatever the archive declares."""
    members: int = 4_000
    """Files in the archive."""
    ratio: int = 250
    """Unpacked over packed size of one member; ODX written by tools stays below 60."""
    ratio_free_mib: int = 8
    """Members that unpack to less are not asked for their ratio."""
    memory_mib: int = 2_048
    """Address space of the worker, where the system can limit it (not on Windows)."""
    seconds: int = 120
    """Wall-clock time of the worker; also its processor time where the system can limit it."""
    answer_mib: int = 96
    """What the worker may send back."""


DEFAULT_LIMITS = ImportLimits()

"""How long flashing a unit will take, roughly."""

from __future__ import annotations

from workshop_console.console.model.flash import FlashSequence, FlashStep, Manifest
from workshop_console.console.model.vehicle import LinkKind

BYTES_A_SECOND = {LinkKind.DOIP: 1_000_000.0, LinkKind.CAN: 35_000.0, LinkKind.J2534: 25_000.0}
"""What control units take on such lines, their time for programming included."""
STEPS_S = 5.0
"""Everything that is neither erasing nor transfer nor reset."""
CHECK_S_PER_MEGABYTE = 0.5


def estimate_s(manifest: Manifest, sequence: FlashSequence, kind: LinkKind) -> float:
    """Return the seconds that flashing a unit usually takes."""
    length = sum(segment.length for segment in manifest.segments)
    seconds = STEPS_S + manifest.stored / BYTES_A_SECOND.get(kind, BYTES_A_SECOND[LinkKind.CAN])
    seconds += CHECK_S_PER_MEGABYTE * length / 1_000_000
    for step, milliseconds in ((FlashStep.ERASE, sequence.erase_ms), (FlashStep.RESET, sequence.reset_ms)):
        if step not in sequence.leave_out:
            seconds += milliseconds / 1_000
    return round(seconds, 1)

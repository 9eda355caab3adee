"""How busy a CAN bus is, reckoned from the frames seen."""

from __future__ import annotations

WINDOW_S = 0.05
BUSY_SHARE = 0.7
"""From this share of the bus time on, a unit may be kept from answering in time by the frames of others."""
_STANDARD_BITS = 47
_EXTENDED_BITS = 67
_STUFFING = 1.1
"""Stuff bits add 0 to 20 % (ISO 11898-1, 10.5)."""


class BusLoad:
    """Reckons the load in windows; fed by one thread, read by another."""

    def __init__(self, bitrate: int) -> None:
        self._bit_s = _STUFFING / bitrate
        self._window_began = 0.0
        self._taken_s = 0.0
        self._last_share = 0.0

    def add(self, now: float, length_bytes: int, *, extended: bool) -> None:
        """Count a frame."""
        self._turn(now)
        self._taken_s += ((_EXTENDED_BITS if extended else _STANDARD_BITS) + 8 * length_bytes) * self._bit_s

    def busy(self, now: float) -> bool:
        """Return whether the last whole window was full."""
        self._turn(now)
        return self._last_share >= BUSY_SHARE

    def _turn(self, now: float) -> None:
        passed_s = now - self._window_began
        if passed_s >= WINDOW_S:
            self._last_share = self._taken_s / passed_s if passed_s < 2 * WINDOW_S else 0.0
            self._window_began = now
            self._taken_s = 0.0

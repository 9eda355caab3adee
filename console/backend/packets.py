"""What a packet of diagnosis time is, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from workshop_console.console.model.credit import ProductGroup


class Duration(StrEnum):
    """The packets that can be bought."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


MINUTES: dict[Duration, int] = {
    Duration.HOUR: 60,
    Duration.DAY: 24 * 60,
    Duration.WEEK: 7 * 24 * 60,
    Duration.MONTH: 30 * 24 * 60,
    Duration.YEAR: 365 * 24 * 60,
}
"""Length of each packet. Fixed, not by the calendar: so one that is not begun has minutes, too."""


@dataclass(frozen=True, kw_only=True)
class Packet:
    """One packet for one product group. Times are seconds since 1970, UTC."""

    packet_id: int
    group: ProductGroup
    duration: Duration
    minutes: int
    bought_at: int
    begun_at: int | None = None
    until: int | None = None

    def running(self, now: int) -> bool:
        """Return whether it was begun and has not ended at `now`."""
        return self.until is not None and self.until > now


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What one product group has at a point in time."""

    group: ProductGroup
    minutes: int
    begun_at: int | None
    until: int | None
    ever: bool


def balance(group: ProductGroup, packets: Iterable[Packet], now: int) -> Balance:
    """Return what `packets`, all of `group`, are worth at `now`: begun ones by their rest, whole minutes."""
    minutes = 0
    ever = False
    current: Packet | None = None
    for packet in packets:
        ever = True
        if packet.until is None:
            minutes += packet.minutes
        elif packet.until > now:
            minutes += (packet.until - now) // 60
            current = packet
    return Balance(
        group=group,
        minutes=minutes,
        begun_at=current.begun_at if current else None,
        until=current.until if current else None,
        ever=ever,
    )

"""What a new local access server holds, so that everything about credit can be tried."""

from __future__ import annotations

from workshop_console.console.backend.ledger import NewPacket
from workshop_console.console.backend.packets import Duration
from workshop_console.console.model.credit import ProductGroup

_LONG_AGO_S = 30 * 24 * 60 * 60

DEMONSTRATION_PACKETS: tuple[NewPacket, ...] = (
    NewPacket(group=ProductGroup.PASSENGER_CARS, duration=Duration.DAY),
    NewPacket(group=ProductGroup.PASSENGER_CARS, duration=Duration.HOUR),
    NewPacket(group=ProductGroup.PASSENGER_CARS, duration=Duration.MONTH),
    NewPacket(group=ProductGroup.VANS, duration=Duration.WEEK),
    NewPacket(group=ProductGroup.EQ, duration=Duration.HOUR),
    NewPacket(group=ProductGroup.MAYBACH, duration=Duration.HOUR, begun_ago_s=_LONG_AGO_S),
    NewPacket(group=ProductGroup.TRUCKS, duration=Duration.MONTH),
)
"""Maybach had an hour and used it up (2173-44); smart never had a packet (2173-42)."""

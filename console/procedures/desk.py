"""What work on a control unit takes beside the wire, and its entries in the order book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workshop_console.console.model.address import Address
from workshop_console.console.model.kept import Details, EntryKind, OrderEntry
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import Clock, Coder, OrderBook, VehicleLink
from workshop_console.console.procedures.security_access import KeyRing


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What driving, coding and guided tests take beside the wire."""

    coder: Coder
    orders: OrderBook
    ring: Callable[[], KeyRing]
    """Of the unit that is worked on."""
    clock: Clock
    vehicle: VehicleIdentity
    who: str
    reopen: Callable[[], VehicleLink] | None = None
    """Opens the line anew when it was lost. Raises ConsoleError WC-2xx."""

    def begin(
        self,
        kind: EntryKind,
        what: str,
        *,
        unit: str,
        address: Address,
        request: bytes = b"",
        details: Details = (),
    ) -> int:
        """Write down what is about to be done, and return the entry's number. Raises ConsoleError WC-6xx."""
        return self.orders.begin(
            OrderEntry(
                time=self.clock.now(),
                vin=self.vehicle.vin,
                vehicle_name=self.vehicle.name,
                unit=unit,
                address=str(address),
                kind=kind,
                what=what,
                request=request,
                who=self.who,
                details=details,
            )
        )

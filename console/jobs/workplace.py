"""What the jobs that work on control units share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.lean import dataclass
from workshop_console.console.procedures.events import Event, UnitsPlanned

if TYPE_CHECKING:
    from workshop_console.console.jobs.security_keys import SecurityKeys
    from workshop_console.console.model.address import Address
    from workshop_console.console.model.description import UnitSummary
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.ports import Clock, Coder, OrderBook, VehicleLink
    from workshop_console.console.procedures.cancellation import Cancellation
    from workshop_console.console.procedures.desk import Desk

    # What a job needs is imported when the first one starts: the first screen is waited for.


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """The vehicle at the VCI, and what work on its units takes."""

    line: VehicleLine
    coder: Coder
    orders: OrderBook
    security: SecurityKeys
    clock: Clock
    who: Callable[[], str]
    """Name of the mechanic."""

    def desk(self, unit: UnitSummary, address: Address) -> Desk:
        """Return what work on this unit takes beside the wire."""
        from workshop_console.console.procedures.desk import Desk

        return Desk(
            coder=self.coder,
            orders=self.orders,
            ring=lambda: self.security.ring(unit, address),
            clock=self.clock,
            vehicle=self.line.vehicle,
            who=self.who(),
            reopen=self.line.link,
        )

    def opened(
        self,
        names: Sequence[str],
        cancellation: Cancellation,
        *,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[OpenedUnit, ...]]]:
        """Open line and units as open_units() does, and say which: UnitsPlanned."""
        from workshop_console.console.jobs.opened import open_units

        link, units = yield from open_units(self.line, self.coder, names, cancellation, pdx=pdx, scan=scan)
        yield UnitsPlanned(units=tuple(unit.summary for unit in units))
        return link, units

"""An order: what was done to one vehicle, between its first and its last quick test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workshop_console.console.model.kept import OrderEntry
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import QuickTestReport, ReportComparison
from workshop_console.console.model.vehicle import VehicleIdentity


@dataclass(frozen=True, kw_only=True)
class Order:
    """Everything that the order report shows."""

    vehicle: VehicleIdentity
    printed: datetime
    """Aware, UTC: the moment that it is the state of."""
    who: str
    """Who prints it."""
    since: datetime | None = None
    """Only what was done from then on; None: everything that is kept."""
    first: QuickTestReport | None = None
    last: QuickTestReport | None = None
    """None where there is only one test: it is `first`."""
    comparison: ReportComparison | None = None
    entries: tuple[OrderEntry, ...] = ()
    """Oldest first."""
    messages: tuple[RaisedMessage, ...] = ()
    """Why something is missing: a kept test that cannot be read."""

"""The order of a vehicle: what was done to it, for the record and for the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError

if TYPE_CHECKING:  # names in annotations only: the first screen does not wait for them
    from workshop_console.console.model.kept import Details, OrderEntry, OrderVehicle
    from workshop_console.console.model.message import RaisedMessage
    from workshop_console.console.model.order import Order
    from workshop_console.console.model.report import QuickTestReport
    from workshop_console.console.ports import Clock, OrderArchive, Records

QUICK_TEST = "quick-test"
_LONGEST_DETAIL = 2_000
_MOST_DETAILS = 200


class Orders:
    """The order book of the workshop (port OrderBook), and the order reports made of it.

    Args:
        book: where the entries are kept.
        records: the kept quick tests.
        clock: the time of the report.
        who: name of the mechanic, put into entries that name nobody.
    """

    def __init__(self, *, book: OrderArchive, records: Records, clock: Clock, who: Callable[[], str]) -> None:
        self._book = book
        self._records = records
        self._clock = clock
        self._who = who

    def begin(self, entry: OrderEntry) -> int:
        """Keep `entry` before its request goes out, and return its number.

        Raises ConsoleError WC-612 or WC-603 to WC-605; then nothing may be sent.
        """
        return self._book.begin(replace(entry, who=entry.who or self._who(), details=_bounded(entry.details)))

    def complete(self, entry_id: int, *, answer: bytes, outcome: str, details: Details = ()) -> None:
        """Add what came back; `details` are added to those of begin().

        Raises ConsoleError WC-613, WC-604 or WC-605: tell it and go on, the vehicle was written to.
        """
        self._book.complete(entry_id, answer=answer, outcome=outcome, details=_bounded(details))

    def entries(self, vin: str, *, since: datetime | None = None) -> Sequence[OrderEntry]:
        """Return the entries of a vehicle, oldest first."""
        return self._book.entries(vin, since=since)

    def vehicles(self) -> Sequence[OrderVehicle]:
        """Return the vehicles that something was done to, the last one first."""
        return self._book.vehicles()

    def order(self, vin: str, *, since: datetime | None = None) -> Order:
        """Return what was done to a vehicle with its first and last quick test.

        With `since` only tests and entries from then on count; a test that cannot be read is told in it.
        Raises ConsoleError WC-614 when nothing is kept of this vehicle.
        """
        from workshop_console.console.model.order import Order
        from workshop_console.console.model.vehicle import VehicleIdentity

        entries = tuple(self.entries(vin, since=since))
        messages: list[RaisedMessage] = []
        first, last = self._tests(vin, since, messages)
        if not entries and first is None and not messages:
            raise ConsoleError("WC-614", vin=vin or "-")
        comparison = None
        if first is not None and last is not None:
            from workshop_console.console.procedures.compare import compare

            comparison = compare(first, last)
        newest = last or first
        vehicle = newest.vehicle if newest else VehicleIdentity(vin=vin)
        if not vehicle.name and entries:
            vehicle = replace(vehicle, name=entries[-1].vehicle_name)
        return Order(
            vehicle=vehicle,
            printed=self._clock.now(),
            who=self._who(),
            since=since,
            first=first,
            last=last,
            comparison=comparison,
            entries=entries,
            messages=tuple(messages),
        )

    def _tests(
        self, vin: str, since: datetime | None, messages: list[RaisedMessage]
    ) -> tuple[QuickTestReport | None, QuickTestReport | None]:
        """Return the first and the last quick test; the whole ones where there are any."""
        if not vin:  # any vehicle may be without one: their tests say nothing of each other
            return None, None
        kept = [
            r for r in self._records.list(vin=vin, kind=QUICK_TEST) if since is None or r.started >= since
        ]
        kept = [report for report in kept if report.complete] or kept
        if not kept:
            return None, None
        tests = [self._load(kept[-1].report_id, messages)]
        if len(kept) > 1:
            tests.append(self._load(kept[0].report_id, messages))
        first, last = [*filter(None, tests), None, None][:2]
        return first, last

    def _load(self, report_id: int, messages: list[RaisedMessage]) -> QuickTestReport | None:
        """Return a test; one that cannot be read is told, and what was done is printed all the same."""
        from workshop_console.console.model.message import raised_by

        try:
            return self._records.load(report_id)
        except ConsoleError as error:
            if error.number != "WC-611":
                raise
            messages.append(raised_by(error))
            return None


def _bounded(details: Details) -> Details:
    """Return `details` no longer than a report can show."""
    return tuple((name[:_LONGEST_DETAIL], value[:_LONGEST_DETAIL]) for name, value in details[:_MOST_DETAILS])

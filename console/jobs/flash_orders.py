"""What a flash job writes into the order book: one entry for each unit, and the keys that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.flash import SoftwareIdentity, UnitEnd
from workshop_console.console.model.kept import EntryKind, OrderEntry

if TYPE_CHECKING:
    from datetime import datetime

    from workshop_console.console.jobs.flash_log import JournalLog
    from workshop_console.console.model.flash import FlashPlan, FlashTarget, UnitResult
    from workshop_console.console.model.kept import Details
    from workshop_console.console.ports import Clock, OrderBook

_NOT_KEPT = 0


class ForgivingOrders:
    """An order book whose trouble is a warning once a unit was erased (port OrderBook)."""

    def __init__(self, orders: OrderBook, log: JournalLog) -> None:
        self._orders = orders
        self._log = log

    def begin(self, entry: OrderEntry) -> int:
        """Keep `entry` and return its number. Raises ConsoleError WC-6xx while nothing is erased."""
        try:
            return self._orders.begin(entry)
        except ConsoleError as error:
            if not self._log.erased:
                raise
            self._log.warn(error)
            return _NOT_KEPT

    def complete(self, entry_id: int, *, answer: bytes, outcome: str, details: Details = ()) -> None:
        """Add what came back; when that fails it is told, and the entry stays as one broken off."""
        if entry_id == _NOT_KEPT:
            return
        try:
            self._orders.complete(entry_id, answer=answer, outcome=outcome, details=details)
        except ConsoleError as error:
            self._log.warn(error)

    def entries(self, vin: str, *, since: datetime | None = None) -> Sequence[OrderEntry]:
        """Return the entries of a vehicle, oldest first."""
        return self._orders.entries(vin, since=since)


class OrderNotes:
    """The entries of the units of one run."""

    def __init__(self, orders: OrderBook, plan: FlashPlan, job_id: int, clock: Clock) -> None:
        self._orders = orders
        self._plan = plan
        self._job_id = job_id
        self._clock = clock
        self._entries: dict[str, int] = {}

    def begin(self) -> None:
        """Write down what is about to be flashed. Raises as the order book does."""
        for target in self._plan.targets:
            self._entries[target.unit] = self._orders.begin(self._entry(target))

    def _entry(self, target: FlashTarget) -> OrderEntry:
        manifest, plan = target.file.manifest, self._plan
        details = (
            ("job", str(self._job_id)),
            ("file", " ".join(part for part in (target.file.path, target.file.name) if part)),
            ("key", manifest.key_id),
            ("before", software_text(target.identity)),
            *((("readout", str(plan.readout)),) if plan.readout else ()),
        )
        return OrderEntry(
            time=self._clock.now(),
            vin=plan.vin,
            vehicle_name=plan.vehicle_name,
            unit=target.label or target.unit,
            address=str(target.address),
            kind=EntryKind.FLASHING,
            what=f"{manifest.software} {manifest.version}".strip(),
            request=b"",
            who=plan.who,
            details=details,
        )

    def complete(self, results: Sequence[UnitResult], *, stopped: bool) -> None:
        """Write down what became of each unit, by its own word."""
        for result in results:
            outcome = {
                UnitEnd.NEW: "done",
                UnitEnd.OLD: "stopped" if stopped else "failed",
                UnitEnd.BOOT_LOADER: "failed",
                UnitEnd.UNKNOWN: "silent",
            }[result.end]
            self._orders.complete(
                self._entries.get(result.unit, _NOT_KEPT),
                answer=b"",
                outcome=outcome,
                details=(("after", software_text(result.identity)),),
            )


def software_text(identity: SoftwareIdentity) -> str:
    """Return the software that a unit tells; its boot loader's where it has no other; - for none."""
    if not identity.answered:
        return "-"
    if identity.boot_loader:
        return identity.boot_software
    return f"{identity.software} {identity.version}".strip() or "-"

"""An order book in memory, for tests of what writes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import Details, OrderEntry, OrderVehicle


class KeptOrders:
    """Keeps entries; `broken` names the steps that fail: begin, complete."""

    def __init__(self, *broken: str) -> None:
        self.kept: list[OrderEntry] = []
        self._broken = broken

    def begin(self, entry: OrderEntry) -> int:
        if "begin" in self._broken:
            raise ConsoleError("WC-612", file="records.db", detail="read-only")
        self.kept.append(replace(entry, entry_id=len(self.kept) + 1))
        return len(self.kept)

    def complete(self, entry_id: int, *, answer: bytes, outcome: str, details: Details = ()) -> None:
        if "complete" in self._broken:
            raise ConsoleError("WC-613", entry=entry_id, file="records.db", detail="read-only")
        begun = self.kept[entry_id - 1]
        self.kept[entry_id - 1] = replace(
            begun, answer=answer, outcome=outcome, details=(*begun.details, *details)
        )

    def entries(self, vin: str, *, since: datetime | None = None) -> Sequence[OrderEntry]:
        return [e for e in self.kept if e.vin == vin and (since is None or e.time >= since)]

    def vehicles(self) -> Sequence[OrderVehicle]:
        found = {}
        for entry in self.kept:
            count = len(self.entries(entry.vin))
            found[entry.vin] = OrderVehicle(
                vin=entry.vin, vehicle_name=entry.vehicle_name, entries=count, last=entry.time
            )
        return list(found.values())

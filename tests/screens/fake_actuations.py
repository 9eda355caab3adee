"""Actuations of a workshop without a vehicle: the procedure itself, and a unit that answers from a table."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from tests.procedures.driven import UNIT, ByteCoder, Clock, Line, Unit, same_key
from tests.procedures.order_book import KeptOrders
from workshop_console.console.model.forms import FunctionForm
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.actuation import check, drive
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.controls import Controls
from workshop_console.console.procedures.desk import Desk
from workshop_console.console.procedures.events import (
    ActuationChecked,
    ActuationEnded,
    Event,
    FunctionsOffered,
    UnitsPlanned,
)
from workshop_console.console.procedures.security_access import Attempts, KeyRing


class FakeActuations:
    """What the screens ask of Actuations."""

    def __init__(self, unit: Unit | None = None, offered: OpenedUnit = UNIT) -> None:
        self.unit = unit or Unit()
        self.offered = offered
        self.orders = KeptOrders()
        self.coder = ByteCoder()
        self.offers = 0
        self.running = threading.Event()

    def offer(
        self, names: Sequence[str] = (), *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        self.offers += 1
        yield UnitsPlanned(units=(self.offered.summary,))
        yield FunctionsOffered(units=(self.offered,))

    def check(
        self, unit: OpenedUnit, function: FunctionForm, *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        conditions = check(Line(self.unit), unit, function, self.coder, cancellation or Cancellation())
        yield ActuationChecked(conditions=conditions)

    def run(
        self,
        unit: OpenedUnit,
        function: FunctionForm,
        settings: Mapping[str, str],
        *,
        cancellation: Cancellation | None = None,
        controls: Controls | None = None,
    ) -> Iterator[Event]:
        desk = Desk(
            coder=self.coder,
            orders=self.orders,
            ring=lambda: KeyRing(unit=unit.label, key_of=same_key, attempts=Attempts(lambda: 0.0)),
            clock=Clock(),
            vehicle=VehicleIdentity(),
            who="Petra",
        )
        cancellation = cancellation or Cancellation()
        line = Line(self.unit)
        result = yield from drive(line, unit, function, settings, desk, cancellation, controls=controls)
        yield ActuationEnded(result=result)

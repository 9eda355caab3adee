"""Codings of a workshop without a vehicle: one record of bit fields, written into memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tests.procedures.coded import BitCoder, reading_of
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.coding import CheckedCondition, CodingPlan, CodingReading, CodingResult
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.forms import Condition
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.coding_plan import plan_changes, plan_restore
from workshop_console.console.procedures.events import (
    CodingRead,
    CodingWritten,
    Event,
    MessageRaised,
    Progress,
    UnitsPlanned,
)

UNIT = UnitSummary(key=1, name="Engine", label="Engine unit", addresses=(DoipAddress(0x1001),))
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class FakeCodings:
    """What the screens ask of CodingJobs."""

    def __init__(self, coder: BitCoder | None = None, data: bytes = b"\xf6\xd4\xff") -> None:
        self.coder = coder or BitCoder()
        self.data = data
        self.vin = "W1K2060041F048211"
        self.written: list[CodingPlan] = []
        self.reads = 0
        self.store: list[KeptCoding] = []
        self.refusal: tuple[RaisedMessage, ...] = ()
        """Messages of a writing that the unit refuses."""
        self.wait_s = 0
        self.error: ConsoleError | None = None
        """Raised by the next writing."""
        self.unreadable: tuple[RaisedMessage, ...] = ()
        self.left = 2
        self.gate = threading.Event()
        """Writing waits for it."""
        self.gate.set()

    def reading(self) -> CodingReading:
        base = reading_of(self.coder, self.data)
        conditions = (
            CheckedCondition(condition=Condition(text="Engine off"), value="0 1/min", holds=True),
            CheckedCondition(condition=Condition(text="Doors closed")),
        )
        return replace(
            base, unit=UNIT, address=DoipAddress(0x1001), vin=self.vin, time=NOW, conditions=conditions
        )

    def read(self, names: Sequence[str] = (), *, cancellation: Cancellation | None = None) -> Iterator[Event]:
        self.reads += 1
        addresses = tuple(DoipAddress(int(name, 16)) for name in names)
        yield UnitsPlanned(units=(replace(UNIT, addresses=addresses),))
        if "0x1001" in names:
            reading = self.reading()
            if self.unreadable:
                reading = replace(reading, data=None, options=(), messages=self.unreadable)
            yield CodingRead(reading=reading)

    def write(self, plan: CodingPlan, *, cancellation: Cancellation | None = None) -> Iterator[Event]:
        self.written.append(plan)
        yield Progress(done=0, total=1, can_cancel=False)
        assert self.gate.wait(30)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        if self.refusal:
            for message in self.refusal:
                yield MessageRaised(message=message)
            yield CodingWritten(
                result=CodingResult(
                    plan=plan,
                    written=False,
                    outcome="not-sent",
                    wait_s=self.wait_s,
                    messages=self.refusal,
                )
            )
            return
        before = plan.before
        self.store.append(
            KeptCoding(
                coding_id=len(self.store) + 1,
                time=NOW,
                vin=self.vin,
                unit=UNIT.name,
                address="0x1001",
                variant=before.variant,
                name=before.form.name,
                did=before.form.did,
                data=before.data or b"",
                options=(),
                who="Maria",
            )
        )
        self.data = plan.data
        yield CodingWritten(
            result=CodingResult(
                plan=plan, written=True, outcome="done", after=self.reading(), kept_id=len(self.store)
            )
        )
        yield Progress(done=1, total=1)

    def plan(self, reading: CodingReading, changes: Mapping[str, str], *, draft: bool = False) -> CodingPlan:
        return plan_changes(self.coder, reading, changes, draft=draft)

    def plan_restore(self, reading: CodingReading, kept: KeptCoding) -> CodingPlan:
        return plan_restore(self.coder, reading, kept)

    def keys_left(self, reading: CodingReading) -> tuple[int, int]:
        return self.left, 0

    def kept(self, reading: CodingReading) -> Sequence[KeptCoding]:
        return list(reversed(self.store))

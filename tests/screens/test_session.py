"""What is known while screens come and go."""

from __future__ import annotations

from dataclasses import replace

from tests.screens.fake_workshop import UNITS, FakeWorkshop
from workshop_console.console.jobs.runner import JobReported
from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.report import FaultReading
from workshop_console.console.procedures.events import FaultsRead, Step, StepBegan, UnitsPlanned, ValuesRead
from workshop_console.console.settings import Folders
from workshop_console.screens.session import READ_FAULTS, WATCH_VALUES, Session, Units

BOTH = UnitSummary(
    key=1, name="Engine", label="Engine unit", addresses=(CanAddress(0x7E0, 0x7E8), DoipAddress(0x1001))
)
OTHER = UnitSummary(key=2, name="Gearbox", label="Gearbox unit", addresses=(DoipAddress(0x1002),))


def test_a_row_takes_the_address_that_answered_and_keeps_its_place_and_its_mark() -> None:
    units = Units()
    units.plan(BOTH)
    units.plan(OTHER)
    units.marked = {"0x7E0/0x7E8"}
    units.settle(UNITS[0])
    assert list(units.rows) == ["0x1001", "0x1002"]
    assert units.rows["0x1001"].key == "0x1001"
    assert units.marked == {"0x1001"}
    units.settle(replace(UNITS[0], faults=()))
    assert list(units.rows) == ["0x1001", "0x1002"]


def test_fault_memories_keep_the_planned_order_whoever_answers_first() -> None:
    session = Session(workshop=FakeWorkshop(Folders.of_user()).as_workshop())
    for event in (
        UnitsPlanned(units=(BOTH, OTHER)),
        FaultsRead(reading=FaultReading(result=UNITS[1])),
        FaultsRead(reading=FaultReading(result=UNITS[0])),
    ):
        session.apply(JobReported(job_id=1, kind=READ_FAULTS, event=event))
    assert list(session.units.rows) == ["0x1001", "0x1002"]


def test_reading_one_unit_does_not_make_it_the_vehicle() -> None:
    session = Session(workshop=FakeWorkshop(Folders.of_user()).as_workshop())
    session.apply(JobReported(job_id=1, kind=READ_FAULTS, event=UnitsPlanned(units=(BOTH,))))
    assert not session.units.rows


def test_what_a_watch_began_with_is_over_when_values_come() -> None:
    session = Session(workshop=FakeWorkshop(Folders.of_user()).as_workshop())
    began, came = StepBegan(step=Step.CONNECTING), ValuesRead(values=(), at=1.0)
    session.apply(JobReported(job_id=1, kind=WATCH_VALUES, event=began))
    assert session.step == began
    session.apply(JobReported(job_id=1, kind=WATCH_VALUES, event=came))
    assert session.step is None

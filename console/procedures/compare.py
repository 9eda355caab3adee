"""Compares two tests of a vehicle: what is gone, what is new, what is still there."""

from __future__ import annotations

from workshop_console.console.model.dtc import Fault, FaultState
from workshop_console.console.model.report import (
    Change,
    FaultChange,
    QuickTestReport,
    ReportComparison,
    UnitComparison,
    UnitResult,
    UnitState,
)

_MEMORY_READ = frozenset({UnitState.OK, UnitState.FAULTS, UnitState.UNKNOWN_VARIANT})


def compare(one: QuickTestReport, other: QuickTestReport) -> ReportComparison:
    """Return the comparison, the older test first; units in the order of the newer one."""
    first, last = sorted((one, other), key=lambda report: report.started)
    before = {unit.address: unit for unit in first.units}
    after = {unit.address: unit for unit in last.units}
    addresses = [*after, *(address for address in before if address not in after)]
    return ReportComparison(
        first=first,
        last=last,
        units=tuple(_unit(before.get(address), after.get(address)) for address in addresses),
        same_vin=bool(first.vehicle.vin) and first.vehicle.vin == last.vehicle.vin,
    )


def memory_was_read(unit: UnitResult | None) -> bool:
    """Return whether the row says what is in the fault memory, so that a missing fault means something."""
    return unit is not None and unit.state in _MEMORY_READ


def _unit(before: UnitResult | None, after: UnitResult | None) -> UnitComparison:
    shown = after or before
    if shown is None:
        raise ValueError("a comparison has at least one side")
    comparable = memory_was_read(before) and memory_was_read(after)
    return UnitComparison(
        name=shown.name,
        label=shown.label,
        address=shown.address,
        before=before,
        after=after,
        changes=changes(before.faults, after.faults) if comparable and before and after else (),
        comparable=comparable,
    )


def in_memory(faults: tuple[Fault, ...]) -> dict[int, Fault]:
    """Return the faults that count, by code: a code that was merely not tested yet is no fault."""
    return {fault.dtc: fault for fault in faults if fault.state is not FaultState.NOT_TESTED}


def changes(before: tuple[Fault, ...], after: tuple[Fault, ...]) -> tuple[FaultChange, ...]:
    """Return what happened to each fault: new ones first, then those still there, then those gone."""
    was, now = in_memory(before), in_memory(after)
    new = [FaultChange(change=Change.NEW, before=None, after=f) for dtc, f in now.items() if dtc not in was]
    still = [
        FaultChange(change=Change.STILL, before=was[dtc], after=f) for dtc, f in now.items() if dtc in was
    ]
    gone = [FaultChange(change=Change.GONE, before=f, after=None) for dtc, f in was.items() if dtc not in now]
    return (*new, *still, *gone)

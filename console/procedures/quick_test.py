"""The quick test: all control units at once, rows as they answer, a report at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import Catalogue, Clock, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    EcuAnswered,
    EcuSilent,
    Event,
    MessageRaised,
    Progress,
    ReportFinished,
    Step,
    StepBegan,
    UnitsPlanned,
    VehicleIdentified,
)
from workshop_console.console.procedures.identify import VIN_LENGTH
from workshop_console.console.procedures.presence import address_for
from workshop_console.console.procedures.scripts import UnitTask, persistently, run_scripts
from workshop_console.console.procedures.unit_check import UnitCheck, check_unit
from workshop_console.console.procedures.vehicle import VoltageSearch

FAILED_STATES = frozenset({UnitState.SILENT, UnitState.REFUSED, UnitState.ERROR})
"""Rows that are worth asking again."""

_NO_USABLE_ANSWER = frozenset({UnitState.SILENT, UnitState.ERROR})
_CUT_SHORT = frozenset({SilentReason.CANCELLED, SilentReason.LINK_LOST})


def failed_rows(report: QuickTestReport) -> tuple[str, ...]:
    """Return the addresses (as text) of the rows that can be retried alone."""
    return tuple(str(unit.address) for unit in report.units if unit.state in FAILED_STATES)


def quick_test(
    link: VehicleLink,
    units: Sequence[UnitSummary],
    catalogue: Catalogue,
    cancellation: Cancellation,
    *,
    clock: Clock,
    stopwatch: Callable[[], float],
    vci: str = "",
    vehicle: VehicleIdentity | None = None,
    messages: Sequence[RaisedMessage] = (),
    only: Set[str] | None = None,
    previous: QuickTestReport | None = None,
) -> Iterator[Event]:
    """Ask `units` and yield rows as they become final; the last event is ReportFinished.

    Args:
        clock: for the report's date.
        stopwatch: monotonic seconds, for its duration.
        vci: the address to show; the link's own when empty.
        vehicle: what is known before.
        messages: what choosing the units raised; the report keeps it.
        only: addresses (as text) to ask; the other rows come from `previous`.
        previous: report that a retry completes.
    """
    started = clock.now()
    began = stopwatch()
    asked = [(unit, address) for unit in units if (address := address_for(unit, link.kind))]
    if only is not None:
        asked = [(unit, address) for unit, address in asked if str(address) in only]
    known = vehicle or VehicleIdentity()
    rows: dict[Address, UnitResult] = {}

    def report(extra: Sequence[RaisedMessage]) -> QuickTestReport:
        kept = previous.units if previous and only is not None else ()
        merged = {row.address: row for row in kept} | rows
        order = [address for unit in units if (address := address_for(unit, link.kind))]
        order += [address for address in merged if address not in set(order)]
        ordered = tuple(merged[address] for address in dict.fromkeys(order) if address in merged)
        return QuickTestReport(
            vehicle=known,
            vci=vci or link.uri,
            started=started,
            duration_ms=round((stopwatch() - began) * 1_000),
            complete=not any(row.reason in _CUT_SHORT for row in ordered),
            units=ordered,
            messages=(*messages, *extra),
        )

    yield UnitsPlanned(units=tuple(unit for unit, _ in asked))
    yield StepBegan(step=Step.READING)
    yield Progress(done=0, total=len(asked))

    told: list[float] = []
    search = VoltageSearch([unit for unit, _ in asked], catalogue, told.append)
    extra = search.ask if known.voltage_v is None else None
    tasks = [
        UnitTask(
            address=address,
            timing=unit.timing,
            script=persistently(check_unit(unit, address, catalogue, extra)),
        )
        for unit, address in asked
    ]
    for _, check in run_scripts(link, tasks, cancellation):
        row = check.result
        rows[row.address] = row
        more = _more_known(known, row, told)
        if more != known:
            known = more
            yield VehicleIdentified(vehicle=known)
        yield _finished(check)
        yield Progress(done=len(rows), total=len(asked))

    raised = _ending(link, rows, asked, cancellation)
    for message in raised:
        yield MessageRaised(message=message)
    yield ReportFinished(report=report(raised))


def _finished(check: UnitCheck) -> EcuAnswered | EcuSilent:
    kind = EcuSilent if check.result.state in _NO_USABLE_ANSWER else EcuAnswered
    return kind(result=check.result)


def _more_known(known: VehicleIdentity, row: UnitResult, told: Sequence[float]) -> VehicleIdentity:
    if row.vin and (not known.vin or (len(known.vin) != VIN_LENGTH and len(row.vin) == VIN_LENGTH)):
        known = replace(known, vin=row.vin)
    if told and known.voltage_v is None:
        known = replace(known, voltage_v=told[0])
    return known


def _ending(
    link: VehicleLink,
    rows: dict[Address, UnitResult],
    asked: Sequence[tuple[UnitSummary, Address]],
    cancellation: Cancellation,
) -> tuple[RaisedMessage, ...]:
    """Return what to say at the end: cancelled, line lost, nobody there."""
    reasons = [row.reason for row in rows.values()]
    if SilentReason.LINK_LOST in reasons:
        return (RaisedMessage(number="WC-203", facts=(("uri", link.uri),)),)
    if SilentReason.CANCELLED in reasons or (cancellation.requested and len(rows) < len(asked)):
        done = sum(reason is not SilentReason.CANCELLED for reason in reasons)
        return (RaisedMessage(number="WC-311", facts=(("done", done), ("total", len(asked)))),)
    if not any(row.state is not UnitState.SILENT for row in rows.values()):
        return (RaisedMessage(number="WC-207", facts=(("uri", link.uri),)),)
    return ()

"""Reads fault memories in full: identification, faults, snapshots, extended data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workshop_console.console.model.address import Address
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import FaultReading, UnitState
from workshop_console.console.ports import Catalogue, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    FaultsRead,
    MessageRaised,
    Progress,
    Step,
    StepBegan,
)
from workshop_console.console.procedures.fault_details import read_details
from workshop_console.console.procedures.presence import address_for
from workshop_console.console.procedures.scripts import Conversation, UnitScript, UnitTask, run_scripts
from workshop_console.console.procedures.services import diagnostic_session
from workshop_console.console.procedures.unit_check import check_unit

_SHOWN_BYTES = 32


def read_unit(
    unit: UnitSummary, address: Address, catalogue: Catalogue, *, details: bool
) -> UnitScript[FaultReading]:
    """Read one unit's fault memory; with `details` also what was stored with each fault."""
    check = yield from check_unit(unit, address, catalogue)
    result = check.result
    over: SilentReason | None = None
    if details and result.faults and result.state is not UnitState.SILENT:
        talk = Conversation()
        description = catalogue.unit(unit.key, result.variant) if unit.key else None
        session = check.faults.extended_session
        if session:
            yield from talk.ask(diagnostic_session(0x03))
        faults, over = yield from read_details(result.faults, description, talk)
        if session:
            yield from talk.ask(diagnostic_session(0x01))
        result = replace(
            result,
            faults=faults,
            time_ms=round(result.time_ms + talk.time_ms, 1),
            retries=result.retries + talk.retries,
        )
    return FaultReading(
        result=result,
        status_availability_mask=check.faults.availability_mask,
        raw=check.faults.raw,
        details_reason=over,
    )


def read_fault_memories(
    link: VehicleLink,
    units: Sequence[UnitSummary],
    catalogue: Catalogue,
    cancellation: Cancellation,
    *,
    details: bool = True,
) -> Iterator[Event]:
    """Read the fault memories of `units` at once and yield FaultsRead for each as it ends."""
    asked = [(unit, address) for unit in units if (address := address_for(unit, link.kind))]
    yield StepBegan(step=Step.READING)
    yield Progress(done=0, total=len(asked))
    tasks = [
        UnitTask(
            address=address,
            timing=unit.timing,
            script=read_unit(unit, address, catalogue, details=details),
        )
        for unit, address in asked
    ]
    lost = cancelled = done = 0
    for _, reading in run_scripts(link, tasks, cancellation):
        done += 1
        ends = (reading.result.reason, reading.details_reason)
        lost += SilentReason.LINK_LOST in ends
        cancelled += SilentReason.CANCELLED in ends
        yield FaultsRead(reading=reading)
        yield Progress(done=done, total=len(asked))
    if lost or link.lost:
        yield MessageRaised(message=RaisedMessage(number="WC-203", facts=(("uri", link.uri),)))
    elif cancelled:
        yield MessageRaised(message=cancelled_message(done - cancelled, len(asked)))


def cancelled_message(done: int, total: int) -> RaisedMessage:
    """Return the message that only `done` of `total` units were read."""
    return RaisedMessage(number="WC-311", facts=(("done", done), ("total", total)))


def unit_message(reading: FaultReading) -> RaisedMessage | None:
    """Return the numbered message for a unit whose memory was not read as it should be, or None."""
    result = reading.result
    name = result.label or result.name
    reason = result.reason or reading.details_reason
    because = ("reason", reason.value if reason else "")
    if result.state is UnitState.SILENT:
        return RaisedMessage(number="WC-302", facts=(("unit", name), because))
    if result.state is UnitState.ERROR:
        shown = reading.raw[:_SHOWN_BYTES].hex(" ").upper() or result.detail
        return RaisedMessage(number="WC-304", facts=(("unit", name), because, ("raw", clean(shown))))
    if result.state is UnitState.REFUSED:
        facts = (("unit", name), ("service", "0x19"), ("nrc", f"0x{result.nrc or 0:02X}"))
        return RaisedMessage(number="WC-303", facts=facts)
    if reading.details_reason is not None:
        return RaisedMessage(number="WC-302", facts=(("unit", name), because))
    if result.state is UnitState.UNKNOWN_VARIANT:
        return RaisedMessage(number="WC-308", facts=(("unit", name),))
    return None

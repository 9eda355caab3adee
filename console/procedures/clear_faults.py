"""Clears fault memories (0x14): a readout is saved before, and the memory is read again after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import DtcStatus, Fault
from workshop_console.console.model.exchange import Exchange, SilentReason
from workshop_console.console.model.kept import Details, EntryKind, OrderEntry
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.report import ClearingResult, FaultReading, QuickTestReport
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import Catalogue, Clock, OrderBook, Records, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.compare import in_memory, memory_was_read
from workshop_console.console.procedures.events import (
    Event,
    FaultsCleared,
    FaultsRead,
    MessageRaised,
    Progress,
    Step,
    StepBegan,
)
from workshop_console.console.procedures.fault_memory import (
    cancelled_message,
    read_fault_memories,
    read_unit,
)
from workshop_console.console.procedures.outcomes import outcome_of
from workshop_console.console.procedures.presence import address_for, answered
from workshop_console.console.procedures.scripts import (
    Conversation,
    UnitScript,
    UnitTask,
    patiently,
    run_scripts,
)
from workshop_console.console.procedures.services import (
    OTHER_SESSION,
    clear_diagnostic_information,
    diagnostic_session,
    tester_present,
)

READOUT = "readout"
"""Kind of the records that are saved before a clearing."""
RESTART_TRIES = 4
"""How often a unit that fell silent after its clearing is asked whether it is there again."""
RESTART_WAIT_MS = 1_000


@dataclass(frozen=True, kw_only=True)
class _Cleared:
    answer: Exchange
    after: FaultReading | None


def clear_fault_memories(
    link: VehicleLink,
    units: Sequence[UnitSummary],
    catalogue: Catalogue,
    records: Records,
    cancellation: Cancellation,
    *,
    clock: Clock,
    stopwatch: Callable[[], float],
    vci: str = "",
    vehicle: VehicleIdentity | None = None,
    orders: OrderBook | None = None,
) -> Iterator[Event]:
    """Read, save, clear and read again; yields FaultsRead (before) and FaultsCleared for each unit.

    A unit whose memory could not be read is not cleared: nothing of it would be saved. Each unit that is
    cleared gets an entry in `orders`, kept before the first 0x14 goes out. From the first 0x14
    on the procedure cannot be cancelled until each memory was read again.

    Raises:
        ConsoleError: WC-608 when the readout cannot be saved, WC-612 when the entries cannot be kept; nothing
            was cleared then.
    """
    started, began = clock.now(), stopwatch()
    before: dict[object, FaultReading] = {}
    told = False
    for event in read_fault_memories(link, units, catalogue, cancellation):
        if isinstance(event, FaultsRead):
            before[event.reading.result.address] = event.reading
        told = told or isinstance(event, MessageRaised)
        yield event
    if cancellation.requested or link.lost:
        if not told:  # it came when everything was read
            yield MessageRaised(message=cancelled_message(len(before), len(before)))
        return
    asked = [
        (unit, address, before[address])
        for unit in units
        if (address := address_for(unit, link.kind)) and address in before
    ]
    readable = [entry for entry in asked if memory_was_read(entry[2].result)]
    for _, _, reading in asked:
        if not memory_was_read(reading.result):
            yield FaultsCleared(
                result=ClearingResult(
                    before=reading,
                    after=None,
                    cleared=False,
                    nrc=reading.result.nrc,
                    reason=reading.result.reason,
                    kept=reading.result.faults,
                )
            )
    if not readable:
        return

    yield StepBegan(step=Step.SAVING)
    report = QuickTestReport(
        vehicle=vehicle or VehicleIdentity(),
        vci=vci or link.uri,
        started=started,
        duration_ms=round((stopwatch() - began) * 1_000),
        complete=True,
        units=tuple(reading.result for _, _, reading in asked),
    )
    try:
        readout_id = records.keep(report, kind=READOUT)
    except ConsoleError as error:
        names = ", ".join(reading.result.name for _, _, reading in readable[:6])
        raise ConsoleError("WC-608", unit=names) from error
    kept = [
        orders.begin(_entry(reading, vehicle or VehicleIdentity(), clock, readout_id)) if orders else 0
        for _, _, reading in readable
    ]

    with cancellation.locked():
        yield StepBegan(step=Step.CLEARING)
        yield Progress(done=0, total=len(readable), can_cancel=False)
        tasks = [
            UnitTask(address=address, timing=unit.timing, script=_clear(unit, catalogue))
            for unit, address, _ in readable
        ]
        for done, (index, cleared) in enumerate(run_scripts(link, tasks, cancellation), start=1):
            result = _result(readable[index][2], cleared, readout_id)
            if orders is not None:
                try:
                    orders.complete(
                        kept[index],
                        answer=cleared.answer.payload,
                        outcome=outcome_of(cleared.answer),
                        details=_details(result),
                    )
                except ConsoleError as error:  # the unit was cleared all the same, and the others wait
                    yield MessageRaised(message=raised_by(error))
            for message in _messages(result):
                yield MessageRaised(message=message)
            yield FaultsCleared(result=result)
            yield Progress(done=done, total=len(readable), can_cancel=done == len(readable))


def _entry(reading: FaultReading, vehicle: VehicleIdentity, clock: Clock, readout_id: int) -> OrderEntry:
    unit = reading.result
    return OrderEntry(
        time=clock.now(),
        vin=vehicle.vin,
        vehicle_name=vehicle.name,
        unit=unit.label or unit.name,
        address=str(unit.address),
        kind=EntryKind.CLEARING,
        what="",
        request=clear_diagnostic_information().payload,
        details=(("readout", str(readout_id)), ("before", _codes(in_memory(unit.faults).values()))),
    )


def _codes(faults: Iterable[Fault]) -> str:
    return ", ".join(fault.code for fault in faults) or "-"


def _details(result: ClearingResult) -> Details:
    """Return what became of the faults, by the names that explain.detail_name() knows."""
    found = (("gone", result.gone), ("back", result.back), ("kept", result.kept))
    return tuple((name, _codes(faults)) for name, faults in found if faults)


def _clear(unit: UnitSummary, catalogue: Catalogue) -> UnitScript[_Cleared]:
    talk = Conversation()
    answer = yield from talk.ask(clear_diagnostic_information())
    if answer.nrc in OTHER_SESSION:
        opened = yield from talk.ask(diagnostic_session(0x03))
        if opened.positive:
            answer = yield from talk.ask(clear_diagnostic_information())
            yield from talk.ask(diagnostic_session(0x01))
    after = yield from read_unit(unit, answer.address, catalogue, details=True)
    if answer.positive and after.result.reason is SilentReason.NO_ANSWER:
        # Some units restart after a clearing.
        for _ in range(RESTART_TRIES):
            if answered((yield from patiently(talk.ask(tester_present()), RESTART_WAIT_MS))):
                after = yield from read_unit(unit, answer.address, catalogue, details=True)
                break
    return _Cleared(answer=answer, after=after if memory_was_read(after.result) else None)


def _result(before: FaultReading, cleared: _Cleared, readout_id: int) -> ClearingResult:
    answer, after = cleared.answer, cleared.after
    gone: list[Fault] = []
    back: list[Fault] = []
    kept: list[Fault] = []
    if after is not None:
        now = in_memory(after.result.faults)
        for dtc, fault in in_memory(before.result.faults).items():
            if dtc not in now:
                gone.append(fault)
            elif answer.positive and came_back(fault, now[dtc]):
                back.append(now[dtc])
            else:
                kept.append(now[dtc])
    elif not answer.positive:
        kept = list(in_memory(before.result.faults).values())
    return ClearingResult(
        before=before,
        after=after,
        cleared=answer.positive,
        nrc=answer.nrc,
        reason=answer.reason,
        readout_id=readout_id,
        gone=tuple(gone),
        back=tuple(back),
        kept=tuple(kept),
    )


def came_back(before: Fault, after: Fault) -> bool:
    """Return whether an entry that is there after a clearing was made anew, or never left.

    The unit does not tell. Another status, or other stored data, was written after the clearing. When all of
    it is the same, the entry never left; where nothing was stored with it, only a fault that fails right now
    can have come back this fast.
    """
    if before.status != after.status:
        return True
    if before.extended and after.extended:
        return [r.raw for r in before.extended] != [r.raw for r in after.extended]
    if before.snapshots and after.snapshots:
        return [r.raw for r in before.snapshots] != [r.raw for r in after.snapshots]
    return bool(after.status & DtcStatus.TEST_FAILED)


def _messages(result: ClearingResult) -> tuple[RaisedMessage, ...]:
    unit = result.before.result
    name = unit.label or unit.name
    if result.nrc is not None and not result.cleared:
        return (RaisedMessage(number="WC-306", facts=(("unit", name), ("nrc", f"0x{result.nrc:02X}"))),)
    if not result.cleared:
        reason = result.reason or SilentReason.NO_ANSWER
        return (RaisedMessage(number="WC-302", facts=(("unit", name), ("reason", reason.value))),)
    if result.after is None:
        return (RaisedMessage(number="WC-307", facts=(("unit", name),)),)
    return ()

"""The quick test of one control unit: its fault memory, then what identifies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import Fault, FaultState, fault_state
from workshop_console.console.model.exchange import Outcome, SilentReason
from workshop_console.console.model.report import UnitResult, UnitState, VariantMatch
from workshop_console.console.ports import Catalogue
from workshop_console.console.procedures.fault_list import FaultList, read_fault_list
from workshop_console.console.procedures.identify import Identification, identify
from workshop_console.console.procedures.scripts import Conversation, UnitScript, patiently
from workshop_console.console.procedures.services import tester_present

NOBODY_THERE = frozenset(
    {
        SilentReason.UNKNOWN_TARGET,
        SilentReason.UNREACHABLE,
        SilentReason.GATEWAY_REFUSED,
        SilentReason.NOT_SENT,
        SilentReason.PENDING_FOR_EVER,
        SilentReason.BUSY_FOR_EVER,
    }
)
"""Reasons after which asking the same unit something else costs time and brings nothing."""

LATE_MS = 1_000
"""Time that a unit gets which did not answer within its P2."""


@dataclass(frozen=True, kw_only=True)
class UnitCheck:
    """The row of a unit, and the answer that its faults are from."""

    result: UnitResult
    faults: FaultList


Extra = Callable[[UnitSummary, Identification, Conversation], UnitScript[None]]
"""More to ask a unit that answers, such as the battery voltage."""


def check_unit(
    unit: UnitSummary, address: Address, catalogue: Catalogue, extra: Extra | None = None
) -> UnitScript[UnitCheck]:
    """Read the fault memory and the identification of one unit.

    The faults come first: they are what is wanted most when the test is cancelled.
    """
    talk = Conversation()
    row = UnitResult(
        name=unit.name, label=unit.label, address=address, state=UnitState.SILENT, unit_key=unit.key
    )
    faults = yield from read_fault_list(talk)
    over = faults.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED)
    wait_ms = 0
    if faults.outcome is Outcome.SILENT and not over:
        over = faults.reason in NOBODY_THERE
        if not over:
            # Some units take longer than their P2, or than nobody described; a unit that is there is asked
            # again with time enough.
            there = yield from patiently(talk.ask(tester_present()), LATE_MS)
            over = there.outcome in (Outcome.SILENT, Outcome.LINK_LOST, Outcome.CANCELLED)
        if not over and faults.reason is SilentReason.NO_ANSWER:
            wait_ms = LATE_MS
            faults = yield from patiently(read_fault_list(talk), wait_ms)
            over = faults.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED)
    identified = Identification()
    if not over:
        identified = yield from patiently(identify(unit, talk), wait_ms)
        if extra is not None and identified.failure is None:
            yield from extra(unit, identified, talk)
    row = replace(
        row,
        variant=identified.variant,
        variant_match=identified.variant_match,
        hardware=identified.hardware,
        software=identified.software,
        vin=identified.vin,
        faults=describe_faults(unit.key, identified.variant, faults, catalogue),
        time_ms=round(talk.time_ms, 1),
        retries=talk.retries,
    )
    return UnitCheck(result=_with_state(row, faults, identified, silent=over), faults=faults)


def _with_state(
    row: UnitResult, faults: FaultList, identified: Identification, *, silent: bool
) -> UnitResult:
    if silent:
        return replace(
            row, state=UnitState.SILENT, reason=faults.reason or SilentReason.NO_ANSWER, detail=faults.detail
        )
    if faults.outcome is Outcome.NEGATIVE:
        return replace(row, state=UnitState.REFUSED, nrc=faults.nrc)
    if faults.outcome is not Outcome.POSITIVE:
        return replace(
            row, state=UnitState.ERROR, reason=faults.reason or SilentReason.NO_ANSWER, detail=faults.detail
        )
    stopped = identified.failure
    if stopped is not None and (
        stopped.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED)
        or stopped.reason is SilentReason.BUSY_FOR_EVER
    ):
        # The faults are there; the identification is not whole, so the row asks to be read again.
        return replace(row, state=UnitState.ERROR, reason=stopped.reason, detail=stopped.detail)
    if identified.variant_match is VariantMatch.NONE:
        return replace(row, state=UnitState.UNKNOWN_VARIANT, nrc=identified.nrc)
    has_faults = any(fault.state is not FaultState.NOT_TESTED for fault in row.faults)
    return replace(row, state=UnitState.FAULTS if has_faults else UnitState.OK, nrc=identified.nrc)


def describe_faults(
    unit_key: int, variant: str, faults: FaultList, catalogue: Catalogue
) -> tuple[Fault, ...]:
    """Return the entries with the texts that the description has for them, the failing ones first."""
    if not faults.entries:
        return ()
    described = (
        catalogue.fault_descriptions(unit_key, variant, {dtc for dtc, _ in faults.entries})
        if unit_key
        else {}
    )
    found = []
    for dtc, status in faults.entries:
        known = described.get(dtc)
        found.append(
            Fault(
                dtc=dtc,
                status=status,
                text=known.text if known else "",
                display_code=known.display_code if known else "",
                priority=known.priority if known else None,
            )
        )
    order = list(FaultState)
    return tuple(sorted(found, key=lambda fault: order.index(fault_state(fault.status))))

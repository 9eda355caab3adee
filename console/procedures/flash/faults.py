"""Clears the faults that flashing made, and no others (0x19 02, 0x14)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.dtc import DtcStatus
from workshop_console.console.model.exchange import Outcome, UdsRequest
from workshop_console.console.model.flash import Bystander, FlashStep
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import QuickTestReport, UnitState
from workshop_console.console.procedures.compare import in_memory
from workshop_console.console.procedures.flash import trouble
from workshop_console.console.procedures.flash.log import FlashLog
from workshop_console.console.procedures.scripts import UnitScript
from workshop_console.console.procedures.services import (
    CLEAR_WAIT_MS,
    NOT_THERE,
    read_dtc_by_status_mask,
)

_REMEMBERED = DtcStatus.TEST_FAILED | DtcStatus.PENDING_DTC | DtcStatus.CONFIRMED_DTC
_MOST_SINGLE = 32
"""Faults of one unit that are cleared one by one."""
_ALL = 0xFFFFFF
_RECORD_BYTES = 4


def bystanders_of(report: QuickTestReport, timings: Mapping[Address, Timing]) -> tuple[Bystander, ...]:
    """Return the units whose fault memories a quick test read, with what was in them."""
    return tuple(
        Bystander(
            unit=unit.label or unit.name,
            address=unit.address,
            timing=timings.get(unit.address, Timing()),
            before=tuple(sorted(in_memory(unit.faults))),
        )
        for unit in report.units
        if unit.state in (UnitState.OK, UnitState.FAULTS, UnitState.UNKNOWN_VARIANT)
    )


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """What became of the faults that flashing made in one unit."""

    address: Address
    message: RaisedMessage | None = None
    """A refusal."""


def clear_new_faults(unit: Bystander, log: FlashLog, flashed: str = "") -> UnitScript[Cleared]:
    """Clear what is in the memory of a unit and was not before; `flashed`: its short name in the log.

    A unit that clears only everything is cleared where there was nothing before.
    """
    answer = yield read_dtc_by_status_mask(_REMEMBERED)
    if not answer.positive:
        refused = answer.nrc is not None and answer.nrc not in NOT_THERE and flashed
        message = trouble.refused(unit.unit, FlashStep.CLEAR_FAULTS, answer.nrc or 0) if refused else None
        return Cleared(address=unit.address, message=message)
    new = _codes(answer.payload[3:]) - set(unit.before)
    if not new:
        return Cleared(address=unit.address)
    entry = log.begin(flashed, FlashStep.CLEAR_FAULTS, _list(unit.unit, new))
    whole = not unit.before
    wanted = [_ALL] if whole or len(new) > _MOST_SINGLE else sorted(new)
    if len(new) > _MOST_SINGLE and not whole:
        log.complete(entry, "skipped")
        return Cleared(address=unit.address)
    outcome, nrc = Outcome.POSITIVE, None
    for group in wanted:
        answer = yield _clear(group)
        if not answer.positive:
            outcome, nrc = answer.outcome, answer.nrc
    log.complete(entry, trouble.OUTCOMES[outcome], f"0x{nrc:02X}" if nrc is not None else "")
    if nrc is None or (nrc in NOT_THERE and not whole):
        return Cleared(address=unit.address)
    return Cleared(address=unit.address, message=trouble.refused(unit.unit, FlashStep.CLEAR_FAULTS, nrc))


def _clear(group: int) -> UdsRequest:
    """ClearDiagnosticInformation (12.2) of one fault, or of all."""
    return UdsRequest(payload=b"\x14" + group.to_bytes(3, "big"), first_wait_ms=CLEAR_WAIT_MS)


def _codes(records: bytes) -> set[int]:
    """Return the fault codes of an answer to 0x19 02."""
    return {
        int.from_bytes(records[at : at + 3], "big")
        for at in range(0, len(records) - _RECORD_BYTES + 1, _RECORD_BYTES)
    }


def _list(unit: str, codes: Collection[int]) -> str:
    shown = ", ".join(f"{code:06X}" for code in sorted(codes)[:6])
    return f"{unit}: {shown}" + (", …" if len(codes) > 6 else "")


def with_targets(
    bystanders: Iterable[Bystander], targets: Iterable[tuple[str, Address, Timing]]
) -> list[tuple[str, Bystander]]:
    """Return all units to look at, each with its short name in the log (empty: was not flashed)."""
    flashed = {address: (unit, timing) for unit, address, timing in targets}
    known = []
    for bystander in bystanders:
        unit, timing = flashed.pop(bystander.address, ("", bystander.timing))
        known.append((unit, replace(bystander, timing=timing)))
    known += [
        (unit, Bystander(unit=unit, address=address, timing=timing))
        for address, (unit, timing) in flashed.items()
    ]
    return known

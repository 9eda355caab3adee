"""Opens control units for work: which variant each is, and what its description lets it be asked."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.address import Address
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.report import UnitState, VariantMatch
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, MessageRaised, Step, StepBegan
from workshop_console.console.procedures.identify import identify_variant
from workshop_console.console.procedures.presence import address_for
from workshop_console.console.procedures.scripts import Conversation, UnitTask, run_scripts

if TYPE_CHECKING:
    from workshop_console.console.ports import Coder, VehicleLink

_IDENTIFIED = frozenset({VariantMatch.EXACT, VariantMatch.ONLY})
_GONE = frozenset({Outcome.SILENT, Outcome.LINK_LOST, Outcome.CANCELLED})


def open_units(
    line: VehicleLine,
    coder: Coder,
    names: Sequence[str],
    cancellation: Cancellation,
    *,
    pdx: Sequence[Path] = (),
    scan: bool = False,
) -> Generator[Event, None, tuple[VehicleLink, tuple[OpenedUnit, ...]]]:
    """Open the line and the units called `names`, all of the vehicle without names.

    A unit that does not answer is told and left out; so is a description that cannot be used, and its units
    then have the standard identifiers only. Run it inside `line.working()`. After a cancellation there may
    be no unit.

    Raises:
        ConsoleError: as VehicleLine.units_called(); WC-302 when the only unit does not answer; WC-203 when
            the connection went away.
    """
    link, summaries = yield from line.units_called(names, cancellation, pdx=pdx, scan=scan)
    by_address = {address: unit for unit in reversed(summaries) if (address := address_for(unit, link.kind))}
    asked = [(unit, address) for address, unit in reversed(by_address.items())]
    variants = _known_variants(line)
    unknown = [(unit, address) for unit, address in asked if (unit.key, address) not in variants]
    tasks = [
        UnitTask(address=address, timing=unit.timing, script=identify_variant(unit, Conversation()))
        for unit, address in unknown
    ]
    for index, (variant, failure) in run_scripts(link, tasks, cancellation):
        unit, address = unknown[index]
        if failure is None or failure.outcome not in _GONE:
            variants[unit.key, address] = variant
        elif failure.outcome is Outcome.SILENT:
            silent = _silent(unit, failure)
            if len(asked) == 1:
                raise silent
            yield MessageRaised(message=raised_by(silent))
    if cancellation.requested:
        return link, ()
    if link.lost:
        raise ConsoleError("WC-203", uri=link.uri)
    there = [(unit, address) for unit, address in asked if (unit.key, address) in variants]
    opened = []
    told: set[str | RaisedMessage] = set()
    for unit, address in there:
        if unit.key and unit.description not in told:
            told.add(unit.description)
            yield StepBegan(step=Step.IMPORTING)
        variant = variants[unit.key, address]
        try:
            forms = coder.forms(unit, variant)
        except ConsoleError as error:
            if (message := raised_by(error)) not in told:
                told.add(message)
                yield MessageRaised(message=message)
            unit = replace(unit, key=0, variants=())
            forms = coder.forms(unit)
        opened.append(OpenedUnit(summary=unit, address=address, variant=variant, forms=forms))
    return link, tuple(opened)


def _known_variants(line: VehicleLine) -> dict[tuple[int, Address], str]:
    """Return what the last quick test found out, by description and address."""
    if line.last_report is None:
        return {}
    return {
        (row.unit_key, row.address): row.variant
        for row in line.last_report.units
        if row.variant_match in _IDENTIFIED or (not row.unit_key and row.state is not UnitState.SILENT)
    }


def _silent(unit: UnitSummary, exchange: Exchange) -> ConsoleError:
    reason = exchange.reason or SilentReason.NO_ANSWER
    return ConsoleError("WC-302", unit=unit.label or unit.name, reason=reason.value)

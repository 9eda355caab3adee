"""Decides which control units a job asks: by a file, by the VIN, by who answers, else by a scan."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from workshop_console.console.model.description import DescriptionSummary, UnitSummary
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.ports import Catalogue, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, Step, StepBegan
from workshop_console.console.procedures.presence import address_for, who_answers
from workshop_console.console.procedures.scan import scan
from workshop_console.console.procedures.vehicle import ask_vin

_LONGEST_PATTERN = 200
"""Characters of a VIN pattern that are tried; shipped ones are far shorter."""


@dataclass(frozen=True, kw_only=True)
class UnitChoice:
    """The control units that a job asks, and why these."""

    units: tuple[UnitSummary, ...]
    description: DescriptionSummary | None = None
    """None: found by a scan."""
    vin: str = ""
    vehicle_name: str = ""
    messages: tuple[RaisedMessage, ...] = ()


def on_line(units: Sequence[UnitSummary], kind: LinkKind) -> tuple[UnitSummary, ...]:
    """Return those of `units` that have an address on this kind of line, in their order."""
    return tuple(unit for unit in units if address_for(unit, kind) is not None)


def fits_vin(description: DescriptionSummary, vin: str) -> bool:
    """Return whether the description says that it is for this VIN."""
    if not description.vin_pattern or not vin or len(description.vin_pattern) > _LONGEST_PATTERN:
        return False
    try:
        return re.fullmatch(description.vin_pattern, vin) is not None
    except re.error:
        return False


def choose_units(
    link: VehicleLink,
    catalogue: Catalogue,
    cancellation: Cancellation,
    *,
    files: Sequence[DescriptionSummary] = (),
    scan_only: bool = False,
    ship: Callable[[str], Iterator[Event]] | None = None,
) -> Generator[Event, None, UnitChoice]:
    """Choose the control units (docs/decisions/0001, last part) and return the choice.

    `files`: descriptions named for this run; they are taken as they are. `ship` takes the shipped description
    for a VIN into the catalogue, where there is one and it is not there yet.
    """
    if files:
        units = tuple(unit for file in files for unit in on_line(catalogue.units(file.key), link.kind))
        messages = [raised for file in files if (raised := not_all_used(file))]
        if not units:
            messages.append(
                RaisedMessage(number="WC-305", facts=(("unit", files[0].name), ("uri", link.uri)))
            )
        return UnitChoice(
            units=units,
            description=files[0],
            vehicle_name=files[0].vehicle_name,
            messages=tuple(messages),
        )
    yield StepBegan(step=Step.CHOOSING)
    vin = ask_vin(link)
    if scan_only:
        return (yield from _by_scan(link, cancellation, vin))
    if ship is not None and vin:
        yield from ship(vin)
    descriptions = catalogue.descriptions()
    for description in descriptions:
        if fits_vin(description, vin):
            return UnitChoice(
                units=on_line(catalogue.units(description.key), link.kind),
                description=description,
                vin=vin,
                vehicle_name=description.vehicle_name,
            )
    candidates = [
        (description, units)
        for description in descriptions
        if not description.shipped and (units := on_line(catalogue.units(description.key), link.kind))
    ]
    if not candidates:
        return (yield from _by_scan(link, cancellation, vin))
    return (yield from _by_answers(link, cancellation, vin, candidates))


def _by_answers(
    link: VehicleLink,
    cancellation: Cancellation,
    vin: str,
    candidates: Sequence[tuple[DescriptionSummary, tuple[UnitSummary, ...]]],
) -> Generator[Event, None, UnitChoice]:
    """Return the candidate with most units there; scan when nobody is."""
    asked = {address_for(unit, link.kind): unit for _, units in candidates for unit in units}
    there = yield from who_answers(
        link, [(address, unit.timing) for address, unit in asked.items() if address], cancellation
    )
    scores = [sum(address_for(unit, link.kind) in there for unit in units) for _, units in candidates]
    best = max(scores)
    description, units = candidates[scores.index(best)]
    if not best and not cancellation.requested and not link.lost:
        choice = yield from _by_scan(link, cancellation, vin)
        if choice.units:
            return choice
    messages: tuple[RaisedMessage, ...] = ()
    if len(candidates) > 1:
        messages = (RaisedMessage(number="WC-310", facts=(("description", description.name),)),)
    return UnitChoice(
        units=units,
        description=description,
        vin=vin,
        vehicle_name=description.vehicle_name,
        messages=messages,
    )


def _by_scan(link: VehicleLink, cancellation: Cancellation, vin: str) -> Generator[Event, None, UnitChoice]:
    yield StepBegan(step=Step.SCANNING)
    units = yield from scan(link, cancellation)
    message = RaisedMessage(number="WC-309", facts=(("count", len(units)),))
    return UnitChoice(units=units, vin=vin, messages=(message,))


def not_all_used(description: DescriptionSummary) -> RaisedMessage | None:
    """Return WC-407 for a description of which parts were not used."""
    if not description.problems:
        return None
    return RaisedMessage(number="WC-407", facts=(("file", description.file), ("count", description.problems)))

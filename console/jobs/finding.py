"""Finds the control unit that a person names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import DoipAddress, parse_address
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.ports import VehicleLink

_MOST_CANDIDATES = 6


def find_unit(name: str, units: Sequence[UnitSummary], link: VehicleLink) -> UnitSummary:
    """Return the unit of `units` called or addressed `name`; an address that nobody describes is taken too.

    Names: SHORT-NAME or label, of the unit or else of one of its variants, case-insensitive; a beginning of
    the unit's is enough when it fits one unit only. Which variant is there, the unit tells.

    Raises:
        ConsoleError: WC-300 no such unit; WC-301 several; WC-305 an address of another kind of line.
    """
    address = parse_address(name)
    if address is not None:
        if isinstance(address, DoipAddress) is not (link.kind is LinkKind.DOIP):
            raise ConsoleError("WC-305", unit=clean(name), uri=link.uri)
        for unit in units:
            if address in unit.addresses:
                # The address may be one of several; the one that was asked for is used.
                return replace(unit, addresses=(address,))
        return UnitSummary(key=0, name=str(address), label="", addresses=(address,))
    wanted = name.strip().casefold()
    exact = [u for u in units if wanted in (u.name.casefold(), u.label.casefold())]
    if not exact and wanted:
        exact = [u for u in units if any(wanted == v.name.casefold() for v in u.variants)] or [
            u for u in units if u.name.casefold().startswith(wanted) or u.label.casefold().startswith(wanted)
        ]
    if not exact:
        raise ConsoleError("WC-300", unit=clean(name))
    if len(exact) > 1:
        candidates = ", ".join(
            f"{u.name} ({u.addresses[0]})" for u in exact[:_MOST_CANDIDATES] if u.addresses
        )
        raise ConsoleError("WC-301", unit=clean(name), candidates=clean(candidates))
    return exact[0]

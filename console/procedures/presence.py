"""Asks addresses whether somebody is there, many at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.description import Timing, UnitSummary
from workshop_console.console.model.exchange import Exchange, Outcome, UdsRequest
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Progress
from workshop_console.console.procedures.scripts import UnitScript, UnitTask, run_scripts
from workshop_console.console.procedures.services import tester_present

_LATE_MS = 500
"""Time that a unit gets to show that it is there, whatever its description says."""


def address_for(unit: UnitSummary, kind: LinkKind) -> Address | None:
    """Return the address of `unit` on this kind of line, or None."""
    wanted = DoipAddress if kind is LinkKind.DOIP else CanAddress
    return next((address for address in unit.addresses if isinstance(address, wanted)), None)


def _present(request: UdsRequest) -> UnitScript[Exchange]:
    return (yield request)


def answered(exchange: Exchange) -> bool:
    """Return whether somebody is there; a refusal is an answer too."""
    return exchange.outcome in (Outcome.POSITIVE, Outcome.NEGATIVE)


def present(
    link: VehicleLink,
    asked: Sequence[tuple[Address, Timing]],
    cancellation: Cancellation,
    *,
    delivery_ms: int = 0,
) -> Generator[tuple[Address, Exchange], None, None]:
    """Yield each address and what became of a TesterPresent to it, in the order of the ends.

    `delivery_ms`: as in UdsRequest.
    """
    # Not sent again after silence, but over a new connection when the one that it was sent on broke.
    request = replace(tester_present(), repeatable=True, delivery_ms=delivery_ms)
    tasks = [
        UnitTask(address=address, timing=replace(timing, retries=0), script=_present(request))
        for address, timing in asked
    ]
    for index, exchange in run_scripts(link, tasks, cancellation):
        yield asked[index][0], exchange


def who_answers(
    link: VehicleLink, asked: Sequence[tuple[Address, Timing]], cancellation: Cancellation
) -> Generator[Progress, None, set[Address]]:
    """Return the addresses whose units answer; yields how far it is."""
    found = set()
    patient = [(address, replace(timing, p2_ms=max(timing.p2_ms, _LATE_MS))) for address, timing in asked]
    for done, (address, exchange) in enumerate(present(link, patient, cancellation), start=1):
        if answered(exchange):
            found.add(address)
        yield Progress(done=done, total=len(asked))
    return found

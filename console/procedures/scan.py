"""Finds control units without a description, by asking addresses that units usually have."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.description import Timing, UnitSummary
from workshop_console.console.model.exchange import HUNG_UP, Exchange, SilentReason
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, Progress, UnitFound
from workshop_console.console.procedures.presence import answered, present
from workshop_console.console.procedures.services import read_data_by_identifier, tester_present

FOUND_TIMING = Timing(p2_ms=1_000, p2_star_ms=6_000)
"""Nobody describes these units, so they get more time than ISO 14229-2 grants."""

PROBE_TIMING = Timing(p2_ms=250, retries=0)
DOIP_DELIVERY_MS = 300
"""A gateway that does not say by then that it passes a probe on will not say it: many drop what they do not
know, and the time that ISO 13400-2 gives them (2 s) would make a scan last minutes."""

FUNCTIONAL_WAIT_S = 0.5

DOIP_RANGES = ((0x0001, 0x0100), (0x1000, 0x1100), (0x4000, 0x4100), (0x0100, 0x0E00), (0x1100, 0x2000))
"""Logical addresses of control units, the likeliest first (ISO 13400-2:2019, table 13: 0x0001 to 0x0DFF and
0x1000 to 0x7FFF are the vehicle's)."""
DOIP_REST = ((0x2000, 0x4000), (0x4100, 0x8000), (0x0E00, 0x1000), (0x8000, 0xE400), (0xF000, 0x10000))
"""The rest of them, and those that are nobody's by the standard (but for the functional groups); asked only
of a gateway that says at once which addresses it does not know."""
AT_ONCE_MS = 100
MOST_HANG_UPS = 16
"""Addresses over which a gateway ends the connection; then no more are tried."""

_REFUSED = frozenset({SilentReason.UNKNOWN_TARGET, SilentReason.UNREACHABLE, SilentReason.GATEWAY_REFUSED})
_BATCH = 256
"""Addresses between two looks at the clock."""

CAN_FUNCTIONAL = (0x7DF, 0x18DB33F1)
"""Functional identifiers, 11 and 29 bits (ISO 15765-4)."""

LEGISLATED = tuple(CanAddress(0x7E0 + n, 0x7E8 + n) for n in range(8))
"""ISO 15765-4, table 8."""

COMMON_PAIRS: tuple[tuple[CanAddress, ...], ...] = (
    tuple(CanAddress(r, r + 8) for r in range(0x600, 0x7F8) if r & 8 == 0 and not 0x7DF <= r <= 0x7EF),
    tuple(CanAddress(r, r + 0x6A) for r in range(0x700, 0x776)),
    tuple(CanAddress(r, r + 1) for r in range(0x600, 0x7DF, 2)),
    tuple(CanAddress(r, r + 0x20) for r in range(0x700, 0x7C0)),
    tuple(CanAddress(0x18DA00F1 | n << 8, 0x18DAF100 | n, extended=True) for n in range(0x100) if n != 0xF1),
)
"""Request and response identifiers in use beside them: response above request by 0x08, 0x6A, 0x01, 0x20;
then the 29-bit ones of ISO 15765-2 (normal fixed addressing), the tester being 0xF1."""


def scan(link: VehicleLink, cancellation: Cancellation) -> Generator[Event, None, tuple[UnitSummary, ...]]:
    """Ask around and return the units that answered, in the order of their addresses; yields each at once.

    Nothing is written: TesterPresent and ReadDataByIdentifier only.
    """
    if link.kind is LinkKind.DOIP:
        found = yield from _scan_doip(link, cancellation)
    else:
        found = yield from _scan_can(link, cancellation)
    return tuple(scanned_unit(address) for address in sorted(found, key=_order))


def scanned_unit(address: Address) -> UnitSummary:
    """Return what is known of a unit that only its address tells."""
    return UnitSummary(key=0, name=str(address), label="", addresses=(address,), timing=FOUND_TIMING)


def _order(address: Address) -> tuple[int, int]:
    if isinstance(address, DoipAddress):
        return address.logical, 0
    return address.request, address.response


def _functional(
    link: VehicleLink, cancellation: Cancellation, found: set[Address], request_id: int | None = None
) -> Generator[Event, None, None]:
    for request in (tester_present(), read_data_by_identifier(0xF190)):
        if cancellation.requested or link.lost:
            return
        for answer in link.functional(request.payload, wait_s=FUNCTIONAL_WAIT_S, request_id=request_id):
            if answer.address not in found:
                found.add(answer.address)
                yield UnitFound(unit=scanned_unit(answer.address))


def _probe(
    link: VehicleLink,
    cancellation: Cancellation,
    addresses: Sequence[Address],
    found: set[Address],
    done: int,
    total: int,
    *,
    delivery_ms: int = 0,
) -> Generator[Event, None, Refusals]:
    """Ask each address by itself; return how the gateway refused those that it does not know."""
    refusals = Refusals()
    asked = [(address, PROBE_TIMING) for address in addresses]
    with closing(present(link, asked, cancellation, delivery_ms=delivery_ms)) as probes:
        for count, (address, exchange) in enumerate(probes, start=1):
            refusals.note(exchange)
            if answered(exchange) and address not in found:
                found.add(address)
                yield UnitFound(unit=scanned_unit(address))
            if refusals.hang_ups >= MOST_HANG_UPS:
                break
            if not count % 32:
                yield Progress(done=done + count, total=total)
    return refusals


@dataclass
class Refusals:
    """How a gateway refused addresses that it does not know."""

    at_once: int = 0
    hang_ups: int = 0

    def note(self, exchange: Exchange) -> None:
        """Count what became of a probe."""
        if exchange.reason is SilentReason.GATEWAY_REFUSED and exchange.detail == HUNG_UP:
            self.hang_ups += 1
        elif exchange.reason in _REFUSED:
            self.at_once += exchange.time_ms < AT_ONCE_MS

    def add(self, others: Refusals) -> None:
        """Add the counts of another batch."""
        self.at_once += others.at_once
        self.hang_ups += others.hang_ups


def _scan_doip(link: VehicleLink, cancellation: Cancellation) -> Generator[Event, None, set[Address]]:
    found: set[Address] = set()
    yield Progress(done=0, total=1)
    yield from _functional(link, cancellation, found)
    likely = [DoipAddress(n) for low, high in DOIP_RANGES for n in range(low, high)]
    rest = [DoipAddress(n) for low, high in DOIP_REST for n in range(low, high)]
    total = len(likely)
    done = 0
    refusals = Refusals()
    for at in range(0, len(likely), _BATCH):
        if cancellation.requested or link.lost:
            return found
        batch = [address for address in likely[at : at + _BATCH] if address not in found]
        refusals.add(
            (yield from _probe(link, cancellation, batch, found, done, total, delivery_ms=DOIP_DELIVERY_MS))
        )
        if refusals.hang_ups >= MOST_HANG_UPS:
            return found
        done += _BATCH
        yield Progress(done=min(done, total), total=total)
    if refusals.at_once < len(likely) // 2:
        # This gateway drops what it does not know; 24,000 more time-outs would bring nothing.
        return found
    total = len(likely) + len(rest)
    for at in range(0, len(rest), _BATCH):
        if cancellation.requested or link.lost:
            break
        batch = [address for address in rest[at : at + _BATCH] if address not in found]
        yield from _probe(link, cancellation, batch, found, done, total, delivery_ms=DOIP_DELIVERY_MS)
        done += _BATCH
    return found


def _scan_can(link: VehicleLink, cancellation: Cancellation) -> Generator[Event, None, set[Address]]:
    found: set[Address] = set()
    total = len(LEGISLATED) + sum(map(len, COMMON_PAIRS))
    yield Progress(done=0, total=total)
    for identifier in CAN_FUNCTIONAL:
        yield from _functional(link, cancellation, found, identifier)
    done = 0
    for pairs in (LEGISLATED, *COMMON_PAIRS):
        if cancellation.requested or link.lost:
            break
        # An identifier that is known to be one unit's is not tried as half of another pair.
        taken = {n for a in found if isinstance(a, CanAddress) for n in (a.request, a.response)}
        fresh = [pair for pair in pairs if pair.request not in taken and pair.response not in taken]
        yield from _probe(link, cancellation, fresh, found, done, total)
        done += len(pairs)
        yield Progress(done=done, total=total)
    return found

"""Runs the scripts of many control units over one link at once (docs/decisions/0001)."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.services import OTHER_SESSION, diagnostic_session

Result = TypeVar("Result")

UnitScript = Generator[UdsRequest, Exchange, Result]
"""One control unit's part of a procedure: yields requests, receives what became of them, returns a result."""

BUSY_TRIES = 3
"""How often a unit may be busy for all of the time that its description gives it (2 s commonly)."""
_WAIT_S = 1.0
"""Longest time without looking whether the link is still there."""
_DRAIN_S = 0.5


@dataclass(frozen=True, kw_only=True)
class UnitTask(Generic[Result]):
    """A script and the unit that it is for."""

    address: Address
    timing: Timing
    script: UnitScript[Result]


class Conversation:
    """Sums up what the exchanges of one unit cost."""

    def __init__(self) -> None:
        self.time_ms = 0.0
        self.retries = 0

    def ask(self, request: UdsRequest) -> UnitScript[Exchange]:
        """Send `request` and return what became of it."""
        exchange = yield request
        self.time_ms += exchange.time_ms
        self.retries += exchange.retries
        return exchange


def read_in_its_session(request: UdsRequest) -> UnitScript[Exchange]:
    """Read once; in the extended session where the unit wants that, which is left again."""
    answer = yield request
    if answer.nrc in OTHER_SESSION:
        opened = yield diagnostic_session(0x03)
        if opened.positive:
            answer = yield request
            yield diagnostic_session(0x01)
    return answer


def patiently(script: UnitScript[Result], wait_ms: int) -> UnitScript[Result]:
    """Run `script` with at least `wait_ms` for the first answer to each of its requests."""
    try:
        request = next(script)
        while True:
            waiting = replace(request, first_wait_ms=max(request.first_wait_ms, wait_ms))
            request = script.send((yield waiting))
    except StopIteration as end:
        result: Result = end.value
        return result


def persistently(script: UnitScript[Result]) -> UnitScript[Result]:
    """Run `script`; what its unit was too busy for (0x21) is asked again, BUSY_TRIES times in all.

    Another tester may be at work on the unit: each of its requests takes the turn before ours.
    """
    try:
        request = next(script)
        while True:
            exchange = yield request
            for _ in range(BUSY_TRIES - 1):
                if exchange.reason is not SilentReason.BUSY_FOR_EVER:
                    break
                again = yield request
                exchange = replace(
                    again,
                    time_ms=exchange.time_ms + again.time_ms,
                    retries=exchange.retries + 1 + again.retries,
                )
            request = script.send(exchange)
    except StopIteration as end:
        result: Result = end.value
        return result


def run_scripts(
    link: VehicleLink,
    tasks: Sequence[UnitTask[Result]],
    cancellation: Cancellation,
    *,
    max_in_flight: int | None = None,
) -> Iterator[tuple[int, Result]]:
    """Run all scripts, as many at once as the link takes, and yield (index of the task, its result).

    A script is never left without an end: after a cancellation or the loss of the link each request that is
    still wanted ends at once with that outcome.
    """
    room = max(1, min(max_in_flight or link.max_in_flight, link.max_in_flight))
    waiting = deque(range(len(tasks)))
    in_flight: dict[int, tuple[int, bytes]] = {}
    ready: deque[tuple[int, Exchange | None]] = deque()

    def advance(index: int, exchange: Exchange | None) -> tuple[int, Result] | None:
        """Give the script what it waits for; send what it wants next, or return its result."""
        task = tasks[index]
        try:
            request = next(task.script) if exchange is None else task.script.send(exchange)
        except StopIteration as end:
            return index, end.value
        if cancellation.requested:
            ready.append((index, _ended(task.address, request, Outcome.CANCELLED, SilentReason.CANCELLED)))
        elif link.lost:
            ready.append((index, _ended(task.address, request, Outcome.LINK_LOST, SilentReason.LINK_LOST)))
        else:
            in_flight[link.submit(task.address, request, task.timing)] = (index, request.payload)
        return None

    try:
        with cancellation.waking(link.cancel):
            while waiting or in_flight or ready:
                while waiting and len(in_flight) + len(ready) < room:
                    ready.append((waiting.popleft(), None))
                while ready:
                    if ended := advance(*ready.popleft()):
                        yield ended
                if not in_flight:
                    continue
                exchanges = link.wait(_WAIT_S)
                for exchange in exchanges:
                    if known := in_flight.pop(exchange.ticket, None):
                        ready.append((known[0], exchange))
                if not exchanges and link.lost:
                    for index, payload in in_flight.values():
                        lost = UdsRequest(payload=payload)
                        ready.append(
                            (
                                index,
                                _ended(tasks[index].address, lost, Outcome.LINK_LOST, SilentReason.LINK_LOST),
                            )
                        )
                    in_flight.clear()
    finally:
        for task in tasks:
            task.script.close()
        if in_flight:
            # The caller gave up in the middle; late ends must not be taken for those of the next run.
            link.cancel()
            link.wait(_DRAIN_S)


def run_script(
    link: VehicleLink,
    address: Address,
    timing: Timing,
    script: UnitScript[Result],
    cancellation: Cancellation,
) -> Result:
    """Run the script of one unit as run_scripts() does, and return its result."""
    task = UnitTask(address=address, timing=timing, script=script)
    ((_, result),) = run_scripts(link, [task], cancellation)
    return result


def _ended(address: Address, request: UdsRequest, outcome: Outcome, reason: SilentReason) -> Exchange:
    return Exchange(ticket=0, address=address, request=request.payload, outcome=outcome, reason=reason)

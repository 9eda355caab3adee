"""Waiting for something to become true, with a deadline instead of a sleep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, UdsRequest
from workshop_console.console.ports import VehicleLink

DEADLINE_S = 10.0


def until(condition: Callable[[], bool], what: str = "condition") -> None:
    """Return when `condition` holds; fail after the deadline."""
    pause = threading.Event()
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true"
        pause.wait(0.005)


def ask(
    link: VehicleLink,
    address: Address,
    payload: bytes,
    *,
    echo_bytes: int = 0,
    timing: Timing = Timing(),  # noqa: B008  # frozen
    repeatable: bool = True,
    first_wait_ms: int = 0,
) -> Exchange:
    """Ask one unit and return what became of it."""
    request = UdsRequest(
        payload=payload, echo_bytes=echo_bytes, repeatable=repeatable, first_wait_ms=first_wait_ms
    )
    ticket = link.submit(address, request, timing)
    return gather(link, [ticket])[ticket]


def gather(link: VehicleLink, tickets: list[int], *, within_s: float = DEADLINE_S) -> dict[int, Exchange]:
    """Return the exchanges of all `tickets`."""
    found: dict[int, Exchange] = {}
    end = time.monotonic() + within_s
    while len(found) < len(tickets):
        assert time.monotonic() < end, "no end of the exchanges"
        found.update({exchange.ticket: exchange for exchange in link.wait(1.0)})
    assert set(found) == set(tickets)
    return found

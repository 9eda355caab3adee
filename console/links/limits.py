"""Time-outs of a control unit, held within what a vehicle can mean.

Descriptions and units are outside: a P2 of 0 would call every answer late, one of an hour would hang the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import UdsRequest

SHORTEST_P2_S = 0.05
"""P2 client is never shorter: ISO 14229-2:2021 gives the unit alone 50 ms."""
LONGEST_P2_S = 10.0
SHORTEST_P2_STAR_S = 0.3
LONGEST_P2_STAR_S = 60.0
LONGEST_FIRST_WAIT_S = 120.0
"""For requests that name a wait of their own (clearing)."""
LONGEST_PENDING_BUDGET_S = 900.0
"""An erase of a large flash is the longest known use of 0x78."""
LONGEST_BUSY_BUDGET_S = 60.0
MOST_RETRIES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The time-outs of one request, in seconds, clamped."""

    p2_s: float
    p2_star_s: float
    pending_budget_s: float
    busy_budget_s: float
    retries: int


def clamp(timing: Timing, request: UdsRequest) -> Limits:
    """Return what `timing` and `request` ask for, within sane bounds."""
    return _clamp(timing, request.first_wait_ms, request.repeatable)


@lru_cache(maxsize=256)
def _clamp(timing: Timing, first_wait_ms: int, repeatable: bool) -> Limits:
    p2_s = _between(SHORTEST_P2_S, timing.p2_ms / 1000, LONGEST_P2_S)
    if first_wait_ms > 0:
        p2_s = _between(SHORTEST_P2_S, first_wait_ms / 1000, LONGEST_FIRST_WAIT_S)
    return Limits(
        p2_s=p2_s,
        p2_star_s=_between(SHORTEST_P2_STAR_S, timing.p2_star_ms / 1000, LONGEST_P2_STAR_S),
        pending_budget_s=_between(
            SHORTEST_P2_STAR_S, timing.pending_budget_ms / 1000, LONGEST_PENDING_BUDGET_S
        ),
        busy_budget_s=_between(0.0, timing.busy_budget_ms / 1000, LONGEST_BUSY_BUDGET_S),
        retries=min(max(timing.retries, 0), MOST_RETRIES) if repeatable else 0,
    )


def _between(low: float, value: float, high: float) -> float:
    return min(max(value, low), high) if value == value else low  # NaN compares to nothing: the shortest

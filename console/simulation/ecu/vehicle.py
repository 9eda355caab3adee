"""What the control units of one vehicle have in common while they run: the engine, and who hears whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from workshop_console.console.simulation.scheduler import Scheduler

MISSED_AFTER_S = 2.5
"""How long a unit may be quiet before the others notice: more than an ordinary reset takes."""


class Member(Protocol):
    """A unit as the others know it."""

    @property
    def missed_as(self) -> int:
        """The fault code under which others miss it; 0: none does."""

    def sends_now(self) -> bool:
        """Return whether its normal messages go out."""

    def miss(self, dtc: int) -> None:
        """Learn that the unit with this fault code is quiet."""

    def hear_again(self, dtc: int) -> None:
        """Learn that it is back."""


@dataclass(slots=True, eq=False)
class _Known:
    """What is known of one member."""

    member: Member
    sends: bool = True
    missed: bool = False
    change: int = 0
    """Counts changes: a timer of an earlier one has nothing to say."""


class VehicleState:
    """Whether the engine runs, and which units are on the bus.

    Routines of one unit switch the engine, values of all follow it. A unit that stops sending (in its boot
    loader, told to be quiet, restarting for long) is missed by all others that hear faults at that time.
    """

    def __init__(self, *, engine_runs: bool = True) -> None:
        self.engine_runs = engine_runs
        self.before_change: list[Callable[[], None]] = []
        """Called before a change, for values that settle slowly."""
        self._members: list[_Known] = []

    def switch_engine(self, *, on: bool) -> None:
        """Start or stop the engine; it stays so whatever happens to sessions."""
        for callback in self.before_change:
            callback()
        self.engine_runs = on

    def join(self, member: Member) -> None:
        """Let a unit be on the bus."""
        self._members.append(_Known(member))

    def look_at(self, member: Member, scheduler: Scheduler) -> None:
        """Learn that `member` may have stopped or begun to send."""
        known = next(one for one in self._members if one.member is member)
        sends = member.sends_now()
        if sends == known.sends or not member.missed_as:
            return
        known.sends = sends
        known.change += 1
        change = known.change
        if not sends:
            scheduler.call_later(MISSED_AFTER_S, lambda: self._miss(known, change))
        elif known.missed:
            known.missed = False
            for other in self._others(known):
                other.hear_again(member.missed_as)

    def missed(self, member: Member) -> tuple[int, ...]:
        """Return the fault codes of all units that `member` misses now."""
        return tuple(one.member.missed_as for one in self._members if one.missed and one.member is not member)

    def _miss(self, known: _Known, change: int) -> None:
        if known.change == change:
            known.missed = True
            for other in self._others(known):
                other.miss(known.member.missed_as)

    def _others(self, known: _Known) -> list[Member]:
        return [one.member for one in self._members if one is not known]

"""Unlocks control units (0x27, ISO 14229-1:2020, 10.4), and stops before one locks itself.

A unit counts false keys and, after a number that it does not tell, refuses for a time or for good. So a key
goes out once, never again by itself, and false keys are counted here too: per unit and level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from workshop_console.console.errors import Fact
from workshop_console.console.model.exchange import Exchange, SilentReason, UdsRequest
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.scripts import Conversation, UnitScript
from workshop_console.console.procedures.services import OTHER_SESSION, NegativeResponse

MOST_FALSE_KEYS = 2
"""False keys that the console sends at most: units commonly lock with the third (annex I)."""
FORGET_AFTER_S = 3_600.0
"""A false key counts this long: units that count for longer are rare, and most forget with the ignition."""
LEAST_DELAY_S = 10
"""Delay of a unit that locked itself, where nothing else is known; the usual one."""
LONGEST_DELAY_S = 640


class KeyMaker(Protocol):
    """Makes the key for a seed, and says what went wrong on the way."""

    def __call__(self, level: int, seed: bytes) -> tuple[bytes | None, tuple[RaisedMessage, ...]]:
        """Return the key, None where nobody knows it, with messages (WC-344) about plug-ins that failed."""


@dataclass(kw_only=True)
class Tries:
    """What is remembered of one level of one unit."""

    false_keys: int = 0
    last_false_s: float = 0.0
    """When the last one was sent, on the attempts' clock."""
    blocked_until_s: float = 0.0
    delay_s: int = 0
    """The last delay that was assumed; doubled when it was too short."""


class Attempts:
    """Counts the false keys of one unit; it outlives jobs.

    Args:
        clock: seconds; where an earlier run's count is taken over, those since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._levels: dict[int, Tries] = {}

    def _tries(self, level: int) -> Tries:
        tries = self._levels.setdefault(level, Tries())
        if tries.false_keys and self._clock() - tries.last_false_s >= FORGET_AFTER_S:
            tries = self._levels[level] = Tries()
        return tries

    def left(self, level: int) -> int:
        """Return how many keys may still be tried."""
        return max(0, MOST_FALSE_KEYS - self._tries(level).false_keys)

    def wait_s(self, level: int) -> int:
        """Return how long the unit still refuses, in whole seconds; 0: not known to."""
        return max(0, round(self._tries(level).blocked_until_s - self._clock() + 0.5))

    def forget_in_s(self, level: int) -> int:
        """Return in how many seconds the false keys count no more."""
        tries = self._tries(level)
        return max(0, round(tries.last_false_s + FORGET_AFTER_S - self._clock())) if tries.false_keys else 0

    def false_key(self, level: int, *, at_s: float | None = None) -> None:
        """Count a key that was refused, or may have been; `at_s`: by an earlier run."""
        tries = self._tries(level)
        tries.false_keys += 1
        tries.last_false_s = self._clock() if at_s is None else at_s

    def delayed(self, level: int, *, at_s: float | None = None) -> int:
        """Note that the unit waits, and return for how many seconds that is assumed."""
        tries = self._tries(level)
        tries.delay_s = min(LONGEST_DELAY_S, max(LEAST_DELAY_S, 2 * tries.delay_s))
        tries.blocked_until_s = (self._clock() if at_s is None else at_s) + tries.delay_s
        return tries.delay_s

    def recount(self, counted: Attempts) -> None:
        """Take over the false keys that are known by now, also those of another console on this vehicle."""
        for level in {*self._levels, *counted._levels}:
            mine, known = self._tries(level), counted._tries(level)
            mine.false_keys, mine.last_false_s = known.false_keys, known.last_false_s
            if known.blocked_until_s > mine.blocked_until_s:
                mine.blocked_until_s, mine.delay_s = known.blocked_until_s, known.delay_s

    def unlocked(self, level: int) -> None:
        """Forget the false keys, as the unit does."""
        self._levels.pop(level, None)


class KeyJournal(Protocol):
    """Writes down each key before it goes out, and what came back: a count that a crash does not forget."""

    def begin(self, level: int, request: bytes) -> int:
        """Keep that `request` goes out, and return the number of the entry. Raises ConsoleError WC-6xx."""

    def complete(self, entry_id: int, exchange: Exchange) -> None:
        """Add what came back."""


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """What unlocking a unit needs beside the wire."""

    unit: str
    """What the unit is called in messages."""
    key_of: KeyMaker
    attempts: Attempts
    journal: KeyJournal | None = None


class Access(StrEnum):
    """How an unlocking ended."""

    OPEN = "open"
    NO_KEY = "no-key"
    FALSE_KEY = "false-key"
    DELAYED = "delayed"
    STOPPED = "stopped"
    """By the console, before the unit locks itself."""
    REFUSED = "refused"
    """By the unit, for another reason; `exchange` has it."""
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, kw_only=True)
class Unlocking:
    """How an unlocking ended, and what to tell of it."""

    access: Access
    level: int
    exchange: Exchange | None = None
    """The last one; None where nothing was asked."""
    left: int = MOST_FALSE_KEYS
    wait_s: int = 0
    messages: tuple[RaisedMessage, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the unit is unlocked."""
        return self.access is Access.OPEN

    @property
    def wrong_session(self) -> bool:
        """Whether the unit would do it in another session."""
        return self.exchange is not None and self.exchange.nrc in OTHER_SESSION


def request_seed(level: int) -> UdsRequest:
    """SecurityAccess, requestSeed; not sent twice: a late answer would hold a seed that is over."""
    return UdsRequest(payload=bytes((0x27, level)), echo_bytes=1, repeatable=False)


def send_key(level: int, key: bytes) -> UdsRequest:
    """SecurityAccess, sendKey; never sent twice: it may have been counted."""
    return UdsRequest(payload=bytes((0x27, level + 1)) + key, echo_bytes=1, repeatable=False)


def unlock(talk: Conversation, level: int, ring: KeyRing) -> UnitScript[Unlocking]:
    """Unlock `level` (the odd requestSeed sub-function) in the session that is open.

    One seed, one key; nothing is tried again. A delay is told, not waited for, and until it is over the
    unit is not even asked.
    """
    attempts = ring.attempts
    if wait_s := attempts.wait_s(level):
        return _delayed(ring, level, None, wait_s)
    if not attempts.left(level):
        minutes = -(-attempts.forget_in_s(level) // 60)
        return _told(ring, level, Access.STOPPED, None, "WC-343", left=0, minutes=minutes)
    answer = yield from talk.ask(request_seed(level))
    if not answer.positive:
        return _failed(ring, level, answer)
    seed = answer.payload[2:]
    if not any(seed):
        attempts.unlocked(level)
        return Unlocking(access=Access.OPEN, level=level, exchange=answer)
    key, messages = ring.key_of(level, seed)
    if key is None:
        missing = RaisedMessage(number="WC-340", facts=(("unit", ring.unit), ("level", f"0x{level:02X}")))
        return Unlocking(
            access=Access.NO_KEY,
            level=level,
            exchange=answer,
            left=attempts.left(level),
            messages=(*messages, missing),
        )
    request = send_key(level, key)
    entry = ring.journal.begin(level, request.payload) if ring.journal is not None else 0
    answer = yield from talk.ask(request)
    if ring.journal is not None:
        ring.journal.complete(entry, answer)
    if answer.positive:
        attempts.unlocked(level)
        return Unlocking(access=Access.OPEN, level=level, exchange=answer, messages=messages)
    if may_be_counted(answer):
        attempts.false_key(level)
    return _failed(ring, level, answer)


FALSE_KEY_CODES = frozenset({NegativeResponse.INVALID_KEY, NegativeResponse.EXCEEDED_NUMBER_OF_ATTEMPTS})
DELAY_CODES = frozenset(
    {NegativeResponse.EXCEEDED_NUMBER_OF_ATTEMPTS, NegativeResponse.REQUIRED_TIME_DELAY_NOT_EXPIRED}
)


def may_be_counted(answer: Exchange) -> bool:
    """Return whether the unit may have counted the key as a false one; after silence nobody knows."""
    return not answer.positive and (answer.nrc is None or answer.nrc in FALSE_KEY_CODES)


def _failed(ring: KeyRing, level: int, answer: Exchange) -> Unlocking:
    """Say why a seed was not given or a key not taken."""
    if answer.nrc == NegativeResponse.INVALID_KEY:
        left = ring.attempts.left(level)
        return _told(ring, level, Access.FALSE_KEY, answer, "WC-341", left=left)
    if answer.nrc in DELAY_CODES:
        return _delayed(ring, level, answer, ring.attempts.delayed(level))
    if answer.nrc is not None:
        facts = (("unit", ring.unit), ("service", "0x27"), ("nrc", f"0x{answer.nrc:02X}"))
        message = RaisedMessage(number="WC-303", facts=facts)
        access = Access.REFUSED
    else:
        reason = answer.reason or SilentReason.NO_ANSWER
        message = RaisedMessage(number="WC-302", facts=(("unit", ring.unit), ("reason", reason.value)))
        access = Access.NO_ANSWER
    left = ring.attempts.left(level)
    return Unlocking(access=access, level=level, exchange=answer, left=left, messages=(message,))


def _delayed(ring: KeyRing, level: int, answer: Exchange | None, wait_s: int) -> Unlocking:
    return _told(ring, level, Access.DELAYED, answer, "WC-342", seconds=wait_s)


def _told(
    ring: KeyRing, level: int, access: Access, answer: Exchange | None, number: str, **facts: int
) -> Unlocking:
    told: tuple[tuple[str, Fact], ...] = (("unit", ring.unit), ("level", f"0x{level:02X}"), *facts.items())
    return Unlocking(
        access=access,
        level=level,
        exchange=answer,
        left=ring.attempts.left(level),
        wait_s=facts.get("seconds", 0),
        messages=(RaisedMessage(number=number, facts=told),),
    )

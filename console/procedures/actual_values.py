"""Reads records again and again, each control unit as fast as it answers, all of them at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, UdsRequest
from workshop_console.console.model.forms import RecordForm
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.services import (
    OTHER_SESSION,
    NegativeResponse,
    described,
    diagnostic_session,
)

MOST_IDENTIFIERS = 16
"""Data identifiers in one request at first; a unit that takes fewer is asked for fewer."""
LONGEST_ANSWER_BYTES = 1_000
"""Answer that a combined request may lead to; longer ones keep single values waiting."""
ASK_AGAIN_S = 10.0
"""A record that was refused is asked for again after this time: conditions change."""
SESSION_AGAIN_S = 30.0
"""The extended session is tried again after this time: the unit may have started anew."""
SILENCE_S = (0.5, 1.0, 2.0, 4.0)
"""Pauses before a unit is asked again that did not answer."""
TURN_S = 0.02
"""Between two turns through what is wanted of one unit, at least: nobody sees or records values faster, and a
unit that answers at once would keep a processor busy with them."""
END_S = 1.0
"""Time for giving sessions back at the end."""

_EXTENDED, _DEFAULT = 0x03, 0x01

RecordKey = tuple[str, bytes]
"""Address of the unit as text, and the whole request of the record."""


class Wanted:
    """Which records are read; changed from any thread while they are."""

    def __init__(self, keys: Iterable[RecordKey] = ()) -> None:
        self._guard = threading.Lock()
        self._keys: frozenset[RecordKey] = frozenset(keys)
        self.changed = threading.Event()

    @property
    def keys(self) -> frozenset[RecordKey]:
        """The records that are wanted now."""
        with self._guard:
            return self._keys

    def set(self, keys: Iterable[RecordKey]) -> None:
        """Want exactly these from now on."""
        with self._guard:
            self._keys = frozenset(keys)
        self.changed.set()


@dataclass(frozen=True, kw_only=True)
class PolledUnit:
    """A control unit and its records that may be wanted."""

    address: Address
    timing: Timing
    records: tuple[RecordForm, ...]


@dataclass(frozen=True, kw_only=True)
class RecordAnswer:
    """What a unit said to one record at one time."""

    key: RecordKey
    at: float
    """On the clock given to poll(), seconds."""
    response: bytes = b""
    """The positive response as if only this record had been asked for; empty: there is none."""
    failure: Exchange | None = None
    """Why not."""


def poll(
    link: VehicleLink,
    units: Sequence[PolledUnit],
    wanted: Wanted,
    cancellation: Cancellation,
    *,
    every_s: float = 0.25,
    once: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[RecordAnswer, ...]]:
    """Read what is wanted until the cancellation, the loss of the link, or, with `once`, one answer of each.

    Each unit is asked again as soon as it has answered, but no record more often than every TURN_S.
    Yields what was answered since the last time, every `every_s`; nothing may be an empty tuple. A session
    that had to be opened is kept with tester present and left at the end.
    """
    pollers = [RecordPoller(unit, once=once) for unit in units]
    in_flight: dict[int, RecordPoller] = {}
    answers: list[RecordAnswer] = []
    due = clock() + every_s
    try:
        with cancellation.waking(link.cancel):
            while not cancellation.requested and not link.lost:
                now = clock()
                keys = wanted.keys
                busy = set(map(id, in_flight.values()))
                pause_s = max(0.0, due - now)
                for poller in pollers:
                    if id(poller) in busy:
                        continue
                    if (request := poller.next(keys, now)) is not None:
                        in_flight[link.submit(poller.unit.address, request, poller.unit.timing)] = poller
                    else:
                        pause_s = poller.pause_s(now, pause_s)
                if not in_flight and once and all(poller.done(keys) for poller in pollers):
                    break
                if in_flight:
                    for exchange in link.wait(min(pause_s, 0.5)):
                        if (answered := in_flight.pop(exchange.ticket, None)) is not None:
                            answers += answered.take(exchange, clock())
                            _keep_sessions(link, pollers)
                else:
                    wanted.changed.wait(min(pause_s, 0.1))
                    wanted.changed.clear()
                if clock() >= due:
                    yield tuple(answers)
                    answers.clear()
                    due = clock() + every_s
        if answers:
            yield tuple(answers)
    finally:
        if in_flight:
            link.cancel()
            link.wait(END_S)
        _leave_sessions(link, pollers)


def _keep_sessions(link: VehicleLink, pollers: Sequence[RecordPoller]) -> None:
    opened = [poller for poller in pollers if poller.session_changed]
    if opened:
        for poller in opened:
            poller.session_changed = False
        link.keep_alive([poller.unit.address for poller in pollers if poller.in_session])


def _leave_sessions(link: VehicleLink, pollers: Sequence[RecordPoller]) -> None:
    opened = [poller for poller in pollers if poller.in_session]
    if not opened or link.lost:
        return
    link.keep_alive(())
    waiting = {
        link.submit(poller.unit.address, diagnostic_session(_DEFAULT), poller.unit.timing)
        for poller in opened
    }
    end = time.monotonic() + END_S
    while waiting and (left := end - time.monotonic()) > 0:
        waiting -= {exchange.ticket for exchange in link.wait(left)}
    if waiting:
        link.cancel()


@dataclass
class RecordPoller:
    """What is known of one unit, and what it is asked next."""

    unit: PolledUnit
    once: bool = False
    may_change_session: bool = True
    """Not while something is driven: entering a session gives control back."""
    in_session: bool = False
    session_changed: bool = False
    _most: int = MOST_IDENTIFIERS
    _session_not_before: float = 0.0
    _turn: deque[RecordForm] = field(default_factory=deque)
    _next_turn_at: float = 0.0
    _turn_of: frozenset[RecordKey] = frozenset()
    _alone: deque[RecordForm] = field(default_factory=deque)
    """Records of a combined request that failed: asked one by one, which tells who or what it was."""
    _failed_size: int = 0
    """How many that request had, while none of them has been refused alone."""
    _asked: tuple[RecordForm, ...] = ()
    _entering: bool = False
    _silences: int = 0
    _not_before: float = 0.0
    _refused_until: dict[bytes, float] = field(default_factory=dict)
    _settled: set[bytes] = field(default_factory=set)

    def _key(self, record: RecordForm) -> RecordKey:
        return str(self.unit.address), record.request

    def done(self, keys: frozenset[RecordKey]) -> bool:
        """Return whether every wanted record was answered or refused once."""
        return all(r.request in self._settled for r in self.unit.records if self._key(r) in keys)

    def next(self, keys: frozenset[RecordKey], now: float) -> UdsRequest | None:
        """Return what to ask now, or None: nothing is wanted, or not yet."""
        if now < self._not_before:
            return None
        if self._entering:
            return diagnostic_session(_EXTENDED)
        if keys != self._turn_of:
            self._turn_of = keys
            self._turn.clear()
            self._alone.clear()
            self._failed_size = 0
            self._next_turn_at = now
        if not self._turn and not self._alone and now >= self._next_turn_at:
            self._turn.extend(r for r in self.unit.records if self._key(r) in keys and self._due(r, now))
            if self._turn:
                self._next_turn_at = now + TURN_S
        self._asked = self._group()
        if not self._asked:
            return None
        if len(self._asked) == 1:
            return described(self._asked[0].request)
        payload = b"\x22" + b"".join(record.request[1:3] for record in self._asked)
        return UdsRequest(payload=payload, echo_bytes=0)

    def pause_s(self, now: float, longest_s: float) -> float:
        """Return how long next() has nothing to ask, after it said so; at most `longest_s`."""
        due = max(self._not_before, self._next_turn_at)
        return min(due - now, longest_s) if due > now else longest_s

    def _due(self, record: RecordForm, now: float) -> bool:
        if self.once and record.request in self._settled:
            return False
        return now >= self._refused_until.get(record.request, 0.0)

    def _group(self) -> tuple[RecordForm, ...]:
        """Take from the turn what goes into one request: records of known length, else one alone."""
        if self._alone:
            return (self._alone.popleft(),)
        if self._failed_size:
            # Each of them is there: it was the number of them that the unit did not like.
            self._most = max(1, min(self._most, self._failed_size) // 2)
            self._failed_size = 0
        group: list[RecordForm] = []
        length = 1
        while self._turn and len(group) < self._most:
            record = self._turn[0]
            size = 2 + (record.length or 0)
            combines = _combines(record) and record.request not in self._refused_until
            if group and (not combines or length + size > LONGEST_ANSWER_BYTES):
                break
            group.append(self._turn.popleft())
            length += size
            if not combines:
                break
        return tuple(group)

    def take(self, exchange: Exchange, now: float) -> list[RecordAnswer]:
        """Return what an exchange says of the records that it asked for."""
        if self._entering:
            return self._entered(exchange, now)
        asked, self._asked = self._asked, ()
        if exchange.positive:
            self._silences = 0
            parts = split_answer(asked, exchange.payload)
            if parts is None:
                return self._one_by_one(asked)
            self._alone.extend(record for record in asked if record.request not in parts)
            self._settled.update(parts)
            for request in parts:
                self._refused_until.pop(request, None)
            return [
                RecordAnswer(key=self._key(record), at=now, response=parts[record.request])
                for record in asked
                if record.request in parts
            ]
        if exchange.outcome is Outcome.NEGATIVE:
            return self._refused(asked, exchange, now)
        if exchange.outcome in (Outcome.CANCELLED, Outcome.LINK_LOST):
            return []
        if len(asked) > 1 and exchange.outcome is Outcome.BROKEN:
            return self._one_by_one(asked)
        self._not_before = now + SILENCE_S[min(self._silences, len(SILENCE_S) - 1)]
        self._silences += 1
        return self._failed(asked, exchange, now)

    def _refused(self, asked: tuple[RecordForm, ...], exchange: Exchange, now: float) -> list[RecordAnswer]:
        self._silences = 0
        if exchange.nrc in OTHER_SESSION and self._enter(asked, now):
            return []
        if len(asked) > 1:
            return self._one_by_one(asked)
        # 0x31 may mean "not in this session" or "never"; what the standard has every unit may read anywhere.
        elsewhere = exchange.nrc == NegativeResponse.REQUEST_OUT_OF_RANGE and not self.in_session
        if elsewhere and asked[0].service and self._enter(asked, now):
            return []
        self._failed_size = 0
        for record in asked:
            self._refused_until[record.request] = now + ASK_AGAIN_S
        return self._failed(asked, exchange, now)

    def _failed(self, asked: tuple[RecordForm, ...], exchange: Exchange, now: float) -> list[RecordAnswer]:
        self._settled.update(record.request for record in asked)
        return [RecordAnswer(key=self._key(record), at=now, failure=exchange) for record in asked]

    def _one_by_one(self, asked: tuple[RecordForm, ...]) -> list[RecordAnswer]:
        """Ask for these alone: only that tells whether one of them is the trouble or their number."""
        self._alone.extend(asked)
        self._failed_size = len(asked)
        return []

    def _enter(self, asked: tuple[RecordForm, ...], now: float) -> bool:
        """Try the extended session, and ask again in it; return whether it is tried."""
        if not self.may_change_session or now < self._session_not_before:
            return False
        self._session_not_before = now + SESSION_AGAIN_S
        self._entering = True
        self._alone.extendleft(reversed(asked))
        return True

    def _entered(self, exchange: Exchange, now: float) -> list[RecordAnswer]:
        self._entering = False
        if exchange.positive:
            self.in_session = self.session_changed = True
        elif exchange.outcome is Outcome.SILENT:
            self._not_before = now + SILENCE_S[0]
        return []


def _combines(record: RecordForm) -> bool:
    return record.did is not None and record.length is not None and len(record.request) == 3


def split_answer(asked: Sequence[RecordForm], payload: bytes) -> Mapping[bytes, bytes] | None:
    """Return the answer to each record (by its request) out of one to several; None when it does not fit.

    Units may leave out what they do not have, and some answer in another order.
    """
    if len(asked) == 1:
        return {asked[0].request: payload}
    lengths = {record.request[1:3]: record.length or 0 for record in asked}
    parts: dict[bytes, bytes] = {}
    position = 1
    while position < len(payload):
        did = payload[position : position + 2]
        end = position + 2 + lengths.get(did, 0)
        request = b"\x22" + did
        if did not in lengths or end > len(payload) or request in parts:
            return None
        parts[request] = b"\x62" + payload[position:end]
        position = end
    return parts or None

"""What every line has in common: one thread that owns it, commands in, ended exchanges out."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.dispatcher import Dispatcher, Submission, lost
from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import (
    Exchange,
    FunctionalAnswer,
    Outcome,
    SilentReason,
    UdsRequest,
)
from workshop_console.console.model.vehicle import LinkKind, VehicleIdentity

TESTER_PRESENT = b"\x3e\x80"
"""testerPresent without an answer (ISO 14229-1:2020, 10.7)."""
TESTER_PRESENT_ANSWERS = (b"\x7e\x00", b"\x7f\x3e")
"""How the answers begin that should not come."""
KEEP_ALIVE_S = 2.0
"""Units fall back to the default session after S3 = 5 s."""
CLOSING_S = 3.0
"""Longest wait for the hub's thread to give the line back."""

_log = logging.getLogger(__name__)


class Collector:
    """Gathers the answers to one functional request."""

    def __init__(self, payload: bytes, request_id: int | None, until: float) -> None:
        self.payload = payload
        self.request_id = request_id
        self.until = until
        self.done = threading.Event()
        self._answers: dict[Address, FunctionalAnswer] = {}

    def take(self, address: Address, payload: bytes) -> None:
        """Keep `payload` when it answers the request; a unit's 0x78 is not its answer yet."""
        service = self.payload[0]
        positive = payload[:1] == bytes((service | 0x40,))
        negative = len(payload) >= 3 and payload[:2] == bytes((0x7F, service)) and payload[2] != 0x78
        if positive or negative:
            self._answers.setdefault(address, FunctionalAnswer(address=address, payload=payload))

    def answers(self) -> tuple[FunctionalAnswer, ...]:
        """Return what was gathered, in the order of the answers."""
        return tuple(self._answers.values())


class HubLink(ABC):
    """A VehicleLink whose line belongs to one thread.

    The thread that uses the link only queues commands and waits for results; the hub's thread alone touches
    the line, the dispatcher and the transport state.
    """

    def __init__(self, *, uri: str, kind: LinkKind, room: int, send_wait_s: float) -> None:
        self._uri = uri
        self._kind = kind
        self._room = room
        self._lock = threading.Condition()
        self._commands: deque[Callable[[float], None]] = deque()
        self._results: deque[Exchange] = deque()
        self._open_tickets: dict[int, Submission] = {}
        self._followings: dict[int, Submission] = {}
        """What is to be sent later, by the ticket of the exchange that it follows on."""
        self._to_follow: dict[int, Submission] = {}
        """The same by their own tickets."""
        self._begun: Submission | None = None
        """What followed on the exchange that ends now (hub's thread)."""
        self._next_ticket = 1
        self._closing = False
        self._lost = False
        self._dispatcher = Dispatcher(
            send=self._transmit,
            ended=self._deliver,
            following=self._following,
            room=room,
            send_wait_s=send_wait_s,
            progress=self._progress_before,
            may_drop=kind is LinkKind.DOIP,
        )
        self._kept_alive: dict[Address, float] = {}
        self._collector: Collector | None = None
        self._thread = threading.Thread(target=self._run_guarded, name=f"hub {kind}", daemon=True)

    # What the port promises.

    @property
    def kind(self) -> LinkKind:
        """What kind of line it is."""
        return self._kind

    @property
    def uri(self) -> str:
        """The VCI address as given, for display."""
        return self._uri

    @property
    def max_in_flight(self) -> int:
        """Requests that the line takes at once; more are queued here."""
        return self._room

    @property
    def lost(self) -> bool:
        """Whether the connection is gone for good."""
        return self._lost

    def submit(self, address: Address, request: UdsRequest, timing: Timing) -> int:
        """Send `request` as soon as there is room. Raises ConsoleError WC-305 for another line's address."""
        if not self._fits(address):
            raise ConsoleError("WC-305", unit=str(address), uri=self._uri)
        if not request.payload:
            raise ValueError("a request has at least its service identifier")
        with self._lock:
            ticket = self._next_ticket
            self._next_ticket += 1
            submission = Submission(ticket, address, request, timing)
            self._open_tickets[ticket] = submission
            if self._lost or self._closing:
                self._deliver(lost(ticket, address, request))
                return ticket
        self._command(lambda now: self._dispatcher.submit(submission, now))
        return ticket

    def submit_after(self, ticket: int, request: UdsRequest) -> int | None:
        """See ports.FollowingSent."""
        with self._lock:
            before = self._open_tickets.get(ticket) or self._to_follow.get(ticket)
            if before is None or self._closing:
                return None
            following = Submission(self._next_ticket, before.address, request, before.timing)
            self._next_ticket += 1
            self._followings[ticket] = self._to_follow[following.ticket] = following
        return following.ticket

    def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
        """Return what ended since the last call; wait for at least one until `timeout_s`."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        with self._lock:
            while not self._results and self._open_tickets:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._lock.wait(left)
            results = tuple(self._results)
            self._results.clear()
        return results

    def cancel(self) -> None:
        """End everything in flight with Outcome.CANCELLED at once; safe from any thread."""
        with self._lock:
            dropped = dict(self._open_tickets)
            for submission in dropped.values():
                self._deliver(
                    Exchange(
                        ticket=submission.ticket,
                        address=submission.address,
                        request=submission.request.payload,
                        outcome=Outcome.CANCELLED,
                        reason=SilentReason.CANCELLED,
                    )
                )
        if dropped:
            self._command(lambda now: self._dispatcher.drop(dropped, now))

    def functional(
        self, payload: bytes, *, wait_s: float, request_id: int | None = None
    ) -> Sequence[FunctionalAnswer]:
        """Send to all units at once and return who answered within `wait_s`."""
        if not 1 <= len(payload) <= 7:
            raise ValueError("a functional request fits a single frame")
        collector = Collector(payload, request_id, time.monotonic() + wait_s)

        def begin(now: float) -> None:
            self._collector = collector
            collector.until = now + wait_s
            self._transmit_functional(collector)

        if self._lost or self._closing:
            return ()
        self._command(begin)
        collector.done.wait(wait_s + CLOSING_S)
        return collector.answers()

    def keep_alive(self, addresses: Iterable[Address]) -> None:
        """Keep tester present going for these units until called again; empty: for none."""
        wanted = tuple(addresses)
        for address in wanted:
            if not self._fits(address):
                raise ConsoleError("WC-305", unit=str(address), uri=self._uri)

        def begin(now: float) -> None:
            self._kept_alive = {address: self._kept_alive.get(address, now) for address in wanted}

        self._command(begin)

    def pending(self, address: Address) -> int:
        """Return the 0x78 answers to the request in hand at `address`; 0 where there is none."""
        conversation = self._dispatcher.running(address)
        return conversation.pending if conversation is not None else 0

    def identity(self) -> VehicleIdentity:
        """Return what the line itself knows of the vehicle."""
        return VehicleIdentity()

    def close(self) -> None:
        """Give everything back; what is in flight ends as lost. Safe to call twice."""
        with self._lock:
            self._closing = True
        self._wake()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(CLOSING_S)

    # What a line is made of.

    @abstractmethod
    def _fits(self, address: Address) -> bool:
        """Return whether `address` is one of this line."""

    @abstractmethod
    def _wake(self) -> None:
        """Wake the hub's thread; called from any thread."""

    @abstractmethod
    def _transmit(self, address: Address, payload: bytes) -> None:
        """Bring a request to a unit (hub's thread)."""

    def _progress_before(self, address: Address, sending: bool) -> float | None:  # noqa: ARG002  # see Dispatcher
        """Return when the line last dealt with a request sent before the one to `address`; see Dispatcher."""
        return None

    @abstractmethod
    def _transmit_functional(self, collector: Collector) -> None:
        """Bring a request to all units (hub's thread)."""

    @abstractmethod
    def _transmit_alone(self, address: Address, payload: bytes) -> None:
        """Bring a request to a unit that no answer is expected to (hub's thread)."""

    @abstractmethod
    def _run(self) -> None:
        """Work until closing (hub's thread); returning or raising means that the line is lost."""

    @abstractmethod
    def _release(self) -> None:
        """Give the line back (hub's thread, at its end)."""

    # What the hub's thread does in every line.

    def _start(self) -> None:
        self._thread.start()

    def _run_guarded(self) -> None:
        try:
            self._run()
        except Exception:
            _log.exception("the hub of %s ended", self._uri)
        finally:
            self._line_lost()
            try:
                self._release()
            except Exception:
                _log.exception("%s could not be given back", self._uri)

    def _line_lost(self) -> None:
        with self._lock:
            self._lost = True
        now = time.monotonic()
        self._do_commands(now)
        self._dispatcher.line_lost(now)
        self._collected(float("inf"))

    def _command(self, command: Callable[[float], None]) -> None:
        self._commands.append(command)
        self._wake()
        if self._lost:
            # The hub's thread may have looked for the last time before this one came.
            with self._lock:
                for submission in list(self._open_tickets.values()):
                    self._deliver(lost(submission.ticket, submission.address, submission.request))

    def _do_commands(self, now: float) -> None:
        while self._commands:
            self._commands.popleft()(now)

    def _deliver(self, exchange: Exchange) -> None:
        with self._lock:
            begun, self._begun = self._begun, None
            if begun is None and exchange.positive:
                # One may have been submitted after the hub's thread looked.
                late, self._begun = self._following(exchange), None
                if late is not None:
                    self._command(partial(self._dispatcher.submit, late))
            self._forget_followings(exchange.ticket)
            if self._open_tickets.pop(exchange.ticket, None) is None:
                return
            self._results.append(exchange)
            # While enough is still to come, whoever waits need not be awake for each of them.
            coming = self._followings.get(begun.ticket) if begun is not None else None
            if coming is None or coming.ticket not in self._followings:
                self._lock.notify_all()

    def _following(self, ended: Exchange) -> Submission | None:
        """Return what is to be sent now that `ended` ended well; from here on it is in flight."""
        with self._lock:
            if ended.ticket not in self._open_tickets:
                return None
            begun = self._begun = self._followings.pop(ended.ticket, None)
            if begun is not None:
                del self._to_follow[begun.ticket]
                self._open_tickets[begun.ticket] = begun
        return begun

    def _forget_followings(self, ticket: int) -> None:
        """Forget what was to follow on an exchange that did not end well, and what was to follow on that."""
        while (following := self._followings.pop(ticket, None)) is not None:
            ticket = following.ticket
            del self._to_follow[ticket]

    def _take_answer(self, address: Address, payload: bytes, now: float) -> None:
        """Give a whole message of a unit to whom it belongs."""
        conversation = self._dispatcher.running(address)
        if conversation is None and self._collector is not None:
            self._collector.take(address, payload)
        elif (
            address in self._kept_alive
            and payload[:2] in TESTER_PRESENT_ANSWERS
            and (conversation is None or conversation.payload[:1] != TESTER_PRESENT[:1])
        ):
            return  # some units answer in spite of the suppress bit; it is no answer to the request
        self._dispatcher.received(address, payload, now)

    def _collected(self, now: float) -> None:
        collector = self._collector
        if collector is not None and now >= collector.until:
            self._collector = None
            collector.done.set()

    def _keep_units_alive(self, now: float) -> None:
        for address, due in self._kept_alive.items():
            if now >= due:
                if self._dispatcher.running(address) is None:  # else the request itself keeps it alive
                    self._transmit_alone(address, TESTER_PRESENT)
                self._kept_alive[address] = now + KEEP_ALIVE_S

    def _work_due(self, now: float, *, line_busy: bool = False) -> None:
        self._do_commands(now)
        self._dispatcher.tick(now, line_busy=line_busy)
        self._keep_units_alive(now)
        self._collected(now)

    def _next_due(self) -> float | None:
        """Return the next point in time at which _work_due() has something to do."""
        due = [self._dispatcher.deadline, min(self._kept_alive.values(), default=None)]
        if self._collector is not None:
            due.append(self._collector.until)
        return min((point for point in due if point is not None), default=None)

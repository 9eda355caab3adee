"""Runs the parts of several units over one line that may go away and come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.model.flash import FlashProgress
from workshop_console.console.ports import FollowingSent, PendingTold, VehicleLink
from workshop_console.console.procedures.flash.board import Board
from workshop_console.console.procedures.flash.desk import FlashDesk
from workshop_console.console.procedures.flash.requests import ALL_TESTER_PRESENT

Result = TypeVar("Result")

LINE_PATIENCE_S = 600.0
"""How long a lost line is opened again and again: somebody finds the plug in that time."""
LINE_PATIENCE_STOPPED_S = 60.0
"""The same, once somebody wishes the job to end."""
LINE_RETRY_S = 1.0
PRESENT_EVERY_S = 2.0
"""Between two testers present for all: well within S3."""
LAPSE_S = 2.5
"""How long a line may be away before the vehicle is quieted anew: S3 may be over then, and before that it
would end the session of a unit that waits for its next block."""
_LEAST_AHEAD, _MOST_AHEAD = 8, 16
"""Requests that a line is told ahead: filled up when they are fewer than the first number."""
_LOOK_S = 0.25
"""Longest time without a look at pauses and testers present."""


@dataclass(frozen=True)
class Rest:
    """Yielded by a script that wants to go on after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Reopen:
    """Yielded by a script that goes on when the line is back: POSITIVE, or LINK_LOST for good."""


Talk = Generator[UdsRequest | Rest | Reopen, Exchange, Result]
"""One unit's part of flashing: as a UnitScript, and it can rest and wait for the line."""


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """A request that the line has before the script asked for it."""

    request: UdsRequest
    ticket: int
    after: int
    """Ticket of the exchange that it follows on; it is sent if that ends positively, else forgotten."""


@dataclass(kw_only=True)
class Hand:
    """How a unit is asked at the moment; its script changes that as it goes."""

    address: Address
    timing: Timing
    coming: Callable[[int], UdsRequest | None] | None = None
    """Set beside a request: gives what the script asks after it where all answers are positive: 0 the next
    one, 1 the one after that. It is made, and on a line that can do that sent, without waiting for the
    script."""
    ahead: deque[Ahead] = field(default_factory=deque)

    def next_ahead(self, wanted: object, ended: Exchange | None) -> Ahead | None:
        """Return what the line was told before, when the script wants it now; else all of that is void.

        `ended`: the exchange that the script got. After a positive one the next was sent.
        """
        ahead = self.ahead[0] if self.ahead else None
        sent = ended is not None and ahead is not None and ended.ticket == ahead.after and ended.positive
        if ahead is not None and sent and ahead.request is wanted:
            return self.ahead.popleft()
        self.ahead.clear()
        return None


@dataclass(frozen=True, kw_only=True)
class Part(Generic[Result]):
    """A script and the unit that it is for."""

    hand: Hand
    script: Talk[Result]


@dataclass(kw_only=True)
class Crew:
    """The line and everything that goes on beside the scripts.

    Args:
        link: the line; another one after a loss.
        desk: time and the line once more.
        board: where the run stands.
        functional: identifier of functional requests; None: the line's own.
        stop_wished: whether somebody wants the job to end.
    """

    link: VehicleLink
    desk: FlashDesk
    board: Board
    functional: int | None
    stop_wished: Callable[[], bool]
    quiet: Callable[[VehicleLink], None] | None = None
    """Quiets the vehicle again, on a line that was away for long; None: it is not quiet."""
    _next_present: float = 0.0
    _gave_up: bool = False
    _looked_at: VehicleLink | None = None
    _takes_following: FollowingSent | None = None

    @property
    def takes_following(self) -> FollowingSent | None:
        """The line, where it can be told what comes next."""
        if self._looked_at is not self.link:
            self._looked_at = self.link
            self._takes_following = self.link if isinstance(self.link, FollowingSent) else None
        return self._takes_following

    def run(self, parts: Sequence[Part[Result]]) -> Generator[FlashProgress, None, list[Result]]:
        """Run all scripts at once and return their results in the order of `parts`.

        An exception of one script is raised when the others are at their end: their units may have been
        erased.
        """
        shift = _Shift(self, parts)
        self._keep(parts)
        try:
            while shift.busy:
                shift.advance()
                if (progress := self.board.look()) is not None:
                    yield progress
                if shift.waits_for_line and not shift.in_flight:
                    back = yield from self.line_back()
                    if back:
                        self._keep(parts)
                    shift.line_is(back=back)
                    continue
                self._present()
                shift.wait()
        finally:
            shift.close()
        return shift.results()

    def line_back(self) -> Generator[FlashProgress, None, bool]:
        """Open the line again and again until it is there; False when it does not come back."""
        if not self.link.lost:
            return True
        began = self.desk.monotonic()
        while not self._gave_up:
            try:
                link = self.desk.reopen()
            except (ConsoleError, OSError):
                link = None
            if link is not None:
                self.link = link
                self.board.missing("", missing=False)
                if self.quiet is not None and self.desk.monotonic() - began > LAPSE_S:
                    self.quiet(link)
                return True
            patience_s = LINE_PATIENCE_STOPPED_S if self.stop_wished() else LINE_PATIENCE_S
            self._gave_up = self.desk.monotonic() - began >= patience_s
            self.board.missing("", missing=True)
            if (progress := self.board.look()) is not None:
                yield progress
            self.desk.pause(LINE_RETRY_S)
        return False

    def _keep(self, parts: Sequence[Part[Result]]) -> None:
        self.link.keep_alive([part.hand.address for part in parts])

    def _present(self) -> None:
        """Let the rest of the vehicle know that the tester is there."""
        if self.quiet is None or (now := self.desk.monotonic()) < self._next_present:
            return
        self._next_present = now + PRESENT_EVERY_S
        self.link.functional(ALL_TESTER_PRESENT, wait_s=0.0, request_id=self.functional)


class _Shift(Generic[Result]):
    """The scripts of one run of a crew."""

    def __init__(self, crew: Crew, parts: Sequence[Part[Result]]) -> None:
        self._crew = crew
        self._parts = parts
        self.in_flight: dict[int, int] = {}
        """Ticket, part."""
        self._ready: list[tuple[int, Exchange | None]] = [(index, None) for index in range(len(parts))]
        self._resting: dict[int, float] = {}
        self._early: dict[int, Exchange] = {}
        """By ticket: what ended before the script asked for it."""
        self._for_line: set[int] = set()
        self._results: dict[int, Result] = {}
        self._failure: Exception | None = None

    @property
    def busy(self) -> bool:
        """Whether a script goes on."""
        return bool(self.in_flight or self._ready or self._resting or self._for_line)

    @property
    def waits_for_line(self) -> bool:
        """Whether a script wants the line back."""
        return bool(self._for_line)

    def advance(self) -> None:
        """Give each script that may go on what it waits for, and send what it wants next."""
        while self._ready:
            index, exchange = self._ready.pop(0)
            part = self._parts[index]
            try:
                wanted = next(part.script) if exchange is None else part.script.send(exchange)
            except StopIteration as end:
                self._results[index] = end.value
                continue
            except Exception as failure:  # the other units' parts come to their end first
                self._failure = self._failure or failure
                continue
            hand = part.hand
            ahead = hand.next_ahead(wanted, exchange)
            if isinstance(wanted, UdsRequest):
                if ahead is not None:
                    self._ask(index, hand, ahead.ticket)
                elif self._crew.link.lost:
                    self._ready.append((index, _made(hand.address, Outcome.LINK_LOST, wanted.payload)))
                else:
                    self._ask(index, hand, self._crew.link.submit(hand.address, wanted, hand.timing))
            elif isinstance(wanted, Rest):
                self._resting[index] = self._crew.desk.monotonic() + wanted.seconds
            else:
                self._for_line.add(index)

    def _ask(self, index: int, hand: Hand, ticket: int) -> None:
        """Wait for the answer to a request that is on its way, and prepare the next one meanwhile."""
        if (early := self._early.pop(ticket, None)) is not None:
            self._ready.append((index, early))
        else:
            self.in_flight[ticket] = index
        coming, hand.coming = hand.coming, None
        if coming is None:
            return
        line, last = self._crew.takes_following, hand.ahead[-1].ticket if hand.ahead else ticket
        if line is None:
            coming(0)
        elif len(hand.ahead) < _LEAST_AHEAD:
            while len(hand.ahead) < _MOST_AHEAD and (request := coming(len(hand.ahead))) is not None:
                following = line.submit_after(last, request)
                if following is None:
                    return
                hand.ahead.append(Ahead(request=request, ticket=following, after=last))
                last = following

    def line_is(self, *, back: bool) -> None:
        """Let the scripts that wait for the line go on."""
        self._early.clear()  # tickets of the old line
        outcome = Outcome.POSITIVE if back else Outcome.LINK_LOST
        self._ready += [(i, _made(self._parts[i].hand.address, outcome)) for i in sorted(self._for_line)]
        self._for_line.clear()

    def wait(self) -> None:
        """Wait for answers, or for the end of a pause."""
        crew = self._crew
        wait_s = _LOOK_S
        if self._resting:
            wait_s = min(wait_s, max(0.0, min(self._resting.values()) - crew.desk.monotonic()))
        if self.in_flight:
            exchanges = crew.link.wait(wait_s)
            for exchange in exchanges:
                if (index := self.in_flight.pop(exchange.ticket, None)) is not None:
                    self._ready.append((index, exchange))
                elif any(exchange.ticket == ahead.ticket for hand in self._hands for ahead in hand.ahead):
                    self._early[exchange.ticket] = exchange
            if not exchanges:
                self._look_at_pending()
                if crew.link.lost:
                    lost = [(i, _made(self._parts[i].hand.address, Outcome.LINK_LOST)) for i in self._in_hand]
                    self._ready += lost
                    self.in_flight.clear()
        elif self._resting:
            crew.desk.pause(wait_s)
        if self._resting:
            now = crew.desk.monotonic()
            for index in [i for i, until in self._resting.items() if until <= now]:
                del self._resting[index]
                self._ready.append((index, _made(self._parts[index].hand.address, Outcome.POSITIVE)))

    @property
    def _in_hand(self) -> list[int]:
        return sorted(self.in_flight.values())

    @property
    def _hands(self) -> list[Hand]:
        return [part.hand for part in self._parts]

    def _look_at_pending(self) -> None:
        link = self._crew.link
        if isinstance(link, PendingTold):
            for index in self._in_hand:
                self._crew.board.pending(link.pending(self._parts[index].hand.address))

    def close(self) -> None:
        """End what is not at its end."""
        for part in self._parts:
            part.script.close()

    def results(self) -> list[Result]:
        """Return what the scripts returned, or raise what one of them raised."""
        if self._failure is not None:
            raise self._failure
        return [self._results[index] for index in range(len(self._parts))]


def _made(address: Address, outcome: Outcome, request: bytes = b"") -> Exchange:
    reason = SilentReason.LINK_LOST if outcome is Outcome.LINK_LOST else None
    return Exchange(ticket=0, address=address, request=request, outcome=outcome, reason=reason)

"""Who is asked next: many conversations over one line, no more at once than it takes. No IO, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from workshop_console.console.links.exchange import Conversation, Step
from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import HUNG_UP, Exchange, Outcome, SilentReason, UdsRequest

GROWTH_AFTER_BREAK = 8
"""Exchanges that must end on a new connection before it is tried with one more at once than broke the old."""
_NO_GROWTH = frozenset({SilentReason.GATEWAY_REFUSED, SilentReason.LINK_LOST, SilentReason.CANCELLED})
LONGEST_FULL_S = 5.0
"""How long a gateway may have room for nothing at all; after that its refusals are final."""
MOST_TRIALS = 3
"""Requests asked alone, and in vain, to find out whether a gateway drops what it has no room for."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that waits for its unit or for room on the line."""

    ticket: int
    address: Address
    request: UdsRequest
    timing: Timing


class Dispatcher:
    """Owns the conversations of one line; only the hub's thread calls it.

    Args:
        send: brings a payload to an address.
        ended: takes an exchange that came to its end.
        following: what is to be sent the moment an exchange ended, before anybody learns of its end.
        room: most requests in flight.
        send_wait_s: longest time from send() until sent() is called.
        progress: when the line last dealt with a request sent before the one to an address that it has not
            come to yet; None: it has come to it, or does not work in order. The second argument is whether
            that request waits to be sent() rather than for its answer.
        may_drop: whether the line may drop a request without a word while it has others in hand. One that was
            not heard while others were is asked alone then; if that helps, all are asked one by one.
    """

    def __init__(
        self,
        *,
        send: Callable[[Address, bytes], None],
        ended: Callable[[Exchange], None],
        following: Callable[[Exchange], Submission | None] = lambda _ended: None,
        room: int,
        send_wait_s: float,
        progress: Callable[[Address, bool], float | None],
        may_drop: bool = False,
    ) -> None:
        self._send = send
        self._ended = ended
        self._following = following
        self._progress = progress
        self._full_room = room
        self._most_room = room
        self.room = room
        self.send_wait_s = send_wait_s
        self._full_since: float | None = None
        self._ended_since_break = 0
        self.ever_answered = False
        """Whether any unit ever said anything on this line."""
        self._waiting: deque[Submission] = deque()
        self._conversations: dict[Address, Conversation] = {}
        self._running: dict[Address, Conversation] = {}
        self._trials_left = MOST_TRIALS if may_drop else 0
        self._unheard: deque[Submission] = deque()
        """To be asked alone."""
        self._trial: int | None = None
        """Ticket of the one that is asked alone now."""
        self._sent_at: dict[Address, float] = {}
        self._heard_at = 0.0
        """When a request was last acknowledged or answered, whichever."""

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._running and not self._waiting and not self._unheard

    @property
    def deadline(self) -> float | None:
        """When tick() is due."""
        return min((c.deadline for c in self._running.values() if c.deadline is not None), default=None)

    def running(self, address: Address) -> Conversation | None:
        """Return the conversation with `address` when a request is in hand there."""
        return self._running.get(address)

    def submit(self, submission: Submission, now: float) -> None:
        """Ask as soon as the unit is free and there is room."""
        self._waiting.append(submission)
        self._fill(now)

    def sent(self, address: Address, now: float) -> None:
        """Note that the request to `address` is out."""
        self._full_since = None
        self._heard_at = now
        if conversation := self._running.get(address):
            conversation.sent(now)

    def reception_began(self, address: Address, now: float) -> None:
        """Note the beginning of a long answer."""
        if conversation := self._running.get(address):
            conversation.reception_began(now)

    def received(self, address: Address, payload: bytes, now: float) -> None:
        """Take a message of a unit."""
        self.ever_answered = True
        self._full_since = None
        self._heard_at = now
        conversation = self._conversations.get(address)
        if conversation is not None:
            self._follow(conversation, conversation.received(payload, now), now)

    def unusable(
        self, address: Address, reason: SilentReason, payload: bytes, detail: str, now: float
    ) -> None:
        """Note an answer that the transport could not take."""
        if conversation := self._running.get(address):
            self._follow(conversation, conversation.unusable(reason, payload, detail, now), now)

    def not_delivered(
        self, address: Address, reason: SilentReason, detail: str, now: float, *, again: bool
    ) -> None:
        """Note that the transport could not bring a request or its answer."""
        if conversation := self._running.get(address):
            self._follow(conversation, conversation.not_delivered(reason, detail, now, again=again), now)

    def no_room(self, address: Address, detail: str, now: float) -> None:
        """Note that the gateway is out of memory: fewer at once from now on, this one again later.

        While others of ours are in hand, this one waits for the end of one of them; else it is tried again.
        """
        self.room = max(1, min(self.room, len(self._running)) // 2)
        conversation = self._running.get(address)
        if conversation is None:
            return
        self._full_since = now if self._full_since is None else self._full_since
        if now > self._full_since + LONGEST_FULL_S:
            step = conversation.give_up(Outcome.SILENT, SilentReason.GATEWAY_REFUSED, now, detail)
            self._follow(conversation, step, now)
        elif len(self._running) > self.room:
            self._take_back(conversation, self._waiting)
        else:
            self._follow(conversation, conversation.no_room(detail, now), now)

    def tick(self, now: float, *, line_busy: bool = False) -> None:
        """Act on the deadlines that passed."""
        for conversation in list(self._running.values()):
            if (deadline := conversation.deadline) is None or now < deadline:
                continue
            step = conversation.tick(
                now,
                line_busy=line_busy,
                send_wait_s=self.send_wait_s,
                progress_at=self._progress(conversation.address, conversation.sending),
                may_be_dropped=self._may_be_dropped(conversation),
            )
            if step.unheard:
                self._take_back(conversation, self._unheard)
                self._fill(now)
            self._follow(conversation, step, now)

    def drop(self, tickets: Collection[int], now: float) -> None:
        """Give up these requests; late answers to them are still known for what they are."""
        self._waiting = deque(s for s in self._waiting if s.ticket not in tickets)
        self._unheard = deque(s for s in self._unheard if s.ticket not in tickets)
        for conversation in list(self._running.values()):
            if conversation.ticket in tickets:
                step = conversation.give_up(Outcome.CANCELLED, SilentReason.CANCELLED, now)
                self._follow(conversation, step, now)

    def line_renewed(self, now: float) -> None:
        """Go on over a new connection: what was in hand is sent once more, as far as there is room."""
        too_many = list(self._running.values())[self.room :]
        for conversation in reversed(too_many):
            self._take_back(conversation, self._waiting)
        for conversation in list(self._conversations.values()):
            self._follow(conversation, conversation.line_renewed(now), now, fill=False)
        self._fill(now)

    def line_broke(self, now: float) -> bool:
        """End at once what may not be repeated: its unit may have done it already.

        Some gateways hang up when too much is asked of them, so fewer are asked at once from now on. Some do
        it on a request that they do not like: one that was in hand at two breaks, alone at the second, ends
        here, and the others have the line for themselves again. Returns whether that happened.
        """
        running = list(self._running.values())
        if not running:
            return False
        if len(running) == 1 and running[0].renewed and (self.ever_answered or self._waiting):
            self._most_room = self._full_room
            step = running[0].give_up(Outcome.SILENT, SilentReason.GATEWAY_REFUSED, now, HUNG_UP)
            self._follow(running[0], step, now, fill=False)
            return True
        self._ended_since_break = 0
        self._most_room = max(1, min(self._most_room, len(running)) // 3)
        self.room = min(self.room, self._most_room)
        for conversation in running:
            if not conversation.repeatable:
                step = conversation.give_up(Outcome.LINK_LOST, SilentReason.LINK_LOST, now)
                self._follow(conversation, step, now, fill=False)
        return False

    def line_lost(self, now: float) -> None:
        """End everything: there is no connection any more."""
        waiting = [*self._unheard, *self._waiting]
        self._unheard.clear()
        self._waiting.clear()
        for conversation in list(self._running.values()):
            step = conversation.give_up(Outcome.LINK_LOST, SilentReason.LINK_LOST, now)
            self._follow(conversation, step, now, fill=False)
        for submission in waiting:
            self._ended(lost(submission.ticket, submission.address, submission.request))

    def _take_back(self, conversation: Conversation, queue: deque[Submission]) -> None:
        """Let a request that is in hand wait again, before those that wait in `queue` already."""
        withdrawn = conversation.withdraw()
        del self._running[conversation.address]
        if withdrawn is not None:
            ticket, request, timing = withdrawn
            queue.appendleft(Submission(ticket, conversation.address, request, timing))

    def _follow(self, conversation: Conversation, step: Step, now: float, *, fill: bool = True) -> None:
        if step.send is not None:
            self._sent_at[conversation.address] = now
            self._send(conversation.address, step.send)
        if step.ended is not None:
            self._running.pop(conversation.address, None)
            if step.ended.reason not in _NO_GROWTH:
                self._ended_since_break += 1
                if not self._ended_since_break % GROWTH_AFTER_BREAK:
                    self._most_room = min(self._most_room + 1, self._full_room)
                self.room = min(self.room + 1, self._most_room)
            if step.ended.ticket == self._trial:
                self._tried(step.ended)
            if step.ended.positive and (following := self._following(step.ended)) is not None:
                self._begin_next(following, now)
            self._ended(step.ended)
            if fill:
                self._fill(now)

    def _may_be_dropped(self, conversation: Conversation) -> bool:
        alone = conversation.ticket == self._trial
        return bool(self._trials_left) and not alone and self._heard_at > self._sent_at[conversation.address]

    def _tried(self, ended: Exchange) -> None:
        """Learn from a request that was asked alone whether this line drops what it has no room for."""
        self._trial = None
        if ended.outcome in (Outcome.POSITIVE, Outcome.NEGATIVE):
            self._full_room = self._most_room = self.room = 1
            self._trials_left = 0
        elif ended.reason is SilentReason.NO_ANSWER:
            self._trials_left -= 1
        if not self._trials_left:
            self._waiting.extendleft(reversed(self._unheard))
            self._unheard.clear()

    def _fill(self, now: float) -> None:
        if self._unheard or self._trial is not None:
            if not self._running:
                submission = self._unheard.popleft()
                self._trial = submission.ticket
                self._begin(replace(submission, timing=replace(submission.timing, retries=0)), now)
            return
        skipped: list[Submission] = []
        while self._waiting and len(self._running) < self.room:
            submission = self._waiting.popleft()
            if submission.address in self._running:
                skipped.append(submission)
            else:
                self._begin(submission, now)
        self._waiting.extendleft(reversed(skipped))

    def _begin_next(self, submission: Submission, now: float) -> None:
        """Begin what follows on an exchange; where others wait for room, after them."""
        if self._waiting or self._unheard or self._trial is not None:
            self._waiting.append(submission)
        else:
            self._begin(submission, now)

    def _begin(self, submission: Submission, now: float) -> None:
        address = submission.address
        conversation = self._conversations.setdefault(address, Conversation(address))
        self._running[address] = conversation
        step = conversation.begin(
            submission.ticket, submission.request, submission.timing, now, self.send_wait_s
        )
        self._follow(conversation, step, now)


def lost(ticket: int, address: Address, request: UdsRequest) -> Exchange:
    """Return how a request ends that never left because the line is gone."""
    return Exchange(
        ticket=ticket,
        address=address,
        request=request.payload,
        outcome=Outcome.LINK_LOST,
        reason=SilentReason.LINK_LOST,
    )

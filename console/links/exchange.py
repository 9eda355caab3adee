"""The one state machine of an exchange: no IO, no clock; it is fed with monotonic time."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from workshop_console.console.links.debts import Debts
from workshop_console.console.links.limits import Limits, clamp
from workshop_console.console.links.matching import Expected, Fit
from workshop_console.console.model.address import Address
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest

FIRST_BUSY_WAIT_S = 0.1
"""Before a request is sent again after 0x21; grows by half each time."""
LONGEST_BUSY_WAIT_S = 0.5
BROKEN_TRANSFER_WAIT_S = 0.05
"""Before a request is sent again after a broken transfer: the rest of the old one passes meanwhile."""
NO_ROOM_WAIT_S = 0.02
"""Before a request is sent again that the gateway had no memory for; doubles each time."""
LONGEST_NO_ROOM_WAIT_S = 0.3
MOST_STRAYS = 8
MOST_RENEWALS = 4
"""How often a request is sent again because the connection broke: it may be this one that breaks it."""
LONGEST_TURN_S = 30.0
"""Until a request has its turn at a gateway that works off one after the other."""
MOST_LINE_WAITS = 10
"""How often P2 starts again because the line was busy with other units' frames all the time."""


class Phase(Enum):
    """Where an exchange stands."""

    SENDING = auto()
    """Handed to the transport, which has not said yet that it is out."""
    WAITING = auto()
    """P2 runs."""
    RECEIVING = auto()
    """A long answer has begun; the transport watches its frames."""
    PENDING = auto()
    """P2* runs."""
    RESTING = auto()
    """To be sent again at the deadline."""


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from an event."""

    send: bytes | None = None
    """To be sent now."""
    ended: Exchange | None = None
    unheard: bool = False
    """The line may have dropped the request while it had others in hand: ask it alone."""


NOTHING = Step()


@dataclass(slots=True, kw_only=True)
class _Running:
    """The request in hand."""

    ticket: int
    request: UdsRequest
    timing: Timing
    expected: Expected
    limits: Limits
    began: float
    deadline: float
    phase: Phase = Phase.SENDING
    outstanding: int = 1
    """Times it was sent and is not answered."""
    retries: int = 0
    silent_retries: int = 0
    renewals: int = 0
    pending: int = 0
    pending_since: float | None = None
    busy_since: float | None = None
    rest_s: float = 0.0
    line_waits: int = 0
    unusable: tuple[SilentReason, bytes, str] | None = None
    aside: bytes | None = None
    """An answer that may belong to an older request: taken when none other comes by the deadline."""
    strays: list[bytes] = field(default_factory=list)


class Conversation:
    """Everything between the tester and one control unit: one request at a time, and what may come late.

    Each event returns the Step that follows from it. `deadline` is when tick() is due.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._debts = Debts()
        self._running: _Running | None = None

    @property
    def running(self) -> bool:
        """Whether a request is in hand."""
        return self._running is not None

    @property
    def ticket(self) -> int | None:
        """Ticket of the request in hand."""
        return self._running.ticket if self._running else None

    @property
    def pending(self) -> int:
        """How often the unit asked for more time for the request in hand."""
        return self._running.pending if self._running else 0

    @property
    def payload(self) -> bytes:
        """The request in hand."""
        return self._running.request.payload if self._running else b""

    @property
    def repeatable(self) -> bool:
        """Whether the request in hand may be sent once more on a new connection."""
        run = self._running
        return run is not None and run.request.repeatable and run.renewals < MOST_RENEWALS

    @property
    def renewed(self) -> bool:
        """Whether the connection broke before with this request in hand."""
        return self._running is not None and self._running.renewals > 0

    @property
    def delivered(self) -> bool:
        """Whether the request is out and its answer awaited."""
        run = self._running
        return run is not None and run.phase in (Phase.WAITING, Phase.RECEIVING, Phase.PENDING)

    @property
    def sending(self) -> bool:
        """Whether the transport has not said yet that the request is out."""
        return self._running is not None and self._running.phase is Phase.SENDING

    @property
    def deadline(self) -> float | None:
        """When tick() is due."""
        return self._running.deadline if self._running else None

    def begin(self, ticket: int, request: UdsRequest, timing: Timing, now: float, send_wait_s: float) -> Step:
        """Take a request in hand; the transport has `send_wait_s` to say that it is out."""
        limits = clamp(timing, request)
        self._running = _Running(
            ticket=ticket,
            request=request,
            timing=timing,
            expected=Expected.by(request.payload, request.echo_bytes),
            limits=limits,
            began=now,
            deadline=now + _delivery_s(request, send_wait_s),
        )
        return Step(send=request.payload)

    def sent(self, now: float) -> Step:
        """Note that the request left for the unit: P2 begins."""
        run = self._running
        if run is not None and run.phase is Phase.SENDING:
            run.phase = Phase.WAITING
            if run.aside is None:
                run.deadline = now + run.limits.p2_s
        return NOTHING

    def reception_began(self, now: float) -> Step:
        """Note the first frame of a long answer: P2 is kept, the transport watches the rest."""
        run = self._running
        if run is not None and run.phase in (Phase.SENDING, Phase.WAITING, Phase.PENDING):
            run.phase = Phase.RECEIVING
            run.deadline = now + max(run.limits.p2_star_s, run.limits.pending_budget_s)
        return NOTHING

    def received(self, payload: bytes, now: float) -> Step:
        """Take a whole message from the unit."""
        run = self._running
        if run is None:
            self._debts.stray(payload, now)
            return NOTHING
        if run.phase is Phase.RECEIVING:
            run.phase = Phase.WAITING
            run.deadline = now + run.limits.p2_s
        fit = run.expected.fit(payload)
        match fit:
            case Fit.EMPTY:
                run.unusable = (SilentReason.EMPTY, payload, "0")
            case Fit.TOO_SHORT:
                run.unusable = (SilentReason.TOO_SHORT, payload, str(len(payload)))
            case Fit.OTHER_SERVICE | Fit.OTHER_ECHO:
                if not self._debts.stray(payload, now) and run.unusable is None:
                    other_service = fit is Fit.OTHER_SERVICE
                    reason = SilentReason.WRONG_SERVICE if other_service else SilentReason.WRONG_ECHO
                    run.unusable = (reason, payload, f"0x{payload[0]:02X}")
                self._stray(run, payload)
            case Fit.PENDING:
                return self._answered_pending(run, now)
            case Fit.BUSY | Fit.POSITIVE | Fit.NEGATIVE:
                return self._answered(run, payload, now)
        return NOTHING

    def not_delivered(self, reason: SilentReason, detail: str, now: float, *, again: bool) -> Step:
        """Note that the transport could not bring the request or its answer; `again`: trying helps."""
        run = self._running
        if run is None or run.phase is Phase.RESTING:
            return NOTHING
        receiving = run.phase is Phase.RECEIVING
        if not receiving:
            run.outstanding -= 1
        if again and run.silent_retries < run.limits.retries:
            run.silent_retries += 1
            return self._rest(run, now, BROKEN_TRANSFER_WAIT_S)
        broken = receiving or reason in (SilentReason.SEQUENCE, SilentReason.TOO_LONG, SilentReason.EMPTY)
        return self._end(run, Outcome.BROKEN if broken else Outcome.SILENT, now, reason=reason, detail=detail)

    def unusable(self, reason: SilentReason, payload: bytes, detail: str, now: float) -> Step:
        """Note an answer that the transport could not take (too long, cut off); a better one may follow."""
        run = self._running
        if run is not None:
            run.unusable = (reason, payload, detail)
            if run.phase is Phase.RECEIVING:
                run.phase = Phase.WAITING
                run.deadline = now + run.limits.p2_s
        return NOTHING

    def no_room(self, detail: str, now: float) -> Step:
        """Note that the gateway had no memory for the request: it is sent again a little later."""
        run = self._running
        if run is None or run.phase is Phase.RESTING:
            return NOTHING
        run.outstanding -= 1
        run.busy_since = now if run.busy_since is None else run.busy_since
        wait_s = min(max(NO_ROOM_WAIT_S, run.rest_s * 2), LONGEST_NO_ROOM_WAIT_S)
        if now + wait_s > run.busy_since + run.limits.busy_budget_s:
            return self._end(run, Outcome.SILENT, now, reason=SilentReason.GATEWAY_REFUSED, detail=detail)
        return self._rest(run, now, wait_s)

    def line_renewed(self, now: float) -> Step:
        """Note a new connection: nothing old can come, the request in hand is sent on it once more."""
        self._debts.forgive()
        run = self._running
        if run is None:
            return NOTHING
        run.outstanding = 0
        run.renewals += 1
        return self._rest(run, now, 0.0)

    def withdraw(self) -> tuple[int, UdsRequest, Timing] | None:
        """Take the request in hand back, to be begun anew later: its ticket, itself, and its timing."""
        run, self._running = self._running, None
        return (run.ticket, run.request, run.timing) if run is not None else None

    def give_up(self, outcome: Outcome, reason: SilentReason, now: float, detail: str = "") -> Step:
        """End the request in hand from outside: cancelled, or the line is gone."""
        if self._running is None:
            return NOTHING
        return self._end(self._running, outcome, now, reason=reason, detail=detail)

    def tick(
        self,
        now: float,
        *,
        line_busy: bool = False,
        send_wait_s: float = 0.0,
        progress_at: float | None = None,
        may_be_dropped: bool = False,
    ) -> Step:
        """Act on the deadline.

        `line_busy`: other units' frames kept this one from answering. `progress_at`: the gateway may work off
        its requests in order and has not come to this one; then it dealt with one sent before.
        `may_be_dropped`: others were heard since this one was sent, and it was not asked alone yet.
        """
        run = self._running
        if run is None or now < run.deadline:
            return NOTHING
        if run.phase is Phase.RESTING:
            run.phase = Phase.SENDING
            run.deadline = now + _delivery_s(run.request, send_wait_s)
            run.outstanding += 1
            run.retries += 1
            return Step(send=run.request.payload)
        if run.aside is not None:
            return self._accept(run, run.aside, now)
        if progress_at is not None and run.phase in (Phase.SENDING, Phase.WAITING):
            sending = run.phase is Phase.SENDING
            patience_s = _delivery_s(run.request, send_wait_s) if sending else run.limits.p2_s
            turn = min(progress_at + patience_s, run.began + LONGEST_TURN_S)
            if now < turn:
                run.deadline = turn
                return NOTHING
        if run.phase is Phase.WAITING and line_busy and run.line_waits < MOST_LINE_WAITS:
            run.line_waits += 1
            run.deadline = now + run.limits.p2_s
            return NOTHING
        if run.pending_since is not None and now >= run.pending_since + run.limits.pending_budget_s:
            return self._end(run, Outcome.SILENT, now, reason=SilentReason.PENDING_FOR_EVER)
        if (
            run.expected.suppressed
            and not run.pending
            and run.unusable is None
            and run.phase is Phase.WAITING
        ):
            return self._end(run, Outcome.POSITIVE, now)
        if may_be_dropped and run.phase is Phase.SENDING and run.request.repeatable and run.unusable is None:
            return Step(unheard=True)
        if run.phase is Phase.RECEIVING:
            run.unusable = (SilentReason.FLOW_CONTROL, b"", "")
        if run.silent_retries < run.limits.retries:
            run.silent_retries += 1
            return self._send_again(run, now, send_wait_s)
        if run.unusable is not None:
            reason, payload, detail = run.unusable
            return self._end(run, Outcome.BROKEN, now, payload=payload, reason=reason, detail=detail)
        return self._end(run, Outcome.SILENT, now, reason=SilentReason.NO_ANSWER)

    def _answered_pending(self, run: _Running, now: float) -> Step:
        run.pending += 1
        run.pending_since = now if run.pending_since is None else run.pending_since
        if run.aside is not None:
            # The unit is only now at work on this request, so what was kept aside was an older answer.
            self._set_aside_was_old(run, now)
        run.phase = Phase.PENDING
        end = run.pending_since + run.limits.pending_budget_s
        run.deadline = min(now + run.limits.p2_star_s, end)
        if now >= end:
            return self._end(run, Outcome.SILENT, now, reason=SilentReason.PENDING_FOR_EVER)
        return NOTHING

    def _answered_busy(self, run: _Running, payload: bytes, now: float) -> Step:
        run.outstanding -= 1
        run.busy_since = now if run.busy_since is None else run.busy_since
        wait_s = min(max(FIRST_BUSY_WAIT_S, run.rest_s * 1.5), LONGEST_BUSY_WAIT_S)
        if now + wait_s > run.busy_since + run.limits.busy_budget_s:
            return self._end(
                run, Outcome.SILENT, now, payload=payload, nrc=payload[2], reason=SilentReason.BUSY_FOR_EVER
            )
        return self._rest(run, now, wait_s)

    def _answered(self, run: _Running, payload: bytes, now: float) -> Step:
        """Take an answer that fits, unless it may as well be one that is owed from before."""
        if run.aside is not None:
            self._set_aside_was_old(run, now)
        debt = self._debts.find(payload, now)
        if debt is None:
            return self._accept(run, payload, now)
        run.aside = payload
        run.deadline = now + debt.hold_s
        return NOTHING

    def _set_aside_was_old(self, run: _Running, now: float) -> None:
        aside, run.aside = run.aside, None
        if aside is not None:
            self._stray(run, aside)
            if (debt := self._debts.find(aside, now)) is not None:
                self._debts.pay(debt)

    def _accept(self, run: _Running, payload: bytes, now: float) -> Step:
        fit = run.expected.fit(payload)
        if fit is Fit.BUSY:
            return self._answered_busy(run, payload, now)
        run.outstanding -= 1
        self._debts.answered(run.expected, payload, now)
        if fit is Fit.POSITIVE:
            return self._end(run, Outcome.POSITIVE, now, payload=payload)
        return self._end(run, Outcome.NEGATIVE, now, payload=payload, nrc=payload[2])

    def _rest(self, run: _Running, now: float, wait_s: float) -> Step:
        run.phase = Phase.RESTING
        run.rest_s = wait_s
        run.aside = None
        run.deadline = now + wait_s
        return NOTHING

    def _send_again(self, run: _Running, now: float, send_wait_s: float) -> Step:
        run.phase = Phase.RESTING
        run.deadline = now
        return self.tick(now, send_wait_s=send_wait_s)

    def _stray(self, run: _Running, payload: bytes) -> None:
        if len(run.strays) < MOST_STRAYS:
            run.strays.append(payload)

    def _end(
        self,
        run: _Running,
        outcome: Outcome,
        now: float,
        *,
        payload: bytes = b"",
        nrc: int | None = None,
        reason: SilentReason | None = None,
        detail: str = "",
    ) -> Step:
        self._running = None
        if outcome is not Outcome.LINK_LOST and run.outstanding > 0 and not run.expected.suppressed:
            self._debts.owe(run.expected, run.outstanding, now, run.limits.p2_s)
        ended = Exchange(
            ticket=run.ticket,
            address=self.address,
            request=run.request.payload,
            outcome=outcome,
            payload=payload,
            nrc=nrc,
            reason=reason,
            detail=detail,
            time_ms=(now - run.began) * 1000,
            retries=run.retries,
            pending=run.pending,
            strays=tuple(run.strays),
        )
        return Step(ended=ended)


def _delivery_s(request: UdsRequest, send_wait_s: float) -> float:
    return min(request.delivery_ms / 1000, send_wait_s) if request.delivery_ms > 0 else send_wait_s

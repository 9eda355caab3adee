"""Talks to one unit in the course of flashing it: every step is noted, every answer judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.model.flash import ExtraStep, FlashStep, FlashTarget, SoftwareIdentity
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.flash import requests as uds
from workshop_console.console.procedures.flash import trouble
from workshop_console.console.procedures.flash.assess import Begin, Notes, ask_identity
from workshop_console.console.procedures.flash.board import Board
from workshop_console.console.procedures.flash.crew import Hand, Reopen, Rest, Talk
from workshop_console.console.procedures.flash.desk import FlashDesk
from workshop_console.console.procedures.flash.log import FlashLog
from workshop_console.console.procedures.flash.trouble import (
    BadResultError,
    BreakError,
    GoneError,
    RefusalError,
)
from workshop_console.console.procedures.presence import answered
from workshop_console.console.procedures.services import diagnostic_session, read_data_by_identifier

PATIENCE = 16
"""What breaks of one run may weigh together; a break weighs 1, one that may well come again more."""
_SUSPECT = 4
LONG_PENDING_MS = 120_000
"""Longest total time of 0x78 for erasing and checking."""
PENDING_MS = 30_000
BUSY_MS = 10_000
RETRIES = 3
"""Times that a request is sent again by itself after silence: four in all are shorter than S3."""
SETTLE_S = 0.2
"""After a change of session or a reset: some units answer once more before they restart."""
RETRY_S = 0.3
"""Between two questions to a unit that is not back yet."""

_LONG = frozenset(
    {FlashStep.ERASE, FlashStep.CHECK_MEMORY, FlashStep.CHECK_DEPENDENCIES, FlashStep.TRANSFER_EXIT}
)
_BEFORE_PROGRAMMING = frozenset(list(FlashStep)[: list(FlashStep).index(FlashStep.PROGRAMMING_SESSION)])
FOR_EVER = frozenset({SilentReason.PENDING_FOR_EVER, SilentReason.BUSY_FOR_EVER})
LINE_GONE = frozenset({Outcome.LINK_LOST, Outcome.CANCELLED})


@dataclass(kw_only=True)
class Setting:
    """What the parts of all units of a run share."""

    desk: FlashDesk
    log: FlashLog
    board: Board
    uri: str


class UnitTalk:
    """What is known of a unit in a run, and how it is asked.

    Args:
        target: unit, file and sequence.
        setting: what it shares with the other units.
    """

    def __init__(self, target: FlashTarget, setting: Setting) -> None:
        self.target = target
        self.hand = Hand(address=target.address, timing=target.timing)
        self.notes = Notes(
            setting.log.entries(target.unit),
            [segment.name for segment in target.file.manifest.segments],
            [added.label for added in target.sequence.add if added.label],
        )
        self.identity = SoftwareIdentity(answered=False)
        """As told last."""
        self.begin = Begin.START
        self.remark: tuple[FlashStep, RaisedMessage] | None = None
        """A refusal after which the unit was whole all the same."""
        self.prepared = False
        """Whether it is in its extended session with its conditions checked, and nothing came between."""
        self._manifest = target.file.manifest
        self._sequence = target.sequence
        self._desk, self._log, self._board = setting.desk, setting.log, setting.board
        self._uri = setting.uri
        self._step = FlashStep.IDENTIFY
        self._session = 0
        """The one that was opened; 0: none of ours."""
        self._p2_ms = target.timing.p2_ms
        """The most patient one that description and unit tell."""
        self._timing = replace(
            target.timing,
            p2_ms=max(uds.ANSWER_WAIT_MS, self._p2_ms),
            busy_budget_ms=max(BUSY_MS, target.timing.busy_budget_ms),
            retries=max(RETRIES, target.timing.retries),
        )

    def _take_timing(self, p2_ms: int, p2_star_ms: int) -> None:
        """Take over what the unit tells of its timing: the more patient one of what is known."""
        self._p2_ms = max(self._p2_ms, p2_ms)
        self._timing = replace(
            self._timing,
            p2_ms=max(self._timing.p2_ms, p2_ms),
            p2_star_ms=max(self._timing.p2_star_ms, p2_star_ms),
        )

    # -- what the unit is -------------------------------------------------------------------------------

    def _know(self, patience_s: float) -> Talk[None]:
        """Wait until the unit says what it is outside of the programming session. Raises GoneError."""
        yield from self._await_identity(patience_s)
        if self.identity.session == uds.PROGRAMMING_SESSION:
            # Open from before; only outside of it an application says what it is.
            self._session = 0
            yield diagnostic_session(uds.DEFAULT_SESSION)
            yield Rest(SETTLE_S)
            yield from self._await_identity(patience_s, away=True)

    def _await_identity(self, patience_s: float, *, away: bool = False) -> Talk[None]:
        """Ask until the unit says what it is; `away`: it is known to restart. Raises GoneError."""
        self.hand.timing = replace(self._timing, retries=0)
        self.identity = SoftwareIdentity(answered=False)
        until = self._desk.monotonic() + patience_s
        try:
            while True:
                if away:
                    exchange = yield uds.are_you_there(self._p2_ms)
                    away = not answered(exchange)
                if not away:
                    self.identity, exchange = yield from ask_identity()
                    if self.identity.answered:
                        return
                    away = True
                self._board.missing(self.target.unit, missing=True)
                if self._desk.monotonic() >= until:
                    raise GoneError(self._step, trouble.silent(self.target.unit, self._step, exchange))
                if exchange.outcome in LINE_GONE:
                    since = self._desk.monotonic()
                    yield from self._await_line()
                    until += self._desk.monotonic() - since
                yield Rest(RETRY_S)
        finally:
            self._board.missing(self.target.unit, missing=False)

    def _await_line(self) -> Talk[None]:
        """Wait until the line is there again. Raises GoneError."""
        back = yield Reopen()
        if not back.positive:
            raise GoneError(self._step, trouble.line_lost(self.target.unit, self._step, self._uri))

    # -- steps ------------------------------------------------------------------------------------------

    def _wanted(self, step: FlashStep) -> bool:
        return step not in self._sequence.leave_out

    def _added(self, step: FlashStep) -> tuple[ExtraStep, ...]:
        return tuple(added for added in self._sequence.add if added.after is step)

    def _extras(self, step: FlashStep) -> Talk[None]:
        """Send what the description adds after a step; before programming a boot loader may refuse it."""
        for added in self._added(step):
            try:
                yield from self._ask(step, uds.added_step(added.request), added.label, noted=False)
            except RefusalError:
                if not self.identity.boot_loader or step not in _BEFORE_PROGRAMMING:
                    raise

    def _begin(self, step: FlashStep, detail: str = "", *, noted: bool = True) -> int:
        """Note that a step begins, before its first request."""
        self._step = step
        entry = self._log.begin(self.target.unit, step, detail)
        if noted:
            self.notes.began(step, detail)
        self._board.step(self.target.unit, step, detail)
        self.hand.timing = replace(
            self._timing,
            pending_budget_ms=max(
                LONG_PENDING_MS if step in _LONG else PENDING_MS, self._timing.pending_budget_ms
            ),
        )
        return entry

    def _complete(
        self,
        entry: int,
        step: FlashStep,
        detail: str,
        exchange: Exchange,
        result: int = 0,
        *,
        noted: bool = True,
    ) -> None:
        """Note what came back; a routine whose result is not good is as a refusal."""
        good = exchange.positive and not result
        outcome = trouble.OUTCOMES[exchange.outcome] if not exchange.positive or good else "negative"
        code = exchange.nrc if exchange.nrc is not None else result
        self._log.complete(entry, outcome, f"{detail} 0x{code:02X}".strip() if code else "")
        if noted:
            self.notes.came(step, detail, good=good)

    def _ask(
        self, step: FlashStep, request: UdsRequest, detail: str = "", *, noted: bool = True
    ) -> Talk[Exchange]:
        """Do a step that is one request; anything but a positive answer is raised."""
        entry = self._begin(step, detail, noted=noted)
        exchange = yield request
        self._board.answered(exchange)
        routine = request.payload[:1] == b"\x31"
        result = uds.routine_result(exchange) if routine and exchange.positive else 0
        self._complete(entry, step, detail, exchange, result, noted=noted)
        if not exchange.positive:
            yield from self._unwelcome(step, exchange)
        return exchange

    def _check(self, step: FlashStep, request: UdsRequest, segment: str) -> Talk[None]:
        """Do a step that has the unit judge itself."""
        exchange = yield from self._ask(step, request, segment)
        if result := uds.routine_result(exchange):
            raise BadResultError(
                step, trouble.bad_result(self.target.unit, step, result), weight=PATIENCE // 2
            )

    def _unwelcome(self, step: FlashStep, exchange: Exchange) -> Talk[None]:
        """Raise what an exchange without a positive answer means."""
        unit = self.target.unit
        if exchange.outcome in LINE_GONE:
            yield from self._await_line()
            raise BreakError(step, trouble.line_lost(unit, step, self._uri))
        if exchange.outcome is not Outcome.NEGATIVE or exchange.nrc is None:
            weight = PATIENCE // 2 + 1 if exchange.reason in FOR_EVER else 1
            raise BreakError(step, trouble.silent(unit, step, exchange), weight=weight)
        message = trouble.refused(unit, step, exchange.nrc)
        if exchange.retries:
            # It may have done it at the first sending, whose answer was lost, and not want it twice.
            raise BreakError(step, message, weight=_SUSPECT)
        if (yield from self._session_lost()):
            raise BreakError(step, message, weight=_SUSPECT)
        raise RefusalError(step, message)

    def _session_lost(self) -> Talk[bool]:
        """Return whether the unit fell back to another session: after a gap, or a cut of its supply."""
        if not self._session:
            return False
        exchange = yield read_data_by_identifier(0xF186)
        return exchange.positive and len(exchange.payload) > 3 and exchange.payload[3] != self._session

"""One unit's part of a run: asks what it is, programs it as far as needed, and asks again.

ISO 14229-1:2020, clause 17, with what the unit's description leaves out or adds. After the first erase only
the unit or the line can end it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.model.flash import (
    ExtraStep,
    FlashStep,
    FlashTarget,
    Segment,
    SoftwareIdentity,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.procedures.flash import requests as uds
from workshop_console.console.procedures.flash import trouble
from workshop_console.console.procedures.flash.assess import (
    Begin,
    Notes,
    ask_identity,
    begin,
    end_of,
    is_new,
)
from workshop_console.console.procedures.flash.board import Board
from workshop_console.console.procedures.flash.crew import Hand, Reopen, Rest, Talk
from workshop_console.console.procedures.flash.desk import FlashDesk, Payload
from workshop_console.console.procedures.flash.log import FlashLog
from workshop_console.console.procedures.flash.transfer import Blocks, segment_is_whole
from workshop_console.console.procedures.flash.trouble import (
    BreakError,
    FlashEndError,
    GoneError,
    RefusalError,
    StopError,
    told,
)
from workshop_console.console.procedures.scripts import Conversation
from workshop_console.console.procedures.security_access import Access, KeyRing, unlock
from workshop_console.console.procedures.services import (
    diagnostic_session,
    read_data_by_identifier,
)

PATIENCE = 16
"""What breaks of one run may weigh together; a break weighs 1, one that may well come again more."""
LONG_PENDING_MS = 120_000
"""Longest total time of 0x78 for erasing and checking."""
PENDING_MS = 30_000
BUSY_MS = 10_000
RETRIES = 3
"""Times that a request is sent again by itself after silence: four in all are shorter than S3."""
BLOCK_TRIES = 12
"""Times that a block is sent, each with its retries, before the unit is asked anew what it is."""
READ_TRIES = 30
"""Times, a second apart, that a disk is asked for the payload of an erased unit."""
UNIT_PATIENCE_S = 300.0
"""How long a unit may say nothing that was erased."""
WHOLE_UNIT_PATIENCE_S = 30.0
LEAVING_PATIENCE_S = 10.0
"""The same, after a refusal."""
RESET_PATIENCE_S = 30.0
"""Least time that a unit gets to show its new software after its reset."""
_RETRY_S = 0.5
_SETTLE_S = 0.2

_LONG = frozenset(
    {FlashStep.ERASE, FlashStep.CHECK_MEMORY, FlashStep.CHECK_DEPENDENCIES, FlashStep.TRANSFER_EXIT}
)
_BEFORE_PROGRAMMING = frozenset(list(FlashStep)[: list(FlashStep).index(FlashStep.PROGRAMMING_SESSION)])
_FOR_EVER = frozenset({SilentReason.PENDING_FOR_EVER, SilentReason.BUSY_FOR_EVER})
_HEAVY = PATIENCE // 2
_SUSPECT = 4


@dataclass(kw_only=True)
class Setting:
    """What the parts of all units of a run share."""

    desk: FlashDesk
    log: FlashLog
    board: Board
    uri: str


class UnitFlash:
    """The part of one unit.

    Args:
        target: unit, file and sequence.
        payload: the bytes.
        setting: what it shares with the other units.
    """

    def __init__(self, target: FlashTarget, payload: Payload, setting: Setting) -> None:
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
        self._payload = payload
        self._desk, self._log, self._board = setting.desk, setting.log, setting.board
        self._uri = setting.uri
        self._step = FlashStep.IDENTIFY
        self._session = 0
        """The one that was opened; 0: none of ours."""
        self._timing = replace(
            target.timing,
            busy_budget_ms=max(BUSY_MS, target.timing.busy_budget_ms),
            retries=max(RETRIES, target.timing.retries),
        )
        self._taken = 0

    # -- what the plan calls ---------------------------------------------------------------------------

    def meet(self) -> Talk[UnitResult | None]:
        """Ask the unit what it is and decide where to begin; a result when it says nothing."""
        try:
            yield from self._assess()
        except FlashEndError as gone:
            self.identity = SoftwareIdentity(answered=False)
            return self._result(UnitEnd.UNKNOWN, gone)
        return None

    @property
    def unfinished(self) -> bool:
        """Whether the unit has no whole application: then nothing but itself or the line may hold it up."""
        return self.identity.boot_loader or self.begin in (Begin.CONTINUE, Begin.PROVE)

    def refuse(self, problem: FlashEndError) -> Talk[UnitResult | None]:
        """Leave the unit as it is, for a reason from outside."""
        return (yield from self._leave(problem))

    def prepare(self) -> Talk[UnitResult | None]:
        """Open the extended session and check the conditions, before anything of the vehicle is changed."""
        try:
            self._check_fit()
            self._check_stop()
            yield from self._prepare()
        except BreakError:
            return None  # it is tried again when it is this unit's turn
        except FlashEndError as end:
            return (yield from self._leave(end))
        except ConsoleError as error:  # what cannot be written down is not begun
            return (yield from self._leave(RefusalError(self._step, raised_by(error))))
        return None

    def flash(self) -> Talk[UnitResult | None]:
        """Bring the unit to its new software; a result when that did not succeed."""
        weight = 0
        while True:
            try:
                if weight:
                    yield from self._assess()
                yield from self._go()
            except BreakError as gap:
                weight += gap.weight
                self.prepared, self._session = False, 0
                if weight < PATIENCE:
                    continue
                return (yield from self._leave(gap))
            except FlashEndError as end:
                return (yield from self._leave(end))
            except ConsoleError as error:  # as above; from erase on the log raises nothing
                return (yield from self._leave(RefusalError(self._step, raised_by(error))))
            return None

    def identify(self) -> Talk[UnitResult]:
        """Ask the unit for its last word."""
        entry = self._log.begin(self.target.unit, FlashStep.IDENTIFY)
        self._board.step(self.target.unit, FlashStep.IDENTIFY)
        try:
            yield from self._await_new(RESET_PATIENCE_S if self.notes.erased else LEAVING_PATIENCE_S)
        except FlashEndError as problem:
            end = end_of(self.identity, self._manifest, self.notes, self._sequence)
            self._log.complete(entry, "link-lost" if end is UnitEnd.UNKNOWN else "negative")
            return self._result(UnitEnd.OLD if end is UnitEnd.NEW else end, problem)
        self._log.complete(entry, "positive")
        self._board.unfinished(self.target.unit, erased=False)
        return self._result(UnitEnd.NEW, None)

    def extras(self, step: FlashStep) -> Talk[None]:
        """Send what the description adds after a step of the whole vehicle; refusals end nothing here."""
        for added in self._added(step):
            try:
                yield from self._ask(step, uds.added_step(added.request), added.label, noted=False)
            except FlashEndError as refusal:
                self.remark = self.remark or (refusal.step, refusal.message)

    # -- what the unit is -------------------------------------------------------------------------------

    def _assess(self) -> Talk[None]:
        """Wait until the unit answers; know what it is and where to begin."""
        yield from self._know(UNIT_PATIENCE_S if self.notes.erased else WHOLE_UNIT_PATIENCE_S)
        self.begin = begin(self.identity, self._manifest, self._sequence, self.notes)
        whole = not self.identity.boot_loader and self.begin is not Begin.PROVE
        self._board.unfinished(self.target.unit, erased=not whole)

    def _know(self, patience_s: float) -> Talk[None]:
        """Wait until the unit says what it is outside of the programming session. Raises GoneError."""
        yield from self._await_identity(patience_s)
        if self.identity.session == uds.PROGRAMMING_SESSION:
            # Open from before; only outside of it an application says what it is.
            self._session = 0
            yield diagnostic_session(uds.DEFAULT_SESSION)
            yield Rest(_SETTLE_S)
            yield from self._await_identity(patience_s)

    def _await_identity(self, patience_s: float) -> Talk[None]:
        """Ask until the unit says what it is. Raises GoneError."""
        self.hand.timing = replace(self._timing, retries=0)
        until = self._desk.monotonic() + patience_s
        try:
            while True:
                self.identity, exchange = yield from _patient(ask_identity())
                if self.identity.answered:
                    return
                self._board.missing(self.target.unit, missing=True)
                if self._desk.monotonic() >= until:
                    raise GoneError(self._step, trouble.silent(self.target.unit, self._step, exchange))
                if exchange.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED):
                    since = self._desk.monotonic()
                    yield from self._await_line()
                    until += self._desk.monotonic() - since
                yield Rest(_RETRY_S)
        finally:
            self._board.missing(self.target.unit, missing=False)

    def _await_line(self) -> Talk[None]:
        """Wait until the line is there again. Raises GoneError."""
        back = yield Reopen()
        if not back.positive:
            raise GoneError(self._step, trouble.line_lost(self.target.unit, self._step, self._uri))

    def _await_new(self, patience_s: float) -> Talk[None]:
        """Ask until the unit shows its new software. Raises RefusalError, GoneError."""
        self._step = FlashStep.IDENTIFY
        until = self._desk.monotonic() + patience_s
        while True:
            yield from self._await_identity(max(patience_s, UNIT_PATIENCE_S if self.notes.erased else 0.0))
            if is_new(self.identity, self._manifest):
                return
            if self._desk.monotonic() >= until:
                expected = f"{self._manifest.software} {self._manifest.version}"
                found = f"{self.identity.software} {self.identity.version}".strip()
                facts = {"unit": self.target.unit, "expected": expected, "found": found or "-"}
                raise RefusalError(FlashStep.IDENTIFY, told("WC-725", **facts))
            yield Rest(_RETRY_S)

    # -- the sequence -----------------------------------------------------------------------------------

    def _go(self) -> Talk[None]:
        """Do what is left to do, from where the unit stands."""
        if self.begin is Begin.FINISHED:
            return
        if self.begin is Begin.RESTART:
            yield from self._restart()
            return
        self._check_fit()
        self._check_stop()
        if self.begin is not Begin.PROVE:
            self._check_payload()
        if not self.prepared:
            yield from self._prepare()
        yield from self._extras(FlashStep.FAULT_SETTING_OFF)
        yield from self._extras(FlashStep.COMMUNICATION_OFF)
        self._check_stop()
        yield from self._open_programming()
        if self.begin is Begin.PROVE and not (yield from self._proven()):
            # The last word of an application that is not whole: from here on it is treated as such.
            self.begin = Begin.CONTINUE
            self._check_payload()
        if self.begin is not Begin.PROVE:
            self._check_stop()
            yield from self._program()
            yield from self._check_dependencies()
        yield from self._restart()

    def _prepare(self) -> Talk[None]:
        """Pre-programming: extended session, conditions."""
        if self._wanted(FlashStep.EXTENDED_SESSION):
            yield from self._open(FlashStep.EXTENDED_SESSION, uds.EXTENDED_SESSION)
        yield from self._extras(FlashStep.EXTENDED_SESSION)
        if self._wanted(FlashStep.CHECK_CONDITIONS):
            yield from self._check_conditions()
        yield from self._extras(FlashStep.CHECK_CONDITIONS)
        self.prepared = True

    def _check_conditions(self) -> Talk[None]:
        """Have the unit say whether it may be programmed; a boot loader measures nothing."""
        step, unit = FlashStep.CHECK_CONDITIONS, self.target.unit
        try:
            exchange = yield from self._ask(step, uds.routine(self._sequence.conditions_rid))
        except RefusalError:
            if not self.identity.boot_loader:
                raise
            return
        if (result := uds.routine_result(exchange)) and not self.identity.boot_loader:
            raise RefusalError(step, told("WC-724", unit=unit, result=f"0x{result:02X}"))

    def _open_programming(self) -> Talk[None]:
        """Programming session, security access, fingerprint."""
        if self._wanted(FlashStep.PROGRAMMING_SESSION):
            yield from self._open(FlashStep.PROGRAMMING_SESSION, uds.PROGRAMMING_SESSION)
        yield from self._extras(FlashStep.PROGRAMMING_SESSION)
        if self._wanted(FlashStep.SECURITY_ACCESS) and self._sequence.security_level:
            yield from self._unlock()
        yield from self._extras(FlashStep.SECURITY_ACCESS)
        if self._wanted(FlashStep.FINGERPRINT):
            request = uds.write_fingerprint(self._sequence, self._desk.fingerprint)
            yield from self._ask(FlashStep.FINGERPRINT, request)
        yield from self._extras(FlashStep.FINGERPRINT)

    def _open(self, step: FlashStep, session: int) -> Talk[None]:
        """Open a session and take over the timing that the unit tells (10.2): the more patient one."""
        self._session = 0
        request = replace(diagnostic_session(session), first_wait_ms=uds.ANSWER_WAIT_MS)
        try:
            answer = (yield from self._ask(step, request)).payload
        except RefusalError:
            if step is FlashStep.PROGRAMMING_SESSION or not self.identity.boot_loader:
                raise
            return  # a boot loader may have one session only
        self._session = session
        if len(answer) >= 6:
            told_timing = Timing(
                p2_ms=int.from_bytes(answer[2:4], "big"), p2_star_ms=10 * int.from_bytes(answer[4:6], "big")
            )
            self._timing = replace(
                self._timing,
                p2_ms=max(self._timing.p2_ms, told_timing.p2_ms),
                p2_star_ms=max(self._timing.p2_star_ms, told_timing.p2_star_ms),
            )

    def _unlock(self) -> Talk[None]:
        """Unlock the programming session."""
        step, level, unit = FlashStep.SECURITY_ACCESS, self._sequence.security_level, self.target.unit
        ring = self._desk.key_ring(unit)
        if self.notes.unlocked:
            # Its keys are known to be right: what went unanswered was no false one.
            ring.attempts.unlocked(level)
        yield from self._sit_out(ring, level)
        entry = self._begin(step, f"0x{level:02X}")
        unlocking = yield from unlock(Conversation(), level, ring)
        exchange = unlocking.exchange
        if unlocking.open or exchange is None:
            self._log.complete(entry, "positive" if unlocking.open else "skipped")
        else:
            self._complete(entry, step, "", exchange)
            self._board.answered(exchange)
        if unlocking.open:
            self.notes.unlocked = True
            return
        if unlocking.access is Access.NO_ANSWER and exchange is not None:
            yield from self._unwelcome(step, exchange)
        if exchange is not None and exchange.nrc is not None and unlocking.access is not Access.FALSE_KEY:
            yield from self._unwelcome(step, exchange)
        raise RefusalError(step, unlocking.messages[-1])

    def _sit_out(self, ring: KeyRing, level: int) -> Talk[None]:
        """Wait while the unit is known to refuse since a run before: asking makes some count anew."""
        if wait_s := ring.attempts.wait_s(level):
            yield Rest(float(wait_s))

    def _program(self) -> Talk[None]:
        """Erase, download and check all segments that are not proven whole."""
        missing = list(self._manifest.segments)
        if self.begin is Begin.CONTINUE:
            missing = yield from self._unproven()
        if missing and self._sequence.erase_all:
            missing = list(self._manifest.segments)
            yield from self._erase(None)
        self._taken = self._manifest.stored - sum(segment.stored for segment in missing)
        self._board.taken(self.target.unit, self._taken)
        for segment in missing:
            if not self._sequence.erase_all:
                yield from self._erase(segment)
            yield from self._download(segment)
            if self._wanted(FlashStep.CHECK_MEMORY):
                step, name = FlashStep.CHECK_MEMORY, segment.name
                yield from self._check(step, uds.check_memory(self._sequence, segment), name)
            yield from self._extras(FlashStep.CHECK_MEMORY)

    def _unproven(self) -> Talk[list[Segment]]:
        """Return the segments that the unit does not find whole now; only those noted as such are asked."""
        if not self._wanted(FlashStep.CHECK_MEMORY):
            return list(self._manifest.segments)
        missing = []
        for segment in self._manifest.segments:
            whole = segment.name in self.notes.proven
            if whole:
                try:
                    request = uds.check_memory(self._sequence, segment)
                    yield from self._check(FlashStep.CHECK_MEMORY, request, segment.name)
                except RefusalError:
                    whole = False
                except BreakError as gap:
                    if gap.weight != _HEAVY:
                        raise
                    whole = False  # it answered: not whole
            if not whole:
                missing.append(segment)
        return missing

    def _erase(self, segment: Segment | None) -> Talk[None]:
        """Erase a segment, or everything: from here on the unit has no whole application."""
        self._board.unfinished(self.target.unit, erased=True)
        name = segment.name if segment is not None else ""
        exchange = yield from self._ask(FlashStep.ERASE, uds.erase(self._sequence, segment), name)
        if result := uds.routine_result(exchange):
            raise RefusalError(FlashStep.ERASE, trouble.bad_result(self.target.unit, FlashStep.ERASE, result))
        yield from self._extras(FlashStep.ERASE)

    def _download(self, segment: Segment) -> Talk[None]:
        """Send one segment."""
        step, name = FlashStep.REQUEST_DOWNLOAD, segment.name
        answer = (yield from self._ask(step, uds.request_download(self._sequence, segment), name)).payload
        if not (length := uds.block_length(answer)):
            facts = {"unit": self.target.unit, "raw": answer[:16].hex(" ").upper()}
            raise RefusalError(step, told("WC-730", **facts))
        yield from self._extras(step)
        yield from self._transfer(segment, length)
        yield from self._extras(FlashStep.TRANSFER)
        yield from self._ask(FlashStep.TRANSFER_EXIT, uds.request_transfer_exit(), name)
        yield from self._extras(FlashStep.TRANSFER_EXIT)

    def _transfer(self, segment: Segment, length: int) -> Talk[None]:
        """Send the blocks of a segment; the next one is made while one is on its way."""
        unit, name, hand, block = self.target.unit, segment.name, self.hand, self._board.block
        entry = self._begin(FlashStep.TRANSFER, name)
        outcome, detail = "broken", ""
        blocks = Blocks(self._payload, segment, length)
        count, number = blocks.count, 0
        try:
            while not blocks.ended or blocks.next is not None:
                request = blocks.next or (yield from self._made(blocks, segment))
                hand.meanwhile = blocks.make
                exchange = yield request
                if exchange.outcome is not Outcome.POSITIVE:
                    self._board.answered(exchange)
                    outcome, detail = trouble.OUTCOMES[exchange.outcome], f"{name} {number + 1}/{count}"
                    yield from self._send_again(request, exchange)
                number += 1
                self._taken += len(request.payload) - 2
                block(unit, name, number, count, self._taken)
            outcome, detail = ("positive", f"{name} {count}/{count}") if blocks.whole else ("broken", "")
        finally:
            hand.meanwhile = None
            self._log.complete(entry, outcome, detail)
        if not blocks.whole:
            raise RefusalError(FlashStep.TRANSFER, told("WC-729", unit=unit, segment=name))

    def _made(self, blocks: Blocks, segment: Segment) -> Talk[UdsRequest]:
        """Return the next block from a disk that hangs or fails: the unit can wait a while, kept alive."""
        for _ in range(READ_TRIES):
            if blocks.next is not None:
                return blocks.next
            self._board.warn(told("WC-729", unit=self.target.unit, segment=segment.name))
            yield Rest(1.0)
            blocks.make()
        raise RefusalError(FlashStep.TRANSFER, told("WC-729", unit=self.target.unit, segment=segment.name))

    def _send_again(self, request: UdsRequest, exchange: Exchange) -> Talk[None]:
        """Send a block that got no answer until it does: the same counter is not written twice (14.5.5).

        After a loss of the line, once: a unit that kept its download open answers, any other has to begin
        again from erase.
        """
        step = FlashStep.TRANSFER
        for _ in range(BLOCK_TRIES):
            if exchange.positive:
                return
            lost = exchange.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED)
            if lost:
                yield from self._await_line()
            elif exchange.nrc is not None or exchange.reason in _FOR_EVER:
                break
            exchange = yield request
            if lost and not exchange.positive:
                break
        if not exchange.positive:
            yield from self._unwelcome(step, exchange)

    def _check_dependencies(self) -> Talk[None]:
        if self._wanted(FlashStep.CHECK_DEPENDENCIES):
            request = uds.routine(self._sequence.check_dependencies_rid)
            yield from self._check(FlashStep.CHECK_DEPENDENCIES, request, "")
        yield from self._extras(FlashStep.CHECK_DEPENDENCIES)

    def _proven(self) -> Talk[bool]:
        """Return whether the unit finds itself whole."""
        try:
            yield from self._check_dependencies()
        except RefusalError:
            return False
        except BreakError as gap:
            if gap.weight != _HEAVY:
                raise
            return False
        return True

    def _restart(self) -> Talk[None]:
        """Reset the unit and wait for its new software."""
        step, unit = FlashStep.RESET, self.target.unit
        if self._wanted(step):
            entry = self._begin(step)
            exchange = yield uds.ecu_reset()
            self._board.answered(exchange)
            self._complete(entry, step, "", exchange)
            if exchange.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED):
                yield from self._await_line()
            if exchange.outcome is Outcome.NEGATIVE and exchange.nrc is not None:
                self.remark = self.remark or (step, trouble.refused(unit, step, exchange.nrc))
                yield diagnostic_session(uds.DEFAULT_SESSION)
        else:
            yield diagnostic_session(uds.DEFAULT_SESSION)
        self._session = 0
        yield Rest(_SETTLE_S)
        yield from self._await_new(max(RESET_PATIENCE_S, 4 * self._sequence.reset_ms / 1_000))
        yield from self._extras(step)
        self._taken = self._manifest.stored
        self._board.taken(unit, self._taken)
        self._board.unfinished(unit, erased=False)

    # -- the ends ---------------------------------------------------------------------------------------

    def _check_fit(self) -> None:
        """Refuse a unit whose hardware is another one than was planned for."""
        found, fits = self.identity.hardware, self._manifest.hardware
        if found and fits and found not in fits:
            facts = {"unit": self.target.unit, "found": found, "expected": ", ".join(fits)}
            raise RefusalError(FlashStep.IDENTIFY, told("WC-731", **facts))

    def _check_payload(self) -> None:
        """Refuse to erase for a payload that is no longer what was judged."""
        for segment in self._manifest.segments:
            try:
                whole = segment_is_whole(self._payload, segment)
            except (OSError, ValueError):
                whole = False
            if not whole:
                facts = {"unit": self.target.unit, "segment": segment.name}
                raise RefusalError(FlashStep.ERASE, told("WC-729", **facts))

    def _check_stop(self) -> None:
        """Stop here when somebody wishes it, and the unit is whole."""
        whole = self.begin is Begin.START and not self.identity.boot_loader
        if whole and self._log.stop_wished():
            raise StopError(self._step, told("WC-726", unit=self.target.unit))

    def _leave(self, problem: FlashEndError) -> Talk[UnitResult]:
        """Let the unit go back to what it can, and return what it holds by its own word."""
        if not isinstance(problem, GoneError):
            try:
                if self._session not in (0, uds.PROGRAMMING_SESSION):
                    yield diagnostic_session(uds.DEFAULT_SESSION)
                self._session = 0
                yield from self._know(LEAVING_PATIENCE_S)
            except GoneError:
                pass
        else:
            self.identity = SoftwareIdentity(answered=False)
        end = end_of(self.identity, self._manifest, self.notes, self._sequence)
        self._board.unfinished(self.target.unit, erased=end not in (UnitEnd.NEW, UnitEnd.OLD))
        return self._result(end, problem)

    def _result(self, end: UnitEnd, problem: FlashEndError | None) -> UnitResult:
        step, message = (problem.step, problem.message) if problem else self.remark or (None, None)
        identity = self.identity
        if self.notes.erased and identity.answered:
            identity = replace(identity, application_valid=end is UnitEnd.NEW or None)
        return UnitResult(unit=self.target.unit, end=end, identity=identity, message=message, step=step)

    # -- asking -----------------------------------------------------------------------------------------

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
            raise BreakError(step, trouble.bad_result(self.target.unit, step, result), weight=_HEAVY)

    def _unwelcome(self, step: FlashStep, exchange: Exchange) -> Talk[None]:
        """Raise what an exchange without a positive answer means."""
        unit = self.target.unit
        if exchange.outcome in (Outcome.LINK_LOST, Outcome.CANCELLED):
            yield from self._await_line()
            raise BreakError(step, trouble.line_lost(unit, step, self._uri))
        if exchange.outcome is not Outcome.NEGATIVE or exchange.nrc is None:
            weight = PATIENCE // 2 + 1 if exchange.reason in _FOR_EVER else 1
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


def _patient(script: Talk[tuple[SoftwareIdentity, Exchange]]) -> Talk[tuple[SoftwareIdentity, Exchange]]:
    """Run a script with the patience of flashing for each first answer."""
    wanted = next(script)
    try:
        while True:
            if isinstance(wanted, UdsRequest):
                wanted = replace(wanted, first_wait_ms=uds.ANSWER_WAIT_MS)
            wanted = script.send((yield wanted))
    except StopIteration as end:
        result: tuple[SoftwareIdentity, Exchange] = end.value
        return result

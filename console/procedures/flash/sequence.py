"""One unit's part of a run: asks what it is, programs it as far as needed, and asks again.

ISO 14229-1:2020, clause 17, with what the unit's description leaves out or adds. After the first erase only
the unit or the line can end it.
"""

from __future__ import annotations

from dataclasses import replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.exchange import Outcome
from workshop_console.console.model.flash import FlashStep, SoftwareIdentity, UnitEnd, UnitResult
from workshop_console.console.model.message import raised_by
from workshop_console.console.procedures.flash import requests as uds
from workshop_console.console.procedures.flash import trouble
from workshop_console.console.procedures.flash.asking import LINE_GONE, PATIENCE, RETRY_S, SETTLE_S
from workshop_console.console.procedures.flash.assess import Begin, begin, end_of, is_new
from workshop_console.console.procedures.flash.crew import Rest, Talk
from workshop_console.console.procedures.flash.programming import Programming
from workshop_console.console.procedures.flash.trouble import (
    BadResultError,
    BreakError,
    FlashEndError,
    GoneError,
    RefusalError,
    StopError,
    told,
)
from workshop_console.console.procedures.scripts import Conversation
from workshop_console.console.procedures.security_access import Access, KeyRing, unlock
from workshop_console.console.procedures.services import diagnostic_session

UNIT_PATIENCE_S = 300.0
"""How long a unit may say nothing that was erased."""
WHOLE_UNIT_PATIENCE_S = 30.0
LEAVING_PATIENCE_S = 10.0
"""The same, after a refusal."""
RESET_TRIES = 3
RESET_PATIENCE_S = 30.0
"""Least time that a unit gets to show its new software after its reset."""


class UnitFlash(Programming):
    """The part of one unit.

    Args:
        target: unit, file and sequence.
        payload: the bytes.
        setting: what it shares with the other units.
    """

    # -- what the plan calls ---------------------------------------------------------------------------

    def meet(self) -> Talk[UnitResult | None]:
        """Ask the unit what it is and decide where to begin; a result when it says nothing."""
        try:
            yield from self._assess()
        except FlashEndError as gone:
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
        yield from self._afterwards(FlashStep.COMMUNICATION_ON)
        yield from self._afterwards(FlashStep.FAULT_SETTING_ON)
        entry = self._log.begin(self.target.unit, FlashStep.IDENTIFY)
        try:
            yield from self._await_new(RESET_PATIENCE_S if self.notes.erased else LEAVING_PATIENCE_S)
        except FlashEndError as problem:
            end = end_of(self.identity, self._manifest, self.notes, self._sequence)
            self._log.complete(entry, "link-lost" if end is UnitEnd.UNKNOWN else "negative")
            return self._result(UnitEnd.UNKNOWN if end is UnitEnd.NEW else end, problem)
        self._log.complete(entry, "positive")
        self._board.unfinished(self.target.unit, erased=False)
        yield from self._afterwards(FlashStep.IDENTIFY)
        yield from self._afterwards(FlashStep.CLEAR_FAULTS)
        return self._result(UnitEnd.NEW, None)

    def _afterwards(self, step: FlashStep) -> Talk[None]:
        """Send what the description adds after a step of post-programming; the unit is whole all the same."""
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

    def _await_new(self, patience_s: float) -> Talk[None]:
        """Ask until the unit shows its new software. Raises RefusalError, GoneError."""
        self._step = FlashStep.IDENTIFY
        self._board.step(self.target.unit, FlashStep.IDENTIFY)
        until = self._desk.monotonic() + patience_s
        while True:
            longest_s = max(patience_s, UNIT_PATIENCE_S if self.notes.erased else 0.0)
            yield from self._await_identity(longest_s, away=True)
            if is_new(self.identity, self._manifest):
                return
            if self._desk.monotonic() >= until:
                expected = f"{self._manifest.software} {self._manifest.version}"
                found = f"{self.identity.software} {self.identity.version}".strip()
                facts = {"unit": self.target.unit, "expected": expected, "found": found or "-"}
                raise RefusalError(FlashStep.IDENTIFY, told("WC-725", **facts))
            yield Rest(RETRY_S)

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
        try:
            answer = (yield from self._ask(step, diagnostic_session(session))).payload
        except RefusalError:
            if step is FlashStep.PROGRAMMING_SESSION or not self.identity.boot_loader:
                raise
            return  # a boot loader may have one session only
        self._session = session
        if len(answer) >= 6:
            self._take_timing(int.from_bytes(answer[2:4], "big"), 10 * int.from_bytes(answer[4:6], "big"))

    def _unlock(self) -> Talk[None]:
        """Unlock the programming session."""
        step, level, unit = FlashStep.SECURITY_ACCESS, self._sequence.security_level, self.target.unit
        ring = self._desk.key_ring(unit)
        if self.notes.unlocked:
            # Its keys are known to be right: what went unanswered was no false one.
            ring.attempts.unlocked(level)
        yield from self._sit_out(ring, level)
        entry = self._begin(step, f"27 {level:02X}")
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

    def _proven(self) -> Talk[bool]:
        """Return whether the unit finds itself whole."""
        try:
            yield from self._check_dependencies()
        except (RefusalError, BadResultError):
            return False
        return True

    def _restart(self) -> Talk[None]:
        """Reset the unit and wait for its new software."""
        step, unit = FlashStep.RESET, self.target.unit
        for _ in range(RESET_TRIES):
            if self._wanted(step) and not self.remark:
                yield from self._reset()
            else:
                yield diagnostic_session(uds.DEFAULT_SESSION)
                yield from self._come_back()
            if self.identity.session != uds.PROGRAMMING_SESSION:
                break  # else the request was lost on its way
        if not is_new(self.identity, self._manifest):
            yield from self._await_new(max(RESET_PATIENCE_S, 4 * self._sequence.reset_ms / 1_000))
        yield from self._extras(step)
        self._taken = self._manifest.stored
        self._board.taken(unit, self._taken)
        self._board.unfinished(unit, erased=False)

    def _reset(self) -> Talk[None]:
        """Reset the unit, and have the step end when it is back.

        Where it refuses, that is kept in mind: it is whole all the same.
        """
        step = FlashStep.RESET
        entry = self._begin(step)
        exchange = yield uds.ecu_reset()
        self._board.answered(exchange)
        if exchange.outcome is Outcome.NEGATIVE and exchange.nrc is not None:
            self._complete(entry, step, "", exchange)
            self.remark = step, trouble.refused(self.target.unit, step, exchange.nrc)
            yield diagnostic_session(uds.DEFAULT_SESSION)
            yield from self._come_back()
            return
        try:
            if exchange.outcome in LINE_GONE:
                yield from self._await_line()
            yield from self._come_back()
        except GoneError:
            self._log.complete(entry, "silent")
            self.notes.came(step, "", good=exchange.positive)
            raise
        self._complete(entry, step, "", exchange)

    def _come_back(self) -> Talk[None]:
        """Wait for the unit to start and say what it is."""
        self._session = 0
        yield Rest(SETTLE_S)
        yield from self._await_identity(UNIT_PATIENCE_S, away=True)

    # -- the ends ---------------------------------------------------------------------------------------

    def _check_fit(self) -> None:
        """Refuse a unit whose hardware is another one than was planned for."""
        found, fits = self.identity.hardware, self._manifest.hardware
        if found and fits and found not in fits:
            facts = {"unit": self.target.unit, "found": found, "expected": ", ".join(fits)}
            raise RefusalError(FlashStep.IDENTIFY, told("WC-731", **facts))

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

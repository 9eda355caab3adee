"""Drives one function of a control unit, and gives control back whatever happens (ISO 14229-1:12, 13)."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import Exchange, Outcome, UdsRequest
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ServiceForm
from workshop_console.console.model.kept import EntryKind
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.values import ValueReading
from workshop_console.console.ports import Coder, VehicleLink
from workshop_console.console.procedures.actual_values import (
    PolledUnit,
    RecordAnswer,
    RecordKey,
    RecordPoller,
)
from workshop_console.console.procedures.actuation_told import (
    details_of,
    failure,
    label_of,
    message,
    unmet,
)
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.conditions import check_conditions
from workshop_console.console.procedures.controls import Controls
from workshop_console.console.procedures.desk import Desk
from workshop_console.console.procedures.events import ActuationChecked, ActuationRuns, Event
from workshop_console.console.procedures.function_requests import (
    goes_on,
    request_of,
    return_request,
    start_request,
)
from workshop_console.console.procedures.outcomes import outcome_of
from workshop_console.console.procedures.scripts import Conversation, Result, UnitScript, run_script
from workshop_console.console.procedures.security_access import unlock
from workshop_console.console.procedures.services import OTHER_SESSION, NegativeResponse, diagnostic_session

DEFAULT_SESSION, EXTENDED_SESSION = 0x01, 0x03
PICTURE_S = 0.4
"""Between two pictures of what runs."""
RESULTS_S = 1.0
"""Between two questions for the results of a routine."""
LONGEST_PAUSE_S = 0.05
"""Without a look at what goes on: the connection, the time, the results."""
SECOND_TRY_S = 0.5
ABOUT_CONDITIONS = frozenset({0x22, *range(0x81, 0x95)})
"""Negative responses that are about what is around: conditionsNotCorrect, speed, voltage, gear and so on."""

Show = Callable[[tuple[RecordAnswer, ...]], tuple[ValueReading, ...]]
"""Decodes what was read, and returns the related values as they are now."""


def check(
    link: VehicleLink, unit: OpenedUnit, function: FunctionForm, coder: Coder, cancellation: Cancellation
) -> tuple[CheckedCondition, ...]:
    """Return how the conditions of `function` stand now; nothing moves."""
    return check_conditions(
        link, unit.summary, unit.address, unit.forms, function.conditions, coder, cancellation
    )


def drive(
    link: VehicleLink,
    unit: OpenedUnit,
    function: FunctionForm,
    settings: Mapping[str, str],
    desk: Desk,
    cancellation: Cancellation,
    *,
    controls: Controls | None = None,
    related: PolledUnit | None = None,
    show: Show | None = None,
    seconds: float | None = None,
) -> Generator[Event, None, ActuationResult]:
    """Drive `function` until the cancellation, for `seconds`, or until a routine is done.

    Yields ActuationChecked, then ActuationRuns again and again; returns the result. Control is given back at
    the end of every way out, also when the caller drops the generator.

    Raises:
        ConsoleError: WC-412 for settings that the description does not allow, before anything is sent.
    """
    conditions = check(link, unit, function, desk.coder, cancellation)
    result = ActuationResult(
        unit=unit, function=function, settings=tuple(settings.items()), conditions=conditions
    )
    yield ActuationChecked(conditions=conditions)
    if messages := unmet(unit, conditions):
        return replace(result, messages=messages)
    encoded = desk.coder.encode(unit.summary, unit.variant, function.start.name, settings)
    if cancellation.requested:
        return result
    run = _Run(link, unit, function, desk, cancellation, related, show)
    # From here to the end a cancellation is for the run to obey, also where nothing is waited for.
    with cancellation.waking(lambda: None):
        return (yield from run.go(result, encoded.payload, controls or Controls(), seconds))


class _Run:
    """One run of a function."""

    def __init__(
        self,
        link: VehicleLink,
        unit: OpenedUnit,
        function: FunctionForm,
        desk: Desk,
        cancellation: Cancellation,
        related: PolledUnit | None,
        show: Show | None,
    ) -> None:
        self._link = link
        self._unit = unit
        self._function = function
        self._desk = desk
        self._cancellation = cancellation
        self._show = show
        self._poller = RecordPoller(related, may_change_session=False) if related is not None else None
        self._keys: frozenset[RecordKey] = (
            frozenset((str(related.address), record.request) for record in related.records)
            if related is not None
            else frozenset()
        )
        self._session_opened = False
        self._driving = False
        """Whether the unit may be under our control: from just before the request goes out."""
        self._given_back: bool | None = None
        self._conditions: tuple[CheckedCondition, ...] = ()
        """As they were found after a refusal."""
        self._last_results: tuple[DecodedValue, ...] = ()
        """Of a routine, as told after it was stopped."""
        self._messages: list[RaisedMessage] = []

    def go(
        self, result: ActuationResult, request: bytes, controls: Controls, seconds: float | None
    ) -> Generator[Event, None, ActuationResult]:
        began = time.monotonic()
        entry_id = 0
        try:
            if self._ready():
                entry_id = self._begin_entry(request)
                self._driving = self._function.kind is not FunctionKind.OTHER
                exchange = self._start(request)
                result = replace(
                    result, request=request, answer=exchange.payload, outcome=outcome_of(exchange)
                )
                if exchange.positive:
                    result = replace(result, results=self._decoded(self._function.start, request, exchange))
                    began = time.monotonic()
                    result = yield from self._running(result, controls, began, seconds)
                else:
                    self._driving = self._driving and exchange.nrc is None
                    self._tell_refusal(exchange)
        except ConsoleError as error:  # the book cannot be written, the descriptions cannot be asked
            self._messages.append(raised_by(error))
            result = replace(result, outcome="failed" if entry_id else result.outcome)
        finally:
            self._give_back()
            result = replace(
                result,
                conditions=self._conditions or result.conditions,
                given_back=self._given_back,
                results=self._last_results or result.results,
                elapsed_s=time.monotonic() - began,
                messages=(*result.messages, *self._messages),
            )
            if entry_id:
                result = self._written(result, entry_id)
        return result

    # -- before ------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        """Open the session that is described, and unlock the unit; tell why not."""
        sessions = self._function.start.sessions
        if sessions and DEFAULT_SESSION not in sessions:
            self._enter(EXTENDED_SESSION if EXTENDED_SESSION in sessions else sessions[0])
        level = self._function.start.security_level
        return not level or self._unlock(level)

    def _enter(self, session: int) -> bool:
        exchange = self._ask(diagnostic_session(session))
        self._session_opened = self._session_opened or exchange.positive
        if exchange.positive:
            self._link.keep_alive([self._unit.address])
        return exchange.positive

    def _unlock(self, level: int) -> bool:
        ring = self._desk.ring()
        unlocking = self._script(unlock(Conversation(), level, ring))
        if unlocking.wrong_session and not self._session_opened and self._enter(EXTENDED_SESSION):
            unlocking = self._script(unlock(Conversation(), level, ring))
        self._messages += unlocking.messages
        return unlocking.open

    def _start(self, request: bytes) -> Exchange:
        """Send the start; where the unit wants another session for it, open that one and send it again."""
        start = start_request(request)
        exchange = self._ask(start)
        if exchange.nrc in OTHER_SESSION and not self._session_opened and self._enter(EXTENDED_SESSION):
            exchange = self._ask(start)
        return exchange

    # -- while -------------------------------------------------------------------------------------

    def _running(
        self, result: ActuationResult, controls: Controls, began: float, seconds: float | None
    ) -> Generator[Event, None, ActuationResult]:
        if not goes_on(self._function, result.results):
            self._driving = self._driving and self._function.kind is FunctionKind.OUTPUT
            yield self._picture(result, began)
            return result
        if not self._session_opened:
            self._link.keep_alive([self._unit.address])
        answers: list[RecordAnswer] = []
        picture_at = time.monotonic()
        results_at = picture_at + RESULTS_S
        while not self._cancellation.requested:
            now = time.monotonic()
            if self._link.lost:
                self._messages.append(message("WC-323", self._unit, self._function))
                return replace(result, outcome="failed")
            if seconds is not None and now >= began + seconds:
                cut_short = self._function.kind is FunctionKind.ROUTINE
                return replace(result, outcome="stopped") if cut_short else result
            result = self._obey(result, controls)
            if self._function.results is not None and now >= results_at:
                results_at = now + RESULTS_S
                result = replace(result, results=self._asked_results(result.results))
                if not goes_on(self._function, result.results):
                    self._driving = False
                    break
            answers += self._polled(now, controls)
            if now >= picture_at:
                if self._show is not None:
                    result = replace(result, values=self._show(tuple(answers)))
                    answers.clear()
                yield self._picture(result, began)
                picture_at = now + PICTURE_S
        if self._cancellation.requested and self._driving:
            return replace(result, outcome="stopped")  # to give control back comes before telling it
        yield self._picture(result, began)
        return result

    def _obey(self, result: ActuationResult, controls: Controls) -> ActuationResult:
        """Send what a person wished meanwhile."""
        settings, hold = controls.take()
        if settings is not None:
            try:
                encoded = self._desk.coder.encode(
                    self._unit.summary, self._unit.variant, self._function.start.name, settings
                )
            except ConsoleError as error:
                self._messages.append(raised_by(error))
                return result
            exchange = self._start(encoded.payload)
            if not exchange.positive:
                self._tell_refusal(exchange)
                return result
            return replace(result, settings=tuple(settings.items()), answer=exchange.payload)
        service = {"freeze": self._function.freeze, "reset": self._function.reset}.get(hold)
        if service is not None:
            exchange = self._ask(request_of(service.request))
            if not exchange.positive:
                self._tell_refusal(exchange)
        return result

    def _asked_results(self, before: tuple[DecodedValue, ...]) -> tuple[DecodedValue, ...]:
        service = self._function.results
        assert service is not None  # noqa: S101  # the caller asked
        exchange = self._ask(request_of(service.request))
        if not exchange.positive:
            return before  # not told yet (0x24), or busy with the work itself
        return self._decoded(service, service.request, exchange) or before

    def _polled(self, now: float, controls: Controls) -> list[RecordAnswer]:
        """Read the next of the related values, or wait for a moment."""
        pause_s = LONGEST_PAUSE_S
        if self._poller is not None:
            if (request := self._poller.next(self._keys, now)) is not None:
                return self._poller.take(self._ask(request), time.monotonic())
            pause_s = self._poller.pause_s(now, pause_s)
        with self._cancellation.waking(controls.changed.set):
            if not self._cancellation.requested:
                controls.changed.wait(pause_s)
        return []

    def _picture(self, result: ActuationResult, began: float) -> ActuationRuns:
        return ActuationRuns(
            result=replace(result, elapsed_s=time.monotonic() - began, messages=tuple(self._messages))
        )

    # -- after -------------------------------------------------------------------------------------

    def _give_back(self) -> None:
        """Give control back and leave the session; nothing can cancel this."""
        with self._cancellation.locked():
            request = return_request(self._function) if self._driving else None
            self._driving = False
            if request is not None:
                self._given_back = self._confirmed(request)
                self._read_last_results()
            if self._session_opened or self._given_back is not None:
                self._link.keep_alive(())
            if self._session_opened and not self._link.lost:
                left = self._ask(diagnostic_session(DEFAULT_SESSION))
                # The default session ends every control (ISO 14229-1, 10.2).
                self._given_back = self._given_back or (left.positive if request is not None else None)
            if self._given_back is False:
                self._messages.append(message("WC-322", self._unit, self._function))

    def _read_last_results(self) -> None:
        if self._given_back and self._function.results is not None:
            with suppress(ConsoleError):  # control was given back; what it says of itself is beside that
                self._last_results = self._asked_results(())

    def _confirmed(self, request: UdsRequest) -> bool:
        """Send what gives control back, twice where it has to be; return whether the unit said yes."""
        cancelled = False
        for pause_s in (0.0, SECOND_TRY_S):
            if pause_s and not cancelled:
                time.sleep(pause_s)
            if self._link.lost and not self._reopened():
                continue
            exchange = self._ask(request)
            # The cancellation that led here may still be on its way: it ends the waiting, not the request.
            cancelled = exchange.outcome is Outcome.CANCELLED
            if exchange.positive:
                return True
            if exchange.nrc in (*OTHER_SESSION, NegativeResponse.REQUEST_SEQUENCE_ERROR):
                return True  # the session is over already, or the routine is: it has control
        return False

    def _reopened(self) -> bool:
        if self._desk.reopen is None:
            return False
        try:
            self._link = self._desk.reopen()
        except ConsoleError:
            return False
        return not self._link.lost

    def _written(self, result: ActuationResult, entry_id: int) -> ActuationResult:
        try:
            self._desk.orders.complete(
                entry_id, answer=result.answer, outcome=result.outcome, details=details_of(result)
            )
        except ConsoleError as error:
            # It was done; that the book does not say so must be told.
            return replace(result, messages=(*result.messages, raised_by(error)))
        return result

    # -- small things ------------------------------------------------------------------------------

    def _begin_entry(self, request: bytes) -> int:
        routine = self._function.kind is FunctionKind.ROUTINE
        return self._desk.begin(
            EntryKind.ROUTINE if routine else EntryKind.ACTUATION,
            label_of(self._function),
            unit=self._unit.label,
            address=self._unit.address,
            request=request,
        )

    def _tell_refusal(self, exchange: Exchange) -> None:
        told = failure(exchange, self._unit, self._function, self._link.uri)
        if told is not None:
            self._messages.append(told)
        # After a refusal for what is around: which of the described conditions does not hold?
        conditions = self._function.conditions
        if conditions and exchange.nrc in ABOUT_CONDITIONS and not self._cancellation.requested:
            self._conditions = check(
                self._link, self._unit, self._function, self._desk.coder, self._cancellation
            )
            self._messages += unmet(self._unit, self._conditions)

    def _decoded(self, service: ServiceForm, request: bytes, exchange: Exchange) -> tuple[DecodedValue, ...]:
        answers = [(service.name, request, exchange.payload)]
        return self._desk.coder.decode(self._unit.summary, self._unit.variant, answers)[0]

    def _ask(self, request: UdsRequest) -> Exchange:
        return self._script(Conversation().ask(request))

    def _script(self, script: UnitScript[Result]) -> Result:
        timing = self._unit.summary.timing
        return run_script(self._link, self._unit.address, timing, script, self._cancellation)

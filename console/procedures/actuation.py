"""Drives one function of a control unit, and gives control back whatever happens (ISO 14229-1:12, 13)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.actuation import ActuationResult, DrivenUnit
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import Exchange, Outcome, UdsRequest
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ParameterKind, ServiceForm
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.values import ValueReading
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import Clock, Coder, OrderBook, VehicleLink
from workshop_console.console.procedures.actual_values import (
    PolledUnit,
    RecordAnswer,
    RecordKey,
    RecordPoller,
)
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.conditions import check_conditions
from workshop_console.console.procedures.events import ActuationChecked, ActuationRuns, Event
from workshop_console.console.procedures.outcomes import outcome_of
from workshop_console.console.procedures.scripts import (
    Conversation,
    Result,
    UnitScript,
    UnitTask,
    run_scripts,
)
from workshop_console.console.procedures.security_access import KeyRing, unlock
from workshop_console.console.procedures.services import OTHER_SESSION, NegativeResponse, diagnostic_session

DEFAULT_SESSION, EXTENDED_SESSION = 0x01, 0x03
PICTURE_S = 0.4
"""Between two pictures of what runs."""
RESULTS_S = 1.0
"""Between two questions for the results of a routine."""
LONGEST_PAUSE_S = 0.05
"""Without a look at what goes on: the connection, the time, the results."""
START_WAIT_MS = 5_000
"""P2 for starting: many routines answer when they are done, without 0x78 in between."""
SECOND_TRY_S = 0.5
ABOUT_CONDITIONS = frozenset({0x22, *range(0x81, 0x95)})
"""Negative responses that are about what is around: conditionsNotCorrect, speed, voltage, gear and so on."""
RUNNING_WORDS = ("running", "active", "in progress", "busy")
"""Texts of a result by which a routine says that it goes on."""

Show = Callable[[tuple[RecordAnswer, ...]], tuple[ValueReading, ...]]
"""Decodes what was read, and returns the related values as they are now."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What driving takes beside the wire."""

    coder: Coder
    orders: OrderBook
    ring: Callable[[], KeyRing]
    clock: Clock
    vehicle: VehicleIdentity
    who: str
    reopen: Callable[[], VehicleLink] | None = None
    """Opens the line anew when it was lost. Raises ConsoleError WC-2xx."""


class Controls:
    """What a person wants while it runs; from any thread. Stopping is the cancellation of the job."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._settings: dict[str, str] | None = None
        self._hold: str = ""
        self.changed = threading.Event()

    def adjust(self, settings: Mapping[str, str]) -> None:
        """Drive with other settings."""
        with self._guard:
            self._settings = dict(settings)
        self.changed.set()

    def freeze(self) -> None:
        """Hold the output as it is now (0x2F, freezeCurrentState)."""
        with self._guard:
            self._hold = "freeze"
        self.changed.set()

    def reset(self) -> None:
        """Set the output to its default (0x2F, resetToDefault)."""
        with self._guard:
            self._hold = "reset"
        self.changed.set()

    def take(self) -> tuple[dict[str, str] | None, str]:
        """Return what was wished since the last call."""
        with self._guard:
            wished = self._settings, self._hold
            self._settings, self._hold = None, ""
            self.changed.clear()
        return wished


def check(
    link: VehicleLink, unit: DrivenUnit, function: FunctionForm, coder: Coder, cancellation: Cancellation
) -> tuple[CheckedCondition, ...]:
    """Return how the conditions of `function` stand now; nothing moves."""
    return check_conditions(
        link, unit.summary, unit.address, unit.forms, function.conditions, coder, cancellation
    )


def drive(
    link: VehicleLink,
    unit: DrivenUnit,
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
    if (unmet := _unmet(conditions)) is not None:
        return replace(result, messages=(_condition_message(unit, unmet),))
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
        unit: DrivenUnit,
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
                entry_id = self._desk.orders.begin(self._entry(request))
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
        start = UdsRequest(
            payload=request, echo_bytes=_echo(request), first_wait_ms=START_WAIT_MS, repeatable=False
        )
        exchange = self._ask(start)
        if exchange.nrc in OTHER_SESSION and not self._session_opened and self._enter(EXTENDED_SESSION):
            exchange = self._ask(start)
        return exchange

    # -- while -------------------------------------------------------------------------------------

    def _running(
        self, result: ActuationResult, controls: Controls, began: float, seconds: float | None
    ) -> Generator[Event, None, ActuationResult]:
        if not self._goes_on(result.results):
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
                facts = (("unit", self._unit.label), ("function", self._label))
                self._messages.append(RaisedMessage(number="WC-323", facts=facts))
                return replace(result, outcome="failed")
            if seconds is not None and now >= began + seconds:
                cut_short = self._function.kind is FunctionKind.ROUTINE
                return replace(result, outcome="stopped") if cut_short else result
            result = self._obey(result, controls)
            if self._function.results is not None and now >= results_at:
                results_at = now + RESULTS_S
                result = replace(result, results=self._asked_results(result.results))
                if not self._goes_on(result.results):
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

    def _goes_on(self, results: tuple[DecodedValue, ...]) -> bool:
        """Return whether the function still runs, as far as the description lets it be known."""
        function = self._function
        if function.kind is FunctionKind.OUTPUT:
            return True
        if function.kind is FunctionKind.OTHER:
            return False
        polled = function.results.results if function.results is not None else ()
        told = {f.name for f in (*function.start.results, *polled) if f.kind is ParameterKind.CHOICE}
        states = [value.value.casefold() for value in results if value.name in told]
        if any(word in state for state in states for word in RUNNING_WORDS):
            return True
        return not states and function.stop is not None

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
            exchange = self._ask(_request(service.request))
            if not exchange.positive:
                self._tell_refusal(exchange)
        return result

    def _asked_results(self, before: tuple[DecodedValue, ...]) -> tuple[DecodedValue, ...]:
        service = self._function.results
        assert service is not None  # noqa: S101  # the caller asked
        exchange = self._ask(_request(service.request))
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
            request = self._return_request() if self._driving else None
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
                facts = (("unit", self._unit.label), ("function", self._label))
                self._messages.append(RaisedMessage(number="WC-322", facts=facts))

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

    def _return_request(self) -> UdsRequest | None:
        function = self._function
        if function.kind is FunctionKind.OUTPUT:
            given = function.give_back.request if function.give_back is not None else b""
            return _request(given or function.start.request[:3] + b"\x00")
        return _request(function.stop.request) if function.stop is not None else None

    def _written(self, result: ActuationResult, entry_id: int) -> ActuationResult:
        details = _details(result)
        try:
            self._desk.orders.complete(
                entry_id, answer=result.answer, outcome=result.outcome, details=details
            )
        except ConsoleError as error:
            # It was done; that the book does not say so must be told.
            return replace(result, messages=(*result.messages, raised_by(error)))
        return result

    # -- small things ------------------------------------------------------------------------------

    @property
    def _label(self) -> str:
        return self._function.label or self._function.name

    def _entry(self, request: bytes) -> OrderEntry:
        routine = self._function.kind is FunctionKind.ROUTINE
        return OrderEntry(
            time=self._desk.clock.now(),
            vin=self._desk.vehicle.vin,
            vehicle_name=self._desk.vehicle.name,
            unit=self._unit.label,
            address=str(self._unit.address),
            kind=EntryKind.ROUTINE if routine else EntryKind.ACTUATION,
            what=self._label,
            request=request,
            who=self._desk.who,
        )

    def _tell_refusal(self, exchange: Exchange) -> None:
        if exchange.outcome is Outcome.CANCELLED:
            return
        if exchange.nrc is not None:
            facts = (("unit", self._unit.label), ("function", self._label), ("nrc", f"0x{exchange.nrc:02X}"))
            self._messages.append(RaisedMessage(number="WC-321", facts=facts))
            self._find_unmet(exchange.nrc)
        elif exchange.outcome is Outcome.LINK_LOST:
            self._messages.append(RaisedMessage(number="WC-203", facts=(("uri", self._link.uri),)))
        else:
            reason = exchange.reason.value if exchange.reason else ""
            self._messages.append(
                RaisedMessage(number="WC-302", facts=(("unit", self._unit.label), ("reason", reason)))
            )

    def _find_unmet(self, nrc: int) -> None:
        """Read again, after a refusal for what is around, which of the described conditions does not hold."""
        conditions = self._function.conditions
        if not conditions or nrc not in ABOUT_CONDITIONS or self._cancellation.requested:
            return
        self._conditions = check(self._link, self._unit, self._function, self._desk.coder, self._cancellation)
        if (unmet := _unmet(self._conditions)) is not None:
            self._messages.append(_condition_message(self._unit, unmet))

    def _decoded(self, service: ServiceForm, request: bytes, exchange: Exchange) -> tuple[DecodedValue, ...]:
        answers = [(service.name, request, exchange.payload)]
        return self._desk.coder.decode(self._unit.summary, self._unit.variant, answers)[0]

    def _ask(self, request: UdsRequest) -> Exchange:
        return self._script(_one(request))

    def _script(self, script: UnitScript[Result]) -> Result:
        task = UnitTask(address=self._unit.address, timing=self._unit.summary.timing, script=script)
        ((_, result),) = run_scripts(self._link, [task], self._cancellation)
        return result


def _details(result: ActuationResult) -> tuple[tuple[str, str], ...]:
    """Return settings and results as a person reads them; a setting that the answer repeats stands once."""
    function, set_to = result.function, dict(result.settings)
    parameters = {parameter.name: parameter for parameter in function.start.parameters}
    polled = function.results.results if function.results is not None else ()
    labels = {form.name: form.label for form in (*function.start.results, *polled)}
    found = []
    for name, value in result.settings:
        parameter = parameters.get(name)
        unit = parameter.unit if parameter is not None else ""
        found.append(((parameter.label if parameter is not None else "") or name, f"{value} {unit}".rstrip()))
    for told in result.results:
        if not _same(told.value, set_to.get(told.name, "")):
            found.append((labels.get(told.name) or told.name, told.text))
    return tuple(found)


def _same(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return one == other


def _unmet(conditions: tuple[CheckedCondition, ...]) -> CheckedCondition | None:
    return next((checked for checked in conditions if checked.holds is False), None)


def _condition_message(unit: DrivenUnit, unmet: CheckedCondition) -> RaisedMessage:
    facts = (("unit", unit.label), *unmet.condition.facts.items(), ("value", unmet.value))
    return RaisedMessage(number="WC-320", facts=facts)


def _one(request: UdsRequest) -> UnitScript[Exchange]:
    return (yield request)


def _echo(request: bytes) -> int:
    """Return how many bytes of a request its positive response repeats."""
    return {0x2F: 3, 0x31: 3, 0x11: 1, 0x28: 1, 0x85: 1, 0x22: 2, 0x2E: 2}.get(request[0], 0)


def _request(payload: bytes) -> UdsRequest:
    return UdsRequest(payload=payload, echo_bytes=min(_echo(payload), len(payload) - 1))

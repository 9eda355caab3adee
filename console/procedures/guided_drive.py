"""Drives one function for some seconds in a guided test, and gives control back in any case."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import Address
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.model.forms import FunctionForm, FunctionKind
from workshop_console.console.model.guided import ActuateStep, Driven, Reading
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, GuidedDriven, MessageRaised
from workshop_console.console.procedures.guided_test import DriveEnded
from workshop_console.console.procedures.scripts import (
    Conversation,
    Result,
    UnitScript,
    UnitTask,
    run_scripts,
)
from workshop_console.console.procedures.security_access import KeyRing, unlock
from workshop_console.console.procedures.services import described, diagnostic_session

LOOK_EVERY_S = 0.4
"""Between two readings while a function runs."""
_DEFAULT, _EXTENDED = 0x01, 0x03
_ROUTINE_CONTROL, _OUTPUT_CONTROL = 0x31, 0x2F
_RETURN_CONTROL = 0x00


class Journal(Protocol):
    """Writes a start request down before it goes out. Raises ConsoleError WC-6xx."""

    def begin(self, request: bytes) -> int:
        """Keep that `request` goes out."""

    def complete(self, entry_id: int, exchange: Exchange) -> None:
        """Add what came back."""


@dataclass(frozen=True, kw_only=True)
class DrivenFunction:
    """What is driven, and on which control unit."""

    unit: UnitSummary
    address: Address
    form: FunctionForm
    request: bytes
    """The start request, whole."""

    @property
    def unit_name(self) -> str:
        """What the unit is called in messages."""
        return self.unit.label or self.unit.name

    @property
    def name(self) -> str:
        """What the function is called in messages."""
        return self.form.label or self.form.name

    @property
    def end(self) -> UdsRequest | None:
        """The request that gives control back; None for what ends by itself."""
        if self.form.kind is FunctionKind.OUTPUT:
            form = self.form.give_back
            payload = form.request if form else bytes((*self.request[:3], _RETURN_CONTROL))
            return described(payload)
        return described(self.form.stop.request) if self.form.stop is not None else None


def drive_for(
    link: VehicleLink,
    function: DrivenFunction,
    step: ActuateStep,
    *,
    ring: Callable[[], KeyRing],
    journal: Journal,
    read: Callable[[], Reading],
    stop: Cancellation,
    stopwatch: Callable[[], float] = time.monotonic,
) -> Generator[Event, None, DriveEnded]:
    """Drive `function` until the seconds of `step` are over or `stop`; yields GuidedDriven meanwhile.

    `read` gives the value of the step as it is now. Control goes back before the result does, also when the
    generator is closed. Raises ConsoleError WC-203 when the connection goes away, WC-6xx when the start
    cannot be written down; then nothing was driven.
    """
    link.keep_alive((function.address,))
    held = False
    try:
        if (refused := _open(link, function, ring, stop)) is not None:
            return _not_driven(refused, stop)
        entry = journal.begin(function.request)
        # From here the function may run, whatever becomes of the answer.
        held = True
        answer = _one(link, function, _asked(_start_request(function)), stop)
        try:
            journal.complete(entry, answer)
        except ConsoleError as error:
            # It was driven; that the book does not say so must be told, not undone.
            yield MessageRaised(message=raised_by(error))
        if not answer.positive:
            held = answer.outcome is not Outcome.NEGATIVE
            _check_link(link)
            return _not_driven(_refusal(function, answer), stop)
        reading = yield from _watch(step, read, stop, stopwatch)
        held = not _give_back(link, function)
        yield GuidedDriven(step=step, elapsed_s=step.seconds, running=False, reading=reading)
        if held:
            facts = (("unit", function.unit_name), ("function", function.name))
            yield MessageRaised(message=RaisedMessage(number="WC-322", facts=facts))
            held = False
        return DriveEnded(driven=Driven.STOPPED if stop.requested else Driven.DONE, reading=reading)
    finally:
        # Nothing may be yielded here: the generator may be closed, or the job may be ending.
        with suppress(ConsoleError):
            if held:
                _give_back(link, function)
            _leave(link, function)
        link.keep_alive(())


def _watch(
    step: ActuateStep, read: Callable[[], Reading], stop: Cancellation, stopwatch: Callable[[], float]
) -> Generator[Event, None, Reading]:
    """Read the value again and again until the time is over, and return the last one."""
    woken = threading.Event()
    began = stopwatch()
    reading = Reading()
    yield GuidedDriven(step=step, elapsed_s=0)
    with stop.waking(woken.set):
        while not stop.requested and (left := began + step.seconds - stopwatch()) > 0:
            woken.wait(min(LOOK_EVERY_S, left))
            if stop.requested:
                break
            if step.measures:
                reading = read()
            yield GuidedDriven(step=step, elapsed_s=stopwatch() - began, reading=reading)
    return reading


def _start_request(function: DrivenFunction) -> UdsRequest:
    payload = function.request
    echo = {_ROUTINE_CONTROL: 3, _OUTPUT_CONTROL: 3}.get(payload[0], 0)
    return UdsRequest(payload=payload, echo_bytes=min(echo, len(payload) - 1), repeatable=False)


def _open(
    link: VehicleLink, function: DrivenFunction, ring: Callable[[], KeyRing], stop: Cancellation
) -> RaisedMessage | None:
    """Open the session and the security level that the function needs; return why that failed."""
    start = function.form.start
    session = _EXTENDED if not start.sessions or _EXTENDED in start.sessions else start.sessions[0]
    if session != _DEFAULT:
        opened = _one(link, function, _asked(diagnostic_session(session)), stop)
        _check_link(link)
        if not opened.positive and (opened.nrc is None or start.sessions):
            return _refusal(function, opened)
    if start.security_level and not stop.requested:
        unlocking = _one(link, function, unlock(Conversation(), start.security_level, ring()), stop)
        _check_link(link)
        if not unlocking.open and unlocking.messages:
            return unlocking.messages[-1]
    return None


def _asked(request: UdsRequest) -> UnitScript[Exchange]:
    answer = yield request
    return answer


def _one(
    link: VehicleLink, function: DrivenFunction, script: UnitScript[Result], cancellation: Cancellation
) -> Result:
    task = UnitTask(address=function.address, timing=function.unit.timing, script=script)
    ((_, result),) = run_scripts(link, [task], cancellation)
    return result


def _give_back(link: VehicleLink, function: DrivenFunction) -> bool:
    """Give control back and return whether that is certain; a routine that has ended refuses its stop."""
    if (end := function.end) is None:
        return True
    answer = _one(link, function, _asked(end), Cancellation())
    return answer.positive or (function.form.kind is FunctionKind.ROUTINE and answer.nrc is not None)


def _leave(link: VehicleLink, function: DrivenFunction) -> None:
    """End the session, which ends whatever still runs."""
    if not link.lost:
        _one(link, function, _asked(diagnostic_session(_DEFAULT)), Cancellation())


def _check_link(link: VehicleLink) -> None:
    if link.lost:
        raise ConsoleError("WC-203", uri=link.uri)


def _refusal(function: DrivenFunction, answer: Exchange) -> RaisedMessage:
    """Return the message for a request that did not bring what was asked for."""
    if answer.nrc is not None:
        return raised_by(
            ConsoleError("WC-321", unit=function.unit_name, function=function.name, nrc=f"0x{answer.nrc:02X}")
        )
    reason = (answer.reason or SilentReason.NO_ANSWER).value
    return raised_by(ConsoleError("WC-302", unit=function.unit_name, reason=reason))


def _not_driven(message: RaisedMessage, stop: Cancellation) -> DriveEnded:
    if stop.requested:
        return DriveEnded(driven=Driven.STOPPED)
    return DriveEnded(driven=Driven.REFUSED, reading=Reading(message=message))

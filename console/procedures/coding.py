"""Reads and writes codings (0x22, 0x2E): nothing is written that is not kept before and read back after."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.coding import CodingPlan, CodingReading, CodingResult
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.model.forms import CodingForm
from workshop_console.console.model.kept import EntryKind, KeptCoding
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.ports import Clock, Coder, Codings, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.coding_plan import decode_coding, label_of
from workshop_console.console.procedures.conditions import check_conditions
from workshop_console.console.procedures.desk import Desk
from workshop_console.console.procedures.events import (
    CodingRead,
    CodingWritten,
    Event,
    MessageRaised,
    Progress,
    Step,
    StepBegan,
)
from workshop_console.console.procedures.outcomes import outcome_of
from workshop_console.console.procedures.presence import answered
from workshop_console.console.procedures.scripts import (
    Conversation,
    Result,
    UnitScript,
    patiently,
    read_in_its_session,
    run_script,
)
from workshop_console.console.procedures.security_access import Unlocking, unlock
from workshop_console.console.procedures.services import (
    diagnostic_session,
    read_data_by_identifier,
    tester_present,
)

DEFAULT_SESSION, EXTENDED_SESSION = 0x01, 0x03
RESTART_TRIES = 4
"""How often a unit that fell silent after its coding is asked whether it is there again."""
RESTART_WAIT_MS = 1_000
WRITE_WAIT_MS = 5_000
"""P2 for 0x2E: many units write their memory first and answer then, without 0x78 in between."""
_SHOWN_BYTES = 32


def write_data_by_identifier(did: int, data: bytes) -> UdsRequest:
    """WriteDataByIdentifier (11.7); never sent twice on silence."""
    payload = b"\x2e" + did.to_bytes(2, "big") + data
    return UdsRequest(payload=payload, echo_bytes=2, first_wait_ms=WRITE_WAIT_MS, repeatable=False)


def read_codings(
    link: VehicleLink,
    unit: OpenedUnit,
    coder: Coder,
    cancellation: Cancellation,
    *,
    clock: Clock,
    vin: str,
) -> Generator[Event, None, tuple[CodingReading, ...]]:
    """Read the coding records of one unit and yield CodingRead for each; what could not be read says why."""
    yield StepBegan(step=Step.READING, detail=unit.label)
    found: list[CodingReading] = []
    for done, form in enumerate(unit.forms.codings, start=1):
        reading = CodingReading(
            unit=unit.summary,
            address=unit.address,
            variant=unit.variant,
            form=form,
            time=clock.now(),
            vin=vin,
        )
        answer = _one(link, reading, read_in_its_session(read_data_by_identifier(form.did)), cancellation)
        if answer.outcome is Outcome.CANCELLED:
            break
        reading = _with_answer(reading, answer, coder)
        if form.conditions and reading.data is not None:
            checked = check_conditions(
                link, unit.summary, unit.address, unit.forms, form.conditions, coder, cancellation
            )
            reading = replace(reading, conditions=checked)
        found.append(reading)
        yield CodingRead(reading=reading)
        yield Progress(done=done, total=len(unit.forms.codings))
        if answer.outcome is Outcome.LINK_LOST:
            raise ConsoleError("WC-203", uri=link.uri)
    return tuple(found)


def _one(
    link: VehicleLink, of: CodingReading, script: UnitScript[Result], cancellation: Cancellation
) -> Result:
    return run_script(link, of.address, of.unit.timing, script, cancellation)


def _with_answer(reading: CodingReading, answer: Exchange, coder: Coder) -> CodingReading:
    """Return `reading` with what the unit answered, or with why there is nothing."""
    if answer.positive and len(answer.payload) > 3:
        data = answer.payload[3:]
        options = decode_coding(coder, reading.unit, reading.variant, reading.form, data)
        return replace(reading, data=data, options=options)
    return replace(reading, messages=(_failure(reading.unit_name, answer, 0x22),))


def _failure(unit: str, answer: Exchange, service: int, uri: str = "") -> RaisedMessage:
    """Return the message for an exchange that did not bring what was asked for."""
    if answer.nrc is not None:
        facts = (("unit", unit), ("service", f"0x{service:02X}"), ("nrc", f"0x{answer.nrc:02X}"))
        return RaisedMessage(number="WC-303", facts=facts)
    if answer.outcome is Outcome.LINK_LOST:
        return RaisedMessage(number="WC-203", facts=(("uri", uri),))
    if answer.outcome is Outcome.BROKEN or answer.positive:
        reason = (answer.reason or SilentReason.TOO_SHORT).value
        raw = answer.payload[:_SHOWN_BYTES].hex(" ").upper()
        return RaisedMessage(number="WC-304", facts=(("unit", unit), ("reason", reason), ("raw", raw)))
    reason = (answer.reason or SilentReason.NO_ANSWER).value
    return RaisedMessage(number="WC-302", facts=(("unit", unit), ("reason", reason)))


def write_coding(
    link: VehicleLink,
    plan: CodingPlan,
    desk: Desk,
    codings: Codings,
    cancellation: Cancellation,
) -> Iterator[Event]:
    """Write what `plan` says and yield CodingWritten, the last event; `codings` keeps the old one.

    The record is read again first, then the old coding is kept; only then the unit is written to. From there
    on the procedure cannot be cancelled until the record was read back.

    Raises:
        ConsoleError: WC-330 for a draft that breaks a rule; WC-320 when a condition does not hold;
            WC-333 when the record was changed since it was read; WC-6xx when the old coding or
            the order entry cannot be kept. Nothing was written then.
    """
    before = plan.before
    for message in plan.broken:
        raise ConsoleError(message.number, **dict(message.facts))
    session = _session_for(before.form)
    if before.form.conditions:
        forms = desk.coder.forms(before.unit, before.variant)
        for checked in check_conditions(
            link, before.unit, before.address, forms, before.form.conditions, desk.coder, cancellation
        ):
            if checked.holds is False:
                raise ConsoleError(
                    "WC-320", unit=before.unit_name, value=checked.value, **checked.condition.facts
                )
    link.keep_alive((before.address,))
    try:
        with cancellation.locked():
            yield StepBegan(step=Step.WRITING, detail=label_of(before.form))
            yield Progress(done=0, total=1, can_cancel=False)
            result = _write(link, plan, desk, codings, session, cancellation)
            for message in result.messages:
                yield MessageRaised(message=message)
            yield CodingWritten(result=result)
            yield Progress(done=1, total=1)
    finally:
        link.keep_alive(())


def _session_for(form: CodingForm) -> int:
    """Return the session to write in: a described one, the extended where nothing is said."""
    sessions = form.write.sessions
    if not sessions or EXTENDED_SESSION in sessions:
        return EXTENDED_SESSION
    return DEFAULT_SESSION if DEFAULT_SESSION in sessions else sessions[0]


def _write(
    link: VehicleLink,
    plan: CodingPlan,
    desk: Desk,
    codings: Codings,
    session: int,
    cancellation: Cancellation,
) -> CodingResult:
    before, form = plan.before, plan.before.form
    try:
        ready = _one(link, before, _prepare(plan, session, desk), cancellation)
        if ready.changed:
            raise ConsoleError("WC-333", unit=before.unit_name, coding=label_of(form))
        if ready.messages:
            return CodingResult(
                plan=plan,
                written=False,
                outcome="not-sent",
                wait_s=ready.unlocking.wait_s if ready.unlocking else 0,
                messages=ready.messages,
            )
        kept_id = codings.keep(_as_kept(before, desk))
        request = write_data_by_identifier(form.did, plan.data)
        entry_id = _begin_entry(plan, request, desk)
        answer, back = _one(link, before, _write_and_read(request, form.did), cancellation)
        result = _result(plan, answer, back, desk, kept_id, link.uri)
        try:
            shown = back.payload.hex(" ").upper()
            details = ((request_text(form.did), shown),) if shown else ()
            desk.orders.complete(entry_id, answer=answer.payload, outcome=result.outcome, details=details)
        except ConsoleError as error:
            # It was written; that the book does not say so must be told, not undone.
            result = replace(result, messages=(*result.messages, raised_by(error)))
        return result
    finally:
        if session != DEFAULT_SESSION and not link.lost:
            _one(link, before, Conversation().ask(diagnostic_session(DEFAULT_SESSION)), cancellation)


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """What preparing a unit for writing brought."""

    changed: bool = False
    messages: tuple[RaisedMessage, ...] = ()
    """Why it cannot be written."""
    unlocking: Unlocking | None = None


def _prepare(plan: CodingPlan, session: int, desk: Desk) -> UnitScript[_Ready]:
    """Open the session, see that the record is still what was read, and unlock the unit."""
    before, talk = plan.before, Conversation()
    if session != DEFAULT_SESSION:
        opened = yield from talk.ask(diagnostic_session(session))
        if not opened.positive:
            # Some units have one session only; where the record can be read, writing is tried.
            if opened.nrc is None:
                return _Ready(messages=(_failure(before.unit_name, opened, 0x10),))
            if before.form.write.sessions:
                return _Ready(messages=(_failure(before.unit_name, opened, 0x10),))
    now = yield from talk.ask(read_data_by_identifier(before.form.did))
    if not now.positive or len(now.payload) <= 3:
        return _Ready(messages=(_failure(before.unit_name, now, 0x22),))
    if now.payload[3:] != before.data:
        return _Ready(changed=True)
    if level := before.form.write.security_level:
        unlocking = yield from unlock(talk, level, desk.ring())
        if not unlocking.open:
            return _Ready(messages=unlocking.messages, unlocking=unlocking)
    return _Ready()


def _write_and_read(request: UdsRequest, did: int) -> UnitScript[tuple[Exchange, Exchange]]:
    """Write once, then read what is there, also after a refusal or silence."""
    talk = Conversation()
    answer = yield from talk.ask(request)
    back = yield from talk.ask(read_data_by_identifier(did))
    if back.outcome is Outcome.SILENT:
        # Some units restart with a new coding.
        for _ in range(RESTART_TRIES):
            if answered((yield from patiently(talk.ask(tester_present()), RESTART_WAIT_MS))):
                break
        back = yield from read_in_its_session(read_data_by_identifier(did))
    return answer, back


def request_text(did: int) -> str:
    """Return how the request that reads a record is shown: bytes need no translation."""
    return f"22 {did >> 8:02X} {did & 0xFF:02X}"


def _as_kept(reading: CodingReading, desk: Desk) -> KeptCoding:
    return KeptCoding(
        time=desk.clock.now(),
        vin=reading.vin,
        unit=reading.unit.name,
        address=str(reading.address),
        variant=reading.variant,
        name=reading.form.name,
        did=reading.form.did,
        data=reading.data or b"",
        options=tuple((option.name, f"{option.value} {option.unit}".rstrip()) for option in reading.options),
        who=desk.who,
    )


def _begin_entry(plan: CodingPlan, request: UdsRequest, desk: Desk) -> int:
    before = plan.before
    changes = tuple(
        (change.label or label_of(before.form), f"{change.before} → {change.after}")
        for change in plan.changes
    )
    return desk.begin(
        EntryKind.CODING,
        label_of(before.form),
        unit=before.unit_name,
        address=before.address,
        request=request.payload,
        details=changes,
    )


def _result(
    plan: CodingPlan,
    answer: Exchange,
    back: Exchange,
    desk: Desk,
    kept_id: int,
    uri: str,
) -> CodingResult:
    before, form = plan.before, plan.before.form
    name, label = before.unit_name, label_of(form)
    unread = replace(before, time=desk.clock.now(), data=None, options=(), conditions=(), messages=())
    after = _with_answer(unread, back, desk.coder)
    messages: list[RaisedMessage] = []
    if answer.nrc is not None:
        refusal = (("unit", name), ("coding", label), ("nrc", f"0x{answer.nrc:02X}"))
        messages.append(RaisedMessage(number="WC-331", facts=refusal))
    elif not answer.positive and after.data != plan.data:
        messages.append(_failure(name, answer, 0x2E, uri))
    if after.data is None:
        messages.append(_failure(name, back, 0x22, uri))
        written = answer.positive
    else:
        written = after.data == plan.data or (answer.positive and after.data != before.data)
        if after.data not in (plan.data, before.data) or (answer.positive and after.data != plan.data):
            facts = (("unit", name), ("coding", label))
            messages.append(RaisedMessage(number="WC-332", facts=facts))
    return CodingResult(
        plan=plan,
        written=written,
        outcome=outcome_of(answer),
        after=after if after.data is not None else None,
        kept_id=kept_id,
        messages=tuple(dict.fromkeys(messages)),
    )

"""`flash`: judges files against the vehicle, starts the job that flashes, and follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop_console.console.cli.exit_codes import exit_code, worst
from workshop_console.console.cli.flash_following import follow, job_document, print_ends
from workshop_console.console.cli.output import BOLD, GREEN, RED, YELLOW, colour, print_json, wrap
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import FlashCheck, FlashFile, FlashPlan, FlashTarget, Light
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report_json import message_document
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    FlashPlanned,
    FlashStarted,
    MessageRaised,
    Step,
    StepBegan,
)
from workshop_console.i18n import formats
from workshop_console.i18n.flashing import (
    check_state_text,
    check_text,
    expected_text,
    found_text,
    identity_text,
    light_text,
)
from workshop_console.i18n.texts import _

_TONES = {Light.GREEN: GREEN, Light.YELLOW: YELLOW, Light.RED: RED}


@dataclass(frozen=True, kw_only=True)
class FlashRequest:
    """What was asked for."""

    ecu: tuple[str, ...]
    files: tuple[str, ...]
    sessions: tuple[str, ...]
    confirm: tuple[str, ...]
    yes: bool
    detach: bool
    pdx: tuple[str, ...]
    scan: bool


@dataclass(kw_only=True)
class _Told:
    """What the jobs told."""

    plan: FlashPlan | None = None
    job_id: int | None = None


def flash_command(session: Session, asked: FlashRequest) -> int:
    """Show the table; with --yes start the job and follow it to its end."""
    if not asked.files:
        raise ConsoleError("WC-103", detail="flash [--ecu NAME] FILE")
    if asked.ecu and len(asked.ecu) != len(asked.files):
        raise ConsoleError("WC-103", detail="--ecu NAME FILE --ecu NAME FILE")
    workshop = session.workshop
    session.tell(workshop.problems)
    raised: list[RaisedMessage] = []
    told = _Told()
    _run(session, lambda cancellation: _planning(session, asked, cancellation), told, raised)
    plan = told.plan
    if plan is None:
        return _end(
            session, told, [*raised, RaisedMessage(number="WC-311", facts=(("done", 0), ("total", 0)))]
        )
    if not session.as_json:
        _print_plan(session, plan)
    if refusals := _refusals(plan, asked):
        return _end(session, told, [*raised, *refusals])
    _run(session, lambda _cancellation: workshop.flashing.start(plan, asked.confirm), told, raised)
    if told.job_id is None:
        return _end(session, told, raised)
    if asked.detach:
        session.note(_("Flash job {number} runs.").format(number=told.job_id))
        return _end(session, told, raised)
    code = follow(session, told.job_id, raised)
    _end(session, told, raised)
    return code


def _run(
    session: Session,
    work: Callable[[Cancellation], Iterator[Event]],
    told: _Told,
    raised: list[RaisedMessage],
) -> None:
    for event in run_job(session, work):
        match event:
            case FlashPlanned():
                told.plan = event.plan
            case FlashStarted():
                told.job_id = event.flash_id
            case MessageRaised():
                raised.append(event.message)


def _planning(session: Session, asked: FlashRequest, cancellation: Cancellation) -> Iterator[Event]:
    flashing = session.workshop.flashing
    wanted: list[tuple[str, FlashFile]] = []
    for number, name in enumerate(asked.files):
        yield StepBegan(step=Step.READING_FLASH_FILE, detail=clean(Path(name).name))
        found = flashing.read(Path(name))
        if asked.sessions:
            found = [file for file in found if not file.name or file.name in asked.sessions]
        wanted += _chosen(asked.ecu[number] if asked.ecu else "", name, found)
    pdx = [Path(name) for name in asked.pdx]
    yield from flashing.plan(wanted, cancellation=cancellation, pdx=pdx, scan=asked.scan)


def _chosen(ecu: str, name: str, found: Sequence[FlashFile]) -> list[tuple[str, FlashFile]]:
    """Return what of a file is for `ecu`, all of it where none is named. Raises ConsoleError WC-103."""
    if not ecu:
        return [("", file) for file in found]
    for_unit = [file for file in found if file.manifest.unit.casefold() == ecu.casefold()]
    if len(for_unit or found) != 1:
        names = " | ".join(f"--session {file.name}" for file in for_unit or found)
        raise ConsoleError("WC-103", detail=clean(f"{name}: {names or '-'}", longest=300))
    return [(ecu, (for_unit or found)[0])]


def _refusals(plan: FlashPlan, asked: FlashRequest) -> list[RaisedMessage]:
    """Return why it does not begin: something red, yellow that is not confirmed, or no --yes."""
    for target in plan.targets:
        if target.light is Light.RED:
            red = [check.message for check in target.checks if check.light is Light.RED and check.message]
            last = RaisedMessage(number="WC-743", facts=(("unit", target.label or target.unit),))
            return [*dict.fromkeys(red), last]
    if not asked.yes:
        return [RaisedMessage(number="WC-109", facts=(("detail", "flash --yes"),))]
    for target in plan.targets:
        if target.light is Light.YELLOW and target.unit not in asked.confirm:
            return [RaisedMessage(number="WC-745", facts=(("unit", target.unit),))]
    return []


def _end(session: Session, told: _Told, raised: Sequence[RaisedMessage]) -> int:
    """Tell the messages, print the document, and return the exit code."""
    session.tell(raised)
    job = session.workshop.flashing.job(told.job_id) if told.job_id is not None else None
    if session.as_json:
        messages = session.workshop.raised(raised)
        print_json(
            {
                "plan": _plan_document(told.plan) if told.plan is not None else None,
                "job": job_document(session, job) if job is not None else None,
                "messages": [message_document(message) for message in messages],
            }
        )
    elif job is not None and job.results:
        print_ends(session, job)
    return worst([exit_code(message.number) for message in raised])


# -- the table -------------------------------------------------------------------------------------


def _print_plan(session: Session, plan: FlashPlan) -> None:
    print(colour(f"{plan.vehicle_name}  {plan.vin}".strip(), BOLD))
    for target in plan.targets:
        manifest = target.file.manifest
        light = colour(light_text(target.light), _TONES[target.light])
        print(f"\n{colour(f'{target.label}  {target.unit}  {target.address}'.strip(), BOLD)}  {light}")
        print(f"  {identity_text(target.identity)} → {manifest.software} {manifest.version}".rstrip())
        for check in target.checks:
            text = f"{check_text(check.id)}: {_found(session, check)}"
            tone = _TONES[Light.YELLOW if check.is_note else check.light]
            print(colour(wrap(f"{check_state_text(check)}  {text}", "      ", "  "), tone))
        time = formats.duration_ms(round(target.estimate_s) * 1_000)
        print(f"  {_('Time estimate')}: {_('about {time}').format(time=time)}")
    print()


def _found(session: Session, check: FlashCheck) -> str:
    text = found_text(check)
    if expected := expected_text(check):
        text = _("{found}; expected {expected}").format(found=text, expected=expected)
    if check.message is not None:
        (message,) = session.workshop.raised(check.message)
        text = f"{text}  {message.number} {message.title}"
    return text


def _plan_document(plan: FlashPlan) -> dict[str, Any]:
    return {
        "vehicle": {"vin": plan.vin, "name": plan.vehicle_name},
        "vci": plan.vci_given or plan.vci,
        "light": plan.light.value,
        "readout": plan.readout or None,
        "units": [_target_document(target) for target in plan.targets],
    }


def _target_document(target: FlashTarget) -> dict[str, Any]:
    manifest = target.file.manifest
    return {
        "name": target.unit,
        "label": target.label,
        "address": str(target.address),
        "light": target.light.value,
        "hardware": target.identity.hardware,
        "software": target.identity.software,
        "version": target.identity.version,
        "boot_loader": target.identity.boot_loader,
        "file": target.file.path,
        "session": target.file.name,
        "new_software": manifest.software,
        "new_version": manifest.version,
        "bytes": manifest.stored,
        "estimate_ms": round(target.estimate_s * 1_000),
        "checks": [
            {
                "id": check.id.value,
                "light": check.light.value,
                "value": check.value,
                "expected": expected_text(check),
                "message": check.message.number if check.message is not None else None,
            }
            for check in target.checks
        ],
    }

"""`code`: the codings of one control unit, shown, changed or put back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop_console.console.cli.exit_codes import exit_code, worst
from workshop_console.console.cli.output import BOLD, GREEN, RED, YELLOW, colour, print_json, wrap
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.coding import CodingPlan, CodingReading, CodingResult
from workshop_console.console.model.coding_json import coding_document, unit_document
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.forms import ParameterForm
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.events import CodingRead, CodingWritten, MessageRaised, UnitsPlanned
from workshop_console.i18n import formats
from workshop_console.i18n.described import condition_text
from workshop_console.i18n.texts import _


@dataclass(frozen=True, kw_only=True)
class CodeRequest:
    """What was asked for."""

    ecu: str | None
    coding: str | None
    changes: tuple[str, ...]
    restore: int | None
    kept: bool
    yes: bool
    pdx: tuple[str, ...]
    scan: bool


def code_command(session: Session, asked: CodeRequest) -> int:
    """Show, plan or write; without --yes nothing is written."""
    if not asked.ecu:
        raise ConsoleError("WC-103", detail="--ecu NAME|ADDRESS")
    if asked.changes and asked.restore is not None:
        raise ConsoleError("WC-103", detail="--set | --restore")
    wanted = dict(_assignment(text) for text in asked.changes)
    workshop = session.workshop
    session.tell(workshop.problems)
    raised: list[RaisedMessage] = []
    planned: list[UnitSummary] = []
    readings = _read(session, asked, raised, planned)
    kept = workshop.codings.kept_of(readings[0].vin, readings[0].unit.name) if readings else ()
    plan, result = _planned(session, readings, wanted, kept, asked), None
    if plan is not None:
        raised += plan.messages
        if asked.yes and plan.data != plan.before.data:
            result = _write(session, plan, raised)
    session.tell(raised)
    if session.as_json:
        document = coding_document(
            [plan.before] if plan else readings,
            plan=plan,
            result=result,
            kept=kept if asked.kept else None,
            messages=workshop.raised(raised),
        )
        if document["unit"] is None and planned:
            document["unit"] = unit_document(planned[0])
        print_json(document)
    elif plan is not None:
        _print_plan(plan, result)
    elif asked.kept:
        _print_kept(kept)
    else:
        _print_readings(readings)
    return worst([exit_code(message.number) for message in raised])


def _assignment(text: str) -> tuple[str, str]:
    """Return NAME and VALUE. Raises ConsoleError WC-103."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConsoleError("WC-103", detail=clean(f"--set {text}", longest=120))
    return name.strip(), value.strip()


def _read(
    session: Session, asked: CodeRequest, raised: list[RaisedMessage], planned: list[UnitSummary]
) -> list[CodingReading]:
    """Read the codings asked for. Raises ConsoleError WC-411 when the unit has no such coding."""
    codings, files = session.workshop.codings, [Path(name) for name in asked.pdx]
    ecu = asked.ecu or ""
    readings: list[CodingReading] = []
    for event in run_job(
        session,
        lambda cancellation: codings.read([ecu], cancellation=cancellation, pdx=files, scan=asked.scan),
    ):
        match event:
            case CodingRead(reading=reading) if asked.coding is None or _called(reading, asked.coding):
                readings.append(reading)
                raised += reading.messages
            case UnitsPlanned(units=units):
                planned[:] = units
            case MessageRaised(message=message):
                raised.append(message)
    if not readings and asked.coding is not None:
        raise ConsoleError("WC-411", name=clean(asked.coding, longest=80), unit=clean(ecu, longest=80))
    return readings


def _called(reading: CodingReading, name: str) -> bool:
    names = (reading.form.name, reading.form.label, f"{reading.form.did:04X}")
    return name.casefold() in (known.casefold() for known in names)


def _planned(
    session: Session,
    readings: Sequence[CodingReading],
    wanted: dict[str, str],
    kept: Iterable[KeptCoding],
    asked: CodeRequest,
) -> CodingPlan | None:
    """Return what would be written, or None when nothing is to change. Raises ConsoleError WC-334, WC-412."""
    codings = session.workshop.codings
    if asked.restore is not None:
        found = next((coding for coding in kept if coding.coding_id == asked.restore), None)
        reading = next((r for r in readings if found and r.form.name == found.name), None)
        if found is None or reading is None:
            raise ConsoleError("WC-334", unit=asked.ecu or "", coding=asked.restore)
        return codings.plan_restore(reading, found)
    if not wanted:
        return None
    options = {name: _having(readings, name) for name in wanted}
    reading, _first = next(iter(options.values()))
    for name, (other, _parameter) in options.items():
        if other is not reading:
            raise ConsoleError("WC-103", detail=clean(f"--coding NAME --set {name}=…", longest=120))
    return codings.plan(reading, {options[name][1].name: value for name, value in wanted.items()})


def _having(readings: Sequence[CodingReading], name: str) -> tuple[CodingReading, ParameterForm]:
    """Return the coding that has an option of this name or label. Raises ConsoleError WC-412, WC-103."""
    found = [
        (reading, parameter)
        for reading in readings
        for parameter in reading.form.write.parameters
        if name.casefold() in (parameter.name.casefold(), parameter.label.casefold())
    ]
    if not found:
        known = ", ".join(p.name for r in readings for p in r.form.write.parameters)
        raise ConsoleError(
            "WC-412", parameter=clean(name, longest=80), value="", expected=clean(known, longest=400)
        )
    if len({id(reading) for reading, _parameter in found}) > 1:
        raise ConsoleError("WC-103", detail=" | ".join(f"--coding {r.form.name}" for r, _p in found))
    exact = [entry for entry in found if entry[1].name == name]
    return (exact or found)[0]


def _write(session: Session, plan: CodingPlan, raised: list[RaisedMessage]) -> CodingResult | None:
    result = None
    codings = session.workshop.codings
    for event in run_job(session, lambda cancellation: codings.write(plan, cancellation=cancellation)):
        match event:
            case CodingWritten():
                result = event.result
            case MessageRaised(message=message):
                raised.append(message)
    return result


# -- for people ----------------------------------------------------------------------------------------


def _print_readings(readings: Sequence[CodingReading]) -> None:
    if not readings:
        print(_("No codings are described for this control unit."))
        return
    first = readings[0]
    print(colour(f"{first.unit_name}  {first.address}  {first.variant}".rstrip(), BOLD))
    for reading in readings:
        print()
        print(colour(f"{reading.form.name}  {reading.form.label}  {reading.form.did:04X}", BOLD))
        for option in reading.form.write.parameters:
            value = reading.values.get(option.name, "-")
            shown = f"{value} {option.unit}".rstrip()
            print(wrap(f"{option.name} = {shown}   ({_choices(option)})", "      ", "  "))
        for checked in reading.conditions:
            state = {True: _("met"), False: _("not met"), None: _("check yourself")}[checked.holds]
            tone = {True: GREEN, False: RED, None: YELLOW}[checked.holds]
            value = f" ({formats.measured(checked.value)})" if checked.value else ""
            print(colour(wrap(f"{condition_text(checked.condition)}: {state}{value}", "      ", "  "), tone))
        if reading.data is not None:
            print(wrap(f"{_('Raw')}: {reading.data.hex(' ').upper()}", "      ", "  "))


def _choices(option: ParameterForm) -> str:
    if option.choices:
        return " | ".join(option.choices)
    low, high = ("" if limit is None else f"{limit:g}" for limit in (option.low, option.high))
    return f"{low} … {high} {option.unit}".strip() if low or high else option.kind.value


def _print_plan(plan: CodingPlan, result: CodingResult | None) -> None:
    before = plan.before
    print(colour(f"{before.unit_name}  {before.address}  {before.form.label or before.form.name}", BOLD))
    if plan.data == before.data:
        print(_("Nothing to change: the control unit has it already."))
        return
    for change in plan.changes:
        name = change.label or _("Bits that no option describes")
        old, new = (formats.measured(f"{v} {change.unit}".rstrip()) for v in (change.before, change.after))
        print(wrap(f"{name}: {old} → {new}", "      ", "  "))
    print(f"  {_('Before')}: {(before.data or b'').hex(' ').upper()}")
    print(f"  {_('After')}:  {plan.data.hex(' ').upper()}")
    if result is None:
        print(_("Nothing was written. With --yes it is."))
    elif result.written:
        text = _("Written and read back.") if result.after else _("Written.")
        print(colour(text, GREEN if not result.messages else YELLOW))
    else:
        print(colour(_("Not written."), RED))
    if result is not None and result.kept_id:
        print(_("The coding from before is kept: --restore {number}").format(number=result.kept_id))


def _print_kept(kept: Sequence[KeptCoding]) -> None:
    if not kept:
        print(_("No codings are kept of this control unit."))
    for coding in kept:
        print(
            wrap(
                f"{coding.coding_id}  {formats.moment(coding.time)}  {coding.name}  {coding.variant}"
                f"  {coding.data.hex(' ').upper()}  {coding.who}".rstrip(),
                "      ",
                "",
            )
        )

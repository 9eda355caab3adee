"""`actuate`: drives one function of a control unit, or says what can be driven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import BOLD, GREEN, RED, YELLOW, colour, print_json, wrap
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.clean import clean
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.forms import FunctionForm, FunctionKind, ParameterForm
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.report_json import message_document
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    ActuationChecked,
    ActuationEnded,
    Event,
    FunctionsOffered,
    MessageRaised,
)
from workshop_console.i18n import formats
from workshop_console.i18n.described import condition_text, warning_text
from workshop_console.i18n.explain import outcome_text
from workshop_console.i18n.texts import _, pgettext

OUTPUT_S = 3.0
"""How long an output is driven where nothing else is asked for."""


@dataclass(frozen=True, kw_only=True)
class ActuateRequest:
    """What was asked for."""

    ecu: str | None
    function: str | None
    settings: tuple[str, ...]
    yes: bool
    list_: bool
    seconds: float | None
    pdx: tuple[str, ...]
    scan: bool


@dataclass(kw_only=True)
class _Told:
    """What the job told."""

    unit: OpenedUnit | None = None
    conditions: tuple[CheckedCondition, ...] = ()
    result: ActuationResult | None = None


def actuate_command(session: Session, asked: ActuateRequest) -> int:
    """Drive, or without --yes say what would be driven; control is given back in any case."""
    if not asked.ecu:
        raise ConsoleError("WC-103", detail="--ecu NAME|ADDRESS")
    if not asked.function and not asked.list_:
        raise ConsoleError("WC-103", detail="--function NAME | --list")
    settings = dict(_assignment(text) for text in asked.settings)
    session.tell(session.workshop.problems)
    raised: list[RaisedMessage] = []
    told = _Told()
    for event in run_job(session, lambda cancellation: _job(session, asked, settings, cancellation)):
        match event:
            case FunctionsOffered():
                told.unit = event.units[0] if event.units else None
            case ActuationChecked():
                told.conditions = event.conditions
            case ActuationEnded():
                told.result = event.result
            case MessageRaised():
                raised.append(event.message)
    if told.result is not None:
        raised += told.result.messages
    if not asked.list_ and not asked.yes:
        raised.append(RaisedMessage(number="WC-109", facts=(("detail", "actuate --yes"),)))
    session.tell(raised)
    function = told.unit.function(asked.function or "") if told.unit is not None else None
    if session.as_json:
        document = _document(told, function)
        document["messages"] = [message_document(m) for m in session.workshop.raised(raised)]
        print_json(document)
    elif told.unit is not None:
        if function is None:
            _print_functions(told.unit)
        else:
            _print_run(told, function)
    codes = [exit_code(message.number) for message in raised]
    if told.result is not None and told.result.given_back is False:
        codes.append(ExitCode.FAILURES)
    if told.result is not None and _interrupted(told.result, asked.seconds):
        codes.append(ExitCode.INTERRUPTED)
    return worst(codes)


def _interrupted(result: ActuationResult, seconds: float | None) -> bool:
    """Return whether it was ended from outside, not by its time."""
    its_time = seconds if result.function.kind is FunctionKind.ROUTINE else None
    return result.outcome == "stopped" and (its_time is None or result.elapsed_s < its_time)


def _assignment(text: str) -> tuple[str, str]:
    """Return NAME and VALUE. Raises ConsoleError WC-103."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConsoleError("WC-103", detail=clean(f"--set {text}", longest=120))
    return name.strip(), value.strip()


def _job(
    session: Session, asked: ActuateRequest, settings: dict[str, str], cancellation: Cancellation
) -> Iterator[Event]:
    actuations = session.workshop.actuations
    files = [Path(name) for name in asked.pdx]
    if asked.list_ or not asked.function:
        yield from actuations.offer([asked.ecu or ""], cancellation=cancellation, pdx=files, scan=asked.scan)
        return
    yield from actuations.run_called(
        asked.ecu or "",
        asked.function,
        settings,
        cancellation=cancellation,
        seconds=asked.seconds,
        default_s=OUTPUT_S,
        send=asked.yes,
        pdx=files,
        scan=asked.scan,
    )


def _document(told: _Told, function: FunctionForm | None) -> dict[str, Any]:
    unit, result = told.unit, told.result
    document: dict[str, Any] = {
        "unit": unit.summary.name if unit is not None else None,
        "address": str(unit.address) if unit is not None else None,
        "variant": unit.variant if unit is not None else None,
        "function": function.name if function is not None else None,
    }
    if unit is not None and function is None:
        document["functions"] = [_function(form) for form in unit.forms.functions]
    document["conditions"] = [
        {"text": condition_text(c.condition), "value": c.value, "ok": c.holds} for c in told.conditions
    ]
    document["request"] = result.request.hex().upper() if result else None
    document["answer"] = result.answer.hex().upper() if result else None
    document["outcome"] = result.outcome if result else None
    document["given_back"] = result.given_back if result else None
    document["elapsed_ms"] = round(result.elapsed_s * 1000) if result else None
    document["results"] = [
        {"name": v.name, "value": v.value, "unit": v.unit, "raw": v.raw.hex().upper()}
        for v in (result.results if result else ())
    ]
    document["values"] = [
        {"name": row.name.value, "label": row.label, "value": row.text, "unit": row.unit}
        for row in (result.values if result else ())
    ]
    return document


def _function(form: FunctionForm) -> dict[str, Any]:
    return {
        "name": form.name,
        "label": form.label,
        "kind": form.kind.value,
        "description": form.description,
        "warning": warning_text(form),
        "conditions": [condition_text(condition) for condition in form.conditions],
        "related": list(form.related),
        "parameters": [
            {
                "name": p.name,
                "label": p.label,
                "unit": p.unit,
                "choices": list(p.choices),
                "low": p.low,
                "high": p.high,
                "default": p.default,
            }
            for p in form.start.parameters
        ],
    }


def kind_text(kind: FunctionKind) -> str:
    """Return what a kind of function is called."""
    return {
        FunctionKind.OUTPUT: _("output"),
        FunctionKind.ROUTINE: _("routine"),
        FunctionKind.OTHER: pgettext("function", "service"),
    }[kind]


def allowed_text(parameter: ParameterForm) -> str:
    """Return what a parameter may be: its texts, or its range."""
    if parameter.choices:
        return " | ".join(parameter.choices)
    if parameter.low is None and parameter.high is None:
        return parameter.unit
    low = formats.number(parameter.low) if parameter.low is not None else "…"
    high = formats.number(parameter.high) if parameter.high is not None else "…"
    return f"{low} … {high} {parameter.unit}".rstrip()


def checked_text(checked: CheckedCondition) -> str:
    """Return a condition with a word for how it stands."""
    state = {True: _("met"), False: _("not met"), None: _("to be checked by you")}[checked.holds]
    value = f" ({formats.measured(checked.value)})" if checked.value else ""
    return f"{condition_text(checked.condition)}: {state}{value}"


def _polled_results(function: FunctionForm) -> tuple[ParameterForm, ...]:
    return function.results.results if function.results is not None else ()


def _print_functions(unit: OpenedUnit) -> None:
    print(colour(f"{unit.label}  {unit.address}  {unit.variant}".rstrip(), BOLD))
    if not unit.forms.functions:
        print("  " + _("No functions are described."))
    for form in unit.forms.functions:
        print(f"\n{form.name}  {form.label}  ({kind_text(form.kind)})")
        if form.description:
            print(wrap(form.description, "  "))
        _print_parameters(form.start.parameters)


def _print_parameters(parameters: Sequence[ParameterForm]) -> None:
    for parameter in parameters:
        default = f"  [{parameter.default}]" if parameter.default is not None else ""
        print(wrap(f"--set {parameter.name}={allowed_text(parameter)}{default}", "    ", "  "))


def _print_run(told: _Told, function: FunctionForm) -> None:
    assert told.unit is not None  # noqa: S101  # the caller looked
    print(colour(f"{told.unit.label}: {function.label or function.name}", BOLD))
    if function.description:
        print(wrap(function.description, "  "))
    if warning := warning_text(function):
        print(colour(wrap(f"{_('Warning')}: {warning}", "  "), YELLOW))
    if not told.conditions:
        print("  " + _("No conditions are described."))
    for checked in told.conditions:
        tone = {True: GREEN, False: RED, None: YELLOW}[checked.holds]
        print("  " + colour(checked_text(checked), tone))
    result = told.result
    if result is None:
        _print_parameters(function.start.parameters)
        return
    print(f"  {_('Result')}: {outcome_text(result.outcome)}")
    labels = {form.name: form.label for form in (*function.start.results, *_polled_results(function))}
    for value in result.results:
        print(f"    {labels.get(value.name) or value.name}: {formats.measured(value.text)}")
    for row in result.values:
        text = f"{row.text or '-'} {row.unit}".rstrip()
        print(f"    {row.label}: {formats.measured(text)}")
    if result.given_back is not None:
        print(
            "  " + (_("Control was given back.") if result.given_back else _("Control was not given back."))
        )
    if result.answer:
        print(f"  {_('Answer')}: {result.answer.hex(' ').upper()}")

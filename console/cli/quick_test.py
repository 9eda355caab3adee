"""`quick-test`: all control units at once, as a table or a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import RED, YELLOW, Column, colour, print_json, print_table, wrap
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.dtc import FaultState
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.report import QuickTestReport, ReportComparison, UnitResult, UnitState
from workshop_console.console.model.report_json import quick_test_document
from workshop_console.console.procedures.events import MessageRaised, ReportFinished
from workshop_console.console.procedures.quick_test import FAILED_STATES
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _

if TYPE_CHECKING:
    from workshop_console.console.jobs.workshop import Workshop


def quick_test_command(session: Session, *, pdx: Sequence[str], scan: bool, html: str | None) -> int:
    """Run a quick test, print it and keep it."""
    workshop = session.workshop
    session.tell(workshop.problems)
    report: QuickTestReport | None = None
    raised: list[RaisedMessage] = []
    files = [Path(name) for name in pdx]
    events = run_job(
        session, lambda cancellation: workshop.quick_test(cancellation=cancellation, pdx=files, scan=scan)
    )
    for event in events:
        if isinstance(event, MessageRaised):
            raised.append(event.message)
        elif isinstance(event, ReportFinished):
            report = event.report
    if report is None:
        session.tell(raised)
        return worst(exit_code(message.number) for message in raised)
    if html is not None:
        written = write_page(workshop, report, html)
        raised.append(written)
        if exit_code(written.number) is not ExitCode.DONE:
            report = replace(report, messages=(*report.messages, written))
    session.tell(raised)
    if session.as_json:
        print_json(quick_test_document(report, workshop.raised(report.messages), explain.fault_text))
    else:
        print_report(report)
    return quick_test_code(report)


def write_page(workshop: Workshop, shown: QuickTestReport | ReportComparison, file: str) -> RaisedMessage:
    """Write a page to print, and return the message that says so or why not."""
    try:
        written = workshop.export(shown, Path(file), "html")
    except ConsoleError as error:
        return raised_by(error)
    return RaisedMessage(number="WC-607", facts=(("file", str(written)),))


def quick_test_code(report: QuickTestReport) -> ExitCode:
    """Return the exit code of a finished test."""
    numbers = [message.number for message in report.messages]
    codes = {exit_code(number) for number in numbers if number != "WC-207" or not report.units}
    if any(unit.state in FAILED_STATES for unit in report.units):
        codes.add(ExitCode.FAILURES)
    return worst(codes)


STATE_COLOURS = {
    UnitState.FAULTS: RED,
    UnitState.SILENT: YELLOW,
    UnitState.REFUSED: YELLOW,
    UnitState.ERROR: YELLOW,
    UnitState.UNKNOWN_VARIANT: YELLOW,
}


def print_report(report: QuickTestReport) -> None:
    """Print a report: the vehicle, a table of the units, then the faults."""
    vehicle = report.vehicle
    voltage = formats.voltage(vehicle.voltage_v) if vehicle.voltage_v is not None else ""
    print("  ".join(part for part in (vehicle.name, vehicle.vin, voltage) if part) or report.vci)
    print(f"{formats.moment(report.started)}  {report.vci}  {formats.duration_ms(report.duration_ms)}")
    print()
    columns = (
        Column(title=_("State"), least=8, most=16),
        Column(title=_("Control unit"), least=16, most=34),
        Column(title=_("Variant"), least=6, most=24),
        Column(title=_("Current"), least=3, most=9, right=True),
        Column(title=_("Stored"), least=3, most=11, right=True),
        Column(title=_("Time"), least=6, most=8, right=True),
    )
    rows = [
        (
            explain.unit_state_text(unit.state),
            unit.label or unit.name,
            unit.variant,
            str(unit.current),
            str(unit.remembered),
            formats.duration_ms(unit.time_ms),
        )
        for unit in report.units
    ]
    print_table(columns, rows, [STATE_COLOURS.get(unit.state, "") for unit in report.units])
    for unit in report.units:
        print_unit_details(unit)
    if not report.complete:
        print()
        print(_("The test is not complete."))


def print_unit_details(unit: UnitResult) -> None:
    """Print why a unit gave no usable answer, and its faults."""
    reason = explain.unit_reason_text(unit)
    faults = [fault for fault in unit.faults if fault.state is not FaultState.NOT_TESTED]
    if not reason and not faults:
        return
    print()
    print(f"{unit.label or unit.name}  {unit.address}")
    if reason:
        print(wrap(reason, "  "))
    for fault in faults:
        state = explain.fault_state_text(fault.state)
        text = f"{fault.code}  {state}  {explain.fault_text(fault)}"
        print(colour(wrap(text, "    ", "  "), RED if fault.state is FaultState.CURRENT else ""))

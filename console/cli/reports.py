"""`reports`: what was kept, one of it, or two side by side."""

from __future__ import annotations

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import BOLD, Column, colour, print_json, print_table, wrap
from workshop_console.console.cli.quick_test import print_report, write_page
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.report import QuickTestReport, ReportComparison
from workshop_console.console.model.report_json import quick_test_document, utc_text
from workshop_console.console.reports.writing import comparison_document
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _


def reports_command(
    session: Session, report_id: int | None, compared: tuple[int, int] | None, html: str | None
) -> int:
    """List the kept reports, show one, or compare two."""
    workshop = session.workshop
    session.tell(workshop.problems)
    shown: QuickTestReport | ReportComparison
    if compared is not None:
        shown = workshop.compare(workshop.report(compared[0]), workshop.report(compared[1]))
    elif report_id is not None:
        shown = workshop.report(report_id)
    elif html is not None:
        raise ConsoleError("WC-103", detail="reports ID --html FILE")
    else:
        return _list(session)
    told = [] if html is None else [write_page(workshop, shown, html)]
    if session.as_json and isinstance(shown, ReportComparison):
        print_json(comparison_document(shown, explain.fault_text))
    elif session.as_json and isinstance(shown, QuickTestReport):
        print_json(quick_test_document(shown, workshop.raised(shown.messages), explain.fault_text))
    elif isinstance(shown, ReportComparison):
        print_comparison(shown)
    else:
        print_report(shown)
    session.tell(told)
    return worst(exit_code(message.number) for message in told)


def _list(session: Session) -> int:
    reports = session.workshop.reports()
    if session.as_json:
        print_json(
            {
                "reports": [
                    {
                        "id": report.report_id,
                        "kind": report.kind,
                        "started": utc_text(report.started),
                        "vin": report.vin,
                        "name": report.vehicle_name,
                        "vci": report.vci,
                        "units": report.units,
                        "faulty": report.faulty,
                        "silent": report.silent,
                        "faults": report.faults,
                        "complete": report.complete,
                    }
                    for report in reports
                ]
            }
        )
        return ExitCode.DONE
    if not reports:
        print(_("No reports are kept yet."))
        return ExitCode.DONE
    print_table(
        (
            Column(title=_("No."), least=3, most=6, right=True),
            Column(title=_("Kind"), least=8, most=14),
            Column(title=_("Date"), least=14, most=20),
            Column(title=_("VIN"), least=17, most=17),
            Column(title=_("Units"), least=5, most=8, right=True),
            Column(title=_("Faults"), least=5, most=8, right=True),
        ),
        [
            (
                str(report.report_id),
                report_kind(report.kind),
                formats.moment(report.started),
                report.vin,
                str(report.units),
                str(report.faults),
            )
            for report in reports
        ],
    )
    return ExitCode.DONE


def report_kind(kind: str) -> str:
    """Return the word for a kind of report."""
    return _("Readout") if kind == "readout" else _("Quick test")


def print_comparison(comparison: ReportComparison) -> None:
    """Print what is gone, new and still there, unit by unit."""
    first, last = comparison.first, comparison.last
    print(f"{formats.moment(first.started)}  {first.vehicle.vin or first.vci}")
    print(f"{formats.moment(last.started)}  {last.vehicle.vin or last.vci}")
    if not comparison.same_vin:
        print(wrap(_("The reports are not of the same vehicle, or one has no VIN.")))
    for unit in comparison.units:
        if unit.comparable and not unit.changes:
            continue
        print()
        print(colour(f"{unit.label or unit.name}  {unit.address}", BOLD))
        if not unit.comparable:
            print(wrap(_("The fault memory was not read in both tests."), "  "))
        for change in unit.changes:
            fault = change.after or change.before
            if fault is not None:
                word = explain.change_text(change.change)
                print(wrap(f"{word}  {fault.code}  {explain.fault_text(fault)}", "    ", "  "))

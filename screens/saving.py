"""F7: writes a report as a file, and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import FlashReport
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import QuickTestReport, ReportComparison
from workshop_console.i18n.texts import _
from workshop_console.screens.box import Choice
from workshop_console.screens.console_port import Console


def save_report(console: Console, report: QuickTestReport | ReportComparison) -> None:
    """Ask for the form, write the file beside the screen, show WC-607 with its name."""
    workshop = console.session.workshop
    vehicle = (report.last if isinstance(report, ReportComparison) else report).vehicle

    def write(kind: str) -> Path:
        return workshop.export(report, workshop.export_file(report, kind), kind)

    def answered(answer: str | None) -> None:
        if answer == "o":
            save_order(console, vehicle.vin)
        elif answer:
            kind = {"h": "html", "j": "json"}[answer]
            console.in_background(lambda: write(kind), lambda file: _tell(console, file))

    def answers() -> dict[str, str]:
        found = {
            "h": _("HTML, to read and print"),
            "j": _("JSON, for other programs"),
        }
        return {**found, "o": _("Order report of the vehicle …")} if vehicle.vin else found

    def short() -> dict[str, str]:
        words = {"h": "HTML", "j": "JSON", "o": _("Order report")}
        return {key: words[key] for key in answers()}

    console.show_screen(Choice(lambda: _("Save as"), answers, short), answered)


def save_order(console: Console, vin: str, *, since: datetime | None = None) -> None:
    """Ask for the form of the order report, make it beside the screen, show WC-607 with its name."""
    workshop = console.session.workshop

    def write(kind: str) -> Path:
        order = workshop.orders.order(vin, since=since)
        return workshop.export(order, workshop.export_file(order, kind), kind)

    _save_sheet(console, lambda: _("Save the order report as"), write)


def save_flash(console: Console, report: FlashReport) -> None:
    """Ask for the form of a flash job's report, write it beside the screen, show WC-607 with its name."""
    workshop = console.session.workshop

    def write(kind: str) -> Path:
        return workshop.export(report, workshop.export_file(report, kind), kind)

    _save_sheet(console, lambda: _("Save the report of the flash job as"), write)


def _save_sheet(console: Console, question: Callable[[], str], write: Callable[[str], Path]) -> None:
    """Ask for the form of what can be printed on sheets, write it, tell where it is."""

    def answered(answer: str | None) -> None:
        if answer:
            kind = {"h": "html", "j": "json", "p": "pdf"}[answer]
            console.in_background(lambda: write(kind), lambda file: _tell(console, file))

    def answers() -> dict[str, str]:
        return {
            "h": _("HTML, to read and print"),
            "j": _("JSON, for other programs"),
            "p": _("PDF, to print and send"),
        }

    def short() -> dict[str, str]:
        return {"h": "HTML", "j": "JSON", "p": "PDF"}

    console.show_screen(Choice(question, answers, short), answered)


def _tell(console: Console, file: Path) -> None:
    console.tell(RaisedMessage(number="WC-607", facts=(("file", clean(file)),)), at_once=True)

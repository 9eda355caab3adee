"""F7: writes a report as a file, and says where it is."""

from __future__ import annotations

from pathlib import Path

from workshop_console.console.model.clean import clean
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import QuickTestReport, ReportComparison
from workshop_console.i18n.texts import _
from workshop_console.screens.base import Console
from workshop_console.screens.box import Choice


def save_report(console: Console, report: QuickTestReport | ReportComparison) -> None:
    """Ask for the form, write the file beside the screen, show WC-607 with its name."""
    workshop = console.session.workshop

    def write(kind: str) -> Path:
        return workshop.export(report, workshop.export_file(report, kind), kind)

    def written(file: Path) -> None:
        console.tell(RaisedMessage(number="WC-607", facts=(("file", clean(file)),)), at_once=True)

    def answered(answer: str | None) -> None:
        if answer:
            kind = {"h": "html", "j": "json"}[answer]
            console.in_background(lambda: write(kind), written)

    def answers() -> dict[str, str]:
        return {
            "h": _("HTML, to read and print"),
            "j": _("JSON, for other programs"),
        }

    console.show_screen(Choice(lambda: _("Save as"), answers), answered)

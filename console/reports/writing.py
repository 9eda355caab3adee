"""Makes the contents of the file of a report, a comparison, an order or a flash job."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from workshop_console.console.model.flash import FlashReport
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.model.order import Order
from workshop_console.console.model.report import QuickTestReport, ReportComparison
from workshop_console.console.model.report_json import (
    TextOf,
    fault_document,
    quick_test_document,
    utc_text,
)
from workshop_console.console.reports.comparison_page import comparison_page
from workshop_console.console.reports.quick_test_page import quick_test_page
from workshop_console.i18n import explain

Raised = Callable[[Iterable[RaisedMessage]], Sequence[NumberedMessage]]
"""Gives messages in the language of the session."""


def report_contents(
    report: QuickTestReport | ReportComparison | Order | FlashReport, kind: str, raised: Raised
) -> str | bytes:
    """Return what the file holds; `kind` is html or json, for an order or a flash job also pdf."""
    if isinstance(report, FlashReport):
        return flash_contents(report, kind, raised)
    return (
        order_contents(report, kind, raised)
        if isinstance(report, Order)
        else report_text(report, kind, raised)
    )


def order_contents(order: Order, kind: str, raised: Raised) -> str | bytes:
    """Return the order report; `kind` is html, json or pdf."""
    if kind == "json":
        from workshop_console.console.reports.order_document import order_document

        return _json(order_document(order, raised))
    from workshop_console.console.reports.order_sheet import order_sheet

    if kind == "pdf":
        from workshop_console.console.reports.sheet_pdf import sheet_pdf

        return sheet_pdf(order_sheet(order, raised(order.messages)), order.printed)
    from workshop_console.console.reports.sheet_page import sheet_page

    return sheet_page(order_sheet(order, raised(order.messages)))


def flash_contents(report: FlashReport, kind: str, raised: Raised) -> str | bytes:
    """Return the report of a flash job; `kind` is html, json or pdf."""
    if kind == "json":
        from workshop_console.console.reports.flash_document import flash_document

        return _json(flash_document(report, raised))
    from workshop_console.console.reports.flash_sheet import flash_sheet

    if kind == "pdf":
        from workshop_console.console.reports.sheet_pdf import sheet_pdf

        return sheet_pdf(flash_sheet(report, raised), report.printed)
    from workshop_console.console.reports.sheet_page import sheet_page

    return sheet_page(flash_sheet(report, raised))


def report_text(report: QuickTestReport | ReportComparison, kind: str, raised: Raised) -> str:
    """Return the file's text; `kind` is html or json."""
    if isinstance(report, ReportComparison):
        if kind == "html":
            return comparison_page(report)
        document = comparison_document(report, explain.fault_text)
    else:
        messages = raised(report.messages)
        if kind == "html":
            return quick_test_page(report, messages)
        document = quick_test_document(report, messages, explain.fault_text)
    return _json(document)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def comparison_document(comparison: ReportComparison, text_of: TextOf) -> dict[str, Any]:
    """Return a comparison as a document, in the words of the quick test's."""

    def head(report: QuickTestReport) -> dict[str, Any]:
        return {
            "report": report.report_id,
            "started": utc_text(report.started),
            "vehicle": {"vin": report.vehicle.vin, "name": report.vehicle.name},
            "complete": report.complete,
        }

    return {
        "first": head(comparison.first),
        "last": head(comparison.last),
        "same_vin": comparison.same_vin,
        "units": [
            {
                "name": unit.name,
                "address": str(unit.address),
                "comparable": unit.comparable,
                "changes": [
                    {
                        "change": change.change.value,
                        "before": fault_document(change.before, text_of) if change.before else None,
                        "after": fault_document(change.after, text_of) if change.after else None,
                    }
                    for change in unit.changes
                ],
            }
            for unit in comparison.units
        ],
    }

"""The order report as a document for other programs."""

from __future__ import annotations

from typing import Any

from workshop_console.console.model.kept import OrderEntry, OrderVehicle
from workshop_console.console.model.order import Order
from workshop_console.console.model.report import QuickTestReport
from workshop_console.console.model.report_json import message_document, quick_test_document, utc_text
from workshop_console.console.reports.writing import Raised, comparison_document
from workshop_console.i18n import explain


def order_document(order: Order, raised: Raised) -> dict[str, Any]:
    """Return the order: raw codes beside the words of the session's language."""

    def test(report: QuickTestReport | None) -> dict[str, Any] | None:
        if report is None:
            return None
        return quick_test_document(report, raised(report.messages), explain.fault_text)

    comparison = order.comparison
    return {
        "vehicle": {"vin": order.vehicle.vin, "name": order.vehicle.name},
        "printed": utc_text(order.printed),
        "who": order.who,
        "since": utc_text(order.since) if order.since else None,
        "entries": [entry_document(entry) for entry in order.entries],
        "first": test(order.first),
        "last": test(order.last),
        "comparison": comparison_document(comparison, explain.fault_text) if comparison else None,
        "messages": [message_document(message) for message in raised(order.messages)],
    }


def entry_document(entry: OrderEntry) -> dict[str, Any]:
    """Return one entry; `outcome` is its code, `text` its words."""
    return {
        "id": entry.entry_id,
        "time": utc_text(entry.time),
        "vin": entry.vin,
        "unit": entry.unit,
        "address": entry.address,
        "kind": entry.kind.value,
        "what": entry.what,
        "request": entry.request.hex().upper(),
        "answer": entry.answer.hex().upper(),
        "outcome": entry.outcome,
        "text": explain.outcome_text(entry.outcome),
        "who": entry.who,
        "details": [{"name": name, "value": value} for name, value in entry.details],
    }


def vehicle_document(vehicle: OrderVehicle) -> dict[str, Any]:
    """Return one vehicle of the order book."""
    return {
        "vin": vehicle.vin,
        "name": vehicle.vehicle_name,
        "entries": vehicle.entries,
        "last": utc_text(vehicle.last),
    }

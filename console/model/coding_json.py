"""Codings as JSON: what `code --json` prints. Field names are fixed; more may come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workshop_console.console.model.coding import CheckedCondition, CodingPlan, CodingReading, CodingResult
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.model.report_json import message_document, utc_text

Document = dict[str, Any]


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex().upper()


def _condition(checked: CheckedCondition) -> Document:
    return {"text": checked.condition.text, "value": checked.value, "ok": checked.holds}


def unit_document(unit: UnitSummary, address: str = "", variant: str = "") -> Document:
    """Return a control unit; `address`: the one in use, else its first."""
    known = str(unit.addresses[0]) if unit.addresses else ""
    return {"name": unit.name, "label": unit.label, "address": address or known, "variant": variant}


def reading_document(reading: CodingReading) -> Document:
    """Return one coding record: its bytes, its options with what they may be, its conditions."""
    units = {option.name: option.unit for option in reading.options}
    values = reading.values
    options = [
        {
            "name": parameter.name,
            "label": parameter.label,
            "value": values.get(parameter.name),
            "unit": units.get(parameter.name) or parameter.unit,
            "choices": list(parameter.choices),
            "low": parameter.low,
            "high": parameter.high,
        }
        for parameter in reading.form.write.parameters
    ]
    return {
        "name": reading.form.name,
        "label": reading.form.label,
        "did": f"{reading.form.did:04X}",
        "raw": _hex(reading.data),
        "options": options,
        "conditions": [_condition(checked) for checked in reading.conditions],
    }


def kept_document(kept: KeptCoding) -> Document:
    """Return one kept coding."""
    return {
        "id": kept.coding_id,
        "time": utc_text(kept.time),
        "vin": kept.vin,
        "unit": kept.unit,
        "address": kept.address,
        "variant": kept.variant,
        "coding": kept.name,
        "did": f"{kept.did:04X}",
        "raw": _hex(kept.data),
        "options": [{"name": name, "value": value} for name, value in kept.options],
        "who": kept.who,
    }


def coding_document(
    readings: Sequence[CodingReading],
    *,
    plan: CodingPlan | None = None,
    result: CodingResult | None = None,
    kept: Sequence[KeptCoding] | None = None,
    messages: Sequence[NumberedMessage] = (),
) -> Document:
    """Return what `code --json` prints; `raw_after` is what was read back, or what would be written."""
    first = readings[0] if readings else None
    after = plan.data if plan else None
    if result is not None and result.outcome != "not-sent":
        after = result.after.data if result.after else None
    document: Document = {
        "unit": unit_document(first.unit, str(first.address), first.variant) if first else None,
        "codings": [reading_document(reading) for reading in readings],
        "coding": plan.before.form.name if plan else None,
        "changes": [
            {
                "option": change.option,
                "label": change.label,
                "before": change.before,
                "after": change.after,
                "unit": change.unit,
            }
            for change in (plan.changes if plan else ())
        ],
        "raw_before": _hex(plan.before.data) if plan else None,
        "raw_after": _hex(after),
        "written": result.written if result else False,
        "outcome": result.outcome if result else None,
        "kept": (result.kept_id or None) if result else None,
        "messages": [message_document(message) for message in messages],
    }
    if kept is not None:
        document["kept_codings"] = [kept_document(coding) for coding in kept]
    return document

"""Reports as JSON: the form that `--json` prints, and the lossless form that is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from workshop_console.console.model.dtc import DtcRecord, Fault, FaultState
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.model.negative_response import negative_response_name
from workshop_console.console.model.plain import from_plain, to_plain
from workshop_console.console.model.report import ClearingResult, FaultReading, QuickTestReport, UnitResult

Document = dict[str, Any]
TextOf = Callable[[Fault], str]
"""Gives the text of a fault in the user's language: its description, or the explanation of its code."""

KEPT_FORM = 1
"""Raised when an older console could not read what this one keeps."""


def utc_text(time: datetime) -> str:
    """Return `time` (aware) in ISO 8601, UTC, with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record_document(record: DtcRecord) -> Document:
    return {
        "number": record.number,
        "raw": record.raw.hex().upper(),
        "values": [
            {
                "name": value.name,
                "label": value.label,
                "value": value.value,
                "unit": value.unit,
                "raw": value.raw.hex().upper(),
            }
            for value in record.values
        ],
    }


def fault_document(fault: Fault, text_of: TextOf) -> Document:
    """Return FAULT of DESIGN's "What --json holds"."""
    return {
        "code": fault.code,
        "raw": fault.raw,
        "status": fault.status,
        "bits": list(fault.bits),
        "state": fault.state.value,
        "text": text_of(fault),
        "priority": fault.priority,
        "first": fault.first_occurrence or None,
        "last": fault.last_occurrence or None,
        "occurrences": fault.occurrences,
        "snapshot": [_record_document(record) for record in fault.snapshots],
        "extended": [_record_document(record) for record in fault.extended],
    }


def unit_document(unit: UnitResult, text_of: TextOf, *, with_faults: bool = True) -> Document:
    """Return one entry of `units`.

    `reason` is the value of a SilentReason where there was no usable answer, the standard's name of the
    negative response code where the unit refused, else null.
    """
    reason: str | None = unit.reason.value if unit.reason else None
    if reason is None and unit.nrc is not None:
        reason = negative_response_name(unit.nrc)
    document: Document = {
        "name": unit.name,
        "label": unit.label,
        "address": str(unit.address),
        "state": unit.state.value,
        "reason": reason,
        "nrc": f"{unit.nrc:02X}" if unit.nrc is not None else None,
        "detail": unit.detail,
        "variant": unit.variant,
        "variant_match": unit.variant_match.value,
        "hardware": unit.hardware,
        "software": unit.software,
        "vin": unit.vin,
        "time_ms": round(unit.time_ms, 1),
        "retries": unit.retries,
        "current": unit.current,
        "stored": unit.count(FaultState.STORED),
        "pending": unit.count(FaultState.PENDING),
    }
    if with_faults:
        document["faults"] = [fault_document(fault, text_of) for fault in unit.faults]
    return document


def message_document(message: NumberedMessage) -> Document:
    """Return MESSAGE of DESIGN's "What --json holds"."""
    return {
        "number": message.number,
        "area": message.area,
        "title": message.title,
        "when": message.when,
        "cause": message.cause,
        "remedy": list(message.remedy),
        "lang": message.lang,
    }


def quick_test_document(
    report: QuickTestReport, messages: Sequence[NumberedMessage], text_of: TextOf
) -> Document:
    """Return what `quick-test --json` prints; `messages` are the report's, filled, in the user's language."""
    return {
        "report": report.report_id,
        "vehicle": {
            "vin": report.vehicle.vin,
            "name": report.vehicle.name,
            "voltage_v": report.vehicle.voltage_v,
        },
        "vci": report.vci,
        "started": utc_text(report.started),
        "duration_ms": report.duration_ms,
        "complete": report.complete,
        "units": [unit_document(unit, text_of) for unit in report.units],
        "messages": [message_document(message) for message in messages],
    }


def faults_document(
    reading: FaultReading,
    text_of: TextOf,
    *,
    clearing: ClearingResult | None = None,
    messages: Sequence[NumberedMessage] = (),
) -> Document:
    """Return what `faults --json` prints; `faults` are those after the clearing where there was one."""
    shown = reading
    if clearing is not None:
        shown = clearing.after or clearing.before

    def documents(faults: Sequence[Fault]) -> list[Document]:
        return [fault_document(fault, text_of) for fault in faults]

    return {
        "unit": unit_document(shown.result, text_of, with_faults=False),
        "raw": shown.raw.hex().upper(),
        "faults": documents(shown.result.faults),
        "details_reason": shown.details_reason.value if shown.details_reason else None,
        "cleared": clearing.cleared if clearing else False,
        "gone": documents(clearing.gone) if clearing else [],
        "back": documents(clearing.back) if clearing else [],
        "kept": documents(clearing.kept) if clearing else [],
        "readout": clearing.readout_id if clearing else None,
        "messages": [message_document(message) for message in messages],
    }


def dump_report(report: QuickTestReport) -> str:
    """Return `report` in the form that is kept: nothing is lost."""
    return json.dumps(
        {"form": KEPT_FORM, "report": to_plain(report)}, ensure_ascii=False, separators=(",", ":")
    )


def load_report(text: str, report_id: int | None = None) -> QuickTestReport:
    """Return the report that `dump_report` wrote. Raises ValueError when `text` is none."""
    try:
        plain = json.loads(text)
    except RecursionError:
        raise ValueError("not a kept report: nested too deeply") from None
    if (
        not isinstance(plain, dict)
        or plain.get("form") != KEPT_FORM
        or not isinstance(plain.get("report"), dict)
    ):
        raise ValueError("not a kept report of this form")
    body = plain["report"]
    if report_id is not None:
        body["report_id"] = report_id
    return from_plain(QuickTestReport, body)

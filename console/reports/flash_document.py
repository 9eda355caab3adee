"""The report of a flash job as a document for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from workshop_console.console.model.flash import FlashReport, FlashTarget, SoftwareIdentity, UnitResult
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.model.report_json import utc_text
from workshop_console.i18n.flashing import expected_text

Raised = Callable[[Iterable[RaisedMessage]], Sequence[NumberedMessage]]


def flash_document(report: FlashReport, raised: Raised) -> dict[str, Any]:
    """Return everything that is known of a job; times in UTC."""
    job, plan = report.job, report.job.plan

    def message(found: RaisedMessage | None) -> dict[str, Any] | None:
        if found is None:
            return None
        (shown,) = raised((found,))
        return {"number": shown.number, "title": shown.title, "cause": shown.cause}

    def target_document(target: FlashTarget) -> dict[str, Any]:
        manifest = target.file.manifest
        return {
            "name": target.unit,
            "label": target.label,
            "address": str(target.address),
            "before": _identity(target.identity),
            "file": target.file.path,
            "software": manifest.software,
            "version": manifest.version,
            "bytes": manifest.stored,
            "checks": [
                {
                    "id": check.id.value,
                    "light": check.light.value,
                    "found": check.value,
                    "expected": expected_text(check),
                    "message": message(check.message),
                }
                for check in target.checks
            ],
        }

    def result_document(result: UnitResult) -> dict[str, Any]:
        return {
            "name": result.unit,
            "end": result.end.value,
            "after": _identity(result.identity),
            "step": result.step.value if result.step is not None else None,
            "message": message(result.message),
        }

    return {
        "id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "vehicle": {"vin": plan.vin, "name": plan.vehicle_name},
        "vci": plan.vci,
        "who": plan.who,
        "started": utc_text(job.started),
        "ended": _time(job.ended),
        "printed": utc_text(report.printed),
        "runs": job.runs,
        "readout": plan.readout or None,
        "units": [target_document(target) for target in plan.targets],
        "results": [result_document(result) for result in job.results],
        "result": message(job.result),
        "warnings": [message(warning) for warning in job.progress.warnings],
        "steps": [
            {
                "id": entry.entry_id,
                "unit": entry.unit,
                "step": entry.step.value,
                "began": utc_text(entry.began),
                "ended": _time(entry.ended),
                "outcome": entry.outcome,
                "detail": entry.detail,
            }
            for entry in report.entries
        ],
    }


def _time(time: datetime | None) -> str | None:
    return utc_text(time) if time is not None else None


def _identity(identity: SoftwareIdentity) -> dict[str, Any]:
    return {
        "answered": identity.answered,
        "hardware": identity.hardware,
        "software": identity.software,
        "version": identity.version,
        "boot_software": identity.boot_software,
    }

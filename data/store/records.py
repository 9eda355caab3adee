"""Reports and readouts: kept for good (port Records)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.report import QuickTestReport, ReportSummary, UnitState
from workshop_console.console.model.report_json import dump_report, load_report, utc_text
from workshop_console.data.store.guarded import GuardedDatabase

_SUMMARY = "report_id, kind, started, vin, vehicle_name, vci, units, faulty, silent, faults, complete"


class StoredRecords:
    """Reports in the records file.

    Args:
        database: the records.
        refusal: why nothing can be kept (a newer version's file, a folder that cannot be written), if so.
    """

    def __init__(self, database: GuardedDatabase, refusal: ConsoleError | None = None) -> None:
        self._database = database
        self._refusal = refusal

    def keep(self, report: QuickTestReport, *, kind: str = "quick-test") -> int:
        """Keep a report and return its number; when this returns, a power cut does not take it.

        Raises ConsoleError WC-601, WC-603, WC-604 or WC-605 when it cannot be written.
        """
        if self._refusal is not None:
            raise self._refusal
        body = dump_report(report)
        values = (
            kind,
            utc_text(report.started),
            *(report.vehicle.vin, report.vehicle.name, report.vci),
            len(report.units),
            sum(unit.state is UnitState.FAULTS for unit in report.units),
            sum(unit.state in (UnitState.SILENT, UnitState.ERROR) for unit in report.units),
            sum(len(unit.faults) for unit in report.units),
            int(report.complete),
            body,
        )

        return self._database.add(
            "INSERT INTO reports (kind, started, vin, vehicle_name, vci, units, faulty, silent, faults,"
            " complete, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    def list(self, *, vin: str | None = None, kind: str | None = None) -> Sequence[ReportSummary]:
        """Return kept reports, newest first."""
        return self._database.read(
            lambda c: [
                _summary(row)
                for row in c.execute(
                    f"SELECT {_SUMMARY} FROM reports WHERE (:vin IS NULL OR vin = :vin)"  # noqa: S608  # constants
                    " AND (:kind IS NULL OR kind = :kind) ORDER BY report_id DESC",
                    {"vin": vin, "kind": kind},
                )
            ]
        )

    def load(self, report_id: int) -> QuickTestReport | None:
        """Return one kept report. Raises ConsoleError WC-611 when what is kept cannot be understood."""
        if not 0 < report_id < 2**63:
            return None
        found = self._database.read(
            lambda c: c.execute("SELECT body FROM reports WHERE report_id = ?", (report_id,)).fetchone()
        )
        if found is None:
            return None
        try:
            return load_report(str(found[0]), report_id)
        except ValueError as error:
            raise ConsoleError("WC-611", report=report_id, detail=clean(error)) from error

    def first(self, vin: str) -> QuickTestReport | None:
        """Return the earliest complete quick test of this vehicle; None when the VIN is not known."""
        if not vin:
            return None
        found = self._database.read(
            lambda c: c.execute(
                "SELECT report_id FROM reports WHERE vin = ? AND kind = 'quick-test' AND complete"
                " ORDER BY report_id LIMIT 1",
                (vin,),
            ).fetchone()
        )
        return self.load(int(found[0])) if found else None


def _summary(row: tuple[int, str, str, str, str, str, int, int, int, int, int]) -> ReportSummary:
    report_id, kind, started, vin, vehicle_name, vci, units, faulty, silent, faults, complete = row
    return ReportSummary(
        report_id=report_id,
        kind=kind,
        started=datetime.fromisoformat(started),
        vin=vin,
        vehicle_name=vehicle_name,
        vci=vci,
        units=units,
        faulty=faulty,
        silent=silent,
        faults=faults,
        complete=bool(complete),
    )

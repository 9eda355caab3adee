"""Reports and readouts: kept for good (port Records)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.report import QuickTestReport, ReportSummary, UnitState
from workshop_console.console.model.report_json import dump_report, load_report, utc_text
from workshop_console.data.store.database import Database
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

        def change(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "INSERT INTO reports (kind, started, vin, vehicle_name, vci, units, faulty, silent, faults,"
                " complete, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            return int(row.lastrowid or 0)

        try:
            return self._database.write(change)
        except ConsoleError as error:
            if error.number != "WC-610":
                raise
            raise ConsoleError(
                "WC-601", file=clean(self._database.file), detail=error.facts.get("detail", "")
            ) from error

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


def salvage_reports(damaged: Path, records: Database) -> None:
    """Bring over every report that can still be read in `damaged`; the file itself is left as it is."""
    by_id = f"SELECT {_SUMMARY}, body FROM reports WHERE report_id = ?"  # noqa: S608  # constants
    add = f"INSERT OR IGNORE INTO reports ({_SUMMARY}, body) VALUES ({','.join('?' * 12)})"  # noqa: S608  # constants
    with (
        suppress(sqlite3.Error, TypeError),  # TypeError: there never was one
        closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old,
    ):
        (last,) = old.execute("SELECT seq FROM sqlite_sequence WHERE name = 'reports'").fetchone()
        for report_id in range(1, int(last) + 1):
            # One at a time: a page that cannot be read costs only the reports on it.
            with suppress(sqlite3.Error):
                row = old.execute(by_id, (report_id,)).fetchone()
                if row is not None:
                    with records.transaction() as connection:
                        connection.execute(add, row)

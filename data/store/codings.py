"""Codings as they were read before each write: kept for good (port Codings)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.model.report_json import utc_text
from workshop_console.data.store.guarded import GuardedDatabase

_COLUMNS = "coding_id, time, vin, unit, address, variant, name, did, data, options, who"


class StoredCodings:
    """Old codings in the records file.

    Args:
        database: the records.
        refusal: why nothing can be kept (a newer version's file, a folder that cannot be written), if so.
    """

    def __init__(self, database: GuardedDatabase, refusal: ConsoleError | None = None) -> None:
        self._database = database
        self._refusal = refusal

    def keep(self, coding: KeptCoding) -> int:
        """Keep a coding and return its number; when this returns, a power cut does not take it.

        Raises ConsoleError WC-601, WC-603, WC-604 or WC-605 when it cannot be written.
        """
        if self._refusal is not None:
            raise self._refusal
        values = (
            utc_text(coding.time),
            *(coding.vin, coding.unit, coding.address, coding.variant, coding.name, coding.did, coding.data),
            json.dumps(coding.options, ensure_ascii=False),
            coding.who,
        )

        return self._database.add(
            "INSERT INTO codings (time, vin, unit, address, variant, name, did, data, options, who)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    def list(self, vin: str, unit: str = "") -> Sequence[KeptCoding]:
        """Return the kept codings of a vehicle (and unit), oldest first; an unknown VIN is one of its own."""
        rows = self._database.read(
            lambda c: c.execute(
                f"SELECT {_COLUMNS} FROM codings WHERE vin = ? AND (? = '' OR unit = ?)"  # noqa: S608  # constants
                " ORDER BY coding_id",
                (vin, unit, unit),
            ).fetchall()
        )
        found = []
        for row in rows:
            with suppress(ValueError, TypeError):  # a row that cannot be understood hides no other
                found.append(_coding(row))
        return found


def _coding(row: tuple[int, str, str, str, str, str, str, int, bytes, str, str]) -> KeptCoding:
    coding_id, time, vin, unit, address, variant, name, did, data, options, who = row
    return KeptCoding(
        coding_id=coding_id,
        time=datetime.fromisoformat(time),
        vin=vin,
        unit=unit,
        address=address,
        variant=variant,
        name=name,
        did=did,
        data=bytes(data),
        options=tuple((str(option), str(value)) for option, value in json.loads(options)),
        who=who,
    )

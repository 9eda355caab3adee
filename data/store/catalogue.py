"""Imported control-unit descriptions (port Catalogue)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from workshop_console.console.model.description import (
    DataIdentifier,
    DescriptionSummary,
    DtcDescription,
    DtcRecordLayout,
    FunctionDescription,
    ImportedDescription,
    ImportedUnit,
    ImportProblem,
    UnitDescription,
    UnitSummary,
    Variant,
)
from workshop_console.data.store import rows
from workshop_console.data.store.guarded import GuardedDatabase

_UNIT = "u.key, u.name, u.label, u.addresses, u.functional_request, u.timing, d.name"
_LARGEST_INTEGER = 2**63 - 1


class StoredCatalogue:
    """Descriptions in the store; reading one unit touches only its own rows."""

    def __init__(self, database: GuardedDatabase) -> None:
        self._database = database

    def descriptions(self) -> Sequence[DescriptionSummary]:
        """Return all descriptions, newest first."""
        return self._database.read(lambda c: _descriptions(c, "1 ORDER BY imported_at DESC, key DESC"))

    def units(self, description_key: int) -> Sequence[UnitSummary]:
        """Return the units of one description in its order."""
        return self._database.read(
            lambda c: _units(c, "u.description_key = ? ORDER BY u.position", description_key)
        )

    def description_of(self, unit_key: int) -> DescriptionSummary | None:
        """Return the description that a unit comes from."""
        found = self._database.read(
            lambda c: _descriptions(c, "key = (SELECT description_key FROM units WHERE key = ?)", unit_key)
        )
        return found[0] if found else None

    def find_units(self, name: str) -> Sequence[UnitSummary]:
        """Return units called `name` (SHORT-NAME or label, any case), of the newest description first."""
        folded = _stored(name.strip().casefold())
        return self._database.read(
            lambda c: _units(
                c,
                "u.folded_name = ? OR u.folded_label = ?"
                " ORDER BY d.imported_at DESC, d.key DESC, u.folded_name <> ?, u.position",
                folded,
                folded,
                folded,
            )
        )

    def unit(self, unit_key: int, variant: str = "") -> UnitDescription | None:
        """Return everything about one unit in one variant (base where the variant adds nothing)."""
        return self._database.read(lambda c: _unit(c, unit_key, variant))

    def fault_descriptions(
        self, unit_key: int, variant: str, dtcs: Iterable[int]
    ) -> dict[int, DtcDescription]:
        """Return the descriptions of those of `dtcs` that are described (variant before base)."""

        def ask(connection: sqlite3.Connection) -> dict[int, DtcDescription]:
            found: dict[int, DtcDescription] = {}
            for some in _in_parts(set(dtcs), 500):
                marks = ",".join("?" * len(some))
                for row in connection.execute(
                    "SELECT dtc, display_code, text, priority FROM dtcs"  # noqa: S608  # only marks are put in
                    f" WHERE unit_key = ? AND variant IN ('', ?) AND dtc IN ({marks}) ORDER BY variant",
                    (unit_key, variant, *some),
                ):
                    found[row[0]] = _dtc(row)
            return found

        return self._database.read(ask)

    def problems(self, description_key: int) -> Sequence[ImportProblem]:
        """Return what could not be used at import."""
        return self._database.read(
            lambda c: [
                ImportProblem(where=place, reason=reason, detail=detail)
                for place, reason, detail in c.execute(
                    "SELECT place, reason, detail FROM problems WHERE description_key = ? ORDER BY position",
                    (description_key,),
                )
            ]
        )

    def add(self, description: ImportedDescription, *, shipped: bool = False) -> DescriptionSummary:
        """Keep a description; one with the same sha256 is replaced, one of the same name stays beside it.

        What is replaced keeps its keys, which another console may be working with.
        """
        return self._database.write(lambda c: _add(c, description, shipped))

    def remove(self, description_key: int) -> None:
        """Forget one description."""
        self._database.write(
            lambda c: c.execute("DELETE FROM descriptions WHERE key = ?", (description_key,))
        )


def _in_parts(values: Iterable[int], size: int) -> Iterator[tuple[int, ...]]:
    rest = iter(sorted(values))
    while part := tuple(islice(rest, size)):
        yield part


def _descriptions(connection: sqlite3.Connection, where: str, *values: Any) -> list[DescriptionSummary]:
    return [
        DescriptionSummary(
            key=key,
            name=name,
            file=file,
            sha256=sha256,
            imported_at=imported_at,
            units=units,
            problems=problems,
            shipped=bool(shipped),
            vin_pattern=vin_pattern,
            vehicle_name=vehicle_name,
        )
        for (
            key,
            name,
            file,
            sha256,
            imported_at,
            units,
            problems,
            shipped,
            vin_pattern,
            vehicle_name,
        ) in connection.execute(
            "SELECT key, name, file, sha256, imported_at, units, problems, shipped, vin_pattern,"  # noqa: S608  # constants
            f" vehicle_name FROM descriptions WHERE {where}",
            values,
        )
    ]


def _units(connection: sqlite3.Connection, where: str, *values: Any) -> list[UnitSummary]:
    found = connection.execute(
        f"SELECT {_UNIT} FROM units u JOIN descriptions d ON d.key = u.description_key WHERE {where}",  # noqa: S608  # constants
        values,
    ).fetchall()
    variants: dict[int, list[Variant]] = {}
    for some in _in_parts((row[0] for row in found), 500):
        for unit_key, name, label, patterns in connection.execute(
            "SELECT unit_key, name, label, patterns FROM variants"  # noqa: S608  # only marks are put in
            f" WHERE unit_key IN ({','.join('?' * len(some))}) ORDER BY unit_key, position",
            some,
        ):
            variants.setdefault(unit_key, []).append(
                Variant(name=name, label=label, patterns=rows.patterns_of(patterns))
            )
    return [
        UnitSummary(
            key=key,
            name=name,
            label=label,
            addresses=rows.addresses_of(addresses),
            functional_request=functional_request,
            timing=rows.timing_of(timing),
            variants=tuple(variants.get(key, ())),
            description=description,
        )
        for key, name, label, addresses, functional_request, timing, description in found
    ]


def _dtc(row: tuple[int, str, str, int | None]) -> DtcDescription:
    return DtcDescription(dtc=row[0], display_code=row[1], text=row[2], priority=row[3])


def _unit(connection: sqlite3.Connection, unit_key: int, variant: str) -> UnitDescription | None:
    summaries = _units(connection, "u.key = ?", unit_key)
    if not summaries:
        return None

    def layers(columns: str, table: str, order: str) -> tuple[list[Any], list[Any]]:
        base: list[Any] = []
        own: list[Any] = []
        for row in connection.execute(
            f"SELECT variant, {columns} FROM {table}"  # noqa: S608  # constants
            f" WHERE unit_key = ? AND variant IN ('', ?) ORDER BY {order}",
            (unit_key, variant),
        ):
            (own if row[0] else base).append(row[1:])
        return base, own

    def merged(columns: str, table: str, order: str) -> list[Any]:
        """Return the base's rows with those of the variant in their place, then what only the variant has."""
        base, own = layers(columns, table, order)
        replaced = {row[0] for row in own}
        return [row for row in base if row[0] not in replaced] + own

    return UnitDescription(
        summary=summaries[0],
        variant=variant,
        dtcs=tuple(map(_dtc, sorted(merged("dtc, display_code, text, priority", "dtcs", "dtc")))),
        data_identifiers=tuple(
            DataIdentifier(did=did, name=name, label=label, length=length, fields=rows.fields_of(fields))
            for did, name, label, length, fields in merged(
                "did, name, label, length, fields", "data_identifiers", "position"
            )
        ),
        extended_records=tuple(
            DtcRecordLayout(record_number=number, fields=rows.fields_of(fields))
            for number, fields in sorted(merged("record_number, fields", "extended_records", "record_number"))
        ),
        functions=tuple(
            FunctionDescription(name=name, label=label, kind=kind, request=bytes(request))
            for name, label, kind, request in merged("name, label, kind, request", "functions", "position")
        ),
    )


def _stored(text: str) -> str:
    """Return `text` without what SQLite cannot store (lone surrogates)."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _small(number: int | None) -> int | None:
    return number if number is not None and abs(number) <= _LARGEST_INTEGER else None


def _add(
    connection: sqlite3.Connection, description: ImportedDescription, shipped: bool
) -> DescriptionSummary:
    # The import is late: 70 to 190 ms that only writing descriptions is worth. Each insert_all() becomes a
    # savepoint in the transaction that is open (sqlite-utils 4.2.1), so all of it is kept or nothing.
    from sqlite_utils import Database

    kept_key, was_shipped = connection.execute(
        "SELECT key, shipped FROM descriptions WHERE sha256 = ?", (description.sha256,)
    ).fetchone() or (None, 0)
    unit_keys = dict(
        connection.execute("SELECT name, key FROM units WHERE description_key = ?", (kept_key,)).fetchall()
    )
    connection.execute("DELETE FROM descriptions WHERE key = ?", (kept_key,))
    key = connection.execute(
        "INSERT INTO descriptions (key, name, file, sha256, imported_at, units, problems, shipped,"
        " vin_pattern, vehicle_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kept_key,
            *map(_stored, (description.name, description.file, description.sha256)),
            datetime.now(UTC).isoformat(timespec="microseconds"),
            len(description.units),
            len(description.problems),
            int(shipped or bool(was_shipped)),
            *map(_stored, (description.vin_pattern, description.vehicle_name)),
        ),
    ).lastrowid
    assert key is not None  # noqa: S101  # an INSERT always has one
    database = Database(connection, execute_plugins=False)
    tables: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in ("variants", "dtcs", "data_identifiers", "extended_records", "functions", "problems")
    }
    for position, unit in enumerate(description.units):
        kept = unit_keys.pop(_stored(unit.summary.name), None)
        _collect(tables, _insert_unit(connection, kept, key, position, unit), unit)
    tables["problems"] = [
        {
            "description_key": key,
            "position": position,
            "place": _stored(problem.where),
            "reason": problem.reason,
            "detail": _stored(problem.detail),
        }
        for position, problem in enumerate(description.problems)
    ]
    for table, records in tables.items():
        if records:
            # What a description says twice of one thing is kept once, as it was said first.
            database.table(table).insert_all(records, ignore=True, batch_size=1_000)
    return _descriptions(connection, "key = ?", key)[0]


def _insert_unit(
    connection: sqlite3.Connection, kept: int | None, key: int, position: int, unit: ImportedUnit
) -> int:
    summary = unit.summary
    unit_key = connection.execute(
        "INSERT INTO units (key, description_key, position, name, label, folded_name, folded_label,"
        " addresses, functional_request, timing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kept,
            key,
            position,
            *map(_stored, (summary.name, summary.label)),
            *map(_stored, (summary.name.casefold(), summary.label.casefold())),
            rows.addresses_text(summary.addresses),
            summary.functional_request,
            rows.timing_text(summary.timing),
        ),
    ).lastrowid
    assert unit_key is not None  # noqa: S101  # an INSERT always has one
    return unit_key


def _collect(tables: dict[str, list[dict[str, Any]]], unit_key: int, unit: ImportedUnit) -> None:
    """Add the rows of one unit to `tables`."""
    for position, variant in enumerate(unit.summary.variants):
        tables["variants"].append(
            {
                "unit_key": unit_key,
                "position": position,
                "name": _stored(variant.name),
                "label": _stored(variant.label),
                "patterns": rows.patterns_text(variant.patterns),
            }
        )
    for layer in unit.descriptions:
        of_layer = {"unit_key": unit_key, "variant": _stored(layer.variant)}
        tables["dtcs"] += [
            {
                **of_layer,
                "dtc": dtc.dtc,
                "display_code": _stored(dtc.display_code),
                "text": _stored(dtc.text),
                "priority": _small(dtc.priority),
            }
            for dtc in layer.dtcs
        ]
        tables["data_identifiers"] += [
            {
                **of_layer,
                "position": position,
                "did": did.did,
                "name": _stored(did.name),
                "label": _stored(did.label),
                "length": did.length,
                "fields": _stored(rows.fields_text(did.fields)),
            }
            for position, did in enumerate(layer.data_identifiers)
        ]
        tables["extended_records"] += [
            {
                **of_layer,
                "record_number": record.record_number,
                "fields": _stored(rows.fields_text(record.fields)),
            }
            for record in layer.extended_records
        ]
        tables["functions"] += [
            {
                **of_layer,
                "position": position,
                "name": _stored(function.name),
                "label": _stored(function.label),
                "kind": function.kind,
                "request": function.request,
            }
            for position, function in enumerate(layer.functions)
        ]

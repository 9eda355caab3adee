"""Puts the layers of a database together as control units with their variants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from odxtools.database import Database
from odxtools.diaglayers.basevariant import BaseVariant
from odxtools.diaglayers.ecuvariant import EcuVariant

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcDescription,
    DtcRecordLayout,
    FunctionDescription,
    ImportedUnit,
    UnitDescription,
    UnitSummary,
    Variant,
)
from workshop_console.console.odx.extraction.communication import (
    Applied,
    Reach,
    of_layer,
    of_logical_links,
    reach,
)
from workshop_console.console.odx.extraction.faults import FaultReader
from workshop_console.console.odx.extraction.patterns import PatternReader
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.extraction.records import RecordReader, label_of, name_of
from workshop_console.console.odx.extraction.services import ServiceReader
from workshop_console.console.odx.reasons import Reason

Layer = BaseVariant | EcuVariant
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Contents:
    """What one layer describes, by key."""

    dtcs: dict[int, DtcDescription]
    identifiers: dict[int, DataIdentifier]
    extended_records: dict[int, DtcRecordLayout]
    functions: dict[str, FunctionDescription]


class UnitReader:
    """Reads the control units of a database."""

    def __init__(self, database: Database, problems: Problems) -> None:
        self._database = database
        self._problems = problems
        records = RecordReader(problems)
        self._services = ServiceReader(records, problems)
        self._faults = FaultReader(problems)
        self._patterns = PatternReader(records, problems)
        self._links: dict[str, list[Applied]] = {}
        with problems.guard("", Reason.ADDRESS_UNUSABLE):
            self._links = of_logical_links(database)

    def read(self, description: str, progress: Progress) -> tuple[ImportedUnit, ...]:
        """Return all control units in the order of the database; what cannot be read is noted."""
        units: list[ImportedUnit] = []
        names: set[str] = set()
        for base, variants in self._groups():
            head = base or variants[0]
            name = name_of(head)
            progress(name)
            with self._problems.guard(name, Reason.LAYER_UNREADABLE):
                unit = self._unit(description, base, variants)
                if unit.summary.name.lower() in names:
                    self._problems.add(name, Reason.NAME_USED_TWICE)
                    continue
                names.add(unit.summary.name.lower())
                units.append(unit)
        return tuple(units)

    def _groups(self) -> list[tuple[BaseVariant | None, list[EcuVariant]]]:
        """Return each base variant with its ECU variants; those without a base grouped by their addresses."""
        groups: dict[int, tuple[BaseVariant | None, list[EcuVariant]]] = {
            id(base): (base, []) for base in self._database.base_variants
        }
        orphans: dict[tuple[Address, ...] | str, list[EcuVariant]] = {}
        for variant in self._database.ecu_variants:
            base = _base_of(variant)
            if base is not None and id(base) in groups:
                groups[id(base)][1].append(variant)
                continue
            key: tuple[Address, ...] | str = variant.short_name
            with self._problems.guard(name_of(variant), Reason.ADDRESS_UNUSABLE):
                key = reach(of_layer(variant.comparam_refs), name_of(variant), Problems()).addresses or key
            orphans.setdefault(key, []).append(variant)
        return [*groups.values(), *((None, variants) for variants in orphans.values())]

    def _unit(
        self, description: str, base: BaseVariant | None, variants: Sequence[EcuVariant]
    ) -> ImportedUnit:
        head: Layer = base or variants[0]
        name = name_of(head)
        how = self._reach(head, variants)
        contents = self._contents(head)
        described: list[tuple[str, _Contents]] = [("", contents)]
        read_variants: dict[str, Variant] = {}
        for layer in variants:
            where = name_of(layer)
            with self._problems.guard(where, Reason.LAYER_UNREADABLE):
                if where in read_variants:
                    self._problems.add(where, Reason.NAME_USED_TWICE)
                    continue
                read_variants[where] = self._patterns.variant(layer)
                if layer is not head and _adds_something(layer):
                    described.append((where, _difference(self._contents(layer), contents)))
        summary = UnitSummary(
            key=0,
            name=name,
            label=label_of(head),
            addresses=how.addresses,
            functional_request=how.functional_request,
            timing=how.timing,
            variants=tuple(read_variants.values()),
            description=description,
        )
        return ImportedUnit(
            summary=summary,
            descriptions=tuple(
                UnitDescription(
                    summary=summary,
                    variant=variant,
                    dtcs=tuple(part.dtcs.values()),
                    data_identifiers=tuple(part.identifiers.values()),
                    extended_records=tuple(part.extended_records.values()),
                    functions=tuple(part.functions.values()),
                )
                for variant, part in described
            ),
        )

    def _reach(self, head: Layer, variants: Iterable[EcuVariant]) -> Reach:
        """Return how the unit is reached; a base without addresses has those of its variants."""
        # What holds for one vehicle comes after what holds for the unit in any vehicle, and wins.
        applied = of_layer(head.comparam_refs) + self._links.get(head.short_name, [])
        how = reach(applied, name_of(head), self._problems)
        if not how.addresses:
            for layer in variants:
                other = reach(of_layer(layer.comparam_refs), name_of(layer), self._problems)
                if other.addresses:
                    return other
            self._problems.add(name_of(head), Reason.NO_ADDRESS)
        return how

    def _contents(self, layer: Layer) -> _Contents:
        identifiers: dict[int, DataIdentifier] = {}
        records: dict[int, DtcRecordLayout] = {}
        functions: dict[str, FunctionDescription] = {}
        for service in layer.diag_services:
            reading = self._services.read(service, layer.short_name)
            for identifier in reading.identifiers:
                identifiers.setdefault(identifier.did, identifier)
            for record in reading.extended_records:
                records.setdefault(record.record_number, record)
            if reading.function is not None:
                functions.setdefault(reading.function.name, reading.function)
        return _Contents(
            dtcs=self._faults.read(layer),
            identifiers=identifiers,
            extended_records=records,
            functions=functions,
        )


def _base_of(variant: EcuVariant) -> BaseVariant | None:
    for parent in variant.ecu_variant_raw.parent_refs:
        if isinstance(parent.layer, BaseVariant):
            return parent.layer
    return None


def _adds_something(layer: EcuVariant) -> bool:
    """Return whether a variant may describe anything that its base does not."""
    raw = layer.ecu_variant_raw
    return bool(
        raw.diag_comms_raw
        or raw.diag_data_dictionary_spec
        or raw.import_refs
        or len(raw.parent_refs) > 1
        or any(parent.not_inherited_diag_comms or parent.not_inherited_dops for parent in raw.parent_refs)
    )


def _difference(contents: _Contents, base: _Contents) -> _Contents:
    return _Contents(
        dtcs={k: v for k, v in contents.dtcs.items() if base.dtcs.get(k) != v},
        identifiers={k: v for k, v in contents.identifiers.items() if base.identifiers.get(k) != v},
        extended_records={
            k: v for k, v in contents.extended_records.items() if base.extended_records.get(k) != v
        },
        functions={k: v for k, v in contents.functions.items() if base.functions.get(k) != v},
    )

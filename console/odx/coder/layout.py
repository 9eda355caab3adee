"""Lists the values that the parameters of a message hold, with the names that decoding gives them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagservice import DiagService
from odxtools.dtcdop import DtcDop
from odxtools.field import Field
from odxtools.multiplexer import Multiplexer
from odxtools.parameters.codedconstparameter import CodedConstParameter
from odxtools.parameters.parameter import Parameter
from odxtools.parameters.parameterwithdop import ParameterWithDOP
from odxtools.parameters.physicalconstantparameter import PhysicalConstantParameter
from odxtools.parameters.tablekeyparameter import TableKeyParameter
from odxtools.parameters.tablestructparameter import TableStructParameter
from odxtools.parameters.valueparameter import ValueParameter
from odxtools.staticfield import StaticField
from odxtools.structure import Structure
from odxtools.table import Table
from odxtools.tablerow import TableRow

from workshop_console.console.odx.coder.physical import SimpleDop
from workshop_console.console.odx.extraction.records import label_of, name_of

DEEPEST = 12
"""Structures inside structures; a description that refers to itself ends here."""
MOST_VALUES = 2_000
MOST_STEPS = 20_000
"""Parameters that are looked at for one message, whatever they refer to."""
_MOST_ITEMS = 64
"""Items of a field of fixed length that a form lists."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One value of a message."""

    name: str
    """As decoding calls it: Struct.Field, List[1].Field."""
    label: str
    dop: SimpleDop | None
    """None: the key of a table, whose value is the name of a row."""
    table: Table | None = None
    parameter: Parameter | None = None
    """None: a table row that is a data object itself."""
    optional: bool = False
    """Part of an item that a list may be without."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A service with some of its parameters decided: a table row, a control parameter, an identifier."""

    name: str
    """Unique in its layer; the SHORT-NAME of the service where nothing is decided."""
    label: str
    service: DiagService
    row: TableRow | None = None
    fixed: tuple[tuple[str, object], ...] = ()
    """Physical values by the parameter's SHORT-NAME."""


def places(parameters: Iterable[Parameter], row: TableRow | None = None) -> tuple[Place, ...]:
    """Return the values in the order of the parameters; constants and what a table row decides are none.

    `row`: the row of a table that the request names; its contents are listed without a prefix.
    """
    walk = _Walk()
    with suppress(_EnoughError):
        walk.parameters(parameters, _Way(row=row))
    return tuple(walk.found)


def row_value_name(prefix: str, row: TableRow) -> str:
    """Return the name of the value of a row that is a data object itself."""
    return prefix.removesuffix(".") if prefix.endswith(f".{name_of(row)}.") else prefix + name_of(row)


class _EnoughError(Exception):
    """There are more values than anybody needs."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How the walk came to where it is."""

    row: TableRow | None = None
    prefix: str = ""
    labels: tuple[str, ...] = ()
    depth: int = 0
    optional: bool = False

    def into(self, name: str, label: str, *, optional: bool = False) -> _Way:
        """Return the way into a structure."""
        return _Way(
            prefix=f"{name}.",
            labels=(*self.labels, label),
            depth=self.depth + 1,
            optional=self.optional or optional,
        )


class _Walk:
    """Walks through parameters and what they hold."""

    def __init__(self) -> None:
        self.found: list[Place] = []
        self._steps = 0

    def parameters(self, parameters: Iterable[Parameter], way: _Way) -> None:
        """Find the values of a message or a structure. Raises _EnoughError."""
        if way.depth > DEEPEST:
            return
        for parameter in parameters:
            self._steps += 1
            if self._steps > MOST_STEPS or len(self.found) >= MOST_VALUES:
                raise _EnoughError
            self._parameter(parameter, way)

    def _parameter(self, parameter: Parameter, way: _Way) -> None:
        name, label = way.prefix + name_of(parameter), label_of(parameter)
        if isinstance(parameter, TableKeyParameter):
            decided = way.row is not None and parameter.table is way.row.table
            if parameter.table_row is None and not decided:
                self._add(way, name, label, None, parameter, parameter.table)
        elif isinstance(parameter, TableStructParameter):
            own = parameter.table_key.table_row
            if own is None and way.row is not None and parameter.table is way.row.table:
                self._row(way.row, replace(way, depth=way.depth + 1))
            else:
                for row in [own] if own is not None else parameter.table.table_rows:
                    self._row(row, way.into(f"{name}.{name_of(row)}", label_of(row)))
        elif isinstance(parameter, ParameterWithDOP) and not isinstance(parameter, PhysicalConstantParameter):
            self._dop(parameter.dop, parameter, way, name, label)

    def _row(self, row: TableRow, way: _Way) -> None:
        if row.structure is not None:
            self.parameters(row.structure.parameters, replace(way, row=row))
        elif isinstance(row.dop, DataObjectProperty):
            self._add(way, row_value_name(way.prefix, row), label_of(row), row.dop, None)

    def _dop(self, dop: object, parameter: Parameter, way: _Way, name: str, label: str) -> None:
        if isinstance(dop, (DataObjectProperty, DtcDop)):
            self._add(way, name, " ".join((*way.labels, label)[-2:]), dop, parameter)
        elif isinstance(dop, Structure):
            self.parameters(dop.parameters, way.into(name, label))
        elif isinstance(dop, Field):
            count = dop.fixed_number_of_items if isinstance(dop, StaticField) else 1
            sure = getattr(dop, "minimum_number_of_items", None) or 0
            inner = dop.structure.parameters if dop.structure is not None else ()
            for index in range(1, min(count, _MOST_ITEMS) + 1):
                way_in = way.into(f"{name}[{index}]", f"{label} {index}", optional=index > sure)
                self.parameters(inner, way_in)
        elif isinstance(dop, Multiplexer):
            for case in dop.cases:
                if case.structure is not None:
                    way_in = way.into(f"{name}.{name_of(case)}", label_of(case), optional=True)
                    self.parameters(case.structure.parameters, way_in)

    def _add(
        self,
        way: _Way,
        name: str,
        label: str,
        dop: SimpleDop | None,
        parameter: Parameter | None,
        table: Table | None = None,
    ) -> None:
        self.found.append(
            Place(name=name, label=label, dop=dop, table=table, parameter=parameter, optional=way.optional)
        )


def is_constant(parameter: Parameter) -> bool:
    """Return whether a request's parameter needs no value."""
    return isinstance(parameter, (CodedConstParameter, PhysicalConstantParameter)) or (
        parameter.parameter_type == "RESERVED"
    )


def has_default(parameter: Parameter) -> bool:
    """Return whether a VALUE parameter may be left out."""
    return isinstance(parameter, ValueParameter) and parameter.physical_default_value is not None

"""Lists the values that the parameters of a message hold, with the names that decoding gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagservice import DiagService
from odxtools.dtcdop import DtcDop
from odxtools.dynamicendmarkerfield import DynamicEndmarkerField
from odxtools.dynamiclengthfield import DynamicLengthField
from odxtools.endofpdufield import EndOfPduField
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
_MOST_ITEMS = 64
"""Items of a field of fixed length that a form lists."""

ComplexField = (StaticField, EndOfPduField, DynamicLengthField, DynamicEndmarkerField)


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
    found: list[Place] = []
    for place in _walk(parameters, row, prefix="", labels=(), depth=0, optional=False):
        found.append(place)
        if len(found) >= MOST_VALUES:
            break
    return tuple(found)


def _walk(
    parameters: Iterable[Parameter],
    row: TableRow | None,
    *,
    prefix: str,
    labels: tuple[str, ...],
    depth: int,
    optional: bool,
) -> Iterator[Place]:
    for parameter in parameters:
        name = prefix + name_of(parameter)
        label = label_of(parameter)
        if isinstance(parameter, TableKeyParameter):
            if parameter.table_row is None and (row is None or parameter.table is not row.table):
                yield Place(
                    name=name,
                    label=label,
                    dop=None,
                    table=parameter.table,
                    parameter=parameter,
                    optional=optional,
                )
        elif isinstance(parameter, TableStructParameter):
            own = parameter.table_key.table_row
            if own is None and row is not None and parameter.table is row.table:
                yield from _row(row, prefix, labels, depth, optional)
            else:
                for other in [own] if own is not None else parameter.table.table_rows:
                    before = f"{name}.{name_of(other)}."
                    yield from _row(other, before, (*labels, label_of(other)), depth + 1, optional)
        elif isinstance(parameter, ParameterWithDOP) and not isinstance(parameter, PhysicalConstantParameter):
            yield from _dop(parameter.dop, parameter, name, (*labels, label), depth, optional)


def _row(row: TableRow, prefix: str, labels: tuple[str, ...], depth: int, optional: bool) -> Iterator[Place]:
    if row.structure is not None:
        if depth < DEEPEST:
            yield from _walk(
                row.structure.parameters,
                row,
                prefix=prefix,
                labels=labels,
                depth=depth + 1,
                optional=optional,
            )
    elif isinstance(row.dop, DataObjectProperty):
        yield Place(
            name=row_value_name(prefix, row),
            label=label_of(row),
            dop=row.dop,
            parameter=None,
            optional=optional,
        )


def row_value_name(prefix: str, row: TableRow) -> str:
    """Return the name of the value of a row that is a data object itself."""
    return prefix.removesuffix(".") if prefix.endswith(f".{name_of(row)}.") else prefix + name_of(row)


def _dop(
    dop: object, parameter: Parameter, name: str, labels: tuple[str, ...], depth: int, optional: bool
) -> Iterator[Place]:
    if isinstance(dop, (DataObjectProperty, DtcDop)):
        label = labels[-1] if len(labels) == 1 else " ".join(labels[-2:])
        yield Place(name=name, label=label, dop=dop, parameter=parameter, optional=optional)
    elif depth >= DEEPEST:
        return
    elif isinstance(dop, Structure):
        yield from _walk(
            dop.parameters, None, prefix=f"{name}.", labels=labels, depth=depth + 1, optional=optional
        )
    elif isinstance(dop, Field):
        least = dop.fixed_number_of_items if isinstance(dop, StaticField) else 1
        sure = getattr(dop, "minimum_number_of_items", None) or 0
        for index in range(1, min(least, _MOST_ITEMS) + 1):
            item = (*labels[:-1], f"{labels[-1]} {index}")
            yield from _walk(
                dop.structure.parameters if dop.structure is not None else (),
                None,
                prefix=f"{name}[{index}].",
                labels=item,
                depth=depth + 1,
                optional=optional or index > sure,
            )
    elif isinstance(dop, Multiplexer):
        for case in dop.cases:
            if case.structure is not None:
                yield from _walk(
                    case.structure.parameters,
                    None,
                    prefix=f"{name}.{name_of(case)}.",
                    labels=(*labels, label_of(case)),
                    depth=depth + 1,
                    optional=True,
                )


def is_constant(parameter: Parameter) -> bool:
    """Return whether a request's parameter needs no value."""
    return isinstance(parameter, (CodedConstParameter, PhysicalConstantParameter)) or (
        parameter.parameter_type == "RESERVED"
    )


def has_default(parameter: Parameter) -> bool:
    """Return whether a VALUE parameter may be left out."""
    return isinstance(parameter, ValueParameter) and parameter.physical_default_value is not None

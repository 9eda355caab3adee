"""Lays out the parameters of a message as fields at fixed places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.dtcdop import DtcDop
from odxtools.parameters.codedconstparameter import CodedConstParameter
from odxtools.parameters.matchingrequestparameter import MatchingRequestParameter
from odxtools.parameters.parameter import Parameter
from odxtools.parameters.parameterwithdop import ParameterWithDOP
from odxtools.parameters.physicalconstantparameter import PhysicalConstantParameter
from odxtools.parameters.reservedparameter import ReservedParameter
from odxtools.staticfield import StaticField
from odxtools.structure import Structure

from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import FieldLayout, ValueKind
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.extraction.shapes import Shape, shape_of
from workshop_console.console.odx.reasons import Reason

_MOST_FIELDS = 2_000
_LONGEST_NAME = 128
_LONGEST_LABEL = 160
_LARGEST_POSITION = 0xFFFF


@dataclass(kw_only=True)
class Layout:
    """Fields found so far; `end` is where the next parameter begins, None where that depends on the data."""

    fields: list[FieldLayout]
    end: int | None
    varies: bool = False
    """Whether the whole has no fixed length, although later parameters may have a fixed place."""

    def from_byte(self, start: int) -> tuple[FieldLayout, ...]:
        """Return the fields at and after `start`, with positions counted from there."""
        return tuple(
            field if not start else _moved(field, start)
            for field in self.fields
            if field.byte_position >= start
        )

    def length_from(self, start: int) -> int | None:
        """Return the bytes from `start` to the end, or None where that varies."""
        return None if self.end is None or self.varies else max(self.end - start, 0)

    def open_end(self) -> None:
        """Note that what follows has no fixed place."""
        self.end, self.varies = None, True


def _moved(field: FieldLayout, start: int) -> FieldLayout:
    values = {name: getattr(field, name) for name in _FIELD_NAMES}
    return FieldLayout(**values | {"byte_position": field.byte_position - start})


_FIELD_NAMES = tuple(FieldLayout.__dataclass_fields__)


def label_of(thing: object) -> str:
    """Return the LONG-NAME of an element, or its SHORT-NAME, made harmless."""
    long_name = getattr(thing, "long_name", None)
    return clean(long_name or getattr(thing, "short_name", ""), longest=_LONGEST_LABEL).strip()


def name_of(thing: object) -> str:
    """Return the SHORT-NAME of an element, made harmless."""
    return clean(getattr(thing, "short_name", ""), longest=_LONGEST_NAME)


class RecordReader:
    """Lays out parameters; remembers the shape of each data object, since many share few."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._shapes: dict[int, Shape] = {}

    def shape(self, dop: DataObjectProperty | DtcDop) -> Shape:
        """Return how the bits of a simple data object become a value."""
        known = self._shapes.get(id(dop))
        if known is None:
            known = self._shapes[id(dop)] = shape_of(dop)
        return known

    def lay_out(self, parameters: Iterable[Parameter], where: str) -> Layout:
        """Return the fields of a message; positions count from its service identifier."""
        layout = Layout(fields=[], end=0)
        self._walk(parameters, layout, origin=0, prefix="", where=where)
        return layout

    def single(self, dop: object, thing: object, where: str) -> Layout:
        """Return the layout of a record that is one data object, named as `thing`."""
        layout = Layout(fields=[], end=0)
        self._value(dop, thing, layout, position=0, bit=0, prefix="", where=where)
        return layout

    def _walk(
        self, parameters: Iterable[Parameter], layout: Layout, *, origin: int, prefix: str, where: str
    ) -> None:
        for parameter in parameters:
            if parameter.byte_position is not None:
                position = origin + parameter.byte_position
            elif layout.end is not None:
                position = layout.end
            else:
                self._problems.add(where, Reason.FIELD_DYNAMIC, parameter.short_name)
                return
            if position > _LARGEST_POSITION or len(layout.fields) > _MOST_FIELDS:
                self._problems.add(where, Reason.FIELD_DYNAMIC, parameter.short_name)
                layout.open_end()
                return
            bit = parameter.bit_position or 0
            fixed = _fixed_bits(parameter)
            if fixed is not None:
                _move_end(layout, position + (bit + fixed + 7) // 8)
            elif isinstance(parameter, ParameterWithDOP):
                self._value(
                    parameter.dop, parameter, layout, position=position, bit=bit, prefix=prefix, where=where
                )
            else:
                self._problems.add(where, Reason.FIELD_DYNAMIC, parameter.short_name)
                layout.open_end()

    def _value(
        self,
        dop: object,
        thing: object,
        layout: Layout,
        *,
        position: int,
        bit: int,
        prefix: str,
        where: str,
    ) -> None:
        name = prefix + name_of(thing)
        if isinstance(dop, (DataObjectProperty, DtcDop)):
            shape = self.shape(dop)
            if shape.problem is not None:
                self._problems.add(where, shape.problem, name)
            layout.fields.append(
                FieldLayout(
                    name=name,
                    label=label_of(thing),
                    byte_position=position + shape.skip_bytes,
                    bit_position=bit,
                    bit_length=shape.bit_length,
                    kind=shape.kind,
                    little_endian=shape.little_endian and shape.kind is not ValueKind.BYTES,
                    factor=shape.factor,
                    offset=shape.offset,
                    divisor=shape.divisor,
                    texts=shape.texts,
                    unit=shape.unit,
                    digits=shape.digits,
                )
            )
            if shape.bit_length is None or not shape.moves_on:
                layout.open_end()
            elif shape.bytes_taken is not None:
                _move_end(layout, position + shape.bytes_taken)
            else:
                _move_end(layout, position + (bit + shape.bit_length + 7) // 8)
        elif isinstance(dop, Structure):
            self._structure(dop, layout, position=position, prefix=f"{name}.", where=where)
        elif isinstance(dop, StaticField):
            for index in range(dop.fixed_number_of_items):
                start = position + index * dop.item_byte_size
                if start > _LARGEST_POSITION or len(layout.fields) > _MOST_FIELDS:
                    break
                self._structure(
                    dop.structure, layout, position=start, prefix=f"{name}[{index + 1}].", where=where
                )
            _move_end(layout, position + dop.fixed_number_of_items * dop.item_byte_size)
        else:
            self._problems.add(where, Reason.FIELD_DYNAMIC, name)
            layout.open_end()

    def _structure(
        self, structure: object, layout: Layout, *, position: int, prefix: str, where: str
    ) -> None:
        before = layout.end
        layout.end = position
        self._walk(getattr(structure, "parameters", ()), layout, origin=position, prefix=prefix, where=where)
        byte_size = getattr(structure, "byte_size", None)
        if byte_size is not None:
            layout.end = position + byte_size
        if layout.end is not None and before is not None:
            layout.end = max(layout.end, before)


def _fixed_bits(parameter: Parameter) -> int | None:
    """Return the length of a parameter that carries no value of its own; None for one that does."""
    if isinstance(parameter, (CodedConstParameter, ReservedParameter, MatchingRequestParameter)):
        return parameter.get_static_bit_length()
    if isinstance(parameter, PhysicalConstantParameter):
        return parameter.get_static_bit_length()
    return None


def _move_end(layout: Layout, end: int) -> None:
    if layout.end is None or end > layout.end:
        layout.end = end

"""Turns the field layouts of a vehicle definition into ODX data objects."""

from __future__ import annotations

import math

from odxtools.compumethods.compucategory import CompuCategory
from odxtools.compumethods.compuconst import CompuConst
from odxtools.compumethods.compuinternaltophys import CompuInternalToPhys
from odxtools.compumethods.compumethod import CompuMethod
from odxtools.compumethods.compurationalcoeffs import CompuRationalCoeffs
from odxtools.compumethods.compuscale import CompuScale
from odxtools.compumethods.identicalcompumethod import IdenticalCompuMethod
from odxtools.compumethods.limit import Limit
from odxtools.compumethods.linearcompumethod import LinearCompuMethod
from odxtools.compumethods.texttablecompumethod import TexttableCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.encoding import Encoding
from odxtools.internalconstr import InternalConstr
from odxtools.odxlink import OdxLinkRef
from odxtools.odxtypes import DataType
from odxtools.physicaltype import PhysicalType
from odxtools.standardlengthtype import StandardLengthType

from workshop_console.console.model.description import FieldLayout, ValueKind
from workshop_console.console.odx.authoring.layer import LayerContents

_DATA_TYPES = {
    ValueKind.UNSIGNED: DataType.A_UINT32,
    ValueKind.SIGNED: DataType.A_INT32,
    ValueKind.BCD: DataType.A_UINT32,
    ValueKind.ASCII: DataType.A_ASCIISTRING,
    ValueKind.UTF8: DataType.A_UTF8STRING,
    ValueKind.UTF16: DataType.A_UNICODE2STRING,
    ValueKind.BYTES: DataType.A_BYTEFIELD,
}
_CODED_DIGITS = 6
"""Hides binary rounding of a limit before it becomes a whole number."""
_FLOATS = (DataType.A_FLOAT32, DataType.A_FLOAT64)


def field_dop(contents: LayerContents, field: FieldLayout) -> OdxLinkRef:
    """Return a reference to the data object that describes `field`; equal ones are shared in the layer."""
    key = (
        *(field.bit_length, field.kind, field.little_endian, field.unit, field.digits),
        *(field.factor, field.offset, field.divisor, field.texts, field.low, field.high),
    )
    if known := contents.dop_for(key):
        return known
    coded = _coded_type(field)
    method = _compu_method(field, coded.base_data_type)
    name = contents.next_dop_name()
    dop = DataObjectProperty(
        odx_id=contents.identifier(f"DOP.{name}"),
        short_name=name,
        compu_method=method,
        diag_coded_type=coded,
        physical_type=PhysicalType(
            base_data_type=method.physical_type,
            precision=field.digits if method.physical_type in _FLOATS else None,
        ),
        internal_constr=_limits(field, coded.base_data_type),
        unit_ref=contents.unit(field.unit),
    )
    return contents.add_dop(key, dop)


def _limits(field: FieldLayout, internal: DataType) -> InternalConstr | None:
    """Return the limits as coded ones: odxtools 11.7 writes no PHYS-CONSTR."""
    if field.low is None and field.high is None:
        return None
    low, high = _coded(field, field.low), _coded(field, field.high)
    if low is not None and high is not None and low > high:
        low, high = high, low
    whole = internal not in _FLOATS
    return InternalConstr(
        lower_limit=_limit(math.ceil(low) if whole else low, internal) if low is not None else None,
        upper_limit=_limit(math.floor(high) if whole else high, internal) if high is not None else None,
        value_type=internal,
    )


def _coded(field: FieldLayout, physical: float | None) -> float | None:
    if physical is None:
        return None
    return round((physical * field.divisor - field.offset) / field.factor, _CODED_DIGITS)


def _limit(value: float, internal: DataType) -> Limit:
    return Limit(value_raw=str(value), value_type=internal)


def _coded_type(field: FieldLayout) -> StandardLengthType:
    if field.bit_length is None:
        raise ValueError(f"{field.name}: simulated records have a fixed length")
    if field.kind is ValueKind.FLOAT:
        base = DataType.A_FLOAT32 if field.bit_length == 32 else DataType.A_FLOAT64
    else:
        base = _DATA_TYPES[field.kind]
    return StandardLengthType(
        base_data_type=base,
        base_type_encoding=Encoding.BCD_P if field.kind is ValueKind.BCD else None,
        bit_length=field.bit_length,
        is_highlow_byte_order_raw=False if field.little_endian else None,
    )


def _compu_method(field: FieldLayout, internal: DataType) -> CompuMethod:
    if field.texts:
        return TexttableCompuMethod(
            category=CompuCategory.TEXTTABLE,
            internal_type=internal,
            physical_type=DataType.A_UNICODE2STRING,
            compu_internal_to_phys=CompuInternalToPhys(
                compu_scales=[
                    CompuScale(
                        lower_limit=Limit(value_raw=f"{entry.low:.0f}", value_type=internal),
                        upper_limit=Limit(value_raw=f"{entry.high:.0f}", value_type=internal),
                        compu_const=CompuConst(vt=entry.text, data_type=DataType.A_UNICODE2STRING),
                        domain_type=internal,
                        range_type=DataType.A_UNICODE2STRING,
                    )
                    for entry in field.texts
                ]
            ),
        )
    if (field.factor, field.offset, field.divisor) == (1, 0, 1):
        physical = internal
        if internal in (DataType.A_ASCIISTRING, DataType.A_UTF8STRING):
            physical = DataType.A_UNICODE2STRING
        return IdenticalCompuMethod(
            category=CompuCategory.IDENTICAL, internal_type=internal, physical_type=physical
        )
    whole = field.divisor == 1 and field.factor.is_integer() and field.offset.is_integer()
    physical = DataType.A_INT32 if whole else DataType.A_FLOAT64
    number = int if whole else float
    return LinearCompuMethod(
        category=CompuCategory.LINEAR,
        internal_type=internal,
        physical_type=physical,
        compu_internal_to_phys=CompuInternalToPhys(
            compu_scales=[
                CompuScale(
                    compu_rational_coeffs=CompuRationalCoeffs(
                        value_type=physical,
                        numerators=[number(field.offset), number(field.factor)],
                        denominators=[number(field.divisor)],
                    ),
                    domain_type=internal,
                    range_type=physical,
                )
            ]
        ),
    )

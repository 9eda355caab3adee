"""Says how the bits of one simple data object (DATA-OBJECT-PROP) become a value."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from odxtools.compumethods.compumethod import CompuMethod
from odxtools.compumethods.compuscale import CompuScale
from odxtools.compumethods.identicalcompumethod import IdenticalCompuMethod
from odxtools.compumethods.intervaltype import IntervalType
from odxtools.compumethods.limit import Limit
from odxtools.compumethods.texttablecompumethod import TexttableCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagcodedtype import DiagCodedType
from odxtools.dtcdop import DtcDop
from odxtools.encoding import Encoding
from odxtools.leadinglengthinfotype import LeadingLengthInfoType
from odxtools.minmaxlengthtype import MinMaxLengthType
from odxtools.odxtypes import DataType
from odxtools.standardlengthtype import StandardLengthType

from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import TextRange, ValueKind
from workshop_console.console.odx.reasons import Reason

_WHOLE = (DataType.A_INT32, DataType.A_UINT32)
_FLOATS = (DataType.A_FLOAT32, DataType.A_FLOAT64)
_NUMBERS = (*_WHOLE, *_FLOATS)
_STRINGS = {
    DataType.A_ASCIISTRING: ValueKind.ASCII,
    DataType.A_UTF8STRING: ValueKind.UTF8,
    DataType.A_UNICODE2STRING: ValueKind.UTF16,
}
_STRING_ENCODINGS = {
    Encoding.UTF8: ValueKind.UTF8,
    Encoding.UCS2: ValueKind.UTF16,
    Encoding.ISO_8859_1: ValueKind.ASCII,
}
_UNBOUNDED = float(1 << 64)
"""Beyond every coded number; stands for an infinite limit."""
_MOST_TEXTS = 4_096


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a data object says of its bits, wherever they stand."""

    kind: ValueKind
    bit_length: int | None
    """None: to the end of the message."""
    skip_bytes: int = 0
    """Bytes before the value: its own length information, or what a mask takes away at the front."""
    moves_on: bool = True
    """False: where the next parameter begins depends on the data."""
    little_endian: bool = False
    factor: float = 1.0
    offset: float = 0.0
    divisor: float = 1.0
    texts: tuple[TextRange, ...] = ()
    unit: str = ""
    digits: int | None = None
    problem: Reason | None = None
    """Why the value is shown raw."""
    bytes_taken: int | None = None
    """Bytes that the whole object takes, where that is more than its bits need."""


def shape_of(dop: DataObjectProperty | DtcDop) -> Shape:
    """Return how the bits of `dop` become a value; raw bytes with a problem where nothing else is right."""
    coded = dop.diag_coded_type
    shape = _coded_shape(coded)
    unit = getattr(dop, "unit", None)
    precision = dop.physical_type.precision
    if shape.problem is None:
        shape = _with_method(shape, dop.compu_method, dop.physical_type.base_data_type)
    if shape.problem is not None:
        return replace(shape, kind=ValueKind.BYTES, factor=1.0, offset=0.0, divisor=1.0, texts=())
    digits = shape.digits
    if precision is not None and dop.physical_type.base_data_type in _FLOATS:
        digits = min(max(precision, 0), 12)
    return replace(
        shape, unit=clean(unit.display_name, longest=24) if unit is not None else "", digits=digits
    )


def _coded_shape(coded: DiagCodedType) -> Shape:
    """Return kind and length of the coded value."""
    kind, problem = _kind(coded)
    little_endian = not coded.is_highlow_byte_order and (
        kind is ValueKind.UTF16 or coded.base_data_type in _NUMBERS
    )
    if isinstance(coded, StandardLengthType):
        shape = Shape(kind=kind, bit_length=coded.bit_length, little_endian=little_endian, problem=problem)
        return _masked(shape, coded)
    if isinstance(coded, MinMaxLengthType) and coded.min_length == coded.max_length:
        return Shape(kind=kind, bit_length=8 * coded.min_length, little_endian=little_endian, problem=problem)
    skip = (coded.bit_length + 7) // 8 if isinstance(coded, LeadingLengthInfoType) else 0
    return Shape(
        kind=kind,
        bit_length=None,
        skip_bytes=skip,
        moves_on=False,
        little_endian=little_endian,
        problem=problem,
    )


def _kind(coded: DiagCodedType) -> tuple[ValueKind, Reason | None]:
    data_type, encoding = coded.base_data_type, coded.base_type_encoding
    plain = encoding in (None, Encoding.NONE)
    if data_type is DataType.A_UINT32:
        if encoding is Encoding.BCD_P:
            return ValueKind.BCD, None
        return ValueKind.UNSIGNED, None if plain else Reason.FIELD_ENCODING
    if data_type is DataType.A_INT32:
        supported = plain or encoding is Encoding.TWOC
        return ValueKind.SIGNED, None if supported else Reason.FIELD_ENCODING
    if data_type in _FLOATS:
        return ValueKind.FLOAT, None if plain else Reason.FIELD_ENCODING
    if data_type is DataType.A_BYTEFIELD:
        return ValueKind.BYTES, None
    if encoding is None:
        return _STRINGS[data_type], None
    known = _STRING_ENCODINGS.get(encoding)
    return known or ValueKind.BYTES, None if known else Reason.FIELD_ENCODING


def _masked(shape: Shape, coded: StandardLengthType) -> Shape:
    """Return `shape` with only the bits of the mask, where these are the lowest ones."""
    mask, length = coded.bit_mask, coded.bit_length
    if mask is None or mask & (1 << length) - 1 == (1 << length) - 1:
        return shape
    bits = mask.bit_length()
    if mask != (1 << bits) - 1 or not mask or shape.kind is not ValueKind.UNSIGNED:
        return replace(shape, problem=Reason.FIELD_ENCODING)
    taken = (length + 7) // 8
    skip = 0 if shape.little_endian else taken - (bits + 7) // 8
    return replace(shape, bit_length=bits, skip_bytes=skip, bytes_taken=taken)


def _with_method(shape: Shape, method: CompuMethod, physical: DataType) -> Shape:
    """Return `shape` with the conversion of a COMPU-METHOD."""
    if isinstance(method, IdenticalCompuMethod):
        return shape
    scales = method.compu_internal_to_phys.compu_scales if method.compu_internal_to_phys else []
    if isinstance(method, TexttableCompuMethod):
        if method.internal_type not in _NUMBERS or len(scales) > _MOST_TEXTS:
            return replace(shape, problem=Reason.FIELD_SCALE)
        return replace(shape, texts=_texts(method, scales))
    if len(scales) != 1 or method.internal_type not in _NUMBERS:
        return replace(shape, problem=Reason.FIELD_SCALE)
    coefficients = scales[0].compu_rational_coeffs
    if coefficients is None or len(coefficients.numerators) > 2 or len(coefficients.denominators) > 1:
        return replace(shape, problem=Reason.FIELD_SCALE)
    offset, factor = (*map(float, coefficients.numerators), 0.0)[:2]
    divisor = float(coefficients.denominators[0]) if coefficients.denominators else 1.0
    if not divisor or not all(map(math.isfinite, (offset, factor, divisor))):
        return replace(shape, problem=Reason.FIELD_SCALE)
    return replace(
        shape, offset=offset, factor=factor, divisor=divisor, digits=0 if physical in _WHOLE else None
    )


def _texts(method: TexttableCompuMethod, scales: list[CompuScale]) -> tuple[TextRange, ...]:
    texts = []
    for scale in scales:
        if scale.compu_const is None or scale.compu_const.value is None:
            continue
        low, high = _range(scale)
        if low <= high:
            texts.append(TextRange(low=low, high=high, text=clean(scale.compu_const.value, longest=120)))
    default = method.compu_internal_to_phys and method.compu_internal_to_phys.compu_default_value
    if default and default.value is not None:
        texts.append(TextRange(low=-_UNBOUNDED, high=_UNBOUNDED, text=clean(default.value, longest=120)))
    return tuple(texts)


def _range(scale: CompuScale) -> tuple[float, float]:
    """Return the closed range of a scale; one limit alone is the only value (ISO 22901-1, 7.3.6.6.1)."""
    lower, upper = scale.lower_limit, scale.upper_limit
    if lower is None and upper is None:
        return -_UNBOUNDED, _UNBOUNDED
    if lower is None or upper is None:
        only = lower or upper
        number = _number(only)
        return (number, number) if number is not None else (-_UNBOUNDED, _UNBOUNDED)
    return _closed(lower, -_UNBOUNDED, +1), _closed(upper, _UNBOUNDED, -1)


def _closed(limit: Limit, unbounded: float, inwards: int) -> float:
    number = _number(limit)
    if number is None or limit.interval_type is IntervalType.INFINITE:
        return unbounded
    if limit.interval_type is IntervalType.OPEN:
        return number + inwards if number.is_integer() else number
    return number


def _number(limit: Limit | None) -> float | None:
    value = limit.value if limit is not None else None
    return float(value) if isinstance(value, (int, float)) else None

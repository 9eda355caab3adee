"""Says how the values of a simple data object are shown and entered, and turns them into text and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from odxtools.compumethods.compumethod import CompuMethod
from odxtools.compumethods.intervaltype import IntervalType
from odxtools.compumethods.limit import Limit
from odxtools.compumethods.linearcompumethod import LinearCompuMethod
from odxtools.compumethods.texttablecompumethod import TexttableCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagnostictroublecode import DiagnosticTroubleCode
from odxtools.dtcdop import DtcDop
from odxtools.encoding import Encoding, get_string_encoding
from odxtools.odxtypes import AtomicOdxType, DataType
from odxtools.standardlengthtype import StandardLengthType

from workshop_console.console.model.clean import clean
from workshop_console.console.model.dtc import format_code
from workshop_console.console.model.forms import ParameterKind

WHOLE = (DataType.A_INT32, DataType.A_UINT32)
FLOATS = (DataType.A_FLOAT32, DataType.A_FLOAT64)

_SIGNIFICANT_DIGITS = 12
"""As model/decode.py: hides binary rounding, keeps 32-bit integers whole."""
_MOST_DIGITS = 12
_MOST_CHOICES = 4_096
_LONGEST_CHOICE = 120
_LONGEST_UNIT = 24
_LONGEST_NUMBER = 40
_LONGEST_EXPECTED = 300
_ROUNDING = 1e-9
"""Share of a limit by which a typed value may miss it: decimal digits do not hit every binary number."""

SimpleDop = DataObjectProperty | DtcDop
Range = tuple[float | None, float | None]


class NotAllowedError(ValueError):
    """A text is no value of its data object; the argument says what would be."""


@dataclass(frozen=True)
class Physical:
    """The physical side of one simple data object."""

    dop: SimpleDop

    @cached_property
    def kind(self) -> ParameterKind:
        """What a person reads and enters."""
        if isinstance(self.dop, DtcDop):
            return ParameterKind.TEXT
        if isinstance(self.dop.compu_method, TexttableCompuMethod):
            return ParameterKind.CHOICE
        base = self.dop.physical_type.base_data_type
        if base in WHOLE or base in FLOATS:
            return ParameterKind.NUMBER
        return ParameterKind.BYTES if base is DataType.A_BYTEFIELD else ParameterKind.TEXT

    @cached_property
    def unit(self) -> str:
        """Display name of the unit."""
        unit = getattr(self.dop, "unit", None)
        return clean(unit.display_name, longest=_LONGEST_UNIT) if unit is not None else ""

    @cached_property
    def digits(self) -> int | None:
        """Digits after the point, where described."""
        base = self.dop.physical_type.base_data_type
        if self.kind is not ParameterKind.NUMBER:
            return None
        if base in WHOLE:
            return 0
        precision = self.dop.physical_type.precision
        return None if precision is None else min(max(precision, 0), _MOST_DIGITS)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The texts of a text table: as shown, and as described."""
        method = self.dop.compu_method
        if not isinstance(method, TexttableCompuMethod) or method.compu_internal_to_phys is None:
            return {}
        found: dict[str, str] = {}
        for scale in method.compu_internal_to_phys.compu_scales[:_MOST_CHOICES]:
            if scale.compu_const is not None and isinstance(scale.compu_const.value, str):
                text = scale.compu_const.value
                found.setdefault(clean(text, longest=_LONGEST_CHOICE), text)
        return found

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts to choose from."""
        return tuple(self.texts)

    @cached_property
    def described_range(self) -> Range:
        """Least and greatest value that the description calls valid."""
        if self.kind is not ParameterKind.NUMBER or not isinstance(self.dop, DataObjectProperty):
            return None, None
        low, high = _bounds(getattr(self.dop, "physical_constr", None))
        ranges = [(low, high), *_converted(self.dop)]
        return _narrowest(ranges)

    @cached_property
    def possible_range(self) -> Range:
        """As described_range, and not beyond what the coded bits can hold."""
        low, high = self.described_range
        if self.kind is not ParameterKind.NUMBER or not isinstance(self.dop, DataObjectProperty):
            return low, high
        coded = _coded_range(self.dop)
        return _narrowest([(low, high), _through(self.dop.compu_method, *coded) if coded else (None, None)])

    # -- text ------------------------------------------------------------------------------------------

    def text_of(self, value: object) -> str:
        """Return a physical value as plain text: a dot, no exponent, no negative zero; cleaned."""
        if isinstance(value, DiagnosticTroubleCode):
            return _trouble_code(value)
        if self.kind is ParameterKind.CHOICE:
            return clean(value, longest=_LONGEST_CHOICE)
        return plain_text(value, self.digits)

    def value_of(self, text: str) -> AtomicOdxType:
        """Return the physical value that `text` spells. Raises NotAllowedError."""
        if self.kind is ParameterKind.CHOICE:
            if (described := self.texts.get(text)) is not None:
                return described
            raise NotAllowedError(self.expected)
        if isinstance(self.dop, DtcDop):
            return self._trouble_code_of(text)
        if self.kind is ParameterKind.BYTES:
            return self._bytes(text)
        if self.kind is ParameterKind.TEXT:
            return self._text(text)
        number = self._number(text)
        low, high = self.possible_range
        if (low is not None and number < low - abs(low) * _ROUNDING) or (
            high is not None and number > high + abs(high) * _ROUNDING
        ):
            raise NotAllowedError(self.expected)
        return number

    def _bytes(self, text: str) -> bytes:
        try:
            value = bytes.fromhex(text.strip().removeprefix("0x"))
        except ValueError:
            raise NotAllowedError(self.expected) from None
        shortest, longest = self.lengths
        if len(value) < shortest or (longest is not None and len(value) > longest):
            raise NotAllowedError(self.expected)
        return value

    def _text(self, text: str) -> str:
        """Return `text`, with spaces up to a fixed length: odxtools 11.7 would put zeros before it."""
        shortest, longest = self.lengths
        try:
            length = len(self._coded(text))
            if shortest == longest:
                text += " " * ((shortest - length) // len(self._coded(" ")))
                length = len(self._coded(text))
        except (UnicodeEncodeError, LookupError):
            raise NotAllowedError(self.expected) from None
        if length < shortest or (longest is not None and length > longest):
            raise NotAllowedError(self.expected)
        return text

    def _coded(self, text: str) -> bytes:
        coded = self.dop.diag_coded_type
        encoding = get_string_encoding(
            coded.base_data_type, coded.base_type_encoding, coded.is_highlow_byte_order
        )
        return text.encode(encoding or "latin-1")

    @cached_property
    def lengths(self) -> tuple[int, int | None]:
        """Least and greatest number of bytes of a coded text or byte field."""
        if self.kind not in (ParameterKind.TEXT, ParameterKind.BYTES) or isinstance(self.dop, DtcDop):
            return 0, None
        if (bits := self.dop.get_static_bit_length()) is not None:
            return (bits + 7) // 8, (bits + 7) // 8
        coded = self.dop.diag_coded_type
        return getattr(coded, "min_length", None) or 0, getattr(coded, "max_length", None)

    def _number(self, text: str) -> int | float:
        text = text.strip()
        try:
            if len(text) > _LONGEST_NUMBER or "_" in text:
                raise ValueError
            if self.dop.physical_type.base_data_type in FLOATS:
                number = float(text)
                if not math.isfinite(number):
                    raise ValueError
                return number
            if text.lower().startswith(("0x", "-0x")):
                return int(text, 16)
            whole = Decimal(text)
            if whole != whole.to_integral_value():
                raise ValueError
            return int(whole)
        except (ValueError, ArithmeticError):
            raise NotAllowedError(self.expected) from None

    def _trouble_code_of(self, text: str) -> AtomicOdxType:
        assert isinstance(self.dop, DtcDop)  # noqa: S101  # value_of() asked
        wanted = text.strip()
        for dtc in self.dop.dtcs:
            if wanted in (_trouble_code(dtc), dtc.short_name, dtc.display_trouble_code or dtc.short_name):
                return dtc.trouble_code
        raise NotAllowedError(self.expected)

    @cached_property
    def expected(self) -> str:
        """What is allowed, in marks that need no language: texts, a range, a shape."""
        if self.kind is ParameterKind.CHOICE:
            return _some(self.choices)
        if isinstance(self.dop, DtcDop):
            return _some(tuple(_trouble_code(dtc) for dtc in self.dop.dtcs[:_MOST_CHOICES]))
        if self.kind is ParameterKind.BYTES:
            return f"00 … FF{self._how_long}"
        if self.kind is ParameterKind.TEXT:
            return f"abc{self._how_long}"
        low, high = (plain_text(v, self.digits) if v is not None else "" for v in self.possible_range)
        span = f"{low} … {high}" if low and high else f">= {low}" if low else f"<= {high}" if high else ""
        span = span or ("123" if self.digits == 0 else "1.23")
        return f"{span} {self.unit}".rstrip()

    @property
    def _how_long(self) -> str:
        """Return how many bytes are allowed: " (2 … 17)"."""
        shortest, longest = self.lengths
        if longest is None:
            return f" (>= {shortest})" if shortest else ""
        return f" ({longest})" if shortest == longest else f" ({shortest} … {longest})"


def plain_text(value: object, digits: int | None = None) -> str:
    """Return any physical value as plain text."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return str(value) if not digits else f"{value}.{'0' * digits}"
    if isinstance(value, float):
        return _float_text(value, digits)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex().upper()
    if isinstance(value, DiagnosticTroubleCode):
        return _trouble_code(value)
    return clean(str(value).rstrip("\x00").rstrip(" "))


def _float_text(value: float, digits: int | None) -> str:
    if not math.isfinite(value):
        return str(value)
    if digits is not None:
        text = f"{value:.{digits}f}"
    else:
        text = f"{value:.{_SIGNIFICANT_DIGITS}g}"
        if "e" in text:
            text = f"{Decimal(text):f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def _trouble_code(dtc: DiagnosticTroubleCode) -> str:
    return clean(
        dtc.display_trouble_code or format_code(dtc.trouble_code & 0xFFFFFF), longest=_LONGEST_CHOICE
    )


def _some(texts: tuple[str, ...]) -> str:
    """Return as many of `texts` as fit a message."""
    shown: list[str] = []
    left = _LONGEST_EXPECTED
    for text in texts:
        left -= len(text) + 2
        if left < 0:
            return ", ".join([*shown, "…"])
        shown.append(text)
    return ", ".join(shown)


# -- limits --------------------------------------------------------------------------------------------


def _bounds(limits: object) -> Range:
    """Return the numbers of an INTERNAL-CONSTR, PHYS-CONSTR or COMPU-SCALE."""
    lower, upper = getattr(limits, "lower_limit", None), getattr(limits, "upper_limit", None)
    return _number_of(lower), _number_of(upper)


def _number_of(limit: Limit | None) -> float | None:
    if limit is None or limit.interval_type is IntervalType.INFINITE:
        return None
    value = limit.value
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _converted(dop: DataObjectProperty) -> list[Range]:
    """Return the limits of coded values as physical ones."""
    method = dop.compu_method
    found = [_through(method, *_bounds(dop.internal_constr))]
    if isinstance(method, LinearCompuMethod):
        found.append(
            (_number_of(method.segment.physical_lower_limit), _number_of(method.segment.physical_upper_limit))
        )
    return found


def _through(method: CompuMethod, low: float | None, high: float | None) -> Range:
    """Return physical limits for those of coded values; unknown where the conversion takes none of them."""
    converted = []
    for limit in (low, high):
        try:
            value = method.convert_internal_to_physical(limit) if limit is not None else None
        except MemoryError:
            raise
        except Exception:
            # odxtools raises whatever it runs into for values that a conversion does not cover.
            return None, None
        converted.append(value if isinstance(value, (int, float)) else None)
    low, high = converted
    falling = isinstance(method, LinearCompuMethod) and method.segment.factor / method.segment.denominator < 0
    if falling or (low is not None and high is not None and low > high):
        return high, low
    return low, high


def _narrowest(ranges: list[Range]) -> Range:
    lows = [low for low, _ in ranges if low is not None]
    highs = [high for _, high in ranges if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _coded_range(dop: DataObjectProperty) -> tuple[int, int] | None:
    """Return least and greatest number that the bits of a plain integer hold."""
    coded = dop.diag_coded_type
    if not isinstance(coded, StandardLengthType) or not 0 < coded.bit_length <= 64:
        return None
    plain = coded.base_type_encoding in (None, Encoding.NONE, Encoding.TWOC)
    if not plain or coded.bit_mask is not None:
        return None
    if coded.base_data_type is DataType.A_UINT32:
        return 0, (1 << coded.bit_length) - 1
    if coded.base_data_type is DataType.A_INT32:
        return -(1 << coded.bit_length - 1), (1 << coded.bit_length - 1) - 1
    return None

"""Turns the variant patterns of ECU variants into comparisons of bits (ISO 22901-1, 7.3.9)."""

from __future__ import annotations

from itertools import product

from odxtools.compumethods.texttablecompumethod import TexttableCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diaglayers.ecuvariant import EcuVariant
from odxtools.diagservice import DiagService
from odxtools.encodestate import EncodeState
from odxtools.matchingparameter import MatchingParameter
from odxtools.odxtypes import DataType
from odxtools.parameters.codedconstparameter import CodedConstParameter
from odxtools.parameters.parameterwithdop import ParameterWithDOP
from odxtools.response import Response
from odxtools.structure import Structure

from workshop_console.console.model.description import FieldLayout, MatchRule, Variant
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.extraction.records import RecordReader, label_of, name_of
from workshop_console.console.odx.extraction.services import constant_prefix
from workshop_console.console.odx.reasons import Reason

_MOST_ALTERNATIVES = 64
"""Raw values that one expected text may stand for, and combinations of them in one pattern."""

Rules = tuple[MatchRule, ...]


class _UnusableError(Exception):
    """Says why a matching parameter cannot be compared."""


class PatternReader:
    """Reads the patterns of variants."""

    def __init__(self, records: RecordReader, problems: Problems) -> None:
        self._records = records
        self._problems = problems

    def variant(self, layer: EcuVariant) -> Variant:
        """Return a variant with the patterns that can be compared."""
        patterns: list[Rules] = []
        where = name_of(layer)
        for pattern in layer.ecu_variant_patterns:
            with self._problems.guard(where, Reason.PATTERN_UNUSABLE):
                try:
                    choices = [self._choices(layer, p) for p in pattern.matching_parameters]
                except _UnusableError as unusable:
                    self._problems.add(where, Reason.PATTERN_UNUSABLE, unusable)
                    continue
                combined = list(product(*choices)) if choices else []
                if len(combined) > _MOST_ALTERNATIVES:
                    self._problems.add(where, Reason.PATTERN_UNUSABLE, len(combined))
                    continue
                patterns += [tuple(rule for rules in chosen for rule in rules) for chosen in combined]
        return Variant(name=where, label=label_of(layer), patterns=tuple(patterns))

    def _choices(self, layer: EcuVariant, parameter: MatchingParameter) -> list[Rules]:
        """Return the alternatives of one matching parameter: rules that all hold, for any one of them."""
        name = parameter.diag_comm_snref
        service = next((s for s in layer.diag_services if s.short_name == name), None)
        if service is None or service.request is None:
            raise _UnusableError(name)
        request = self._request(service)
        path = (parameter.out_param_if_snref or parameter.out_param_if_snpathref or "").split(".")
        # The standard wants the parameter in a positive or a negative response; only the first can be read.
        for response in service.positive_responses:
            choices = self._in_response(response, path, parameter.expected_value, request)
            if choices:
                return choices
        raise _UnusableError(f"{name}.{'.'.join(path)} = {parameter.expected_value}")

    def _request(self, service: DiagService) -> bytes:
        assert service.request is not None  # noqa: S101  # _choices() asked
        request = constant_prefix(service.request.parameters, with_defaults=True)
        if len(request) * 8 < sum(p.get_static_bit_length() or 8 for p in service.request.parameters):
            raise _UnusableError(service.short_name)
        return request

    def _in_response(self, response: Response, path: list[str], expected: str, request: bytes) -> list[Rules]:
        target = _find(response, path)
        if isinstance(target, CodedConstParameter):
            return [()] if str(target.coded_value) == expected else []
        if not isinstance(target, ParameterWithDOP) or not isinstance(target.dop, DataObjectProperty):
            return []
        layout = self._records.lay_out(response.parameters, response.short_name)
        full_name = ".".join(path)
        field = next((f for f in layout.fields if f.name == full_name), None)
        if field is None:
            return []
        return [
            _rules(field, content, bit_length, request)
            for content, bit_length in _coded_values(target.dop, expected)
        ]


def _find(response: Response, path: list[str]) -> object:
    parameters = response.parameters
    found: object = None
    for place, name in enumerate(path):
        found = next((p for p in parameters if p.short_name == name), None)
        if place + 1 < len(path):
            dop = getattr(found, "dop", None)
            if not isinstance(dop, Structure):
                return None
            parameters = dop.parameters
    return found


def _coded_values(dop: DataObjectProperty, expected: str) -> list[tuple[bytes, int]]:
    """Return the coded values that stand for an expected physical value, and their lengths in bits."""
    physical_type = dop.physical_type.base_data_type
    method = dop.compu_method
    if isinstance(method, TexttableCompuMethod) and method.compu_internal_to_phys:
        internals: list[object] = []
        for scale in method.compu_internal_to_phys.compu_scales:
            if scale.compu_const is None or str(scale.compu_const.value) != expected:
                continue
            low = scale.lower_limit.value if scale.lower_limit else None
            high = scale.upper_limit.value if scale.upper_limit else None
            if isinstance(low, int) and isinstance(high, int) and low < high:
                candidates = range(low, min(high, low + _MOST_ALTERNATIVES) + 1)
                internals += [number for number in candidates if scale.applies(number)]
            else:
                internals += [limit for limit in (low if low is not None else high,) if limit is not None]
    else:
        if physical_type is DataType.A_BYTEFIELD:
            physical: object = bytes.fromhex(expected)
        else:
            physical = physical_type.from_string(expected)
        internals = [method.convert_physical_to_internal(physical)]  # type: ignore[arg-type]  # from the type's own parser
    if len(internals) > _MOST_ALTERNATIVES:
        raise _UnusableError(f"{dop.short_name} = {expected}")
    coded = []
    for internal in internals:
        state = EncodeState(is_end_of_pdu=True)
        dop.diag_coded_type.encode_into_pdu(internal, state)  # type: ignore[arg-type]  # from the method or its scales
        bits = dop.diag_coded_type.get_static_bit_length() or 8 * len(state.coded_message)
        coded.append((bytes(state.coded_message), bits))
    return coded


def _rules(field: FieldLayout, content: bytes, bit_length: int, request: bytes) -> Rules:
    """Return the comparisons for coded bytes at the place of `field`.

    A little-endian value that is no whole number of bytes is compared byte by byte.
    """
    position, bit = field.byte_position, field.bit_position
    number = int.from_bytes(content, "little" if field.little_endian else "big")
    number &= (1 << bit_length) - 1
    if not field.little_endian:
        expected = number.to_bytes((bit_length + 7) // 8, "big")
        return (
            MatchRule(
                request=request,
                position=position,
                bit_position=bit,
                bit_length=bit_length,
                expected=expected,
            ),
        )
    shifted, rules, left = number << bit, [], bit_length
    for index in range((bit + bit_length + 7) // 8):
        start = bit if index == 0 else 0
        width = min(8 - start, left)
        left -= width
        byte = shifted >> 8 * index & 0xFF
        rules.append(
            MatchRule(
                request=request,
                position=position + index,
                bit_position=start,
                bit_length=width,
                expected=bytes((byte >> start & (1 << width) - 1,)),
            )
        )
    return tuple(rules)

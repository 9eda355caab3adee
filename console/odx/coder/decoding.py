"""Decodes messages value by value: what one value's nonsense spoils ends there."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagnostictroublecode import DiagnosticTroubleCode
from odxtools.dtcdop import DtcDop
from odxtools.dynamiclengthfield import DynamicLengthField
from odxtools.endofpdufield import EndOfPduField
from odxtools.multiplexer import Multiplexer
from odxtools.parameters.codedconstparameter import CodedConstParameter
from odxtools.parameters.lengthkeyparameter import LengthKeyParameter
from odxtools.parameters.matchingrequestparameter import MatchingRequestParameter
from odxtools.parameters.parameter import Parameter
from odxtools.parameters.parameterwithdop import ParameterWithDOP
from odxtools.parameters.physicalconstantparameter import PhysicalConstantParameter
from odxtools.parameters.tablekeyparameter import TableKeyParameter
from odxtools.parameters.tablestructparameter import TableStructParameter
from odxtools.request import Request
from odxtools.response import Response
from odxtools.staticfield import StaticField
from odxtools.structure import Structure
from odxtools.tablerow import TableRow

from workshop_console.console.model.clean import clean
from workshop_console.console.model.dtc import DecodedValue, format_code
from workshop_console.console.odx.coder.decoding_state import (
    MOST_VALUES,
    EnoughError,
    MismatchError,
    RecordingState,
    UnusableError,
    attempt,
)
from workshop_console.console.odx.coder.layout import DEEPEST, Bound, row_value_name
from workshop_console.console.odx.coder.physical import Physical, SimpleDop, plain_text
from workshop_console.console.odx.extraction.records import name_of


class MessageDecoder:
    """Decodes the messages of one layer; remembers the physical side of each data object."""

    def __init__(self) -> None:
        self._physical: dict[int, Physical] = {}

    def physical(self, dop: SimpleDop) -> Physical:
        """Return the physical side of `dop`."""
        known = self._physical.get(id(dop))
        if known is None:
            known = self._physical[id(dop)] = Physical(dop)
        return known

    def response(self, bound: Bound, request: bytes, response: bytes) -> tuple[DecodedValue, ...]:
        """Return what a positive response says; empty when it is none of this service."""
        if not request or not response or response[0] == 0x7F:
            return ()
        for candidate in bound.service.positive_responses:
            try:
                return self._message(candidate, request, response, bound.row)
            except MismatchError:
                continue
        return ()

    def request(self, bound: Bound, request: bytes) -> tuple[DecodedValue, ...]:
        """Return what a request says; empty when it is none of this service."""
        described = bound.service.request
        if described is None or not request:
            return ()
        try:
            return self._message(described, request, request, bound.row)
        except MismatchError:
            return ()

    def _message(
        self, described: Request | Response, request: bytes, message: bytes, row: TableRow | None
    ) -> tuple[DecodedValue, ...]:
        """Raises MismatchError."""
        state = RecordingState(coded_message=message, request=request)
        with suppress(UnusableError, EnoughError):
            self._walk(described.parameters, state, row=row, prefix="", depth=0)
        return tuple(state.values)

    def _walk(
        self,
        parameters: Iterable[Parameter],
        state: RecordingState,
        *,
        row: TableRow | None,
        prefix: str,
        depth: int,
    ) -> None:
        """Decode the parameters of a message or a structure. Raises UnusableError and MismatchError."""
        if depth > DEEPEST:
            raise UnusableError
        before = state.origin_byte_position
        state.origin_byte_position = origin = state.cursor_byte_position
        lost = False
        for parameter in parameters:
            state.step()
            if parameter.byte_position is not None:
                lost = False
            elif lost:
                continue
            try:
                self._parameter(parameter, state, row, prefix, depth, origin)
            except UnusableError:
                # Parameters with a place of their own can still be read.
                lost = True
                state.origin_byte_position = origin
        state.origin_byte_position = before
        if lost:
            raise UnusableError

    def _parameter(
        self,
        parameter: Parameter,
        state: RecordingState,
        row: TableRow | None,
        prefix: str,
        depth: int,
        origin: int,
    ) -> None:
        name = prefix + name_of(parameter)
        if parameter.byte_position is not None:
            state.cursor_byte_position = origin + parameter.byte_position
        if isinstance(parameter, MatchingRequestParameter):
            start = state.cursor_byte_position
            sent = state.request[parameter.request_byte_position :][: parameter.byte_length]
            if not prefix and state.coded_message[start : start + parameter.byte_length] != sent:
                raise MismatchError
            state.cursor_byte_position = start + parameter.byte_length
        elif isinstance(parameter, (CodedConstParameter, PhysicalConstantParameter)):
            self._constant(parameter, state, top=not prefix)
        elif isinstance(parameter, TableKeyParameter):
            self._table_key(parameter, state, row, name)
        elif isinstance(parameter, TableStructParameter):
            chosen = _row_of(parameter, state, row)
            shown = prefix if row is not None and chosen is row else f"{name}.{name_of(chosen)}."
            self._row(chosen, state, shown, depth)
        elif isinstance(parameter, ParameterWithDOP):
            dop = parameter.dop
            if isinstance(dop, (DataObjectProperty, DtcDop)):
                state.cursor_bit_position = parameter.bit_position or 0
                value = self._value(dop, state, name)
                if isinstance(parameter, LengthKeyParameter) and isinstance(value, int):
                    state.length_keys[parameter.short_name] = value
            else:
                self._complex(dop, state, name, depth)
                value = None
            state.journal.append((parameter, value))  # type: ignore[arg-type]  # whatever odxtools gave
        elif parameter.parameter_type == "RESERVED":
            bits = (parameter.bit_position or 0) + (parameter.get_static_bit_length() or 0)
            state.cursor_byte_position += (bits + 7) // 8
        else:
            attempt(parameter.decode_from_pdu, state)

    def _constant(self, parameter: Parameter, state: RecordingState, *, top: bool) -> None:
        """Pass a constant. Raises MismatchError for another one, inside a structure UnusableError at most."""
        start = state.cursor_byte_position
        expected = (
            parameter.coded_value
            if isinstance(parameter, CodedConstParameter)
            else getattr(parameter, "physical_constant_value", None)
        )
        state.cursor_bit_position = parameter.bit_position or 0
        coded = isinstance(parameter, CodedConstParameter)
        coding = parameter.diag_coded_type if coded else parameter.dop  # type: ignore[attr-defined]  # each has its own
        found: object = None
        with suppress(UnusableError):  # as bad as another value
            found = attempt(coding.decode_from_pdu, state)
        if found != expected:
            if top:
                raise MismatchError
            bits = parameter.get_static_bit_length()
            if bits is None:
                raise UnusableError
            state.cursor_byte_position = start + ((parameter.bit_position or 0) + bits + 7) // 8

    def _table_key(
        self,
        parameter: TableKeyParameter,
        state: RecordingState,
        row: TableRow | None,
        name: str,
    ) -> None:
        state.cursor_bit_position = parameter.bit_position or 0
        if parameter.table_row is not None:
            state.table_keys[parameter.short_name] = parameter.table_row
            return
        key_dop = parameter.table.key_dop
        if key_dop is None:
            raise UnusableError
        start = state.cursor_byte_position
        key = attempt(key_dop.decode_from_pdu, state)
        found = next((r for r in parameter.table.table_rows if r.key == key), None)
        if row is not None and parameter.table is row.table:
            if found is not row:
                raise MismatchError
            state.table_keys[parameter.short_name] = row
            return
        raw = bytes(state.coded_message[start : state.cursor_byte_position])
        state.add(name, name_of(found) if found is not None else plain_text(key), "", raw)
        if found is not None:
            state.table_keys[parameter.short_name] = found

    def _row(self, row: TableRow, state: RecordingState, prefix: str, depth: int) -> None:
        if row.structure is not None:
            self._structure(row.structure, state, row, prefix, depth)
        elif isinstance(row.dop, (DataObjectProperty, DtcDop)):
            self._value(row.dop, state, row_value_name(prefix, row))

    def _structure(
        self,
        structure: object,
        state: RecordingState,
        row: TableRow | None,
        prefix: str,
        depth: int,
    ) -> None:
        start = state.cursor_byte_position
        size = getattr(structure, "byte_size", None)
        try:
            self._walk(
                getattr(structure, "parameters", ()),
                state,
                row=row,
                prefix=prefix,
                depth=depth + 1,
            )
        except UnusableError:
            if size is None:
                raise
        if size is not None:
            state.cursor_byte_position = start + size

    def _complex(self, dop: object, state: RecordingState, name: str, depth: int) -> None:
        """Decode what is more than one value. Raises UnusableError where nobody knows its end."""
        message = state.coded_message
        if isinstance(dop, Structure):
            self._structure(dop, state, None, f"{name}.", depth)
        elif isinstance(dop, StaticField):
            for index in range(dop.fixed_number_of_items):
                start = state.cursor_byte_position
                if start >= len(message):
                    break
                with suppress(UnusableError):  # the next item has a place of its own
                    self._structure(dop.structure, state, None, f"{name}[{index + 1}].", depth)
                state.cursor_byte_position = start + dop.item_byte_size
        elif isinstance(dop, EndOfPduField):
            index = 0
            while (start := state.cursor_byte_position) < len(message):
                index += 1
                self._structure(dop.structure, state, None, f"{name}[{index}].", depth)
                if state.cursor_byte_position <= start:
                    raise UnusableError
        elif isinstance(dop, DynamicLengthField):
            self._counted(dop, state, name, depth)
        elif isinstance(dop, Multiplexer):
            self._chosen(dop, state, name, depth)
        else:
            self._rest(dop, state, name)

    def _counted(
        self,
        dop: DynamicLengthField,
        state: RecordingState,
        name: str,
        depth: int,
    ) -> None:
        """Decode a field whose number of items stands in the message."""
        origin = state.cursor_byte_position
        counter = dop.determine_number_of_items
        state.cursor_byte_position = origin + counter.byte_position
        state.cursor_bit_position = counter.bit_position or 0
        count = attempt(counter.dop.decode_from_pdu, state)
        if not isinstance(count, int):
            raise UnusableError
        state.cursor_byte_position = origin + dop.offset
        for index in range(1, count + 1):
            start = state.cursor_byte_position
            if start >= len(state.coded_message):
                raise UnusableError
            self._structure(dop.structure, state, None, f"{name}[{index}].", depth)
            if state.cursor_byte_position <= start:
                raise UnusableError

    def _chosen(self, dop: Multiplexer, state: RecordingState, name: str, depth: int) -> None:
        """Decode the case of a multiplexer that its key names."""
        origin = state.cursor_byte_position
        state.cursor_byte_position = origin + (dop.switch_key.byte_position or 0)
        state.cursor_bit_position = dop.switch_key.bit_position or 0
        key = attempt(dop.switch_key.dop.decode_from_pdu, state)
        state.cursor_byte_position = origin + dop.byte_position
        for case in [*dop.cases, dop.default_case]:
            if case is None or not _applies(dop, case, key):
                continue
            if case.structure is not None:
                self._structure(case.structure, state, None, f"{name}.{name_of(case)}.", depth)
            return
        raise UnusableError

    def _rest(self, dop: object, state: RecordingState, name: str) -> None:
        """Let odxtools decode what is rare (environment data, fields with an end mark); name its parts."""
        start = state.cursor_byte_position
        try:
            decoded = attempt(dop.decode_from_pdu, state)  # type: ignore[attr-defined]  # every DOP has it
        except UnusableError:
            state.cursor_byte_position = start
            raise
        for path, value in _parts(decoded, name, 0):
            state.add(path, plain_text(value), "", b"")

    def _value(self, dop: SimpleDop, state: RecordingState, name: str) -> object:
        """Decode one value; one that the description does not know is told as it was coded."""
        start, bit = state.cursor_byte_position, state.cursor_bit_position
        physical = self.physical(dop)
        try:
            value = attempt(dop.decode_from_pdu, state)
        except UnusableError:
            state.cursor_byte_position, state.cursor_bit_position = start, bit
            value = attempt(dop.diag_coded_type.decode_from_pdu, state)
            text, unit = _coded_text(dop, value), ""
        else:
            text, unit = physical.text_of(value), physical.unit
        first, end = state.last if state.last[0] >= start else (start, state.cursor_byte_position)
        state.add(name, text, unit, bytes(state.coded_message[first:end]))
        return value


def _coded_text(dop: SimpleDop, value: object) -> str:
    if isinstance(dop, DtcDop) and isinstance(value, int):
        return format_code(value & 0xFFFFFF)
    return plain_text(value)


def _row_of(parameter: TableStructParameter, state: RecordingState, row: TableRow | None) -> TableRow:
    """Return the row that decides what the parameter holds. Raises UnusableError."""
    key = parameter.table_key
    if key.table_row is not None:
        return key.table_row
    if row is not None and parameter.table is row.table:
        return row
    found = state.table_keys.get(key.short_name)
    if found is None:
        raise UnusableError
    return found


def _applies(dop: Multiplexer, case: object, key: object) -> bool:
    if case is dop.default_case:
        return True
    try:
        low, high = dop._get_case_limits(case)  # type: ignore[arg-type]  # the library's own reading
        return bool(low <= key <= high)  # type: ignore[operator]  # numbers or texts, as the key is
    except MemoryError:
        raise
    except Exception:
        # Limits of another kind than the key.
        return False


def _parts(value: object, name: str, depth: int) -> list[tuple[str, object]]:
    """Return the single values in what odxtools decoded, each with its name."""
    if depth > DEEPEST:
        return []
    if isinstance(value, dict):
        inner = [(f"{name}.{clean(key)}", part) for key, part in value.items()]
    elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        inner = [(f"{name}.{clean(value[0])}", value[1])]
    elif isinstance(value, (list, tuple)):
        inner = [(f"{name}[{index}]", part) for index, part in enumerate(value, 1)]
    elif value is None or isinstance(value, DiagnosticTroubleCode | int | float | str | bytes | bytearray):
        return [(name, value)] if value is not None else []
    else:
        return []
    return [part for path, content in inner[:MOST_VALUES] for part in _parts(content, path, depth + 1)]

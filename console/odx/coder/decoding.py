"""Decodes messages value by value: what one value's nonsense spoils ends there."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.decodestate import DecodeState
from odxtools.diagnostictroublecode import DiagnosticTroubleCode
from odxtools.dtcdop import DtcDop
from odxtools.dynamiclengthfield import DynamicLengthField
from odxtools.encoding import Encoding
from odxtools.endofpdufield import EndOfPduField
from odxtools.multiplexer import Multiplexer
from odxtools.odxtypes import AtomicOdxType, DataType
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
from workshop_console.console.odx.coder.layout import DEEPEST, MOST_STEPS, Bound, row_value_name
from workshop_console.console.odx.coder.physical import Physical, SimpleDop, plain_text
from workshop_console.console.odx.extraction.records import name_of

_MOST_VALUES = 4_000
_STRINGS = (DataType.A_ASCIISTRING, DataType.A_UTF8STRING, DataType.A_UNICODE2STRING)


class UnusableError(Exception):
    """What follows in this message has no known place any more."""


class EnoughError(Exception):
    """The message has more values than anybody needs."""


class MismatchError(Exception):
    """A constant of the message is another: this is no message of that description."""


@dataclass
class RecordingState(DecodeState):
    """Remembers where the last value came from; text that is no text becomes marks instead of an error."""

    last: tuple[int, int] = (0, 0)
    """First byte and the byte after the last one."""

    def extract_atomic_value(
        self,
        *,
        bit_length: int,
        base_data_type: DataType,
        base_type_encoding: Encoding | None,
        is_highlow_byte_order: bool,
    ) -> AtomicOdxType:
        """See DecodeState."""
        start, bit = self.cursor_byte_position, self.cursor_bit_position
        try:
            value = super().extract_atomic_value(
                bit_length=bit_length,
                base_data_type=base_data_type,
                base_type_encoding=base_type_encoding,
                is_highlow_byte_order=is_highlow_byte_order,
            )
        except UnicodeDecodeError as error:
            # odxtools 11.7 decodes strictly; a text with one bad byte is still worth showing.
            encoding = "latin-1" if base_data_type is DataType.A_ASCIISTRING else error.encoding
            value = bytes(error.object).decode(encoding, errors="replace")
            self.cursor_byte_position = start + (bit_length + bit + 7) // 8
            self.cursor_bit_position = 0
        self.last = (start, self.cursor_byte_position)
        return value


@dataclass
class _Result:
    values: list[DecodedValue] = field(default_factory=list)
    steps: int = 0

    def add(self, name: str, text: str, unit: str, raw: bytes) -> None:
        if len(self.values) >= _MOST_VALUES:
            raise EnoughError
        self.values.append(DecodedValue(name=name, value=text, unit=unit, raw=raw))


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
        state = RecordingState(coded_message=message)
        result = _Result()
        with suppress(UnusableError, EnoughError):
            self._walk(described.parameters, state, result, request=request, row=row, prefix="", depth=0)
        return tuple(result.values)

    def _walk(
        self,
        parameters: Iterable[Parameter],
        state: RecordingState,
        result: _Result,
        *,
        request: bytes,
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
            result.steps += 1
            if result.steps > 4 * MOST_STEPS:
                raise EnoughError
            if parameter.byte_position is not None:
                lost = False
            elif lost:
                continue
            try:
                self._parameter(parameter, state, result, request, row, prefix, depth, origin)
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
        result: _Result,
        request: bytes,
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
            sent = request[parameter.request_byte_position :][: parameter.byte_length]
            if not prefix and state.coded_message[start : start + parameter.byte_length] != sent:
                raise MismatchError
            state.cursor_byte_position = start + parameter.byte_length
        elif isinstance(parameter, (CodedConstParameter, PhysicalConstantParameter)):
            self._constant(parameter, state, top=not prefix)
        elif isinstance(parameter, TableKeyParameter):
            self._table_key(parameter, state, result, row, name)
        elif isinstance(parameter, TableStructParameter):
            chosen = _row_of(parameter, state, row)
            shown = prefix if row is not None and chosen is row else f"{name}.{name_of(chosen)}."
            self._row(chosen, state, result, request, shown, depth)
        elif isinstance(parameter, ParameterWithDOP):
            dop = parameter.dop
            if isinstance(dop, (DataObjectProperty, DtcDop)):
                state.cursor_bit_position = parameter.bit_position or 0
                value = self._value(dop, state, result, name)
                if isinstance(parameter, LengthKeyParameter) and isinstance(value, int):
                    state.length_keys[parameter.short_name] = value
            else:
                self._complex(dop, state, result, request, name, depth)
                value = None
            state.journal.append((parameter, value))  # type: ignore[arg-type]  # whatever odxtools gave
        elif parameter.parameter_type == "RESERVED":
            bits = (parameter.bit_position or 0) + (parameter.get_static_bit_length() or 0)
            state.cursor_byte_position += (bits + 7) // 8
        else:
            self._by_odxtools(parameter, state)

    def _constant(self, parameter: Parameter, state: RecordingState, *, top: bool) -> None:
        """Pass a constant. Raises MismatchError for another one, inside a structure UnusableError at most."""
        start = state.cursor_byte_position
        expected = (
            parameter.coded_value
            if isinstance(parameter, CodedConstParameter)
            else getattr(parameter, "physical_constant_value", None)
        )
        state.cursor_bit_position = parameter.bit_position or 0
        try:
            if isinstance(parameter, CodedConstParameter):
                found: object = parameter.diag_coded_type.decode_from_pdu(state)
            else:
                found = parameter.dop.decode_from_pdu(state)  # type: ignore[attr-defined]  # PHYS-CONST has one
        except MemoryError:
            raise
        except Exception:
            # Too short, or a value that the data object does not know; odxtools raises what it runs into.
            found = None
        state.cursor_bit_position = 0
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
        result: _Result,
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
        try:
            key: object = key_dop.decode_from_pdu(state)
        except MemoryError:
            raise
        except Exception:
            # As _constant().
            raise UnusableError from None
        state.cursor_bit_position = 0
        found = next((r for r in parameter.table.table_rows if r.key == key), None)
        if row is not None and parameter.table is row.table:
            if found is not row:
                raise MismatchError
            state.table_keys[parameter.short_name] = row
            return
        raw = bytes(state.coded_message[start : state.cursor_byte_position])
        result.add(name, name_of(found) if found is not None else plain_text(key), "", raw)
        if found is not None:
            state.table_keys[parameter.short_name] = found

    def _row(
        self, row: TableRow, state: RecordingState, result: _Result, request: bytes, prefix: str, depth: int
    ) -> None:
        if row.structure is not None:
            self._structure(row.structure, state, result, request, row, prefix, depth)
        elif isinstance(row.dop, (DataObjectProperty, DtcDop)):
            self._value(row.dop, state, result, row_value_name(prefix, row))

    def _structure(
        self,
        structure: object,
        state: RecordingState,
        result: _Result,
        request: bytes,
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
                result,
                request=request,
                row=row,
                prefix=prefix,
                depth=depth + 1,
            )
        except UnusableError:
            if size is None:
                raise
        if size is not None:
            state.cursor_byte_position = start + size

    def _complex(
        self, dop: object, state: RecordingState, result: _Result, request: bytes, name: str, depth: int
    ) -> None:
        """Decode what is more than one value. Raises UnusableError where nobody knows its end."""
        message = state.coded_message
        if isinstance(dop, Structure):
            self._structure(dop, state, result, request, None, f"{name}.", depth)
        elif isinstance(dop, StaticField):
            for index in range(dop.fixed_number_of_items):
                start = state.cursor_byte_position
                if start >= len(message):
                    break
                with suppress(UnusableError):  # the next item has a place of its own
                    self._structure(
                        dop.structure, state, result, request, None, f"{name}[{index + 1}].", depth
                    )
                state.cursor_byte_position = start + dop.item_byte_size
        elif isinstance(dop, EndOfPduField):
            index = 0
            while (start := state.cursor_byte_position) < len(message):
                index += 1
                self._structure(dop.structure, state, result, request, None, f"{name}[{index}].", depth)
                if state.cursor_byte_position <= start:
                    raise UnusableError
        elif isinstance(dop, DynamicLengthField):
            self._counted(dop, state, result, request, name, depth)
        elif isinstance(dop, Multiplexer):
            self._chosen(dop, state, result, request, name, depth)
        else:
            self._rest(dop, state, result, name)

    def _counted(
        self,
        dop: DynamicLengthField,
        state: RecordingState,
        result: _Result,
        request: bytes,
        name: str,
        depth: int,
    ) -> None:
        """Decode a field whose number of items stands in the message."""
        origin = state.cursor_byte_position
        counter = dop.determine_number_of_items
        state.cursor_byte_position = origin + counter.byte_position
        state.cursor_bit_position = counter.bit_position or 0
        count = self._plain(counter.dop, state)
        if not isinstance(count, int):
            raise UnusableError
        state.cursor_byte_position = origin + dop.offset
        for index in range(1, count + 1):
            start = state.cursor_byte_position
            if start >= len(state.coded_message):
                raise UnusableError
            self._structure(dop.structure, state, result, request, None, f"{name}[{index}].", depth)
            if state.cursor_byte_position <= start:
                raise UnusableError

    def _chosen(
        self, dop: Multiplexer, state: RecordingState, result: _Result, request: bytes, name: str, depth: int
    ) -> None:
        """Decode the case of a multiplexer that its key names."""
        origin = state.cursor_byte_position
        state.cursor_byte_position = origin + (dop.switch_key.byte_position or 0)
        state.cursor_bit_position = dop.switch_key.bit_position or 0
        key = self._plain(dop.switch_key.dop, state)
        state.cursor_byte_position = origin + dop.byte_position
        for case in [*dop.cases, dop.default_case]:
            if case is None or not _applies(dop, case, key):
                continue
            if case.structure is not None:
                self._structure(
                    case.structure, state, result, request, None, f"{name}.{name_of(case)}.", depth
                )
            return
        raise UnusableError

    def _rest(self, dop: object, state: RecordingState, result: _Result, name: str) -> None:
        """Let odxtools decode what is rare (environment data, fields with an end mark); name its parts."""
        start = state.cursor_byte_position
        try:
            decoded: object = dop.decode_from_pdu(state)  # type: ignore[attr-defined]  # every DOP has it
        except MemoryError:
            raise
        except Exception:
            # As _constant().
            state.cursor_byte_position = start
            raise UnusableError from None
        for path, value in _parts(decoded, name, 0):
            result.add(path, plain_text(value), "", b"")

    def _by_odxtools(self, parameter: Parameter, state: RecordingState) -> None:
        try:
            parameter.decode_from_pdu(state)
        except MemoryError:
            raise
        except Exception:
            # As _constant(); NotImplementedError for DYNAMIC and SYSTEM parameters too.
            raise UnusableError from None

    def _plain(self, dop: object, state: RecordingState) -> object:
        try:
            value: object = dop.decode_from_pdu(state)  # type: ignore[attr-defined]  # every DOP has it
        except MemoryError:
            raise
        except Exception:
            # As _constant().
            raise UnusableError from None
        state.cursor_bit_position = 0
        return value

    def _value(self, dop: SimpleDop, state: RecordingState, result: _Result, name: str) -> object:
        """Decode one value; one that the description does not know is told as it was coded."""
        start, bit = state.cursor_byte_position, state.cursor_bit_position
        physical = self.physical(dop)
        try:
            value: object = dop.decode_from_pdu(state)
        except MemoryError:
            raise
        except Exception:
            # Not in the text table, outside the conversion, too short …: odxtools raises what it runs into.
            state.cursor_byte_position, state.cursor_bit_position = start, bit
            value = self._coded(dop, state)
            text, unit = _coded_text(dop, value), ""
        else:
            text, unit = physical.text_of(value), physical.unit
        state.cursor_bit_position = 0
        first, end = state.last if state.last[0] >= start else (start, state.cursor_byte_position)
        result.add(name, text, unit, bytes(state.coded_message[first:end]))
        return value

    def _coded(self, dop: SimpleDop, state: RecordingState) -> object:
        """Return the coded value. Raises UnusableError when the message is too short for it."""
        try:
            value: object = dop.diag_coded_type.decode_from_pdu(state)
        except MemoryError:
            raise
        except Exception:
            # As _constant().
            state.cursor_bit_position = 0
            raise UnusableError from None
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
    return [part for path, content in inner[:_MOST_VALUES] for part in _parts(content, path, depth + 1)]

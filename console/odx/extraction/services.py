"""Reads what the services of a layer are: data identifiers, extended data records, functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagservice import DiagService
from odxtools.encodestate import EncodeState
from odxtools.endofpdufield import EndOfPduField
from odxtools.environmentdatadescription import EnvironmentDataDescription
from odxtools.multiplexer import Multiplexer
from odxtools.odxtypes import DataType
from odxtools.parameters.codedconstparameter import CodedConstParameter
from odxtools.parameters.parameter import Parameter
from odxtools.parameters.parameterwithdop import ParameterWithDOP
from odxtools.parameters.physicalconstantparameter import PhysicalConstantParameter
from odxtools.parameters.tablekeyparameter import TableKeyParameter
from odxtools.parameters.valueparameter import ValueParameter
from odxtools.standardlengthtype import StandardLengthType
from odxtools.structure import Structure
from odxtools.tablerow import TableRow

from workshop_console.console.model.description import (
    DataIdentifier,
    DtcRecordLayout,
    FieldLayout,
    FunctionDescription,
)
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.extraction.records import RecordReader, label_of, name_of
from workshop_console.console.odx.reasons import Reason

_READ, _WRITE, _IO_CONTROL, _ROUTINE, _SESSION, _SECURITY, _READ_DTC = (
    0x22,
    0x2E,
    0x2F,
    0x31,
    0x10,
    0x27,
    0x19,
)
_KINDS = {
    _WRITE: "coding",
    _IO_CONTROL: "actuator",
    _ROUTINE: "routine",
    _SESSION: "session",
    _SECURITY: "security",
}
_DATA_START = 3
"""First data byte of a positive response to 0x22: service and identifier stand before it."""
_RECORDS_START = 6
"""First record byte of a positive response to 0x19 06: service, sub-function, DTC and status stand before."""
_LONGEST_PREFIX = 64


@dataclass(frozen=True, kw_only=True)
class ServiceReading:
    """What one service is."""

    identifiers: tuple[DataIdentifier, ...] = ()
    extended_records: tuple[DtcRecordLayout, ...] = ()
    function: FunctionDescription | None = None


def constant_prefix(parameters: Iterable[Parameter], *, with_defaults: bool = False) -> bytes:
    """Return the bytes at the start of a message that are always the same.

    Args:
        with_defaults: also take VALUE parameters that have a default.
    """
    prefix = b""
    for parameter in parameters:
        if parameter.byte_position not in (None, len(prefix)) or parameter.bit_position:
            break
        content = _constant(parameter, with_defaults)
        if content is None:
            break
        prefix += content
        if len(prefix) >= _LONGEST_PREFIX:
            break
    return prefix[:_LONGEST_PREFIX]


def _constant(parameter: Parameter, with_defaults: bool) -> bytes | None:
    if isinstance(parameter, CodedConstParameter):
        coded, value = parameter.diag_coded_type, parameter.coded_value
        if (
            type(coded) is StandardLengthType
            and coded.base_data_type is DataType.A_UINT32
            and coded.bit_length % 8 == 0
            and coded.base_type_encoding is None
            and coded.is_highlow_byte_order
            and coded.bit_mask is None
            and isinstance(value, int)
        ):
            # By far the most parameters are this one; encoding them through odxtools took half of the import.
            return value.to_bytes(coded.bit_length // 8, "big")
    elif not (
        isinstance(parameter, PhysicalConstantParameter)
        or (
            with_defaults
            and isinstance(parameter, ValueParameter)
            and parameter.physical_default_value is not None
        )
    ):
        return None
    if parameter.get_static_bit_length() is None:
        return None
    state = EncodeState(is_end_of_pdu=False)
    parameter.encode_into_pdu(None, state)
    return bytes(state.coded_message[parameter.byte_position or 0 :])


class ServiceReader:
    """Reads services; each one once, however many layers inherit it."""

    def __init__(self, records: RecordReader, problems: Problems) -> None:
        self._records = records
        self._problems = problems
        self._known: dict[int, ServiceReading] = {}

    def read(self, service: DiagService, layer: str) -> ServiceReading:
        """Return what `service` is; empty with a problem where it cannot be read."""
        known = self._known.get(id(service))
        if known is None:
            known = ServiceReading()
            where = f"{layer}/{service.short_name}"
            with self._problems.guard(where, Reason.SERVICE_UNREADABLE):
                known = self._read(service, where)
            self._known[id(service)] = known
        return known

    def _read(self, service: DiagService, where: str) -> ServiceReading:
        if service.request is None:
            return ServiceReading()
        parameters = service.request.parameters
        prefix = constant_prefix(parameters)
        if not prefix:
            return ServiceReading()
        if prefix[0] == _READ:
            return self._read_by_identifier(service, prefix, where)
        if prefix[:2] == bytes((_READ_DTC, 0x06)):
            return ServiceReading(extended_records=self._extended_records(service, where))
        return ServiceReading(
            function=FunctionDescription(
                name=name_of(service),
                label=label_of(service),
                kind=_KINDS.get(prefix[0], "other"),
                request=prefix,
            )
        )

    def _read_by_identifier(self, service: DiagService, prefix: bytes, where: str) -> ServiceReading:
        assert service.request is not None  # noqa: S101  # _read() asked
        response = next(iter(service.positive_responses), None)
        tables = [p for p in service.request.parameters if isinstance(p, TableKeyParameter)]
        if len(prefix) == 1 and len(tables) == 1:
            return ServiceReading(identifiers=self._table(tables[0], where))
        if len(prefix) == 1:
            prefix = constant_prefix(service.request.parameters, with_defaults=True)
        if len(prefix) != _DATA_START or len(service.request.parameters) > len(prefix):
            self._problems.add(where, Reason.IDENTIFIER_OPEN, prefix.hex().upper())
            return ServiceReading()
        fields: tuple[FieldLayout, ...] = ()
        length: int | None = None
        if response is not None:
            layout = self._records.lay_out(response.parameters, where)
            fields, length = layout.from_byte(_DATA_START), layout.length_from(_DATA_START)
        identifier = DataIdentifier(
            did=int.from_bytes(prefix[1:], "big"),
            name=name_of(service).removesuffix("_Read"),
            label=label_of(service).removesuffix("_Read"),
            length=length,
            fields=fields,
        )
        return ServiceReading(identifiers=(identifier,))

    def _table(self, key: TableKeyParameter, where: str) -> tuple[DataIdentifier, ...]:
        """Return the identifiers of a service that takes them from a table."""
        table = key.table
        identifiers = []
        dop = table.key_dop
        coded = dop.diag_coded_type if dop is not None else None
        if dop is None or not isinstance(coded, StandardLengthType) or coded.bit_length != 16:
            self._problems.add(where, Reason.IDENTIFIER_OPEN, table.short_name)
            return ()
        for row in table.table_rows:
            with self._problems.guard(f"{where}/{row.short_name}", Reason.SERVICE_UNREADABLE):
                if row.key is None:
                    continue
                did = dop.compu_method.convert_physical_to_internal(row.key)
                if isinstance(did, int) and 0 <= did <= 0xFFFF:
                    identifiers.append(self._row(row, did, f"{where}/{row.short_name}"))
        return tuple(identifiers)

    def _row(self, row: TableRow, did: int, where: str) -> DataIdentifier:
        structure = row.structure
        if structure is not None:
            layout = self._records.lay_out(structure.parameters, where)
            if structure.byte_size is not None:
                layout.end = structure.byte_size
        else:
            layout = self._records.single(row.dop, row, where)
        return DataIdentifier(
            did=did,
            name=name_of(row),
            label=label_of(row),
            length=layout.length_from(0),
            fields=layout.from_byte(0),
        )

    def _extended_records(self, service: DiagService, where: str) -> tuple[DtcRecordLayout, ...]:
        """Return the records that the response to 0x19 06 describes, by number, the first of each number."""
        found: dict[int, tuple[FieldLayout, ...]] = {}
        requested = _requested_record(service)
        for response in service.positive_responses:
            parameters = [
                p for p in response.parameters if p.byte_position is None or p.byte_position >= _RECORDS_START
            ]
            if requested is not None:
                layout = self._records.lay_out(response.parameters, where)
                found.setdefault(requested, layout.from_byte(_RECORDS_START + 1))
                continue
            for parameter in parameters:
                if isinstance(parameter, ParameterWithDOP):
                    self._collect(parameter.dop, found, where)
        return tuple(
            DtcRecordLayout(record_number=number, fields=fields)
            for number, fields in sorted(found.items())
            if fields
        )

    def _collect(self, dop: object, found: dict[int, tuple[FieldLayout, ...]], where: str) -> None:
        """Find numbered records in whatever repeats, selects or holds them."""
        if isinstance(dop, EndOfPduField):
            self._collect(dop.structure, found, where)
        elif isinstance(dop, Multiplexer):
            for case in dop.cases:
                number = _case_number(case.lower_limit.value_raw, case.upper_limit.value_raw)
                if number is not None and case.structure is not None:
                    layout = self._records.lay_out(case.structure.parameters, where)
                    found.setdefault(number, layout.from_byte(0))
        elif isinstance(dop, Structure):
            if not self._numbered(list(dop.parameters), found, where):
                for parameter in dop.parameters:
                    if isinstance(parameter, ParameterWithDOP) and not isinstance(
                        parameter.dop, DataObjectProperty
                    ):
                        self._collect(parameter.dop, found, where)
        elif isinstance(dop, EnvironmentDataDescription):
            for data in dop.env_datas:
                if not data.dtc_values:
                    self._numbered(list(data.parameters), found, where)

    def _numbered(
        self, parameters: list[Parameter], found: dict[int, tuple[FieldLayout, ...]], where: str
    ) -> bool:
        """Take one-byte constants as record numbers, and what stands between them as their records."""
        numbers = [
            (index, parameter.coded_value)
            for index, parameter in enumerate(parameters)
            if isinstance(parameter, CodedConstParameter) and parameter.get_static_bit_length() == 8
        ]
        if not numbers or numbers[0][0] != 0:
            return False
        layout = self._records.lay_out(parameters, where)
        starts = []
        for index, number in numbers:
            before = self._records.lay_out(parameters[: index + 1], where)
            if before.end is None or not isinstance(number, int):
                break
            starts.append((before.end, number))
        for place, (start, number) in enumerate(starts):
            end = starts[place + 1][0] - 1 if place + 1 < len(starts) else None
            fields = layout.from_byte(start)
            inside = tuple(f for f in fields if end is None or f.byte_position < end - start)
            found.setdefault(number, inside)
        return True


def _requested_record(service: DiagService) -> int | None:
    """Return the record number that the request names as a constant, if it names one record."""
    if service.request is None:
        return None
    for parameter in service.request.parameters:
        if parameter.byte_position == 5 and isinstance(parameter, CodedConstParameter):
            number = parameter.coded_value
            return number if isinstance(number, int) and 0 < number < 0xF0 else None
    return None


def _case_number(low: str | None, high: str | None) -> int | None:
    try:
        number = int(low or "", 0)
        return number if number == int(high or "", 0) and 0 <= number <= 0xFF else None
    except ValueError:
        return None

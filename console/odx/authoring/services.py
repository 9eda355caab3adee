"""The diagnostic services of the simulated control units (ISO 14229-1), as an ODX layer has them."""

from __future__ import annotations

from collections.abc import Iterable

from odxtools.compumethods.compucategory import CompuCategory
from odxtools.compumethods.identicalcompumethod import IdenticalCompuMethod
from odxtools.compumethods.limit import Limit
from odxtools.diagnostictroublecode import DiagnosticTroubleCode
from odxtools.dtcdop import DtcDop
from odxtools.endofpdufield import EndOfPduField
from odxtools.environmentdata import EnvironmentData
from odxtools.environmentdatadescription import EnvironmentDataDescription
from odxtools.multiplexer import Multiplexer
from odxtools.multiplexercase import MultiplexerCase
from odxtools.multiplexerswitchkey import MultiplexerSwitchKey
from odxtools.nameditemlist import NamedItemList
from odxtools.odxlink import OdxLinkRef
from odxtools.odxtypes import DataType
from odxtools.parameters.parameter import Parameter
from odxtools.physicaltype import PhysicalType
from odxtools.text import Text

from workshop_console.console.model.description import FieldLayout, TextRange
from workshop_console.console.model.dtc import format_code
from workshop_console.console.odx.authoring.fields import field_dop
from workshop_console.console.odx.authoring.layer import LayerContents, constant, echo, unsigned, value
from workshop_console.console.odx.authoring.special import special_data
from workshop_console.console.odx.authoring.states import States
from workshop_console.console.simulation.definition import DidDefinition, DtcDefinition, UnitDefinition

_SESSIONS = {1: ("Default", "Default"), 2: ("Programming", "Programming"), 3: ("Extended", "Extended")}
_RESETS = {1: ("Hard", "Hard"), 3: ("Soft", "Soft")}
_SETTINGS = {1: ("On", "Switch on"), 2: ("Off", "Switch off")}
_COMMUNICATION = {0: ("Enable", "Enable"), 3: ("Disable", "Disable")}

EXTENDED_RECORDS: dict[int, tuple[FieldLayout, ...]] = {
    0x01: (FieldLayout(name="OccurrenceCounter", label="Occurrences", byte_position=0),),
    0x02: (
        FieldLayout(
            name="FirstOccurrence", label="First occurrence", byte_position=0, bit_length=24, unit="km"
        ),
        FieldLayout(
            name="LastOccurrence", label="Last occurrence", byte_position=3, bit_length=24, unit="km"
        ),
    ),
    0x03: (
        FieldLayout(
            name="Priority",
            label="Priority",
            byte_position=0,
            texts=tuple(TextRange(low=n, high=n, text=str(n)) for n in range(1, 10)),
        ),
    ),
}
"""Extended data records (0x19 06) of every simulated unit, by record number."""


def sid(service: int) -> list[Parameter]:
    """Return the constant service identifier of a request."""
    return [constant("SID", service, 0, semantic="SERVICE-ID")]


def add_common_services(layer: LayerContents, records: list[DidDefinition], states: States) -> None:
    """Add what every control unit has: sessions, reset, clearing, tester present, identification."""
    for service, name, label, functions in (
        (0x10, "Session", "Session", _SESSIONS),
        (0x11, "Reset", "Reset", _RESETS),
        (0x28, "Communication", "Communication", _COMMUNICATION),
        (0x85, "FaultSetting", "Fault recording", _SETTINGS),
    ):
        for number, (short, words) in functions.items():
            request = [*sid(service), constant("SubFunction", number, 1, semantic="SUBFUNCTION")]
            response = [*sid(service + 0x40), constant("SubFunction", number, 1)]
            if service == 0x10:
                response += [
                    value("P2ServerMax", layer.unsigned_dop(16), 2),
                    value("P2StarServerMax", layer.unsigned_dop(16), 4),
                ]
            if service == 0x28:
                request.append(constant("CommunicationType", 1, 2))
            layer.service(
                f"{name}_{short}",
                f"{label}: {words}",
                request,
                response,
                semantic="SESSION" if service == 0x10 else "CONTROL",
                leads_to=states.into_session(number) if service == 0x10 else (),
            )
    layer.service(
        "TesterPresent",
        "Tester present",
        [*sid(0x3E), constant("SubFunction", 0, 1)],
        [*sid(0x7E), constant("SubFunction", 0, 1)],
        semantic="TESTERPRESENT",
    )
    layer.service(
        "FaultMemory_Clear",
        "Clear the fault memory",
        [*sid(0x14), value("GroupOfDTC", layer.unsigned_dop(24), 1, default=str(0xFFFFFF))],
        sid(0x54),
        semantic="CLEARFAULTMEMORY",
    )
    for record in records:
        add_read(layer, record)


def add_read(layer: LayerContents, record: DidDefinition) -> None:
    """Add the service that reads a record (0x22)."""
    layer.service(
        f"{record.name}_Read",
        record.label,
        [*sid(0x22), constant("DataIdentifier", record.did, 1, bits=16, semantic="ID")],
        [
            *sid(0x62),
            echo("DataIdentifier", 1, of_request=1, length=2),
            *field_parameters(layer, record.fields, 3),
        ],
        semantic="IDENTIFICATION" if record.did >= 0xF000 else "CURRENTDATA",
    )


def add_write(layer: LayerContents, record: DidDefinition, states: States) -> None:
    """Add the service that writes a record (0x2E)."""
    layer.service(
        f"{record.name}_Write",
        record.label,
        [
            *sid(0x2E),
            constant("DataIdentifier", record.did, 1, bits=16, semantic="ID"),
            *field_parameters(layer, record.fields, 3),
        ],
        [*sid(0x6E), echo("DataIdentifier", 1, of_request=1, length=2)],
        semantic="VARIANTCODING",
        special=special_data(conditions=record.write_conditions, dependencies=record.dependencies),
        needs=states.needed(record.write_sessions or record.sessions, record.security_level),
    )


def field_parameters(
    layer: LayerContents,
    fields: Iterable[FieldLayout],
    start: int,
    defaults: Iterable[tuple[str, str]] = (),
) -> list[Parameter]:
    """Return a parameter for each field of data that begin at `start`, some with a physical default."""
    known = dict(defaults)
    return [
        value(
            field.name,
            field_dop(layer, field),
            start + field.byte_position,
            bit=field.bit_position,
            label=field.label,
            default=known.get(field.name),
        )
        for field in fields
    ]


def add_extended_records(layer: LayerContents) -> OdxLinkRef:
    """Add the description of extended data records and return a reference to the field that repeats them."""
    cases = []
    for number, fields in EXTENDED_RECORDS.items():
        content = layer.structure(
            f"ExtendedRecord{number}",
            [
                value(field.name, field_dop(layer, field), field.byte_position, label=field.label)
                for field in fields
            ],
        )
        limit = Limit(value_raw=str(number))
        cases.append(
            MultiplexerCase(
                short_name=f"Record{number}", structure_ref=content, lower_limit=limit, upper_limit=limit
            )
        )
    multiplexer = Multiplexer(
        odx_id=layer.identifier("MUX.ExtendedRecord"),
        short_name="ExtendedRecord",
        byte_position=1,
        switch_key=MultiplexerSwitchKey(byte_position=0, dop_ref=layer.unsigned_dop(8)),
        cases=NamedItemList(cases),
    )
    layer.multiplexers.append(multiplexer)
    item = layer.structure("ExtendedRecordItem", [value("Record", OdxLinkRef.from_id(multiplexer.odx_id), 0)])
    field = EndOfPduField(
        odx_id=layer.identifier("EOPDU.ExtendedRecords"), short_name="ExtendedRecords", structure_ref=item
    )
    layer.fields.append(field)
    return OdxLinkRef.from_id(field.odx_id)


def add_fault_memory(layer: LayerContents, unit: UnitDefinition, extended_records: OdxLinkRef) -> None:
    """Add the fault codes of a unit, and the services that read its fault memory (0x19)."""
    dop = DtcDop(
        odx_id=layer.identifier("DTCDOP.FaultMemory"),
        short_name="FaultMemory",
        diag_coded_type=unsigned(24),
        physical_type=PhysicalType(base_data_type=DataType.A_UINT32),
        compu_method=IdenticalCompuMethod(
            category=CompuCategory.IDENTICAL,
            internal_type=DataType.A_UINT32,
            physical_type=DataType.A_UINT32,
        ),
        dtcs_raw=[_trouble_code(layer, dtc) for dtc in unit.dtcs],
    )
    layer.dtc_dops.append(dop)
    dtc_reference = OdxLinkRef.from_id(dop.odx_id)
    status = layer.unsigned_dop(8)
    entry = layer.structure("FaultEntry", [value("DTC", dtc_reference, 0), value("Status", status, 3)])
    entries = EndOfPduField(
        odx_id=layer.identifier("EOPDU.FaultEntries"), short_name="FaultEntries", structure_ref=entry
    )
    layer.fields.append(entries)

    def request(sub_function: int, *more: Parameter) -> list[Parameter]:
        return [*sid(0x19), constant("SubFunction", sub_function, 1, semantic="SUBFUNCTION"), *more]

    def response(sub_function: int, *more: Parameter) -> list[Parameter]:
        return [*sid(0x59), constant("SubFunction", sub_function, 1), *more]

    layer.service(
        "FaultMemory_Read",
        "Read the fault memory",
        request(0x02, value("StatusMask", status, 2, default="255")),
        response(
            0x02,
            value("StatusAvailabilityMask", status, 2),
            value("Faults", OdxLinkRef.from_id(entries.odx_id), 3),
        ),
        semantic="FAULTREAD",
    )
    selection = [
        value("DTC", dtc_reference, 2),
        value("RecordNumber", status, 5, default="255"),
    ]
    head = [value("DTC", dtc_reference, 2), value("Status", status, 5)]
    layer.service(
        "FaultMemory_ReadSnapshot",
        "Read the snapshot of a fault",
        request(0x04, *selection),
        response(0x04, *head, value("Snapshot", _snapshot(layer, unit), 6)),
        semantic="FAULTREAD",
    )
    layer.service(
        "FaultMemory_ReadExtendedData",
        "Read the extended data of a fault",
        request(0x06, *selection),
        response(0x06, *head, value("Records", extended_records, 6)),
        semantic="FAULTREAD",
    )


def _trouble_code(layer: LayerContents, dtc: DtcDefinition) -> DiagnosticTroubleCode:
    code = format_code(dtc.dtc)
    name = "DTC_" + code.replace("-", "_")
    return DiagnosticTroubleCode(
        odx_id=layer.identifier(name),
        short_name=name,
        trouble_code=dtc.dtc,
        display_trouble_code=code,
        text=Text(text=dtc.text),
        level=dtc.priority,
    )


def _snapshot(layer: LayerContents, unit: UnitDefinition) -> OdxLinkRef:
    """Describe snapshot record 0x01 as environment data and return a reference to it."""
    records = [record for record in unit.dids if record.snapshot]
    parameters: list[Parameter] = [
        constant("RecordNumber", 1, 0),
        constant("NumberOfIdentifiers", len(records), 1),
    ]
    position = 2
    for record in records:
        parameters.append(constant(f"Identifier_{record.did:04X}", record.did, position, bits=16))
        parameters += field_parameters(layer, record.fields, position + 2)
        position += 2 + len(record.data)
    data = EnvironmentData(
        odx_id=layer.identifier("ENVDATA.Snapshot"),
        short_name="SnapshotRecord",
        parameters=NamedItemList(parameters),
        all_value=True,
    )
    layer.environment_data.append(data)
    description = EnvironmentDataDescription(
        odx_id=layer.identifier("ENVDESC.Snapshot"),
        short_name="Snapshot",
        param_snref="DTC",
        env_data_refs=[OdxLinkRef.from_id(data.odx_id)],
    )
    layer.environment_descriptions.append(description)
    return OdxLinkRef.from_id(description.odx_id)

"""Communication parameters: the subsets, the protocol stacks, and the values of one control unit."""

from __future__ import annotations

from dataclasses import dataclass

from odxtools.comparam import Comparam
from odxtools.comparaminstance import ComparamInstance
from odxtools.comparamspec import ComparamSpec
from odxtools.comparamsubset import ComparamSubset
from odxtools.complexcomparam import ComplexComparam
from odxtools.compumethods.compucategory import CompuCategory
from odxtools.compumethods.identicalcompumethod import IdenticalCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.nameditemlist import NamedItemList
from odxtools.odxlink import DocType, OdxDocFragment, OdxLinkId, OdxLinkRef
from odxtools.odxtypes import DataType
from odxtools.physicaltype import PhysicalType
from odxtools.protstack import ProtStack
from odxtools.standardizationlevel import StandardizationLevel
from odxtools.standardlengthtype import StandardLengthType
from odxtools.usage import Usage

from workshop_console.console.simulation.definition import UnitDefinition, VehicleDefinition

CAN_PROTOCOL = "UDS_on_CAN"
"""Short name of the protocol layer on ISO 15765-2."""
DOIP_PROTOCOL = "UDS_on_IP"
"""Short name of the protocol layer on ISO 13400-2."""
_NO_IDENTIFIER = "4294967295"
"""Stands for "no such identifier" in CP_UniqueRespIdTable (ISO 22901-1, annex)."""

_LARGEST_STANDARD_IDENTIFIER = 0x7FF

_UDS = {
    "CP_P2Max": "150000",
    "CP_P2Star": "5050000",
    "CP_RC21CompletionTimeout": "2000000",
    "CP_RC78CompletionTimeout": "30000000",
    "CP_RepeatReqCountApp": "1",
    "CP_TesterPresentTime": "2000000",
}
"""Times in microseconds, as the standard has them."""
_CAN = {"CP_CanFuncReqId": "2015", "CP_Baudrate": "500000"}
_DOIP = {
    "CP_DoIPLogicalGatewayAddress": "16",
    "CP_DoIPLogicalTesterAddress": "3712",
    "CP_DoIPLogicalFunctionalAddress": "58368",
}
_CAN_TABLE = {
    "CP_CanPhysReqFormat": "normal segmented 11-bit transmit with FC",
    "CP_CanPhysReqId": "0",
    "CP_CanPhysReqExtAddr": "0",
    "CP_CanRespUSDTFormat": "normal segmented 11-bit receive with FC",
    "CP_CanRespUSDTId": "0",
    "CP_CanRespUSDTExtAddr": "0",
    "CP_CanRespUUDTFormat": "normal unsegmented 11-bit receive",
    "CP_CanRespUUDTId": _NO_IDENTIFIER,
    "CP_CanRespUUDTExtAddr": "0",
    "CP_ECULayerShortName": "",
}
_DOIP_TABLE = {
    "CP_DoIPLogicalEcuAddress": "0",
    "CP_DoIPSecondaryLogicalECUResponseAddress": "0",
    "CP_ECULayerShortName": "",
}


@dataclass(frozen=True, kw_only=True)
class Communication:
    """The communication parameters of a database."""

    subsets: tuple[ComparamSubset, ...]
    specs: tuple[ComparamSpec, ...]


def communication() -> Communication:
    """Return the subsets and one protocol stack for each kind of line."""
    uds = _subset("ISO_14229_3", "UDS", _UDS)
    can = _subset("ISO_15765_2", "TRANSPORT", _CAN, table=_CAN_TABLE)
    doip = _subset("ISO_13400_2", "TRANSPORT", _DOIP, table=_DOIP_TABLE)
    return Communication(
        subsets=(uds, can, doip),
        specs=(
            _spec("ISO_14229_3_on_ISO_15765_2", "ISO_15765_3_on_ISO_15765_2", "ISO_11898_2_DWCAN", uds, can),
            _spec("ISO_14229_5_on_ISO_13400_2", "ISO_14229_5_on_ISO_13400_2", "IEEE_802_3", uds, doip),
        ),
    )


def stack_reference(protocol: str) -> OdxLinkRef:
    """Return the reference of a protocol layer to its communication parameter specification."""
    spec = "ISO_14229_3_on_ISO_15765_2" if protocol == CAN_PROTOCOL else "ISO_14229_5_on_ISO_13400_2"
    return OdxLinkRef(spec, (OdxDocFragment(spec, DocType.COMPARAM_SPEC),))


def vehicle_values(vehicle: VehicleDefinition) -> list[ComparamInstance]:
    """Return the values that hold for all control units of a vehicle."""
    values = [_value("ISO_14229_3", name, default) for name, default in _UDS.items()]
    values += [
        _value("ISO_15765_2", "CP_CanFuncReqId", str(vehicle.can_functional), CAN_PROTOCOL),
        _value("ISO_15765_2", "CP_Baudrate", str(vehicle.bitrate), CAN_PROTOCOL),
        _value("ISO_13400_2", "CP_DoIPLogicalGatewayAddress", str(vehicle.gateway_logical), DOIP_PROTOCOL),
        _value(
            "ISO_13400_2",
            "CP_DoIPLogicalFunctionalAddress",
            str(vehicle.functional_logical),
            DOIP_PROTOCOL,
        ),
    ]
    return values


def unit_values(unit: UnitDefinition) -> list[ComparamInstance]:
    """Return the values of one control unit: its addresses, and its times where they are its own."""
    # 29-bit identifiers have formats of their own.
    bits = "29-bit" if max(unit.can_request, unit.can_response) > _LARGEST_STANDARD_IDENTIFIER else "11-bit"
    formats = {name: text.replace("11-bit", bits) for name, text in _CAN_TABLE.items()}
    can = formats | {
        "CP_CanPhysReqId": str(unit.can_request),
        "CP_CanRespUSDTId": str(unit.can_response),
        "CP_ECULayerShortName": unit.name,
    }
    doip = _DOIP_TABLE | {
        "CP_DoIPLogicalEcuAddress": str(unit.logical),
        "CP_DoIPSecondaryLogicalECUResponseAddress": str(unit.logical),
        "CP_ECULayerShortName": unit.name,
    }
    values = [
        _value("ISO_15765_2", "CP_UniqueRespIdTable", [*can.values()], CAN_PROTOCOL),
        _value("ISO_13400_2", "CP_UniqueRespIdTable", [*doip.values()], DOIP_PROTOCOL),
    ]
    if unit.pending_ms:
        values.append(_value("ISO_14229_3", "CP_P2Max", "250000"))
    return values


def _value(subset: str, name: str, content: str | list[str], protocol: str | None = None) -> ComparamInstance:
    return ComparamInstance(
        value=content if isinstance(content, str) else [*content],
        spec_ref=OdxLinkRef(f"{subset}.{name}", (OdxDocFragment(subset, DocType.COMPARAM_SUBSET),)),
        protocol_snref=protocol,
    )


def _subset(
    name: str, category: str, parameters: dict[str, str], *, table: dict[str, str] | None = None
) -> ComparamSubset:
    fragments = (OdxDocFragment(name, DocType.COMPARAM_SUBSET),)
    text = DataObjectProperty(
        odx_id=OdxLinkId(f"{name}.Text", fragments),
        short_name="Text",
        compu_method=IdenticalCompuMethod(
            category=CompuCategory.IDENTICAL,
            internal_type=DataType.A_UNICODE2STRING,
            physical_type=DataType.A_UNICODE2STRING,
        ),
        diag_coded_type=StandardLengthType(base_data_type=DataType.A_UNICODE2STRING, bit_length=16),
        physical_type=PhysicalType(base_data_type=DataType.A_UNICODE2STRING),
    )

    def parameter(short_name: str, default: str, parameter_class: str) -> Comparam:
        return Comparam(
            odx_id=OdxLinkId(f"{name}.{short_name}", fragments),
            short_name=short_name,
            param_class=parameter_class,
            cptype=StandardizationLevel.STANDARD,
            cpusage=Usage.ECU_COMM,
            physical_default_value_raw=default or "-",
            dop_ref=OdxLinkRef.from_id(text.odx_id),
        )

    tables = []
    if table:
        tables.append(
            ComplexComparam(
                odx_id=OdxLinkId(f"{name}.CP_UniqueRespIdTable", fragments),
                short_name="CP_UniqueRespIdTable",
                param_class="UNIQUE_ID",
                cptype=StandardizationLevel.STANDARD,
                cpusage=Usage.ECU_COMM,
                allow_multiple_values_raw=True,
                subparams=NamedItemList(
                    [parameter(sub, default, "UNIQUE_ID") for sub, default in table.items()]
                ),
            )
        )
    return ComparamSubset(
        odx_id=OdxLinkId(name, fragments),
        short_name=name,
        category=category,
        comparams=NamedItemList([parameter(sub, default, "COM") for sub, default in parameters.items()]),
        complex_comparams=NamedItemList(tables),
        data_object_props=NamedItemList([text]),
    )


def _spec(name: str, protocol_type: str, link_type: str, *subsets: ComparamSubset) -> ComparamSpec:
    fragments = (OdxDocFragment(name, DocType.COMPARAM_SPEC),)
    stack = ProtStack(
        odx_id=OdxLinkId(f"{name}.stack", fragments),
        short_name=f"{name}_stack",
        pdu_protocol_type=protocol_type,
        physical_link_type=link_type,
        comparam_subset_refs=[OdxLinkRef.from_id(subset.odx_id) for subset in subsets],
    )
    return ComparamSpec(
        odx_id=OdxLinkId(name, fragments), short_name=name, prot_stacks=NamedItemList([stack])
    )

"""Builds the whole ODX database of a vehicle: protocols, a functional group, base variants, ECU variants."""

from __future__ import annotations

from odxtools.database import Database
from odxtools.diaglayercontainer import DiagLayerContainer
from odxtools.diaglayers.basevariant import BaseVariant
from odxtools.diaglayers.basevariantraw import BaseVariantRaw
from odxtools.diaglayers.diaglayertype import DiagLayerType
from odxtools.diaglayers.ecuvariant import EcuVariant
from odxtools.diaglayers.ecuvariantraw import EcuVariantRaw
from odxtools.diaglayers.functionalgroup import FunctionalGroup
from odxtools.diaglayers.functionalgroupraw import FunctionalGroupRaw
from odxtools.diaglayers.protocol import Protocol
from odxtools.diaglayers.protocolraw import ProtocolRaw
from odxtools.ecuvariantpattern import EcuVariantPattern
from odxtools.matchingparameter import MatchingParameter
from odxtools.nameditemlist import NamedItemList
from odxtools.odxlink import DocType, OdxDocFragment, OdxLinkId, OdxLinkRef
from odxtools.parameters.parameter import Parameter
from odxtools.parentref import ParentRef
from odxtools.response import Response, ResponseType

from workshop_console.console.odx.authoring.communication import (
    CAN_PROTOCOL,
    DOIP_PROTOCOL,
    communication,
    stack_reference,
    unit_values,
    vehicle_values,
)
from workshop_console.console.odx.authoring.flashing import flash_data
from workshop_console.console.odx.authoring.functions import add_functions, add_security
from workshop_console.console.odx.authoring.layer import LayerContents, constant, echo, value
from workshop_console.console.odx.authoring.services import (
    add_common_services,
    add_extended_records,
    add_fault_memory,
    add_read,
    add_write,
)
from workshop_console.console.odx.authoring.states import States
from workshop_console.console.simulation.definition import UnitDefinition, VehicleDefinition

_VARIANT_DID = 0xF100
_COMMON_CONTAINER = "Common"


def build_database(vehicle: VehicleDefinition) -> Database:
    """Return the ODX database that describes `vehicle`, references resolved."""
    database = Database()
    database.short_name = f"{vehicle.name}_{vehicle.vin}"
    parameters = communication()
    database.comparam_subsets.extend(parameters.subsets)
    database.comparam_specs.extend(parameters.specs)

    common = LayerContents(_COMMON_CONTAINER, "UDS_Functions")
    shared = _shared_records(vehicle)
    states = States(common, vehicle.units)
    add_common_services(common, [r for r in vehicle.units[0].dids if r.did in shared], states)
    extended_records = add_extended_records(common)
    protocols = [_protocol(name, vehicle) for name in (CAN_PROTOCOL, DOIP_PROTOCOL)]
    database.diag_layer_containers.append(
        DiagLayerContainer(
            odx_id=OdxLinkId(_COMMON_CONTAINER, (OdxDocFragment(_COMMON_CONTAINER, DocType.CONTAINER),)),
            short_name=_COMMON_CONTAINER,
            protocols=NamedItemList(protocols),
            functional_groups=NamedItemList([_functional_group(common, vehicle, protocols, states)]),
        )
    )
    parent = OdxLinkRef.from_id(common.identifier("layer"))
    for unit in vehicle.units:
        database.diag_layer_containers.append(_unit_container(unit, parent, shared, extended_records, states))
    database.refresh()
    return database


def _shared_records(vehicle: VehicleDefinition) -> set[int]:
    """Return the identifiers of records that every unit has with the same fields."""
    shared = {record.did: record.fields for record in vehicle.units[0].dids}
    for unit in vehicle.units[1:]:
        own = {record.did: record.fields for record in unit.dids}
        shared = {did: fields for did, fields in shared.items() if own.get(did) == fields}
    return set(shared)


def _protocol(name: str, vehicle: VehicleDefinition) -> Protocol:
    contents = LayerContents(_COMMON_CONTAINER, name)
    return Protocol(
        diag_layer_raw=ProtocolRaw(
            odx_id=contents.identifier("layer"),
            short_name=name,
            variant_type=DiagLayerType.PROTOCOL,
            comparam_spec_ref=stack_reference(name),
            comparam_refs=[item for item in vehicle_values(vehicle) if item.protocol_snref in (None, name)],
        )
    )


def _functional_group(
    contents: LayerContents, vehicle: VehicleDefinition, protocols: list[Protocol], states: States
) -> FunctionalGroup:
    negative: list[Parameter] = [
        constant("SID", 0x7F, 0),
        echo("RequestedService", 1, of_request=0, length=1),
        value("ResponseCode", contents.unsigned_dop(8), 2),
    ]
    return FunctionalGroup(
        diag_layer_raw=FunctionalGroupRaw(
            odx_id=contents.identifier("layer"),
            short_name=contents.layer,
            long_name=f"Functions of all control units, {vehicle.label}",
            variant_type=DiagLayerType.FUNCTIONAL_GROUP,
            diag_data_dictionary_spec=contents.data_dictionary(),
            diag_comms_raw=[*contents.services],
            state_charts=NamedItemList(states.charts),
            requests=NamedItemList(contents.requests),
            positive_responses=NamedItemList(contents.positive_responses),
            global_negative_responses=NamedItemList(
                [
                    Response(
                        odx_id=contents.identifier("GNR.Negative"),
                        short_name="GNR_Negative",
                        response_type=ResponseType.GLOBAL_NEGATIVE,
                        parameters=NamedItemList(negative),
                    )
                ]
            ),
            parent_refs=[ParentRef(layer_ref=OdxLinkRef.from_id(protocol.odx_id)) for protocol in protocols],
        )
    )


def _unit_container(
    unit: UnitDefinition, parent: OdxLinkRef, shared: set[int], extended_records: OdxLinkRef, states: States
) -> DiagLayerContainer:
    """Return one control unit: the base variant, and its ECU variants with their patterns."""
    container = f"{unit.name}_Container"
    contents = LayerContents(container, unit.name)
    for record in unit.dids:
        if record.did not in shared:
            add_read(contents, record)
        if record.writable:
            add_write(contents, record, states)
    add_fault_memory(contents, unit, extended_records)
    add_functions(contents, unit, states)
    for security in unit.security:
        add_security(contents, security.level, states)
    base = BaseVariant(
        diag_layer_raw=BaseVariantRaw(
            odx_id=contents.identifier("layer"),
            short_name=unit.name,
            long_name=unit.label,
            variant_type=DiagLayerType.BASE_VARIANT,
            diag_data_dictionary_spec=contents.data_dictionary(),
            diag_comms_raw=[*contents.services],
            requests=NamedItemList(contents.requests),
            positive_responses=NamedItemList(contents.positive_responses),
            sdgs=[flash_data(unit.flash.sequence)] if unit.memory else [],
            comparam_refs=unit_values(unit),
            parent_refs=[ParentRef(layer_ref=parent)],
        )
    )
    return DiagLayerContainer(
        odx_id=OdxLinkId(container, (OdxDocFragment(container, DocType.CONTAINER),)),
        short_name=container,
        long_name=unit.label,
        base_variants=NamedItemList([base]),
        ecu_variants=NamedItemList(_variants(unit, container, base)),
    )


def _variants(unit: UnitDefinition, container: str, base: BaseVariant) -> list[EcuVariant]:
    record = next(record for record in unit.dids if record.did == _VARIANT_DID)
    field = next(field for field in record.fields if field.name == "VariantIdentification")
    start = field.byte_position
    variants = []
    for variant in unit.variants:
        contents = LayerContents(container, variant.name)
        expected = int.from_bytes(variant.identification[start : start + 2], "big")
        pattern = EcuVariantPattern(
            matching_parameters=[
                MatchingParameter(
                    expected_value=str(expected),
                    diag_comm_snref=f"{record.name}_Read",
                    out_param_if_snref=field.name,
                )
            ]
        )
        variants.append(
            EcuVariant(
                diag_layer_raw=EcuVariantRaw(
                    odx_id=contents.identifier("layer"),
                    short_name=variant.name,
                    long_name=variant.label,
                    variant_type=DiagLayerType.ECU_VARIANT,
                    ecu_variant_patterns=[pattern],
                    parent_refs=[ParentRef(layer_ref=OdxLinkRef.from_id(base.odx_id))],
                )
            )
        )
    return variants

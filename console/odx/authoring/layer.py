"""Collects what one diagnostic layer holds: data objects, requests, responses and services."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from odxtools.compumethods.compucategory import CompuCategory
from odxtools.compumethods.identicalcompumethod import IdenticalCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.description import Description
from odxtools.diagcodedtype import DiagCodedType
from odxtools.diagdatadictionaryspec import DiagDataDictionarySpec
from odxtools.diagservice import DiagService
from odxtools.dtcdop import DtcDop
from odxtools.endofpdufield import EndOfPduField
from odxtools.environmentdata import EnvironmentData
from odxtools.environmentdatadescription import EnvironmentDataDescription
from odxtools.minmaxlengthtype import MinMaxLengthType
from odxtools.multiplexer import Multiplexer
from odxtools.nameditemlist import NamedItemList
from odxtools.odxlink import DocType, OdxDocFragment, OdxLinkId, OdxLinkRef
from odxtools.odxtypes import DataType
from odxtools.parameters.codedconstparameter import CodedConstParameter
from odxtools.parameters.matchingrequestparameter import MatchingRequestParameter
from odxtools.parameters.parameter import Parameter
from odxtools.parameters.valueparameter import ValueParameter
from odxtools.physicaltype import PhysicalType
from odxtools.preconditionstateref import PreConditionStateRef
from odxtools.request import Request
from odxtools.response import Response, ResponseType
from odxtools.specialdatagroup import SpecialDataGroup
from odxtools.standardlengthtype import StandardLengthType
from odxtools.statetransitionref import StateTransitionRef
from odxtools.structure import Structure
from odxtools.termination import Termination
from odxtools.unit import Unit
from odxtools.unitspec import UnitSpec

DopKey = tuple[object, ...]


def unsigned(bit_length: int) -> StandardLengthType:
    """Return the coded type of an unsigned integer, most significant byte first."""
    return StandardLengthType(base_data_type=DataType.A_UINT32, bit_length=bit_length)


def constant(
    name: str, value: int, position: int, *, bits: int = 8, semantic: str | None = None
) -> CodedConstParameter:
    """Return a parameter that always has `value`."""
    return CodedConstParameter(
        short_name=name,
        semantic=semantic,
        byte_position=position,
        coded_value_raw=str(value),
        diag_coded_type=unsigned(bits),
    )


def echo(name: str, position: int, *, of_request: int, length: int) -> MatchingRequestParameter:
    """Return a response parameter that repeats `length` bytes of the request from `of_request`."""
    return MatchingRequestParameter(
        short_name=name, byte_position=position, request_byte_position=of_request, byte_length=length
    )


def value(
    name: str,
    dop: OdxLinkRef,
    position: int | None,
    *,
    bit: int = 0,
    label: str | None = None,
    default: str | None = None,
) -> ValueParameter:
    """Return a parameter whose value `dop` describes."""
    return ValueParameter(
        short_name=name,
        long_name=label,
        semantic="DATA",
        byte_position=position,
        bit_position=bit or None,
        dop_ref=dop,
        physical_default_value_raw=default,
    )


class LayerContents:
    """What becomes one layer; every object gets an identifier from the layer's name and its own."""

    def __init__(self, container: str, layer: str) -> None:
        self.layer = layer
        self.fragments = (
            OdxDocFragment(container, DocType.CONTAINER),
            OdxDocFragment(layer, DocType.LAYER),
        )
        self.services: list[DiagService] = []
        self.requests: list[Request] = []
        self.positive_responses: list[Response] = []
        self.dtc_dops: list[DtcDop] = []
        self.structures: list[Structure] = []
        self.fields: list[EndOfPduField] = []
        self.multiplexers: list[Multiplexer] = []
        self.environment_data: list[EnvironmentData] = []
        self.environment_descriptions: list[EnvironmentDataDescription] = []
        self._dops: dict[DopKey, DataObjectProperty] = {}
        self._units: dict[str, Unit] = {}

    def identifier(self, local: str) -> OdxLinkId:
        """Return the identifier of an object of this layer."""
        return OdxLinkId(f"{self.layer}.{local}", self.fragments)

    def reference(self, local: str) -> OdxLinkRef:
        """Return a reference to an object of this layer."""
        return OdxLinkRef.from_id(self.identifier(local))

    def add_dop(self, key: DopKey, dop: DataObjectProperty) -> OdxLinkRef:
        """Keep `dop` unless one of the same key is there, and return a reference to the kept one."""
        return OdxLinkRef.from_id(self._dops.setdefault(key, dop).odx_id)

    def dop_for(self, key: DopKey) -> OdxLinkRef | None:
        """Return a reference to the data object kept under `key`."""
        return OdxLinkRef.from_id(self._dops[key].odx_id) if key in self._dops else None

    def next_dop_name(self) -> str:
        """Return a short name that no data object of the layer has."""
        return f"DOP_{len(self._dops) + 1}"

    def unit(self, display_name: str) -> OdxLinkRef | None:
        """Return a reference to the physical unit, made on its first use; None for no unit."""
        if not display_name:
            return None
        if display_name not in self._units:
            name = f"unit_{len(self._units) + 1}"
            self._units[display_name] = Unit(
                odx_id=self.identifier(f"UNIT.{name}"), short_name=name, display_name=display_name
            )
        return OdxLinkRef.from_id(self._units[display_name].odx_id)

    def plain_dop(self, name: str, coded_type: DiagCodedType, physical: DataType) -> OdxLinkRef:
        """Return a reference to a data object whose physical value is the coded one."""
        dop = DataObjectProperty(
            odx_id=self.identifier(f"DOP.{name}"),
            short_name=name,
            compu_method=IdenticalCompuMethod(
                category=CompuCategory.IDENTICAL,
                internal_type=coded_type.base_data_type,
                physical_type=physical,
            ),
            diag_coded_type=coded_type,
            physical_type=PhysicalType(base_data_type=physical),
        )
        return self.add_dop((name,), dop)

    def unsigned_dop(self, bit_length: int) -> OdxLinkRef:
        """Return a reference to the plain unsigned integer of `bit_length`."""
        return self.plain_dop(f"Unsigned{bit_length}", unsigned(bit_length), DataType.A_UINT32)

    def rest_dop(self) -> OdxLinkRef:
        """Return a reference to the byte field that takes whatever follows."""
        coded = MinMaxLengthType(
            base_data_type=DataType.A_BYTEFIELD, min_length=0, termination=Termination.END_OF_PDU
        )
        return self.plain_dop("Rest", coded, DataType.A_BYTEFIELD)

    def bytes_dop(self, length: int) -> OdxLinkRef:
        """Return a reference to the byte field of `length`."""
        coded = StandardLengthType(base_data_type=DataType.A_BYTEFIELD, bit_length=8 * length)
        return self.plain_dop(f"Bytes{length}", coded, DataType.A_BYTEFIELD)

    def structure(self, name: str, parameters: list[Parameter]) -> OdxLinkRef:
        """Add a structure and return a reference to it."""
        self.structures.append(
            Structure(
                odx_id=self.identifier(f"STRUCT.{name}"),
                short_name=name,
                parameters=NamedItemList(parameters),
            )
        )
        return OdxLinkRef.from_id(self.structures[-1].odx_id)

    def service(
        self,
        name: str,
        label: str,
        request: list[Parameter],
        response: list[Parameter],
        *,
        semantic: str,
        description: str = "",
        special: SpecialDataGroup | None = None,
        needs: Iterable[OdxLinkRef] = (),
        leads_to: Iterable[OdxLinkRef] = (),
    ) -> None:
        """Add a service with its request and positive response.

        Args:
            name: its short name.
            label: its long name.
            request: parameters of the request.
            response: parameters of the positive response.
            semantic: what it is for.
            description: what it does.
            special: what ODX has no words for, see docs/descriptions.md.
            needs: states that allow it (of each state chart one).
            leads_to: state transitions that it makes.
        """
        self.requests.append(
            Request(
                odx_id=self.identifier(f"RQ.{name}"),
                short_name=f"RQ_{name}",
                parameters=NamedItemList(request),
            )
        )
        self.positive_responses.append(
            Response(
                odx_id=self.identifier(f"PR.{name}"),
                short_name=f"PR_{name}",
                response_type=ResponseType.POSITIVE,
                parameters=NamedItemList(response),
            )
        )
        self.services.append(
            DiagService(
                odx_id=self.identifier(f"DC.{name}"),
                short_name=name,
                long_name=label,
                description=Description.from_string(escape(description)) if description else None,
                semantic=semantic,
                sdgs=[special] if special is not None else [],
                pre_condition_state_refs=[
                    PreConditionStateRef(ref_id=ref.ref_id, ref_docs=ref.ref_docs) for ref in needs
                ],
                state_transition_refs=[
                    StateTransitionRef(ref_id=ref.ref_id, ref_docs=ref.ref_docs) for ref in leads_to
                ],
                request_ref=OdxLinkRef.from_id(self.requests[-1].odx_id),
                pos_response_refs=[OdxLinkRef.from_id(self.positive_responses[-1].odx_id)],
            )
        )

    def data_dictionary(self) -> DiagDataDictionarySpec:
        """Return everything that describes data."""
        return DiagDataDictionarySpec(
            data_object_props=NamedItemList(self._dops.values()),
            dtc_dops=NamedItemList(self.dtc_dops),
            structures=NamedItemList(self.structures),
            end_of_pdu_fields=NamedItemList(self.fields),
            muxs=NamedItemList(self.multiplexers),
            env_datas=NamedItemList(self.environment_data),
            env_data_descs=NamedItemList(self.environment_descriptions),
            unit_spec=UnitSpec(units=NamedItemList(self._units.values())) if self._units else None,
        )

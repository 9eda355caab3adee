"""Sorts the services of a layer: which read values, which drive something, which write codings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from odxtools.compumethods.texttablecompumethod import TexttableCompuMethod
from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.diagservice import DiagService
from odxtools.encodestate import EncodeState
from odxtools.parameters.parameter import Parameter
from odxtools.parameters.tablekeyparameter import TableKeyParameter
from odxtools.parameters.tablestructparameter import TableStructParameter
from odxtools.parameters.valueparameter import ValueParameter

from workshop_console.console.odx.coder.layout import Bound, has_default, is_constant, places
from workshop_console.console.odx.coder.physical import Physical
from workshop_console.console.odx.extraction.records import label_of, name_of

READ, WRITE, OUTPUT_CONTROL, ROUTINE_CONTROL = 0x22, 0x2E, 0x2F, 0x31
RETURN_CONTROL, RESET, FREEZE, ADJUST = 0, 1, 2, 3
"""inputOutputControlParameter (ISO 14229-1:2020, table E.1)."""
START, STOP, RESULTS = 1, 2, 3
"""Sub-functions of routineControl (ISO 14229-1:2020, 14.2)."""

_READING = frozenset((0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x09, 0x0A, 0x12, 0x1A, 0x21, READ))
"""Readers of data: OBD modes, freeze frames and identification of KWP 2000, 0x22."""
_SESSION = 0x10
_CLEARING_OBD, _LAST_OBD = 0x04, 0x0A
_FIRST_OWN_SERVICE = 0x80
"""Services from here on (but those of _NOT_OFFERED) are the maker's own; what they do only names tell."""
_NOT_OFFERED = frozenset(
    (
        *(
            0x10,
            0x27,
            0x29,
            0x28,
            0x3E,
            0x83,
            0x84,
            0x86,
            0x87,
            0x20,
            0x81,
            0x82,
        ),  # session, access, presence
        *(0x14, 0x18, 0x17, 0x13, 0x19, 0x85),  # fault memory
        *(0x23, 0x24, 0x2A, 0x2C, WRITE, 0x3B, 0x3D),  # memory, scaling, periodic data, writing
        *(0x34, 0x35, 0x36, 0x37, 0x38),  # download and upload
    )
)
"""Services that are no function of their own to a mechanic: the console uses them itself, or not at all."""
_PROGRAMMING_ROUTINES = frozenset((0xFF00, 0xFF01))
"""eraseMemory and checkProgrammingDependencies (ISO 14229-1:2020, table F.1) belong to flashing."""
_DRIVING_SEMANTICS = ("FUNCTION", "CONTROL", "ROUTINE", "SESSION", "SECURITY", "DOWNLOAD", "CODING", "CLEAR")
_READING_SEMANTICS = ("DATA", "IDENT", "READ", "STATUS")
_MOST_BOUND = 2_000
_LONGEST_CONSTANT = 64
_NOT_IN_NAMES = re.compile(r"\W+")


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """The services of a layer by what they are for, in the order of the description."""

    records: list[tuple[Bound, bytes]] = field(default_factory=list)
    """With the whole request."""
    outputs: dict[int, dict[int, Bound]] = field(default_factory=dict)
    """By data identifier, then control parameter."""
    routines: dict[int, dict[int, Bound]] = field(default_factory=dict)
    """By routine identifier, then sub-function."""
    others: list[Bound] = field(default_factory=list)
    codings: list[tuple[Bound, int]] = field(default_factory=list)
    """With the data identifier."""


def sort_services(services: Iterable[DiagService]) -> Sorted:
    """Return the usable ones of `services`; what odxtools or this program cannot handle is left out."""
    found = Sorted()
    names: set[str] = set()
    for service in services:
        try:
            bounds = list(_bound(service))
        except MemoryError:
            raise
        except Exception:  # noqa: S112  # a service that odxtools cannot handle is left out, as the import notes
            continue
        for bound in bounds:
            if bound.name in names or len(names) >= _MOST_BOUND * 4:
                continue
            try:
                if _sort(bound, found):
                    names.add(bound.name)
            except MemoryError:
                raise
            except Exception:  # noqa: S112  # as above
                continue
    return found


def _sort(bound: Bound, found: Sorted) -> bool:
    """Put `bound` where it belongs and return whether it belongs anywhere."""
    prefix = constant_start(bound)
    if not prefix:
        return False
    service = prefix[0]
    free = _free(bound)
    if service == OUTPUT_CONTROL and len(prefix) >= 4:
        return _put(found.outputs, int.from_bytes(prefix[1:3], "big"), prefix[3], bound)
    if service == ROUTINE_CONTROL and len(prefix) >= 4:
        identifier = int.from_bytes(prefix[2:4], "big")
        if identifier in _PROGRAMMING_ROUTINES:
            return False
        return _put(found.routines, identifier, prefix[1] & 0x7F, bound)
    if service == WRITE and len(prefix) >= 3:
        if not free:
            return False
        found.codings.append((bound, int.from_bytes(prefix[1:3], "big")))
        return True
    own_session = service == _SESSION and free  # one that asks for more than its number is the maker's own
    if (service in _NOT_OFFERED and not own_session) or service == _CLEARING_OBD:
        return False
    if not free and _reads(bound, service):
        found.records.append((bound, _whole_request(bound)))
        return True
    if service in _READING and service > _LAST_OBD:
        return False
    found.others.append(bound)
    return True


def _put(groups: dict[int, dict[int, Bound]], identifier: int, control: int, bound: Bound) -> bool:
    return groups.setdefault(identifier, {}).setdefault(control, bound) is bound


def _reads(bound: Bound, service: int) -> bool:
    """Return whether a service with a constant request only reads: it may be sent again and again."""
    if not any(places(response.parameters, bound.row) for response in bound.service.positive_responses):
        return False
    if service in _READING:
        return True
    semantic = (bound.service.semantic or "").upper()
    if service < _FIRST_OWN_SERVICE or any(word in semantic for word in _DRIVING_SEMANTICS):
        return False
    return any(word in semantic for word in _READING_SEMANTICS)


def _free(bound: Bound) -> bool:
    """Return whether the request takes values."""
    fixed = {name for name, _ in bound.fixed}
    request = bound.service.request
    return request is not None and any(
        place.name not in fixed for place in places(request.parameters, bound.row)
    )


# -- services that are several -------------------------------------------------------------------------


def _bound(service: DiagService) -> Iterator[Bound]:
    """Return the service once for each table row, identifier and control parameter it may be sent with."""
    request = service.request
    if request is None:
        return
    plain = Bound(name=name_of(service), label=label_of(service), service=service)
    prefix = constant_start(plain)
    keys = [p for p in request.parameters if isinstance(p, TableKeyParameter) and p.table_row is None]
    if keys:
        if len(keys) == 1 and len(prefix) in (1, 2):
            for row in keys[0].table.table_rows[:_MOST_BOUND]:
                if row.key is not None and row.is_executable:
                    name = f"{plain.name}.{name_of(row)}"
                    yield from _controlled(Bound(name=name, label=label_of(row), service=service, row=row))
        return
    if any(isinstance(p, TableStructParameter) and p.table_key.table_row is None for p in request.parameters):
        return
    yield from _controlled(plain)


def _controlled(bound: Bound) -> Iterator[Bound]:
    """Return `bound` once for each choice of the parameters that say which thing is meant, or what to do."""
    request = bound.service.request
    assert request is not None  # noqa: S101  # _bound() asked
    prefix = constant_start(bound)
    wanted = {READ: 3, WRITE: 3, OUTPUT_CONTROL: 4, ROUTINE_CONTROL: 4}.get(prefix[0] if prefix else 0, 0)
    if len(prefix) >= wanted:
        yield bound
        return
    parameter = _next_value(request.parameters, bound)
    if parameter is None:
        yield bound
        return
    if len(bound.fixed) >= 2:
        return
    for value, text in _choices(parameter):
        part = _NOT_IN_NAMES.sub("_", text).strip("_") or str(value)
        yield from _controlled(
            Bound(
                name=f"{bound.name}.{part}",
                label=f"{bound.label} {text}",
                service=bound.service,
                row=bound.row,
                fixed=(*bound.fixed, (parameter.short_name, value)),
            )
        )


def _next_value(parameters: Sequence[Parameter], bound: Bound) -> ValueParameter | None:
    """Return the first parameter that a value must be chosen for."""
    fixed = {name for name, _ in bound.fixed}
    for parameter in parameters:
        if (
            is_constant(parameter)
            or parameter.short_name in fixed
            or isinstance(parameter, TableKeyParameter)
        ):
            continue
        return parameter if isinstance(parameter, ValueParameter) else None
    return None


def _choices(parameter: ValueParameter) -> list[tuple[object, str]]:
    """Return physical values and names of what `parameter` may be; empty where that is open."""
    dop = parameter.dop
    if not isinstance(dop, DataObjectProperty):
        return []
    if has_default(parameter):
        return [(parameter.physical_default_value, str(parameter.physical_default_value))]
    if isinstance(dop.compu_method, TexttableCompuMethod):
        return [(text, shown) for shown, text in list(Physical(dop).texts.items())[:_MOST_BOUND]]
    if dop.get_static_bit_length() == 8 and Physical(dop).digits == 0:
        return [(number, str(number)) for number in range(4)]
    return []


# -- bytes ---------------------------------------------------------------------------------------------


def constant_start(bound: Bound) -> bytes:
    """Return the bytes at the start of the request that are decided."""
    request = bound.service.request
    if request is None:
        return b""
    fixed = dict(bound.fixed)
    state = EncodeState(is_end_of_pdu=False)
    for parameter in request.parameters:
        end = len(state.coded_message)
        if parameter.byte_position not in (None, end) or parameter.bit_position or end >= _LONGEST_CONSTANT:
            break
        open_end = parameter.parameter_type == "RESERVED" or parameter.get_static_bit_length() is None
        if open_end and not isinstance(parameter, TableKeyParameter):
            break
        state.cursor_byte_position = end
        if isinstance(parameter, TableKeyParameter):
            row = parameter.table_row or bound.row
            if (
                row is None
                or row.table is not parameter.table
                or parameter.table.key_dop is None
                or row.key is None
            ):
                break
            parameter.table.key_dop.encode_into_pdu(row.key, state)
        elif is_constant(parameter):
            parameter.encode_into_pdu(None, state)
        elif parameter.short_name in fixed:
            parameter.encode_into_pdu(fixed[parameter.short_name], state)  # type: ignore[arg-type]  # as odxtools gave it
        else:
            break
    return bytes(state.coded_message)


def _whole_request(bound: Bound) -> bytes:
    """Return the request of a service that takes no values."""
    from workshop_console.console.odx.coder.encoding import RequestEncoder

    return RequestEncoder().encode(bound, {}).payload


def positive_parameters(bound: Bound) -> list[Parameter]:
    """Return the parameters of the first positive response."""
    response = next(iter(bound.service.positive_responses), None)
    return list(response.parameters) if response is not None else []

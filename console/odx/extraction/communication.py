"""Reads addresses and time-outs from communication parameters (ISO 22901-1 annex B, ISO 22900-2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from odxtools.basecomparam import BaseComparam
from odxtools.comparaminstance import ComparamInstance
from odxtools.complexcomparam import ComplexComparam, ComplexValue
from odxtools.database import Database

from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.reasons import Reason

_LARGEST_CAN_IDENTIFIER = 0x1FFF_FFFF
_LARGEST_STANDARD_IDENTIFIER = 0x7FF
_UNUSED = 0xFFFF_FFFF
"""A CAN identifier that says "none" in the tables of ISO 22900-2."""
_TIMES = {
    # parameter: (field of Timing, smallest and largest in milliseconds that make sense)
    "CP_P2Max": ("p2_ms", 10, 10_000),
    "CP_P2Star": ("p2_star_ms", 50, 120_000),
    "CP_RC78CompletionTimeout": ("pending_budget_ms", 100, 600_000),
    "CP_RC21CompletionTimeout": ("busy_budget_ms", 0, 60_000),
}
_REPETITIONS = "CP_RepeatReqCountApp"
_MOST_REPETITIONS = 5


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A communication parameter with the value that applies to a layer."""

    spec: BaseComparam
    value: str | ComplexValue


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How a layer is reached."""

    addresses: tuple[Address, ...]
    functional_request: int | None
    timing: Timing


def number_of(text: object) -> int | None:
    """Return the number that a parameter value spells (decimal, hexadecimal, with leading zeros), or None."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    try:
        return int(text, 0)
    except ValueError:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def of_layer(instances: Iterable[ComparamInstance]) -> list[Applied]:
    """Return the parameters that a layer has itself or inherits."""
    return [Applied(spec=instance.spec, value=instance.value) for instance in instances]


def of_logical_links(database: Database) -> dict[str, list[Applied]]:
    """Return the parameters that vehicle information (.odx-v) gives base variants, by their short names."""
    found: dict[str, list[Applied]] = {}
    for vehicle in database.vehicle_info_specs:
        for information in vehicle.vehicle_informations:
            for link in information.logical_links:
                if link.base_variant is not None:
                    found.setdefault(link.base_variant.short_name, []).extend(
                        Applied(
                            spec=parameter.spec, value=parameter.simple_value or parameter.complex_value or ""
                        )
                        for parameter in link.link_comparam_refs
                    )
    return found


def reach(parameters: Iterable[Applied], where: str, problems: Problems) -> Reach:
    """Return addresses and time-outs of a layer from the parameters that apply to it."""
    addresses: dict[Address, None] = {}
    single: dict[str, str | None] = {}
    for parameter in parameters:
        with problems.guard(where, Reason.ADDRESS_UNUSABLE):
            name = parameter.spec.short_name
            if isinstance(parameter.spec, ComplexComparam):
                if name == "CP_UniqueRespIdTable":
                    for row in _rows(parameter.value, parameter.spec):
                        _add_address(row, addresses, where, problems)
            else:
                single[name] = _simple_value(parameter)
    if not addresses:
        # Databases after ODX 2.0 without the table have the identifiers as parameters of their own.
        _add_address(single, addresses, where, problems)
    functional = number_of(single.get("CP_CanFuncReqId"))
    if functional is not None and not 0 < functional <= _LARGEST_CAN_IDENTIFIER:
        functional = None
    return Reach(
        addresses=tuple(addresses),
        functional_request=functional,
        timing=_timing(single, where, problems),
    )


def _simple_value(parameter: Applied) -> str | None:
    value = parameter.value or getattr(parameter.spec, "physical_default_value", None)
    return value if isinstance(value, str) else None


def _rows(value: str | ComplexValue, spec: ComplexComparam) -> list[dict[str, str | None]]:
    """Return each row of a complex parameter as values by name; an empty value has the default."""
    if not isinstance(value, list):
        return []
    rows = value if value and all(isinstance(item, list) for item in value) else [value]
    named = []
    for row in rows:
        content: dict[str, str | None] = {}
        for subparameter, item in zip(spec.subparams, row, strict=False):
            text = item or getattr(subparameter, "physical_default_value", None)
            content[subparameter.short_name] = text if isinstance(text, str) else None
        named.append(content)
    return named


def _add_address(
    row: dict[str, str | None], addresses: dict[Address, None], where: str, problems: Problems
) -> None:
    """Add the CAN or DoIP address that one row tells."""
    logical = number_of(row.get("CP_DoIPLogicalEcuAddress"))
    if logical is not None:
        if 0 < logical <= 0xFFFF:
            addresses[DoipAddress(logical)] = None
        else:
            problems.add(where, Reason.ADDRESS_UNUSABLE, f"CP_DoIPLogicalEcuAddress = {logical}")
    request = number_of(row.get("CP_CanPhysReqId"))
    response = number_of(row.get("CP_CanRespUSDTId"))
    if request is None or response is None or _UNUSED in (request, response):
        return
    form = f"{row.get('CP_CanPhysReqFormat') or ''} {row.get('CP_CanRespUSDTFormat') or ''}".lower()
    if "extended" in form or "mixed" in form:
        problems.add(where, Reason.ADDRESS_EXTENSION, f"0x{request:X}/0x{response:X}")
        return
    if not (0 <= request <= _LARGEST_CAN_IDENTIFIER and 0 <= response <= _LARGEST_CAN_IDENTIFIER) or (
        request == response
    ):
        problems.add(where, Reason.ADDRESS_UNUSABLE, f"{request}/{response}")
        return
    extended = "29" in form or max(request, response) > _LARGEST_STANDARD_IDENTIFIER
    addresses[CanAddress(request, response, extended=extended)] = None


def _timing(values: dict[str, str | None], where: str, problems: Problems) -> Timing:
    """Return the time-outs; ODX has them in microseconds."""
    timing: dict[str, int] = {}
    for name, (field, smallest, largest) in _TIMES.items():
        microseconds = number_of(values.get(name))
        if microseconds is None:
            continue
        milliseconds = -(-microseconds // 1_000)
        if smallest <= milliseconds <= largest:
            timing[field] = milliseconds
        else:
            problems.add(where, Reason.TIMING_OUT_OF_RANGE, f"{name} = {microseconds} µs")
    repetitions = number_of(values.get(_REPETITIONS))
    if repetitions is not None and 0 <= repetitions <= _MOST_REPETITIONS:
        timing["retries"] = repetitions
    elif repetitions is not None:
        problems.add(where, Reason.TIMING_OUT_OF_RANGE, f"{_REPETITIONS} = {repetitions}")
    return Timing(**timing)

"""What identifies the vehicle: its VIN, and the battery voltage where somebody tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import DataIdentifier, Timing, UnitSummary
from workshop_console.console.model.exchange import Exchange, UdsRequest
from workshop_console.console.ports import Catalogue, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.identify import VIN_DID, VIN_LENGTH, Identification, vin_of
from workshop_console.console.procedures.scripts import Conversation, UnitScript, UnitTask, run_scripts
from workshop_console.console.procedures.services import read_data_by_identifier

FUNCTIONAL_WAIT_S = 0.3
"""Time for the answers to a functional request; they come within P2 of each unit."""

_VIN_RESPONSE = b"\x62\xf1\x90"
_VOLTAGE = re.compile(
    r"(?=.*(batter|supply|terminal ?30|klemme ?30|kl\.? ?30|on-?board|bordnetz|system))"
    r"(?=.*(volt|spannung|tensi))",
    re.IGNORECASE,
)
_LIKELY = re.compile(r"gateway|ignition|cluster|eis|ezs|cgw|zgw|battery|power|sam|engine", re.IGNORECASE)
_MOST_LOOKED_AT = 12
"""Descriptions that are opened in search of a battery voltage."""
_LOWEST_V, _HIGHEST_V = 3.0, 70.0
"""What a 12, 24 or 48 V battery can show; anything else is another voltage."""


def ask_vin(link: VehicleLink) -> str:
    """Return the VIN that the link knows, or that a unit gives on a functional request; empty: nobody did."""
    if vin := link.identity().vin:
        return vin
    request = read_data_by_identifier(VIN_DID)
    answers = [
        answer
        for answer in link.functional(request.payload, wait_s=FUNCTIONAL_WAIT_S)
        if answer.payload[:3] == _VIN_RESPONSE
    ]
    vins = [vin_of(answer.payload[3:]) for answer in answers]
    # A segmented answer to a functional request may be its first frame only, from units whose address says
    # nothing of where flow control is to be sent. They are asked again, each by itself.
    if answers and not any(len(vin) >= VIN_LENGTH for vin in vins):
        tasks = [
            UnitTask(address=answer.address, timing=Timing(p2_ms=500), script=_ask(request))
            for answer in answers
        ]
        exchanges = [exchange for _, exchange in run_scripts(link, tasks, Cancellation())]
        vins += [vin_of(e.payload[3:]) for e in exchanges if e.positive]
    return max(vins, key=lambda vin: (len(vin) == VIN_LENGTH, len(vin)), default="")


def _ask(request: UdsRequest) -> UnitScript[Exchange]:
    return (yield request)


def voltage_identifier(identifiers: Sequence[DataIdentifier]) -> DataIdentifier | None:
    """Return the identifier that reads the battery voltage, as far as names tell."""
    for identifier in identifiers:
        if identifier.fields and _VOLTAGE.search(f"{identifier.name} {identifier.label}".replace("_", " ")):
            return identifier
    return None


class VoltageSearch:
    """Finds one unit that tells the battery voltage and asks it; the others are not bothered."""

    def __init__(
        self, units: Sequence[UnitSummary], catalogue: Catalogue, told: Callable[[float], None]
    ) -> None:
        described = [unit for unit in units if unit.key]
        described.sort(key=lambda unit: not _LIKELY.search(f"{unit.name} {unit.label}"))
        self._keys = {unit.key for unit in described[:_MOST_LOOKED_AT]}
        self._catalogue = catalogue
        self._told = told
        self._found = False

    def ask(self, unit: UnitSummary, identified: Identification, talk: Conversation) -> UnitScript[None]:
        """Read the voltage from this unit when it has one and nobody told it yet."""
        if self._found or unit.key not in self._keys:
            return
        description = self._catalogue.unit(unit.key, identified.variant)
        identifier = voltage_identifier(description.data_identifiers) if description else None
        if identifier is None:
            return
        self._found = True
        exchange = yield from talk.ask(read_data_by_identifier(identifier.did))
        if not exchange.positive:
            self._found = False
            return
        for value in decode_fields(identifier.fields, exchange.payload[3:]):
            volts = _volts(value.value, value.unit)
            if volts is not None:
                self._told(volts)
                return


def _volts(value: str, unit: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if unit.strip().lower() == "mv":
        number /= 1_000
    return number if _LOWEST_V <= number <= _HIGHEST_V else None

"""Reads how a control unit is flashed from its special data group (docs/descriptions.md).

What is only half understood would leave a step out: one entry that is wrong, and nothing is described.
"""

from __future__ import annotations

from collections.abc import Iterable

from odxtools.diaglayers.basevariant import BaseVariant
from odxtools.diaglayers.ecuvariant import EcuVariant
from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup

from workshop_console.console.model.clean import clean
from workshop_console.console.model.condition import Condition
from workshop_console.console.model.flash import ExtraStep, FlashSequence, FlashStep
from workshop_console.console.odx.coder.notes import GROUP, condition_of

_MOST_ENTRIES = 256
_LONGEST_LABEL = 120
_LONGEST_REQUEST_BYTES = 4_095
_HIGHEST_LEVEL = 0x41
"""requestSeed sub-functions of vehicle makers end here (ISO 14229-1:2020, table 42)."""
_LONGEST_TIME_MS = 600_000
_START_ROUTINE = b"\x31\x01"

_ROUTINES_AND_RECORDS = {
    "ConditionsRoutine": "conditions_rid",
    "EraseRoutine": "erase_rid",
    "CheckMemoryRoutine": "check_memory_rid",
    "CheckDependenciesRoutine": "check_dependencies_rid",
    "Fingerprint": "fingerprint_did",
}
_NUMBERS = {
    "SecurityLevel": ("security_level", 0, _HIGHEST_LEVEL),
    "AddressBytes": ("address_bytes", 1, 4),
    "SizeBytes": ("size_bytes", 1, 4),
    "EraseTime": ("erase_ms", 0, _LONGEST_TIME_MS),
    "ResetTime": ("reset_ms", 0, _LONGEST_TIME_MS),
}
_WORDS = {
    "EraseArea": ("erase_all", {"all": True, "segment": False}),
    "SideBySide": ("side_by_side", {"yes": True, "no": False}),
}


def flash_sequence_of(layer: BaseVariant | EcuVariant) -> FlashSequence | None:
    """Return how a unit is flashed, as its variant says or else its base variant; None: not described."""
    layers: list[BaseVariant | EcuVariant] = [layer]
    if isinstance(layer, EcuVariant) and layer.base_variant is not None:
        layers.append(layer.base_variant)
    for one in layers:
        for group in _flash_groups(one.sdgs):
            try:
                return _sequence(group)
            except (ValueError, TypeError, AttributeError):
                return None
    return None


def routines_of(sequence: FlashSequence | None) -> frozenset[int]:
    """Return the routines that only flashing may start: those that change the memory or judge it."""
    if sequence is None:
        return frozenset()
    further = (int.from_bytes(e.request[2:4], "big") for e in sequence.add if e.request[:2] == _START_ROUTINE)
    return frozenset(
        (sequence.erase_rid, sequence.check_memory_rid, sequence.check_dependencies_rid, *further)
    )


def _flash_groups(groups: Iterable[SpecialDataGroup]) -> Iterable[SpecialDataGroup]:
    for group in groups:
        if group.semantic_info == GROUP:
            for value in group.values:
                if isinstance(value, SpecialDataGroup) and value.semantic_info == "Flash":
                    yield value


def _sequence(group: SpecialDataGroup) -> FlashSequence:
    """Return what the group says. Raises ValueError for an entry that is wrong."""
    said: dict[str, object] = {}
    leave_out: list[FlashStep] = []
    add: list[ExtraStep] = []
    conditions: list[Condition] = []
    if len(group.values) > _MOST_ENTRIES:
        raise ValueError("too many entries")
    for value in group.values:
        kind = value.semantic_info or ""
        if isinstance(value, SpecialDataGroup):
            if kind == "Step":
                add.append(_step(value))
            elif kind == "Condition":
                conditions.append(_condition(value))
            elif kind in ("Voltage", "Charger"):
                said[kind.lower()] = _condition(value)
        elif kind == "LeaveOut":
            leave_out.append(FlashStep(value.value.strip()))
        elif kind in _ROUTINES_AND_RECORDS:
            said[_ROUTINES_AND_RECORDS[kind]] = _number(value.value, 0, 0xFFFF, base=16)
        elif kind in _NUMBERS:
            name, lowest, highest = _NUMBERS[kind]
            said[name] = _number(value.value, lowest, highest)
        elif kind in _WORDS:
            name, words = _WORDS[kind]
            if value.value.strip() not in words:
                raise ValueError(kind)
            said[name] = words[value.value.strip()]
    level = said.get("security_level", 1)
    if isinstance(level, int) and level and level % 2 == 0:
        raise ValueError("an even security level")
    return FlashSequence(
        leave_out=tuple(leave_out),
        add=tuple(add),
        conditions=tuple(conditions),
        **said,  # type: ignore[arg-type]  # the tables above name fields of the sequence, of their types
    )


def _step(group: SpecialDataGroup) -> ExtraStep:
    texts = {v.semantic_info: v.value.strip() for v in group.values if isinstance(v, SpecialData)}
    request = bytes.fromhex(texts.get("Request", ""))
    if not 1 <= len(request) <= _LONGEST_REQUEST_BYTES:
        raise ValueError("a step without a request")
    return ExtraStep(
        after=FlashStep(texts.get("After", "")),
        label=clean(texts.get("Label", "") or request.hex(), longest=_LONGEST_LABEL),
        request=request,
    )


def _condition(group: SpecialDataGroup) -> Condition:
    condition = condition_of(group)
    if condition is None:
        raise ValueError("a condition that says nothing")
    return condition


def _number(text: str, lowest: int, highest: int, *, base: int = 10) -> int:
    number = int(text.strip(), base)
    if not lowest <= number <= highest:
        raise ValueError(text)
    return number

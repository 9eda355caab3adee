"""The special data group that says how a control unit is flashed (docs/descriptions.md)."""

from __future__ import annotations

from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup

from workshop_console.console.model.flash import ExtraStep, FlashSequence
from workshop_console.console.odx.authoring.special import GROUP, condition_group, item


def flash_data(sequence: FlashSequence) -> SpecialDataGroup:
    """Return the group of a unit's base variant: everything of `sequence`, also what is usual."""
    values: list[SpecialData | SpecialDataGroup] = [
        item("SecurityLevel", str(sequence.security_level)),
        item("ConditionsRoutine", f"{sequence.conditions_rid:04X}"),
        item("EraseRoutine", f"{sequence.erase_rid:04X}"),
        item("EraseArea", "all" if sequence.erase_all else "segment"),
        item("CheckMemoryRoutine", f"{sequence.check_memory_rid:04X}"),
        item("CheckDependenciesRoutine", f"{sequence.check_dependencies_rid:04X}"),
        item("Fingerprint", f"{sequence.fingerprint_did:04X}"),
        item("AddressBytes", str(sequence.address_bytes)),
        item("SizeBytes", str(sequence.size_bytes)),
        item("SideBySide", "yes" if sequence.side_by_side else "no"),
        item("EraseTime", str(sequence.erase_ms)),
        item("ResetTime", str(sequence.reset_ms)),
    ]
    values += [item("LeaveOut", step.value) for step in sequence.leave_out]
    values += [_step(extra) for extra in sequence.add]
    values += [condition_group(condition) for condition in sequence.conditions]
    if sequence.voltage is not None:
        values.append(condition_group(sequence.voltage, "Voltage"))
    if sequence.charger is not None:
        values.append(condition_group(sequence.charger, "Charger"))
    return SpecialDataGroup(
        semantic_info=GROUP, values=[SpecialDataGroup(semantic_info="Flash", values=values)]
    )


def _step(extra: ExtraStep) -> SpecialDataGroup:
    return SpecialDataGroup(
        semantic_info="Step",
        values=[
            item("After", extra.after.value),
            item("Label", extra.label),
            item("Request", extra.request.hex().upper()),
        ],
    )

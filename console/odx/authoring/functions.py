"""What a control unit does when asked: outputs, routines, security access, downloads."""

from __future__ import annotations

from odxtools.odxlink import OdxLinkRef
from odxtools.parameters.parameter import Parameter

from workshop_console.console.odx.authoring.layer import LayerContents, constant, echo, value
from workshop_console.console.odx.authoring.services import field_parameters, sid
from workshop_console.console.odx.authoring.special import special_data
from workshop_console.console.odx.authoring.states import States
from workshop_console.console.simulation.definition import (
    ActuatorDefinition,
    RoutineDefinition,
    UnitDefinition,
)

_NOT_DEFAULT = (2, 3)
"""Sessions that allow security access."""
_PROGRAMMING = 2
_ERASE_MEMORY = 0xFF00

_ADJUST = 3
_CONTROLS = {
    _ADJUST: ("Adjust", "adjust"),
    2: ("Freeze", "freeze"),
    1: ("Reset", "reset to the default"),
    0: ("Return", "return control"),
}
"""inputOutputControlParameter (ISO 14229-1:2020, 12.2.2)."""
_START, _STOP = 1, 2
_ROUTINE_ACTIONS = {_START: ("Start", "start"), _STOP: ("Stop", "stop"), 3: ("Result", "result")}


def add_security(layer: LayerContents, level: int, states: States) -> None:
    """Add requesting the seed and sending the key of a level (0x27)."""
    layer.service(
        f"Security_RequestSeed_{level:02X}",
        f"Security access: seed of level {level}",
        [*sid(0x27), constant("SubFunction", level, 1)],
        [*sid(0x67), constant("SubFunction", level, 1), value("Seed", layer.rest_dop(), 2)],
        semantic="SECURITY",
        needs=states.needed(_NOT_DEFAULT),
    )
    layer.service(
        f"Security_SendKey_{level + 1:02X}",
        f"Security access: key of level {level}",
        [*sid(0x27), constant("SubFunction", level + 1, 1), value("Key", layer.rest_dop(), 2)],
        [*sid(0x67), constant("SubFunction", level + 1, 1)],
        semantic="SECURITY",
        needs=states.needed(_NOT_DEFAULT),
        leads_to=states.into_level(level),
    )


def add_functions(layer: LayerContents, unit: UnitDefinition, states: States) -> None:
    """Add what the unit can do: outputs (0x2F), routines (0x31), downloads (0x34 to 0x37)."""
    for actuator in unit.actuators:
        _add_output(layer, actuator, states)
    for routine in unit.routines:
        _add_routine(layer, routine, states)
    if unit.memory:
        level = next((r.security_level for r in unit.routines if r.rid == _ERASE_MEMORY), 0)
        _add_download(layer, states.needed((_PROGRAMMING,), level))


def _add_output(layer: LayerContents, actuator: ActuatorDefinition, states: States) -> None:
    for control, (short, words) in _CONTROLS.items():
        request = [
            *sid(0x2F),
            constant("DataIdentifier", actuator.did, 1, bits=16, semantic="ID"),
            constant("Control", control, 3),
        ]
        if control == _ADJUST:
            request += _output_state(layer, actuator)
        starts = control == _ADJUST
        layer.service(
            f"{actuator.name}_{short}",
            f"{actuator.label}: {words}",
            request,
            [
                *sid(0x6F),
                echo("DataIdentifier", 1, of_request=1, length=2),
                constant("Control", control, 3),
                *_output_state(layer, actuator),
            ],
            semantic="FUNCTION",
            description=actuator.description if starts else "",
            special=special_data(
                conditions=actuator.conditions,
                warning=actuator.warning,
                warning_translations=actuator.warning_translations,
                related=actuator.related,
            )
            if starts
            else None,
            needs=states.needed(actuator.sessions, actuator.security_level),
        )


def _output_state(layer: LayerContents, actuator: ActuatorDefinition) -> list[Parameter]:
    if not actuator.fields:
        return [value("State", layer.bytes_dop(len(actuator.data)), 4)]
    return field_parameters(layer, actuator.fields, 4)


def _add_routine(layer: LayerContents, routine: RoutineDefinition, states: States) -> None:
    for action, (short, words) in _ROUTINE_ACTIONS.items():
        if action == _STOP and routine.duration_ms:
            continue  # it is done when its start is answered
        starts = action == _START
        request = [
            *sid(0x31),
            constant("SubFunction", action, 1),
            constant("RoutineIdentifier", routine.rid, 2, bits=16, semantic="ID"),
        ]
        if starts:
            request += _option(layer, routine)
        layer.service(
            f"{routine.name}_{short}",
            f"{routine.label}: {words}",
            request,
            [
                *sid(0x71),
                constant("SubFunction", action, 1),
                echo("RoutineIdentifier", 2, of_request=2, length=2),
                *(_result(layer, routine) if action != _STOP or routine.runs_ms else ()),
            ],
            semantic="ROUTINE",
            description=routine.description if starts else "",
            special=special_data(
                conditions=routine.conditions,
                warning=routine.warning,
                warning_translations=routine.warning_translations,
                related=routine.related,
            )
            if starts
            else None,
            needs=states.needed(routine.sessions, routine.security_level),
        )


def _option(layer: LayerContents, routine: RoutineDefinition) -> list[Parameter]:
    if routine.option_fields:
        return field_parameters(layer, routine.option_fields, 4, routine.option_defaults)
    return [value("Option", layer.bytes_dop(routine.option_length), 4)] if routine.option_length else []


def _result(layer: LayerContents, routine: RoutineDefinition) -> list[Parameter]:
    if routine.result_fields:
        return field_parameters(layer, routine.result_fields, 4)
    return [value("Result", layer.rest_dop(), 4)]


def _add_download(layer: LayerContents, needs: list[OdxLinkRef]) -> None:
    address, length, block = layer.bytes_dop(4), layer.bytes_dop(4), layer.rest_dop()
    layer.service(
        "Download_Request",
        "Request a download",
        [
            *sid(0x34),
            constant("DataFormat", 0, 1),
            constant("AddressAndLengthFormat", 0x44, 2),
            value("MemoryAddress", address, 3),
            value("MemorySize", length, 7),
        ],
        [*sid(0x74), value("LengthFormat", layer.unsigned_dop(8), 1), value("BlockLength", block, 2)],
        semantic="DOWNLOAD",
        needs=needs,
    )
    counter = layer.unsigned_dop(8)
    layer.service(
        "Download_Transfer",
        "Transfer a block",
        [*sid(0x36), value("BlockSequenceCounter", counter, 1), value("Data", block, 2)],
        [*sid(0x76), value("BlockSequenceCounter", counter, 1)],
        semantic="DOWNLOAD",
        needs=needs,
    )
    layer.service(
        "Download_Exit", "End a download", sid(0x37), [*sid(0x77)], semantic="DOWNLOAD", needs=needs
    )

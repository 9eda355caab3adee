"""Data and outputs: 0x22 0x2E 0x2F."""

from __future__ import annotations

from workshop_console.console.model.decode import decode_fields
from workshop_console.console.simulation.definition import DidDefinition
from workshop_console.console.simulation.ecu.answer import (
    DEFAULT_SESSION,
    PROGRAMMING_SESSION,
    Answer,
    Service,
)
from workshop_console.console.simulation.ecu.bits import allowed
from workshop_console.console.simulation.ecu.conditions import kept
from workshop_console.console.simulation.ecu.negative_response import (
    Nrc,
    Refused,
    require_at_least,
    require_length,
)
from workshop_console.console.simulation.ecu.state import UnitState

_RETURN_CONTROL, _RESET_TO_DEFAULT, _FREEZE_CURRENT_STATE, _SHORT_TERM_ADJUSTMENT = range(4)
"""inputOutputControlParameter (12.2.2)."""
_SHORTEST_FINGERPRINT_BYTES, _LONGEST_FINGERPRINT_BYTES = 3, 64


class RecordServices:
    """Reading, writing and driving what data identifiers name."""

    def __init__(self, state: UnitState) -> None:
        self._state = state
        self._actuators = {actuator.did: actuator for actuator in state.definition.actuators}

    def services(self) -> dict[int, Service]:
        """Return the services by identifier; writing and driving only where there is something."""
        every = self._state.sessions
        services = {0x22: Service(self.read_data_by_identifier, every)}
        if self._state.software.present or any(did.writable for did in self._state.dids.values()):
            services[0x2E] = Service(self.write_data_by_identifier, every)
        if self._actuators:
            services[0x2F] = Service(self.input_output_control_by_identifier, every - {DEFAULT_SESSION})
        return services

    def read_data_by_identifier(self, request: bytes) -> Answer:
        """Read one or several records; those that the unit lacks are left out of the answer (11.1)."""
        require_at_least(request, 3)
        if len(request) % 2 == 0:
            raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)
        most = self._state.definition.most_identifiers
        if most and len(request) > 1 + 2 * most:
            raise Refused(Nrc(self._state.definition.too_many))
        parts = [b"\x62"]
        for position in range(1, len(request), 2):
            identifier = request[position : position + 2]
            data = self._state.read(int.from_bytes(identifier, "big"))
            if data is not None:
                parts += (identifier, data)
        if len(parts) == 1:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        return Answer(b"".join(parts))

    def write_data_by_identifier(self, request: bytes) -> Answer:
        """Write one record (11.7)."""
        require_at_least(request, 4)
        did = int.from_bytes(request[1:3], "big")
        if self._state.software.present and did == self._state.definition.flash.sequence.fingerprint_did:
            return self._write_fingerprint(request)
        definition = self._state.dids.get(did) if not self._state.boot_loader else None
        if definition is None or not definition.writable or not self._state.allows(definition.sessions):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if not self._state.allows(definition.write_sessions):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        require_length(request, 3 + len(definition.data))
        if not self._state.unlocked(definition.security_level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        self._state.require(definition.write_conditions)
        if definition.checked and not _consistent(definition, request[3:]):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        self._state.records[did] = request[3:]
        return Answer(b"\x6e" + request[1:3])

    def _write_fingerprint(self, request: bytes) -> Answer:
        """Keep who programs: any content of a sensible length."""
        if self._state.session != PROGRAMMING_SESSION:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if not self._state.unlocked(self._state.programming_level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        if not _SHORTEST_FINGERPRINT_BYTES <= len(request) - 3 <= _LONGEST_FINGERPRINT_BYTES:
            raise Refused(Nrc.INCORRECT_MESSAGE_LENGTH_OR_INVALID_FORMAT)
        self._state.software.write_fingerprint(request[3:])
        self._state.fingerprint_written = True
        return Answer(b"\x6e" + request[1:3])

    def input_output_control_by_identifier(self, request: bytes) -> Answer:
        """Take an output, hold it, or give it back (12.2)."""
        require_at_least(request, 4)
        did = int.from_bytes(request[1:3], "big")
        actuator = self._actuators.get(did)
        if actuator is None or not self._state.allows(actuator.sessions):
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        parameter = request[3]
        if parameter > _SHORT_TERM_ADJUSTMENT:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        require_length(request, 4 + (len(actuator.data) if parameter == _SHORT_TERM_ADJUSTMENT else 0))
        if not self._state.unlocked(actuator.security_level):
            raise Refused(Nrc.SECURITY_ACCESS_DENIED)
        if parameter == _RETURN_CONTROL:
            self._state.return_control(did)
        else:
            self._state.require(actuator.conditions)
            if parameter == _SHORT_TERM_ADJUSTMENT and not all(
                allowed(f, request[4:]) for f in actuator.fields
            ):
                raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
            self._state.settle()
            if parameter == _RESET_TO_DEFAULT:
                self._state.outputs[did] = actuator.default or bytes(len(actuator.data))
            elif parameter == _SHORT_TERM_ADJUSTMENT:
                self._state.outputs[did] = request[4:]
            self._state.controlled.add(did)
        return Answer(b"\x6f" + request[1:4] + self._state.outputs[did])


def _consistent(definition: DidDefinition, data: bytes) -> bool:
    """Return whether every field has an allowed value and all rules between options are kept."""
    if not all(allowed(field, data) for field in definition.fields):
        return False
    options = {value.name: value for value in decode_fields(definition.fields, data)}
    return all(kept(dependency, options) for dependency in definition.dependencies)

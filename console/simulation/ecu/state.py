"""What the services of one unit share: session, security, data, and the S3 time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import FieldLayout, ValueKind
from workshop_console.console.model.flash import FlashStep
from workshop_console.console.model.forms import Condition
from workshop_console.console.simulation.definition import ActuatorDefinition, DidDefinition, UnitDefinition
from workshop_console.console.simulation.ecu.answer import (
    DEFAULT_SESSION,
    EXTENDED_SESSION,
    PROGRAMMING_SESSION,
)
from workshop_console.console.simulation.ecu.bits import physical, raw_of, with_raw
from workshop_console.console.simulation.ecu.conditions import holds
from workshop_console.console.simulation.ecu.negative_response import Nrc, Refused
from workshop_console.console.simulation.ecu.software import NonVolatile, Software
from workshop_console.console.simulation.ecu.values import MovingValues
from workshop_console.console.simulation.ecu.vehicle import VehicleState
from workshop_console.console.simulation.scheduler import Scheduler, Timer

ACTIVE_DIAGNOSTIC_SESSION = 0xF186
"""Data identifier of the session (ISO 14229-1:2020, C.1); every unit has it."""

BOOT_SOFTWARE = 0xF180
"""bootSoftwareIdentificationDataIdentifier."""
_VARIANT_IDENTIFICATION = 0xF100
_KEPT_IN_BOOT_LOADER = frozenset({0xF187, 0xF18C, 0xF191, 0xF193})
"""Part, serial and hardware numbers: what the boot loader tells besides its own."""

_CLOCK_ROUNDING_S = 1e-6
_SWEEP_PERIOD_S = 20.0
_SWEEP_SHARE = 0.04
"""A moving value goes this far to both sides of what the definition says."""


class UnitState:
    """The state that a session change or a reset touches."""

    def __init__(
        self,
        definition: UnitDefinition,
        scheduler: Scheduler,
        *,
        odometer_km: int,
        seed: int,
        vehicle: VehicleState | None = None,
        kept: NonVolatile | None = None,
    ) -> None:
        self.definition = definition
        self.software = Software(definition, kept)
        sequence = definition.flash.sequence
        guarded = FlashStep.SECURITY_ACCESS not in sequence.leave_out
        self.programming_level = sequence.security_level if guarded else 0
        self.conditions_checked = False
        """Whether the conditions for programming were found good in this diagnostic session."""
        self.fingerprint_written = False
        """Whether that was done in this programming session."""
        self.answered: set[bytes] = set()
        """Requests of further steps of the sequence that were answered well in this programming session."""
        self.sends = True
        """Whether normal messages go out."""
        self.scheduler = scheduler
        self.odometer_km = odometer_km
        self.random = random.Random(f"{seed}/{definition.name}")  # noqa: S311 - wants repeatable, not secret
        self.dids = {did.did: did for did in definition.dids}
        self.records = {did.did: did.data for did in definition.dids}
        self.outputs = {actuator.did: actuator.data for actuator in definition.actuators}
        self.controlled: set[int] = set()
        """Outputs that a tester holds."""
        self.running: set[int] = set()
        """Routines that run now."""
        self.sessions = _supported_sessions(definition)
        self.session = DEFAULT_SESSION
        self.unlocked_level = 0
        self.dtc_setting_on = True
        self.on_session_change: list[Callable[[], None]] = []
        """Called after every change, for what services keep of their own."""
        self.on_sending_change: list[Callable[[], None]] = []
        """Called when normal messages were switched on or off."""
        self.working = False
        """Whether a request is being worked on: S3 does not run meanwhile."""
        self._last_activity = scheduler.now()
        self._lapse: Timer | None = None
        self.vehicle = vehicle or VehicleState()
        self._routines = {routine.name: routine.rid for routine in definition.routines}
        self._output_fields = {
            field.name: (actuator.did, field)
            for actuator in definition.actuators
            for field in actuator.fields
        }
        self.values = MovingValues(
            definition.dids,
            now=scheduler.now(),
            seed=f"{seed}/{definition.name}",
            vehicle=self.vehicle,
            source=self._source,
            content=self.records.__getitem__,
        )
        self.vehicle.before_change.append(self.settle)

    @property
    def boot_loader(self) -> bool:
        """Whether the unit runs its boot loader: to be programmed, or for want of an application."""
        if not self.software.present:
            return False
        return self.session == PROGRAMMING_SESSION or not self.software.valid

    def settle(self) -> None:
        """Take over how far slow values have come; to be called before what they follow changes."""
        self.values.settle(self.scheduler.now())

    def _source(self, name: str) -> tuple[float, float] | None:
        """Return raw and physical value of an output or a routine."""
        if name in self._routines:
            runs = float(self._routines[name] in self.running)
            return runs, runs
        if name not in self._output_fields:
            return None
        did, field = self._output_fields[name]
        raw = raw_of(field, self.outputs[did])
        return raw, physical(field, raw)

    def enter_session(self, session: int) -> None:
        """Change the session, also to the same one: security locks, the default session ends everything."""
        self.session = session
        self.unlocked_level = 0
        self.fingerprint_written = False
        self.answered.clear()
        if session == DEFAULT_SESSION:
            self.dtc_setting_on = True
            self.conditions_checked = False
            self.sends = True
        if lost := [a.did for a in self.definition.actuators if not self._keeps_control(a)]:
            self.return_control(*lost)
        for callback in self.on_session_change:
            callback()

    def _keeps_control(self, actuator: ActuatorDefinition) -> bool:
        """Return whether the new session leaves an output with the tester (ISO 14229-1:2020, 10.2)."""
        return self.session != DEFAULT_SESSION and self.allows(actuator.sessions)

    def return_control(self, *dids: int) -> None:
        """Give outputs (all, or those named) back to the unit."""
        self.settle()
        for actuator in self.definition.actuators:
            if not dids or actuator.did in dids:
                self.outputs[actuator.did] = actuator.data
                self.controlled.discard(actuator.did)

    def note_activity(self) -> None:
        """Start the S3 time anew: a request was finished."""
        self._last_activity = self.scheduler.now()
        if self.session != DEFAULT_SESSION and self._lapse is None:
            self._watch_session(self.definition.s3_ms / 1000)

    def _watch_session(self, delay_s: float) -> None:
        self._lapse = self.scheduler.call_later(delay_s, self._look_at_session)

    def _look_at_session(self) -> None:
        """Let the session lapse when its time is over, without waiting for a request that may never come."""
        self._lapse = None
        if self.session == DEFAULT_SESSION:
            return
        s3_s = self.definition.s3_ms / 1000
        left_s = s3_s if self.working else self._last_activity + s3_s - self.scheduler.now()
        if left_s > _CLOCK_ROUNDING_S:
            self._watch_session(left_s)
        else:
            self.enter_session(DEFAULT_SESSION)

    def expire_session(self) -> None:
        """Fall back to the default session when S3 ran out since the last request."""
        idle_s = self.scheduler.now() - self._last_activity
        if self.session != DEFAULT_SESSION and idle_s > self.definition.s3_ms / 1000:
            self.enter_session(DEFAULT_SESSION)

    def switch_sending(self, *, on: bool) -> None:
        """Let normal messages go out or not."""
        self.sends = on
        for callback in self.on_sending_change:
            callback()

    def restart(self) -> None:
        """Be as after power-on; what was written stays."""
        self.return_control()
        self.enter_session(DEFAULT_SESSION)

    def allows(self, sessions: tuple[int, ...]) -> bool:
        """Return whether the active session is one of `sessions` (empty: all)."""
        return not sessions or self.session in sessions

    def unlocked(self, level: int) -> bool:
        """Return whether security `level` (0: none) is open."""
        return level == 0 or self.unlocked_level == level

    def read(self, did: int) -> bytes | None:
        """Return the content of a data identifier in the active session, or None."""
        if did == ACTIVE_DIAGNOSTIC_SESSION:
            return bytes((self.session,))
        if self.software.present:
            if did == self.definition.flash.sequence.fingerprint_did:
                return self.software.fingerprint or None
            if self.boot_loader:
                return self._read_in_boot_loader(did)
            if (told := self.software.told(did)) is not None:
                return told
        definition = self.dids.get(did)
        if definition is None:
            return self.outputs.get(did)
        if not self.allows(definition.sessions):
            return None
        return self._content(definition)

    def _read_in_boot_loader(self, did: int) -> bytes | None:
        flash = self.definition.flash
        if did == BOOT_SOFTWARE:
            return flash.boot_software.encode("ascii")
        if did == _VARIANT_IDENTIFICATION:
            if flash.boot_identification:
                return flash.boot_identification
            data = self.records.get(did, bytes(4))
            return data[:1] + b"\xff\xff" + data[3:]
        return self.records.get(did) if did in _KEPT_IN_BOOT_LOADER else None

    def _content(self, definition: DidDefinition) -> bytes:
        data = self.records[definition.did]
        if definition.motions:
            return self.values.read(definition, data, self.scheduler.now())
        return self._moved(definition, data) if definition.sweep else data

    def require(self, conditions: tuple[Condition, ...]) -> None:
        """Refuse with 0x22 unless all hold that the unit can measure."""
        for condition in conditions:
            if condition.value and not self._holds(condition):
                raise Refused(Nrc.CONDITIONS_NOT_CORRECT)

    def _holds(self, condition: Condition) -> bool:
        for record in self.definition.dids:
            for field in record.fields:
                if condition.value in (field.name, f"{record.name}.{field.name}"):
                    (value,) = decode_fields((field,), self._content(record))
                    return holds(condition, value.value)
        return False

    def put(self, name: str, raw: int) -> None:
        """Give a field of a record another value for good, whatever it followed."""
        for record in self.definition.dids:
            for field in record.fields:
                if field.name == name:
                    self.records[record.did] = with_raw(field, self.records[record.did], raw)
                    self.values.held[name] = physical(field, raw)

    def _moved(self, definition: DidDefinition, data: bytes) -> bytes:
        layout = next((field for field in definition.fields if _moves(field)), None)
        if layout is None or layout.bit_length is None:
            return data
        phase = math.tau * (self.scheduler.now() / _SWEEP_PERIOD_S + definition.did * 0.618)
        if layout.byte_position + (layout.bit_position + layout.bit_length + 7) // 8 > len(data):
            return data
        raw = raw_of(layout, data)
        return with_raw(layout, data, raw + round(math.sin(phase) * max(1.0, abs(raw) * _SWEEP_SHARE)))


def _moves(field: FieldLayout) -> bool:
    return field.kind in (ValueKind.UNSIGNED, ValueKind.SIGNED) and not field.texts


def _supported_sessions(definition: UnitDefinition) -> frozenset[int]:
    """Return default and extended session, programming with a memory, and whatever the data names."""
    named = {
        session
        for group in (definition.dids, definition.routines, definition.actuators)
        for item in group
        for session in item.sessions
    }
    if definition.memory:
        named.add(PROGRAMMING_SESSION)
    return frozenset(named | {DEFAULT_SESSION, EXTENDED_SESSION})

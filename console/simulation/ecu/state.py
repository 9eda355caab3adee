"""What the services of one unit share: session, security, data, and the S3 time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from workshop_console.console.model.description import FieldLayout, ValueKind
from workshop_console.console.simulation.definition import DidDefinition, UnitDefinition
from workshop_console.console.simulation.ecu.answer import (
    DEFAULT_SESSION,
    EXTENDED_SESSION,
    PROGRAMMING_SESSION,
)
from workshop_console.console.simulation.scheduler import Scheduler

ACTIVE_DIAGNOSTIC_SESSION = 0xF186
"""Data identifier of the session (ISO 14229-1:2020, C.1); every unit has it."""

_SWEEP_PERIOD_S = 20.0
_SWEEP_SHARE = 0.04
"""A moving value goes this far to both sides of what the definition says."""


class UnitState:
    """The state that a session change or a reset touches."""

    def __init__(
        self, definition: UnitDefinition, scheduler: Scheduler, *, odometer_km: int, seed: int
    ) -> None:
        self.definition = definition
        self.scheduler = scheduler
        self.odometer_km = odometer_km
        self.random = random.Random(f"{seed}/{definition.name}")  # noqa: S311 - wants repeatable, not secret
        self.dids = {did.did: did for did in definition.dids}
        self.records = {did.did: did.data for did in definition.dids}
        self.outputs = {actuator.did: actuator.data for actuator in definition.actuators}
        self.controlled: set[int] = set()
        self.sessions = _supported_sessions(definition)
        self.session = DEFAULT_SESSION
        self.unlocked_level = 0
        self.dtc_setting_on = True
        self.on_session_change: list[Callable[[], None]] = []
        """Called after every change, for what services keep of their own."""
        self._last_activity = scheduler.now()

    def enter_session(self, session: int) -> None:
        """Change the session, also to the same one: security locks, the default session ends everything."""
        self.session = session
        self.unlocked_level = 0
        if session == DEFAULT_SESSION:
            self.dtc_setting_on = True
            self.return_control()
        for callback in self.on_session_change:
            callback()

    def return_control(self, *dids: int) -> None:
        """Give outputs (all, or those named) back to the unit."""
        for actuator in self.definition.actuators:
            if not dids or actuator.did in dids:
                self.outputs[actuator.did] = actuator.data
                self.controlled.discard(actuator.did)

    def note_activity(self) -> None:
        """Start the S3 time anew: a request was finished."""
        self._last_activity = self.scheduler.now()

    def expire_session(self) -> None:
        """Fall back to the default session when S3 ran out since the last request."""
        idle_s = self.scheduler.now() - self._last_activity
        if self.session != DEFAULT_SESSION and idle_s > self.definition.s3_ms / 1000:
            self.enter_session(DEFAULT_SESSION)

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
        definition = self.dids.get(did)
        if definition is None:
            return self.outputs.get(did)
        if not self.allows(definition.sessions):
            return None
        data = self.records[did]
        return self._moved(definition, data) if definition.sweep else data

    def _moved(self, definition: DidDefinition, data: bytes) -> bytes:
        layout = next((field for field in definition.fields if _moves(field)), None)
        if layout is None or layout.bit_length is None:
            return data
        phase = math.tau * (self.scheduler.now() / _SWEEP_PERIOD_S + definition.did * 0.618)
        length_bytes = (layout.bit_position + layout.bit_length + 7) // 8
        end = layout.byte_position + length_bytes
        if end > len(data):
            return data
        order = "little" if layout.little_endian else "big"
        window = int.from_bytes(data[layout.byte_position : end], order)  # type: ignore[arg-type]  # one of the two
        mask = (1 << layout.bit_length) - 1
        raw = window >> layout.bit_position & mask
        signed = layout.kind is ValueKind.SIGNED
        highest = mask >> 1 if signed else mask
        lowest = -highest - 1 if signed else 0
        value = raw - (mask + 1) if signed and raw > highest else raw
        value += round(math.sin(phase) * max(1.0, abs(value) * _SWEEP_SHARE))
        raw = min(max(value, lowest), highest) & mask
        window = window & ~(mask << layout.bit_position) | raw << layout.bit_position
        moved = window.to_bytes(length_bytes, order)  # type: ignore[arg-type]  # one of the two
        return data[: layout.byte_position] + moved + data[end:]


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

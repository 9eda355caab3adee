"""Values that move: they settle, follow outputs and each other, and lie under waves and noise.

The same seed and the same requests at the same times give the same values.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from workshop_console.console.model.description import FieldLayout
from workshop_console.console.simulation.definition import DidDefinition, Influence, Motion
from workshop_console.console.simulation.ecu.bits import physical, raw_of, with_physical
from workshop_console.console.simulation.ecu.vehicle import VehicleState

_NOISE_EVERY_S = 0.1
"""How long noise stays as it is: two reads of one moment agree."""
_DEEPEST = 8
"""Values that follow each other in a row."""

Source = Callable[[str], tuple[float, float] | None]
"""Raw and physical value of an output or routine, by name; None: not one of these."""


@dataclass(slots=True)
class _Settling:
    """A value with a memory: what it was, and when."""

    value: float
    at: float


class MovingValues:
    """The moving values of one unit."""

    def __init__(
        self,
        records: Iterable[DidDefinition],
        *,
        now: float,
        seed: str,
        vehicle: VehicleState,
        source: Source,
        content: Callable[[int], bytes],
    ) -> None:
        self._fields: dict[str, tuple[FieldLayout, DidDefinition]] = {}
        self._motions: dict[str, Motion] = {}
        for record in records:
            moving = {motion.field: motion for motion in record.motions}
            for field in record.fields:
                if field.name not in self._fields or field.name in moving:
                    self._fields[field.name] = (field, record)
            self._motions |= moving
        self._started_at = self._now = now
        self._seed = seed
        self._vehicle = vehicle
        self._source = source
        self._content = content
        self._settling: dict[str, _Settling] = {}
        self.held: dict[str, float] = {}
        """Values that a routine has set; they move no more."""
        for name, motion in self._motions.items():
            if motion.lag_s or any(f.per_second for f in motion.follows):
                start = motion.start if motion.start is not None else self._target(motion, 0)
                self._settling[name] = _Settling(start, now)

    def read(self, record: DidDefinition, data: bytes, now: float) -> bytes:
        """Return `data` with its moving fields as they are `now`."""
        self._now = now
        for motion in record.motions:
            field, owner = self._fields[motion.field]
            if owner is record:
                data = with_physical(field, data, self._value(motion.field, 0))
        return data

    def settle(self, now: float) -> None:
        """Take over how far slow values have come, before what they follow changes."""
        self._now = now
        for name in self._settling:
            self._settled(name, 0)

    def _value(self, name: str, depth: int) -> float:
        if name in self.held:
            return self.held[name]
        motion = self._motions[name]
        value = self._settled(name, depth) if name in self._settling else self._target(motion, depth)
        if self._vehicle.engine_runs or motion.stopped is None:
            seconds = self._now - self._started_at
            if motion.wave:
                turn = seconds / motion.period_s + zlib.crc32(name.encode()) / 0xFFFF_FFFF
                value += motion.wave * math.sin(math.tau * turn)
            if abs(value) > motion.noise:  # what stands still or is switched off is zero, and not nearly so
                value += motion.noise * self._noise(name, int(seconds / _NOISE_EVERY_S))
        return _within(motion, value)

    def _noise(self, name: str, step: int) -> float:
        # Not crc32: names that differ in one letter would move alike.
        digest = blake2b(f"{self._seed}/{name}/{step}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 0x7FFF_FFFF - 1

    def _settled(self, name: str, depth: int) -> float:
        motion, memory = self._motions[name], self._settling[name]
        elapsed_s = self._now - memory.at
        if elapsed_s <= 0:
            return memory.value
        if motion.lag_s:
            target = self._target(motion, depth)
            memory.value = target + (memory.value - target) * math.exp(-elapsed_s / motion.lag_s)
        speed = sum(self._part(f, depth) for f in motion.follows if f.per_second)
        memory.value = _within(motion, memory.value + speed * elapsed_s)
        memory.at = self._now
        return memory.value

    def _target(self, motion: Motion, depth: int) -> float:
        stopped = motion.stopped is not None and not self._vehicle.engine_runs
        base = motion.stopped if stopped and motion.stopped is not None else motion.running
        return base + sum(self._part(f, depth) for f in motion.follows if not f.per_second)

    def _part(self, influence: Influence, depth: int) -> float:
        raw, value = self._source(influence.source) or self._of_record(influence.source, depth)
        if influence.steps:
            return influence.steps[min(max(int(raw), 0), len(influence.steps) - 1)]
        return influence.gain * value

    def _of_record(self, name: str, depth: int) -> tuple[float, float]:
        if name in self._motions and depth < _DEEPEST:
            value = self._value(name, depth + 1)
            return value, value
        field, record = self._fields[name]
        raw = raw_of(field, self._content(record.did))
        return raw, physical(field, raw)


def _within(motion: Motion, value: float) -> float:
    if motion.low is not None:
        value = max(value, motion.low)
    return value if motion.high is None else min(value, motion.high)

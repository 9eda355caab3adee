"""The simulated vehicles' own security plug-in: the shipped example (docs/security-access.md)."""

from __future__ import annotations

from functools import cache

from workshop_console.console.simulation.load import load_vehicle, vehicle_names
from workshop_console.console.simulation.security import SEED_LENGTH_BYTES, key_of


@cache
def _secrets() -> dict[tuple[str, int], int]:
    return {
        (unit.name, security.level): security.secret
        for name in vehicle_names()
        for unit in load_vehicle(name).units
        for security in unit.security
    }


def key(unit: str, level: int, seed: bytes) -> bytes | None:
    """Return the key of a simulated unit; None for every other unit: its secret is not known here."""
    secret = _secrets().get((unit, level))
    if secret is None or len(seed) != SEED_LENGTH_BYTES:
        return None
    return key_of(seed, secret, level)

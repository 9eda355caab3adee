"""The example algorithm of security access (0x27) that every shipped unit uses.

It protects nothing: it is printed here so that anyone can unlock a simulated unit. Real units have secrets
of their own, which this project neither knows nor wants.

| step | with four bytes, most significant first |
|---|---|
| 1 | key = seed xor secret |
| 2 | rotate the 32 bits left by the level's odd number modulo 32 |
| 3 | add 0x5EED5EED modulo 2**32 |
"""

from __future__ import annotations

import zlib

SEED_LENGTH_BYTES = 4
_ADDEND = 0x5EED5EED
_MASK = 0xFFFFFFFF


def key_of(seed: bytes, secret: int, level: int) -> bytes:
    """Return the key for `seed` at security `level` (the odd requestSeed sub-function)."""
    mixed = int.from_bytes(seed, "big") ^ (secret & _MASK)
    turns = level % 32
    rotated = (mixed << turns | mixed >> (32 - turns)) & _MASK
    return ((rotated + _ADDEND) & _MASK).to_bytes(SEED_LENGTH_BYTES, "big")


def secret_of(unit: str, level: int) -> int:
    """Return the secret of a shipped unit, the same in every vehicle: a plug-in gets its name only."""
    return 0x4D42_0000 | (zlib.crc32(unit.encode()) & 0xFFFF) ^ level << 4

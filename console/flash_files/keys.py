"""Ed25519 keys: the public ones that are trusted, and what signs and verifies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.model.clean import clean

if TYPE_CHECKING:  # the library is imported with the first file that is read
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SUFFIXES = (".pem", ".pub")
"""Names of key files end so."""

_RAW_BYTES = 32
_LARGEST_KEY_FILE_BYTES = 4 * 1024
_MOST_KEY_FILES = 256


@dataclass(frozen=True, kw_only=True)
class TrustedKeys:
    """The public keys that flash files may be signed with."""

    keys: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    """By key id."""
    unusable: tuple[tuple[str, str], ...] = ()
    """Files that hold no such key, and why; cleaned."""

    def verifies(self, key_id: str, signature: bytes, content: bytes) -> bool:
        """Return whether `signature` over `content` is of the key with that id. Raises KeyError: none is."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.keys[key_id].verify(signature, content)
        except InvalidSignature:
            return False
        return True


def load_trusted(folders: Iterable[Path]) -> TrustedKeys:
    """Return the keys of all `*.pem` and `*.pub` files in `folders`; folders that do not exist hold none."""
    keys: dict[str, Ed25519PublicKey] = {}
    unusable: list[tuple[str, str]] = []
    for file in _key_files(folders):
        try:
            key = _public_key(file)
        except OSError as error:
            unusable.append((clean(file), clean(error.strerror or error)))
        except ValueError as error:
            unusable.append((clean(file), clean(error, longest=120)))
        else:
            keys[key_id(key)] = key
    return TrustedKeys(keys=keys, unusable=tuple(unusable))


def key_id(key: Ed25519PublicKey) -> str:
    """Return what manifests call a key: the first 8 bytes of the SHA-256 of its 32 raw bytes, as hex."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def new_key() -> Ed25519PrivateKey:
    """Return a new private key; it is nowhere kept."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def write_public_key(key: Ed25519PrivateKey, file: Path) -> str:
    """Write the public half of `key` as PEM, and return its id."""
    from cryptography.hazmat.primitives import serialization

    public = key.public_key()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return key_id(public)


def _key_files(folders: Iterable[Path]) -> Sequence[Path]:
    files: list[Path] = []
    for folder in folders:
        try:
            files += sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        except OSError:  # not there, or no folder: then it holds no keys
            continue
    return files[:_MOST_KEY_FILES]


def _public_key(file: Path) -> Ed25519PublicKey:
    """Return the key that a file holds: 32 raw bytes, their 64 hex digits, or PEM.

    Raises ValueError where it holds none, OSError.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if not file.is_file():
        raise ValueError("not a file")
    with file.open("rb") as source:
        content = source.read(_LARGEST_KEY_FILE_BYTES + 1)
    if len(content) > _LARGEST_KEY_FILE_BYTES:
        raise ValueError("> 4 KiB")
    try:
        if b"PRIVATE KEY" in content:
            raise ValueError("private key")
        if content.startswith(b"-----BEGIN"):
            key = load_pem_public_key(content)
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError("not Ed25519")
            return key
        raw = content if len(content) == _RAW_BYTES else bytes.fromhex(content.decode("ascii").strip())
        return Ed25519PublicKey.from_public_bytes(raw)
    except (UnicodeDecodeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not Ed25519: {type(error).__name__}") from None

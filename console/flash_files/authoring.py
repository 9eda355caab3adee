"""Writes flash files with their manifests and signatures, for tests, benchmarks and what is shipped."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.flash_files.canonical import MANIFEST_SUFFIX, canonical, signed_content
from workshop_console.console.flash_files.keys import key_id, new_key, write_public_key
from workshop_console.console.flash_files.manifest import (
    FileFormat,
    SignedManifest,
    placed,
    read_document,
    to_document,
)
from workshop_console.console.model.flash import Manifest, Segment

if TYPE_CHECKING:  # the library is imported with the first file that is signed
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "FlashContent",
    "Part",
    "container_session",
    "new_key",
    "sign",
    "write_flash_file",
    "write_public_key",
]

_RECORD_BYTES = 32
_ZLIB = 0x10


@dataclass(frozen=True, kw_only=True)
class Part:
    """One segment to be written."""

    name: str
    address: int
    content: bytes
    """As it stands in the unit afterwards."""
    compressed: bool = False
    """Stored and sent compressed by zlib (dataFormatIdentifier 0x10)."""

    @property
    def stored(self) -> bytes:
        """The bytes that are sent."""
        return zlib.compress(self.content, 9) if self.compressed else self.content


@dataclass(frozen=True, kw_only=True)
class FlashContent:
    """What a flash file is to say and hold."""

    unit: str
    hardware: tuple[str, ...]
    software: str
    version: str
    parts: tuple[Part, ...]
    software_from: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def manifest(self) -> Manifest:
        """Return what the manifest says of it, not signed."""
        return Manifest(
            unit=self.unit,
            hardware=self.hardware,
            software_from=self.software_from,
            software=self.software,
            version=self.version,
            segments=placed(_segment(part) for part in self.parts),
            key_id="",
            needs=self.needs,
        )


def write_flash_file(
    file: Path, content: FlashContent, key: Ed25519PrivateKey | None, form: FileFormat = FileFormat.BINARY
) -> SignedManifest:
    """Write `file` and its manifest beside it, signed with `key`; None: not signed.

    Raises SchemaError where `content` says what no manifest may.
    """
    if form is FileFormat.BINARY:
        spelled = b"".join(part.stored for part in content.parts)
    else:
        spelled = _records(content.parts, form)
    file.write_bytes(spelled)
    unsigned = SignedManifest(
        manifest=content.manifest(),
        format=form,
        size=len(spelled),
        sha256=hashlib.sha256(spelled).hexdigest(),
    )
    signed = unsigned if key is None else sign(unsigned, key)
    file.with_name(file.name + MANIFEST_SUFFIX).write_bytes(canonical(to_document(signed)))
    return signed


def container_session(content: FlashContent, session: str, key: Ed25519PrivateKey | None) -> SignedManifest:
    """Return the manifest of a session of an ODX-F container, signed with `key`; None: not signed."""
    unsigned = SignedManifest(manifest=content.manifest(), format=FileFormat.ODX_F, session=session)
    return unsigned if key is None else sign(unsigned, key)


def sign(signed: SignedManifest, key: Ed25519PrivateKey) -> SignedManifest:
    """Return the manifest with the signature of `key`. Raises SchemaError where no manifest may say that."""
    named = replace(signed, manifest=replace(signed.manifest, key_id=key_id(key.public_key())))
    signature = key.sign(signed_content(to_document(named)))
    return read_document(to_document(replace(named, signature=signature)))


def _segment(part: Part) -> Segment:
    stored = part.stored
    return Segment(
        name=part.name,
        address=part.address,
        length=len(part.content),
        offset=0,
        stored=len(stored),
        crc32=zlib.crc32(part.content),
        sha256=hashlib.sha256(stored).hexdigest(),
        data_format=_ZLIB if part.compressed else 0x00,
    )


def _records(parts: Sequence[Part], form: FileFormat) -> bytes:
    """Return the parts as Intel HEX or Motorola S-record."""
    import bincopy  # type: ignore[import-untyped]  # has no annotations

    file = bincopy.BinFile()
    file.execution_start_address = min(part.address for part in parts)  # without one it writes no end record
    for part in sorted(parts, key=lambda part: part.address):
        file.add_binary(part.stored, address=part.address)
    text = (
        file.as_ihex(number_of_data_bytes=_RECORD_BYTES)
        if form is FileFormat.HEX
        else file.as_srec(number_of_data_bytes=_RECORD_BYTES, address_length_bits=32)
    )
    return str(text).encode("ascii")

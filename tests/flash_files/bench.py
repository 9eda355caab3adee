"""Flash files to be broken: small ones, signed with a key of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.flash_files.authoring import (
    FlashContent,
    Part,
    container_session,
    new_key,
    write_flash_file,
    write_public_key,
)
from workshop_console.console.flash_files.canonical import MANIFEST_SUFFIX, canonical, signed_content
from workshop_console.console.flash_files.keys import key_id
from workshop_console.console.flash_files.manifest import FileFormat, to_document
from workshop_console.console.flash_files.reader import FlashFilesReader
from workshop_console.console.odx.authoring.flash import write_flash_pdx
from workshop_console.console.odx.flash.container import OdxFlashContainers

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE_FORMATS = (FileFormat.HEX, FileFormat.SREC, FileFormat.BINARY)


def content(*, size: int = 100, unit: str = "CDI_EngineControl") -> FlashContent:
    """Return software of three segments; two of them touch, and the third one is compressed."""
    parts = (
        Part(name="Code", address=0x0008_0000, content=bytes(index * 7 & 0xFF for index in range(size))),
        Part(name="Data", address=0x0008_0000 + size, content=b"\x55" * 20),
        Part(name="Map", address=0x0010_0000, content=bytes(300), compressed=True),
    )
    return FlashContent(
        unit=unit,
        hardware=("2069807043",),
        software_from=("2069474332",),
        software="2069474432",
        version="23/50/01",
        parts=parts,
        needs=("CGW_CentralGateway",),
    )


def payload(of: FlashContent) -> bytes:
    """Return what is sent."""
    return b"".join(part.stored for part in of.parts)


@dataclass
class Bench:
    """A folder with a trusted key."""

    folder: Path
    key: Ed25519PrivateKey
    reader: FlashFilesReader

    @classmethod
    def build(cls, folder: Path) -> Bench:
        """Make the key, trust it, forget nothing."""
        key = new_key()
        write_public_key(key, folder / "keys" / "bench.pem")
        return cls(folder, key, FlashFilesReader([folder / "keys"], OdxFlashContainers()))

    def write(self, form: FileFormat = FileFormat.BINARY, of: FlashContent | None = None) -> Path:
        """Write a good file."""
        file = self.folder / f"engine.{form}"
        write_flash_file(file, of or content(), self.key, form)
        return file

    def container(self, *names: str, extern: bool = False, of: FlashContent | None = None) -> Path:
        """Write a good container with a session of each name."""
        file = self.folder / "engine.pdx"
        of = of or content()
        sessions = [
            (to_document(container_session(of, name, self.key)), [part.stored for part in of.parts])
            for name in names
        ]
        write_flash_pdx(file, "Engine", sessions, extern=extern)
        return file

    def resign(self, file: Path, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the manifest of `file` as its author could, and sign it again."""
        beside = manifest_of(file)
        document = json.loads(beside.read_bytes())
        document.pop("signature")
        document["key"] = key_id(self.key.public_key())
        change(document)
        document["signature"] = self.key.sign(signed_content(document)).hex()
        beside.write_bytes(canonical(document))

    def refusal(self, file: Path) -> ConsoleError:
        """Return the error that reading `file` ends with."""
        try:
            found = self.reader.read(file)
        except ConsoleError as error:
            return error
        raise AssertionError(f"read well: {found}")


def manifest_of(file: Path) -> Path:
    """Return the manifest beside `file`."""
    return file.with_name(file.name + MANIFEST_SUFFIX)

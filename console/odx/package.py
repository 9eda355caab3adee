"""Opens a PDX file (a zip of XML documents) and trusts nothing in it."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree  # only the name of its error; the parser is defusedxml's

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # has no annotations
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]  # has no annotations

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.odx.limits import MEBIBYTE, ImportLimits

_CHUNK_BYTES = 1 * MEBIBYTE
_PROLOG_CHUNK_BYTES = 4_096
_DRIVE = re.compile(r"^[A-Za-z]:")
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1


@dataclass(frozen=True, kw_only=True)
class Package:
    """The documents of a PDX file."""

    sha256: str
    documents: tuple[tuple[str, bytes], ...]
    """Name and content of each .odx* file, in the order of the archive."""
    index: bytes
    """Content of index.xml; empty when there is none."""
    others: tuple[str, ...]
    """Names of the other files; they are never unpacked."""


def open_package(file: Path, limits: ImportLimits) -> Package:
    """Read all documents of a PDX file after checking it.

    Raises:
        ConsoleError: WC-108 when the file cannot be read, WC-400 when it is no zip archive, WC-401 when it
            holds what no PDX needs and an attacker would use, WC-402 when it is too large or unpacks to too
            much.
    """
    name = clean(file.name)
    content = _read(file, name, limits)
    if not content.startswith(_ZIP_SIGNATURES):
        raise ConsoleError("WC-400", file=name, detail="zip")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_members(archive, name, limits)
            members = [member for member in archive.infolist() if _is_document(member.filename)]
            others = tuple(other for other in archive.namelist() if not _is_document(other))
            documents, index = [], b""
            for member, document in _unpack(archive, members, name, limits):
                _refuse_document_type(document, name, member)
                if PurePosixPath(member).name.lower() == "index.xml":
                    index = document
                else:
                    documents.append((member, document))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        # NotImplementedError: a compression method that zipfile does not know.
        raise ConsoleError("WC-400", file=name, detail=clean(error, longest=120)) from None
    if not documents:
        raise ConsoleError("WC-400", file=name, detail=".odx")
    sha256 = hashlib.sha256(content).hexdigest()
    return Package(sha256=sha256, documents=tuple(documents), index=index, others=others)


def _read(file: Path, name: str, limits: ImportLimits) -> bytes:
    most = limits.file_mib * MEBIBYTE
    try:
        with file.open("rb") as source:
            size = source.seek(0, io.SEEK_END)
            source.seek(0)
            # One byte more than is allowed: the file may grow while it is read.
            content = source.read(most + 1) if size <= most else b""
    except OSError as error:
        raise ConsoleError("WC-108", file=name, detail=clean(error.strerror or error)) from None
    if max(size, len(content)) > most:
        raise ConsoleError("WC-402", file=name, limit=f"{limits.file_mib} MiB")
    return content


def _check_members(archive: zipfile.ZipFile, name: str, limits: ImportLimits) -> None:
    """Refuse names, sizes and kinds of members that no PDX has. Raises ConsoleError WC-401 and WC-402."""
    members = archive.infolist()
    if len(members) > limits.members:
        raise ConsoleError("WC-402", file=name, limit=f"{limits.members} files")
    names: set[str] = set()
    declared = 0
    for member in members:
        path = PurePosixPath(member.filename)
        # orig_filename is what the archive says; zipfile cuts filename at a NUL and turns separators.
        original = member.orig_filename
        unsafe = (
            not original
            or original.startswith("/")
            or "\\" in original
            or ".." in path.parts
            or _DRIVE.match(original)
            or any(ord(character) < 0x20 or ord(character) == 0x7F for character in original)
            or stat.S_ISLNK(member.external_attr >> 16)
            or member.flag_bits & _ENCRYPTED
            or original in names
        )
        if unsafe:
            raise ConsoleError("WC-401", file=name, detail=clean(original, longest=120))
        names.add(original)
        declared += member.file_size
        packed = max(member.compress_size, 1)
        if member.file_size > limits.ratio_free_mib * MEBIBYTE and member.file_size / packed > limits.ratio:
            raise ConsoleError("WC-402", file=name, limit=f"{limits.ratio} : 1")
    if declared > limits.unpacked_mib * MEBIBYTE:
        raise ConsoleError("WC-402", file=name, limit=f"{limits.unpacked_mib} MiB")


def _is_document(filename: str) -> bool:
    path = PurePosixPath(filename)
    return path.suffix.lower().startswith(".odx") or path.name.lower() == "index.xml"


def _unpack(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str, limits: ImportLimits
) -> Iterator[tuple[str, bytes]]:
    """Yield the documents; sizes are counted as they come, since an archive may declare anything."""
    left = limits.unpacked_mib * MEBIBYTE
    for member in members:
        parts = []
        with archive.open(member) as source:
            while chunk := source.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise ConsoleError("WC-402", file=name, limit=f"{limits.unpacked_mib} MiB")
                parts.append(chunk)
        yield member.filename, b"".join(parts)


def _refuse_document_type(document: bytes, name: str, member: str) -> None:
    """Refuse a document that declares a document type, which is where XML bombs and outside files come from.

    Only what stands before the first element is parsed: nothing after it can declare one. Documents that are
    not XML at all pass; they fail when they are read, one by one.

    Raises ConsoleError WC-401.
    """
    parser = DefusedXMLParser(target=_FirstElement(), forbid_dtd=True)
    start, size = 0, _PROLOG_CHUNK_BYTES
    try:
        while start < len(document):
            # Doubling, since expat reads a tag that is not complete from its beginning each time.
            parser.feed(document[start : start + size])
            start, size = start + size, 2 * size
        # Newer expats (2.6) put off reading a tag that came in pieces until more follows, or the end.
        parser.close()
    except DefusedXmlException:
        detail = f"{clean(member, longest=80)}: DTD"
        raise ConsoleError("WC-401", file=name, detail=detail) from None
    except (_PrologEndedError, ElementTree.ParseError, LookupError, ValueError):
        return


class _PrologEndedError(Exception):
    """Ends the parsing at the first element."""


class _FirstElement:
    """Takes the parser's events; the only one that matters is the first element."""

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        """Stop here."""
        raise _PrologEndedError

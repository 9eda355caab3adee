"""From the flash classes of odxtools to manifests and bytes; runs in the worker process only."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree  # the documents declare no document type, see package.py

from odxtools.datablock import Datablock
from odxtools.dataformatselection import DataformatSelection
from odxtools.ecumem import EcuMem
from odxtools.encryptcompressmethod import EncryptCompressMethod
from odxtools.externflashdata import ExternFlashdata
from odxtools.flash import Flash
from odxtools.flashdata import Flashdata
from odxtools.internflashdata import InternFlashdata
from odxtools.odxdoccontext import OdxDocContext
from odxtools.odxlink import DocType, OdxDocFragment, OdxLinkDatabase
from odxtools.segment import Segment
from odxtools.session import Session
from odxtools.specialdata import SpecialData
from odxtools.specialdatagroup import SpecialDataGroup
from packaging.version import Version

from workshop_console.console.odx.flash import names
from workshop_console.console.odx.limits import MEBIBYTE
from workshop_console.console.odx.package import Package

MOST_SESSIONS = 64
_MOST_SEGMENTS = 256
_CHUNK_BYTES = 256 * 1024


class FlashDataError(ValueError):
    """A container cannot be used; the text says where and why, in technical words."""


@dataclass(frozen=True, kw_only=True)
class ContainedSession:
    """One session of a container."""

    name: str
    document: dict[str, Any]
    """Its manifest."""
    datablocks: tuple[tuple[Flashdata, tuple[tuple[int, int], ...]], ...]
    """Data of each datablock, with address and stored bytes of its segments."""


def sessions(package: Package) -> Iterator[ContainedSession]:
    """Yield the sessions of all flash containers in a package.

    Raises FlashDataError, and whatever odxtools raises for what breaks the standard.
    """
    found = 0
    for memory in _memories(package):
        for session in memory.mem.sessions:
            found += 1
            if found > MOST_SESSIONS:
                raise FlashDataError(f"> {MOST_SESSIONS} SESSION")
            yield _session(memory, session)


def stored_bytes(session: ContainedSession, archive: zipfile.ZipFile) -> Iterator[bytes]:
    """Yield the stored bytes of all segments in their order."""
    for data, segments in session.datablocks:
        if data.dataformat.selection is DataformatSelection.BINARY:
            wanted = sum(size for _address, size in segments)
            chunks = _binary(data, archive)
            yield from _exactly(chunks, wanted, data.short_name)
        else:
            content = _records(data, archive)
            for address, size in segments:
                stored = bytes(content.as_binary(address, address + size))
                yield from (stored[at : at + _CHUNK_BYTES] for at in range(0, len(stored), _CHUNK_BYTES))


def _memories(package: Package) -> Iterator[EcuMem]:
    """Yield each ECU-MEM with its own references resolved; what else is in the package is not needed."""
    for _name, content in package.documents:
        root = ElementTree.fromstring(content)  # noqa: S314  # as above
        category = root.find("FLASH")
        if category is None:
            continue
        fragment = OdxDocFragment(category.findtext("SHORT-NAME") or "", DocType.FLASH)
        version = Version(root.attrib.get("MODEL-VERSION", "2.2.0"))
        flash = Flash.from_et(category, OdxDocContext(version, (fragment,)))
        for memory in flash.ecu_mems:
            links = OdxLinkDatabase()
            links.update(memory._build_odxlinks())
            memory.mem._resolve_odxlinks(links)
            yield memory


def _session(memory: EcuMem, session: Session) -> ContainedSession:
    special = _special(session.sdgs) or _special(memory.sdgs)
    unit = [text for name, text in special if name == names.UNIT]
    if len(unit) != 1:
        raise FlashDataError(f"SESSION {session.short_name}: SD {names.UNIT}")
    segments, blocks = [], []
    for block in session.datablocks:
        flashdata = _flashdata(block)
        described = [_segment(session, segment, flashdata) for segment in block.segments]
        segments += described
        blocks.append((flashdata, tuple((int(s["address"], 16), s["stored"]) for s in described)))
    if len(segments) > _MOST_SEGMENTS:
        raise FlashDataError(f"SESSION {session.short_name}: > {_MOST_SEGMENTS} SEGMENT")
    document: dict[str, Any] = {
        "manifest": 1,
        "format": "odx-f",
        "session": session.short_name,
        "unit": unit[0],
        "hardware": _expected(session, names.HARDWARE),
        "software_from": _expected(session, names.SOFTWARE),
        "software": _own(session, names.SOFTWARE),
        "version": _own(session, names.VERSION),
        "needs": [text for name, text in special if name == names.NEEDS],
        "segments": segments,
    }
    for security in session.securities:
        method, signature, key = security.security_method, security.fw_signature, security.validity_for
        if method is None or method.value_raw.strip() != names.ED25519:
            continue
        if signature is not None and key is not None:
            document |= {"key": key.value_raw.strip(), "signature": signature.value_raw.strip().lower()}
    return ContainedSession(name=session.short_name, document=document, datablocks=tuple(blocks))


def _flashdata(block: Datablock) -> Flashdata:
    if block.filters or block.target_addr_offset is not None:
        raise FlashDataError(f"DATABLOCK {block.short_name}: FILTERS, TARGET-ADDR-OFFSET")
    if block.flashdata is None:
        raise FlashDataError(f"DATABLOCK {block.short_name}: FLASHDATA-REF")
    return block.flashdata


def _segment(session: Session, segment: Segment, data: Flashdata) -> dict[str, Any]:
    length = segment.uncompressed_size
    if length is None and segment.source_end_address is not None:
        length = segment.source_end_address - segment.source_start_address + 1
    if length is None:
        raise FlashDataError(f"SEGMENT {segment.short_name}: UNCOMPRESSED-SIZE, SOURCE-END-ADDRESS")
    method = _data_format(segment.encrypt_compress_method or data.encrypt_compress_method)
    return {
        "name": segment.short_name,
        "address": f"0x{segment.source_start_address:08X}",
        "length": length,
        "stored": length if segment.compressed_size is None else segment.compressed_size,
        "crc32": f"0x{_checksum(session, segment, names.CRC32):0>8}",
        "sha256": _checksum(session, segment, names.SHA256).lower(),
        "compression": method >> 4,
        "encryption": method & 0x0F,
    }


def _data_format(method: EncryptCompressMethod | None) -> int:
    """Return the dataFormatIdentifier that an ENCRYPT-COMPRESS-METHOD spells: one byte."""
    if method is None:
        return 0
    raw = method.value_raw.strip()
    if method.value_type is None or method.value_type.value != "A_BYTEFIELD" or len(raw) != 2:
        raise FlashDataError("ENCRYPT-COMPRESS-METHOD: A_BYTEFIELD, 1 byte")
    return int(raw, 16)


def _checksum(session: Session, segment: Segment, algorithm: str) -> str:
    """Return the result of the one CHECKSUM of this kind that begins where the segment does."""
    found = [
        checksum.checksum_result.value_raw.strip().upper()
        for checksum in session.checksums
        if checksum.checksum_alg == algorithm
        and checksum.source_start_address == segment.source_start_address
    ]
    if len(found) != 1:
        raise FlashDataError(f"SEGMENT {segment.short_name}: CHECKSUM {algorithm}")
    return found[0]


def _expected(session: Session, name: str) -> list[str]:
    return [
        value.value_raw.strip()
        for ident in session.expected_idents
        if ident.short_name == name
        for value in ident.ident_values
    ]


def _own(session: Session, name: str) -> str:
    """Return what all datablocks of a session that tell it agree on."""
    found = {
        ident.ident_value.value_raw.strip()
        for block in session.datablocks
        for ident in block.own_idents
        if ident.short_name == name
    }
    if len(found) != 1:
        raise FlashDataError(f"SESSION {session.short_name}: OWN-IDENT {name}")
    return found.pop()


def _special(groups: Sequence[SpecialDataGroup]) -> list[tuple[str, str]]:
    return [
        (value.semantic_info or "", value.value.strip())
        for group in groups
        if group.semantic_info == names.GROUP
        for value in group.values
        if isinstance(value, SpecialData)
    ]


def _binary(data: Flashdata, archive: zipfile.ZipFile) -> Iterator[bytes]:
    """Yield the bytes of binary data: hexadecimal text in the document, or a file of the archive as it is."""
    if isinstance(data, ExternFlashdata):
        with archive.open(_member(data, archive)) as source:
            while chunk := source.read(_CHUNK_BYTES):
                yield chunk
    else:
        content = data.dataset
        if not isinstance(content, bytearray):
            raise FlashDataError(f"FLASHDATA {data.short_name}")
        for start in range(0, len(content), _CHUNK_BYTES):
            yield bytes(content[start : start + _CHUNK_BYTES])


def _records(data: Flashdata, archive: zipfile.ZipFile) -> Any:
    """Return Intel HEX or S-records as odxtools reads them: an object of bincopy's."""
    if isinstance(data, ExternFlashdata):
        text = archive.read(_member(data, archive)).decode("ascii")
        data = InternFlashdata(
            odx_id=data.odx_id, short_name=data.short_name, dataformat=data.dataformat, data=text
        )
    content = data.dataset
    if content is None or isinstance(content, bytearray):
        raise FlashDataError(f"FLASHDATA {data.short_name}: DATAFORMAT")
    return content


def _member(data: ExternFlashdata, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    name = data.datafile.value.strip()
    if name not in archive.namelist():
        raise FlashDataError(f"FLASHDATA {data.short_name}: DATAFILE")
    member = archive.getinfo(name)
    if member.file_size > 256 * MEBIBYTE:
        raise FlashDataError(f"FLASHDATA {data.short_name}: > 256 MiB")
    return member


def _exactly(chunks: Iterator[bytes], wanted: int, name: str) -> Iterator[bytes]:
    """Pass on chunks that must be `wanted` bytes together."""
    for chunk in chunks:
        wanted -= len(chunk)
        if wanted < 0:
            break
        yield chunk
    if wanted:
        raise FlashDataError(f"FLASHDATA {name}: SEGMENTS")

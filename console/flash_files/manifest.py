"""What a manifest may say: a strict schema with bounds, from JSON values to plain data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from workshop_console.console.model.flash import Manifest, Segment

FORM = 1
"""Value of the key `manifest`: the edition of this form."""

LARGEST_PAYLOAD_BYTES = 256 * 1024 * 1024
"""Of all segments together, stored and in the unit."""

_MOST_SEGMENTS = 256
_MOST_NAMES = 64
_ADDRESS_END = 1 << 32
_SHORT_NAME = re.compile(r"[A-Za-z0-9_]{1,128}", re.ASCII)
_PART_NUMBER = re.compile(r"[!-~]([ -~]{0,62}[!-~])?", re.ASCII)
_HEX_32 = re.compile(r"0x[0-9A-F]{8}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{128}", re.ASCII)

_SIGNING_FIELDS = frozenset({"key", "signature"})
_FIELDS = _SIGNING_FIELDS | {
    "manifest",
    "unit",
    "hardware",
    "software_from",
    "software",
    "version",
    "needs",
    "format",
    "segments",
}
_FILE_FIELDS = frozenset({"size", "sha256"})
_CONTAINER_FIELDS = frozenset({"session"})
_SEGMENT_FIELDS = frozenset(
    {"name", "address", "length", "stored", "crc32", "sha256", "compression", "encryption"}
)

_T = TypeVar("_T")


class FileFormat(StrEnum):
    """How the bytes of a flash file are written down."""

    HEX = "hex"
    """Intel HEX."""
    SREC = "srec"
    """Motorola S-record."""
    BINARY = "binary"
    """The segments' stored bytes, one after the other, in the manifest's order."""
    ODX_F = "odx-f"
    """A session of an ODX-F container; its manifest is put together from the container's elements."""


class SchemaError(ValueError):
    """A manifest says something that is not allowed; the text names the field, in technical words."""


@dataclass(frozen=True, kw_only=True)
class SignedManifest:
    """A manifest as it was read: what it says of the software, of the file, and its signature."""

    manifest: Manifest
    format: FileFormat
    size: int = 0
    """Bytes of the flash file; 0 for a session of a container."""
    sha256: str = ""
    """Of the flash file; empty for a session of a container."""
    session: str = ""
    """SHORT-NAME of the session; empty for files."""
    signature: bytes = b""
    """Empty: not signed."""


def read_document(document: Mapping[str, Any]) -> SignedManifest:
    """Return what a manifest says. Raises SchemaError for everything that is missing, too much or wrong."""
    form = _choice(document, "format", {str(form): form for form in FileFormat})
    container = form is FileFormat.ODX_F
    wanted = _FIELDS | (_CONTAINER_FIELDS if container else _FILE_FIELDS)
    _keys(document, wanted, optional=_SIGNING_FIELDS, where="")
    if _whole(document, "manifest", 0, 2**31) != FORM:
        raise SchemaError(f"manifest: {FORM} expected")
    segments = _segments(document["segments"])
    unit = _text(document, "unit", _SHORT_NAME)
    needs = _texts(document, "needs", _SHORT_NAME)
    if unit in needs:
        raise SchemaError("needs: the unit itself")
    signed = document.keys() >= _SIGNING_FIELDS
    manifest = Manifest(
        unit=unit,
        hardware=_texts(document, "hardware", _PART_NUMBER, least=1),
        software_from=_texts(document, "software_from", _PART_NUMBER),
        software=_text(document, "software", _PART_NUMBER),
        version=_text(document, "version", _PART_NUMBER),
        segments=segments,
        key_id=_text(document, "key", _KEY_ID) if signed else "",
        needs=needs,
    )
    return SignedManifest(
        manifest=manifest,
        format=form,
        size=0 if container else _whole(document, "size", 1, 4 * LARGEST_PAYLOAD_BYTES),
        sha256="" if container else _text(document, "sha256", _SHA256),
        session=_text(document, "session", _SHORT_NAME) if container else "",
        signature=bytes.fromhex(_text(document, "signature", _SIGNATURE)) if signed else b"",
    )


def to_document(signed: SignedManifest) -> dict[str, Any]:
    """Return the JSON values that read_document() would read; without key and signature where it has none."""
    manifest = signed.manifest
    document: dict[str, Any] = {
        "manifest": FORM,
        "unit": manifest.unit,
        "hardware": list(manifest.hardware),
        "software_from": list(manifest.software_from),
        "software": manifest.software,
        "version": manifest.version,
        "needs": list(manifest.needs),
        "format": str(signed.format),
        "segments": [_segment_document(segment) for segment in manifest.segments],
    }
    if signed.format is FileFormat.ODX_F:
        document["session"] = signed.session
    else:
        document |= {"size": signed.size, "sha256": signed.sha256}
    if manifest.key_id:
        document["key"] = manifest.key_id
    if signed.signature:
        document["signature"] = signed.signature.hex()
    return document


def placed(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return the segments with their offsets in the payload: one after the other."""
    offset, found = 0, []
    for segment in segments:
        found.append(replace(segment, offset=offset))
        offset += segment.stored
    return tuple(found)


def _segment_document(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "address": f"0x{segment.address:08X}",
        "length": segment.length,
        "stored": segment.stored,
        "crc32": f"0x{segment.crc32:08X}",
        "sha256": segment.sha256,
        "compression": segment.data_format >> 4,
        "encryption": segment.data_format & 0x0F,
    }


def _segments(value: object) -> tuple[Segment, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_SEGMENTS:
        raise SchemaError(f"segments: 1 … {_MOST_SEGMENTS} expected")
    segments = placed(_segment(part, f"segments[{index}]") for index, part in enumerate(value))
    if len({segment.name for segment in segments}) < len(segments):
        raise SchemaError("segments: a name twice")
    for total in (sum(segment.length for segment in segments), sum(segment.stored for segment in segments)):
        if total > LARGEST_PAYLOAD_BYTES:
            raise SchemaError(f"segments: > {LARGEST_PAYLOAD_BYTES >> 20} MiB")
    in_order = sorted(segments, key=lambda segment: segment.address)
    for lower, upper in pairwise(in_order):
        if lower.address + max(lower.length, lower.stored) > upper.address:
            raise SchemaError(f"segments: {lower.name} and {upper.name} overlap")
    return segments


def _segment(value: object, where: str) -> Segment:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: object expected")
    _keys(value, _SEGMENT_FIELDS, optional=frozenset(), where=where)
    compression = _whole(value, "compression", 0, 15, where)
    encryption = _whole(value, "encryption", 0, 15, where)
    address = int(_text(value, "address", _HEX_32, where), 16)
    length = _whole(value, "length", 1, LARGEST_PAYLOAD_BYTES, where)
    stored = _whole(value, "stored", 1, LARGEST_PAYLOAD_BYTES, where)
    if address + max(length, stored) > _ADDRESS_END:
        raise SchemaError(f"{where}: past 0xFFFFFFFF")
    if not compression and not encryption and stored != length:
        raise SchemaError(f"{where}: stored is not length")
    return Segment(
        name=_text(value, "name", _SHORT_NAME, where),
        address=address,
        length=length,
        offset=0,
        stored=stored,
        crc32=int(_text(value, "crc32", _HEX_32, where), 16),
        sha256=_text(value, "sha256", _SHA256, where),
        data_format=compression << 4 | encryption,
    )


def _keys(
    document: Mapping[str, Any], wanted: frozenset[str], *, optional: frozenset[str], where: str
) -> None:
    place = f"{where}." if where else ""
    if unknown := sorted(document.keys() - wanted):
        raise SchemaError(f"{place}{unknown[0][:40]}: not known")
    if missing := sorted(wanted - optional - document.keys()):
        raise SchemaError(f"{place}{missing[0]}: missing")


def _whole(document: Mapping[str, Any], key: str, low: int, high: int, where: str = "") -> int:
    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise SchemaError(f"{low} … {high} expected")
        return value

    return _field(document, key, check, where)


def _text(document: Mapping[str, Any], key: str, form: re.Pattern[str], where: str = "") -> str:
    return _field(document, key, lambda value: _spelled(value, form), where)


def _texts(
    document: Mapping[str, Any], key: str, form: re.Pattern[str], *, least: int = 0
) -> tuple[str, ...]:
    def check(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not least <= len(value) <= _MOST_NAMES:
            raise SchemaError(f"list of {least} … {_MOST_NAMES} expected")
        found = tuple(_spelled(part, form) for part in value)
        if len(set(found)) < len(found):
            raise SchemaError("twice the same")
        return found

    return _field(document, key, check)


def _choice(document: Mapping[str, Any], key: str, choices: Mapping[str, _T]) -> _T:
    def check(value: object) -> _T:
        if not isinstance(value, str) or value not in choices:
            raise SchemaError(f"{', '.join(choices)} expected")
        return choices[value]

    return _field(document, key, check)


def _spelled(value: object, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise SchemaError(f"{form.pattern} expected")
    return value


def _field(document: Mapping[str, Any], key: str, check: Callable[[object], _T], where: str = "") -> _T:
    place = f"{where}.{key}" if where else key
    if key not in document:
        raise SchemaError(f"{place}: missing")
    try:
        return check(document[key])
    except SchemaError as error:
        raise SchemaError(f"{place}: {error}") from None

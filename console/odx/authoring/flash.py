"""Writes flash containers (ODX-F) for the simulated units: a PDX with one document."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from workshop_console.console.odx.flash import names

_DATE = "2024-01-01T00:00:00"
_ZIP_DATE = (2024, 1, 1, 0, 0, 0)
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_MIME = "application/x-asam.odx.odx-f"


def write_flash_pdx(
    file: Path,
    container: str,
    sessions: Sequence[tuple[Mapping[str, Any], Sequence[bytes]]],
    *,
    extern: bool = False,
) -> None:
    """Write a container.

    Args:
        file: the PDX file.
        container: SHORT-NAME of the document.
        sessions: for each one its manifest as JSON values, and the stored bytes of each of its segments.
        extern: the bytes stand in files of the archive beside the document, not in it.
    """
    root = Element("ODX", {"MODEL-VERSION": "2.2.0", "xmlns:xsi": _XSI})
    root.set("xsi:noNamespaceSchemaLocation", "odx.xsd")
    flash = _identified(root, "FLASH", container, "")
    memory = _identified(SubElement(flash, "ECU-MEMS"), "ECU-MEM", container + "_Memory", container)
    mem = SubElement(memory, "MEM")
    session_list, blocks, data = (SubElement(mem, tag) for tag in ("SESSIONS", "DATABLOCKS", "FLASHDATAS"))
    files: dict[str, bytes] = {}
    for manifest, contents in sessions:
        name = str(manifest["session"])
        _session(session_list, container, name, manifest)
        _datablock(blocks, container, name, manifest)
        beside = _flashdata(data, container, name, b"".join(contents), extern=extern)
        if beside:
            files[beside] = b"".join(contents)
    document = f"{container}.odx-f"
    members = {document: _spelled(root), "index.xml": _spelled(_index(container, document, files)), **files}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for member, content in members.items():
            info = zipfile.ZipInfo(member, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def _session(parent: Element, container: str, name: str, manifest: Mapping[str, Any]) -> None:
    session = _identified(parent, "SESSION", name, container)
    expected = SubElement(session, "EXPECTED-IDENTS")
    for ident, values in (
        (names.HARDWARE, manifest["hardware"]),
        (names.SOFTWARE, manifest["software_from"]),
    ):
        if values:
            listed = SubElement(
                _identified(expected, "EXPECTED-IDENT", ident, f"{container}.{name}.expected"), "IDENT-VALUES"
            )
            for value in values:
                _typed(listed, "IDENT-VALUE", "A_ASCIISTRING", value)
    checksums = SubElement(session, "CHECKSUMS")
    for segment in manifest["segments"]:
        crc32, sha256 = segment["crc32"].removeprefix("0x"), segment["sha256"].upper()
        _checksum(checksums, f"{container}.{name}", segment, names.CRC32, "CRC32", crc32)
        _checksum(checksums, f"{container}.{name}", segment, names.SHA256, "SHA256", sha256)
    if "signature" in manifest:
        security = SubElement(SubElement(session, "SECURITYS"), "SECURITY")
        _typed(security, "SECURITY-METHOD", "A_ASCIISTRING", names.ED25519)
        _typed(security, "FW-SIGNATURE", "A_BYTEFIELD", str(manifest["signature"]).upper())
        _typed(security, "VALIDITY-FOR", "A_ASCIISTRING", str(manifest["key"]))
    reference = {"ID-REF": f"{container}.{name}.block"}
    SubElement(SubElement(session, "DATABLOCK-REFS"), "DATABLOCK-REF", reference)
    group = SubElement(SubElement(session, "SDGS"), "SDG", {"SI": names.GROUP})
    SubElement(group, "SD", {"SI": names.UNIT}).text = manifest["unit"]
    for unit in manifest["needs"]:
        SubElement(group, "SD", {"SI": names.NEEDS}).text = unit


def _checksum(
    parent: Element, above: str, segment: Mapping[str, Any], algorithm: str, suffix: str, result: str
) -> None:
    checksum = _identified(parent, "CHECKSUM", f"{segment['name']}_{suffix}", above)
    SubElement(checksum, "SOURCE-START-ADDRESS").text = segment["address"].removeprefix("0x")
    SubElement(checksum, "CHECKSUM-ALG").text = algorithm
    SubElement(checksum, "UNCOMPRESSED-SIZE").text = str(segment["length"])
    _typed(checksum, "CHECKSUM-RESULT", "A_BYTEFIELD", result)


def _datablock(parent: Element, container: str, name: str, manifest: Mapping[str, Any]) -> None:
    block = _identified(parent, "DATABLOCK", f"{name}_Block", container, odx_id=f"{container}.{name}.block")
    block.set("TYPE", "DATA")
    SubElement(block, "FLASHDATA-REF", {"ID-REF": f"{container}.{name}.data"})
    segments = SubElement(block, "SEGMENTS")
    for segment in manifest["segments"]:
        element = _identified(segments, "SEGMENT", segment["name"], f"{container}.{name}")
        SubElement(element, "SOURCE-START-ADDRESS").text = segment["address"].removeprefix("0x")
        method = segment["compression"] << 4 | segment["encryption"]
        if method:
            SubElement(element, "COMPRESSED-SIZE").text = str(segment["stored"])
        SubElement(element, "UNCOMPRESSED-SIZE").text = str(segment["length"])
        if method:
            _typed(element, "ENCRYPT-COMPRESS-METHOD", "A_BYTEFIELD", f"{method:02X}")
    own = SubElement(block, "OWN-IDENTS")
    for ident, value in ((names.SOFTWARE, manifest["software"]), (names.VERSION, manifest["version"])):
        element = _identified(own, "OWN-IDENT", ident, f"{container}.{name}.own")
        _typed(element, "IDENT-VALUE", "A_ASCIISTRING", value)


def _flashdata(parent: Element, container: str, name: str, content: bytes, *, extern: bool) -> str:
    """Add the bytes; returns the name of the file that they stand in, empty when in the document."""
    data = _identified(parent, "FLASHDATA", f"{name}_Data", container, odx_id=f"{container}.{name}.data")
    data.set("xsi:type", "EXTERN-FLASHDATA" if extern else "INTERN-FLASHDATA")
    SubElement(data, "DATAFORMAT", {"SELECTION": "BINARY"})
    if not extern:
        SubElement(data, "DATA").text = content.hex().upper()
        return ""
    file = f"{container}_{name}.bin"
    SubElement(data, "DATAFILE", {"LATEBOUND-DATAFILE": "false"}).text = file
    return file


def _index(container: str, document: str, files: Mapping[str, bytes]) -> Element:
    """Return the catalogue of the archive (ISO 22901-1, PDX)."""
    catalog = Element("CATALOG", {"F-DTD-VERSION": "ODX-2.2.0"})
    SubElement(catalog, "SHORT-NAME").text = container
    blocks = SubElement(catalog, "ABLOCKS")
    for name, mime in ((document, _MIME), *((file, "application/octet-stream") for file in files)):
        block = SubElement(blocks, "ABLOCK", {"UPD": "UNCHANGED"})
        SubElement(block, "SHORT-NAME").text = name.replace(".", "_").replace("-", "_")
        listed = SubElement(SubElement(block, "FILES"), "FILE", {"CREATION-DATE": _DATE, "MIME-TYPE": mime})
        listed.text = name
    return catalog


def _identified(parent: Element, tag: str, name: str, above: str, *, odx_id: str = "") -> Element:
    element = SubElement(parent, tag, {"ID": odx_id or ".".join(filter(None, (above, tag, name)))})
    SubElement(element, "SHORT-NAME").text = name
    return element


def _typed(parent: Element, tag: str, kind: str, text: str) -> None:
    SubElement(parent, tag, {"TYPE": kind}).text = text


def _spelled(root: Element) -> bytes:
    ElementTree.indent(root, "")
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))

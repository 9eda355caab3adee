"""ODX-F: what a container says becomes the manifest that its signature is over."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import bincopy  # type: ignore[import-untyped]  # has no annotations
import odxtools
import pytest
from odxtools.flash import Flash

from tests.flash_files.bench import Bench, content, payload
from workshop_console.console.errors import ConsoleError
from workshop_console.console.flash_files.authoring import FlashContent, Part, container_session, new_key
from workshop_console.console.flash_files.manifest import to_document
from workshop_console.console.flash_files.reader import FlashFilesReader
from workshop_console.console.odx.authoring.flash import write_flash_pdx
from workshop_console.console.odx.flash.container import OdxFlashContainers
from workshop_console.console.odx.limits import ImportLimits

Edit = Callable[[str], str]


def rewrite(file: Path, edit: Edit, more: dict[str, bytes] | None = None) -> None:
    """Change the document of a container, and add files to the archive."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            changed = edit(member.decode()).encode() if name.endswith(".odx-f") else member
            assert changed != member or not name.endswith(".odx-f") or more, "the edit changes nothing"
            archive.writestr(name, changed)
        for name, added in (more or {}).items():
            archive.writestr(name, added)


def replaced(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize("extern", [False, True], ids=["in the document", "beside it"])
def test_each_session_is_a_flash_file(bench: Bench, extern: bool) -> None:
    file = bench.container("First", "Second", extern=extern)
    first, second = bench.reader.read(file)
    assert (first.name, second.name) == ("First", "Second")
    assert first.manifest == container_session(content(), "First", bench.key).manifest
    for found in (first, second):
        assert bench.reader.write_payload(found, bench.folder / "payload") == found.manifest
        assert (bench.folder / "payload").read_bytes() == payload(content())


def test_odxtools_loads_what_is_written(bench: Bench) -> None:
    (flash,) = odxtools.load_pdx_file(str(bench.container("Update"))).flashs
    assert isinstance(flash, Flash)
    (session,) = flash.ecu_mems[0].mem.sessions
    assert [segment.short_name for segment in session.datablocks[0].segments] == ["Code", "Data", "Map"]
    assert len(session.securities) == 1


def records(form: str) -> str:
    file = bincopy.BinFile()
    file.execution_start_address = 0
    for part in content().parts:
        file.add_binary(part.stored, address=part.address)
    return str(file.as_ihex() if form == "INTEL-HEX" else file.as_srec(address_length_bits=32))


@pytest.mark.parametrize("form", ["INTEL-HEX", "MOTOROLA-S"])
@pytest.mark.parametrize("extern", [False, True], ids=["in the document", "beside it"])
def test_records_in_a_container(bench: Bench, form: str, extern: bool) -> None:
    file = bench.container("Update")

    def edit(text: str) -> str:
        text = text.replace('SELECTION="BINARY"', f'SELECTION="{form}"')
        if not extern:
            return re.sub(r"<DATA>.*?</DATA>", f"<DATA>{records(form)}</DATA>", text)
        text = text.replace("INTERN-FLASHDATA", "EXTERN-FLASHDATA")
        beside = '<DATAFILE LATEBOUND-DATAFILE="false">image.txt</DATAFILE>'
        return re.sub(r"<DATA>.*?</DATA>", beside, text)

    rewrite(file, edit, {"image.txt": records(form).encode()} if extern else None)
    (found,) = bench.reader.read(file)
    bench.reader.write_payload(found, bench.folder / "payload")
    assert (bench.folder / "payload").read_bytes() == payload(content())


def test_the_last_address_tells_the_length_too(bench: Bench) -> None:
    file = bench.container("Update")
    size = "<UNCOMPRESSED-SIZE>100</UNCOMPRESSED-SIZE>"
    rewrite(file, replaced(size, "<SOURCE-END-ADDRESS>00080063</SOURCE-END-ADDRESS>"))
    assert bench.reader.read(file)


BROKEN: dict[str, tuple[str, Edit]] = {
    "other hardware": ("WC-704", replaced(">2069807043<", ">2069807044<")),
    "other software before": ("WC-704", replaced(">2069474332<", ">2069474333<")),
    "other software": ("WC-704", replaced(">2069474432<", ">2069474433<")),
    "other unit": ("WC-704", replaced(">CDI_EngineControl<", ">ESP_StabilityControl<")),
    "other needs": ("WC-704", replaced(">CGW_CentralGateway<", ">ESP_StabilityControl<")),
    "other address": ("WC-704", replaced(">00100000<", ">00200000<")),
    "other name of the session": ("WC-704", replaced(">Update<", ">Upgrade<")),
    "no signature": ("WC-702", lambda text: re.sub(r"<SECURITYS>.*?</SECURITYS>", "", text, flags=re.DOTALL)),
    "other method": ("WC-702", replaced(">Ed25519<", ">RSA<")),
    "signature broken off": (
        "WC-701",
        lambda text: re.sub(r"[0-9A-F]{2}</FW-SIGNATURE>", "</FW-SIGNATURE>", text),
    ),
    "other bytes": ("WC-709", replaced("<DATA>00070E", "<DATA>00070F")),
    "fewer bytes": ("WC-711", replaced("<DATA>00070E", "<DATA>")),
    "more bytes": ("WC-711", replaced("</DATA>", "00</DATA>")),
    "no bytes": ("WC-711", lambda text: re.sub(r"<DATA>.*?</DATA>", "", text)),
    "no hexadecimal": ("WC-711", replaced("<DATA>00", "<DATA>xx")),
    "no unit": ("WC-711", replaced('SI="Unit"', 'SI="Other"')),
    "unit with markup": ("WC-701", replaced(">CDI_EngineControl<", ">[red]<")),
    "no version": ("WC-711", replaced(">VERSION<", ">EDITION<")),
    "no hardware": ("WC-701", replaced(">HARDWARE<", ">OTHER<")),
    "no checksum": ("WC-711", replaced(">SHA-256<", ">MD5<")),
    "two checksums": ("WC-711", replaced(">SHA-256<", ">CRC-32<")),
    "absurd length": ("WC-701", replaced(">100</UNC", ">99999999999</UNC")),
    "negative length": ("WC-701", replaced(">100</UNC", ">-100</UNC")),
    "unknown format": ("WC-711", replaced('SELECTION="BINARY"', 'SELECTION="USER-DEFINED"')),
    "reference to nothing": (
        "WC-711",
        replaced('DATABLOCK-REF ID-REF="Engine', 'DATABLOCK-REF ID-REF="Other'),
    ),
    "no sessions": ("WC-711", lambda text: re.sub(r"<SESSIONS>.*</SESSIONS>", "", text, flags=re.DOTALL)),
    "offset of addresses": (
        "WC-711",
        replaced(
            "<OWN-IDENTS>",
            '<TARGET-ADDR-OFFSET xsi:type="POS-OFFSET"><POSITIVE-OFFSET>10</POSITIVE-OFFSET>'
            "</TARGET-ADDR-OFFSET><OWN-IDENTS>",
        ),
    ),
    "compression of two bytes": ("WC-711", replaced(">10</ENCRYPT", ">1000</ENCRYPT")),
    "a document type": ("WC-401", replaced("<ODX ", "<!DOCTYPE ODX [<!ENTITY a 'b'>]><ODX ")),
    "no XML": ("WC-711", replaced("</ODX>", "")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_was_changed_after_signing_is_refused(bench: Bench, case: str) -> None:
    number, edit = BROKEN[case]
    file = bench.container("Update")
    rewrite(file, edit)
    assert bench.refusal(file).number == number


def test_one_bad_session_spoils_the_container(bench: Bench) -> None:
    of = content()
    stored = [part.stored for part in of.parts]
    good, bad = container_session(of, "Good", bench.key), container_session(of, "Bad", new_key())
    file = bench.folder / "mixed.pdx"
    write_flash_pdx(file, "Mixed", [(to_document(good), stored), (to_document(bad), stored)])
    assert bench.refusal(file).number == "WC-703"


def test_sessions_of_the_same_name_are_refused(bench: Bench) -> None:
    """Two memories may each have a session of a name; which one is meant nobody could say."""
    file = bench.container("Update")

    def twice(text: str) -> str:
        (memory,) = re.findall(r"<ECU-MEM .*</ECU-MEM>", text, flags=re.DOTALL)
        other = memory.replace('ID="', 'ID="Other.').replace('ID-REF="', 'ID-REF="Other.')
        return text.replace(memory, memory + other.replace('ID-REF="Other.Other.', 'ID-REF="Other.'))

    rewrite(file, twice)
    assert bench.refusal(file).number == "WC-711"


def test_descriptions_alone_are_no_flash_data(bench: Bench) -> None:
    car = Path(__file__).parents[2] / "data" / "vehicles" / "car.pdx"
    assert bench.refusal(car).number == "WC-711"


def test_without_a_reader_of_containers_they_are_refused(bench: Bench) -> None:
    reader = FlashFilesReader([bench.folder / "keys"])
    with pytest.raises(ConsoleError, match="WC-700"):
        reader.read(bench.container("Update"))


def test_a_container_that_takes_too_long(bench: Bench) -> None:
    slow = FlashFilesReader([bench.folder / "keys"], OdxFlashContainers(ImportLimits(seconds=0)))
    with pytest.raises(ConsoleError, match="WC-403"):
        slow.read(bench.container("Update"))


def test_a_container_that_needs_too_much_memory(bench: Bench) -> None:
    limits = ImportLimits(memory_mib=160, ratio=1_100)
    small = FlashFilesReader([bench.folder / "keys"], OdxFlashContainers(limits))
    part = Part(name="Code", address=0, content=bytes(40 << 20))
    large = FlashContent(unit="A", hardware=("1",), software="2", version="3", parts=(part,))
    file = bench.container("Update", of=large)
    with pytest.raises(ConsoleError, match="WC-404"):
        small.read(file)


def test_a_zip_bomb_beside_the_document(bench: Bench) -> None:
    file = bench.container("Update")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.bin", bytes(64 << 20))
    small = FlashFilesReader([bench.folder / "keys"], OdxFlashContainers(ImportLimits(unpacked_mib=32)))
    with pytest.raises(ConsoleError, match="WC-402"):
        small.read(file)


def test_blank_memory_may_pack_well(bench: Bench) -> None:
    part = Part(name="Code", address=0, content=b"\xff" * (12 << 20))
    blank = FlashContent(unit="A", hardware=("1",), software="2", version="3", parts=(part,))
    (found,) = bench.reader.read(bench.container("Update", extern=True, of=blank))
    assert found.manifest.stored == 12 << 20

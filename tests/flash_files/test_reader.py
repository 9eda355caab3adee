"""Reading flash files: what is good, and one number for each thing that is not."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import tracemalloc
import zlib
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

from tests.flash_files.bench import FILE_FORMATS, Bench, content, manifest_of, payload
from workshop_console.console.errors import ConsoleError
from workshop_console.console.flash_files.authoring import (
    FlashContent,
    Part,
    new_key,
    write_flash_file,
    write_public_key,
)
from workshop_console.console.flash_files.canonical import canonical
from workshop_console.console.flash_files.manifest import FileFormat
from workshop_console.console.flash_files.payload import PayloadCheck, PayloadError
from workshop_console.console.flash_files.reader import FlashFilesReader

every_format = pytest.mark.parametrize("form", FILE_FORMATS)


@every_format
def test_a_good_file_is_read_and_its_payload_written(bench: Bench, form: FileFormat) -> None:
    (found,) = bench.reader.read(bench.write(form))
    manifest = found.manifest
    assert (manifest.unit, manifest.software, manifest.version) == (
        "CDI_EngineControl",
        "2069474432",
        "23/50/01",
    )
    assert (manifest.hardware, manifest.software_from) == (("2069807043",), ("2069474332",))
    assert manifest.needs == ("CGW_CentralGateway",)
    target = bench.folder / "payload"
    assert bench.reader.write_payload(found, target) == manifest
    written = target.read_bytes()
    assert written == payload(content())
    for segment, part in zip(manifest.segments, content().parts, strict=True):
        stored = written[segment.offset : segment.offset + segment.stored]
        assert hashlib.sha256(stored).hexdigest() == segment.sha256
        unpacked = zlib.decompress(stored) if segment.data_format == 0x10 else stored
        assert unpacked == part.content
        assert (len(unpacked), zlib.crc32(unpacked)) == (segment.length, segment.crc32)


def test_the_manifest_stands_for_its_file(bench: Bench) -> None:
    file = bench.write()
    assert bench.reader.read(manifest_of(file)) == bench.reader.read(file)


def test_another_reader_writes_the_payload_of_a_file_that_was_judged_elsewhere(bench: Bench) -> None:
    (found,) = bench.reader.read(bench.write())
    other = FlashFilesReader([bench.folder / "keys"])
    assert other.write_payload(found, bench.folder / "payload") == found.manifest


def test_a_name_that_is_shown_otherwise_is_found_again(bench: Bench) -> None:
    file = bench.folder / "engine\x1b[31m.bin"
    write_flash_file(file, content(), bench.key)
    (found,) = bench.reader.read(file)
    assert "\x1b" not in found.path
    bench.reader.write_payload(found, bench.folder / "payload")
    assert (bench.folder / "payload").read_bytes() == payload(content())


def test_a_binary_file_that_begins_as_an_archive_is_read_by_its_manifest(bench: Bench) -> None:
    of = FlashContent(
        unit="A",
        hardware=("1",),
        software="2",
        version="3",
        parts=(Part(name="P", address=0, content=b"PK\x03\x04" + bytes(60)),),
    )
    (found,) = bench.reader.read(bench.write(of=of))
    assert found.manifest.unit == "A"


def test_nothing_there(bench: Bench) -> None:
    assert bench.refusal(bench.folder / "missing.hex").number == "WC-108"


def test_what_is_no_file_is_refused_at_once(bench: Bench) -> None:
    fifo = bench.folder / "fifo.bin"
    os.mkfifo(fifo)
    for path in (fifo, bench.folder, Path("nul\0byte.bin"), bench.folder / ("x" * 400)):
        assert bench.refusal(path).number == "WC-108"
    file = bench.write()
    manifest_of(file).unlink()
    os.mkfifo(manifest_of(file))
    assert bench.refusal(file).number == "WC-108"


def test_no_manifest(bench: Bench) -> None:
    file = bench.write()
    manifest_of(file).unlink()
    error = bench.refusal(file)
    assert (error.number, error.facts["manifest"]) == ("WC-700", "engine.binary.manifest.json")
    long_name = bench.folder / ("x" * 250)
    long_name.write_bytes(b"x")
    assert bench.refusal(long_name).number == "WC-700"


def test_a_manifest_that_is_no_json(bench: Bench) -> None:
    file = bench.write()
    manifest_of(file).write_bytes(b"\x7fELF")
    assert bench.refusal(file).number == "WC-701"


def test_an_endless_manifest_is_not_read_to_its_end(bench: Bench) -> None:
    file = bench.write()
    with manifest_of(file).open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert bench.refusal(file).number == "WC-701"


@every_format
def test_not_signed(bench: Bench, form: FileFormat) -> None:
    file = bench.folder / "unsigned"
    write_flash_file(file, content(), None, form)
    assert bench.refusal(file).number == "WC-702"


@pytest.mark.parametrize("field", ["key", "signature"])
def test_half_a_signature_is_none(bench: Bench, field: str) -> None:
    file = bench.write()
    document = json.loads(manifest_of(file).read_bytes())
    del document[field]
    manifest_of(file).write_bytes(canonical(document))
    assert bench.refusal(file).number == "WC-702"


def test_signed_by_somebody_else(bench: Bench) -> None:
    file = bench.folder / "other"
    signed = write_flash_file(file, content(), new_key())
    error = bench.refusal(file)
    assert (error.number, error.facts["key"]) == ("WC-703", signed.manifest.key_id)


def test_signed_by_somebody_else_under_a_trusted_name(bench: Bench) -> None:
    """The key id is only a name: what counts is the signature."""
    file = bench.write()
    good = json.loads(manifest_of(file).read_bytes())
    write_flash_file(file, content(), new_key())
    forged = json.loads(manifest_of(file).read_bytes()) | {"key": good["key"]}
    manifest_of(file).write_bytes(canonical(forged))
    assert bench.refusal(file).number == "WC-704"


def test_the_signature_of_another_file(bench: Bench) -> None:
    file = bench.write()
    good = json.loads(manifest_of(file).read_bytes())
    write_flash_file(file, content(size=99), bench.key)
    mixed = json.loads(manifest_of(file).read_bytes()) | {"signature": good["signature"]}
    manifest_of(file).write_bytes(canonical(mixed))
    assert bench.refusal(file).number == "WC-704"


def test_part_numbers_cannot_be_changed_after_signing(bench: Bench) -> None:
    file = bench.write()
    text = manifest_of(file).read_text("ascii")
    assert "2069807043" in text
    manifest_of(file).write_text(text.replace("2069807043", "2069807044"), "ascii")
    assert bench.refusal(file).number == "WC-704"


@every_format
def test_exchanged_for_another_file(bench: Bench, form: FileFormat) -> None:
    file = bench.write(form)
    write_flash_file(bench.folder / "other", content(size=90), bench.key, form)
    other = (bench.folder / "other").read_bytes()
    file.write_bytes(other.ljust(file.stat().st_size, b"\n"))
    assert bench.refusal(file).number == "WC-705"


@every_format
def test_longer_than_it_was(bench: Bench, form: FileFormat) -> None:
    file = bench.write(form)
    file.write_bytes(file.read_bytes() + b"\n")
    assert bench.refusal(file).number == "WC-705"


@every_format
def test_truncated_anywhere(bench: Bench, form: FileFormat) -> None:
    file = bench.write(form)
    whole = file.read_bytes()
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        error = bench.refusal(file)
        assert (error.number, error.facts["found"]) == ("WC-706", size)
        assert error.facts["expected"] == len(whole)


def refit(bench: Bench, file: Path, spelled: bytes, **change: Any) -> None:
    """Write other bytes, and sign them as if they belonged to the manifest."""
    file.write_bytes(spelled)
    digest = {"size": len(spelled), "sha256": hashlib.sha256(spelled).hexdigest()}
    bench.resign(file, lambda document: document.update(digest | change))


@every_format
def test_signed_as_another_format(bench: Bench, form: FileFormat) -> None:
    for other in ("hex", "srec"):
        if other == form:
            continue
        file = bench.write(form)
        bench.resign(file, methodcaller("update", format=other))
        error = bench.refusal(file)
        assert (error.number, error.facts["format"]) == ("WC-707", other)


@pytest.mark.parametrize("form", [FileFormat.HEX, FileFormat.SREC])
@pytest.mark.parametrize("case", ["gap", "out of order", "twice", "elsewhere"])
def test_records_that_do_not_fill_the_segments(bench: Bench, form: FileFormat, case: str) -> None:
    file = bench.write(form)
    lines = file.read_bytes().splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith((b":20", b"S325")))
    if case == "gap":
        del lines[first]
    elif case == "out of order":
        lines[first], lines[first + 1] = lines[first + 1], lines[first]
    elif case == "twice":
        lines.insert(first, lines[first])
    else:
        lines.insert(first, b":0100000000FF\n" if form is FileFormat.HEX else b"S1040000" + b"00FB\n")
    if form is FileFormat.SREC:
        lines = [line for line in lines if not line.startswith((b"S5", b"S6"))]
    refit(bench, file, b"".join(lines))
    assert bench.refusal(file).number == "WC-708"


@pytest.mark.parametrize("change", [-1, 1])
def test_binary_of_another_length_than_its_segments(bench: Bench, change: int) -> None:
    file = bench.write()
    spelled = file.read_bytes()
    refit(bench, file, spelled[:change] if change < 0 else spelled + b"\0")
    assert bench.refusal(file).number == "WC-708"


@pytest.mark.parametrize("place", [0, 110], ids=["first", "second"])
def test_a_checksum_of_a_segment_is_wrong(bench: Bench, place: int) -> None:
    file = bench.write()
    spelled = bytearray(file.read_bytes())
    spelled[place] ^= 1
    refit(bench, file, bytes(spelled))
    error = bench.refusal(file)
    assert (error.number, error.facts["detail"]) == ("WC-709", "SHA-256")
    assert error.facts["segment"] == ("Code" if place == 0 else "Data")


@pytest.mark.parametrize("index", [0, 2], ids=["plain", "compressed"])
def test_the_checksum_that_the_unit_checks_is_wrong(bench: Bench, index: int) -> None:
    file = bench.write()
    bench.resign(file, lambda document: document["segments"][index].update(crc32="0x00000001"))
    error = bench.refusal(file)
    assert (error.number, error.facts["detail"]) == ("WC-709", "CRC-32")


def test_too_large(bench: Bench) -> None:
    file = bench.write()
    with file.open("r+b") as sparse:
        sparse.truncate((256 << 20) + 1)
    assert bench.refusal(file).number == "WC-710"


def compressed(stored: bytes, length: int) -> FlashContent:
    class Odd(Part):
        @property
        def stored(self) -> bytes:
            return stored

    part = Odd(name="Map", address=0x1000, content=bytes(length), compressed=True)
    return FlashContent(unit="A", hardware=("1",), software="2", version="3", parts=(part,))


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"not compressed at all", id="not zlib"),
        pytest.param(zlib.compress(bytes(1_000))[:-5], id="broken off"),
        pytest.param(zlib.compress(bytes(1_000)) + b"more", id="bytes after the end"),
        pytest.param(zlib.compress(bytes(999)), id="too short"),
        pytest.param(zlib.compress(bytes(1_001)), id="too long"),
        pytest.param(zlib.compress(bytes(200_000_000), 9), id="bomb"),
        pytest.param(zlib.compress(bytes(500)) * 2, id="two streams"),
    ],
)
def test_what_does_not_unpack_to_the_segment(bench: Bench, stored: bytes) -> None:
    error = bench.refusal(bench.write(of=compressed(stored, 1_000)))
    assert (error.number, error.facts["segment"]) == ("WC-712", "Map")


def test_encrypted_bytes_are_passed_on_as_they_are(bench: Bench) -> None:
    """What stands in the unit afterwards only the unit can know; the bytes themselves are still checked."""
    file = bench.write()
    bench.resign(
        file, lambda document: document["segments"][0].update(encryption=1, length=64, crc32="0x00000000")
    )
    (found,) = bench.reader.read(file)
    assert (found.manifest.segments[0].data_format, found.manifest.segments[0].stored) == (0x01, 100)
    bench.reader.write_payload(found, bench.folder / "payload")
    assert (bench.folder / "payload").read_bytes() == payload(content())
    spelled = bytearray(file.read_bytes())
    spelled[0] ^= 1
    refit(bench, file, bytes(spelled))
    assert bench.refusal(file).number == "WC-709"


def test_another_good_file_in_its_place_is_not_written(bench: Bench) -> None:
    file = bench.write()
    (found,) = bench.reader.read(file)
    bench.write(of=content(size=99))
    with pytest.raises(ConsoleError, match="WC-713"):
        bench.reader.write_payload(found, bench.folder / "payload")
    assert not list(bench.folder.glob("payload*"))


def test_a_file_that_became_bad_is_not_written(bench: Bench) -> None:
    file = bench.write()
    (found,) = bench.reader.read(file)
    file.write_bytes(b"x")
    with pytest.raises(ConsoleError, match="WC-706"):
        bench.reader.write_payload(found, bench.folder / "payload")
    assert not list(bench.folder.glob("payload*"))


@pytest.mark.parametrize(("number", "code"), [("WC-604", errno.ENOSPC), ("WC-107", errno.EIO)])
def test_a_payload_that_cannot_be_written_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: str, code: int
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(code, os.strerror(code))

    (found,) = bench.reader.read(bench.write())
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConsoleError, match=number):
        bench.reader.write_payload(found, bench.folder / "payload")
    assert not list(bench.folder.glob("payload*"))


def test_a_payload_without_folder(bench: Bench) -> None:
    (found,) = bench.reader.read(bench.write())
    with pytest.raises(ConsoleError, match="WC-107"):
        bench.reader.write_payload(found, bench.folder / "missing" / "payload")


def test_a_large_file_is_read_without_holding_it(bench: Bench) -> None:
    large = FlashContent(
        unit="A",
        hardware=("1",),
        software="2",
        version="3",
        parts=(Part(name="P", address=0, content=bytes(range(256)) * (24 << 12)),),
    )
    file = bench.write(of=large)
    assert file.stat().st_size == 24 << 20
    tracemalloc.start()
    try:
        (found,) = bench.reader.read(file)
        bench.reader.write_payload(found, bench.folder / "payload")
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 << 20


def test_records_may_go_on_from_one_segment_into_the_next_in_any_order_of_segments() -> None:
    manifest = content().manifest()
    code, data, packed = content().parts
    output = io.BytesIO()
    check = PayloadCheck(manifest.segments, output)
    joined = code.content + data.content
    check.take_records(
        [(packed.address, packed.stored), (code.address, joined[:96]), (code.address + 96, joined[96:])]
    )
    check.finish()
    assert output.getvalue() == payload(content())


def test_a_segment_without_bytes_is_missed() -> None:
    check = PayloadCheck(content().manifest().segments)
    check.take_stream([content().parts[0].stored])
    with pytest.raises(PayloadError, match="Data"):
        check.finish()


def test_every_trusted_folder_counts(bench: Bench, tmp_path: Path) -> None:
    file = bench.write()
    write_public_key(new_key(), tmp_path / "others" / "a.pem")
    folders = [tmp_path / "none", tmp_path / "others", bench.folder / "keys"]
    assert FlashFilesReader(folders).read(file)
    with pytest.raises(ConsoleError, match="WC-703"):
        FlashFilesReader(folders[:2]).read(file)

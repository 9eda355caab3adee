"""Every single byte of a flash file and of its manifest counts."""

from __future__ import annotations

import pytest

from tests.flash_files.bench import FILE_FORMATS, Bench, content, manifest_of, payload
from workshop_console.console.errors import ConsoleError
from workshop_console.console.flash_files.manifest import FileFormat

FLIPS = (0x01, 0x20, 0x80, 0xFF)
"""The smallest change, the case of a letter, a sign, everything."""

EVERY = (pytest.param(1, marks=pytest.mark.soak), 5)
"""Every byte, or every fifth with another flip each."""

SAMPLE = 61
"""Of a container every so many bytes; the rest stands in the soak tests: each is read by a new process."""


@pytest.mark.parametrize("form", FILE_FORMATS)
@pytest.mark.parametrize("which", ["file", "manifest"])
@pytest.mark.parametrize("step", EVERY)
def test_every_flipped_byte_is_refused(bench: Bench, form: FileFormat, which: str, step: int) -> None:
    file = bench.write(form)
    assert bench.reader.read(file)
    broken = file if which == "file" else manifest_of(file)
    whole = broken.read_bytes()
    numbers = set()
    for place in range(0, len(whole), step):
        for flip in FLIPS if step == 1 else (FLIPS[place % len(FLIPS)],):
            broken.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            numbers.add(bench.refusal(file).number)
    expected = {"WC-705"} if which == "file" else {"WC-701", "WC-702", "WC-703", "WC-704"}
    assert numbers <= expected
    broken.write_bytes(whole)
    assert bench.reader.read(file)


@pytest.mark.parametrize("form", FILE_FORMATS)
@pytest.mark.parametrize("step", EVERY)
def test_every_byte_left_out_of_a_manifest_is_refused(bench: Bench, form: FileFormat, step: int) -> None:
    file = bench.write(form)
    whole = manifest_of(file).read_bytes()
    for place in range(0, len(whole), step):
        manifest_of(file).write_bytes(whole[:place] + whole[place + 1 :])
        assert bench.refusal(file).number in ("WC-701", "WC-702", "WC-703", "WC-704")


def flipped_container(bench: Bench, step: int, start: int) -> tuple[int, int]:
    """Return how many flips were refused, and how many changed nothing that is flashed."""
    file = bench.container("Update", of=content(size=20))
    (good,) = bench.reader.read(file)
    whole = file.read_bytes()
    refused = unchanged = 0
    numbers: set[str] = set()
    for place in range(start, len(whole), step):
        file.write_bytes(
            whole[:place] + bytes([whole[place] ^ FLIPS[place % len(FLIPS)]]) + whole[place + 1 :]
        )
        try:
            (found,) = bench.reader.read(file)
        except ConsoleError as error:
            numbers.add(error.number[:4])
            refused += 1
            continue
        assert found == good
        bench.reader.write_payload(found, bench.folder / "payload")
        assert (bench.folder / "payload").read_bytes() == payload(content(size=20))
        unchanged += 1
    assert numbers <= {"WC-4", "WC-7"}
    return refused, unchanged


def test_flipped_bytes_of_a_container_are_refused_or_change_nothing_that_is_flashed(bench: Bench) -> None:
    """An archive has places that mean nothing here: dates, rights, names of files that are not used."""
    refused, unchanged = flipped_container(bench, SAMPLE, 7)
    assert refused > unchanged


@pytest.mark.soak
@pytest.mark.parametrize("start", range(SAMPLE))
def test_every_flipped_byte_of_a_container(bench: Bench, start: int) -> None:
    refused, _unchanged = flipped_container(bench, SAMPLE, start)
    assert refused

"""The flash files that ship: signed, whole, and fitting the units of the simulated vehicles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.workbench import FLASH_LEVEL, HandDrivenClock, Tester
from workshop_console.console.flash_files.generate import CONTAINERS, FILES, SHIPPED, generate, software
from workshop_console.console.model.flash import FlashFile, FlashStep, Manifest
from workshop_console.console.model.software_block import parse_software_block
from workshop_console.console.settings import Folders
from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.simulation.security import secret_of
from workshop_console.console.wiring import SHIPPED_FLASH_FILES, flash_files

BELOW_S3_MS = 4_000
SUFFIXES = {".hex", ".srec", ".bin", ".pdx"}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[FlashFile, ...]]:
    home = str(tmp_path_factory.mktemp("home"))
    reader = flash_files(Folders.of_user({"WORKSHOP_CONSOLE_HOME": home}))
    files = sorted(file for file in SHIPPED_FLASH_FILES.iterdir() if file.suffix in SUFFIXES)
    return {file.name: tuple(reader.read(file)) for file in files}


def without_key(manifest: Manifest) -> tuple[object, ...]:
    return (
        manifest.unit,
        manifest.hardware,
        manifest.software_from,
        manifest.software,
        manifest.version,
        manifest.needs,
        manifest.segments,
    )


def test_all_are_read_with_the_shipped_key(shipped: dict[str, tuple[FlashFile, ...]]) -> None:
    assert SHIPPED == SHIPPED_FLASH_FILES
    assert len(shipped) == len(FILES) + len(CONTAINERS)
    assert {Path(name).suffix for name in shipped} == SUFFIXES


def test_they_are_what_the_vehicles_of_today_take(shipped: dict[str, tuple[FlashFile, ...]]) -> None:
    """A vehicle that was changed needs new files: python -m workshop_console.console.flash_files.generate."""
    for name, files in shipped.items():
        units = {unit.name: unit for unit in load_vehicle(name.split("-")[0]).units}
        for file in files:
            unit = units[file.manifest.unit]
            back = "as-delivered" in name
            wanted = software(unit, needs=file.manifest.needs, back=back).manifest()
            assert without_key(file.manifest) == without_key(wanted), name
            told = {did.did: did.data.decode() for did in unit.dids if did.did in (0xF188, 0xF191)}
            assert told[0xF191] in file.manifest.hardware
            assert told[0xF188] in file.manifest.software_from
            assert back == (told[0xF188] == file.manifest.software)
            assert len(file.manifest.segments) == len(unit.memory)
            for segment, (address, length) in zip(file.manifest.segments, unit.memory, strict=True):
                assert segment.address == address
                assert segment.length <= length


def test_the_bytes_say_what_the_manifest_says(tmp_path: Path) -> None:
    reader = flash_files(Folders.of_user({"WORKSHOP_CONSOLE_HOME": str(tmp_path)}))
    (file,) = reader.read(SHIPPED_FLASH_FILES / "car-CDI_EngineControl.hex")
    reader.write_payload(file, tmp_path / "payload")
    block = parse_software_block((tmp_path / "payload").read_bytes())
    assert block is not None
    assert (block.software, block.version) == (file.manifest.software, file.manifest.version)


def flash(tester: Tester, unit: UnitDefinition, file: FlashFile, payload: bytes) -> None:
    """Speak the sequence of the standard, as far as this unit wants it."""
    left_out = unit.flash.sequence.leave_out
    tester.ask("1003")
    assert tester.ask("31010203", wait_ms=500) == "7101020300"
    assert tester.ask("1002")[:4] == "5002"
    assert tester.unlock(FLASH_LEVEL, secret_of(unit.name, FLASH_LEVEL)) == "6702"
    if FlashStep.FINGERPRINT not in left_out:
        assert tester.ask("2ef15a26112157530001") == "6ef15a"
    for extra in unit.flash.sequence.add:
        assert tester.ask(extra.request.hex(), wait_ms=BELOW_S3_MS)[:2] == "71"
    if unit.flash.sequence.erase_all:
        assert tester.ask("3101ff00", wait_ms=BELOW_S3_MS) == "7101ff0000"
    for segment in file.manifest.segments:
        area = f"{segment.address:08x}{segment.length:08x}"
        if not unit.flash.sequence.erase_all:
            assert tester.ask("3101ff00" + area, wait_ms=BELOW_S3_MS) == "7101ff0000"
        answer = tester.ask(f"34{segment.data_format:02x}44{area}")
        assert answer[:2] == "74"
        block = int(answer[4:], 16) - 2
        stored = payload[segment.offset : segment.offset + segment.stored]
        for count, start in enumerate(range(0, len(stored), block), start=1):
            request = f"36{count & 0xFF:02x}" + stored[start : start + block].hex()
            assert tester.ask(request, wait_ms=100)[:2] == "76"
        assert tester.ask("37", wait_ms=100) == "77"
        if FlashStep.CHECK_MEMORY not in left_out:
            assert tester.ask(f"31010202{segment.crc32:08x}", wait_ms=BELOW_S3_MS) == "7101020200"
    assert tester.ask("3101ff01", wait_ms=BELOW_S3_MS) == "7101ff0100"
    tester.ask("1101", wait_ms=BELOW_S3_MS)


def test_each_of_them_brings_its_unit_to_the_new_software(
    shipped: dict[str, tuple[FlashFile, ...]], tmp_path: Path
) -> None:
    reader = flash_files(Folders.of_user({"WORKSHOP_CONSOLE_HOME": str(tmp_path)}))
    for name, files in shipped.items():
        units = {unit.name: unit for unit in load_vehicle(name.split("-")[0]).units}
        for file in files:
            unit, clock = units[file.manifest.unit], HandDrivenClock()
            tester = Tester(SimulatedUnit(unit, clock).request, clock)
            reader.write_payload(file, tmp_path / "payload")
            flash(tester, unit, file, (tmp_path / "payload").read_bytes())
            for did, told in (("f188", file.manifest.software), ("f189", file.manifest.version)):
                assert bytes.fromhex(tester.ask("22" + did, wait_ms=100)[6:]).decode() == told, name


def test_a_new_set_has_a_new_key_and_the_private_one_is_nowhere(tmp_path: Path) -> None:
    written = generate(tmp_path / "new")
    assert (tmp_path / "new" / "demonstration.pem").read_bytes() != (
        SHIPPED / "demonstration.pem"
    ).read_bytes()
    for folder in (tmp_path / "new", SHIPPED):
        for file in folder.iterdir():
            if file.is_file():
                assert b"PRIVATE" not in file.read_bytes(), file.name
    again = generate(tmp_path / "new")
    assert again == written
    assert sorted(file for file in (tmp_path / "new").iterdir()) == sorted(written)

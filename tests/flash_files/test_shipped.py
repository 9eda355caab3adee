"""The flash files that ship: signed, whole, and fitting the units of the simulated vehicles."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop_console.console.flash_files.generate import CONTAINERS, FILES, SHIPPED, generate, software
from workshop_console.console.model.flash import FlashFile, Manifest
from workshop_console.console.model.software_block import parse_software_block
from workshop_console.console.settings import Folders
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.wiring import SHIPPED_FLASH_FILES, flash_files

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

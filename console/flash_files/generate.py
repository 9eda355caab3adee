"""Writes the shipped flash files: `python -m workshop_console.console.flash_files.generate`.

Each run makes a new key, signs with it, keeps its public half beside the files and forgets the private one:
so nobody can sign another file that the shipped key would be trusted for.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.flash_files.authoring import (
    FlashContent,
    Part,
    container_session,
    new_key,
    write_flash_file,
    write_public_key,
)
from workshop_console.console.flash_files.canonical import MANIFEST_SUFFIX
from workshop_console.console.flash_files.manifest import FileFormat, to_document
from workshop_console.console.model.software_block import SoftwareBlock
from workshop_console.console.odx.authoring.flash import write_flash_pdx
from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.load import load_vehicle

if TYPE_CHECKING:  # a name in annotations only
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "flash"
"""Where the files and their key stand."""

KEY_FILE = "demonstration.pem"

_SOFTWARE, _VERSION, _HARDWARE = 0xF188, 0xF189, 0xF191
_PART_BYTES = (20 * 1024, 4 * 1024)
"""Of the first area of a unit, and of each further one."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """One file to be written."""

    vehicle: str
    unit: str
    form: FileFormat
    needs: tuple[str, ...] = ()
    back: bool = False
    """The software that the unit left the factory with, so that it can be flashed again."""


FILES = (
    Demonstration(vehicle="car", unit="CDI_EngineControl", form=FileFormat.HEX),
    Demonstration(vehicle="car", unit="CDI_EngineControl", form=FileFormat.HEX, back=True),
    Demonstration(
        vehicle="car", unit="VGS_TransmissionControl", form=FileFormat.SREC, needs=("CDI_EngineControl",)
    ),
    Demonstration(vehicle="car", unit="SAM_FrontSignalModule", form=FileFormat.BINARY),
    Demonstration(vehicle="van", unit="CDI_EngineControl", form=FileFormat.HEX),
    Demonstration(vehicle="van", unit="SAM_SignalModule", form=FileFormat.SREC),
    Demonstration(vehicle="electric", unit="BMS_BatteryManagement", form=FileFormat.HEX),
    Demonstration(
        vehicle="electric",
        unit="INVR_DriveInverterRear",
        form=FileFormat.BINARY,
        needs=("BMS_BatteryManagement",),
    ),
)

CONTAINERS = (
    ("car", "ChassisUpdate", ("ESP_StabilityControl", "IC_InstrumentCluster")),
    ("van", "PowertrainUpdate", ("CDI_EngineControl", "VGS_TransmissionControl")),
    ("electric", "ChassisUpdate", ("ESP_StabilityControl", "CPC_VehicleControl")),
)
"""Vehicle, SHORT-NAME, and the units that have a session each."""

_SUFFIXES = {FileFormat.HEX: ".hex", FileFormat.SREC: ".srec", FileFormat.BINARY: ".bin"}


def generate(folder: Path) -> list[Path]:
    """Write all files, their manifests and the public key into `folder`, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob(f"*{MANIFEST_SUFFIX}"), *folder.glob("*.pdx")):
        old.with_name(old.name.removesuffix(MANIFEST_SUFFIX)).unlink(missing_ok=True)
        old.unlink(missing_ok=True)
    key = new_key()
    write_public_key(key, folder / KEY_FILE)
    written = [folder / KEY_FILE]
    for wanted in FILES:
        name = f"{wanted.vehicle}-{wanted.unit}{'-as-delivered' if wanted.back else ''}"
        file = folder / (name + _SUFFIXES[wanted.form])
        content = software(_unit(wanted.vehicle, wanted.unit), needs=wanted.needs, back=wanted.back)
        write_flash_file(file, content, key, wanted.form)
        written += [file, file.with_name(file.name + MANIFEST_SUFFIX)]
    for vehicle, name, units in CONTAINERS:
        file = folder / f"{vehicle}-{name}.pdx"
        _write_container(file, name, [_unit(vehicle, unit) for unit in units], key)
        written.append(file)
    return written


def software(unit: UnitDefinition, *, needs: tuple[str, ...] = (), back: bool = False) -> FlashContent:
    """Return software for a simulated unit: a newer one than it was delivered with, or that one again.

    Both replace each other. The bytes follow from unit and number, so each run gives the same.
    """
    told = {
        did.did: did.data.decode("ascii") for did in unit.dids if did.did in (_SOFTWARE, _VERSION, _HARDWARE)
    }
    year, rest = told[_VERSION].split("/", 1)
    newer, version = str(int(told[_SOFTWARE]) + 100), f"{int(year) + 1:02}/{rest}"
    number = told[_SOFTWARE] if back else newer
    block = SoftwareBlock(
        software=number, version=told[_VERSION] if back else version, hardware=told[_HARDWARE]
    )
    parts = [
        Part(
            name="Application" if index == 0 else f"Data{index}",
            address=address,
            content=block.encode() + _filling(f"{unit.name} {number} {index}", _PART_BYTES[min(index, 1)]),
            compressed=index > 0 and unit.flash.compression,
        )
        for index, (address, _length) in enumerate(unit.memory)
    ]
    return FlashContent(
        unit=unit.name,
        hardware=(told[_HARDWARE],),
        software_from=(told[_SOFTWARE], newer),
        software=number,
        version=block.version,
        parts=tuple(parts),
        needs=needs,
    )


def _write_container(file: Path, name: str, units: Sequence[UnitDefinition], key: Ed25519PrivateKey) -> None:
    sessions = []
    for unit in units:
        content = software(unit)
        signed = container_session(content, f"{unit.name}_Update", key)
        sessions.append((to_document(signed), [part.stored for part in content.parts]))
    write_flash_pdx(file, name, sessions)


def _unit(vehicle: str, name: str) -> UnitDefinition:
    return next(unit for unit in load_vehicle(vehicle).units if unit.name == name)


def _filling(seed: str, size: int) -> bytes:
    """Return bytes that look like a program: half of them follow from `seed`, half are blank."""
    random = hashlib.shake_256(seed.encode("ascii")).digest(size // 2)
    return b"".join(random[at : at + 48] + b"\xff" * 48 for at in range(0, len(random), 48))[:size]


if __name__ == "__main__":
    for path in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED):
        print(path.name, path.stat().st_size)

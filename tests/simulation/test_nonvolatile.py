"""What units keep when the simulation ends, however it ends; values set before it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.workbench import (
    OLD_SOFTWARE,
    HandDrivenClock,
    Tester,
    make_unit,
    make_vehicle,
    running,
    wait_until,
)
from workshop_console.console.errors import ConsoleError
from workshop_console.console.simulation.changes import changed
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.simulation.nonvolatile import NonVolatileFile, NonVolatileFolder

ERASED = {"valid": False, "fingerprint": "", "opened": [[0x8000, 0x1000]], "written": [], "blocks": ["ff"]}


def test_unit_in_its_boot_loader_is_found_there_again_and_as_delivered_on_wish(tmp_path: Path) -> None:
    folder = tmp_path / "simulated" / "car"
    NonVolatileFolder(folder).unit("ME_Engine").save(ERASED)

    def unit() -> SimulatedUnit:
        return SimulatedUnit(make_unit(), HandDrivenClock(), kept=NonVolatileFolder(folder).unit("ME_Engine"))

    assert unit().boot_loader
    with running(make_vehicle(), nonvolatile=folder):
        assert unit().boot_loader
    with running(make_vehicle(), nonvolatile=folder, as_delivered=True):
        assert not unit().boot_loader
        clock = HandDrivenClock()
        tester = Tester(unit().request, clock)
        assert tester.ask("22f188") == "62f188" + OLD_SOFTWARE.encode().hex()


WRITER = """
import sys
from pathlib import Path
from workshop_console.console.simulation.nonvolatile import NonVolatileFile
file = NonVolatileFile(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    file.save({"number": number, "filler": "x" * 20000, "again": number})
    if number == 1:
        print("begun", flush=True)
"""


def test_kill_leaves_the_content_before_or_after(tmp_path: Path) -> None:
    file = tmp_path / "unit.json"
    seen = set()
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        wait_until(lambda: json.loads(file.read_text())["number"] > 50)
        process.kill()
        process.wait()
        process.stdout.close()
        content = NonVolatileFile(file).load()
        assert content is not None
        assert content["number"] == content["again"] > 50
        seen.add(content["number"])
    assert seen


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00\xff"])
def test_file_that_cannot_be_read_means_nothing_was_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "unit.json"
    file.write_text(content)
    assert NonVolatileFile(file).load() is None


def test_folder_that_cannot_be_made_is_a_numbered_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConsoleError) as caught:
        NonVolatileFolder(tmp_path / "file" / "folder")
    assert caught.value.number == "WC-107"


def test_disk_that_takes_nothing_leaves_what_was_kept(tmp_path: Path) -> None:
    file = NonVolatileFile(tmp_path / "gone" / "unit.json")
    file.save({"number": 1})
    assert file.load() is None


def value(vehicle: str, unit_name: str, did: int, *settings: str) -> bytes:
    unit = next(unit for unit in changed(load_vehicle(vehicle), settings).units if unit.name == unit_name)
    clock = HandDrivenClock()
    return bytes.fromhex(Tester(SimulatedUnit(unit, clock).request, clock).ask(f"22{did:04x}"))[3:]


def test_values_are_set_in_all_units_or_in_one() -> None:
    assert value("car", "CGW_CentralGateway", 0x0101, "battery=11.8") == bytes([118])
    assert value("car", "IC_InstrumentCluster", 0x0101, "battery=11.8") == bytes([118])
    assert value("car", "IC_InstrumentCluster", 0x0105, "charger=no") == b"\0"
    one = "IC_InstrumentCluster.BatteryVoltage=9"
    assert value("car", "IC_InstrumentCluster", 0x0101, one) == bytes([90])
    assert value("car", "ESP_StabilityControl", 0x0103, one, "VehicleSpeed=7") == b"\x07"
    assert value("car", "ESP_StabilityControl", 0x0103, "VehicleSpeed=0") == b"\0"


@pytest.mark.parametrize(
    "setting", ["battery", "battery=low", "Nothing=3", "XY.BatteryVoltage=12", "charger=perhaps", "=", ""]
)
def test_setting_that_fits_nothing_is_refused(setting: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        changed(load_vehicle("car"), [setting])
    assert caught.value.number == "WC-103"

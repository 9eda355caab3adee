"""A simulation that is killed in the middle of a download, and started again: with real processes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests.links.waiting import ask
from tests.simulation.workbench import software_bytes, wait_until
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.ports import VehicleLink
from workshop_console.console.simulation.load import load_vehicle
from workshop_console.console.simulation.security import key_of, secret_of

UNIT = next(unit for unit in load_vehicle("car").units if unit.name == "CDI_EngineControl")
OLD = next(did.data for did in UNIT.dids if did.did == 0xF188)
NEW = b"2069999999"


@contextlib.contextmanager
def simulated(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], VehicleLink]]:
    """Run the car as a program of its own."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "workshop_console.console", "simulate"),
            *("--doip", "127.0.0.1:0", "--ready-json", "--with-parent", *arguments),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        try:
            host, port = json.loads(process.stdout.readline())["doip"]
            link = open_link(f"doip://{host}:{port}")
            try:
                yield process, link
            finally:
                link.close()
        finally:
            process.kill()
            process.wait()


def told(link: VehicleLink, request: str, echo_bytes: int = 1) -> bytes:
    timing = Timing(p2_ms=3_000)
    return ask(
        link, DoipAddress(0x1001), bytes.fromhex(request), echo_bytes=echo_bytes, timing=timing
    ).payload


def begin(link: VehicleLink) -> None:
    """Bring the unit to where it can be erased."""
    for request in ("1003", "31010203", "1002"):
        assert told(link, request)[0] == int(request[:2], 16) + 0x40
    seed = told(link, "2701")[2:]
    assert told(link, "2702" + key_of(seed, secret_of(UNIT.name, 1), 1).hex()) == b"\x67\x02"
    assert told(link, "2ef15a26112100570001", 2) == b"\x6e\xf1\x5a"


def download(link: VehicleLink, address: int, data: bytes) -> None:
    assert told(link, f"3101ff00{address:08x}{len(data):08x}", 3).hex() == "7101ff0000"
    assert told(link, f"340044{address:08x}{len(data):08x}", 0).hex() == "74200fff"
    assert told(link, "3601" + data.hex()).hex() == "7601"


def is_boot_loader(link: VehicleLink) -> bool:
    return told(link, "22f188", 2) == b"\x7f\x22\x31" and told(link, "22f180", 2)[:3] == b"\x62\xf1\x80"


def test_unit_is_found_in_its_boot_loader_and_takes_the_new_software(tmp_path: Path) -> None:
    data = software_bytes(2_000, software=NEW.decode())
    folder = ("--nonvolatile", str(tmp_path / "car"))
    with simulated(*folder) as (process, link):
        assert told(link, "22f188", 2)[3:] == OLD
        begin(link)
        download(link, UNIT.memory[0][0], data)
        process.kill()
        process.wait()
    with simulated(*folder) as (_, link):
        assert is_boot_loader(link)
        begin(link)
        for address, _size in UNIT.memory:
            download(link, address, data)
            assert told(link, "37", 0) == b"\x77"
            assert told(link, f"31010202{zlib.crc32(data):08x}", 3).hex() == "7101020200"
        assert told(link, "3101ff01", 3).hex() == "7101ff0100"
        assert told(link, "1101") == b"\x51\x01"
        assert wait_until(lambda: told(link, "22f188", 2)[3:] == NEW, 10)
    with simulated(*folder) as (_, link):
        assert told(link, "22f188", 2)[3:] == NEW
    with simulated(*folder, "--as-delivered") as (_, link):
        assert told(link, "22f188", 2)[3:] == OLD


def test_fault_and_value_are_set_from_outside() -> None:
    arguments = ("--fault", "at:CDI_EngineControl:1003:22", "--set", "battery=11.2", "--set", "charger=no")
    with simulated(*arguments) as (_, link):
        assert told(link, "1003").hex() == "7f1022"
        assert told(link, "1003")[:2] == b"\x50\x03"
        assert told(link, "220101", 2)[3:] == bytes([112])
        assert told(link, "220105", 2)[3:] == b"\0"

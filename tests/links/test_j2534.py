"""PassThru devices: a small library of the 04.04 API with a control unit inside, compiled by the test."""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.links.waiting import ask, until
from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.j2534.devices import installed_devices
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.exchange import Outcome, SilentReason
from workshop_console.console.model.vehicle import LinkKind

UNIT = CanAddress(0x7E0, 0x7E8)
READ_VIN = b"\x22\xf1\x90"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None or sys.platform == "win32":
        pytest.skip("needs a C compiler to build the library that it tests against")
    file = tmp_path_factory.mktemp("passthru") / "libpassthru.so"
    source = Path(__file__).with_name("passthru_library.c")
    subprocess.run([COMPILER, "-shared", "-fPIC", "-pthread", "-o", file, source], check=True)
    return file


def open_handles(library: Path) -> int:
    return int(ctypes.CDLL(str(library)).test_open_handles())


def test_unit_behind_the_device_answers(library: Path) -> None:
    link = open_link(f"j2534://{library}")
    exchange = ask(link, UNIT, READ_VIN, echo_bytes=2)
    assert exchange.payload == b"\x62\xf1\x90WDD0000001A000001"
    assert ask(link, UNIT, b"\x22\xf1\x91", echo_bytes=2).nrc == 0x31
    assert link.kind is LinkKind.J2534
    link.close()
    assert open_handles(library) == 0


def test_identifiers_of_29_bits(library: Path) -> None:
    link = open_link(f"j2534://{library}?bitrate=250000")
    exchange = ask(link, CanAddress(0x18DA10F1, 0x18DAF110, extended=True), READ_VIN, echo_bytes=2)
    assert exchange.positive
    link.close()


def test_battery_voltage_is_read(library: Path) -> None:
    link = open_link(f"j2534://{library}")
    assert link.identity().voltage_v == pytest.approx(12.48)
    link.close()


def test_silent_unit_is_told(library: Path) -> None:
    link = open_link(f"j2534://{library}")
    assert ask(link, CanAddress(0x7E1, 0x7E9), READ_VIN).reason is SilentReason.NO_ANSWER
    link.close()


def test_unplugged_device_loses_the_link(library: Path) -> None:
    link = open_link(f"j2534://{library}")
    assert ask(link, CanAddress(0x666, 0x667), READ_VIN).outcome is Outcome.LINK_LOST
    until(lambda: link.lost, "loss")
    link.close()


def test_device_in_use_elsewhere(library: Path) -> None:
    with pytest.raises(ConsoleError) as caught:
        open_link(f"j2534://{library}?device=busy")
    assert caught.value.number == "WC-213"


@pytest.mark.parametrize(
    ("query", "number", "code"),
    [("device=broken", "WC-209", "ERR_FAILED"), ("bitrate=83333", "WC-209", "ERR_INVALID_BAUDRATE")],
)
def test_what_the_device_reports_is_told(library: Path, query: str, number: str, code: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        open_link(f"j2534://{library}?{query}")
    assert (caught.value.number, caught.value.facts["code"]) == (number, code)
    assert "luck" in str(caught.value.facts["detail"])
    assert "\x1b" not in str(caught.value.facts["detail"])
    assert open_handles(library) == 0


def test_wrong_bit_rate_is_a_wrong_address(library: Path) -> None:
    with pytest.raises(ConsoleError) as caught:
        open_link(f"j2534://{library}?bitrate=1")
    assert caught.value.number == "WC-200"


def test_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    text = tmp_path / "not-a-library.so"
    text.write_text("text")
    for file in (tmp_path / "missing.so", text):
        with pytest.raises(ConsoleError) as caught:
            open_link(f"j2534://{file}")
        assert caught.value.number == "WC-205"


def test_library_of_something_else_lacks_the_functions() -> None:
    name = ctypes.util.find_library("c")
    with pytest.raises(ConsoleError) as caught:
        open_link(f"j2534://{name or 'libc.so.6'}")
    assert caught.value.number == "WC-205"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows may have devices")
def test_no_devices_are_installed_outside_windows() -> None:
    assert installed_devices() == {}

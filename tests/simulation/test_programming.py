"""Erase, download, check: the memory of a unit."""

from __future__ import annotations

import zlib

import pytest

from tests.simulation.workbench import FLASH_LEVEL, SEGMENT, HandDrivenClock, Tester, make_tester, make_unit
from workshop_console.console.simulation.ecu.memory import SparseMemory
from workshop_console.console.simulation.ecu.unit import SimulatedUnit

ERASE_ALL = "3101ff00" + f"{SEGMENT[0]:08x}{SEGMENT[1]:08x}"
DATA = bytes(range(256)) * 3


def programming() -> Tester:
    tester = make_tester()
    tester.ask("1002")
    assert tester.unlock(FLASH_LEVEL) == "6702"
    return tester


def erased() -> Tester:
    tester = programming()
    assert tester.ask(ERASE_ALL, wait_ms=2_000) == "7101ff0000"
    return tester


def downloading(size: int = len(DATA)) -> Tester:
    tester = erased()
    assert tester.ask(f"340044{SEGMENT[0]:08x}{size:08x}") == "74200fff"
    return tester


def test_download_in_blocks_is_found_whole() -> None:
    tester = downloading()
    for counter, start in enumerate(range(0, len(DATA), 100), start=1):
        assert tester.ask(f"36{counter:02x}" + DATA[start : start + 100].hex()) == f"76{counter:02x}"
    assert tester.ask("37") == "77"
    assert tester.ask(f"31010202{zlib.crc32(DATA):08x}") == "7101020200"
    assert tester.ask("3101ff01") == "7101ff0100"


def test_wrong_checksum_leaves_the_application_invalid() -> None:
    tester = downloading()
    tester.ask("3601" + DATA.hex())
    tester.ask("37")
    assert tester.ask("31010202deadbeef") == "7101020201"
    assert tester.ask("3101ff01") == "7101ff0101"


def test_application_is_invalid_from_the_erase_until_the_check() -> None:
    tester = programming()
    assert tester.ask("3101ff01") == "7101ff0100"
    tester.ask(ERASE_ALL, wait_ms=2_000)
    assert tester.ask("3101ff01") == "7101ff0101"


def test_the_same_block_again_is_taken_and_not_written_twice() -> None:
    tester = downloading()
    for _ in range(3):
        assert tester.ask("3601" + DATA[:400].hex()) == "7601"
    assert tester.ask("3602" + DATA[400:].hex()) == "7602"
    assert tester.ask("3602" + DATA[400:].hex()) == "7602"
    assert tester.ask("37") == "77"
    assert tester.ask(f"31010202{zlib.crc32(DATA):08x}") == "7101020200"


def test_block_counter_wraps_to_zero() -> None:
    tester = downloading(300)
    for block in range(300):
        assert tester.ask(f"36{(block + 1) % 256:02x}55") == f"76{(block + 1) % 256:02x}"
    assert tester.ask("37") == "77"


REFUSALS = {
    "first block is not 1": ("360255", "7f3673"),
    "block without data": ("3601", "7f3613"),
    "more than was announced": ("3601" + "55" * (len(DATA) + 1), "7f3671"),
    "second download": (f"340044{SEGMENT[0]:08x}00000010", "7f3422"),
    "exit too early": ("37", "7f3724"),
    "exit with data": ("3700", "7f3713"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_transfer_is_refused(case: str) -> None:
    request, expected = REFUSALS[case]
    assert downloading().ask(request) == expected


def test_a_block_is_refused_after_the_last() -> None:
    tester = downloading(4)
    tester.ask("360101020304")
    assert tester.ask("360205") == "7f3624"


def test_a_wrong_counter_is_refused_and_the_right_one_still_taken() -> None:
    tester = downloading()
    tester.ask("3601" + DATA[:10].hex())
    assert tester.ask("3603" + DATA[10:20].hex()) == "7f3673"
    assert tester.ask("3602" + DATA[10:20].hex()) == "7602"


DOWNLOAD_REFUSALS = {
    "too short": ("34004400", "7f3413"),
    "compressed": (f"341144{SEGMENT[0]:08x}00000010", "7f3431"),
    "no address": ("340040" + "00" * 4, "7f3431"),
    "not memory": ("3400440000000000000010", "7f3431"),
    "beyond the end": (f"340044{SEGMENT[0]:08x}{SEGMENT[1] + 1:08x}", "7f3431"),
    "nothing": (f"340044{SEGMENT[0]:08x}00000000", "7f3431"),
    "length does not fit the format": (f"340044{SEGMENT[0]:08x}000010", "7f3413"),
}


@pytest.mark.parametrize("case", DOWNLOAD_REFUSALS)
def test_download_is_refused(case: str) -> None:
    request, expected = DOWNLOAD_REFUSALS[case]
    assert erased().ask(request) == expected


def test_download_needs_the_key_and_an_erased_area() -> None:
    tester = make_tester()
    tester.ask("1002")
    assert tester.ask(f"340044{SEGMENT[0]:08x}00000010") == "7f3433"
    tester.unlock(FLASH_LEVEL)
    assert tester.ask(f"340044{SEGMENT[0]:08x}00000010") == "7f3470"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("", "7101ff0000"),
        ("44" + f"{SEGMENT[0]:08x}{SEGMENT[1]:08x}", "7101ff0000"),
        ("22" + f"{SEGMENT[0]:04x}{SEGMENT[1]:04x}", "7101ff0000"),
        (f"{SEGMENT[0]:08x}{SEGMENT[1] + 1:08x}", "7f3131"),
        ("44" + f"{SEGMENT[0]:08x}", "7f3113"),
    ],
)
def test_erase_takes_several_forms_of_option(option: str, expected: str) -> None:
    tester = programming()
    assert tester.ask("3101ff00" + option, wait_ms=2_000) == expected


def test_a_session_change_abandons_the_download() -> None:
    tester = downloading()
    tester.ask("1002")
    assert tester.ask("3601" + DATA[:10].hex()) == "7f3624"


def test_a_reset_in_the_middle_of_an_erase_leaves_the_memory_as_it_was() -> None:
    clock = HandDrivenClock()
    unit = SimulatedUnit(make_unit(), clock)
    tester = Tester(unit.request, clock)
    tester.ask("1002")
    tester.unlock(FLASH_LEVEL)
    assert tester.ask(ERASE_ALL, wait_ms=100) == "7f3178"
    unit.reset(500)
    assert tester.ask("3e00", wait_ms=5_000) == ""
    assert tester.ask("3e00") == "7e00"
    assert unit.memory.application_valid


def test_sparse_memory_reads_what_was_written_across_pages() -> None:
    memory = SparseMemory(((0x1000, 0x4000),))
    memory.erase(0x1800, 0x2000)
    assert memory.is_erased(0x1800, 0x2000)
    assert not memory.is_erased(0x1800, 0x2001)
    memory.write(0x1FF0, b"\x01" * 0x20)
    assert memory.read(0x1FEF, 0x22) == b"\xff" + b"\x01" * 0x20 + b"\xff"
    assert not memory.is_erased(0x1FF0, 1)
    assert memory.is_erased(0x1800, 0x7F0)
    memory.erase(0x1FF8, 0x10)
    assert memory.read(0x1FF0, 0x20) == b"\x01" * 8 + b"\xff" * 0x10 + b"\x01" * 8
    memory.erase(0x1000, 0x4000)
    assert memory.is_erased(0x1000, 0x4000)
    assert set(memory.read(0x1000, 0x4000)) == {0xFF}

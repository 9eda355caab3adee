"""Erase, download, check: the memory of a unit, and what it is without an application."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest

from tests.simulation.workbench import (
    FLASH_LEVEL,
    HARDWARE,
    NEW_SOFTWARE,
    NEW_VERSION,
    OLD_SOFTWARE,
    SEGMENT,
    HandDrivenClock,
    Tester,
    make_tester,
    make_unit,
    software_bytes,
)
from workshop_console.console.model.flash import ExtraStep, FlashSequence, FlashStep
from workshop_console.console.simulation.definition import FlashDefinition, RoutineDefinition, UnitDefinition
from workshop_console.console.simulation.ecu.memory import SparseMemory
from workshop_console.console.simulation.ecu.software import NonVolatile
from workshop_console.console.simulation.ecu.unit import SimulatedUnit

ERASE_ALL = "3101ff00" + f"{SEGMENT[0]:08x}{SEGMENT[1]:08x}"
FINGERPRINT = "2ef15a261121" + "57530001"
DATA = software_bytes(768)


def with_sequence(sequence: FlashSequence, **changes: object) -> UnitDefinition:
    """Return the unit of the workbench with another sequence."""
    return make_unit(flash=FlashDefinition(sequence=sequence), **changes)


def prepared(tester: Tester | None = None) -> Tester:
    """Return a tester of a unit in its programming session, unlocked."""
    tester = tester or make_tester()
    assert tester.ask("1003")[:4] == "5003"
    assert tester.ask("31010203") == "7101020300"
    assert tester.ask("1002")[:4] == "5002"
    assert tester.unlock(FLASH_LEVEL) == "6702"
    return tester


def programming(tester: Tester | None = None) -> Tester:
    tester = prepared(tester)
    assert tester.ask(FINGERPRINT) == "6ef15a"
    return tester


def erased(tester: Tester | None = None) -> Tester:
    tester = programming(tester)
    assert tester.ask(ERASE_ALL, wait_ms=2_000) == "7101ff0000"
    return tester


def downloading(size: int = len(DATA), tester: Tester | None = None) -> Tester:
    tester = erased(tester)
    assert tester.ask(f"340044{SEGMENT[0]:08x}{size:08x}") == "74200fff"
    return tester


def downloaded(data: bytes = DATA, tester: Tester | None = None) -> Tester:
    tester = downloading(len(data), tester)
    assert tester.ask("3601" + data.hex()) == "7601"
    assert tester.ask("37") == "77"
    return tester


def programmed(data: bytes = DATA, tester: Tester | None = None) -> Tester:
    tester = downloaded(data, tester)
    assert tester.ask(f"31010202{zlib.crc32(data):08x}") == "7101020200"
    assert tester.ask("3101ff01") == "7101ff0100"
    return tester


def read(tester: Tester, did: str) -> str:
    """Return a record as text, or the refusal in hexadecimal."""
    answer = tester.ask("22" + did)
    return bytes.fromhex(answer[6:]).decode() if answer[:2] == "62" else answer


def test_download_in_blocks_is_found_whole_and_is_the_new_software_after_a_reset() -> None:
    tester = downloading()
    assert read(tester, "f188") == "7f2231"
    for counter, start in enumerate(range(0, len(DATA), 100), start=1):
        assert tester.ask(f"36{counter:02x}" + DATA[start : start + 100].hex()) == f"76{counter:02x}"
    assert tester.ask("37") == "77"
    assert tester.ask(f"31010202{zlib.crc32(DATA):08x}") == "7101020200"
    assert tester.ask("3101ff01") == "7101ff0100"
    assert tester.ask("1101", wait_ms=1_000) == "5101"
    assert read(tester, "f188") == NEW_SOFTWARE
    assert read(tester, "f189") == NEW_VERSION
    assert read(tester, "f191") == HARDWARE
    assert read(tester, "f180") == "7f2231"


def test_compressed_download_is_unpacked() -> None:
    tester = erased()
    packed = zlib.compress(DATA)
    assert tester.ask(f"341044{SEGMENT[0]:08x}{len(DATA):08x}") == "74200fff"
    middle = len(packed) // 2
    assert tester.ask("3601" + packed[:middle].hex()) == "7601"
    assert tester.ask("37") == "7f3724"
    assert tester.ask("3601" + packed[:middle].hex()) == "7601"
    assert tester.ask("3602" + packed[middle:].hex()) == "7602"
    assert tester.ask("37") == "77"
    assert tester.ask(f"31010202{zlib.crc32(DATA):08x}") == "7101020200"
    assert tester.ask("3101ff01") == "7101ff0100"


def test_what_cannot_be_unpacked_and_what_unpacks_to_too_much_is_refused() -> None:
    tester = erased()
    tester.ask(f"341044{SEGMENT[0]:08x}00000100")
    assert tester.ask("3601" + bytes(64).hex()) == "7f3672"
    tester = erased()
    tester.ask(f"341044{SEGMENT[0]:08x}00000100")
    assert tester.ask("3601" + zlib.compress(bytes(0x101)).hex()) == "7f3671"


def test_wrong_checksum_leaves_the_application_invalid() -> None:
    tester = downloaded()
    assert tester.ask("31010202deadbeef") == "7101020201"
    assert tester.ask("3101ff01") == "7101ff0101"
    assert tester.ask(f"31010202{SEGMENT[0]:08x}{len(DATA):08x}{zlib.crc32(DATA):08x}") == "7101020200"
    assert tester.ask("3101ff01") == "7101ff0100"


def test_dependencies_are_not_good_without_the_check_of_the_memory() -> None:
    assert downloaded().ask("3101ff01") == "7101ff0101"
    leaves_out = with_sequence(FlashSequence(leave_out=(FlashStep.CHECK_MEMORY,)))
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(leaves_out, clock).request, clock)
    assert downloaded(tester=tester).ask("3101ff01") == "7101ff0100"


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (bytes(768), "02"),
        (software_bytes(768, hardware="0000000001"), "03"),
        (software_bytes(768, hardware=HARDWARE), "00"),
    ],
)
def test_software_that_is_none_or_for_other_hardware_never_becomes_valid(content: bytes, result: str) -> None:
    tester = downloaded(content)
    assert tester.ask(f"31010202{zlib.crc32(content):08x}") == "7101020200"
    assert tester.ask("3101ff01") == "7101ff01" + result


def test_application_is_invalid_from_the_erase_until_the_check() -> None:
    tester = programming()
    assert tester.ask("3101ff01") == "7101ff0100"
    tester.ask(ERASE_ALL, wait_ms=2_000)
    assert tester.ask("3101ff01") == "7101ff0101"


def test_part_of_what_was_erased_is_not_enough() -> None:
    clock = HandDrivenClock()
    unit = SimulatedUnit(make_unit(memory=(SEGMENT, (0x10000, 0x1000))), clock)
    tester = programming(Tester(unit.request, clock))
    for address in (SEGMENT[0], 0x10000):
        assert tester.ask(f"3101ff0044{address:08x}00000300", wait_ms=2_000) == "7101ff0000"
    for address, expected in ((SEGMENT[0], "01"), (0x10000, "00")):
        assert tester.ask(f"340044{address:08x}{len(DATA):08x}") == "74200fff"
        tester.ask("3601" + DATA.hex())
        tester.ask("37")
        assert tester.ask(f"31010202{zlib.crc32(DATA):08x}") == "7101020200"
        assert tester.ask("3101ff01") == "7101ff01" + expected


def test_areas_of_different_software_do_not_belong_together() -> None:
    clock = HandDrivenClock()
    unit = SimulatedUnit(make_unit(memory=(SEGMENT, (0x10000, 0x1000))), clock)
    tester = Tester(unit.request, clock)
    downloaded(tester=tester)
    tester.ask(f"31010202{zlib.crc32(DATA):08x}")
    assert tester.ask("3101ff01") == "7101ff0102"


# -- without an application -------------------------------------------------------------------------------


def test_unit_without_application_is_its_boot_loader_in_every_session() -> None:
    tester = erased()
    for request in ("1001", "1003"):
        assert tester.ask(request)[:2] == "50"
        assert read(tester, "f180") == "BOOT"
        assert tester.ask("22f100") == "62f10000ffff02"
        assert tester.ask("22f186") == f"62f186{request[2:]}"
        assert read(tester, "f191") == HARDWARE
        for request_of_application in ("22f188", "22f189", "22f190", "220200", "2e030055"):
            assert tester.ask(request_of_application) == f"7f{request_of_application[:2]}31"
        assert tester.ask("1902ff") == "7f1911"
        assert tester.ask("14ffffff") == "7f1411"
        assert tester.ask("2f050003") == "7f2f11"
        assert tester.ask("3101030100") in ("7f3131", "7f317f")


def test_boot_loader_survives_resets_and_can_be_programmed_again() -> None:
    tester = erased()
    for reset in ("1101", "1102", "1103"):
        assert tester.ask(reset, wait_ms=1_000) == f"51{reset[2:]}"
        assert read(tester, "f180") == "BOOT"
    programmed(tester=tester)
    tester.ask("1101", wait_ms=1_000)
    assert read(tester, "f188") == NEW_SOFTWARE


def test_programming_session_is_the_boot_loader_and_leaving_it_starts_the_application() -> None:
    tester = prepared()
    assert read(tester, "f180") == "BOOT"
    assert read(tester, "f188") == "7f2231"
    tester.clock.pass_ms(5_100)
    assert tester.ask("22f186") == "62f18601"
    assert read(tester, "f188") == OLD_SOFTWARE


def test_a_session_that_lapses_loses_the_download_and_the_application() -> None:
    tester = downloading()
    tester.ask("3601" + DATA[:400].hex())
    tester.clock.pass_ms(5_100)
    assert tester.ask("3602" + DATA[400:].hex()) == "7f367f"
    assert read(tester, "f180") == "BOOT"


class Kept:
    """What outlives the supply, in the hands of a test."""

    def __init__(self) -> None:
        self.content: dict[str, object] | None = None

    def load(self) -> dict[str, object] | None:
        return self.content

    def save(self, content: object) -> None:
        assert isinstance(content, dict)
        self.content = content


def started(kept: NonVolatile) -> tuple[Tester, SimulatedUnit]:
    clock = HandDrivenClock()
    unit = SimulatedUnit(make_unit(), clock, kept=kept)
    return Tester(unit.request, clock), unit


def test_power_cut_at_any_request_leaves_the_old_the_new_or_the_boot_loader() -> None:
    requests = [
        ("1003", 0),
        ("31010203", 0),
        ("1002", 0),
        ("unlock", 0),
        (FINGERPRINT, 0),
        (ERASE_ALL, 100),
        ("", 2_000),
        (f"340044{SEGMENT[0]:08x}{len(DATA):08x}", 0),
        ("3601" + DATA[:400].hex(), 0),
        ("3602" + DATA[400:].hex(), 0),
        ("37", 0),
        (f"31010202{zlib.crc32(DATA):08x}", 0),
        ("3101ff01", 0),
    ]
    found = []
    for count in range(len(requests) + 1):
        kept = Kept()
        tester, _ = started(kept)
        for request, wait_ms in requests[:count]:
            if request == "unlock":
                tester.unlock(FLASH_LEVEL)
            elif request:
                tester.ask(request, wait_ms=wait_ms)
            else:
                tester.clock.pass_ms(wait_ms)
        tester, unit = started(kept)
        software = read(tester, "f188")
        found.append("boot" if unit.boot_loader else software)
        programmed(tester=tester)
        tester.ask("1101", wait_ms=1_000)
        assert read(tester, "f188") == NEW_SOFTWARE
    assert found == [OLD_SOFTWARE] * 6 + ["boot"] * 7 + [NEW_SOFTWARE]


@pytest.mark.parametrize("content", [{}, {"blocks": 7}, {"valid": True, "blocks": ["zz"]}])
def test_spoiled_memory_file_means_as_delivered(content: dict[str, object]) -> None:
    kept = Kept()
    kept.content = content
    tester, _ = started(kept)
    assert read(tester, "f188") == OLD_SOFTWARE


def test_fingerprint_outlives_the_supply() -> None:
    kept = Kept()
    tester, _ = started(kept)
    assert tester.ask("22f15a") == "7f2231"
    programming(tester)
    tester, _ = started(kept)
    assert tester.ask("22f15a") == "62f15a" + FINGERPRINT[6:]


# -- what the sequence asks for ---------------------------------------------------------------------------


def test_programming_session_comes_from_the_extended_one_with_conditions_checked() -> None:
    tester = make_tester()
    assert tester.ask("1002") == "7f107e"
    tester.ask("1003")
    assert tester.ask("1002") == "7f1022"
    assert tester.ask("31010203") == "7101020300"
    assert tester.ask("1002")[:4] == "5002"
    assert tester.ask("1002")[:4] == "5002"


def test_erase_wants_the_key_and_the_fingerprint() -> None:
    tester = make_tester()
    for request in ("1003", "31010203", "1002"):
        tester.ask(request)
    assert tester.ask(FINGERPRINT) == "7f2e33"
    assert tester.ask(ERASE_ALL) == "7f3133"
    tester.unlock(FLASH_LEVEL)
    assert tester.ask(ERASE_ALL) == "7f3124"
    assert tester.ask("2ef15a55") == "7f2e13"
    assert tester.ask(FINGERPRINT) == "6ef15a"
    assert tester.ask(ERASE_ALL, wait_ms=2_000) == "7101ff0000"


def test_fingerprint_is_written_only_while_programming() -> None:
    tester = make_tester()
    tester.ask("1003")
    assert tester.ask(FINGERPRINT) == "7f2e31"


def test_steps_that_are_left_out_are_not_missed() -> None:
    left_out = (
        FlashStep.EXTENDED_SESSION,
        FlashStep.CHECK_CONDITIONS,
        FlashStep.FINGERPRINT,
        FlashStep.SECURITY_ACCESS,
    )
    unit = with_sequence(FlashSequence(leave_out=left_out))
    routines = tuple(replace(routine, security_level=0) for routine in unit.routines)
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(replace(unit, routines=routines), clock).request, clock)
    assert tester.ask("1002")[:4] == "5002"
    assert tester.ask(ERASE_ALL, wait_ms=2_000) == "7101ff0000"
    assert tester.ask(f"340044{SEGMENT[0]:08x}00000010") == "74200fff"


def test_a_further_step_is_asked_for_before_the_erase() -> None:
    request = bytes.fromhex("31010f01")
    extra = ExtraStep(after=FlashStep.FINGERPRINT, label="Release", request=request)
    unit = with_sequence(FlashSequence(add=(extra,)))
    release = RoutineDefinition(rid=0x0F01, name="Release", label="Release", sessions=(0x02,))
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(replace(unit, routines=(*unit.routines, release)), clock).request, clock)
    programming(tester)
    assert tester.ask(ERASE_ALL) == "7f3124"
    assert tester.ask("31010f01") == "71010f0100"
    assert tester.ask(ERASE_ALL, wait_ms=2_000) == "7101ff0000"


def test_unit_that_erases_everything_takes_no_area() -> None:
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(with_sequence(FlashSequence(erase_all=True)), clock).request, clock)
    programming(tester)
    assert tester.ask(ERASE_ALL) == "7f3113"
    assert tester.ask("3101ff00", wait_ms=2_000) == "7101ff0000"


def test_erase_of_a_part_takes_its_share_of_the_time() -> None:
    clock = HandDrivenClock()
    unit = make_unit(flash=FlashDefinition(erase_ms=8_000))
    tester = programming(Tester(SimulatedUnit(unit, clock).request, clock))
    began = clock.now()
    assert tester.ask(f"3101ff00{SEGMENT[0]:08x}{SEGMENT[1] // 2:08x}", wait_ms=6_000) == "7101ff0000"
    assert tester.times_ms[-1] / 1000 - began == pytest.approx(4.0)
    assert tester.heard[0].hex() == "7f3178"


# -- transfer ---------------------------------------------------------------------------------------------


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
    "check while it runs": ("3101020200000000", "7f3124"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_transfer_is_refused(case: str) -> None:
    request, expected = REFUSALS[case]
    assert downloading().ask(request) == expected


def test_a_block_is_refused_after_the_last() -> None:
    tester = downloading(4)
    tester.ask("360101020304")
    assert tester.ask("360205") == "7f3624"


def test_a_block_longer_than_announced_is_refused() -> None:
    clock = HandDrivenClock()
    unit = make_unit(flash=FlashDefinition(longest_block=0x22))
    tester = erased(Tester(SimulatedUnit(unit, clock).request, clock))
    assert tester.ask(f"340044{SEGMENT[0]:08x}00000040") == "74200022"
    assert tester.ask("3601" + "55" * 0x21) == "7f3613"
    assert tester.ask("3601" + "55" * 0x20) == "7601"


def test_a_wrong_counter_is_refused_and_the_right_one_still_taken() -> None:
    tester = downloading()
    tester.ask("3601" + DATA[:10].hex())
    assert tester.ask("3603" + DATA[10:20].hex()) == "7f3673"
    assert tester.ask("3602" + DATA[10:20].hex()) == "7602"


DOWNLOAD_REFUSALS = {
    "too short": ("34004400", "7f3413"),
    "encrypted": (f"341144{SEGMENT[0]:08x}00000010", "7f3431"),
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
    for request in ("1003", "31010203", "1002"):
        tester.ask(request)
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


def test_a_power_cut_in_the_middle_of_an_erase_leaves_neither_software_nor_blank_memory() -> None:
    clock = HandDrivenClock()
    unit = SimulatedUnit(make_unit(), clock)
    tester = programming(Tester(unit.request, clock))
    assert tester.ask(ERASE_ALL, wait_ms=100) == "7f3178"
    unit.cut_supply(500)
    assert tester.ask("3e00", wait_ms=5_000) == ""
    assert tester.ask("3e00") == "7e00"
    assert unit.boot_loader
    programming(tester)
    assert tester.ask(f"340044{SEGMENT[0]:08x}00000010") == "7f3470"


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

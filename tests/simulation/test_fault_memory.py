"""The fault memory: reading, clearing, what comes back and what never leaves."""

from __future__ import annotations

from tests.simulation.workbench import COMES_BACK, HEALTHY, P0301, STICKY, UNTESTED, make_tester

ALL_AT_START = "590 2ff 030111 28 044d29 af c10087 28 9a0415 50".replace(" ", "")


def test_codes_are_reported_by_status() -> None:
    tester = make_tester()
    assert tester.ask("1902ff") == ALL_AT_START
    assert tester.ask("190201") == "5902ff044d29af"
    assert tester.ask("190208") == "5902ff03011128044d29afc1008728"
    assert tester.ask("190200") == "5902ff"
    assert tester.ask("1901ff") == "5901ff000004"
    assert tester.ask("190a") == ALL_AT_START.replace("5902", "590a") + f"{HEALTHY:06x}00"


def test_unsupported_status_bits_are_never_set() -> None:
    tester = make_tester(status_availability_mask=0x09)
    assert tester.ask("1902ff") == "59020903011108044d2909c1008708"
    assert tester.ask("190a").startswith("590a09")


def test_snapshot_records() -> None:
    tester = make_tester()
    record = "0101010001 0299".replace(" ", "")
    assert tester.ask(f"1904{P0301:06x}ff") == f"5904{P0301:06x}28{record}"
    assert tester.ask(f"1904{P0301:06x}01") == f"5904{P0301:06x}28{record}"
    assert tester.ask(f"1904{COMES_BACK:06x}01") == f"5904{COMES_BACK:06x}af0101010000bc53"
    assert tester.ask(f"1904{HEALTHY:06x}ff") == f"5904{HEALTHY:06x}00"
    assert tester.ask(f"1904{UNTESTED:06x}01") == f"5904{UNTESTED:06x}50"


def test_extended_data_records() -> None:
    tester = make_tester()
    head = f"5906{P0301:06x}28"
    assert tester.ask(f"1906{P0301:06x}01") == head + "0104"
    assert tester.ask(f"1906{P0301:06x}02") == head + "02010203010299"
    assert tester.ask(f"1906{P0301:06x}03") == head + "0301"
    assert tester.ask(f"1906{P0301:06x}ff") == head + "0104" + "02010203010299" + "0301"
    assert tester.ask(f"1906{HEALTHY:06x}ff") == f"5906{HEALTHY:06x}00"


def test_clearing_all_leaves_what_comes_back_what_is_stuck_and_what_cannot_be_tested() -> None:
    tester = make_tester()
    assert tester.ask("14ffffff") == "54"
    assert tester.ask("1902ff") == f"5902ff{COMES_BACK:06x}af{STICKY:06x}28{UNTESTED:06x}50"
    assert tester.ask(f"1906{COMES_BACK:06x}ff") == f"5906{COMES_BACK:06x}af010102" + "00bcac" * 2 + "0303"
    assert tester.ask(f"1904{P0301:06x}ff") == f"5904{P0301:06x}00"


def test_clearing_one_code_leaves_the_others() -> None:
    tester = make_tester()
    assert tester.ask(f"14{P0301:06x}") == "54"
    assert tester.ask("1902ff") == ALL_AT_START.replace("03011128", "")


def test_nothing_comes_back_while_dtc_setting_is_off() -> None:
    tester = make_tester()
    tester.ask("1003")
    tester.ask("8502")
    tester.ask("14ffffff")
    assert tester.ask("19022f") == f"5902ff{STICKY:06x}28"
    assert tester.ask("190250").count("50") >= 4, "tests are not completed since the clearing"
    tester.ask("8501")
    assert tester.ask("19022f") == f"5902ff{COMES_BACK:06x}af{STICKY:06x}28"


def test_clearing_that_takes_long_happens_at_its_end() -> None:
    tester = make_tester(pending_services=(0x14,), pending_ms=700)
    assert tester.ask("14ffffff", wait_ms=699) == "7f1478"
    tester.clock.pass_ms(2)
    assert tester.heard[-1] == b"\x54"
    assert f"{P0301:06x}" not in tester.ask("1902ff")

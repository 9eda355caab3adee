"""Sessions with S3, reset, and security access with attempts and delay."""

from __future__ import annotations

import pytest

from tests.simulation.workbench import CODING_LEVEL, FLASH_LEVEL, make_tester

WRITE_CODING = "2e03010102"


def test_session_falls_back_when_s3_ends() -> None:
    tester = make_tester(s3_ms=5_000)
    tester.ask("1003")
    tester.clock.pass_ms(4_990)
    assert tester.ask("22f186") == "62f18603"
    tester.clock.pass_ms(5_010)
    assert tester.ask("22f186") == "62f18601"


def test_suppressed_tester_present_keeps_the_session() -> None:
    tester = make_tester(s3_ms=5_000)
    tester.ask("1003")
    for _ in range(4):
        tester.clock.pass_ms(4_000)
        assert tester.ask("3e80", functional=True) == ""
    assert tester.ask("22f186") == "62f18603"


def test_s3_does_not_run_while_the_unit_works() -> None:
    tester = make_tester()
    tester.ask("1003")
    tester.unlock(CODING_LEVEL)
    assert tester.ask("3101030100", wait_ms=12_000) == "7101030107"
    assert tester.ask("22f186") == "62f18603"


@pytest.mark.parametrize("sub_function", ["01", "02", "03"])
def test_reset_answers_then_is_away_and_comes_back_in_the_default_session(sub_function: str) -> None:
    tester = make_tester()
    tester.ask("1003")
    assert tester.ask(f"11{sub_function}") == f"51{sub_function}"
    assert tester.ask("3e00") == ""
    tester.clock.pass_ms(1_000)
    assert tester.ask("22f186") == "62f18601"


def test_suppressed_reset_still_resets() -> None:
    tester = make_tester()
    assert tester.ask("1181") == ""
    assert tester.ask("3e00") == ""
    tester.clock.pass_ms(1_000)
    assert tester.ask("3e00") == "7e00"


def test_unlocked_level_allows_writing_and_gives_zero_seeds() -> None:
    tester = make_tester()
    tester.ask("1003")
    assert tester.unlock(CODING_LEVEL) == "6704"
    assert tester.ask("2703") == "670300000000"
    assert tester.ask(WRITE_CODING) == "6e0301"


@pytest.mark.parametrize("session", ["1001", "1003", "1002"])
def test_every_session_change_locks(session: str) -> None:
    tester = make_tester()
    tester.ask("1003")
    tester.unlock(CODING_LEVEL)
    tester.ask(session)
    tester.ask("1003")
    assert tester.ask(WRITE_CODING) == "7f2e33"
    assert tester.ask("2703") != "670300000000"


def test_another_level_does_not_allow_it() -> None:
    tester = make_tester()
    tester.ask("1003")
    assert tester.unlock(FLASH_LEVEL) == "6702"
    assert tester.ask(WRITE_CODING) == "7f2e33"


def test_a_key_fits_its_own_seed_only_once() -> None:
    tester = make_tester()
    tester.ask("1003")
    tester.ask("2703")
    tester.ask("1003")
    assert tester.ask("270400000000") == "7f2724"


def test_false_keys_end_in_a_delay_and_then_allow_one_more() -> None:
    tester = make_tester()
    tester.ask("1003")
    tester.ask("2703")
    assert tester.ask("2704deadbeef") == "7f2735"
    assert tester.ask("2704deadbeef") == "7f2724"
    tester.ask("2703")
    assert tester.ask("2704deadbeef") == "7f2736"
    assert tester.ask("2703") == "7f2737"
    assert tester.ask("1101") == "5101"
    tester.clock.pass_ms(1_000)
    tester.ask("1003")
    assert tester.ask("2703") == "7f2737", "a reset does not shorten the delay"
    tester.clock.pass_ms(10_000)
    tester.ask("1003")
    tester.ask("2703")
    assert tester.ask("2704deadbeef") == "7f2736"
    tester.clock.pass_ms(10_001)
    tester.ask("1003")
    assert tester.unlock(CODING_LEVEL) == "6704"


def test_attempts_of_one_level_do_not_block_another() -> None:
    tester = make_tester()
    tester.ask("1003")
    for _ in range(2):
        tester.ask("2703")
        tester.ask("2704deadbeef")
    assert tester.ask("2703") == "7f2737"
    assert tester.unlock(FLASH_LEVEL) == "6702"


def test_control_of_outputs_and_dtc_setting_end_with_the_session() -> None:
    tester = make_tester(s3_ms=5_000)
    for request in ("1003", "2f05000364", "8502"):
        tester.ask(request)
    tester.ask("14ffffff")
    assert "044d2950" in tester.ask("1902ff")
    tester.clock.pass_ms(5_100)
    assert tester.ask("220500") == "62050010"
    assert "044d29af" in tester.ask("1902ff"), "monitors run again in the default session"

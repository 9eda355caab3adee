"""When a unit answers: at once, after its time, with 0x78, with 0x21."""

from __future__ import annotations

import pytest

from tests.simulation.workbench import CODING_LEVEL, Tester, make_tester


def test_a_unit_answers_at_once_unless_told_otherwise() -> None:
    assert make_tester().ask("3e00") == "7e00"


def test_a_unit_takes_the_time_that_it_is_given() -> None:
    tester = make_tester(answer_after_ms=30)
    assert tester.ask("3e00", wait_ms=29.9) == ""
    tester.clock.pass_ms(0.2)
    assert tester.heard == [b"\x7e\x00"]


def test_work_longer_than_p2_is_bridged_with_0x78_within_p2_and_p2_star() -> None:
    tester = make_tester(p2_ms=50, p2_star_ms=5_000)
    tester.ask("1003")
    tester.unlock(CODING_LEVEL)
    start = tester.clock.now() * 1000
    tester.ask("3101030100", wait_ms=13_000)
    *pending, final = tester.heard
    assert final.hex() == "7101030107"
    assert len(pending) >= 3
    assert set(pending) == {b"\x7f\x31\x78"}
    assert tester.times_ms[0] - start <= 50
    waits = [later - earlier for earlier, later in zip(tester.times_ms, tester.times_ms[1:], strict=False)]
    assert max(waits) <= 5_000
    assert tester.times_ms[-1] - start == pytest.approx(12_000)


def test_services_can_be_pending_by_definition() -> None:
    tester = make_tester(pending_services=(0x19, 0x14), pending_ms=900)
    assert tester.ask("1902ff", wait_ms=899) == "7f1978"
    tester.clock.pass_ms(1)
    assert tester.heard[-1][:2] == b"\x59\x02"
    assert tester.ask("3e00") == "7e00"
    assert tester.ask("1942ff") == "7f1912", "a refusal needs no work"


def test_a_pending_answer_comes_even_when_suppressed_or_functional() -> None:
    tester = make_tester(pending_services=(0x10,), pending_ms=200)
    assert tester.ask("1083", wait_ms=300) == "5003003201f4"
    assert tester.ask("1083", wait_ms=300, functional=True) == "5003003201f4"


def test_another_request_meanwhile_is_told_to_come_again() -> None:
    tester = make_tester(answer_after_ms=30)
    tester.tell("22f100")
    tester.tell("1902ff")
    assert tester.heard == [b"\x7f\x19\x21"]
    tester.clock.pass_ms(31)
    assert tester.heard[-1].hex() == "62f10000012302"
    assert tester.ask("1902ff", wait_ms=31).startswith("5902")


def test_tester_present_meanwhile_is_taken_silently() -> None:
    tester = make_tester(answer_after_ms=30)
    tester.tell("22f100")
    tester.tell("3e80", functional=True)
    tester.tell("3e80")
    assert tester.heard == []
    tester.clock.pass_ms(31)
    assert [payload.hex() for payload in tester.heard] == ["62f10000012302"]


def test_a_reset_ends_the_work_of_the_unit() -> None:
    tester = make_tester(answer_after_ms=30)
    unit_answers: list[bytes] = []
    tester.tell("1101")
    tester.clock.pass_ms(31)
    assert tester.heard == [b"\x51\x01"]
    Tester(tester.requests, tester.clock, heard=unit_answers).tell("22f100")
    tester.clock.pass_ms(700)
    assert unit_answers == []


def test_a_silent_unit_says_nothing() -> None:
    assert make_tester(silent=True).ask("3e00", wait_ms=10_000) == ""

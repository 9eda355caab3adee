"""Each fault that can be switched on, and specs that cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.workbench import HandDrivenClock, Tester, make_unit, make_vehicle
from workshop_console.console.errors import ConsoleError
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.line_faults import FORMS, LineFaults, parse_faults

VARIANT = bytes.fromhex("62f10000012302")


def faulty_tester(*specs: str, seed: int = 0) -> Tester:
    clock = HandDrivenClock()
    definition = make_unit()
    faults, _ = parse_faults(specs, [definition])
    unit = SimulatedUnit(definition, clock)
    return Tester(LineFaults(faults, clock, seed=seed).around(unit), clock)


def answers(tester: Tester, request: str, wait_ms: float = 0) -> list[bytes]:
    tester.ask(request, wait_ms=wait_ms)
    return list(tester.heard)


def test_no_fault() -> None:
    assert answers(faulty_tester(), "22f100") == [VARIANT]


def test_silent() -> None:
    assert answers(faulty_tester("silent:ME_Engine"), "22f100", wait_ms=60_000) == []


def test_late() -> None:
    tester = faulty_tester("late:*:1500")
    assert answers(tester, "22f100", wait_ms=1_499) == []
    tester.clock.pass_ms(2)
    assert tester.heard == [VARIANT]


def test_lost_is_a_share_and_repeatable() -> None:
    def heard(seed: int) -> list[bool]:
        tester = faulty_tester("lost:0x1001:0.3", seed=seed)
        return [bool(answers(tester, "22f100")) for _ in range(200)]

    assert 110 <= sum(heard(1)) <= 170
    assert heard(1) == heard(1)
    assert heard(1) != heard(2)


def test_duplicate() -> None:
    assert answers(faulty_tester("duplicate:0x7e0"), "22f100") == [VARIANT, VARIANT]


def test_stale() -> None:
    tester = faulty_tester("stale:*")
    assert answers(tester, "22f100") == [b"\x7e\x00", VARIANT]
    assert answers(tester, "1003") == [VARIANT, bytes.fromhex("5003003201f4")]


def test_corrupt() -> None:
    tester = faulty_tester("corrupt:*")
    for _ in range(50):
        (answer,) = answers(tester, "22f100")
        assert len(answer) == len(VARIANT)
        assert sum(a != b for a, b in zip(answer, VARIANT, strict=True)) == 1
    assert answers(faulty_tester("corrupt:*:0"), "22f100") == [VARIANT]


def test_cut_long_empty_and_other() -> None:
    assert answers(faulty_tester("cut:*"), "22f100") == [VARIANT[:3]]
    (longer,) = answers(faulty_tester("long:*"), "22f100")
    assert longer[: len(VARIANT)] == VARIANT
    assert len(longer) == len(VARIANT) + 9
    assert answers(faulty_tester("empty:*"), "22f100") == [b"\x62"]
    assert answers(faulty_tester("empty:*"), "22dead") == [b"\x7f\x22\x31"]
    (other,) = answers(faulty_tester("other:*"), "22f100")
    assert other == b"\x62\xe4" + VARIANT[2:]


def test_pending_for_ever() -> None:
    tester = faulty_tester("pending:*")
    heard = answers(tester, "22f100", wait_ms=60_000)
    assert len(heard) > 60
    assert set(heard) == {b"\x7f\x22\x78"}
    tester.heard.clear()
    tester.tell("1902ff")
    tester.clock.pass_ms(10_000)
    assert set(tester.heard) == {b"\x7f\x19\x78"}, "a new request ends the old one"
    tester.clock.pass_ms(2_000_000)
    tester.heard.clear()
    tester.clock.pass_ms(60_000)
    assert tester.heard == [], "endless ends when surely nobody listens any more"


def test_busy() -> None:
    tester = faulty_tester("busy:*:3")
    for _ in range(2):
        assert [answers(tester, "22f100")[0] for _ in range(4)] == [b"\x7f\x22\x21"] * 3 + [VARIANT]
    for_ever = faulty_tester("busy:*")
    assert [answers(for_ever, "22f100")[0] for _ in range(20)] == [b"\x7f\x22\x21"] * 20


def test_reset_in_the_middle_of_an_answer() -> None:
    tester = faulty_tester("reset:*:after=2")
    assert answers(tester, "1003") == [bytes.fromhex("5003003201f4")]
    assert answers(tester, "22f190") == []
    assert len(tester.broken_off) == 1
    assert answers(tester, "22f186") == []
    tester.clock.pass_ms(1_000)
    assert answers(tester, "22f186") == [bytes.fromhex("62f18601")]
    assert answers(tester, "22f100") == [VARIANT]


def test_faults_of_a_unit_leave_the_others_alone() -> None:
    vehicle = make_vehicle()
    clock = HandDrivenClock()
    faults, _ = parse_faults(["silent:esp", "nack:AAG:05"], vehicle.units)
    switched_on = LineFaults(faults, clock)
    testers = [Tester(switched_on.around(SimulatedUnit(unit, clock)), clock) for unit in vehicle.units]
    assert testers[0].ask("22f100")
    assert not testers[1].ask("22f100")
    assert [switched_on.nack(unit.name) for unit in vehicle.units] == [None, None, 0x05]


def test_several_faults_at_once() -> None:
    tester = faulty_tester("duplicate:*", "late:*:100", "cut:*")
    assert answers(tester, "22f100", wait_ms=101) == [VARIANT[:3]] * 2


def test_close_is_for_the_connection() -> None:
    faults, close = parse_faults(["close:after=20:times=3"], make_vehicle().units)
    assert faults == ()
    assert close is not None
    assert (close.after, close.times) == (20, 3)
    assert parse_faults(["close"], ())[1] is not None


@pytest.mark.parametrize(
    "spec",
    [
        "help",
        "",
        "silent",
        "silent:",
        "silent:nobody",
        "silent:0xzz",
        "silent:*:5",
        "late:*",
        "late:*:soon",
        "late:*:-1",
        "late:*:nan",
        "lost:*:1.5",
        "nack:*:100",
        "nack:*:xy",
        "reset:*:after=0",
        "busy:*:inf",
        "close:after=0",
        "close:after=x",
        "close:before=1",
    ],
)
def test_a_spec_that_cannot_be_understood_is_told_with_the_forms(spec: str) -> None:
    with pytest.raises(ConsoleError) as raised:
        parse_faults([spec], make_vehicle().units)
    assert raised.value.number == "WC-103"
    detail = str(raised.value.facts["detail"])
    assert spec in detail
    assert FORMS in detail or "ME_Engine" in detail or "…" in detail


def test_the_page_about_the_simulation_lists_every_form() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    assert [form for form in FORMS.split(", ") if f"| `{form}` |" not in page] == []

"""Faults at a single request: refusals, silence, power cuts, lines that close."""

from __future__ import annotations

import socket

import pytest

from tests.simulation.test_programming import (
    DATA,
    ERASE_ALL,
    FINGERPRINT,
    downloading,
    erased,
    programming,
    read,
)
from tests.simulation.workbench import (
    FLASH_LEVEL,
    OLD_SOFTWARE,
    SEGMENT,
    HandDrivenClock,
    Tester,
    make_unit,
    receive_exactly,
    running,
)
from workshop_console.console.errors import ConsoleError
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.line_faults import (
    LineFaults,
    parse_faults,
    parse_frame_loss,
    parse_request_faults,
)
from workshop_console.console.simulation.request_faults import RequestFault, RequestFaults


def faulty(*specs: str) -> Tester:
    clock = HandDrivenClock()
    unit = SimulatedUnit(make_unit(), clock)
    requests = RequestFaults(parse_request_faults(specs, [unit.definition]))
    return Tester(LineFaults((), clock, requests=requests).around(unit), clock)


def test_the_nth_request_is_refused_and_nothing_done() -> None:
    tester = downloading(tester=faulty("at:*:36:72:from=2"))
    assert tester.ask("3601" + DATA[:100].hex()) == "7601"
    assert tester.ask("3602" + DATA[100:].hex()) == "7f3672"
    assert tester.ask("3602" + DATA[100:].hex()) == "7602"
    assert tester.ask("37") == "77"


def test_refused_several_times_and_always() -> None:
    tester = faulty("at:ME_Engine:1003:21:times=3")
    assert [tester.ask("1003") for _ in range(4)] == ["7f1021"] * 3 + ["5003003201f4"]
    tester = faulty("at:ME_Engine:1003:22:times=0")
    assert {tester.ask("1003") for _ in range(20)} == {"7f1022"}


def test_the_suppress_bit_does_not_matter() -> None:
    assert faulty("at:*:8502:31").ask("8582") == "7f8531"


def test_response_pending_for_ever() -> None:
    tester = erased(faulty("at:*:34:78"))
    assert tester.ask(f"340044{SEGMENT[0]:08x}00000010", wait_ms=60_000) == "7f3478"
    assert len(tester.heard) > 50


def test_lost_request_and_lost_answer() -> None:
    tester = erased(faulty("at:*:34:silent", "at:*:36:lost"))
    request = f"340044{SEGMENT[0]:08x}{len(DATA):08x}"
    assert tester.ask(request) == ""
    assert tester.ask(request) == "74200fff"
    assert tester.ask("3601" + DATA.hex()) == ""
    assert tester.ask("3601" + DATA.hex()) == "7601", "the same block again: it was written already"
    assert tester.ask("37") == "77"


@pytest.mark.parametrize(
    ("what", "software"),
    [("power-cut", OLD_SOFTWARE), ("power-cut-during", "boot"), ("power-cut-after", "boot")],
)
def test_power_cut_before_during_and_after_the_erase(what: str, software: str) -> None:
    tester = programming(faulty(f"at:*:3101FF00:{what}"))
    answer = tester.ask(ERASE_ALL, wait_ms=2_000)
    assert answer in ("", "7f3178")
    assert tester.ask("22f186") == "62f18601"
    found = read(tester, "f188")
    assert ("boot" if found == "7f2231" else found) == software


def test_power_cut_loses_session_and_key() -> None:
    tester = faulty("at:*:2EF15A:power-cut")
    for request in ("1003", "31010203", "1002"):
        tester.ask(request)
    tester.unlock(FLASH_LEVEL)
    assert tester.ask(FINGERPRINT) == ""
    assert tester.ask("3e00") == ""
    tester.clock.pass_ms(500)
    assert tester.ask("22f186") == "62f18601"


def activated(doip: tuple[str, int]) -> socket.socket:
    channel = socket.create_connection(doip, timeout=10)
    channel.sendall(bytes.fromhex("02fd0005000000070e800000000000"))
    assert receive_exactly(channel, 17)[12] == 0x10
    return channel


def ask(channel: socket.socket, request: str) -> bytes:
    """Return the answer over DoIP, empty when the connection was closed."""
    message = bytes.fromhex("0e801001" + request)
    channel.sendall(bytes.fromhex("02fd8001") + len(message).to_bytes(4, "big") + message)
    receive_exactly(channel, 13)
    head = receive_exactly(channel, 8)
    return receive_exactly(channel, int.from_bytes(head[4:], "big"))[4:]


@pytest.mark.parametrize("what", ["close", "close-after"])
def test_line_closes_at_a_request_and_takes_the_next_connection(what: str) -> None:
    faults = RequestFaults()
    with running(request_faults=faults) as simulation:
        with activated(simulation.doip) as channel:
            assert ask(channel, "1003")[:2] == b"\x50\x03"
            faults.add(RequestFault(units=frozenset({"ME_Engine"}), request=b"\x10\x03", what=what))
            assert ask(channel, "1003") == b""
        with activated(simulation.doip) as channel:
            assert ask(channel, "1003")[:2] == b"\x50\x03"


@pytest.mark.parametrize(
    "spec",
    [
        "at",
        "at:*",
        "at:*:36",
        "at:*:36:sometimes",
        "at:*:36:100",
        "at:*:3:22",
        "at:*::22",
        "at:nobody:36:22",
        "at:*:36:22:from=0",
        "at:*:36:22:times=-1",
        "at:*:36:22:until=3",
    ],
)
def test_spec_that_cannot_be_understood_is_told_with_the_form(spec: str) -> None:
    assert parse_faults([spec], [make_unit()]) == ((), None)
    with pytest.raises(ConsoleError) as raised:
        parse_request_faults([spec], [make_unit()])
    assert raised.value.number == "WC-103"
    assert "power-cut-during" in str(raised.value.facts["detail"])


def test_share_of_frames() -> None:
    assert parse_frame_loss(["silent:*", "frames:0.02"]) == pytest.approx(0.02)
    assert parse_frame_loss([]) == 0
    for spec in ("frames:", "frames:2", "frames:x"):
        with pytest.raises(ConsoleError):
            parse_frame_loss([spec])

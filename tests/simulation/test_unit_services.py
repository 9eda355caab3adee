"""Services of a simulated unit: positive answers and every reason to refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.workbench import VIN, make_tester

# Named cases: preparation (requests that must succeed), request, answer.
EXTENDED = ("1003",)
PROGRAMMING = ("1003", "31010203", "1002")

REFUSALS = {
    "service not supported": ((), "ba01", "7fba11"),
    "service not supported without its data": ((), "8604", "7f8611"),
    "service not in the default session: security": ((), "2701", "7f277f"),
    "service not in the default session: communication": ((), "280303", "7f287f"),
    "service not in the default session: DTC setting": ((), "8502", "7f857f"),
    "service not in the default session: actuator": ((), "2f050000", "7f2f7f"),
    "service not in the extended session: download": (EXTENDED, "340011000110", "7f347f"),
    "session byte is missing": ((), "10", "7f1013"),
    "session is unknown": ((), "1042", "7f1012"),
    "sub-function before length": ((), "1042ff", "7f1012"),
    "session request is too long": ((), "100301", "7f1013"),
    "reset is unknown": ((), "1104", "7f1112"),
    "reset is too long": ((), "110100", "7f1113"),
    "tester present with a sub-function": ((), "3e01", "7f3e12"),
    "tester present is too long": ((), "3e0000", "7f3e13"),
    "communication type is missing": (EXTENDED, "2803", "7f2813"),
    "communication control is unknown": (EXTENDED, "280701", "7f2812"),
    "communication type is empty": (EXTENDED, "280300", "7f2831"),
    "DTC setting is unknown": (EXTENDED, "8503", "7f8512"),
    "DTC setting of a wrong length": (EXTENDED, "8502ff", "7f8513"),
    "DTC setting of a group": (EXTENDED, "8502123456", "7f8531"),
    "reading without identifier": ((), "22", "7f2213"),
    "reading half an identifier": ((), "22f190f1", "7f2213"),
    "reading what is not there": ((), "22dead", "7f2231"),
    "reading what another session has": ((), "220301", "7f2231"),
    "reading more than fits": ((), "2204000401", "7f2214"),
    "writing without data": ((), "2e0300", "7f2e13"),
    "writing what is not there": ((), "2edead00", "7f2e31"),
    "writing what is read-only": ((), "2ef10000012302", "7f2e31"),
    "writing in the wrong session": ((), "2e03010102", "7f2e31"),
    "writing a wrong length": ((), "2e03000102", "7f2e13"),
    "writing while locked": (EXTENDED, "2e03010102", "7f2e33"),
    "actuator without parameter": (EXTENDED, "2f0500", "7f2f13"),
    "actuator that is not there": (EXTENDED, "2fdead00", "7f2f31"),
    "actuator with an unknown parameter": (EXTENDED, "2f050004", "7f2f31"),
    "actuator without its state": (EXTENDED, "2f050003", "7f2f13"),
    "routine without identifier": ((), "3101", "7f3113"),
    "routine that is not there": (EXTENDED, "3101dead", "7f3131"),
    "routine in the wrong session": ((), "31010203", "7f3131"),
    "routine while locked": (EXTENDED, "3101030100", "7f3133"),
    "routine with an unknown sub-function": (EXTENDED, "31040203", "7f3112"),
    "routine with an option too many": (EXTENDED, "3101020300", "7f3113"),
    "routine stopped before it was started": (EXTENDED, "31020203", "7f3124"),
    "result of a routine that never ran": (EXTENDED, "31030203", "7f3124"),
    "key before seed": (EXTENDED, "270200000000", "7f2724"),
    "key of a wrong length": (EXTENDED, "270200", "7f2713"),
    "seed with data": (EXTENDED, "270100", "7f2713"),
    "security level that is not there": (EXTENDED, "2711", "7f2712"),
    "transfer without download": (PROGRAMMING, "360100", "7f3624"),
    "exit without download": (PROGRAMMING, "37", "7f3724"),
    "DTC report without mask": ((), "1902", "7f1913"),
    "DTC report that is unknown": ((), "1942ff", "7f1912"),
    "DTC report without sub-function": ((), "19", "7f1913"),
    "snapshot of an unknown code": ((), "1904ffff01ff", "7f1931"),
    "snapshot record that is unknown": ((), "190403011105", "7f1931"),
    "extended record that is unknown": ((), "190603011105", "7f1931"),
    "clearing with a short group": ((), "14ffff", "7f1413"),
    "clearing an unknown group": ((), "14000001", "7f1431"),
}

POSITIVE = {
    "default session": ((), "1001", "5001003201f4"),
    "extended session": ((), "1003", "5003003201f4"),
    "programming session": (("1003", "31010203"), "1002", "5002003201f4"),
    "tester present": ((), "3e00", "7e00"),
    "one record": ((), "22f190", "62f190" + VIN.encode().hex()),
    "several records": ((), "22f100f186", "62f10000012302f18601"),
    "several records of which some are missing": ((), "22deadf100", "62f10000012302"),
    "the active session": (EXTENDED, "22f186", "62f18603"),
    "writing": ((), "2e030055", "6e0300"),
    "reading what was written": (("2e030055",), "220300", "62030055"),
    "communication control": (EXTENDED, "280301", "6803"),
    "DTC setting off": (EXTENDED, "8502", "c502"),
    "DTC setting off for all codes": (EXTENDED, "8502ffffff", "c502"),
    "actuator": (EXTENDED, "2f05000364", "6f05000364"),
    "state of a driven actuator": (("1003", "2f05000364"), "220500", "62050064"),
    "actuator frozen": (("1003", "2f05000364"), "2f050002", "6f05000264"),
    "actuator to its default": (("1003", "2f05000364"), "2f050001", "6f05000100"),
    "actuator given back": (("1003", "2f05000364"), "2f050000", "6f05000010"),
    "actuator given back by the default session": (("1003", "2f05000364", "1001"), "220500", "62050010"),
    "routine": (EXTENDED, "31010203", "7101020300"),
    "result of a routine": (("1003", "31010203"), "31030203", "7103020300"),
    "routine stopped": (("1003", "31010203"), "31020203", "71020203"),
}


@pytest.mark.parametrize("case", [*REFUSALS, *POSITIVE])
def test_unit_answers_as_the_standard_says(case: str) -> None:
    preparation, request, expected = (REFUSALS | POSITIVE)[case]
    tester = make_tester()
    for earlier in preparation:
        assert not tester.ask(earlier).startswith("7f")
    assert tester.ask(request) == expected


@pytest.mark.parametrize("request_text", ["3e80", "1083", "8582", "19820c", "b180"])
def test_suppressed_answers_are_suppressed(request_text: str) -> None:
    tester = make_tester()
    tester.ask("1003")
    refused = tester.ask(request_text)
    assert refused == ("7fb111" if request_text == "b180" else "")


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("3e00", "7e00"),
        ("22f100", "62f10000012302"),
        ("22dead", ""),
        ("ba", ""),
        ("1942ff", ""),
        ("2701", ""),
        ("22", "7f2213"),
    ],
)
def test_functional_requests_get_no_refusal_that_only_says_not_me(request_text: str, expected: str) -> None:
    assert make_tester().ask(request_text, functional=True) == expected


def test_a_service_of_the_default_session_can_be_refused() -> None:
    tester = make_tester(refuses=(0x19,))
    assert tester.ask("1902ff") == "7f1933"
    tester.ask("1003")
    assert tester.ask("1902ff").startswith("5902")


def test_a_unit_without_data_for_a_service_does_not_support_it() -> None:
    tester = make_tester(dids=(), actuators=(), routines=(), security=(), memory=(), dtcs=())
    tester.ask("1003")
    for service in ("2e030000", "2f050000", "31010203", "2701", "340044", "3601", "37"):
        assert tester.ask(service) == f"7f{service[:2]}11"
    assert tester.ask("1902ff") == "5902ff"
    assert tester.ask("1901ff") == "5901ff000000"


def test_a_moving_value_moves_and_stays_near_what_is_defined() -> None:
    tester = make_tester()
    values = set()
    for _ in range(40):
        tester.clock.pass_ms(500)
        answer = bytes.fromhex(tester.ask("220200"))
        assert (answer[3], answer[5]) == (0xAA, 0xBB)
        values.add(answer[4])
    assert len(values) > 3
    assert all(abs(value - 0x80) <= 6 for value in values)


def test_responses_and_empty_requests_are_not_answered() -> None:
    tester = make_tester()
    for request in ("", "7f2231", "62f190", "50", "c502"):
        assert tester.ask(request) == ""


@given(st.lists(st.binary(max_size=24), max_size=30), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_requests_leave_a_unit_that_answers(requests: list[bytes], functional: bool) -> None:
    tester = make_tester()
    for request in requests:
        tester.heard.clear()
        tester.tell(request.hex(), functional=functional)
        tester.clock.pass_ms(100)
        for payload in tester.heard:
            assert payload[0] == request[0] | 0x40 or payload[:2] == bytes((0x7F, request[0]))
    tester.clock.pass_ms(60_000)
    assert tester.ask("22f190") == "62f190" + VIN.encode().hex()


@given(
    st.sampled_from(
        [0x10, 0x11, 0x14, 0x19, 0x22, 0x27, 0x28, 0x2E, 0x2F, 0x31, 0x34, 0x36, 0x37, 0x3E, 0x85]
    ),
    st.binary(max_size=12),
    st.sampled_from([(), ("1003",), PROGRAMMING]),
)
@settings(max_examples=400, deadline=None)
def test_any_data_behind_a_known_service_gets_one_final_answer_or_none(
    service: int, data: bytes, preparation: tuple[str, ...]
) -> None:
    tester = make_tester()
    for earlier in preparation:
        tester.ask(earlier)
    tester.ask(bytes((service, *data)).hex(), wait_ms=20_000)
    final = [payload for payload in tester.heard if payload[2:] != b"\x78"]
    assert len(final) <= 1

"""The rules of one exchange, as tables of events; the clock is a number."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop_console.console.links.exchange import Conversation, Step
from workshop_console.console.links.limits import LONGEST_P2_S, SHORTEST_P2_S, clamp
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest

UNIT = DoipAddress(0x1234)
READ_FAULTS = UdsRequest(payload=b"\x19\x02\xff", echo_bytes=1)
READ_VIN = UdsRequest(payload=b"\x22\xf1\x90", echo_bytes=2)
READ_PART = UdsRequest(payload=b"\x22\xf1\x87", echo_bytes=2)
CLEAR = UdsRequest(payload=b"\x14\xff\xff\xff", repeatable=False)
KEEP_ALIVE = UdsRequest(payload=b"\x3e\x80", echo_bytes=1)
QUIET_SESSION = UdsRequest(payload=b"\x10\x83", echo_bytes=1)
WRITE_VIN = UdsRequest(payload=b"\x2e\xf1\x90\x01", echo_bytes=2)
FAULTS = b"\x59\x02\xff\x03\x01\x11\x2f"
VIN = b"\x62\xf1\x90WDD"
TIMING = Timing(p2_ms=100, p2_star_ms=1000, pending_budget_ms=3000, busy_budget_ms=500, retries=1)


class Table:
    """One unit, one clock, and everything that was sent and ended."""

    def __init__(self) -> None:
        self.now = 100.0
        self.conversation = Conversation(UNIT)
        self.sent: list[bytes] = []
        self.ended: list[Exchange] = []
        self._ticket = 0

    def _note(self, step: Step) -> None:
        if step.send is not None:
            self.sent.append(step.send)
            self.conversation.sent(self.now)
        if step.ended is not None:
            self.ended.append(step.ended)

    def ask(self, request: UdsRequest, timing: Timing = TIMING) -> None:
        self._ticket += 1
        self._note(self.conversation.begin(self._ticket, request, timing, self.now, 2.0))

    def receive(self, payload: bytes) -> None:
        self._note(self.conversation.received(payload, self.now))

    def undelivered(self, reason: SilentReason, *, again: bool) -> None:
        self._note(self.conversation.not_delivered(reason, "0x00", self.now, again=again))

    def no_room(self) -> None:
        self._note(self.conversation.no_room("0x05", self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.now + seconds
        while (deadline := self.conversation.deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            before = (deadline, len(self.sent), len(self.ended))
            self._note(self.conversation.tick(self.now, send_wait_s=2.0))
            after = (self.conversation.deadline, len(self.sent), len(self.ended))
            assert before != after, "a deadline passed and nothing followed"
        self.now = end

    @property
    def result(self) -> Exchange:
        assert len(self.ended) == 1, self.ended
        return self.ended[0]


@dataclass(frozen=True)
class Case:
    """Answers to one request, and what becomes of it."""

    name: str
    request: UdsRequest
    answers: tuple[bytes, ...]
    outcome: Outcome
    reason: SilentReason | None = None
    nrc: int | None = None
    strays: int = 0


CASES = (
    Case("positive", READ_FAULTS, (FAULTS,), Outcome.POSITIVE),
    Case("negative", READ_FAULTS, (b"\x7f\x19\x31",), Outcome.NEGATIVE, nrc=0x31),
    Case(
        "negative with padding behind it", READ_FAULTS, (b"\x7f\x19\x31\x00\x00",), Outcome.NEGATIVE, nrc=0x31
    ),
    Case("nothing", READ_FAULTS, (), Outcome.SILENT, SilentReason.NO_ANSWER),
    Case("another service, then right", READ_FAULTS, (VIN, FAULTS), Outcome.POSITIVE, strays=1),
    Case("another identifier, then right", READ_VIN, (b"\x62\xf1\x87A", VIN), Outcome.POSITIVE, strays=1),
    Case("a negative for another service", READ_VIN, (b"\x7f\x19\x31", VIN), Outcome.POSITIVE, strays=1),
    Case("only another service", READ_FAULTS, (VIN,), Outcome.BROKEN, SilentReason.WRONG_SERVICE, strays=1),
    Case(
        "only another sub-function",
        READ_FAULTS,
        (b"\x59\x0a\xff",),
        Outcome.BROKEN,
        SilentReason.WRONG_ECHO,
        strays=1,
    ),
    Case("empty", READ_FAULTS, (b"",), Outcome.BROKEN, SilentReason.EMPTY),
    Case("empty, then right", READ_FAULTS, (b"", FAULTS), Outcome.POSITIVE),
    Case("cut off in the echo", READ_VIN, (b"\x62\xf1",), Outcome.BROKEN, SilentReason.TOO_SHORT),
    Case("service byte alone", READ_VIN, (b"\x62",), Outcome.BROKEN, SilentReason.TOO_SHORT),
    Case("negative cut off", READ_VIN, (b"\x7f\x22",), Outcome.BROKEN, SilentReason.TOO_SHORT),
    Case("negative alone", READ_VIN, (b"\x7f",), Outcome.BROKEN, SilentReason.TOO_SHORT),
    Case("pending, then right", READ_FAULTS, (b"\x7f\x19\x78", FAULTS), Outcome.POSITIVE),
    Case("pending, then negative", CLEAR, (b"\x7f\x14\x78", b"\x7f\x14\x22"), Outcome.NEGATIVE, nrc=0x22),
    Case("suppress bit is not in the echo", KEEP_ALIVE, (b"\x7e\x00",), Outcome.POSITIVE),
    Case("suppressed and refused", QUIET_SESSION, (b"\x7f\x10\x22",), Outcome.NEGATIVE, nrc=0x22),
    Case("suppressed and silent", QUIET_SESSION, (), Outcome.POSITIVE),
    Case("identifier with bit 7 is an echo as it is", WRITE_VIN, (b"\x6e\xf1\x90",), Outcome.POSITIVE),
    Case("bit 7 of an identifier asks for no silence", READ_VIN, (), Outcome.SILENT, SilentReason.NO_ANSWER),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers(case: Case) -> None:
    table = Table()
    table.ask(case.request)
    for answer in case.answers:
        table.pass_time(0.01)
        table.receive(answer)
    table.pass_time(20)
    result = table.result
    assert (result.outcome, result.reason, result.nrc) == (case.outcome, case.reason, case.nrc)
    assert len(result.strays) == case.strays
    if case.outcome is Outcome.POSITIVE and case.answers:
        assert result.payload == case.answers[-1]


def test_silence_is_asked_again_as_often_as_the_timing_says() -> None:
    table = Table()
    table.ask(READ_FAULTS, Timing(p2_ms=100, retries=2))
    table.pass_time(0.31)
    assert len(table.sent) == 3
    assert (table.result.outcome, table.result.retries) == (Outcome.SILENT, 2)
    assert table.result.time_ms == pytest.approx(300, abs=2)


def test_what_must_not_happen_twice_is_sent_once() -> None:
    table = Table()
    table.ask(CLEAR, Timing(p2_ms=100, retries=3))
    table.pass_time(5)
    assert len(table.sent) == 1
    assert table.result.outcome is Outcome.SILENT


def test_first_wait_overrides_p2() -> None:
    table = Table()
    table.ask(UdsRequest(payload=b"\x14\xff\xff\xff", first_wait_ms=4000, repeatable=False))
    table.pass_time(3.9)
    assert not table.ended
    table.receive(b"\x54")
    assert table.result.positive


def test_endless_pending_ends_with_the_budget() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    for _ in range(100):
        table.receive(b"\x7f\x19\x78")
        table.pass_time(0.05)
    assert (table.result.outcome, table.result.reason) == (Outcome.SILENT, SilentReason.PENDING_FOR_EVER)
    assert table.result.time_ms == pytest.approx(3000, abs=60)
    assert table.result.pending > 50


def test_pending_and_then_nothing_is_asked_again_after_p2_star() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    table.receive(b"\x7f\x19\x78")
    table.pass_time(0.99)
    assert len(table.sent) == 1
    table.pass_time(0.02)
    assert len(table.sent) == 2


def test_busy_is_asked_again_after_growing_pauses_within_the_budget() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    times = [table.now]
    while not table.ended:
        table.receive(b"\x7f\x19\x21")
        asked = len(table.sent)
        while not table.ended and len(table.sent) == asked:
            table.pass_time(0.005)
        times.append(table.now)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] == pytest.approx(0.1, abs=0.006)
    assert pauses[1] == pytest.approx(0.15, abs=0.006)
    assert (table.result.outcome, table.result.reason) == (Outcome.SILENT, SilentReason.BUSY_FOR_EVER)
    assert table.result.nrc == 0x21


def test_busy_repeats_even_what_is_not_repeatable() -> None:
    table = Table()
    table.ask(CLEAR)
    table.receive(b"\x7f\x14\x21")
    table.pass_time(0.11)
    assert len(table.sent) == 2
    table.receive(b"\x54")
    assert table.result.positive


def test_late_answer_to_the_request_before_is_not_taken_for_this_one() -> None:
    table = Table()
    table.ask(READ_VIN)
    table.pass_time(0.25)
    assert table.ended.pop().outcome is Outcome.SILENT
    table.ask(READ_PART)
    table.receive(VIN)
    assert not table.ended
    table.receive(b"\x62\xf1\x87A123")
    assert table.result.payload == b"\x62\xf1\x87A123"
    assert table.result.strays == (VIN,)


def test_late_answer_to_the_same_request_gives_way_to_the_one_behind_it() -> None:
    """Units answer in order: after a clearing the old memory must not be taken for the new one."""
    table = Table()
    table.ask(READ_FAULTS, Timing(p2_ms=100, retries=0))
    table.pass_time(0.11)
    assert table.ended.pop().outcome is Outcome.SILENT
    table.ask(READ_FAULTS)
    table.receive(FAULTS)
    assert not table.ended, "might be the late one"
    table.pass_time(0.03)
    table.receive(b"\x59\x02\xff")
    assert table.result.payload == b"\x59\x02\xff"
    assert table.result.strays == (FAULTS,)


def test_an_answer_kept_aside_is_taken_when_no_other_comes() -> None:
    table = Table()
    table.ask(READ_FAULTS, Timing(p2_ms=100, retries=0))
    table.pass_time(0.11)
    table.ended.clear()
    table.ask(READ_FAULTS)
    table.receive(FAULTS)
    table.pass_time(0.2)
    assert table.result.payload == FAULTS
    assert len(table.sent) == 2


def test_the_second_answer_to_a_repeated_request_does_not_spoil_a_later_reading() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    table.pass_time(0.11)
    assert len(table.sent) == 2
    table.receive(FAULTS)
    assert table.ended.pop().positive
    table.ask(READ_FAULTS)
    table.receive(FAULTS)
    assert not table.ended
    table.receive(b"\x59\x02\xff")
    assert table.result.payload == b"\x59\x02\xff"


def test_a_late_refusal_is_not_taken_for_a_request_of_the_same_service() -> None:
    table = Table()
    table.ask(READ_VIN, Timing(p2_ms=100, retries=0))
    table.pass_time(0.11)
    table.ended.clear()
    table.ask(READ_PART)
    table.receive(b"\x7f\x22\x31")
    table.receive(b"\x62\xf1\x87A")
    assert table.result.positive


def test_pending_tells_that_what_was_kept_aside_is_old() -> None:
    table = Table()
    table.ask(READ_FAULTS, Timing(p2_ms=100, retries=0))
    table.pass_time(0.11)
    table.ended.clear()
    table.ask(READ_FAULTS)
    table.receive(FAULTS)
    table.receive(b"\x7f\x19\x78")
    table.pass_time(0.5)
    table.receive(b"\x59\x02\xff")
    assert table.result.payload == b"\x59\x02\xff"


def test_debts_are_forgotten_after_a_while() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    table.pass_time(5)
    table.ended.clear()
    table.ask(READ_FAULTS)
    table.receive(FAULTS)
    assert table.result.payload == FAULTS


def test_doubled_answers_never_reach_the_next_request() -> None:
    table = Table()
    for reading in range(6):
        value = b"\x62\xf1\x90" + bytes((reading,))
        table.ask(READ_VIN)
        if reading:
            table.receive(b"\x62\xf1\x90" + bytes((reading - 1,)))  # the copy of the answer before
        table.receive(value)
        assert table.ended.pop().payload == value
        table.pass_time(0.005)


def test_line_that_was_seen_to_double_late_is_reckoned_with() -> None:
    table = Table()
    for reading in range(6):
        value = b"\x62\xf1\x90" + bytes((reading,))
        table.ask(READ_VIN)
        table.receive(value)
        assert table.ended.pop().payload == value
        if reading == 0:
            table.pass_time(0.05)
            table.receive(value)  # the copy comes while nothing is asked
        elif reading > 1:
            table.pass_time(0.05)
            table.ask(READ_VIN)
            table.receive(value)  # the copy comes first
            table.receive(VIN)
            assert table.ended.pop().payload == VIN


def test_line_that_sends_the_answer_before_in_front_of_each_answer() -> None:
    """Refusals name no identifier: the one before is not to be taken for the answer to this request."""
    table = Table()
    before = b""
    refusal = b"\x7f\x22\x31"
    answers = [refusal, VIN, b"\x62\xf1\x87A", refusal, b"\x62\xf1\x87B", refusal, refusal, VIN]
    for answer in answers:
        table.ask(READ_PART if answer[2:3] == b"\x87" else READ_VIN)
        table.pass_time(0.02)
        if before:
            table.receive(before)
        table.receive(answer)
        table.pass_time(0.05)
        assert table.ended.pop().payload == answer
        before = answer


def test_same_answer_to_the_same_request_costs_little() -> None:
    table = Table()
    for _ in range(3):
        table.ask(READ_VIN)
        table.receive(VIN)
        table.pass_time(0.035)
        assert table.ended.pop().payload == VIN


def test_broken_transfer_is_repeated_and_then_told() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    table.conversation.reception_began(table.now)
    table.undelivered(SilentReason.SEQUENCE, again=True)
    table.pass_time(0.06)
    assert len(table.sent) == 2
    table.conversation.reception_began(table.now)
    table.undelivered(SilentReason.SEQUENCE, again=True)
    assert (table.result.outcome, table.result.reason) == (Outcome.BROKEN, SilentReason.SEQUENCE)
    assert table.result.retries == 1


def test_unknown_target_ends_at_once_with_the_code() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    table.undelivered(SilentReason.UNKNOWN_TARGET, again=False)
    assert (table.result.outcome, table.result.reason) == (Outcome.SILENT, SilentReason.UNKNOWN_TARGET)
    assert table.result.detail == "0x00"


def test_gateway_without_memory_is_asked_again_until_the_budget_ends() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    while not table.ended:
        table.no_room()
        asked = len(table.sent)
        while not table.ended and len(table.sent) == asked:
            table.pass_time(0.005)
    assert (table.result.outcome, table.result.reason) == (Outcome.SILENT, SilentReason.GATEWAY_REFUSED)


def test_long_answer_in_progress_is_waited_for() -> None:
    table = Table()
    table.ask(READ_FAULTS)
    table.conversation.reception_began(table.now)
    table.pass_time(2.5)
    assert not table.ended
    table.receive(FAULTS)
    assert table.result.positive


def test_reception_that_never_ends_is_told() -> None:
    table = Table()
    table.ask(READ_FAULTS, Timing(p2_ms=100, p2_star_ms=1000, pending_budget_ms=3000, retries=0))
    table.conversation.reception_began(table.now)
    table.pass_time(3.1)
    assert (table.result.outcome, table.result.reason) == (Outcome.BROKEN, SilentReason.FLOW_CONTROL)


def test_full_bus_prolongs_the_wait_but_not_for_ever() -> None:
    table = Table()
    table.ask(READ_FAULTS, Timing(p2_ms=100, retries=0))
    rounds = 0
    while not table.ended:
        table.now = table.conversation.deadline or table.now
        table._note(table.conversation.tick(table.now, line_busy=True))
        rounds += 1
    assert table.result.outcome is Outcome.SILENT
    assert table.result.time_ms == pytest.approx(1100, abs=2)
    assert rounds == 11


@pytest.mark.parametrize("p2_ms", [0, -5, 1])
def test_hostile_p2_is_clamped_below(p2_ms: int) -> None:
    assert clamp(Timing(p2_ms=p2_ms), READ_VIN).p2_s == SHORTEST_P2_S


def test_hostile_timing_is_clamped_above() -> None:
    endless = Timing(
        p2_ms=10**9, p2_star_ms=10**9, pending_budget_ms=10**9, busy_budget_ms=10**9, retries=10**9
    )
    limits = clamp(endless, READ_VIN)
    assert limits.p2_s == LONGEST_P2_S
    assert limits.retries <= 5
    assert limits.pending_budget_s <= 900
    assert limits.p2_star_s <= 60


def test_at_most_eight_strays_are_kept() -> None:
    table = Table()
    table.ask(READ_VIN)
    for number in range(20):
        table.receive(bytes((0x50, number)))
    table.receive(VIN)
    assert len(table.result.strays) == 8


_EVENTS = st.lists(
    st.binary(max_size=6)
    | st.sampled_from([VIN, b"\x7f\x22\x78", b"\x7f\x22\x21", b"\x7f\x22\x31", b"\x62\xf1\x87A"])
    | st.floats(min_value=0.001, max_value=2.0),
    max_size=40,
)


@given(st.sampled_from([READ_VIN, READ_FAULTS, CLEAR]), _EVENTS)
def test_whatever_comes_every_exchange_ends_once_and_in_time(
    request: UdsRequest, events: list[bytes | float]
) -> None:
    table = Table()
    table.ask(request)
    for event in events:
        if isinstance(event, bytes):
            table.receive(event)
        else:
            table.pass_time(event)
    table.pass_time(30)
    assert len(table.ended) == 1
    result = table.result
    assert result.time_ms < 30_000
    if result.positive:
        assert result.payload[0] == request.payload[0] | 0x40
        assert result.payload[1 : 1 + request.echo_bytes] == request.payload[1 : 1 + request.echo_bytes]
    assert (result.reason is None) == (result.outcome in (Outcome.POSITIVE, Outcome.NEGATIVE))

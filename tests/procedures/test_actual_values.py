"""Records are read as fast as units answer; one that refuses or is silent costs the others nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.procedures.scripted import ScriptedLink, ScriptedUnit, unit_with
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason, UdsRequest
from workshop_console.console.model.forms import RecordForm
from workshop_console.console.procedures.actual_values import (
    ASK_AGAIN_S,
    MOST_IDENTIFIERS,
    SESSION_AGAIN_S,
    SILENCE_S,
    TURN_S,
    PolledUnit,
    RecordAnswer,
    RecordKey,
    RecordPoller,
    Wanted,
    poll,
    split_answer,
)
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.services import described

ONE, TWO = DoipAddress(1), DoipAddress(2)


def record(did: int, length: int | None = 1) -> RecordForm:
    return RecordForm(
        service=f"R{did:X}", label="", request=b"\x22" + did.to_bytes(2, "big"), did=did, length=length
    )


RECORDS = tuple(record(did) for did in (0x0101, 0x0102, 0x0103, 0x0104))
ALL = b"\x22" + b"".join(r.request[1:] for r in RECORDS)


def run(
    link: ScriptedLink, units: dict[Address, tuple[RecordForm, ...]], wanted: Wanted | None = None
) -> dict[tuple[str, bytes], RecordAnswer]:
    """Read everything once."""
    polled = [PolledUnit(address=a, timing=Timing(), records=records) for a, records in units.items()]
    wanted = wanted or Wanted((str(a), r.request) for a, records in units.items() for r in records)
    batches = poll(link, polled, wanted, Cancellation(), every_s=0.01, once=True)
    return {answer.key: answer for batch in batches for answer in batch}


def combining(most: int = 99, lacking: tuple[int, ...] = (), refuses_all: bool = False) -> ScriptedUnit:
    """Return a unit that takes up to `most` identifiers at once and answers each with its low byte."""

    class Unit(ScriptedUnit):
        def answer(self, request: bytes) -> bytes:
            self.asked.append(request)
            dids = [int.from_bytes(request[i : i + 2], "big") for i in range(1, len(request), 2)]
            there = [did for did in dids if did not in lacking]
            if len(dids) > most or not there or (refuses_all and there != dids):
                return b"\x7f\x22\x31"
            return b"\x62" + b"".join(did.to_bytes(2, "big") + bytes((did & 0xFF,)) for did in there)

    return Unit()


def test_several_identifiers_go_in_one_request() -> None:
    unit = combining()
    found = run(ScriptedLink({ONE: unit}), {ONE: RECORDS})
    assert unit.asked == [ALL]
    assert found["0x0001", RECORDS[2].request].response == bytes.fromhex("62010303")


def test_a_unit_that_takes_two_is_asked_for_two() -> None:
    unit = combining(most=2)
    found = run(ScriptedLink({ONE: unit}), {ONE: RECORDS})
    assert all(answer.response for answer in found.values())
    unit.asked.clear()
    link = ScriptedLink({ONE: unit})
    cancellation = Cancellation()
    polled = [PolledUnit(address=ONE, timing=Timing(), records=RECORDS)]
    batches = poll(link, polled, Wanted(("0x0001", r.request) for r in RECORDS), cancellation, every_s=0.02)
    next(batches)
    next(batches)
    cancellation.request()
    assert not list(batches)[1:]
    assert [len(request) for request in unit.asked[:6]] == [9, 3, 3, 3, 3, 5]
    assert set(map(len, unit.asked[5:])) == {5}


def test_one_that_is_not_there_costs_the_others_nothing() -> None:
    for refuses_all in (False, True):
        unit = combining(lacking=(0x0102,), refuses_all=refuses_all)
        found = run(ScriptedLink({ONE: unit}), {ONE: RECORDS})
        assert [bool(found["0x0001", r.request].response) for r in RECORDS] == [True, False, True, True]
        failure = found["0x0001", RECORDS[1].request].failure
        assert failure is not None
        assert failure.nrc == 0x31


def test_the_extended_session_is_opened_where_it_is_wanted_and_left_at_the_end() -> None:
    unit = unit_with(x220101=["7F227F", "62010155"], x1003="500300321388", x1001="500100321388")
    link = ScriptedLink({ONE: unit})
    found = run(link, {ONE: RECORDS[:1]})
    assert found["0x0001", RECORDS[0].request].response == bytes.fromhex("62010155")
    assert unit.asked == [b"\x22\x01\x01", b"\x10\x03", b"\x22\x01\x01", b"\x10\x01"]


def test_a_silent_unit_is_told_and_the_other_one_is_read() -> None:
    link = ScriptedLink({ONE: unit_with(otherwise=SilentReason.NO_ANSWER), TWO: combining()})
    found = run(link, {ONE: RECORDS[:1], TWO: RECORDS})
    failure = found["0x0001", RECORDS[0].request].failure
    assert failure is not None
    assert failure.reason is SilentReason.NO_ANSWER
    assert all(found["0x0002", r.request].response for r in RECORDS)


def test_records_of_unknown_length_are_read_alone() -> None:
    unit = combining()
    run(ScriptedLink({ONE: unit}), {ONE: (RECORDS[0], record(0x0102, None), *RECORDS[2:])})
    assert [len(request) for request in unit.asked] == [3, 3, 5]


def test_only_what_is_wanted_is_read_and_it_changes_while_running() -> None:
    unit = combining()
    link = ScriptedLink({ONE: unit})
    wanted = Wanted([("0x0001", RECORDS[0].request)])
    cancellation = Cancellation()
    polled = [PolledUnit(address=ONE, timing=Timing(), records=RECORDS)]
    batches = poll(link, polled, wanted, cancellation, every_s=2 * TURN_S)
    assert {answer.key[1] for answer in next(batches)} == {RECORDS[0].request}
    wanted.set([("0x0001", RECORDS[3].request)])
    next(batches)
    assert {answer.key[1] for answer in next(batches)} == {RECORDS[3].request}
    wanted.set(())
    next(batches)
    asked = len(unit.asked)
    assert next(batches) == ()
    assert len(unit.asked) == asked
    cancellation.request()
    assert not [answer for batch in batches for answer in batch]


def test_an_answer_that_does_not_fit_is_not_split() -> None:
    assert split_answer(RECORDS[:2], bytes.fromhex("620101AA")) == {
        RECORDS[0].request: bytes.fromhex("620101AA")
    }
    for wrong in ("620101AA0102", "620101AA0999BB", "620101AA0101BB", "62"):
        assert split_answer(RECORDS[:2], bytes.fromhex(wrong)) is None
    assert split_answer(RECORDS[:2], bytes.fromhex("620102BB0101AA")) == {
        RECORDS[0].request: bytes.fromhex("620101AA"),
        RECORDS[1].request: bytes.fromhex("620102BB"),
    }


def test_only_a_data_identifier_is_expected_back() -> None:
    assert described(b"\x22\xf1\x90").echo_bytes == 2
    assert described(b"\x22\x00").echo_bytes == 0


def poller(*, may_change_session: bool = True) -> RecordPoller:
    unit = PolledUnit(address=ONE, timing=Timing(), records=RECORDS)
    return RecordPoller(unit, may_change_session=may_change_session)


KEYS = frozenset(("0x0001", r.request) for r in RECORDS)


def ended(request: UdsRequest | None, payload: str) -> Exchange:
    assert request is not None
    response = bytes.fromhex(payload)
    negative = response[:1] == b"\x7f"
    return Exchange(
        ticket=1,
        address=ONE,
        request=request.payload,
        outcome=Outcome.NEGATIVE if negative else Outcome.POSITIVE,
        payload=response,
        nrc=response[2] if negative else None,
    )


def ask(unit: RecordPoller, now: float, answer: str, keys: frozenset[RecordKey] = KEYS) -> bytes:
    """Let the poller ask, answer it, and return what it asked."""
    request = unit.next(keys, now)
    unit.take(ended(request, answer), now)
    assert request is not None
    return request.payload


def test_a_refused_record_is_asked_rarely_and_alone_until_it_answers() -> None:
    unit = poller(may_change_session=False)
    assert ask(unit, 0.0, "7F2231") == ALL
    assert ask(unit, 0.0, "62010101") == RECORDS[0].request
    assert ask(unit, 0.0, "7F2231") == RECORDS[1].request
    assert ask(unit, 0.0, "62010303") == RECORDS[2].request
    assert ask(unit, 0.0, "62010404") == RECORDS[3].request
    three = bytes.fromhex("22010101030104")
    for now in (0.1, ASK_AGAIN_S - 0.1):
        assert ask(unit, now, "62010101010303010404") == three
    later = ASK_AGAIN_S + 0.1
    assert ask(unit, later, "62010101") == RECORDS[0].request
    assert ask(unit, later, "62010202") == RECORDS[1].request
    assert ask(unit, later, "62010303010404") == bytes.fromhex("2201030104")
    assert ask(unit, later + TURN_S, "62010101010202010303010404") == ALL


def test_the_session_is_opened_again_after_the_unit_started_anew() -> None:
    unit = poller()
    assert ask(unit, 0.0, "7F227F") == ALL
    assert ask(unit, 0.0, "500300321388") == b"\x10\x03"
    for record in RECORDS:
        assert ask(unit, 0.1, f"62{record.request[1:].hex()}00") == record.request
    assert unit.in_session
    assert ask(unit, 1.0, "7F227F") == ALL
    assert len(ask(unit, 1.0, "7F227F")) == 3, "not at once: it would be asked for nothing but sessions"
    again = SESSION_AGAIN_S + 1.0
    asked = [ask(unit, again, "7F227F") for _ in range(2)]
    assert asked[-1] == b"\x10\x03"


def test_out_of_range_in_the_extended_session_and_of_standard_identifiers_means_never() -> None:
    unit = poller()
    unit.in_session = True
    assert ask(unit, 0.0, "7F2231", frozenset([("0x0001", RECORDS[0].request)])) == RECORDS[0].request
    assert unit.next(frozenset([("0x0001", RECORDS[0].request)]), 0.1) is None
    standard = replace(RECORDS[0], service="")
    unit = RecordPoller(PolledUnit(address=ONE, timing=Timing(), records=(standard,)))
    assert ask(unit, 0.0, "7F2231") == standard.request
    assert unit.next(KEYS, 0.1) is None


def test_no_session_is_opened_where_it_must_not_be() -> None:
    unit = poller(may_change_session=False)
    ask(unit, 0.0, "7F227F")
    asked = [ask(unit, 0.0, "7F227F") for _ in RECORDS]
    assert b"\x10\x03" not in asked
    assert unit.next(KEYS, 0.1) is None


def test_a_silent_unit_is_asked_less_and_less() -> None:
    unit = poller()
    now, pauses = 0.0, []
    request = unit.next(KEYS, now)
    for _ in range(6):
        unit.take(replace(ended(request, ""), outcome=Outcome.SILENT, reason=SilentReason.NO_ANSWER), now)
        began = now
        while (request := unit.next(KEYS, now)) is None:
            now += 0.25
        pauses.append(now - began)
    assert pauses == [*SILENCE_S, SILENCE_S[-1], SILENCE_S[-1]]


def test_no_record_is_asked_for_more_often_than_anybody_needs() -> None:
    records = tuple(record(did) for did in range(0x0100, 0x0100 + MOST_IDENTIFIERS + 1))
    keys = frozenset(("0x0001", r.request) for r in records)
    unit = RecordPoller(PolledUnit(address=ONE, timing=Timing(), records=records))
    most, rest = records[:MOST_IDENTIFIERS], records[MOST_IDENTIFIERS:]
    began = 1.0
    answer = "62" + "".join(f"{r.request[1:].hex()}00" for r in most)
    assert len(ask(unit, began, answer, keys)) == 1 + 2 * len(most)
    assert ask(unit, began, f"62{rest[0].request[1:].hex()}00", keys) == rest[0].request, "the same turn"
    early = began + TURN_S / 4
    assert unit.next(keys, early) is None
    assert unit.pause_s(early, 0.5) == pytest.approx(TURN_S * 3 / 4)
    assert unit.pause_s(early, 0.001) == 0.001
    assert unit.next(keys, began + TURN_S) is not None


def test_a_unit_that_answers_at_once_is_asked_again_in_time() -> None:
    """It must not wait for the slow one, nor for the next look at what was answered."""
    unit = combining()
    link = ScriptedLink({ONE: unit})
    polled = [PolledUnit(address=ONE, timing=Timing(), records=RECORDS)]
    batches = poll(link, polled, Wanted(KEYS), Cancellation(), every_s=10 * TURN_S)
    assert 3 * len(RECORDS) <= len(next(batches)) <= 11 * len(RECORDS)


def test_a_lost_link_ends_the_polling() -> None:
    link = ScriptedLink({ONE: unit_with(otherwise=Outcome.LINK_LOST)})
    assert run(link, {ONE: RECORDS}) == {}

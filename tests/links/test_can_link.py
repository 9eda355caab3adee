"""The CAN line on an in-process bus, against can-isotp's own stacks and against frames made by hand."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

import can
import pytest

from tests.links.scripted_bus import FrameUnit, StackUnit, fresh_channel, open_can
from tests.links.waiting import ask, gather, until
from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.can.link import CanLink
from workshop_console.console.links.open import open_link
from workshop_console.console.links.uri import IsoTpOptions
from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Outcome, SilentReason, UdsRequest
from workshop_console.console.model.vehicle import LinkKind

UNIT = CanAddress(0x7E0, 0x7E8)
READ_VIN = b"\x22\xf1\x90"
QUICK = Timing(p2_ms=150, retries=1)
ONCE = Timing(p2_ms=150, retries=0)
Behave = Callable[[FrameUnit, int, bytes], None]


@contextlib.contextmanager
def line(behave: Behave, query: str = "", *, extended: bool = False) -> Iterator[tuple[CanLink, FrameUnit]]:
    channel = fresh_channel()
    with (
        FrameUnit(channel, behave, extended=extended) as unit,
        contextlib.closing(open_can(f"can://virtual/{channel}{query}")) as link,
    ):
        yield link, unit


def answering(*frames: str) -> Behave:
    """Answer each single frame to 0x7E0 with these frames, whatever the tester's flow control says."""

    def behave(unit: FrameUnit, identifier: int, data: bytes) -> None:
        if identifier == 0x7E0 and data[0] >> 4 == 0:
            unit.send(0x7E8, *frames)

    return behave


def _always(response: bytes) -> Callable[[bytes], bytes]:
    return lambda _request: response


def test_single_frame_is_filled_and_answered() -> None:
    with line(answering("0562f19041424344")) as (link, unit):
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2)
        assert (exchange.outcome, exchange.payload) == (Outcome.POSITIVE, b"\x62\xf1\x90AB")
        assert unit.frames == [(0x7E0, bytes.fromhex("0322f190cccccccc"))]
        assert (link.kind, link.max_in_flight) == (LinkKind.CAN, 64)


def test_frames_are_not_filled_where_the_address_says_so() -> None:
    with line(answering("0362f190"), "?padding=none") as (link, unit):
        assert ask(link, UNIT, READ_VIN, echo_bytes=2).positive
        assert unit.frames == [(0x7E0, bytes.fromhex("0322f190"))]


@pytest.mark.parametrize("size", [1, 6, 7, 8, 12, 13, 62, 255, 4095, 5000])
@pytest.mark.parametrize("params", [{}, {"tx_padding": 0x55}, {"blocksize": 3, "stmin": 0xF1}])
def test_messages_of_any_length_go_both_ways(size: int, params: dict[str, int]) -> None:
    channel = fresh_channel()
    received: list[bytes] = []

    def respond(request: bytes) -> bytes:
        received.append(request)
        return bytes((request[0] | 0x40,)) + request[1:]

    payload = bytes((0x36,)) + bytes(number % 251 for number in range(size - 1))
    params = {**params, "max_frame_size": 10_000}
    with (
        StackUnit(channel, 0x7E0, 0x7E8, respond, **params),
        contextlib.closing(open_can(f"can://virtual/{channel}")) as link,
    ):
        exchange = ask(link, UNIT, payload, timing=Timing(p2_ms=2000))
        assert received == [payload]
        assert exchange.payload == b"\x76" + payload[1:]


def test_extended_identifiers() -> None:
    channel = fresh_channel()
    address = CanAddress(0x18DA10F1, 0x18DAF110, extended=True)
    with (
        StackUnit(channel, address.request, address.response, lambda _request: b"\x62\xf1\x90" + bytes(30)),
        contextlib.closing(open_can(f"can://virtual/{channel}")) as link,
    ):
        assert len(ask(link, address, READ_VIN, echo_bytes=2, timing=Timing(p2_ms=1000)).payload) == 33


def test_can_fd_carries_long_frames() -> None:
    channel = fresh_channel()
    with (
        StackUnit(
            channel, 0x7E0, 0x7E8, lambda request: b"\x62" + request[1:], tx_data_length=64, can_fd=True
        ),
        contextlib.closing(open_can(f"can://virtual/{channel}?fd=true")) as link,
    ):
        payload = READ_VIN + bytes(200)
        assert ask(link, UNIT, payload, timing=Timing(p2_ms=1000)).payload == b"\x62" + payload[1:]


def test_block_size_and_separation_time_are_asked_for() -> None:
    with line(answering("101462f190414141"), "?block_size=4&st_min=5") as (link, unit):
        ask(link, UNIT, READ_VIN, timing=ONCE)
        assert unit.frames[1] == (0x7E0, bytes.fromhex("300405cccccccccc"))


def test_many_units_are_asked_at_once_over_one_bus() -> None:
    channel = fresh_channel()
    with contextlib.ExitStack() as units:
        tickets = {}
        addresses = [CanAddress(0x600 + number, 0x680 + number) for number in range(8)]
        for address in addresses:
            content = b"\x62\xf1\x90" + address.response.to_bytes(2, "big") * 20
            units.enter_context(StackUnit(channel, address.request, address.response, _always(content)))
        link = units.enter_context(contextlib.closing(open_can(f"can://virtual/{channel}")))
        for address in addresses:
            request = UdsRequest(payload=READ_VIN, echo_bytes=2)
            tickets[link.submit(address, request, Timing(p2_ms=2000))] = address
        for ticket, exchange in gather(link, list(tickets)).items():
            assert exchange.payload[3:] == tickets[ticket].response.to_bytes(2, "big") * 20


FIRST = "101462f190414141"  # 20 bytes: three consecutive frames follow, of 7, 7 and 0
REST = ("2142424242424242", "2243434343434343")
BROKEN = [
    ("a frame is missing", (FIRST, REST[1]), Outcome.BROKEN, SilentReason.SEQUENCE),
    ("frames are swapped", (FIRST, REST[1], REST[0]), Outcome.BROKEN, SilentReason.SEQUENCE),
    ("length zero", ("00cccccccccccccc",), Outcome.BROKEN, SilentReason.EMPTY),
    ("single frame cut off", ("0762f190",), Outcome.BROKEN, SilentReason.TOO_SHORT),
    ("first frame cut off", ("101462f190",), Outcome.BROKEN, SilentReason.TOO_SHORT),
    ("a gigabyte is announced", ("10003fffffff62f1",), Outcome.BROKEN, SilentReason.TOO_LONG),
    ("frames that are no ISO-TP", ("f0cccccc", "4011", "", "ff"), Outcome.SILENT, SilentReason.NO_ANSWER),
    ("flow control out of the blue", ("300000", "32", "37"), Outcome.SILENT, SilentReason.NO_ANSWER),
    ("consecutive frames alone", REST, Outcome.SILENT, SilentReason.NO_ANSWER),
    ("other service", ("0359021100000000",), Outcome.BROKEN, SilentReason.WRONG_SERVICE),
]


@pytest.mark.parametrize(("name", "frames", "outcome", "reason"), BROKEN, ids=[case[0] for case in BROKEN])
def test_broken_answer_is_told_as_it_is(
    name: str, frames: tuple[str, ...], outcome: Outcome, reason: SilentReason
) -> None:
    with line(answering(*frames)) as (link, _unit):
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2, timing=ONCE)
        assert (exchange.outcome, exchange.reason) == (outcome, reason)
        exchange = ask(link, CanAddress(0x7E1, 0x7E9), READ_VIN, timing=ONCE)
        assert exchange.reason is SilentReason.NO_ANSWER, "the line goes on"


def test_unit_that_stops_in_the_middle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.can.channel.CONSECUTIVE_FRAME_S", 0.2)
    with line(answering(FIRST, REST[0])) as (link, _unit):
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2, timing=ONCE)
        assert (exchange.outcome, exchange.reason, exchange.detail) == (
            Outcome.BROKEN,
            SilentReason.FLOW_CONTROL,
            "N_Cr",
        )


def test_answer_that_came_broken_is_asked_for_again() -> None:
    tries = 0

    def behave(unit: FrameUnit, identifier: int, data: bytes) -> None:
        nonlocal tries
        if identifier == 0x7E0 and data[0] == 3:
            tries += 1
            unit.send(0x7E8, FIRST, *(REST if tries == 2 else REST[1:]))

    with line(behave) as (link, _unit):
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2, timing=QUICK)
        assert (exchange.outcome, exchange.retries, len(exchange.payload)) == (Outcome.POSITIVE, 1, 20)


def test_request_that_the_unit_stops_taking_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.can.channel.FLOW_CONTROL_S", 0.1)

    def behave(unit: FrameUnit, _identifier: int, data: bytes) -> None:
        if data[0] == 0x10:
            unit.send(0x7E8, "3002")  # two frames and never another flow control; one byte short

    with line(behave) as (link, unit):
        exchange = ask(link, UNIT, READ_VIN + bytes(40), timing=ONCE, repeatable=False)
        assert (exchange.outcome, exchange.reason, exchange.detail) == (
            Outcome.SILENT,
            SilentReason.FLOW_CONTROL,
            "N_Bs",
        )
        assert len(unit.frames) == 3


def test_unit_without_room_for_the_request_is_told_at_once() -> None:
    def behave(unit: FrameUnit, _identifier: int, data: bytes) -> None:
        if data[0] == 0x10:
            unit.send(0x7E8, "320000")

    with line(behave) as (link, _unit):
        exchange = ask(link, UNIT, READ_VIN + bytes(40))
        assert (exchange.reason, exchange.detail) == (SilentReason.FLOW_CONTROL, "OVFLW")


def test_reserved_separation_time_counts_as_the_longest_one() -> None:
    def behave(unit: FrameUnit, _identifier: int, data: bytes) -> None:
        if data[0] == 0x10:
            unit.send(0x7E8, "3000a0")
        elif data[0] == 0x21:
            unit.send(0x7E8, "0362f190")

    with line(behave) as (link, _unit):
        assert ask(link, UNIT, READ_VIN + bytes(8), echo_bytes=2, timing=QUICK).positive


def test_junk_between_the_frames_of_an_answer_does_no_harm() -> None:
    with line(answering(FIRST, REST[0], "ff00", "300000", REST[1])) as (link, _unit):
        assert len(ask(link, UNIT, READ_VIN, echo_bytes=2, timing=ONCE).payload) == 20


def test_pending_and_busy_are_obeyed() -> None:
    asked = 0

    def behave(unit: FrameUnit, identifier: int, _data: bytes) -> None:
        nonlocal asked
        asked += identifier == 0x7E0
        if asked == 1:
            unit.send(0x7E8, "037f2221")
        else:
            unit.send(0x7E8, "037f2278", "037f2278", "0362f190")

    with line(behave) as (link, _unit):
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2)
        assert (exchange.outcome, exchange.pending, exchange.retries) == (Outcome.POSITIVE, 2, 1)


def test_tester_present_is_kept_going_and_disturbs_nothing() -> None:
    def behave(unit: FrameUnit, _identifier: int, data: bytes) -> None:
        unit.send(0x7E8, "027e00" if data[1] == 0x3E else "0362f190")

    with line(behave) as (link, unit):
        link.keep_alive([UNIT])
        present = (0x7E0, bytes.fromhex("023e80cccccccccc"))
        until(lambda: unit.frames.count(present) >= 2, "tester present")
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2)
        assert (exchange.positive, exchange.strays) == (True, ())


def test_functional_request_finds_who_answers() -> None:
    def behave(unit: FrameUnit, identifier: int, data: bytes) -> None:
        if (identifier, data[:3]) == (0x7DF, b"\x02\x3e\x00"):
            unit.send(0x123, "027e00")
            unit.send(0x7E8, "027e00aaaaaaaaaa")
            unit.send(0x7EA, "037f3e12")
            unit.send(0x7DF, "023e00cccccccccc")  # an interface that hears itself
            unit.send(0x300, "1122334455667788", "0711223344556677", "00")

    with line(behave) as (link, unit):
        answers = link.functional(b"\x3e\x00", wait_s=0.3)
        assert [(str(answer.address), answer.payload) for answer in answers] == [
            ("0x11B/0x123", b"\x7e\x00"),
            ("0x7E0/0x7E8", b"\x7e\x00"),
            ("0x7E2/0x7EA", b"\x7f\x3e\x12"),
        ]
        assert unit.frames == [(0x7DF, bytes.fromhex("023e00cccccccccc"))]


def test_long_functional_answer_is_taken_whole_where_it_is_certain() -> None:
    def behave(unit: FrameUnit, identifier: int, data: bytes) -> None:
        if identifier == 0x7DF:
            unit.send(0x7E8, FIRST)
            unit.send(0x200, FIRST)
        elif identifier == 0x7E0 and data[0] == 0x30:
            unit.send(0x7E8, *REST)

    with line(behave) as (link, unit):
        answers = {str(a.address): a.payload for a in link.functional(READ_VIN, wait_s=0.3)}
        assert len(answers["0x7E0/0x7E8"]) == 20
        assert answers["0x1F8/0x200"] == b"\x62\xf1\x90AAA"
        assert {identifier for identifier, _ in unit.frames} == {0x7DF, 0x7E0}, "no frame to the unknown"


def test_cancel_in_the_middle_leaves_the_unit_usable() -> None:
    def behave(unit: FrameUnit, _identifier: int, data: bytes) -> None:
        if data[0] == 3:
            unit.send(0x7E8, FIRST)
        elif data[0] == 4:
            unit.send(0x7E8, "0362f187")

    with line(behave) as (link, unit):
        ticket = link.submit(UNIT, UdsRequest(payload=READ_VIN, echo_bytes=2), Timing())
        until(lambda: len(unit.frames) >= 2, "flow control")
        link.cancel()
        assert gather(link, [ticket])[ticket].outcome is Outcome.CANCELLED
        assert ask(link, UNIT, b"\x22\xf1\x87\x00", echo_bytes=2).positive


class _FailingBus(can.BusABC):
    """A bus that takes nothing, or breaks."""

    def __init__(self, *, breaks: bool) -> None:
        self._breaks = breaks
        self._quiet = threading.Event()
        super().__init__(channel="failing")

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        raise can.CanOperationError("Transmit buffer full", 105)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if self._breaks:
            raise can.CanOperationError("unplugged")
        self._quiet.wait(timeout)
        return None, False


def test_bus_that_takes_no_frame_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.can.link.FRAME_OUT_S", 0.1)
    link = CanLink(_FailingBus(breaks=False), uri="can://failing/x", iso_tp=IsoTpOptions())
    exchange = ask(link, UNIT, READ_VIN)
    assert (exchange.outcome, exchange.reason) == (Outcome.SILENT, SilentReason.NOT_SENT)
    assert not link.lost
    link.close()


def test_interface_that_goes_away_loses_the_link() -> None:
    link = CanLink(_FailingBus(breaks=True), uri="can://failing/x", iso_tp=IsoTpOptions())
    until(lambda: link.lost, "loss")
    assert ask(link, UNIT, READ_VIN).outcome is Outcome.LINK_LOST
    link.close()


def test_address_of_another_line_is_refused() -> None:
    with line(answering()) as (link, _unit), pytest.raises(ConsoleError) as caught:
        link.submit(DoipAddress(1), UdsRequest(payload=READ_VIN), Timing())
    assert caught.value.number == "WC-305"


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("can://no_such_thing/x", "WC-200"),
        ("can://socketcan/no-such-interface", "WC-204"),
        ("can://slcan//dev/no-such-port?bitrate=500000", "WC-204"),
        ("can://socketcand/can0?port=0", "WC-200"),
        ("can://udp_multicast/not-an-address", "WC-204"),
        ("can://pcan/PCAN_USBBUS1", "WC-204"),
    ],
)
def test_interface_that_cannot_be_opened_has_its_number(uri: str, number: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        open_link(uri)
    assert caught.value.number == number


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="pseudo-terminals are a thing of POSIX")
def test_a_rate_that_the_interface_does_not_know_has_its_number() -> None:
    near, far = os.openpty()
    try:
        with pytest.raises(ConsoleError) as caught:
            open_link(f"can://slcan/{os.ttyname(far)}?bitrate=123")
        assert caught.value.number == "WC-204"
    finally:
        os.close(near)
        os.close(far)

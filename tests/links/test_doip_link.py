"""The DoIP line against a gateway that a script drives: strict, sloppy and hostile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.links.scripted_gateway import (
    TESTER,
    Peer,
    ScriptedGateway,
    acknowledge,
    acknowledge_and,
    answer,
    message,
)
from tests.links.waiting import ask, gather, until
from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.doip.discovery import discover
from workshop_console.console.links.doip.link import SLEEPS, DoipLink
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Outcome, SilentReason, UdsRequest
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.ports import VehicleLink

A = DoipAddress(0x1001)
B = DoipAddress(0x1002)
READ_VIN = b"\x22\xf1\x90"
VIN = b"\x62\xf1\x90WDD0000001A000001"
QUICK = Timing(p2_ms=100, retries=1)
Behave = Callable[[Peer, int, bytes], None]


@pytest.fixture
def link_to(request: pytest.FixtureRequest) -> Callable[[ScriptedGateway], VehicleLink]:
    def opened(gateway: ScriptedGateway) -> VehicleLink:
        link = open_link(gateway.uri)
        request.addfinalizer(link.close)
        return link

    return opened


LinkTo = Callable[[ScriptedGateway], VehicleLink]


def test_unit_is_asked_and_answers(link_to: LinkTo) -> None:
    with ScriptedGateway(acknowledge_and(lambda _target, _data: VIN)) as gateway:
        link = link_to(gateway)
        exchange = ask(link, A, READ_VIN, echo_bytes=2)
        assert (exchange.outcome, exchange.payload, exchange.address) == (Outcome.POSITIVE, VIN, A)
        assert gateway.requests == [(0x1001, READ_VIN)]
        assert (link.kind, link.uri, link.lost) == (LinkKind.DOIP, gateway.uri, False)
        assert link.wait(0.0) == ()


def test_identity_has_the_vin_of_the_announcement(link_to: LinkTo) -> None:
    with ScriptedGateway() as gateway:
        assert link_to(gateway).identity().vin == "WDD0000001A000001"
    with ScriptedGateway(vin=None) as gateway:
        assert link_to(gateway).identity().vin == ""


def test_identity_is_the_gateways_own_when_others_of_its_host_announce_themselves(link_to: LinkTo) -> None:
    with ScriptedGateway(neighbours=(b"WDD0000002A000002",)) as gateway:
        link = link_to(gateway)
        link.identity()
        ask(link, A, b"\x3e\x00")  # by now the other announcement was read too
        assert link.identity().vin == "WDD0000001A000001"


def test_why_the_likeliest_version_failed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.doip.connection.ACTIVATION_S", 0.2)
    with ScriptedGateway(activation=(), versions=(2,)) as gateway, pytest.raises(ConsoleError) as caught:
        open_link(gateway.uri)
    assert caught.value.number == "WC-208"
    assert caught.value.facts["detail"] == "0x0006: -"


def test_discovery_finds_the_gateway_once() -> None:
    with ScriptedGateway() as gateway:
        (found,) = discover("127.0.0.1", 0.3, port=gateway.port)
        assert (found.vin, found.logical, found.port) == ("WDD0000001A000001", 0x10, gateway.port)


def test_answers_go_to_whom_they_belong_while_many_are_asked(link_to: LinkTo) -> None:
    held: list[tuple[Peer, int, bytes]] = []

    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(acknowledge(target))
        held.append((peer, target, data))
        if len(held) == 60:
            for waiting, unit, asked in reversed(held):
                waiting.send(answer(unit, b"\x62" + asked[1:] + unit.to_bytes(2, "big")))

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        tickets = {}
        for number in range(60):
            address = DoipAddress(0x2000 + number)
            request = UdsRequest(payload=READ_VIN, echo_bytes=2)
            tickets[link.submit(address, request, Timing(p2_ms=5000))] = address
        for ticket, exchange in gather(link, list(tickets)).items():
            assert exchange.address == tickets[ticket]
            assert exchange.payload[3:] == tickets[ticket].logical.to_bytes(2, "big")


def test_one_silent_unit_costs_the_others_nothing(link_to: LinkTo) -> None:
    def unit(target: int, data: bytes) -> bytes | None:
        return None if target == A.logical else b"\x62" + data[1:]

    with ScriptedGateway(acknowledge_and(unit)) as gateway:
        link = link_to(gateway)
        silent = link.submit(A, UdsRequest(payload=READ_VIN, echo_bytes=2), Timing(p2_ms=400, retries=0))
        quick = link.submit(B, UdsRequest(payload=READ_VIN, echo_bytes=2), Timing(p2_ms=400, retries=0))
        first = link.wait(5.0)
        assert [exchange.ticket for exchange in first] == [quick]
        (second,) = link.wait(5.0)
        assert (second.ticket, second.reason) == (silent, SilentReason.NO_ANSWER)
        assert second.time_ms == pytest.approx(400, rel=0.5)


NACKS = [
    (0x02, SilentReason.GATEWAY_REFUSED),
    (0x03, SilentReason.UNKNOWN_TARGET),
    (0x04, SilentReason.GATEWAY_REFUSED),
    (0x06, SilentReason.UNREACHABLE),
    (0x07, SilentReason.GATEWAY_REFUSED),
    (0x08, SilentReason.GATEWAY_REFUSED),
    (0x77, SilentReason.GATEWAY_REFUSED),
]


@pytest.mark.parametrize(("code", "reason"), NACKS)
def test_refusal_of_the_gateway_is_the_reason(link_to: LinkTo, code: int, reason: SilentReason) -> None:
    with ScriptedGateway(lambda peer, target, _data: peer.send(acknowledge(target, code=code))) as gateway:
        exchange = ask(link_to(gateway), A, READ_VIN, timing=QUICK)
        assert (exchange.outcome, exchange.reason, exchange.detail) == (
            Outcome.SILENT,
            reason,
            f"0x{code:02X}",
        )


def test_gateway_out_of_memory_gets_fewer_at_once_and_everything_in_the_end(link_to: LinkTo) -> None:
    """The gateway holds three requests at most; each answer takes it a moment."""
    held: list[int] = []
    refusals: list[int] = []
    lock = threading.Lock()

    def behave(peer: Peer, target: int, _data: bytes) -> None:
        with lock:
            if len(held) >= 3:
                refusals.append(target)
                peer.send(acknowledge(target, code=0x05))
                return
            held.append(target)
        peer.send(acknowledge(target))

        def answer_later() -> None:
            with lock:
                held.remove(target)
            peer.send(answer(target, VIN))

        threading.Timer(0.01, answer_later).start()

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        request = UdsRequest(payload=READ_VIN, echo_bytes=2)
        tickets = [
            link.submit(DoipAddress(0x3000 + number), request, Timing(p2_ms=2000, busy_budget_ms=8000))
            for number in range(30)
        ]
        exchanges = gather(link, tickets)
        assert all(exchange.positive for exchange in exchanges.values())
        assert refusals
        assert len(refusals) < 150, "it must learn"


def test_alive_check_is_answered(link_to: LinkTo) -> None:
    with ScriptedGateway() as gateway:
        link_to(gateway)
        gateway.connections[0].send(message(0x0007))
        until(lambda: (0x0008, TESTER.to_bytes(2, "big")) in gateway.others, "alive check response")


def test_sloppy_gateway_without_acknowledgements_is_understood(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        if target == A.logical:
            peer.send(answer(target, b"\x62" + data[1:]))

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        assert ask(link, A, READ_VIN, echo_bytes=2).positive
        silent = ask(link, B, READ_VIN, timing=Timing(p2_ms=100, retries=0))
        assert silent.reason is SilentReason.NO_ANSWER
        assert silent.time_ms < 1500, "it need not wait for acknowledgements that never come"


def test_answer_to_another_tester_is_not_ours(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, _data: bytes) -> None:
        peer.send(acknowledge(target), answer(target, VIN, target=0x0E00))

    with ScriptedGateway(behave) as gateway:
        assert ask(link_to(gateway), A, READ_VIN, timing=QUICK).reason is SilentReason.NO_ANSWER


def test_empty_and_too_long_answers_are_told(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, _data: bytes) -> None:
        peer.send(acknowledge(target), answer(target, b"" if target == A.logical else bytes(200_000)))

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        empty = ask(link, A, READ_VIN, timing=QUICK)
        assert (empty.outcome, empty.reason) == (Outcome.BROKEN, SilentReason.EMPTY)
        long = ask(link, B, READ_VIN, timing=Timing(p2_ms=500, retries=0))
        assert (long.outcome, long.reason, long.detail) == (Outcome.BROKEN, SilentReason.TOO_LONG, "200000")


def test_answer_that_drips_in_is_waited_for(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(acknowledge(target))
        pause = threading.Event()
        for byte in answer(target, b"\x62" + data[1:] + bytes(20)):
            pause.wait(0.008)
            peer.send(bytes((byte,)))

    with ScriptedGateway(behave) as gateway:
        exchange = ask(link_to(gateway), A, READ_VIN, echo_bytes=2, timing=Timing(p2_ms=150, retries=0))
        assert (exchange.outcome, len(exchange.payload)) == (Outcome.POSITIVE, 23)


def test_chatter_of_another_unit_does_not_stretch_the_time_out(link_to: LinkTo) -> None:
    stop = threading.Event()

    def behave(peer: Peer, target: int, _data: bytes) -> None:
        peer.send(acknowledge(target))

        def chatter() -> None:
            while not stop.wait(0.01):
                peer.send(answer(B.logical, b"\x7f\x22\x78"))

        threading.Thread(target=chatter, daemon=True).start()

    with ScriptedGateway(behave) as gateway:
        exchange = ask(link_to(gateway), A, READ_VIN, timing=Timing(p2_ms=200, retries=0))
        stop.set()
        assert exchange.reason is SilentReason.NO_ANSWER
        assert exchange.time_ms < 600


def test_broken_connection_is_opened_again_and_what_may_be_repeated_is(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        if len(gateway.connections) == 1:
            if len(gateway.requests) == 2:
                peer.close()
            return
        peer.send(acknowledge(target), answer(target, b"\x62" + data[1:]))

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        may = link.submit(A, UdsRequest(payload=READ_VIN, echo_bytes=2), Timing(p2_ms=3000))
        may_not = link.submit(
            B, UdsRequest(payload=b"\x14\xff\xff\xff", repeatable=False), Timing(p2_ms=3000)
        )
        exchanges = gather(link, [may, may_not])
        assert exchanges[may].positive
        assert exchanges[may].retries == 1
        assert exchanges[may_not].outcome is Outcome.LINK_LOST
        assert sum(data == b"\x14\xff\xff\xff" for _, data in gateway.requests) == 1
        assert not link.lost


def test_connection_closed_in_the_middle_of_a_message_is_opened_again(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        if len(gateway.connections) == 1:
            peer.send(acknowledge(target), answer(target, VIN)[:13])
            peer.close()
        else:
            peer.send(acknowledge(target), answer(target, b"\x62" + data[1:]))

    with ScriptedGateway(behave) as gateway:
        assert ask(link_to(gateway), A, READ_VIN, echo_bytes=2, timing=QUICK).positive


def test_connection_that_broke_while_idle_is_opened_with_the_next_request(link_to: LinkTo) -> None:
    with ScriptedGateway() as gateway:
        link = link_to(gateway)
        gateway.connections[0].close()
        assert ask(link, A, READ_VIN, echo_bytes=2).positive
        assert len(gateway.connections) == 2


def test_gateway_that_is_gone_loses_the_link_and_never_hangs(link_to: LinkTo) -> None:
    def behave(peer: Peer, _target: int, _data: bytes) -> None:
        gateway.stop_listening()
        peer.close()

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        assert ask(link, A, READ_VIN).outcome is Outcome.LINK_LOST
        assert link.lost
        assert ask(link, B, READ_VIN).outcome is Outcome.LINK_LOST
        assert link.functional(b"\x3e\x00", wait_s=5.0) == ()


def test_gateway_that_breaks_on_every_request_is_given_up(link_to: LinkTo) -> None:
    with ScriptedGateway(lambda peer, _target, _data: peer.close()) as gateway:
        exchange = ask(link_to(gateway), A, READ_VIN)
        assert exchange.outcome is Outcome.LINK_LOST
        assert len(gateway.connections) <= 5


def test_gateway_that_hangs_up_when_too_much_is_asked_is_asked_less(link_to: LinkTo) -> None:
    """Each connection takes twelve requests, and units take a moment: sixty at once never bring an answer."""

    def behave(peer: Peer, target: int, data: bytes) -> None:
        asked[peer] = asked.get(peer, 0) + 1
        if asked[peer] > 12:
            peer.close()
            return
        response = acknowledge(target) + answer(target, b"\x62" + data[1:])
        threading.Timer(0.02, peer.send, (response,)).start()

    asked: dict[Peer, int] = {}
    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        request = UdsRequest(payload=READ_VIN, echo_bytes=2)
        tickets = [link.submit(DoipAddress(0x2000 + n), request, Timing(p2_ms=1000)) for n in range(60)]
        assert all(exchange.positive for exchange in gather(link, tickets).values())


def test_garbage_in_the_stream_ends_the_connection_not_the_program(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        if len(gateway.connections) == 1:
            peer.send(b"\x00" * 40)
        else:
            peer.send(acknowledge(target), answer(target, b"\x62" + data[1:]))

    with ScriptedGateway(behave) as gateway:
        assert ask(link_to(gateway), A, READ_VIN, echo_bytes=2).positive


def test_strange_messages_are_passed_over(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(
            message(0x0000, b"\x01"),
            message(0x9999, bytes(100)),
            message(0x8001, b"\x10"),
            message(0x8002, b"\x10\x01"),
            message(0x0004, bytes(33)),
            message(0x4002, b""),
            answer(0xFFFF, VIN),
            acknowledge(target, b"other request"),
            acknowledge(target, b"other request", code=0x03),
            acknowledge(target, data),
            answer(target, b"\x62" + data[1:]),
        )

    with ScriptedGateway(behave) as gateway:
        assert ask(link_to(gateway), A, READ_VIN, echo_bytes=2).positive


def test_cancel_ends_everything_at_once(link_to: LinkTo) -> None:
    with ScriptedGateway(acknowledge_and(lambda _target, _data: None)) as gateway:
        link = link_to(gateway)
        request = UdsRequest(payload=READ_VIN)
        tickets = [link.submit(DoipAddress(number), request, Timing(p2_ms=9000)) for number in range(1, 100)]
        began = time.monotonic()
        link.cancel()
        exchanges = gather(link, tickets)
        assert {exchange.outcome for exchange in exchanges.values()} == {Outcome.CANCELLED}
        assert time.monotonic() - began < 6.0
        gateway.behave = acknowledge_and(lambda _target, data: b"\x62" + data[1:])
        assert ask(link, A, READ_VIN, echo_bytes=2).positive


def test_functional_request_collects_who_answers(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(acknowledge(target))
        if target == 0xE400:
            peer.send(answer(0x1001, b"\x7f\x3e\x78"), answer(0x1001, b"\x7e\x00"))
            peer.send(answer(0x1002, b"\x7f\x3e\x12"), answer(0x1003, b"\x62\xf1\x90"))

    with ScriptedGateway(behave) as gateway:
        answers = link_to(gateway).functional(b"\x3e\x00", wait_s=0.3)
        assert [(found.address, found.payload) for found in answers] == [
            (A, b"\x7e\x00"),
            (B, b"\x7f\x3e\x12"),
        ]


def test_tester_present_goes_on_and_its_answers_disturb_nothing(link_to: LinkTo) -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(acknowledge(target))
        if data == b"\x3e\x80":
            peer.send(answer(target, b"\x7e\x00"))
        elif len(gateway.requests) > 2:
            peer.send(answer(target, b"\x7e\x00"), answer(target, b"\x62" + data[1:]))

    with ScriptedGateway(behave) as gateway:
        link = link_to(gateway)
        link.keep_alive([A])
        until(lambda: (A.logical, b"\x3e\x80") in gateway.requests, "first tester present")
        until(lambda: gateway.requests.count((A.logical, b"\x3e\x80")) >= 2, "second tester present")
        exchange = ask(link, A, READ_VIN, echo_bytes=2)
        assert (exchange.positive, exchange.strays) == (True, ())
        link.keep_alive([])


def test_address_of_another_line_is_refused(link_to: LinkTo) -> None:
    with ScriptedGateway() as gateway:
        link = link_to(gateway)
        with pytest.raises(ConsoleError) as caught:
            link.submit(CanAddress(0x7E0, 0x7E8), UdsRequest(payload=READ_VIN), Timing())
        assert caught.value.number == "WC-305"


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (0x00, "WC-202"),
        (0x01, "WC-211"),
        (0x02, "WC-202"),
        (0x03, "WC-211"),
        (0x04, "WC-212"),
        (0x05, "WC-212"),
        (0x06, "WC-202"),
        (0x07, "WC-202"),
        (0xE0, "WC-202"),
    ],
)
def test_refused_routing_activation_has_its_number(code: int, number: str) -> None:
    with ScriptedGateway(activation=(code,)) as gateway, pytest.raises(ConsoleError) as caught:
        open_link(gateway.uri)
    assert caught.value.number == number
    if "code" in caught.value.facts:
        assert caught.value.facts["code"] == f"0x{code:02X}"


def test_a_tester_address_that_is_in_use_gives_way_to_the_next() -> None:
    class Busy(ScriptedGateway):
        def _activate(self, peer: Peer, payload: bytes) -> None:
            self.activation = (0x03 if payload[:2] == TESTER.to_bytes(2, "big") else 0x10,)
            super()._activate(peer, payload)

    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(answer(target, bytes((data[0] | 0x40,)) + data[1:], TESTER + 1))

    with Busy(behave) as gateway:
        link = open_link(gateway.uri)
        assert ask(link, A, READ_VIN, echo_bytes=2).positive
        link.close()


def test_activation_that_is_confirmed_later_is_waited_for() -> None:
    with ScriptedGateway(activation=(0x11, message(0x0007), 0x10)) as gateway:
        link = open_link(gateway.uri)
        assert ask(link, A, READ_VIN, echo_bytes=2).positive
        link.close()


@pytest.mark.parametrize(
    ("name", "gateway", "number"),
    [
        ("garbage", {"activation": (b"SSH-2.0-OpenSSH_9.6\r\n",)}, "WC-208"),
        ("garbage before it is asked", {"activation": None, "greeting": b"220 ftp\r\n"}, "WC-208"),
        ("header refused", {"activation": (message(0x0000, b"\x04"),)}, "WC-208"),
        ("out of memory", {"activation": (message(0x0000, b"\x03"),)}, "WC-211"),
        ("neither version", {"versions": (9,), "vin": None}, "WC-208"),
    ],
)
def test_other_side_that_is_no_usable_gateway_has_its_number(
    name: str, gateway: dict[str, Any], number: str
) -> None:
    with ScriptedGateway(**gateway) as listening, pytest.raises(ConsoleError) as caught:
        open_link(listening.uri)
    assert caught.value.number == number


def test_silent_other_side_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.doip.connection.ACTIVATION_S", 0.2)
    with ScriptedGateway(activation=None) as gateway, pytest.raises(ConsoleError) as caught:
        open_link(gateway.uri)
    assert caught.value.number == "WC-208"


def test_nobody_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ConsoleError) as caught:
        open_link(f"doip://127.0.0.1:{port}")
    assert caught.value.number == "WC-201"
    with pytest.raises(ConsoleError) as caught:
        open_link("doip://no-such-host.invalid")
    assert caught.value.number == "WC-201"


@pytest.mark.parametrize("versions", [(2,), (3,)])
@pytest.mark.parametrize("vin", [None, b"WDD0000001A000001"])
def test_gateway_of_either_version_is_spoken_to(versions: tuple[int, ...], vin: bytes | None) -> None:
    with ScriptedGateway(versions=versions, vin=vin) as gateway:
        link = open_link(gateway.uri, tester_address=0x0E81)
        link.close()
        asked = [payload for payload_type, payload in gateway.others if payload_type == 0x0005]
        assert asked[-1] == b"\x0e\x81\x00" + bytes(4)


def test_no_wake_up_is_lost_between_many_requests_and_the_end() -> None:
    """Requests from one thread while answers come in the hub's: the hub must hear of each, and of the end."""
    closing: list[float] = []
    with ScriptedGateway() as gateway:
        for _ in range(20):
            link = open_link(gateway.uri)
            for number in range(30):
                request = UdsRequest(payload=bytes((0x22, 0xF1, number)), echo_bytes=2)
                tickets = [link.submit(address, request, Timing(p2_ms=3000)) for address in (A, B)]
                assert all(exchange.positive for exchange in gather(link, tickets).values())
            began = time.monotonic()
            link.close()
            closing.append(time.monotonic() - began)
    assert sorted(closing)[-2] < 1.0, "one of them may have been slow: a machine that stood still"


def test_close_gives_the_connection_back_and_can_be_called_twice() -> None:
    with ScriptedGateway(acknowledge_and(lambda _target, _data: None)) as gateway:
        link = open_link(gateway.uri)
        assert isinstance(link, DoipLink)
        ticket = link.submit(A, UdsRequest(payload=READ_VIN), Timing(p2_ms=9000))
        link.close()
        link.close()
        assert not link._thread.is_alive()
        assert gather(link, [ticket])[ticket].outcome is Outcome.LINK_LOST
        gateway.connections[0].tcp.settimeout(5)
        assert ask(link, A, READ_VIN).outcome is Outcome.LINK_LOST


def test_messages_that_the_connection_takes_in_parts_arrive_whole_and_in_order() -> None:
    reads = threading.Event()

    def behave(peer: Peer, target: int, data: bytes) -> None:
        assert reads.wait(10)
        peer.send(acknowledge(target), answer(target, bytes((data[0] | 0x40,)) + data[1:3]))

    with ScriptedGateway(behave) as gateway:
        link = open_link(gateway.uri)
        assert isinstance(link, DoipLink)
        try:
            assert link._connection is not None
            link._connection.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
            payloads = [b"\x22" + bytes((0xF1, count)) * 60_000 for count in range(40)]
            tickets = [
                link.submit(DoipAddress(0x1000 + count), UdsRequest(payload=payload, echo_bytes=2), Timing())
                for count, payload in enumerate(payloads)
            ]
            until(lambda: link._writing, "a message that is sent in part")
            reads.set()
            assert all(exchange.positive for exchange in gather(link, tickets).values())
            assert gateway.requests == [(0x1000 + count, payload) for count, payload in enumerate(payloads)]
        finally:
            reads.set()
            link.close()


class _CountedWaits:
    """A selector that counts the waits which began awake."""

    def __init__(self, selector: Any) -> None:
        self._selector = selector
        self._looks = 0
        self.awake = self.asleep = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def select(self, timeout: float | None = None) -> Any:
        if timeout == 0:
            self.awake += self._looks == 0
            self._looks += 1
        else:
            self._looks = 0
            self.asleep += 1
        return self._selector.select(timeout)


def _blocks_follow(answers_after_s: float, count: int) -> tuple[_CountedWaits, list[tuple[int, bytes]]]:
    """Send blocks, told ahead, to a unit; return how the line waited and what the unit got."""
    pause = threading.Event()

    def behave(peer: Peer, target: int, data: bytes) -> None:
        pause.wait(answers_after_s)
        peer.send(acknowledge(target), answer(target, b"\x76" + data[1:2]))

    with ScriptedGateway(behave) as gateway:
        link = open_link(gateway.uri)
        assert isinstance(link, DoipLink)
        waits = _CountedWaits(link._selector)
        link._selector = cast("Any", waits)
        try:
            blocks = [
                UdsRequest(payload=b"\x36" + bytes((n & 0xFF, n >> 8)), echo_bytes=1) for n in range(count)
            ]
            last = link.submit(A, blocks[0], Timing(p2_ms=5_000))
            tickets = [last]
            for block in blocks[1:]:
                # None when the one before was answered already: this one goes out like the first then.
                last = link.submit_after(last, block) or link.submit(A, block, Timing(p2_ms=5_000))
                tickets.append(last)
            assert all(exchange.positive for exchange in gather(link, tickets).values())
        finally:
            link.close()
        return waits, gateway.requests


def test_blocks_told_ahead_follow_each_other_in_order() -> None:
    waits, requests = _blocks_follow(0.0, 300)
    assert requests == [(A.logical, b"\x36" + bytes((n & 0xFF, n >> 8))) for n in range(300)]
    assert waits.awake


def test_slow_units_are_waited_for_asleep() -> None:
    waits, _ = _blocks_follow(0.004, 200)
    assert waits.asleep >= 200
    assert waits.awake <= 2 + waits.asleep // SLEEPS

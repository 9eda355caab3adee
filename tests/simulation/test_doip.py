"""The DoIP gateway: what ISO 13400-2:2019 wants of it, and what other people's clients send."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import doipclient
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.workbench import VIN, Running, make_unit, make_vehicle, receive_exactly, running
from workshop_console.console.errors import ConsoleError
from workshop_console.console.simulation.doip import discovery, gateway, tester_connection
from workshop_console.console.simulation.doip.message import PayloadType, message
from workshop_console.console.simulation.doip.stream import MessageStream, ReceivedMessage, RefusedMessage
from workshop_console.console.simulation.server import run

TESTER = 0x0E80
ACTIVATION = struct.pack(">HB4x", TESTER, 0)
GATEWAY = 0x0010


@pytest.fixture(scope="module")
def simulation() -> Iterator[Running]:
    with running() as vehicle:
        yield vehicle


def connect(simulation: Running) -> socket.socket:
    return socket.create_connection(simulation.doip, timeout=5)


def read(channel: socket.socket) -> tuple[int, bytes] | None:
    """Return payload type and payload of the next message; None when the gateway closed."""
    try:
        header = receive_exactly(channel, 8)
    except ConnectionError:
        return None
    if not header:
        return None
    payload_type, length = struct.unpack(">2xHI", header)
    return payload_type, receive_exactly(channel, length)


def closed(channel: socket.socket) -> bool:
    return read(channel) is None


def activate(channel: socket.socket, tester: int = TESTER, kind: int = 0, extra: bytes = b"") -> int:
    """Ask for routing activation and return the code of the answer."""
    channel.sendall(
        message(PayloadType.ROUTING_ACTIVATION_REQUEST, struct.pack(">HB4x", tester, kind) + extra)
    )
    answer = read(channel)
    assert answer is not None
    payload_type, payload = answer
    assert payload_type == PayloadType.ROUTING_ACTIVATION_RESPONSE
    assert struct.unpack(">HH", payload[:4]) == (tester, GATEWAY)
    assert payload[5:] == bytes(4) + extra
    return payload[4]


def diagnostic(target: int, request: str, source: int = TESTER) -> bytes:
    return message(
        PayloadType.DIAGNOSTIC_MESSAGE, struct.pack(">HH", source, target) + bytes.fromhex(request)
    )


def ask(channel: socket.socket, target: int, request: str) -> tuple[int, str]:
    """Send a request and return the acknowledge code and the answer in hexadecimal."""
    channel.sendall(diagnostic(target, request))
    acknowledge = read(channel)
    assert acknowledge is not None
    assert acknowledge[1][:4] == struct.pack(">HH", target, TESTER)
    if acknowledge[0] == PayloadType.DIAGNOSTIC_MESSAGE_NEGATIVE_ACKNOWLEDGE:
        return acknowledge[1][4], ""
    answer = read(channel)
    assert answer is not None
    assert answer[0] == PayloadType.DIAGNOSTIC_MESSAGE
    assert answer[1][:4] == struct.pack(">HH", target, TESTER)
    return acknowledge[1][4], answer[1][4:].hex()


def alive(simulation: Running) -> bool:
    with connect(simulation) as channel:
        return activate(channel, 0x0E7F) == 0x10


# Header


HEADER_REFUSALS = {
    "wrong inverse version": (bytes.fromhex("02fc000500000007") + ACTIVATION, 0x00, True),
    "unknown version": (bytes.fromhex("42bd000500000007") + ACTIVATION, 0x00, True),
    "any version over TCP": (bytes.fromhex("ff00000500000007") + ACTIVATION, 0x00, True),
    "unknown payload type": (message(0x1234, b"abc"), 0x01, False),
    "identification over TCP": (message(0x0001), 0x01, False),
    "activation of a wrong length": (message(0x0005, ACTIVATION + b"\x00"), 0x04, True),
    "empty diagnostic message": (message(0x8001, b"\x0e\x80\x10\x01"), 0x04, True),
    "alive check response of a wrong length": (message(0x0008, b"\x0e"), 0x04, True),
}


@pytest.mark.parametrize("case", HEADER_REFUSALS)
def test_header_is_refused(simulation: Running, case: str) -> None:
    sent, code, closes = HEADER_REFUSALS[case]
    with connect(simulation) as channel:
        channel.sendall(sent)
        assert read(channel) == (0x0000, bytes((code,)))
        if closes:
            assert closed(channel)
        else:
            assert activate(channel) == 0x10


def test_a_message_that_is_too_large_is_skipped(simulation: Running) -> None:
    with connect(simulation) as channel:
        size = 3 * 1024 * 1024
        channel.sendall(bytes.fromhex("03fc8001") + size.to_bytes(4, "big"))
        assert read(channel) == (0x0000, b"\x02")
        channel.sendall(bytes(size))
        assert activate(channel) == 0x10


@pytest.mark.parametrize("version", [0x01, 0x02, 0x03])
def test_gateway_answers_in_the_version_of_the_tester(simulation: Running, version: int) -> None:
    with connect(simulation) as channel:
        channel.sendall(message(0x0005, ACTIVATION, version=version))
        assert receive_exactly(channel, 2) == bytes((version, version ^ 0xFF))


def test_messages_may_come_in_any_pieces(simulation: Running) -> None:
    with connect(simulation) as channel:
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in message(0x0005, ACTIVATION):
            channel.sendall(bytes((byte,)))
        assert read(channel) is not None
        channel.sendall(diagnostic(0x1001, "3e00") * 3)
        kinds = [answer[0] for _ in range(6) if (answer := read(channel)) is not None]
        assert kinds == [0x8002, 0x8001] * 3


# Routing activation


def test_routing_activation(simulation: Running) -> None:
    with connect(simulation) as channel:
        assert activate(channel) == 0x10
        assert activate(channel) == 0x10, "the same tester may ask again"
        assert activate(channel, extra=b"\x01\x02\x03\x04") == 0x10
        assert activate(channel, kind=0x01) == 0x10
        assert activate(channel, TESTER + 1) == 0x02
        assert closed(channel)


@pytest.mark.parametrize(
    ("tester", "kind", "code", "closes"),
    [
        (0x0001, 0x00, 0x00, True),
        (0x0DFF, 0x00, 0x00, True),
        (0x1000, 0x00, 0x00, True),
        (TESTER, 0x02, 0x06, True),
        (TESTER, 0xFF, 0x06, True),
        (TESTER, 0xE0, 0x04, False),
    ],
)
def test_routing_activation_is_refused(
    simulation: Running, tester: int, kind: int, code: int, closes: bool
) -> None:
    with connect(simulation) as channel:
        assert activate(channel, tester, kind) == code
        if closes:
            assert closed(channel)
        else:
            assert activate(channel) == 0x10


def test_a_tester_that_is_alive_keeps_its_address(
    simulation: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tester_connection, "ALIVE_CHECK_S", 10.0)
    with connect(simulation) as first, connect(simulation) as second:
        assert activate(first) == 0x10
        second.sendall(message(0x0005, ACTIVATION))
        assert read(first) == (0x0007, b"")
        first.sendall(message(0x0008, struct.pack(">H", TESTER)))
        answer = read(second)
        assert answer is not None
        assert answer[1][4] == 0x03
        assert closed(second)
        assert ask(first, 0x1001, "3e00") == (0, "7e00")


def test_a_tester_that_is_gone_loses_its_address(simulation: Running) -> None:
    with connect(simulation) as first, connect(simulation) as second:
        assert activate(first) == 0x10
        start = monotonic()
        assert activate(second) == 0x10
        assert monotonic() - start >= 0.4
        assert read(first) == (0x0007, b"")
        assert closed(first)


def test_no_more_testers_than_the_gateway_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_TESTERS", 2)
    with running() as simulation:
        testers = [connect(simulation) for _ in range(3)]
        assert [activate(channel, TESTER + n) for n, channel in enumerate(testers[:2])] == [0x10, 0x10]
        testers[2].sendall(message(0x0005, struct.pack(">HB4x", TESTER + 2, 0)))
        for n, channel in enumerate(testers[:2]):
            assert read(channel) == (0x0007, b"")
            channel.sendall(message(0x0008, struct.pack(">H", TESTER + n)))
        answer = read(testers[2])
        assert answer is not None
        assert answer[1][4] == 0x01
        assert closed(testers[2])
        with connect(simulation) as late:
            late.sendall(message(0x0005, struct.pack(">HB4x", TESTER + 3, 0)))
            assert read(testers[0]) == (0x0007, b"")
            testers[0].sendall(message(0x0008, struct.pack(">H", TESTER)))
            answer = read(late)
            assert answer is not None
            assert answer[1][4] == 0x10, "the silent one had to go"
        for channel in testers:
            channel.close()


def test_idle_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as simulation, connect(simulation) as active:
        assert activate(active) == 0x10
        monkeypatch.setattr(tester_connection, "INITIAL_INACTIVITY_S", 0.2)
        with connect(simulation) as idle:
            assert closed(idle)
        assert ask(active, 0x1001, "3e00") == (0, "7e00")


def test_connections_that_say_nothing_any_more_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester_connection, "GENERAL_INACTIVITY_S", 0.3)
    with running() as simulation, connect(simulation) as silent:
        start = monotonic()
        assert activate(silent) == 0x10
        assert closed(silent)
        assert monotonic() - start >= 0.3


# Diagnostic messages


def test_diagnostic_messages(simulation: Running) -> None:
    with connect(simulation) as channel:
        activate(channel)
        assert ask(channel, 0x1001, "22f190") == (0, "62f190" + VIN.encode().hex())
        assert ask(channel, 0x1002, "22f186") == (0, "62f18601")
        assert ask(channel, 0x4242, "3e00") == (0x03, "")
        assert ask(channel, 0x1001, "22" * 4096) == (0x04, "")
        assert ask(channel, 0x1001, "22" * 4095) == (0, "7f2231")


def test_a_unit_that_is_not_there_is_acknowledged_and_silent(simulation: Running) -> None:
    with connect(simulation) as channel:
        activate(channel)
        channel.sendall(diagnostic(0x1003, "3e00") + diagnostic(0x1001, "3e00"))
        assert read(channel) == (0x8002, struct.pack(">HHB", 0x1003, TESTER, 0))
        assert read(channel) == (0x8002, struct.pack(">HHB", 0x1001, TESTER, 0))
        assert read(channel) == (0x8001, struct.pack(">HH", 0x1001, TESTER) + b"\x7e\x00")


def test_functional_requests_reach_all(simulation: Running) -> None:
    with connect(simulation) as channel:
        activate(channel)
        channel.sendall(diagnostic(0xE400, "3e00"))
        assert read(channel) == (0x8002, struct.pack(">HHB", 0xE400, TESTER, 0))
        answers = {read(channel), read(channel)}
        assert answers == {
            (0x8001, struct.pack(">HH", unit, TESTER) + b"\x7e\x00") for unit in (0x1001, 0x1002)
        }
        channel.sendall(diagnostic(0xE400, "ba"))
        assert read(channel) == (0x8002, struct.pack(">HHB", 0xE400, TESTER, 0))
        assert ask(channel, 0x1001, "3e00") == (0, "7e00")


@pytest.mark.parametrize("source", [TESTER + 1, 0x1001])
def test_another_source_address_is_refused_and_closes(simulation: Running, source: int) -> None:
    with connect(simulation) as channel:
        activate(channel)
        channel.sendall(diagnostic(0x1001, "3e00", source))
        assert read(channel) == (0x8003, struct.pack(">HHB", 0x1001, source, 0x02))
        assert closed(channel)


def test_a_message_before_activation_is_refused_and_closes(simulation: Running) -> None:
    with connect(simulation) as channel:
        channel.sendall(diagnostic(0x1001, "3e00"))
        assert read(channel) == (0x8003, struct.pack(">HHB", 0x1001, TESTER, 0x02))
        assert closed(channel)


def test_two_testers_at_one_unit_that_works() -> None:
    vehicle = make_vehicle(make_unit(answer_after_ms=300))
    with running(vehicle) as simulation, connect(simulation) as one, connect(simulation) as two:
        activate(one, TESTER)
        activate(two, TESTER + 1)
        one.sendall(diagnostic(0x1001, "22f186"))
        assert read(one) is not None
        two.sendall(diagnostic(0x1001, "22f186", TESTER + 1))
        assert read(two) is not None
        assert read(two) == (0x8001, struct.pack(">HH", 0x1001, TESTER + 1) + b"\x7f\x22\x21")
        answer = read(one)
        while answer is not None and answer[1].endswith(b"\x78"):
            answer = read(one)
        assert answer == (0x8001, struct.pack(">HH", 0x1001, TESTER) + b"\x62\xf1\x86\x01")


def test_a_reader_that_is_slow_is_refused_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester_connection, "_MOST_UNREAD_BYTES", 20_000)
    with running() as simulation, connect(simulation) as lazy, connect(simulation) as busy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        activate(lazy, TESTER + 1)
        activate(busy)
        for _ in range(3_000):
            lazy.sendall(diagnostic(0x1001, "220400", TESTER + 1))
        for _ in range(50):
            assert ask(busy, 0x1001, "3e00") == (0, "7e00")
        answer = read(lazy)
        while answer is not None and answer != (0x0000, b"\x03"):
            answer = read(lazy)
        assert answer == (0x0000, b"\x03")


# Line faults that concern the connection


def test_connection_is_closed_after_so_many_messages() -> None:
    with running(faults=("close:after=3:times=1",)) as simulation:
        with connect(simulation) as channel:
            activate(channel)
            for _ in range(2):
                assert ask(channel, 0x1001, "3e00") == (0, "7e00")
            channel.sendall(diagnostic(0x1001, "3e00"))
            assert closed(channel)
        with connect(simulation) as channel:
            activate(channel)
            for _ in range(5):
                assert ask(channel, 0x1001, "3e00") == (0, "7e00")


def test_gateway_refuses_a_unit_that_it_cannot_reach() -> None:
    with (
        running(faults=("nack:ESP", "nack:ME_Engine:05")) as simulation,
        connect(simulation) as channel,
    ):
        activate(channel)
        assert ask(channel, 0x1002, "3e00") == (0x06, "")
        assert ask(channel, 0x1001, "3e00") == (0x05, "")


# UDP


def ask_udp(simulation: Running, datagram: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(5)
        channel.connect(simulation.doip)
        channel.send(datagram)
        return channel.recv(1000)


def unanswered(simulation: Running, datagram: bytes) -> bool:
    """Return whether the answer that comes is the one to a request sent afterwards."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(5)
        channel.connect(simulation.doip)
        channel.send(datagram)
        channel.send(message(0x4003))
        return channel.recv(1000) == message(0x4004, b"\x01")


EID = bytes.fromhex("001122334455")
IDENTIFICATION = VIN.encode() + struct.pack(">H", GATEWAY) + EID + bytes(6) + b"\x00\x00"


@pytest.mark.parametrize(
    ("datagram", "answer"),
    [
        (message(0x0001), message(0x0004, IDENTIFICATION)),
        (message(0x0001, version=0xFF), message(0x0004, IDENTIFICATION)),
        (message(0x0001, version=0x02), message(0x0004, IDENTIFICATION, version=0x02)),
        (message(0x0002, EID), message(0x0004, IDENTIFICATION)),
        (message(0x0003, VIN.encode()), message(0x0004, IDENTIFICATION)),
        (message(0x4001), message(0x4002, bytes.fromhex("0010000000ffff"))),
        (message(0x4003), message(0x4004, b"\x01")),
        (message(0x4003, version=0xFF), message(0x0000, b"\x00")),
        (b"\x02\xfc\x00\x01\x00\x00\x00\x00", message(0x0000, b"\x00")),
        (message(0x9999), message(0x0000, b"\x01")),
        (message(0x8001, b"\x0e\x80\x10\x01\x3e\x00"), message(0x0000, b"\x01")),
        (bytes.fromhex("03fc000100100000"), message(0x0000, b"\x02")),
        (message(0x0001, b"x"), message(0x0000, b"\x04")),
        (message(0x0003, VIN.encode()[:-1]), message(0x0000, b"\x04")),
        (message(0x0003, VIN.encode())[:-1], message(0x0000, b"\x04")),
    ],
)
def test_datagrams(simulation: Running, datagram: bytes, answer: bytes) -> None:
    assert ask_udp(simulation, datagram) == answer


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x03",
        message(0x0000, b"\x00"),
        message(0x0004, IDENTIFICATION),
        message(0x0002, b"\x00" * 6),
        message(0x0003, b"W1K0000000T000002"),
    ],
)
def test_datagrams_that_are_for_others_or_answers_are_not_answered(
    simulation: Running, datagram: bytes
) -> None:
    assert unanswered(simulation, datagram)


def test_entity_status_counts_open_connections() -> None:
    with running() as simulation, connect(simulation) as channel:
        activate(channel)
        assert ask_udp(simulation, message(0x4001)) == message(0x4002, bytes.fromhex("0010010000ffff"))


# Others


def test_doipclient_reads_a_unit(simulation: Running) -> None:
    host, port = simulation.doip
    client_class: Any = doipclient.__dict__["DoIPClient"]  # the library is untyped
    client = client_class(host, 0x1001, tcp_port=port, udp_port=port, activation_type=0)
    client.send_diagnostic(b"\x22\xf1\x90")
    assert bytes(client.receive_diagnostic(5)) == b"\x62\xf1\x90" + VIN.encode()
    assert client.request_vehicle_identification().vin == VIN
    assert client.request_vehicle_identification(eid=EID).logical_address == GATEWAY
    assert client.request_entity_status().max_concurrent_sockets == 16
    assert client.request_diagnostic_power_mode().diagnostic_power_mode == 1
    assert client.request_alive_check().source_address == GATEWAY
    client.close()


@pytest.mark.parametrize("option", ["doip", "socketcand"])
def test_an_address_that_cannot_be_used_is_told(simulation: Running, option: str) -> None:
    stop = threading.Event()
    stop.set()
    for address in (simulation.doip, ("127.0.0.1", 70_000), ("no such host", 0), ("192.0.2.1", 0)):
        with pytest.raises(ConsoleError) as raised:
            run(make_vehicle(), **{option: address}, ready=lambda _: None, stop=stop)  # type: ignore[arg-type]  # names a parameter
        assert raised.value.number == "WC-206"


@given(st.lists(st.binary(max_size=40), max_size=12), st.lists(st.integers(1, 60), max_size=12))
@settings(max_examples=300, deadline=None)
def test_stream_is_cut_alike_whatever_the_pieces(noise: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(
        data if number % 3 == 2 else message(0x8001 if number % 2 else 0x4242, data)
        for number, data in enumerate(noise)
    )
    whole = list(MessageStream(lambda: True).feed(sent))
    stream = MessageStream(lambda: True)
    pieces: list[ReceivedMessage | RefusedMessage] = []
    start = 0
    for length in [*cuts, len(sent)]:
        pieces += stream.feed(sent[start : start + length])
        start += length
    assert pieces == whole


@given(st.lists(st.binary(max_size=64), min_size=1, max_size=8), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_bytes_leave_a_gateway_that_answers(
    simulation: Running, pieces: list[bytes], activated: bool
) -> None:
    with connect(simulation) as channel:
        if activated:
            channel.sendall(message(0x0005, ACTIVATION))
        try:
            for number, piece in enumerate(pieces):
                channel.sendall(message(0x8001, ACTIVATION[:2] + piece) if number % 2 else piece)
        except OSError:
            assert alive(simulation)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        for piece in pieces:
            channel.sendto(piece, simulation.doip)
            channel.sendto(message(0x0001) + piece, simulation.doip)
    assert alive(simulation)


def test_gateway_announces_itself_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_ANNOUNCE_INTERVAL_S", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.settimeout(5)
        listener.bind(("127.255.255.255", 0))
        monkeypatch.setattr(discovery, "UDP_DISCOVERY_PORT", listener.getsockname()[1])
        with running():
            heard = [listener.recv(1000) for _ in range(3)]
    assert heard == [message(0x0004, IDENTIFICATION)] * 3


@pytest.mark.parametrize(
    ("host", "target"),
    [("127.0.0.1", "127.255.255.255"), ("0.0.0.0", "255.255.255.255"), ("::1", None), ("fe80::1%eth0", None)],
)
def test_announcements_go_where_they_are_heard(host: str, target: str | None) -> None:
    assert discovery.announcement_target(host) == target

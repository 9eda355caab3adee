"""The CAN side over real sockets: the text protocol, and clients that nobody here wrote."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import can
import isotp
import pytest
from udsoncan.client import Client
from udsoncan.configs import default_client_config
from udsoncan.connections import PythonIsoTpConnection
from udsoncan.exceptions import NegativeResponseException

from tests.simulation.workbench import (
    FLASH_LEVEL,
    SECRET,
    VIN,
    Running,
    make_vehicle,
    receive_exactly,
    running,
)
from workshop_console.console.errors import ConsoleError
from workshop_console.console.simulation import connection
from workshop_console.console.simulation.bus import socketcand
from workshop_console.console.simulation.bus.joined_interface import parse_interface
from workshop_console.console.simulation.security import key_of
from workshop_console.console.simulation.server import run


@pytest.fixture(scope="module")
def simulation() -> Iterator[Running]:
    with running() as vehicle:
        yield vehicle


def connect(simulation: Running) -> socket.socket:
    """Return a client that is through the handshake."""
    channel = socket.create_connection(simulation.socketcand, timeout=5)
    assert receive_exactly(channel, 6) == b"< hi >"
    channel.sendall(b"< open can0 >")
    assert receive_exactly(channel, 6) == b"< ok >"
    channel.sendall(b"< rawmode >")
    assert receive_exactly(channel, 6) == b"< ok >"
    return channel


def read_frame(channel: socket.socket) -> list[str]:
    """Return the words of the next message."""
    text = b""
    while not text.endswith(b">"):
        part = channel.recv(1)
        assert part, "the simulation closed the connection"
        text += part
    return text.decode().split()


def test_a_request_as_text_is_answered_as_text(simulation: Running) -> None:
    with connect(simulation) as channel:
        channel.sendall(b"< send 7E0 8 2 3E 0 0 0 0 0 0 >")
        words = read_frame(channel)
        assert words[:3] == ["<", "frame", "7E8"]
        assert float(words[3]) > 0
        assert words[4:] == ["027E00CCCCCCCCCC", ">"]


def test_each_client_sees_the_frames_of_the_others_but_not_its_own(simulation: Running) -> None:
    with connect(simulation) as first, connect(simulation) as second:
        first.sendall(b"< send 123 2 AB CD >< send 18DA10F1 0  >< send 7E0 2 1 3E >")
        assert read_frame(second)[2::2] == ["123", "ABCD"]
        assert read_frame(second)[2] == "18DA10F1"
        assert read_frame(second)[2::2] == ["7E0", "013E"]
        assert read_frame(second)[2::2] == ["7E8", "037F3E13CCCCCCCC"]
        assert read_frame(first)[2::2] == ["7E8", "037F3E13CCCCCCCC"]


def ends(channel: socket.socket) -> bool:
    """Read until the simulation closes the connection (a TimeoutError if it never does)."""
    try:
        while channel.recv(65_536):
            pass
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize(
    "command",
    [
        b"< send 7E0 8 2 3E >",
        b"< send 7E0 9 1 2 3 4 5 6 7 8 9 >",
        b"< send 800 0 >",
        b"< send FFFFFFFF 0 >",
        b"< send >",
        b"< send xyz 1 2 >",
        b"< send 7E0 1 100 >",
        b"< send 7E0 1 -1 >",
        b"< nonsense >",
        b"nonsense >",
        b">",
        b"<>",
        b"\xff\xfe\x00 >",
        b"x" * 2_000,
    ],
)
def test_what_cannot_be_understood_gets_an_error_and_changes_nothing(
    simulation: Running, command: bytes
) -> None:
    with connect(simulation) as channel:
        channel.sendall(command)
        assert read_frame(channel)[:2] == ["<", "error"]
        channel.sendall(b"< send 7E0 3 2 3E 0 >")
        assert read_frame(channel)[4] == "027E00CCCCCCCCCC"


def test_frames_come_only_in_raw_mode(simulation: Running) -> None:
    with socket.create_connection(simulation.socketcand, timeout=5) as early, connect(simulation) as other:
        assert receive_exactly(early, 6) == b"< hi >"
        early.sendall(b"< send 7E0 3 2 3E 0 >< rawmode >")
        assert read_frame(early)[1] == "error"
        assert read_frame(early)[1] == "error"
        other.sendall(b"< send 7E0 3 2 3E 0 >")
        assert read_frame(other)[1] == "frame"
        early.sendall(b"< echo >")
        assert read_frame(early)[1] == "echo"


def test_a_client_that_does_not_read_holds_nobody_up(simulation: Running) -> None:
    with connect(simulation) as lazy, connect(simulation) as busy:
        lazy.sendall(b"< send 1 0  >")
        for _ in range(2_000):
            busy.sendall(b"< send 7E0 3 2 3E 0 >")
            assert read_frame(busy)[2] in ("001", "7E8")


def test_a_client_that_leaves_too_much_unread_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_BUFFERED_BYTES", 64 * 1024)
    with running() as simulation, connect(simulation) as lazy, connect(simulation) as busy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(150):
            busy.sendall(b"< send 123 8 1 2 3 4 5 6 7 8 >" * 1_000)
        busy.sendall(b"< send 7E0 3 2 3E 0 >")
        assert read_frame(busy)[2] == "7E8"
        assert ends(lazy)


def test_many_frames_in_one_go_are_lossless() -> None:
    with running() as simulation, connect(simulation) as sender, connect(simulation) as reader:
        count = 20_000
        text = b"".join(b"< send 123 2 %x %x >" % divmod(number % 65536, 256) for number in range(count))
        thread = threading.Thread(target=sender.sendall, args=(text,))
        thread.start()
        wanted = len("< frame 123 0123456789.012345 ABCD >") * count
        received = receive_exactly(reader, wanted)
        thread.join(10)
        words = received.replace(b"><", b"> <").split()
        assert words[4::6] == [b"%04X" % (number % 65536) for number in range(count)]


def test_can_isotp_and_udsoncan_read_the_unit(simulation: Running) -> None:
    host, port = simulation.socketcand
    with can.Bus(interface="socketcand", host=host, port=port, channel="can0") as bus:
        notifier = can.Notifier(bus, [], timeout=0.05)
        stack = isotp.NotifierBasedCanStack(
            bus,
            notifier,
            address=isotp.Address(rxid=0x7E8, txid=0x7E0),
            params={"tx_padding": 0xAA, "blocksize": 4, "stmin": 1},
        )
        config = dict(default_client_config)
        config["security_algo"] = lambda level, seed, params: key_of(seed, SECRET, level)
        config["request_timeout"] = 5
        config["p2_timeout"] = 2
        with Client(PythonIsoTpConnection(stack), config=config) as client:  # type: ignore[arg-type]  # a plain dict works
            vin = client.test_data_identifier([0xF190])
            assert vin is not None
            assert vin.data.endswith(VIN.encode())
            session = client.change_session(3)
            assert session is not None
            assert session.service_data.p2_server_max == 0.05
            assert session.service_data.p2_star_server_max == 5.0
            client.unlock_security_access(FLASH_LEVEL)
            dtcs = client.get_dtc_by_status_mask(0xFF)
            assert dtcs is not None
            assert [dtc.id for dtc in dtcs.service_data.dtcs] == [0x030111, 0x044D29, 0xC10087, 0x9A0415]
            with pytest.raises(NegativeResponseException, match="RequestOutOfRange"):
                client.clear_dtc(0x000001)
            client.clear_dtc()
        notifier.stop()


def test_a_virtual_interface_joins_the_bus() -> None:
    with (
        running(can=("virtual:bus-of-the-test",)) as simulation,
        can.Bus(interface="virtual", channel="bus-of-the-test") as bus,
    ):
        bus.send(can.Message(arbitration_id=0x7E0, data=b"\x02\x3e\x00", is_extended_id=False))
        answer = bus.recv(5)
        assert answer is not None
        assert (answer.arbitration_id, bytes(answer.data[:3])) == (0x7E8, b"\x02\x7e\x00")
        with connect(simulation) as channel:
            channel.sendall(b"< send 321 1 7 >")
            passed_on = bus.recv(5)
            assert passed_on is not None
            assert (passed_on.arbitration_id, bytes(passed_on.data)) == (0x321, b"\x07")
            bus.send(can.Message(arbitration_id=0x18DAF110, data=b"\x09", is_extended_id=True))
            assert read_frame(channel)[2::2] == ["18DAF110", "09"]
            bus.send(can.Message(arbitration_id=0x1, is_error_frame=True))
            bus.send(can.Message(arbitration_id=0x1, is_remote_frame=True, is_extended_id=False))
            bus.send(can.Message(arbitration_id=0x322, data=b"\x0a", is_extended_id=False))
            assert read_frame(channel)[2::2] == ["322", "0A"]


@pytest.mark.parametrize(
    ("spec", "number"),
    [
        ("virtual", "WC-103"),
        (":x", "WC-103"),
        ("virtual:", "WC-103"),
        ("nosuchthing:can0", "WC-204"),
        ("socketcan:nosuchinterface0", "WC-204"),
    ],
)
def test_an_interface_that_cannot_be_joined_is_told(spec: str, number: str) -> None:
    with pytest.raises(ConsoleError) as raised, running(can=(spec,)):
        pass
    assert raised.value.number == number


def test_interface_specs() -> None:
    assert parse_interface("udp_multicast:239.74.163.2?hop_limit=0") == (
        "udp_multicast",
        "239.74.163.2",
        {"hop_limit": 0},
    )
    assert parse_interface("remote:ws://127.0.0.1:54701/") == ("remote", "ws://127.0.0.1:54701/", {})
    assert parse_interface("slcan:/dev/pts/3?bitrate=0x10&rtscts=true&sleep_after_open=0.1&x=") == (
        "slcan",
        "/dev/pts/3",
        {"bitrate": 16, "rtscts": True, "sleep_after_open": 0.1, "x": ""},
    )


def test_statistics_are_written_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "statistics.json"
    with running(pace=500_000, stats_file=file) as simulation, connect(simulation) as channel:
        for _ in range(5):
            channel.sendall(b"< send 7E0 3 2 3E 0 >")
            read_frame(channel)
    figures = json.loads(file.read_text())
    assert figures["frames"] == 10
    assert figures["bus_ms"] == pytest.approx(figures["bits"] / 500)
    assert figures["span_ms"] >= figures["bus_ms"]


def test_statistics_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(ConsoleError) as raised:
        run(make_vehicle(), stats_file=tmp_path / "missing" / "file", ready=lambda _: None, stop=stop)
    assert raised.value.number == "WC-107"


def read_long_record(bus: can.BusABC) -> bytes:
    """Return the answer of the unit to a request for a record of 3,000 bytes."""
    notifier = can.Notifier(bus, [], timeout=0.05)
    stack = isotp.NotifierBasedCanStack(bus, notifier, address=isotp.Address(rxid=0x7E8, txid=0x7E0))
    stack.start()
    try:
        stack.send(b"\x22\x04\x00")
        answer = stack.recv(block=True, timeout=10)
        return bytes(answer) if answer else b""
    finally:
        stack.stop()
        notifier.stop()


def test_udp_multicast_joins_the_bus_without_hearing_itself() -> None:
    group = "239.74.163.77"
    try:
        can.Bus(interface="udp_multicast", channel=group, hop_limit=0).shutdown()
    except (can.CanError, OSError) as error:
        pytest.skip(f"no multicast on this machine: {error}")
    with (
        running(can=(f"udp_multicast:{group}?hop_limit=0",)) as simulation,
        can.Bus(interface="udp_multicast", channel=group, hop_limit=0) as bus,
        connect(simulation) as channel,
    ):
        assert read_long_record(bus) == b"\x62\x04\x00" + bytes(3000)
        channel.settimeout(0.2)
        text = b""
        with contextlib.suppress(TimeoutError):
            while part := channel.recv(65_536):
                text += part
        assert text.count(b"< frame 7E8 ") == (3003 - 6 + 6) // 7 + 1
        assert text.count(b"< frame 7E0 ") == text.count(b" 0322") + text.count(b" 30")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="pseudo-terminals are a thing of POSIX")
def test_slcan_joins_the_bus() -> None:
    import tty  # POSIX only

    ours, theirs = [os.openpty() for _ in range(2)]
    for descriptor in (*ours, *theirs):
        tty.setraw(descriptor)
    stop = threading.Event()

    def carry(source: int, target: int) -> None:
        while not stop.is_set():
            if select.select([source], [], [], 0.05)[0]:
                os.write(target, os.read(source, 4096))

    wires = [
        threading.Thread(target=carry, args=ends) for ends in ((ours[0], theirs[0]), (theirs[0], ours[0]))
    ]
    for wire in wires:
        wire.start()
    name, their_name = os.ttyname(ours[1]), os.ttyname(theirs[1])
    try:
        with (
            running(can=(f"slcan:{name}?bitrate=500000&sleep_after_open=0",)),
            can.Bus(interface="slcan", channel=their_name, bitrate=500_000, sleep_after_open=0) as bus,
        ):
            assert read_long_record(bus) == b"\x62\x04\x00" + bytes(3000)
    finally:
        stop.set()
        for wire in wires:
            wire.join(5)
        for descriptor in (*ours, *theirs):
            os.close(descriptor)


def test_a_client_that_never_says_what_it_wants_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socketcand, "HANDSHAKE_S", 0.1)
    with running() as simulation, connect(simulation) as ready:
        with socket.create_connection(simulation.socketcand, timeout=5) as idle:
            assert ends(idle)
        ready.sendall(b"< send 7E0 3 2 3E 0 >")
        assert read_frame(ready)[2] == "7E8"


def test_a_unit_that_restarts_while_answering_stops_after_the_first_frame() -> None:
    with running(faults=("reset:ME_Engine",)) as simulation, connect(simulation) as channel:
        channel.sendall(b"< send 7E0 4 3 22 F1 90 >")
        assert read_frame(channel)[2::2] == ["7E8", "101462F19057314B"]
        channel.sendall(b"< send 7E0 3 30 0 0 >< send 7E1 3 2 3E 0 >")
        assert read_frame(channel)[2::2] == ["7E9", "027E00CCCCCCCCCC"]


@pytest.mark.parametrize("request_text", [b"< send 7E2 8 10 9 22 F1 0 F1 86 F1 >", b"< send 7E2 3 2 3E 0 >"])
def test_a_unit_that_is_not_there_sends_not_even_flow_control(request_text: bytes) -> None:
    with running(faults=("silent:ESP",)) as simulation, connect(simulation) as channel:
        channel.sendall(request_text + request_text.replace(b"7E2", b"7E1") + b"< send 7E0 3 2 3E 0 >")
        assert read_frame(channel)[2] == "7E8"


def test_connections_are_closed_after_so_many_frames() -> None:
    with running(faults=("close:after=2",)) as simulation:
        for _ in range(2):
            with connect(simulation) as channel:
                channel.sendall(b"< send 7E0 3 2 3E 0 >")
                assert read_frame(channel)[2] == "7E8"
                channel.sendall(b"< send 7E0 3 2 3E 0 >")
                assert ends(channel)

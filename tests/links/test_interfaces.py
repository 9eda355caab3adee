"""The interfaces of python-can that other processes reach: remote, slcan, udp_multicast."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import can
import pytest

from tests.links.waiting import ask, until
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.ports import VehicleLink

UNIT = CanAddress(0x7E0, 0x7E8)
ANSWER = ("101462f190414141", "2142424242424242", "2243434343434343")
LONG = b"\x62\xf1\x90AAABBBBBBBCCCCCCC"


@contextlib.contextmanager
def unit_on(bus: can.BusABC) -> Iterator[None]:
    """Answer single frames on 0x7E0 with a first frame, and its flow control with the rest."""
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            message = bus.recv(0.05)
            if message is None or message.arbitration_id != UNIT.request:
                continue
            frames = {0: ANSWER[:1], 3: ANSWER[1:]}.get(message.data[0] >> 4, ())
            for frame in frames:
                bus.send(
                    can.Message(arbitration_id=UNIT.response, is_extended_id=False, data=bytes.fromhex(frame))
                )

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def assert_answers(link: VehicleLink) -> None:
    with contextlib.closing(link):
        exchange = ask(link, UNIT, b"\x22\xf1\x90", echo_bytes=2, timing=Timing(p2_ms=5000))
        assert exchange.payload == LONG
        assert exchange.strays == ()


def test_remote_bus_of_another_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "can_remote",
        "-H",
        "127.0.0.1",
        "-p",
        str(port),
        "-i",
        "virtual",
        "-c",
        "x",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: _listens(port), "remote server")
            bus = can.Bus(interface="remote", channel=f"ws://127.0.0.1:{port}/", ignore_config=True)
            with contextlib.closing(_Closing(bus)), unit_on(bus):
                assert_answers(open_link(f"can://remote/ws://127.0.0.1:{port}/?bitrate=500000"))
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are of POSIX")
def test_serial_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    import tty

    with contextlib.ExitStack() as cleanup:
        (near, near_end), (far, far_end) = os.openpty(), os.openpty()
        for file in (near, near_end, far, far_end):
            cleanup.callback(os.close, file)
            tty.setraw(file)
        stop = threading.Event()
        relay = threading.Thread(target=_relay, args=(near, far, stop.is_set), daemon=True)
        relay.start()
        cleanup.callback(relay.join, 5)
        cleanup.callback(stop.set)
        bus = can.Bus(
            interface="slcan",
            channel=os.ttyname(far_end),
            bitrate=500_000,
            sleep_after_open=0,
            ignore_config=True,
        )
        cleanup.callback(bus.shutdown)
        with unit_on(bus):
            pauses: list[float] = []
            recorded = SimpleNamespace(**{**vars(time), "sleep": pauses.append})
            monkeypatch.setattr("can.interfaces.slcan.time", recorded)
            link = open_link(f"can://slcan/{os.ttyname(near_end)}?bitrate=500000")
            assert pauses == [0.0], "a pseudo terminal does not restart"
            assert_answers(link)


def _relay(one: int, other: int, stopped: Callable[[], bool]) -> None:
    while not stopped():
        for file in select.select([one, other], [], [], 0.05)[0]:
            os.write(other if file == one else one, os.read(file, 4096))


def test_multicast_which_hears_itself() -> None:
    channel = "239.74.163.77"
    try:
        bus = can.Bus(interface="udp_multicast", channel=channel, port=43977, hop_limit=0, ignore_config=True)
        bus.send(can.Message(arbitration_id=1, is_extended_id=False, data=b"\0"))
        heard = bus.recv(1.0)
    except (can.CanError, OSError) as error:
        pytest.skip(f"no multicast on this machine: {error}")
    if heard is None:
        pytest.skip("multicast does not come back on this machine")
    with contextlib.closing(_Closing(bus)), unit_on(bus):
        assert_answers(open_link(f"can://udp_multicast/{channel}?port=43977&hop_limit=0"))


class _Closing:
    def __init__(self, bus: can.BusABC) -> None:
        self._bus = bus

    def close(self) -> None:
        self._bus.shutdown()

"""CAN FD: length of frames on the bus, ISO-TP in frames of 64 bytes, socketcand and other interfaces."""

from __future__ import annotations

import socket
import zlib
from dataclasses import replace

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.links.waiting import ask
from tests.simulation.test_programming import with_sequence
from tests.simulation.workbench import (
    NEW_SOFTWARE,
    VIN,
    HandDrivenClock,
    make_vehicle,
    running,
    software_bytes,
)
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.flash import FlashSequence, FlashStep
from workshop_console.console.ports import VehicleLink
from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.frame import FD_LENGTHS, Frame, fd_frame_bits, fd_length
from workshop_console.console.simulation.definition import UnitDefinition

UNIT = CanAddress(0x7E0, 0x7E8)


def bits_by_hand(identifier: int, data: bytes, extended: bool) -> tuple[int, int]:
    """Return bits at the nominal and at the data rate, by writing the frame out."""
    if extended:
        arbitration = f"0{identifier >> 18:011b}11{identifier & 0x3FFFF:018b}0101"
    else:
        arbitration = f"0{identifier:011b}00101"
    fast = f"0{FD_LENGTHS.index(len(data)):04b}" + "".join(f"{byte:08b}" for byte in data)
    counted = [0, 0]
    run, last = 0, ""
    for position, bit in enumerate(arbitration + fast):
        phase = int(position >= len(arbitration))
        counted[phase] += 1
        run = run + 1 if bit == last else 1
        last = bit
        if run == 5:
            counted[phase] += 1
            run, last = 1, "1" if bit == "0" else "0"
    checked = 4 + (17 if len(data) <= 16 else 21)
    fixed = 1 + checked // 4
    return counted[0] + 2 + 7 + 3, counted[1] + checked + fixed + 1


@given(
    st.integers(0, 0x1FFFFFFF),
    st.sampled_from(FD_LENGTHS).flatmap(lambda length: st.binary(min_size=length, max_size=length)),
    st.booleans(),
)
def test_frame_length_is_exact(identifier: int, data: bytes, extended: bool) -> None:
    identifier = identifier if extended else identifier & 0x7FF
    assert fd_frame_bits(identifier, data, extended=extended) == bits_by_hand(identifier, data, extended)


@pytest.mark.parametrize(("length", "carried"), [(0, 0), (8, 8), (9, 12), (33, 48), (49, 64), (64, 64)])
def test_frames_carry_certain_lengths_only(length: int, carried: int) -> None:
    assert fd_length(length) == carried


@pytest.mark.parametrize("fast", [True, False])
def test_paced_frame_takes_both_bit_rates(fast: bool) -> None:
    bus = SimulatedBus(HandDrivenClock(), bitrate=500_000, data_bitrate=5_000_000, paced=True)
    frame = Frame(0x7E0, bytes(64), fd=True, fast=fast)

    class Silent:
        def sent(self) -> None:
            """Wait for nothing."""

    bus.send(Silent(), frame)
    slow_bits, fast_bits = fd_frame_bits(0x7E0, bytes(64))
    expected = slow_bits / 500_000 + fast_bits / (5_000_000 if fast else 500_000)
    assert bus.statistics.busy_s == pytest.approx(expected)


def told(link: VehicleLink, request: str, echo_bytes: int = 1) -> bytes:
    return ask(link, UNIT, bytes.fromhex(request), echo_bytes=echo_bytes, timing=Timing(p2_ms=5_000)).payload


def unguarded() -> UnitDefinition:
    """Return a unit that is programmed without preparations."""
    left_out = (
        FlashStep.EXTENDED_SESSION,
        FlashStep.CHECK_CONDITIONS,
        FlashStep.SECURITY_ACCESS,
        FlashStep.FINGERPRINT,
    )
    unit = with_sequence(FlashSequence(leave_out=left_out), memory=((0x8000, 0x4000),))
    routines = (replace(routine, security_level=0, duration_ms=0) for routine in unit.routines)
    return replace(unit, routines=tuple(routines))


@pytest.mark.parametrize("block_size", [0, 8])
def test_download_and_long_answer_go_in_frames_of_64_bytes(block_size: int) -> None:
    data = software_bytes(10_000)
    with running(make_vehicle(unguarded()), block_size=block_size) as simulation:
        host, port = simulation.socketcand
        link = open_link(f"can://socketcand/can0?host={host}&port={port}&fd=true")
        try:
            assert told(link, "220400", 2) == b"\x62\x04\x00" + bytes(3000)
            assert told(link, "1002")[:2] == b"\x50\x02"
            assert told(link, "3101ff00", 3).hex() == "7101ff0000"
            assert told(link, f"340044{0x8000:08x}{len(data):08x}", 0).hex() == "74200fff"
            for counter, start in enumerate(range(0, len(data), 4_093), start=1):
                block = data[start : start + 4_093].hex()
                assert told(link, f"36{counter:02x}{block}").hex() == f"76{counter:02x}"
            assert told(link, "37", 0) == b"\x77"
            assert told(link, f"31010202{zlib.crc32(data):08x}", 3).hex() == "7101020200"
            assert told(link, "3101ff01", 3).hex() == "7101ff0100"
            assert told(link, "1001")[:2] == b"\x50\x01"
            assert told(link, "22f188", 2) == b"\x62\xf1\x88" + NEW_SOFTWARE.encode()
        finally:
            link.close()


def test_a_functional_request_is_answered_in_one_long_frame() -> None:
    with running() as simulation:
        host, port = simulation.socketcand
        link = open_link(f"can://socketcand/can0?host={host}&port={port}&fd=true")
        try:
            answers = link.functional(bytes.fromhex("22f190"), wait_s=0.5)
            told_vin = b"\x62\xf1\x90" + VIN.encode()
            assert {str(a.address): a.payload for a in answers}["0x7E0/0x7E8"] == told_vin
        finally:
            link.close()


def test_frames_of_both_kinds_on_one_bus() -> None:
    """A classic client and one with CAN FD: each is answered in its own kind."""
    with (
        running(can=("virtual:fd-of-the-test",)) as simulation,
        can.Bus(interface="virtual", channel="fd-of-the-test") as bus,
    ):
        host, port = simulation.socketcand
        classic = open_link(f"can://socketcand/can0?host={host}&port={port}")
        try:
            for fd in (True, False):
                bus.send(
                    can.Message(
                        arbitration_id=0x7E0,
                        data=bytes.fromhex("0322f18800000000"),
                        is_extended_id=False,
                        is_fd=fd,
                        bitrate_switch=fd,
                    )
                )
                answer = bus.recv(5)
                assert answer is not None
                assert (answer.is_fd, answer.bitrate_switch) == (fd, fd)
                # 13 bytes: one FD frame of 16, or a first frame
                assert len(answer.data) == (16 if fd else 8)
                assert bytes(answer.data[:4]).hex() == ("000d62f1" if fd else "100d62f1")
                if not fd:
                    flow_control = bytes.fromhex("3000000000000000")
                    bus.send(can.Message(arbitration_id=0x7E0, data=flow_control, is_extended_id=False))
                    assert bus.recv(5) is not None
            assert told(classic, "22f191", 2)[:3] == b"\x62\xf1\x91"
        finally:
            classic.close()


def test_malformed_fd_commands_are_refused() -> None:
    with running() as simulation, socket.create_connection(simulation.socketcand, timeout=5) as channel:
        channel.sendall(b"< open can0 >< rawmode >")
        for command in (
            b"< fdsend >",
            b"< fdsend 7E0 >",
            b"< fdsend 7E0 1 9 1 2 3 4 5 6 7 8 9 >",
            b"< fdsend 7E0 zz 1 1 >",
            b"< send 7E0 12 1 2 3 4 5 6 7 8 9 A B C >",
            b"< echo >",
        ):
            channel.sendall(command)
        heard = b""
        while b"echo" not in heard:
            part = channel.recv(4096)
            assert part
            heard += part
        assert heard.count(b"error syntax") == 5

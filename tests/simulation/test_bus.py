"""Bit times, arbitration and pacing of the simulated bus."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.workbench import HandDrivenClock
from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.frame import Frame, frame_bits
from workshop_console.console.simulation.event_loop import EventLoop
from workshop_console.console.simulation.scheduler import Scheduler

BITRATE = 500_000


@dataclass
class Listener:
    """Keeps what it hears and when; answers each frame with those of `answers`."""

    clock: Scheduler
    bus: SimulatedBus | None = None
    answers: list[Frame] = field(default_factory=list)
    heard: list[Frame] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    over: int = 0

    def hear(self, frame: Frame) -> None:
        self.heard.append(frame)
        self.times.append(self.clock.now())
        if self.bus is not None and self.answers:
            self.bus.send(self, self.answers.pop(0))

    def sent(self) -> None:
        self.over += 1


def bits_by_hand(identifier: int, data: bytes, extended: bool) -> int:
    """Count a frame bit by bit, as the standard describes it."""
    if extended:
        head = "0" + f"{identifier >> 18:011b}" + "11" + f"{identifier & 0x3FFFF:018b}" + "000"
    else:
        head = "0" + f"{identifier:011b}" + "000"
    bits = head + f"{len(data):04b}" + "".join(f"{byte:08b}" for byte in data)
    crc = 0
    for bit in bits:
        following = int(bit) ^ (crc >> 14 & 1)
        crc = crc << 1 & 0x7FFF
        if following:
            crc ^= 0x4599
    bits += f"{crc:015b}"
    sent = ""
    for bit in bits:
        sent += bit
        if len(sent) >= 5 and len(set(sent[-5:])) == 1:
            sent += "1" if bit == "0" else "0"
    return len(sent) + 1 + 2 + 7 + 3


@given(st.integers(0, 0x1FFFFFFF), st.binary(max_size=8), st.booleans())
def test_frame_length_is_exact(identifier: int, data: bytes, extended: bool) -> None:
    identifier = identifier if extended else identifier & 0x7FF
    assert frame_bits(identifier, data, extended=extended) == bits_by_hand(identifier, data, extended)


def test_frame_length_lies_between_no_and_all_possible_stuff_bits() -> None:
    for data in (bytes(8), b"\xff" * 8, b"\x55" * 8, b"\xcc" * 8):
        assert 47 + 64 <= frame_bits(0x7E8, data) <= 47 + 64 + (34 + 64 - 1) // 4
    assert frame_bits(0x7E8, b"\x55" * 8) < frame_bits(0x7E8, bytes(8))


def seconds(*frames: Frame) -> float:
    return sum(frame_bits(f.identifier, f.data, extended=f.extended) for f in frames) / BITRATE


def test_paced_frames_follow_each_other_without_a_gap() -> None:
    clock = HandDrivenClock()
    bus = SimulatedBus(clock, bitrate=BITRATE, paced=True)
    sender, listener = Listener(clock), Listener(clock)
    bus.join(sender)
    bus.join(listener)
    frames = [Frame(0x7E0, bytes([number] * 8)) for number in range(20)]
    start = clock.now()
    for frame in frames:
        bus.send(sender, frame)
    assert listener.heard == []
    clock.pass_ms(100)
    assert listener.heard == frames
    assert listener.times[-1] - start == pytest.approx(seconds(*frames))
    assert sender.heard == []
    assert sender.over == 20
    assert bus.statistics.frames == 20
    assert bus.statistics.busy_s == pytest.approx(seconds(*frames))


def test_lowest_identifier_goes_first_once_the_bus_is_free() -> None:
    clock = HandDrivenClock()
    bus = SimulatedBus(clock, bitrate=BITRATE, paced=True)
    sender, listener = Listener(clock), Listener(clock)
    bus.join(listener)
    waiting = [
        Frame(0x7EF, b"1"),
        Frame(0x7E8 << 18, b"4", extended=True),
        Frame(0x7E8, b"3"),
        Frame(0x100, b"2"),
        Frame(0x7E8, b"5"),
    ]
    for frame in waiting:
        bus.send(sender, frame)
    clock.pass_ms(10)
    assert [frame.data for frame in listener.heard] == [b"1", b"2", b"3", b"5", b"4"]


def test_an_immediate_answer_is_on_the_wire_right_after_the_request() -> None:
    clock = HandDrivenClock()
    bus = SimulatedBus(clock, bitrate=BITRATE, paced=True)
    request, answer = Frame(0x7E0, b"\x02\x3e\x00"), Frame(0x7E8, b"\x02\x7e\x00")
    tester, unit = Listener(clock), Listener(clock, bus, [answer])
    bus.join(tester)
    bus.join(unit)
    start = clock.now()
    bus.send(tester, request)
    clock.pass_ms(5)
    assert tester.heard == [answer]
    assert tester.times[0] - start == pytest.approx(seconds(request, answer))


def test_unpaced_frames_take_no_time_and_keep_their_order() -> None:
    clock = HandDrivenClock()
    bus = SimulatedBus(clock, bitrate=BITRATE, paced=False)
    sender, listener = Listener(clock), Listener(clock)
    bus.join(listener)
    for number in (3, 1, 2):
        bus.send(sender, Frame(number, b""))
    assert [frame.identifier for frame in listener.heard] == [3, 1, 2]
    assert sender.over == 3
    assert bus.statistics.frames == 3


def test_a_party_that_fails_does_not_stop_the_bus() -> None:
    class Broken(Listener):
        def hear(self, frame: Frame) -> None:
            raise RuntimeError("broken party")

    clock = HandDrivenClock()
    bus = SimulatedBus(clock, bitrate=BITRATE, paced=True)
    listener = Listener(clock)
    bus.join(Broken(clock))
    bus.join(listener)
    for _ in range(3):
        bus.send(Listener(clock), Frame(1, b""))
    clock.pass_ms(5)
    assert len(listener.heard) == 3


@dataclass
class PacedRun:
    """A thousand frames on the real clock."""

    ends: list[float]
    """When each frame is over on the bus, by its bits alone."""
    heard: list[float]
    looks: list[float]
    """Before each moment at which the bus could look at its clock."""

    @classmethod
    def done(cls) -> PacedRun:
        loop = EventLoop()
        bus = SimulatedBus(loop, bitrate=BITRATE, paced=True)
        listener = Listener(loop)
        bus.join(listener)
        frames = [Frame(0x7E0, bytes([number % 256] * 8)) for number in range(1_000)]
        looks = [monotonic()]
        for frame in frames:
            looks.append(monotonic())
            bus.send(Listener(loop), frame)
        while len(listener.heard) < len(frames):
            looks.append(monotonic())
            loop.turn(1.0)
        loop.close()
        begin = bus.statistics.first_at
        assert begin is not None
        ends = [begin + end for end in accumulate(seconds(frame) for frame in frames)]
        return cls(ends, listener.times, looks)


def test_pacing_keeps_real_time_without_adding_up_lateness() -> None:
    """However late the computer is: no frame comes early, and none waits for a second look at the clock."""
    run = PacedRun.done()
    for end, heard in zip(run.ends, run.heard, strict=True):
        assert heard > end - 1e-6
        before = run.looks[bisect_left(run.looks, heard) - 2]
        assert end > before - 1e-6, f"it was over {before - end:.6f} s before a look that did not see it"


@pytest.mark.soak
def test_pacing_takes_little_longer_than_the_bits() -> None:
    taken = min(run.heard[-1] - run.looks[0] for run in (PacedRun.done() for _ in range(5)))
    assert taken <= seconds(*[Frame(0x7E0, bytes([n % 256] * 8)) for n in range(1_000)]) * 1.5

"""ISO-TP of the units: segmentation, flow control, and frames that make no sense."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.workbench import VIN, HandDrivenClock, make_unit, no_failures_logged
from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.frame import Frame
from workshop_console.console.simulation.bus.isotp import UnitsOnCan
from workshop_console.console.simulation.ecu.unit import SimulatedUnit

VIN_ANSWER = b"\x62\xf1\x90" + VIN.encode()


@dataclass
class Bench:
    """One unit on a bus without pace, and a tester that speaks in frames."""

    clock: HandDrivenClock = field(default_factory=HandDrivenClock)
    heard: list[bytes] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus = SimulatedBus(self.clock, bitrate=500_000, paced=False)
        self.units = UnitsOnCan(self.bus, self.clock, functional=0x7DF)
        self.unit = SimulatedUnit(make_unit(), self.clock)
        endpoint = self.units.add(self.unit.request, 0x7E0, 0x7E8, away=self.unit.is_away)
        self.unit.on_reset.append(endpoint.abort)
        self.bus.join(self)

    def hear(self, frame: Frame) -> None:
        assert (frame.identifier, len(frame.data)) == (0x7E8, 8)
        self.heard.append(frame.data)
        self.times_ms.append(self.clock.now() * 1000)

    def sent(self) -> None:
        """Nothing waits for it."""

    def say(self, data: str, identifier: int = 0x7E0) -> list[str]:
        """Send one frame and return what is heard at once."""
        self.heard.clear()
        self.times_ms.clear()
        self.bus.send(self, Frame(identifier, bytes.fromhex(data)))
        return [frame.hex() for frame in self.heard]

    def alive(self) -> bool:
        self.clock.pass_ms(3_000)
        return self.say("023e00") == ["027e00cccccccccc"]


def test_single_frames_are_padded() -> None:
    assert Bench().say("023e00") == ["027e00cccccccccc"]
    assert Bench().say("023e000000000000") == ["027e00cccccccccc"]


def test_long_answer_waits_for_flow_control() -> None:
    bench = Bench()
    assert bench.say("0322f190") == ["101462f19057314b"]
    heard = bench.say("300000")
    assert heard[0].startswith("21")
    received = b"\x62\xf1\x90W1K" + b"".join(bytes.fromhex(frame)[1:] for frame in heard)
    assert received[:20] == VIN_ANSWER


def test_block_size_is_kept() -> None:
    bench = Bench()
    bench.say("03220400")
    for _ in range(5):
        assert len(bench.say("300300")) == 3


@pytest.mark.parametrize(
    ("st_min", "gap_ms"), [("05", 5), ("7f", 127), ("f3", 0.3), ("80", 127), ("fa", 127)]
)
def test_separation_time_is_kept(st_min: str, gap_ms: float) -> None:
    bench = Bench()
    bench.say("03220400")
    bench.say(f"3000{st_min}")
    bench.clock.pass_ms(gap_ms * 10)
    gaps = [later - earlier for earlier, later in zip(bench.times_ms, bench.times_ms[1:], strict=False)]
    assert len(gaps) >= 8
    assert min(gaps) >= gap_ms * 0.999


def test_waiting_is_accepted_ten_times() -> None:
    bench = Bench()
    bench.say("0322f190")
    for _ in range(10):
        bench.clock.pass_ms(900)
        assert bench.say("310000") == []
    assert len(bench.say("300000")) == 2
    bench.say("0322f190")
    for _ in range(11):
        bench.say("310000")
    assert bench.say("300000") == []
    assert bench.alive()


@pytest.mark.parametrize("flow_control", ["320000", "3f0000"])
def test_overflow_and_unknown_flow_control_end_the_answer(flow_control: str) -> None:
    bench = Bench()
    bench.say("0322f190")
    bench.say(flow_control)
    assert bench.say("300000") == []
    assert bench.alive()


def test_missing_flow_control_ends_the_answer_after_a_second() -> None:
    bench = Bench()
    bench.say("0322f190")
    bench.clock.pass_ms(1_001)
    assert bench.say("300000") == []
    assert bench.alive()


def test_a_new_request_ends_an_answer_that_nobody_takes() -> None:
    bench = Bench()
    bench.say("0322f190")
    assert bench.say("023e00") == ["027e00cccccccccc"]
    bench.say("0322f190")
    assert bench.say("023e80") == []
    assert len(bench.say("300000")) == 2, "tester present does not disturb"


def test_segmented_request_gets_flow_control_and_an_answer() -> None:
    bench = Bench()
    assert bench.say("100922f100f186f1") == ["302000cccccccccc"]
    assert bench.say("2100f18600000000")[0].startswith("101362f100")


def test_long_request_gets_flow_control_after_each_block() -> None:
    bench = Bench()
    length = 2 + 6 + 7 * 80
    bench.say(f"1{length:03x}3601" + "55" * 4)
    sequence, granted = 1, 0
    for _ in range((length - 6 + 6) // 7):
        heard = bench.say(f"2{sequence:x}" + "55" * 7)
        granted += heard == ["302000cccccccccc"]
        sequence = (sequence + 1) % 16
    assert granted == 2
    assert bench.heard[-1][:4] == b"\x03\x7f\x36\x7f"


def test_request_that_is_longer_than_any_is_told_to_stop() -> None:
    assert Bench().say("10000000100022f1") == ["322000cccccccccc"]
    assert Bench().say("1000ffffffff22f1") == ["322000cccccccccc"]


NONSENSE = {
    "empty frame": "",
    "length zero": "00",
    "length beyond the frame": "0522f1",
    "length eight": "0822f19022f19022",
    "first frame cut off": "101422f190",
    "first frame for a single frame": "100622f190f100f1",
    "consecutive frame from nowhere": "2122f190",
    "flow control from nowhere": "300000",
    "flow control cut off": "30",
    "unknown frame": "4022f190",
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_not_answered(case: str) -> None:
    bench = Bench()
    assert bench.say(NONSENSE[case]) == []
    assert bench.alive()


def test_wrong_sequence_and_late_frames_end_the_request() -> None:
    bench = Bench()
    bench.say("100922f100f186f1")
    assert bench.say("2200f186") == []
    assert bench.say("2100f186") == []
    bench.say("100922f100f186f1")
    bench.clock.pass_ms(1_001)
    assert bench.say("2100f186") == []
    assert bench.alive()


def test_functional_requests_reach_all_and_must_be_single_frames() -> None:
    bench = Bench()
    assert bench.say("023e00", 0x7DF) == ["027e00cccccccccc"]
    assert bench.say("01ba", 0x7DF) == []
    assert bench.say("100922f100f186f1", 0x7DF) == []
    assert bench.say("023e00", 0x7E3) == []


def test_a_restarting_unit_stops_in_the_middle() -> None:
    bench = Bench()
    bench.say("03220400")
    bench.say("300300")
    bench.unit.reset(100)
    assert bench.say("300300") == []
    assert bench.alive()


def test_a_restarting_unit_grants_nothing() -> None:
    bench = Bench()
    bench.unit.reset(100)
    assert bench.say("100922f100f186f1") == []
    assert bench.alive()


def test_answers_come_one_after_the_other() -> None:
    bench = Bench()
    bench.say("0322f190")
    assert bench.say("01ba", 0x7DF) == []
    assert bench.say("0222", 0x7DF) == []
    assert bench.say("0122", 0x7DF) == [], "the refusal waits behind the answer that is being sent"
    assert bench.say("300000")[-1] == "037f2213cccccccc"


@given(st.lists(st.tuples(st.sampled_from([0x7E0, 0x7DF, 0x7E8]), st.binary(max_size=8)), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_frames_leave_a_unit_that_answers(frames: list[tuple[int, bytes]]) -> None:
    bench = Bench()
    with no_failures_logged():
        for identifier, data in frames:
            bench.bus.send(bench, Frame(identifier, data))
        bench.clock.pass_ms(30_000)
        assert bench.alive()

"""Outputs and routines: conditions, ranges, control that is given back, runs that go on by themselves."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import replace

import pytest

from tests.simulation.workbench import (
    HandDrivenClock,
    Tester,
    make_unit,
    make_vehicle,
    receive_exactly,
    running,
)
from workshop_console.console.model.description import FieldLayout, TextRange
from workshop_console.console.model.forms import Comparison, Condition
from workshop_console.console.simulation.definition import (
    ActuatorDefinition,
    DidDefinition,
    Motion,
    RoutineDefinition,
    UnitDefinition,
)
from workshop_console.console.simulation.ecu.unit import SimulatedUnit

SPEED = FieldLayout(name="Speed", label="Speed", byte_position=0, unit="km/h")
BRAKE = FieldLayout(
    name="Brake",
    label="Brake",
    byte_position=0,
    texts=(TextRange(low=0, high=0, text="released"), TextRange(low=1, high=1, text="applied")),
)
RPM = FieldLayout(name="Rpm", label="Rpm", byte_position=0, bit_length=16)
DUTY = FieldLayout(name="Duty", label="Duty", byte_position=0, unit="%", low=0, high=100)
LAMP = FieldLayout(
    name="Lamp", label="Lamp", byte_position=0, texts=(TextRange(low=0, high=1, text="off or on"),)
)
STANDS = Condition(text="Vehicle stands", value="Speed", limit="0")
BRAKED = Condition(text="Parking brake applied", value="Brake", limit="applied")
ENGINE_OFF = Condition(text="Engine off", value="Rpm", comparison=Comparison.LESS, limit="50")
ENGINE_RUNS = Condition(text="Engine runs", value="Rpm", comparison=Comparison.AT_LEAST, limit="500")
ONLY_TOLD = Condition(text="Nobody in the way")

LENGTH_OF_RUN_MS = 10_000


def unit_with(*conditions: Condition, speed: int = 0, brake: int = 1, **changes: object) -> UnitDefinition:
    unit = make_unit(
        memory=(),
        dids=(
            *make_unit().dids,
            DidDefinition(did=0x0610, name="SpeedRecord", label="", data=bytes([speed]), fields=(SPEED,)),
            DidDefinition(did=0x0611, name="BrakeRecord", label="", data=bytes([brake]), fields=(BRAKE,)),
            DidDefinition(
                did=0x0612,
                name="RpmRecord",
                label="",
                data=bytes(2),
                fields=(RPM,),
                motions=(Motion(field="Rpm", running=800, stopped=0, lag_s=0.3),),
            ),
            DidDefinition(did=0x0613, name="StateRecord", label="", data=b"\x00", fields=(LAMP,)),
        ),
        actuators=(
            ActuatorDefinition(
                did=0x0500,
                name="Fan",
                label="Fan",
                data=b"\x14",
                default=b"\x32",
                fields=(DUTY,),
                conditions=conditions,
            ),
            ActuatorDefinition(did=0x0501, name="Valve", label="Valve", data=b"\x07", sessions=(0x02, 0x03)),
        ),
        routines=(
            RoutineDefinition(
                rid=0x0213,
                name="Run",
                label="Run",
                runs_ms=LENGTH_OF_RUN_MS,
                result=b"\x2a",
                conditions=conditions,
                sets=(("Lamp", 1),),
            ),
            RoutineDefinition(
                rid=0x0310,
                name="Engine",
                label="Engine",
                option_length=1,
                option_fields=(LAMP,),
                switches_engine=True,
            ),
            RoutineDefinition(
                rid=0x0204, name="Bound", label="Bound", option_length=1, option_fields=(DUTY,)
            ),
        ),
    )
    return replace(unit, **changes)  # type: ignore[arg-type]  # the caller names fields of the definition


def begin(unit: UnitDefinition) -> Tester:
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(unit, clock).request, clock)
    tester.ask("1003")
    return tester


def test_adjust_freeze_reset_and_return() -> None:
    tester = begin(unit_with())
    assert tester.ask("220500") == "62050014"
    assert tester.ask("2f05000350") == "6f05000350"
    assert tester.ask("220500") == "62050050"
    assert tester.ask("2f050002") == "6f05000250"
    assert tester.ask("2f050001") == "6f05000132"
    assert tester.ask("2f050000") == "6f05000014"
    assert tester.ask("220500") == "62050014"


def test_freezing_holds_what_the_unit_does_itself() -> None:
    assert begin(unit_with()).ask("2f050002") == "6f05000214"


@pytest.mark.parametrize("state", ["65", "ff"])
def test_a_state_beyond_its_range_is_refused(state: str) -> None:
    tester = begin(unit_with())
    assert tester.ask(f"2f050003{state}") == "7f2f31"
    assert tester.ask("220500") == "62050014"


CONDITIONS: dict[str, tuple[tuple[Condition, ...], dict[str, int], bool]] = {
    "none": ((), {}, True),
    "only told": ((ONLY_TOLD,), {}, True),
    "stands": ((STANDS,), {}, True),
    "moves": ((STANDS,), {"speed": 12}, False),
    "braked": ((STANDS, BRAKED), {}, True),
    "not braked": ((STANDS, BRAKED), {"brake": 0}, False),
    "engine runs": ((ENGINE_RUNS,), {}, True),
    "engine must be off": ((ENGINE_OFF,), {}, False),
    "a value that the unit does not have": ((Condition(text="?", value="Nothing", limit="1"),), {}, False),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_conditions_are_enforced(case: str) -> None:
    conditions, state, fulfilled = CONDITIONS[case]
    tester = begin(unit_with(*conditions, **state))
    assert tester.ask("2f05000350") == ("6f05000350" if fulfilled else "7f2f22")
    assert tester.ask("31010213").startswith("71010213" if fulfilled else "7f3122")
    assert tester.ask("2f050000") == "6f05000014", "giving back is never refused"


def test_the_engine_is_switched_by_a_routine_and_stays_so() -> None:
    tester = begin(unit_with(ENGINE_OFF))
    assert tester.ask("2f05000350") == "7f2f22"
    assert tester.ask("3101031000") == "7101031000"
    tester.clock.pass_ms(3_000)
    assert tester.ask("2f05000350") == "6f05000350"
    tester.clock.pass_ms(60_000)
    tester.ask("1003")
    assert tester.ask("220612") == "6206120000"
    tester.ask("3101031001")
    tester.clock.pass_ms(3_000)
    assert tester.ask("220612") == "6206120320"
    assert tester.ask("2f05000350") == "7f2f22"


def test_s3_gives_control_back_and_tester_present_keeps_it() -> None:
    tester = begin(unit_with(s3_ms=5_000))
    tester.ask("2f05000350")
    for _ in range(4):
        tester.clock.pass_ms(4_000)
        tester.ask("3e80")
    assert tester.ask("220500") == "62050050"
    tester.clock.pass_ms(5_001)
    assert tester.ask("220500") == "62050014"
    assert tester.ask("22f186") == "62f18601"


@pytest.mark.parametrize(
    ("request_text", "kept"),
    [("1001", False), ("1002", False), ("1003", True), ("1101", False), ("1103", False)],
)
def test_what_leaves_the_session_gives_control_back(request_text: str, kept: bool) -> None:
    tester = begin(unit_with())
    tester.ask("2f05000350")
    assert not tester.ask(request_text).startswith("7f")
    tester.clock.pass_ms(1_000)
    assert tester.ask("220500") == ("62050050" if kept else "62050014")


def test_an_output_that_the_new_session_allows_is_kept() -> None:
    tester = begin(unit_with())
    tester.ask("2f05010333")
    tester.ask("1002")
    assert tester.ask("220501") == "62050133"
    tester.ask("1001")
    assert tester.ask("220501") == "62050107"


def test_a_lapsed_session_gives_control_back_on_the_wire() -> None:
    """A tester that takes control, goes away without a word, and one that looks afterwards."""
    vehicle = make_vehicle(unit_with(s3_ms=300))
    with running(vehicle) as simulation:

        def ask(channel: socket.socket, request: str) -> bytes:
            payload = struct.pack(">HH", 0x0E80, 0x1001) + bytes.fromhex(request)
            channel.sendall(struct.pack(">BBHI", 3, 0xFC, 0x8001, len(payload)) + payload)
            while True:
                _, _, kind, length = struct.unpack(">BBHI", receive_exactly(channel, 8))
                body = receive_exactly(channel, length)
                if kind == 0x8001:
                    return body[4:]

        def connect() -> socket.socket:
            channel = socket.create_connection(simulation.doip, timeout=5)
            activation = struct.pack(">HBI", 0x0E80, 0, 0)
            channel.sendall(struct.pack(">BBHI", 3, 0xFC, 0x0005, len(activation)) + activation)
            _, _, kind, length = struct.unpack(">BBHI", receive_exactly(channel, 8))
            body = receive_exactly(channel, length)
            assert (kind, body[4]) == (0x0006, 0x10)
            return channel

        with connect() as first:
            assert ask(first, "1003")[0] == 0x50
            assert ask(first, "2f05000350") == bytes.fromhex("6f05000350")
            assert ask(first, "220500") == bytes.fromhex("62050050")
        threading.Event().wait(0.5)  # the passing of S3 is what is tested; asking would start it anew
        with connect() as second:
            assert ask(second, "220500") == bytes.fromhex("62050014")
            assert ask(second, "22f186") == bytes.fromhex("62f18601")


# -- routines that run by themselves ------------------------------------------------------------------------


def test_a_run_tells_its_progress_and_then_its_result() -> None:
    tester = begin(unit_with())
    assert tester.ask("31010213") == "71010213010000"
    progress = []
    for _ in range(4):
        tester.clock.pass_ms(LENGTH_OF_RUN_MS / 5)
        answer = bytes.fromhex(tester.ask("31030213"))
        assert (answer[:4].hex(), answer[4], answer[6]) == ("71030213", 1, 0)
        progress.append(answer[5])
    assert progress == [20, 40, 60, 80]
    assert tester.ask("220613") == "62061300"
    tester.clock.pass_ms(LENGTH_OF_RUN_MS / 5)
    assert tester.ask("31030213") == "7103021300642a"
    assert tester.ask("220613") == "62061301", "what it sets is set when it is through"
    assert tester.ask("31020213") == "7f3124", "it has ended"
    assert tester.ask("31010213") == "71010213010000", "it can be started again"


def test_a_run_is_not_started_twice() -> None:
    tester = begin(unit_with())
    tester.ask("31010213")
    assert tester.ask("31010213") == "7f3124"


def test_a_stopped_run_stays_where_it_was() -> None:
    tester = begin(unit_with())
    tester.ask("31010213")
    tester.clock.pass_ms(LENGTH_OF_RUN_MS * 0.4)
    assert tester.ask("31020213") == "71020213022800"
    tester.clock.pass_ms(LENGTH_OF_RUN_MS)
    tester.ask("1003")
    assert tester.ask("31030213") == "71030213022800"
    assert tester.ask("220613") == "62061300"


@pytest.mark.parametrize("ending", ["1001", "1101", "silence"])
def test_a_run_ends_with_the_session(ending: str) -> None:
    tester = begin(unit_with())
    tester.ask("31010213")
    tester.clock.pass_ms(1_000)
    if ending != "silence":
        tester.ask(ending)
    tester.clock.pass_ms(60_000)
    tester.ask("1003")
    assert tester.ask("31030213").startswith("7103021302")
    assert tester.ask("220613") == "62061300"


def test_options_beyond_their_range_are_refused() -> None:
    tester = begin(unit_with())
    assert tester.ask("3101020465") == "7f3131"
    assert tester.ask("3101031007") == "7f3131"
    assert tester.ask("3101020464") == "7101020400"

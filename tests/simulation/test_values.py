"""Moving values: they settle, follow, wave, and are the same for the same seed."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.workbench import HandDrivenClock, Tester, make_unit
from workshop_console.console.model.description import FieldLayout, TextRange, ValueKind
from workshop_console.console.simulation.definition import (
    ActuatorDefinition,
    DidDefinition,
    Influence,
    Motion,
    UnitDefinition,
)
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.ecu.vehicle import VehicleState

FAN = FieldLayout(name="Duty", label="Duty", byte_position=0, unit="%", low=0, high=100)
DRIVE = FieldLayout(
    name="Drive",
    label="Drive",
    byte_position=0,
    texts=tuple(TextRange(low=n, high=n, text=text) for n, text in enumerate(("stop", "up", "down"))),
)


def word(name: str, position: int = 0) -> FieldLayout:
    return FieldLayout(
        name=name, label=name, byte_position=position, bit_length=16, kind=ValueKind.SIGNED, divisor=10
    )


def record(did: int, name: str, **motion: object) -> DidDefinition:
    fields = (word(name),)
    return DidDefinition(
        did=did,
        name=f"{name}Record",
        label=name,
        data=b"\x00\x00",
        fields=fields,
        motions=(Motion(field=name, **motion),),  # type: ignore[arg-type]  # the caller names fields of it
    )


def unit_of(*records: DidDefinition) -> UnitDefinition:
    outputs = (
        ActuatorDefinition(did=0x0500, name="Fan", label="Fan", data=b"\x00", fields=(FAN,)),
        ActuatorDefinition(did=0x0501, name="Window", label="Window", data=b"\x00", fields=(DRIVE,)),
    )
    unit = make_unit()
    return replace(unit, dids=(*unit.dids, *records), actuators=outputs)


class Bench:
    """One unit, its clock and its vehicle."""

    def __init__(self, *records: DidDefinition, seed: int = 0) -> None:
        self.clock = HandDrivenClock()
        self.vehicle = VehicleState()
        unit = SimulatedUnit(unit_of(*records), self.clock, seed=seed, vehicle=self.vehicle)
        self.tester = Tester(unit.request, self.clock)
        self.tester.ask("1003")

    def read(self, did: int) -> float:
        answer = bytes.fromhex(self.tester.ask(f"22{did:04x}"))
        return int.from_bytes(answer[3:5], "big", signed=True) / 10

    def course(self, did: int, *, steps: int = 30, every_ms: float = 200) -> list[float]:
        values = []
        for _ in range(steps):
            values.append(self.read(did))
            self.clock.pass_ms(every_ms)
        return values


def test_a_value_settles_from_its_start() -> None:
    bench = Bench(record(0x0600, "T", running=90, start=20, lag_s=10))
    values = bench.course(0x0600, steps=60, every_ms=1_000)
    assert values[0] == 20
    assert values == sorted(values)
    assert abs(values[10] - (90 - 70 * 0.3679)) < 0.2
    assert abs(values[-1] - 90) < 0.3


def test_asking_often_does_not_change_how_it_settles() -> None:
    rare, often = (Bench(record(0x0600, "T", running=90, start=20, lag_s=10)) for _ in range(2))
    often.course(0x0600, steps=100, every_ms=50)
    rare.clock.pass_ms(5_000)
    assert rare.read(0x0600) == often.read(0x0600)


def test_waves_and_noise_stay_within_what_is_said() -> None:
    values = Bench(record(0x0600, "N", running=50, wave=2, period_s=3, noise=1)).course(0x0600, steps=100)
    assert len(set(values)) > 20
    assert max(abs(value - 50) for value in values) <= 3.05


def test_the_same_seed_gives_the_same_values_and_another_one_others() -> None:
    def course(seed: int) -> list[float]:
        return Bench(record(0x0600, "N", running=50, noise=5), seed=seed).course(0x0600)

    assert course(7) == course(7)
    assert course(7) != course(8)


def test_two_reads_of_one_moment_agree() -> None:
    bench = Bench(record(0x0600, "N", running=50, noise=5))
    assert bench.read(0x0600) == bench.read(0x0600)


def test_a_value_follows_an_output_and_goes_back_with_it() -> None:
    bench = Bench(
        record(0x0600, "Speed", lag_s=0.5, follows=(Influence(source="Duty", gain=20),), low=0, noise=3)
    )
    assert bench.read(0x0600) == 0, "what stands still makes no noise"
    assert bench.tester.ask("2f05000350") == "6f05000350"
    assert bench.read(0x0600) < 100
    bench.clock.pass_ms(4_000)
    assert abs(bench.read(0x0600) - 1600) < 5
    bench.tester.ask("2f050000")
    bench.clock.pass_ms(250)
    assert 900 < bench.read(0x0600) < 1_050
    bench.clock.pass_ms(8_000)
    assert bench.read(0x0600) == 0


def test_a_session_that_lapses_ends_what_an_output_does_at_once() -> None:
    bench = Bench(record(0x0600, "Speed", lag_s=0.5, follows=(Influence(source="Duty", gain=20),)))
    bench.tester.ask("2f05000350")
    bench.clock.pass_ms(5_000)
    bench.clock.pass_ms(500)
    assert abs(bench.read(0x0600) - 1600 * 0.3679) < 2, "not only when somebody asks again"


def test_a_drive_moves_while_it_is_driven_and_stays_where_it_is() -> None:
    steps = Influence(source="Drive", steps=(0, -20, 20), per_second=True)
    bench = Bench(record(0x0600, "Opening", start=0, follows=(steps,), low=0, high=100))
    bench.tester.ask("2f05010302")
    bench.clock.pass_ms(3_000)
    assert bench.read(0x0600) == 60
    bench.tester.ask("2f050100")
    bench.clock.pass_ms(2_000)
    assert bench.read(0x0600) == 60
    bench.tester.ask("2f05010302")
    bench.clock.pass_ms(2_500)
    bench.tester.ask("3e00")
    bench.clock.pass_ms(2_500)
    assert bench.read(0x0600) == 100


def test_a_value_follows_another_value_of_the_unit() -> None:
    bench = Bench(
        record(0x0600, "Position", follows=(Influence(source="Duty", gain=1),)),
        record(0x0601, "Air", running=500, follows=(Influence(source="Position", gain=-3),)),
    )
    assert bench.read(0x0601) == 500
    bench.tester.ask("2f05000350")
    assert bench.read(0x0601) == 260


def test_values_that_follow_each_other_in_a_circle_still_answer() -> None:
    bench = Bench(
        record(0x0600, "A", running=1, follows=(Influence(source="B", gain=0.5),)),
        record(0x0601, "B", running=1, follows=(Influence(source="A", gain=0.5),)),
    )
    assert 1 < bench.read(0x0600) < 2.1


def test_without_the_engine_values_rest() -> None:
    bench = Bench(record(0x0600, "Speed", running=800, stopped=0, lag_s=0.5, wave=10, noise=10))
    assert len(set(bench.course(0x0600))) > 10
    bench.vehicle.switch_engine(on=False)
    bench.tester.ask("3e00")
    bench.clock.pass_ms(250)
    assert 400 < bench.read(0x0600) < 560
    bench.clock.pass_ms(6_000)
    assert set(bench.course(0x0600, steps=10)) == {0}
    bench.vehicle.switch_engine(on=True)
    bench.clock.pass_ms(6_000)
    assert abs(bench.read(0x0600) - 800) <= 20.5


def test_limits_are_never_left() -> None:
    bench = Bench(record(0x0600, "L", running=5, wave=30, period_s=2, low=0, high=10))
    values = bench.course(0x0600)
    assert (min(values), max(values)) == (0, 10)


def test_only_the_bits_of_the_field_move() -> None:
    field = FieldLayout(name="Bits", label="Bits", byte_position=1, bit_position=2, bit_length=3)
    moving = DidDefinition(
        did=0x0600,
        name="BitsRecord",
        label="Bits",
        data=b"\xaa\xe3\x55",
        fields=(field,),
        motions=(Motion(field="Bits", running=3, wave=3, period_s=2),),
    )
    bench = Bench(moving)
    seen = set()
    for _ in range(30):
        answer = bytes.fromhex(bench.tester.ask("220600"))[3:]
        assert (answer[0], answer[1] & 0xE3, answer[2]) == (0xAA, 0xE3, 0x55)
        seen.add(answer[1] >> 2 & 7)
        bench.clock.pass_ms(100)
    assert seen >= {0, 3, 6}

"""Actual values are read once or watched, recorded answer by answer, and end when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from tests.procedures.scripted import ScriptedLink, ScriptedUnit, summary
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.actual_values import ROW_S, ActualValues, Watch, rounds
from workshop_console.console.jobs.recording import Recorder, read_recording
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.description import Timing, UnitSummary
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import Exchange, UdsRequest
from workshop_console.console.model.forms import (
    EncodedRequest,
    ParameterKind,
    RecordForm,
    UnitForms,
    ValueForm,
)
from workshop_console.console.model.kept import ValueSet
from workshop_console.console.model.values import ValueName, ValueReading
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.actual_values import RecordAnswer
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, MessageRaised, ValuesOffered, ValuesRead

VIN = "W1K2060041F048211"
DIDS = (0x0101, 0x0102, 0x0103)


class Link(ScriptedLink):
    """Answers after a while, and may be cancelled from any thread."""

    def __init__(self, units: dict[Address, ScriptedUnit]) -> None:
        super().__init__(units)
        self.answers_after_s = 0.002
        self._lock = threading.Lock()
        self._never = threading.Event()

    def submit(self, address: Address, request: UdsRequest, timing: Timing) -> int:
        with self._lock:
            return super().submit(address, request, timing)

    def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
        self._never.wait(self.answers_after_s)
        with self._lock:
            return super().wait(timeout_s)

    def cancel(self) -> None:
        with self._lock:
            super().cancel()


class Unit(ScriptedUnit):
    """Has one byte for each identifier, taken from a list that repeats its last one."""

    def __init__(self, **values: list[int]) -> None:
        super().__init__()
        self.values = {int(name[1:], 16): list(bytes_) for name, bytes_ in values.items()}

    def answer(self, request: bytes) -> bytes:
        self.asked.append(request)
        dids = [int.from_bytes(request[i : i + 2], "big") for i in range(1, len(request), 2)]
        if request[:1] != b"\x22" or any(did not in self.values for did in dids):
            return bytes((0x7F, request[0], 0x31))
        return b"\x62" + b"".join(did.to_bytes(2, "big") + bytes((self._next(did),)) for did in dids)

    def _next(self, did: int) -> int:
        left = self.values[did]
        return left.pop(0) if len(left) > 1 else left[0]


@dataclass
class Line:
    """As much of a VehicleLine as the job needs."""

    link: Link
    units: tuple[UnitSummary, ...]
    vehicle: VehicleIdentity = field(default_factory=lambda: VehicleIdentity(vin=VIN, name="Car"))
    vci: str = "doip://test"
    last_report: None = None
    working_jobs: int = 0

    @contextmanager
    def working(self) -> Iterator[None]:
        self.working_jobs += 1
        yield
        self.working_jobs -= 1

    def units_called(
        self, names: Sequence[str], cancellation: Cancellation, *, pdx: object, scan: bool
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[UnitSummary, ...]]]:
        yield from ()
        return cast(VehicleLink, self.link), tuple(u for u in self.units if not names or u.name in names)


@dataclass
class ByteCoder:
    """Each record holds one byte, which is its value."""

    decoded: int = 0
    fails: bool = False

    def forms(self, unit: UnitSummary, variant: str = "") -> UnitForms:
        records = tuple(
            RecordForm(
                service=f"Read_{did:04X}",
                label="",
                request=b"\x22" + did.to_bytes(2, "big"),
                did=did,
                length=1,
                values=(
                    ValueForm(
                        name=f"V{did:04X}", label=f"Value {did:04X}", kind=ParameterKind.NUMBER, high=100.0
                    ),
                ),
            )
            for did in DIDS
        )
        return UnitForms(unit=unit.name, variant=variant, records=records)

    def decode(
        self, unit: UnitSummary, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        if self.fails:
            raise ConsoleError("WC-410", file="car.pdx", detail="ended")
        self.decoded += len(answers)
        return [
            (DecodedValue(name=f"V{request[1:3].hex().upper()}", value=str(answer[3]), raw=answer[3:]),)
            for _service, request, answer in answers
        ]

    def encode(
        self, unit: UnitSummary, variant: str, service: str, values: Mapping[str, str]
    ) -> EncodedRequest:
        raise AssertionError("nothing is encoded for reading")

    def decode_request(
        self, unit: UnitSummary, variant: str, service: str, request: bytes
    ) -> tuple[DecodedValue, ...]:
        raise AssertionError("no request is decoded for reading")

    def close(self) -> None:
        """Nothing to end."""


@dataclass
class Sets:
    """Keeps sets in a list."""

    kept: list[ValueSet] = field(default_factory=list)

    def keep(self, chosen: ValueSet) -> None:
        self.kept.append(chosen)

    def list(self, vehicle: str) -> Sequence[ValueSet]:
        return [chosen for chosen in self.kept if chosen.vehicle == vehicle]

    def remove(self, vehicle: str, name: str) -> None:
        self.kept = [c for c in self.kept if (c.vehicle, c.name) != (vehicle, name)]


class Bench:
    """A vehicle with the units given, and the job on it."""

    def __init__(self, **units: ScriptedUnit) -> None:
        summaries = tuple(summary(name, number) for number, name in enumerate(units, 1))
        self.units = units
        self.link = Link({DoipAddress(number): unit for number, unit in enumerate(units.values(), 1)})
        self.line = Line(self.link, summaries)
        self.coder = ByteCoder()
        self.sets = Sets()
        self.values = ActualValues(line=cast(VehicleLine, self.line), coder=self.coder, sets=self.sets)

    def name(self, unit: str, value: int) -> ValueName:
        number = list(self.units).index(unit) + 1
        return ValueName(unit=unit, address=str(DoipAddress(number)), value=f"V{value:04X}")

    def watch(
        self, watch: Watch, cancellation: Cancellation, *, at_most: int = 40
    ) -> Iterator[tuple[ValuesRead, list[str]]]:
        """Yield each picture with the messages before it; end the watch after `at_most`."""
        told: list[str] = []
        pictures = 0
        with closing(cast("Generator[Event, None, None]", self._job(watch, cancellation))) as job:
            for event in job:
                if isinstance(event, MessageRaised):
                    told.append(event.message.number)
                if isinstance(event, ValuesRead):
                    yield event, list(told)
                    told.clear()
                    pictures += 1
                    assert pictures < at_most, "what the test waits for did not come"

    def _job(self, watch: Watch, cancellation: Cancellation) -> Iterator[Event]:
        return self.values.watch((), watch, cancellation=cancellation)


def read(bench: Bench, *values: str, names: Sequence[str] = ()) -> dict[tuple[str, str], ValueReading]:
    *_, last = bench.values.read(names, values)
    assert isinstance(last, ValuesRead)
    return {(row.name.unit, row.name.value): row for row in last.values}


def until(
    pictures: Iterable[tuple[ValuesRead, list[str]]], holds: Callable[[tuple[ValueReading, ...]], bool]
) -> tuple[ValueReading, ...]:
    return next(picture.values for picture, _ in pictures if holds(picture.values))


def polling() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "poll values"]


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    assert polling() == []


def one_unit() -> Bench:
    return Bench(ME=Unit(x0101=[10], x0102=[20], x0103=[130]))


# -- once ------------------------------------------------------------------------------------------


def test_all_values_of_all_units_are_read_in_one_request_each() -> None:
    bench = Bench(ME=Unit(x0101=[10], x0102=[20], x0103=[130]), EZS=Unit(x0101=[1], x0102=[2], x0103=[3]))
    found = read(bench)
    assert [row.text for row in found.values()] == ["10", "20", "130", "1", "2", "3"]
    row = found["ME", "V0103"]
    assert (row.number, row.raw, row.samples, row.outside) == (130.0, b"\x82", 1, True)
    assert all(len(unit.asked) == 1 for unit in bench.units.values())


def test_values_are_chosen_by_name_or_label_in_any_case() -> None:
    bench = one_unit()
    assert list(read(bench, "v0102", "VALUE 0101")) == [("ME", "V0101"), ("ME", "V0102")]
    assert bench.units["ME"].asked == [bytes.fromhex("2201010102")]


def test_a_value_that_is_not_described_is_an_error_and_nothing_is_asked() -> None:
    bench = one_unit()
    with pytest.raises(ConsoleError) as raised:
        read(bench, "V0101", "Nonsense")
    assert (raised.value.number, raised.value.facts) == ("WC-411", {"name": "Nonsense", "unit": "ME"})
    assert bench.units["ME"].asked == []


def test_a_refused_value_is_told_and_the_others_are_read() -> None:
    found = read(Bench(ME=Unit(x0101=[10], x0103=[30])))
    problem = found["ME", "V0102"].problem
    assert problem is not None
    assert (problem.number, dict(problem.facts)["nrc"]) == ("WC-360", 0x31)
    assert [found["ME", name].text for name in ("V0101", "V0103")] == ["10", "30"]


def test_what_is_offered_has_no_values_yet() -> None:
    bench = one_unit()
    *_, last = bench.values.offer()
    assert isinstance(last, ValuesOffered)
    assert [(row.label, row.text, row.high) for row in last.values][:1] == [("Value 0101", "", 100.0)]
    assert bench.units["ME"].asked == []


def test_a_cancellation_while_opening_is_no_error() -> None:
    cancellation = Cancellation()
    cancellation.request()
    events = list(one_unit().values.read((), ("V0101",), cancellation=cancellation))
    assert not any(isinstance(event, ValuesRead) for event in events)


# -- again and again -------------------------------------------------------------------------------


def test_least_and_greatest_are_those_of_every_answer() -> None:
    bench = Bench(ME=Unit(x0101=[50, 200, 3, 50]))
    watch, cancellation = Watch([bench.name("ME", 0x0101)]), Cancellation()
    pictures = bench.watch(watch, cancellation)
    (row,) = until(pictures, lambda rows: rows[0].samples > 4)
    assert (row.number, row.least, row.greatest) == (50.0, 3.0, 200.0)
    watch.reset()
    (row,) = until(pictures, lambda rows: rows[0].least == 50.0)
    assert row.greatest == 50.0
    assert bench.coder.decoded == 3
    cancellation.request()
    assert len(list(pictures)) <= 1
    assert bench.line.working_jobs == 0


def test_only_what_is_shown_is_asked_for() -> None:
    bench = one_unit()
    first, second = bench.name("ME", 0x0101), bench.name("ME", 0x0102)
    watch, cancellation = Watch([first]), Cancellation()
    pictures = bench.watch(watch, cancellation)
    until(pictures, lambda rows: rows[0].samples > 0)
    assert set(bench.units["ME"].asked) == {bytes.fromhex("220101")}
    watch.show([second])
    until(pictures, lambda rows: rows[0].name == second and rows[0].samples > 1)
    begun = len(bench.units["ME"].asked)
    until(pictures, lambda rows: rows[0].samples > 20)
    assert set(bench.units["ME"].asked[begun:]) == {bytes.fromhex("220102")}
    cancellation.request()
    list(pictures)


def test_what_is_recorded_is_read_also_when_it_is_not_shown(tmp_path: Path) -> None:
    bench = one_unit()
    bench.units["ME"] = bench.link.units[DoipAddress(1)] = Unit(
        x0101=[10], x0102=[*range(20, 60), 99], x0103=[1]
    )
    bench.link.answers_after_s = 1.5 * ROW_S
    (offered,) = [e for e in bench.values.offer() if isinstance(e, ValuesOffered)]
    watch, cancellation = Watch([bench.name("ME", 0x0101)]), Cancellation()
    watch.record(recorder := Recorder(tmp_path / "r.csv", offered.values[1:2], vin=VIN, vehicle="Car"))
    pictures = bench.watch(watch, cancellation)
    until(pictures, lambda rows: rows[0].samples > 50)
    recorder.mark("here")
    next(pictures)
    cancellation.request()
    list(pictures)
    assert watch.recorder is None
    recording = read_recording(recorder.file)
    texts = [sample.texts[0] for sample in recording.samples]
    assert texts[:40] == [str(value) for value in range(20, 60)]
    assert set(texts[40:]) == {"99"}
    assert "here" in [sample.mark for sample in recording.samples]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_and_the_watch_goes_on(tmp_path: Path) -> None:
    bench = one_unit()
    (offered,) = [e for e in bench.values.offer() if isinstance(e, ValuesOffered)]
    watch, cancellation = Watch([bench.name("ME", 0x0101)]), Cancellation()

    class FullLater(Recorder):
        def write(self, rows: Sequence[ValueReading], at: float) -> None:
            raise ConsoleError("WC-604", file=str(self.file))

    watch.record(FullLater(tmp_path / "r.csv", offered.values, vin="", vehicle=""))
    pictures = bench.watch(watch, cancellation)
    assert next(told for _, told in pictures if told) == ["WC-604"]
    assert watch.recorder is None
    until(pictures, lambda rows: rows[0].samples > 20)
    cancellation.request()
    list(pictures)


def test_a_lost_line_is_an_error() -> None:
    bench = one_unit()
    pictures = bench.watch(Watch([bench.name("ME", 0x0101)]), Cancellation())
    next(pictures)
    bench.link.lost = True
    with pytest.raises(ConsoleError) as raised:
        list(pictures)
    assert raised.value.number == "WC-203"


def test_a_coder_that_ends_ends_the_watch_with_its_message() -> None:
    bench = one_unit()
    bench.coder.fails = True
    with pytest.raises(ConsoleError) as raised:
        list(bench.watch(Watch([bench.name("ME", 0x0101)]), Cancellation()))
    assert raised.value.number == "WC-410"


def test_a_watch_that_nobody_wants_any_more_stops_asking() -> None:
    bench = one_unit()
    pictures = bench.watch(Watch([bench.name("ME", 0x0101)]), Cancellation())
    next(pictures)
    cast("Generator[object, None, None]", pictures).close()
    asked = len(bench.units["ME"].asked)
    assert polling() == []
    assert len(bench.units["ME"].asked) == asked


def test_a_batch_is_divided_where_a_record_comes_again() -> None:
    def answer(record: str, at: float) -> RecordAnswer:
        return RecordAnswer(key=("1", record.encode()), at=at, response=b"\x62")

    a1, b1, a2, b2, a3 = (answer("abaab"[i], at) for i, at in enumerate((0.0, 0.001, 0.002, 0.02, 0.04)))
    assert list(rounds(())) == []
    assert list(rounds((a1, b1, a2, b2, a3))) == [(a1, b1, a2), (b2, a3)]
    assert list(rounds((a1, b2, a3))) == [(a1,), (b2, a3)]


# -- sets ------------------------------------------------------------------------------------------


def test_sets_belong_to_the_vehicle() -> None:
    bench = one_unit()
    bench.values.keep_set("Idle\x1b[31m", [bench.name("ME", 0x0102), bench.name("ME", 0x0101)])
    (kept,) = bench.values.sets()
    assert (kept.vehicle, kept.values) == (VIN, (("ME", "V0102"), ("ME", "V0101")))
    assert "\x1b" not in kept.name
    bench.line.vehicle = VehicleIdentity(name="Van")
    assert (bench.values.vehicle, list(bench.values.sets())) == ("Van", [])
    bench.line.vehicle = VehicleIdentity()
    assert bench.values.vehicle == "doip://test"
    bench.line.vehicle = VehicleIdentity(vin=VIN)
    bench.values.remove_set(kept.name)
    assert bench.values.sets() == []

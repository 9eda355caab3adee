"""Each shipped test, walked honestly at the simulated vehicle over the wire, ends at the cause."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.guided import (
    ActuateStep,
    Driven,
    GuidedTest,
    GuidedWalk,
    Judgement,
    Limits,
)
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Ask,
    Event,
    GuidedAsked,
    GuidedDriven,
    GuidedEnded,
    MessageRaised,
    ValuesRead,
)
from workshop_console.console.procedures.guided_test import NO, YES, Mechanic
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop
from workshop_console.data.guided.loading import shipped_tests
from workshop_console.i18n.explain import entry_details, entry_text
from workshop_console.i18n.texts import set_language


@dataclass(frozen=True)
class Cause:
    """A fault of a shipped vehicle, what the mechanic finds, and where that must lead."""

    vehicle: str
    unit: str
    code: str
    found: dict[str, str]
    """Answer to each question, by its step."""
    way: str
    """Steps in order, with the result at the end."""

    @property
    def id(self) -> str:
        return f"{self.vehicle}-{self.code}"


CAUSES = [
    Cause(
        "car",
        "ESP_StabilityControl",
        "C0031-29",
        {"plug": "Damaged, wet or corroded"},
        "supply other_sensor plug line",
    ),
    Cause(
        "car",
        "SAM_FrontSignalModule",
        "B1192-13",
        {"plug": "In order", "voltage": "Battery voltage"},
        "right left plug voltage lamp",
    ),
    Cause(
        "car",
        "KLA_ClimateControl",
        "B1510-97",
        {"look": "Leaves, dirt or another thing in it"},
        "speed current look blocked",
    ),
    Cause(
        "car",
        "DMRR_RearRightDoor",
        "B1605-71",
        {"listen": "Motor hums, lever starts and stops"},
        "resistance unlock listen stiff",
    ),
    Cause("car", "DMFL_DriverDoor", "B1602-54", {}, "voltage down teach taught"),
    Cause(
        "car",
        "CDI_EngineControl",
        "P0301-00",
        {"plug": "In order"},
        "rail correction stop_engine compression plug injector",
    ),
    Cause(
        "van",
        "CDI_EngineControl",
        "P0401-00",
        {"plug": "In order", "by_hand": "It sticks, soot on seat and stem"},
        "idle open plug by_hand soot",
    ),
    Cause(
        "van",
        "SDR_SlidingDoor",
        "B2401-97",
        {"by_hand": "Hard over the whole way"},
        "travel current by_hand rails",
    ),
    Cause(
        "van",
        "SAM_SignalModule",
        "B1182-13",
        {"bulb": "Filament broken, glass grey"},
        "right left bulb lamp",
    ),
    Cause("van", "DMFL_DriverDoor", "B1605-13", {"plug": "Damaged, wet or corroded"}, "resistance plug line"),
    Cause(
        "van",
        "CDI_EngineControl",
        "P0087-00",
        {"leak": "In order", "filter": "Yes"},
        "low_pressure leak stop_engine pump filter filter_clogged",
    ),
    Cause(
        "electric",
        "BMS_BatteryManagement",
        "P0DE0-92",
        {"cells": "One", "balanced": "Yes"},
        "insulation charge rest spread cells balanced module",
    ),
    Cause(
        "electric",
        "OBL_OnboardCharger",
        "P0D59-77",
        {"socket": "In order", "bolt": "Motor is heard, bolt does not move"},
        "state lock socket bolt mechanics",
    ),
    Cause(
        "electric",
        "DCDC_Converter",
        "P1A12-93",
        {"fuse": "Yes", "voltage": "Battery voltage"},
        "speed current fuse voltage pump",
    ),
    Cause(
        "electric",
        "DTR_FrontRadar",
        "C1A04-78",
        {"bracket": "In order", "track": "Yes", "board": "Yes"},
        "vertical horizontal bracket track board adjust adjusted",
    ),
]
"""Those of a vehicle that stop its engine come last."""


@pytest.fixture(scope="module")
def workshops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Workshop]]:
    """Return the workshop of a vehicle; its simulation runs until the last test."""
    built: dict[str, Workshop] = {}
    set_language("en")

    def workshop(vehicle: str) -> Workshop:
        if vehicle not in built:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WORKSHOP_CONSOLE_HOME", str(tmp_path_factory.mktemp(vehicle)))
                settings = Settings(vci=f"sim://{vehicle}", access_server="off", mechanic="Ana")
                built[vehicle] = build_workshop(settings, Folders.of_user(), lang="en")
        return built[vehicle]

    yield workshop
    for one in built.values():
        one.close()


@dataclass
class Walker:
    """A mechanic who says what was found, says yes to driving, and stops what is only looked at."""

    found: dict[str, str] = field(default_factory=dict)
    leave: list[int] = field(default_factory=list)
    """Answers to requests for leave; yes after these."""
    events: list[Event] = field(default_factory=list)

    def run(
        self, workshop: Workshop, test: GuidedTest, unit: str, cancellation: Cancellation | None = None
    ) -> GuidedWalk:
        mechanic = Mechanic()
        for event in workshop.guided_tests.run(test, unit, mechanic, cancellation=cancellation):
            self.events.append(event)
            if isinstance(event, GuidedAsked):
                mechanic.give(self.answer(event))
            looked_at = isinstance(event, GuidedDriven) and getattr(event.step, "measures", True) is False
            if looked_at:
                mechanic.stop()
        ended = self.events[-1]
        assert isinstance(ended, GuidedEnded)
        return ended.walk

    def answer(self, asked: GuidedAsked) -> int:
        if asked.ask is Ask.ANSWER:
            return [answer.text for answer in asked.answers].index(self.found[asked.step.name])
        if asked.ask is Ask.DRIVE and self.leave:
            return self.leave.pop(0)
        return YES

    @property
    def numbers(self) -> list[str]:
        return [event.message.number for event in self.events if isinstance(event, MessageRaised)]


def entries(workshop: Workshop, kind: EntryKind) -> list[OrderEntry]:
    return [e for e in workshop.orders.entries(workshop.line.vehicle.vin) if e.kind is kind]


_QUICK = 4
"""Causes that are looked for in every run of the tests."""


def shipped(key: str) -> GuidedTest:
    return next(test for test in shipped_tests() if test.key == key)


@pytest.mark.parametrize(
    "cause",
    [
        # Functions are driven for as long as they take, so most of them stand in the soak tests.
        pytest.param(cause, id=cause.id, marks=() if place < _QUICK else pytest.mark.soak)
        for place, cause in enumerate(CAUSES)
    ],
)
def test_the_steps_lead_to_the_cause(cause: Cause, workshops: Callable[[str], Workshop]) -> None:
    workshop = workshops(cause.vehicle)
    (test,) = workshop.guided_tests.for_fault(cause.unit, cause.code)
    walker = Walker(found=cause.found)
    gone = walker.run(workshop, test, cause.unit)
    assert " ".join(taken.step.name for taken in gone.steps) == cause.way
    assert walker.numbers == []
    driven = sum(taken.driven is not None for taken in gone.steps)
    entry = entries(workshop, EntryKind.GUIDED_TEST)[-1]
    assert (entry.what, entry.outcome, entry.who) == (test.title, "done", "Ana")
    assert gone.result is not None
    assert ("result", gone.result.text) in entry.details
    assert len(entry.details) >= len(gone.steps)
    moved = entries(workshop, EntryKind.ACTUATION) + entries(workshop, EntryKind.ROUTINE)
    assert sum(e.time >= entry.time for e in moved) == driven


def test_every_shipped_test_is_proved_at_a_vehicle() -> None:
    proved = {t.key for t in shipped_tests() for c in CAUSES if t.fits(c.unit, c.code)}
    assert proved == {test.key for test in shipped_tests()}


def test_values_and_functions_of_the_tests_are_described(workshops: Callable[[str], Workshop]) -> None:
    """A test names values and functions; with a slip in a name no workshop could read them."""
    for cause in CAUSES:
        workshop = workshops(cause.vehicle)
        (test,) = workshop.guided_tests.for_fault(cause.unit, cause.code)
        names = {
            name
            for step in test.steps
            for name in (getattr(step, "value", ""), *getattr(step, "values", ()))
            if name
        }
        if not names:
            continue
        read = [e for e in workshop.values.read((cause.unit,), sorted(names)) if isinstance(e, ValuesRead)]
        assert {value.name.value for value in read[-1].values if value.text} == names, test.key


def test_a_condition_that_does_not_hold_is_told_and_nothing_is_driven(
    workshops: Callable[[str], Workshop],
) -> None:
    workshop = workshops("van")
    moved = len(entries(workshop, EntryKind.ACTUATION))
    start = shipped("fuel-rail-pressure")
    pump = next(step for step in start.steps if step.name == "pump")
    results = tuple(step for step in start.steps if step.name in ("consumption", "filter_clogged"))
    assert isinstance(pump, ActuateStep)
    only = GuidedTest(
        key="only",
        title=start.title,
        codes=start.codes,
        units=start.units,
        before="",
        steps=(
            ActuateStep(
                name="start",
                text="",
                unit="",
                function="EngineControl",
                settings=(("Engine", "start"),),
                seconds=3,
                value="EngineStatus",
                limits=Limits(texts=("running",)),
                then=((Judgement.INSIDE, "pump"), (Judgement.UNREADABLE, "consumption")),
            ),
            ActuateStep(
                name="pump",
                text="",
                unit="",
                function=pump.function,
                settings=pump.settings,
                seconds=1,
                value=pump.value,
                limits=pump.limits,
                then=((Judgement.INSIDE, "consumption"), (Judgement.UNREADABLE, "filter_clogged")),
            ),
            *results,
        ),
    )
    walker = Walker(leave=[YES, YES, NO])
    gone = walker.run(workshop, only, "CDI_EngineControl")
    assert [taken.step.name for taken in gone.steps] == ["start", "pump", "filter_clogged"]
    assert gone.steps[1].driven is Driven.REFUSED
    assert walker.numbers == ["WC-320"]
    asked = [e for e in walker.events if isinstance(e, GuidedAsked) and e.step.name == "pump"]
    assert [c.holds for c in asked[0].conditions if c.condition.text == "Engine off"] == [False]
    assert len(entries(workshop, EntryKind.ACTUATION)) == moved


def test_a_cancelled_test_gives_control_back_and_is_kept_as_stopped(
    workshops: Callable[[str], Workshop],
) -> None:
    workshop = workshops("car")
    test, mechanic, cancellation = shipped("blower"), Mechanic(), Cancellation()
    events = []
    for event in workshop.guided_tests.run(test, "KLA_ClimateControl", mechanic, cancellation=cancellation):
        events.append(event)
        if isinstance(event, GuidedAsked):
            mechanic.give(YES)
        if isinstance(event, GuidedDriven) and event.reading is not None:
            cancellation.request()
    ended = events[-1]
    assert isinstance(ended, GuidedEnded)
    assert ended.walk.result is None
    assert entries(workshop, EntryKind.ACTUATION)[-1].outcome == "stopped"
    entry = entries(workshop, EntryKind.GUIDED_TEST)[-1]
    assert entry.outcome == "stopped"
    assert entry.details[-1][1].endswith("[stopped]")
    end = time.monotonic() + 20
    while _speed(workshop) > 0:
        assert time.monotonic() < end, "the blower still runs"


def _speed(workshop: Workshop) -> float:
    read = list(workshop.values.read(("KLA_ClimateControl",), ("BlowerSpeed",)))
    last = read[-1]
    assert isinstance(last, ValuesRead)
    (value,) = last.values
    assert value.number is not None
    return value.number


def test_a_generator_that_is_dropped_gives_control_back_too(workshops: Callable[[str], Workshop]) -> None:
    workshop = workshops("car")
    mechanic = Mechanic()
    running = workshop.guided_tests.run(shipped("blower"), "KLA_ClimateControl", mechanic)
    for event in running:
        if isinstance(event, GuidedAsked):
            mechanic.give(YES)
        if isinstance(event, GuidedDriven) and event.reading is not None:
            break
    running.close()  # type: ignore[attr-defined]  # an Iterator that is a generator
    assert entries(workshop, EntryKind.GUIDED_TEST)[-1].outcome == "failed"
    end = time.monotonic() + 20
    while _speed(workshop) > 0:
        assert time.monotonic() < end, "the blower still runs"


def test_a_unit_that_is_not_there_ends_the_job_with_its_message(workshops: Callable[[str], Workshop]) -> None:
    workshop = workshops("car")
    with pytest.raises(ConsoleError) as raised:
        Walker().run(workshop, shipped("sliding-door"), "SDR_SlidingDoor")
    assert raised.value.number == "WC-300"


def test_values_and_functions_that_a_unit_does_not_have_are_told_and_passed_over(
    workshops: Callable[[str], Workshop],
) -> None:
    workshop = workshops("electric")
    walker = Walker(found={"cells": "None"})
    gone = walker.run(workshop, shipped("cell-voltages"), "OBL_OnboardCharger")
    assert [taken.step.name for taken in gone.steps[-2:]] == ["cells", "not_now"]
    assert {taken.judgement for taken in gone.steps[:-2]} == {Judgement.UNREADABLE}
    assert walker.numbers == ["WC-350"] * 4

    walker = Walker(found={"look": "Nothing in it, turns hard"})
    gone = walker.run(workshop, shipped("blower"), "OBL_OnboardCharger")
    assert [taken.step.name for taken in gone.steps] == ["speed", "current", "look", "motor"]
    assert walker.numbers == ["WC-411"] * 2


def test_own_tests_are_offered_in_place_of_shipped_ones_of_their_name(
    workshops: Callable[[str], Workshop],
) -> None:
    workshop = workshops("electric")
    folder = workshop.folders.guided_tests
    folder.mkdir(parents=True)
    text = 'title = "Ours"\ncodes = ["P1A12"]\nunits = ["DCDC_Converter"]\n'
    text += '[steps.end]\nkind = "result"\ntext = "x"\n'
    (folder / "converter-coolant-pump.toml").write_text(text, "utf-8")
    (folder / "broken.toml").write_text("steps = 1", "utf-8")
    try:
        workshop.guided_tests.reload()
        (ours,) = workshop.guided_tests.for_fault("DCDC_Converter", "P1A12-93")
        assert ours.title == "Ours"
        assert len(workshop.guided_tests.tests()) == len(shipped_tests())
        (problem,) = workshop.raised(workshop.guided_tests.problems)
        assert (problem.number, problem.cause) == ("WC-351", "steps: a table is wanted")
    finally:
        for file in folder.iterdir():
            file.unlink()
        workshop.guided_tests.reload()


def test_the_kept_walk_reads_well_in_another_language(workshops: Callable[[str], Workshop]) -> None:
    workshop = workshops("electric")
    walker = Walker(found={"socket": "Dirt or ice"})
    walker.run(workshop, shipped("charging-socket-lock"), "OBL_OnboardCharger")
    entry = entries(workshop, EntryKind.GUIDED_TEST)[-1]
    assert "Charging socket lock" in entry_text(entry)
    details = dict(entry_details(entry))
    assert details["While it charges, the lock must not be moved."] == "plugged in (in order)"
    assert details["The socket is locked, and the position of the bolt is read."] == "unlocked (not in order)"
    assert details["Result"] == "Dirt or ice in the charging socket."

"""Several units are flashed as one plan: their order, side by side, and what one end means for the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tests.flash.bench import Job, MemoryLog, VirtualLine, flash_file, flashable_unit, make_job
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.flash import (
    FlashSequence,
    FlashStep,
    JobState,
    SoftwareIdentity,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.procedures.flash.desk import fingerprint
from workshop_console.console.procedures.flash.order import in_order
from workshop_console.console.procedures.flash.plan import job_state
from workshop_console.console.procedures.flash.trouble import told

NAMES = ("ME_Engine", "ESP", "EIS")


def three(needs: dict[str, tuple[str, ...]] | None = None, **kinds: FlashSequence) -> Job:
    return make_job(
        *(flashable_unit(name, 0x1001 + place, sequence=kinds.get(name)) for place, name in enumerate(NAMES)),
        needs=needs,
    )


def ends(results: Sequence[UnitResult] | None) -> list[UnitEnd]:
    return [result.end for result in results or ()]


def downloads(job: Job) -> list[str]:
    """Return for which units downloads began and ended, in that order."""
    words = {FlashStep.ERASE: "erase", FlashStep.RESET: "reset"}
    found = [f"{words[e.step]} {e.unit}" for e in job.log.noted if e.step in words]
    return list(dict.fromkeys(found))


def test_units_are_flashed_side_by_side_and_the_vehicle_is_quieted_once() -> None:
    job = three()
    assert ends(job.run()) == [UnitEnd.NEW] * 3
    order = downloads(job)
    assert [entry.split()[0] for entry in order] == ["erase"] * 3 + ["reset"] * 3
    assert [e.step for e in job.log.noted if e.unit == ""] == [
        FlashStep.FAULT_SETTING_OFF,
        FlashStep.COMMUNICATION_OFF,
        FlashStep.COMMUNICATION_ON,
        FlashStep.FAULT_SETTING_ON,
    ]
    assert [e.began for e in job.log.noted if e.step is FlashStep.IDENTIFY]


def test_a_unit_that_wants_to_be_alone_is() -> None:
    job = three(EIS=FlashSequence(side_by_side=False))
    assert ends(job.run()) == [UnitEnd.NEW] * 3
    assert downloads(job)[-2:] == ["erase EIS", "reset EIS"]


def test_a_line_with_room_for_one_takes_one_after_the_other() -> None:
    job = three()
    assert ends(job.run(VirtualLine(job.vehicle, max_in_flight=1))) == [UnitEnd.NEW] * 3
    assert downloads(job) == [f"{what} {name}" for name in NAMES for what in ("erase", "reset")]


def test_what_a_unit_needs_comes_before_it() -> None:
    job = three(needs={"ME_Engine": ("ESP",), "ESP": ("EIS",)})
    assert ends(job.run()) == [UnitEnd.NEW] * 3
    assert downloads(job) == [f"{what} {n}" for n in reversed(NAMES) for what in ("erase", "reset")]


def test_a_whole_unit_is_left_alone_where_one_that_it_needs_failed() -> None:
    job = three(needs={"ME_Engine": ("ESP",)})
    fault = job.vehicle.break_at("34", 0x72, times=0)
    fault.units = frozenset({"ESP"})
    results = job.run()
    assert ends(results) == [UnitEnd.OLD, UnitEnd.BOOT_LOADER, UnitEnd.NEW]
    assert results is not None
    assert results[0].message == told("WC-739", unit="ME_Engine", needed="ESP")
    assert job_state(results) is JobState.FAILED
    job.vehicle.faults.clear()
    assert ends(job.run(again=True)) == [UnitEnd.NEW] * 3


def test_one_failure_does_not_disturb_the_others() -> None:
    job = three()
    fault = job.vehicle.break_at("3602", 0x72, times=0)
    fault.units = frozenset({"ESP"})
    assert ends(job.run()) == [UnitEnd.NEW, UnitEnd.BOOT_LOADER, UnitEnd.NEW]


def test_a_unit_that_says_nothing_does_not_hold_up_the_others() -> None:
    job = three()
    job.vehicle.unit("ESP").cut_supply(10_000_000)
    results = job.run()
    assert ends(results) == [UnitEnd.NEW, UnitEnd.UNKNOWN, UnitEnd.NEW]
    assert job_state(results or ()) is JobState.INTERRUPTED


def test_a_stop_between_units_leaves_the_rest_as_they_were() -> None:
    job = three()
    job.log.stop = lambda: any(entry.step is FlashStep.RESET for entry in job.log.noted)
    results = job.run(VirtualLine(job.vehicle, max_in_flight=1))
    assert ends(results) == [UnitEnd.NEW, UnitEnd.OLD, UnitEnd.OLD]
    assert job_state(results or ()) is JobState.STOPPED


def test_a_line_that_breaks_under_all_of_them_comes_back_for_all() -> None:
    job = three()
    job.vehicle.break_at("3604", "close", times=3)
    began = job.vehicle.clock.now()
    job.reopenings = lambda: VirtualLine(job.vehicle) if job.vehicle.clock.now() > began + 30 else None
    assert ends(job.run()) == [UnitEnd.NEW] * 3


@pytest.mark.parametrize("place", range(1, 160, 7))
def test_a_plan_that_is_killed_is_brought_to_its_end(place: int) -> None:
    job = three(needs={"ME_Engine": ("EIS",)})
    assert job.run(VirtualLine(job.vehicle, kill_at=place, kill_after=bool(place % 2))) is None
    job.vehicle.clock.pass_ms(1_000 * (place % 9))
    assert ends(job.run(again=True)) == [UnitEnd.NEW] * 3
    assert [job.vehicle.truth(name) for name in NAMES] == [UnitEnd.NEW] * 3


def test_a_bug_in_the_part_of_one_unit_waits_until_the_others_are_whole() -> None:
    job = three()

    class Faulty(MemoryLog):
        def begin(self, unit: str, step: FlashStep, detail: str = "") -> int:
            if unit == "ESP" and step is FlashStep.CHECK_MEMORY:
                raise ZeroDivisionError
            return super().begin(unit, step, detail)

    job.log = Faulty()
    with pytest.raises(ZeroDivisionError):
        job.run()
    assert [job.vehicle.truth(name) for name in NAMES] == [UnitEnd.NEW, UnitEnd.BOOT_LOADER, UnitEnd.NEW]


def test_order_is_as_given_where_nothing_is_needed() -> None:
    items = [(flash_file(name)[0].manifest, name) for name in NAMES]
    assert in_order(items) == list(NAMES)


def test_a_circle_is_refused() -> None:
    items = [
        (flash_file("A", needs=("B",))[0].manifest, "A"),
        (flash_file("B", needs=("A",))[0].manifest, "B"),
        (flash_file("C", needs=("X",))[0].manifest, "C"),
    ]
    with pytest.raises(ConsoleError) as caught:
        in_order(items)
    assert caught.value.number == "WC-728"
    assert set(str(caught.value.facts["units"]).split(", ")) == {"A", "B"}


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([(UnitEnd.NEW, "")], JobState.DONE),
        ([(UnitEnd.NEW, ""), (UnitEnd.NEW, "WC-720")], JobState.FAILED),
        ([(UnitEnd.NEW, ""), (UnitEnd.OLD, "WC-726")], JobState.STOPPED),
        ([(UnitEnd.BOOT_LOADER, "WC-720"), (UnitEnd.OLD, "WC-726")], JobState.FAILED),
        ([(UnitEnd.OLD, "WC-724")], JobState.FAILED),
        ([(UnitEnd.NEW, ""), (UnitEnd.UNKNOWN, "WC-722")], JobState.INTERRUPTED),
    ],
)
def test_how_a_job_ends(kinds: list[tuple[UnitEnd, str]], state: JobState) -> None:
    results = [
        UnitResult(
            unit="U",
            end=end,
            identity=SoftwareIdentity(),
            message=told(number) if number else None,
            step=FlashStep.RESET if number else None,
        )
        for end, number in kinds
    ]
    assert job_state(results) is state


def test_the_fingerprint_is_date_and_tester() -> None:
    now = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)
    assert fingerprint(now, b"0123456789") == bytes.fromhex("261121") + b"01234567"

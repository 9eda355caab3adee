"""Flashing on the screen: files, the table before, the job as its journal tells it, taking it up again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_flashing import (
    GREEN,
    RED,
    YELLOW,
    FakeFlashing,
    entry,
    flash_file,
    job,
    plan,
    result,
    target,
)
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console import app as console_app
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs import flash_offered
from workshop_console.console.jobs.flash_following import waiting
from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashPlan,
    FlashReport,
    FlashStep,
    JobState,
    JournalEntry,
    Light,
    UnitEnd,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.settings import LANGUAGES, Folders
from workshop_console.i18n.texts import set_language
from workshop_console.screens import flash_plan, following
from workshop_console.screens.flash_steps import steps_of
from workshop_console.widgets import glyphs
from workshop_console.widgets.keybar import KeyBar
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import TextPage

FLASHING = number_of("flashing")
"""The key of flashing in the menu."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(following, "READ_EVERY_S", 0.02)
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(console_app, "_JOBS_EVERY_S", 0.02)
    monkeypatch.setattr(flash_offered, "SHIPPED", Path("no such folder"))
    yield
    glyphs.use(glyphs.UNICODE)
    set_language("en")


def workshop_with(
    files: Sequence[str] = ("engine.hex", "gearbox.srec"), *, plain: bool = False, lang: str = "en"
) -> FakeWorkshop:
    """Return a workshop with flash files of these names, for units called as the files are."""
    folders = Folders.of_user()
    folders.flash_files.mkdir(parents=True, exist_ok=True)
    workshop = FakeWorkshop(folders, ascii=plain, lang=lang)
    for name in files:
        (folders.flash_files / name).touch()
        unit = name.partition(".")[0].upper()
        workshop.flashing.files[name] = (flash_file(unit, path=f"/files/{name}"),)
    return workshop


@asynccontextmanager
async def at_files(workshop: FakeWorkshop) -> AsyncIterator[tuple[Driver, FakeFlashing]]:
    """Open the choice of files."""
    async with console(workshop) as driver:
        await driver.open_menu()
        await driver.press(FLASHING)
        await driver.until(lambda: "Type a file name" in driver.text)
        await driver.until(lambda: driver.table.cursor_key == driver.table.rows[0].key)
        yield driver, workshop.flashing


@asynccontextmanager
async def at_plan(
    flashing_plan: FlashPlan | None = None, *, plain: bool = False
) -> AsyncIterator[tuple[Driver, FakeFlashing]]:
    """Open the table before flashing for the first file."""
    workshop = workshop_with(plain=plain)
    if flashing_plan is not None:
        workshop.flashing.planned = flashing_plan
    async with at_files(workshop) as (driver, flashing):
        await driver.press("f5")
        await driver.until(lambda: driver.place == "FlashPlanScreen" and driver.table.rows)
        await driver.until(lambda: not driver.app.session.running)
        yield driver, flashing


@asynccontextmanager
async def at_job(
    workshop: FakeWorkshop, *, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Driver, FakeFlashing]]:
    """Open the first job of the list, by the menu."""
    async with console(workshop, size=size) as driver:
        if driver.workshop.flashing.interrupted():
            await driver.until(lambda: driver.place in ("FlashJob", "Jobs"))
        else:
            await driver.open_menu()
            await driver.press(FLASHING, "tab")
            await driver.until(lambda: driver.place == "Jobs" and driver.table.rows)
            await driver.press("enter")
        await driver.until(lambda: driver.place != "FlashJob" or "State" in facts(driver))
        yield driver, workshop.flashing


def facts(driver: Driver) -> str:
    """Return what the first page says; a screen that is being made has none yet."""
    return "".join(page.text for page in driver.app.screen.query("#facts").results(TextPage))


def steps(driver: Driver) -> dict[object, tuple[str, ...]]:
    return {row.key: row.cells for row in driver.app.screen.query_one("#steps", Table).rows}


def checks(driver: Driver) -> list[tuple[str, ...]]:
    """Return the lines of the table before flashing; a text over several columns counts as one cell."""
    rows = driver.table.rows
    return [tuple(cell.strip() for cell in (*row.cells, row.tail)[:4]) for row in rows]


TO_TRANSFER = [
    entry(1, FlashStep.EXTENDED_SESSION),
    entry(2, FlashStep.CHECK_CONDITIONS),
    entry(3, FlashStep.COMMUNICATION_OFF, unit=""),
    entry(4, FlashStep.PROGRAMMING_SESSION),
    entry(5, FlashStep.ERASE),
    entry(6, FlashStep.REQUEST_DOWNLOAD),
    entry(7, FlashStep.TRANSFER, ""),
]


# Files


async def test_files_are_checked_and_listed_with_unit_and_software_and_refused_ones_say_why() -> None:
    workshop = workshop_with(("engine.hex", "gearbox.srec", "torn.bin"))
    workshop.flashing.files["torn.bin"] = ConsoleError("WC-706", file="torn.bin")
    async with at_files(workshop) as (driver, flashing):
        assert [row.cells[:3] for row in driver.table.rows[:2]] == [
            ("ENGINE", "2069000099 26/10", "engine.hex"),
            ("GEARBOX", "2069000099 26/10", "gearbox.srec"),
        ]
        assert "torn.bin: WC-706 Title of WC-706" in driver.text
        assert "engine.hex: for hardware 2069000001" in driver.text
        await driver.press("down", "down", "space")
        assert "there is no file that can be used" in driver.text
        await driver.press("enter")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-706" in driver.text
        assert not flashing.asked


async def test_several_files_become_one_plan_and_one_unit_takes_one_file() -> None:
    workshop = workshop_with(("engine.hex", "engine2.hex", "gearbox.srec"))
    workshop.flashing.files["engine2.hex"] = (flash_file("ENGINE", path="/files/engine2.hex"),)
    async with at_files(workshop) as (driver, flashing):
        await driver.press("space", "space", "space")
        assert [row.marked for row in driver.table.rows[:3]] == [False, True, True]
        assert "2 files marked" in driver.text
        await driver.press("enter")
        assert driver.place == "FlashFiles", "the cursor is on the line that lets a name be typed"
        await driver.press("escape", "f5")
        await driver.until(lambda: flashing.asked)
        assert flashing.asked == [(("", "ENGINE"), ("", "GEARBOX"))]


async def test_what_is_for_this_vehicle_stands_first_with_the_name_it_has_there() -> None:
    workshop = workshop_with(("aaa.hex", "engine.hex", "engine-of-a-van.hex"))
    other = flash_file("ENGINE", path="/files/engine-of-a-van.hex")
    other = replace(other, manifest=replace(other.manifest, hardware=("9069000001",)))
    workshop.flashing.files["engine-of-a-van.hex"] = (other,)
    workshop.units = (replace(workshop.units[0], name="ENGINE", label="Engine unit"),)
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", FLASHING)
        await driver.until(lambda: len(driver.table.rows) == 4)
        assert [row.cells[0] for row in driver.table.rows[:3]] == ["Engine unit", "AAA", "Engine unit"]
        assert [row.cells[4] for row in driver.table.rows[:3]] == ["fits", "no", "no"]


async def test_the_screen_of_a_unit_leads_to_its_files() -> None:
    workshop = workshop_with(("aaa.hex", "engine.hex"))
    workshop.units = (replace(workshop.units[0], name="ENGINE"), replace(workshop.units[1], name="AAA"))
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        assert f"{FLASHING} Flashing" in driver.text
        await driver.press(FLASHING)
        await driver.until(lambda: len(driver.table.rows) == 3)
        assert [row.cells[2] for row in driver.table.rows[:2]] == ["engine.hex", "aaa.hex"]


async def test_a_file_is_typed_completed_and_marked_and_a_bad_one_is_told() -> None:
    workshop = workshop_with(())
    folder = workshop.folders.config
    (folder / "outside.s19").touch()
    workshop.flashing.files["outside.s19"] = (flash_file("RADAR"),)
    async with at_files(workshop) as (driver, _flashing):
        await driver.press("enter")
        for character in f"{folder}/ou":
            await driver.press("full_stop" if character == "." else character)
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.table.rows[0].marked)
        assert driver.table.rows[0].cells[2] == "outside.s19"
        await driver.press("end", "enter", *"nothing", "enter")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-700" in driver.text
        await driver.press("enter")
        assert len(driver.table.rows) == 2


# The table before


async def test_the_table_tells_everything_by_mark_and_word() -> None:
    async with at_plan(plain=True) as (driver, _flashing):
        assert driver.text.isascii()
        assert "+ good" in driver.title
        assert "about 1 min 35 s" in driver.title
        assert "2069000002 23/40 > 2069000099 26/10" in driver.text
        for found in (
            ("+ good", "Battery voltage", "12.8 V", "12.0 V"),
            ("+ good", "Battery charger", "connected"),
            ("+ good", "Time credit", "1499 min"),
        ):
            assert found in checks(driver)


async def test_the_table_begins_with_what_stops_and_ends_with_what_is_good() -> None:
    note = FlashCheck(id=CheckId.AWAKE, light=Light.GREEN, message=RaisedMessage(number="WC-759"))
    mixed = plan(target(checks=(*GREEN[:2], note, YELLOW, GREEN[3], RED)))
    async with at_plan(mixed) as (driver, _flashing):
        states = [check[0] for check in checks(driver)]
        assert states == ["", "X stops", "! confirm", "! note", "✓ good", "✓ good", "✓ good"]


async def test_of_several_units_each_says_how_long_it_takes() -> None:
    async with at_plan(plan(target(), target("GEARBOX"))) as (driver, _flashing):
        assert [check for check in checks(driver) if check[1] == "Time estimate"] == 2 * [
            ("", "Time estimate", "about 1 min 35 s")
        ]


async def test_red_stops_and_says_why_and_everything_can_be_checked_again() -> None:
    red = plan(target(checks=(*GREEN[:1], RED)))
    async with at_plan(red) as (driver, flashing):
        assert ("X stops", "Battery voltage", "11.2 V", "12.0 V") in checks(driver)
        assert "F5" not in driver.footer
        await driver.press("f5")
        assert "Engine unit: Battery voltage is red" in driver.text
        assert driver.place == "FlashPlanScreen"
        await driver.press("down")  # what stops comes first
        await driver.shows("WC-724 Title of WC-724")
        await driver.press("enter")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter")
        flashing.planned = plan()
        await driver.press("space")
        await driver.until(lambda: flashing.plans == 2 and not driver.app.session.running)
        assert "F5 Start" in driver.footer
        assert not flashing.started


async def test_yellow_is_confirmed_by_the_short_name_and_nothing_else() -> None:
    yellow = plan(target(checks=(*GREEN[:2], YELLOW)), target("GEARBOX"))
    async with at_plan(yellow) as (driver, flashing):
        await driver.press("f5")
        assert "Yellow. Type ENGINE to confirm:" in driver.text
        assert driver.table.cursor_key == ("ENGINE", 2)
        await driver.press(*"engine", "enter")
        await driver.shows("Not confirmed: that is not the short name ENGINE")
        await driver.press("f5", "enter")
        await driver.shows("Not confirmed")
        await driver.press("f5", "y", "enter")
        await driver.shows("Not confirmed")
        await driver.press("f5", "escape")
        assert driver.place == "FlashPlanScreen"
        await driver.press("f5", *"ENGINE", "enter")
        await driver.until(lambda: driver.place == "Question")
        assert "Flash now: Engine unit, Gearbox unit?" in driver.text
        await driver.press("enter", "space", "f5", "r")
        assert driver.place == "Question"
        await driver.press("n")
        assert not flashing.started
        await driver.press("f5", "y")
        await driver.until(lambda: driver.place == "FlashJob")
        assert [confirmed for _plan, confirmed in flashing.started] == [frozenset({"ENGINE"})]


async def test_all_green_asks_starts_and_shows_the_job_and_back_leads_to_the_files() -> None:
    async with at_plan() as (driver, flashing):
        await driver.press("f5")
        assert driver.place == "Question"
        await driver.press("y")
        await driver.until(lambda: driver.place == "FlashJob" and "Block" in facts(driver))
        assert len(flashing.started) == 1
        await driver.press("escape")
        assert driver.place == "FlashFiles"
        assert "Flash job 1 goes on without the screen." in driver.text
        assert not any(row.marked for row in driver.table.rows)


async def test_a_start_that_is_refused_is_told_and_the_plan_stays() -> None:
    async with at_plan() as (driver, flashing):
        flashing.error = ConsoleError("WC-741", job=2)
        await driver.press("f5", "y")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-741" in driver.text
        await driver.press("enter")
        assert driver.place == "FlashPlanScreen"
        assert not flashing.started


async def test_what_is_the_same_for_all_units_stands_once() -> None:
    async with at_plan(plan(target(), target("GEARBOX"))) as (driver, _flashing):
        names = [cells[1] for cells in checks(driver)]
        assert names.count("Battery voltage") == 1
        assert names.count("Fits the unit") == 2
        assert names.index("Vehicle and workshop") < names.index("Battery voltage")


async def test_what_was_checked_long_ago_is_checked_again_before_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with at_plan() as (driver, flashing):
        assert flashing.plans == 1
        monkeypatch.setattr(flash_plan, "GOOD_FOR_S", -1.0)
        await driver.press("f5")
        await driver.shows("Checked too long ago")
        await driver.until(lambda: flashing.plans == 2 and not driver.app.session.running)
        assert driver.place == "FlashPlanScreen"
        monkeypatch.setattr(flash_plan, "GOOD_FOR_S", 600.0)
        await driver.press("f5")
        assert driver.place == "Question"


async def test_another_file_is_checked_anew() -> None:
    async with at_plan() as (driver, flashing):
        await driver.press("escape", "down", "f5")
        await driver.until(lambda: flashing.plans == 2)
        assert flashing.asked == [(("", "ENGINE"),), (("", "GEARBOX"),)]


# The job


async def test_a_running_job_shows_steps_blocks_rate_time_pending_refusal_and_warnings() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    flashing.kept, flashing.steps = [job()], {3: list(TO_TRANSFER)}
    async with at_job(workshop) as (driver, _flashing):
        for text in ("running", "Engine unit: Transfer", "12 of 40", "CODE", "15 %", "45.2 kB/s", "12.0 s"):
            assert text in facts(driver)
        shown = steps(driver)
        assert shown[FlashStep.ERASE][1] == "done"
        assert shown[FlashStep.COMMUNICATION_OFF][1] == "done"
        assert shown[FlashStep.TRANSFER][1] == "now"
        assert shown[FlashStep.CHECK_MEMORY][1] == "next"
        assert driver.app.screen.query_one("#steps", Table).cursor_key is FlashStep.TRANSFER
        flashing.moved(3, block=20, pending=3, last_nrc=0x21, warnings=(RaisedMessage(number="WC-751"),))
        await driver.until(lambda: "20 of 40" in facts(driver))
        for text in ("0x21", "WC-751 Title of WC-751"):
            assert text in facts(driver)
        flashing.steps[3][-1] = entry(7, FlashStep.TRANSFER)
        flashing.steps[3].append(entry(8, FlashStep.TRANSFER_EXIT, ""))
        await driver.until(lambda: steps(driver)[FlashStep.TRANSFER_EXIT][1] == "now")
        assert steps(driver)[FlashStep.TRANSFER][1] == "done"
        assert driver.app.screen.query_one("#steps", Table).cursor_key is FlashStep.TRANSFER_EXIT
        flashing.change(3, state=JobState.DONE, results=(result(),))
        await driver.until(lambda: "new software: 2069000099 26/10" in facts(driver))


async def test_only_what_is_new_or_was_not_complete_is_read_from_the_journal() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    flashing.kept, flashing.steps = [job()], {3: list(TO_TRANSFER)}
    async with at_job(workshop) as (driver, _flashing):
        await driver.until(lambda: len(flashing.read_after) > 3)
        assert flashing.read_after[0] == 0
        assert set(flashing.read_after[1:]) == {6}
        await driver.press("escape")
        read = len(flashing.read_after)
        await driver.until(lambda: driver.place == "Jobs")
        flashing.moved(3, block=30)
        await driver.shows("15 %")
        assert len(flashing.read_after) <= read + 1, "a screen that was left reads nothing"


async def test_stopping_is_refused_with_the_reason_where_the_unit_has_no_software() -> None:
    workshop = workshop_with()
    workshop.flashing.kept = [job()]
    async with at_job(workshop) as (driver, flashing):
        assert "F6" not in driver.footer
        await driver.press("f6")
        assert "Engine unit has no software until all of it is written" in driver.text
        assert not flashing.stopped
        flashing.moved(3, can_stop=True)
        await driver.until(lambda: "F6 Stop" in driver.footer)
        await driver.press("f6", "enter", "f6")
        assert driver.place == "Question"
        await driver.press("y")
        await driver.until(lambda: flashing.stopped == [3])
        await driver.until(lambda: "goes on to the next place where every control unit" in facts(driver))
        await driver.press("f6")
        assert "a stop was asked for already" in driver.text


async def test_leaving_the_screen_or_the_console_leaves_the_job_running() -> None:
    workshop = workshop_with()
    workshop.flashing.kept = [job()]
    async with at_job(workshop) as (driver, flashing):
        assert "F3 leaves this screen; the job goes on." in driver.text
        await driver.press("f3")
        await driver.shows("Flash job 3 goes on without the screen.")
        await driver.press("f2")
        await driver.shows("[Flash job 3: 15 %]")
        flashing.moved(3, done=20_000)
        await driver.shows("[Flash job 3: 50 %]")
        await driver.press("f10")
        assert driver.app._exit, "nothing is asked: the job needs no console"
        assert not flashing.stopped


async def test_the_end_of_a_job_is_told_on_every_screen() -> None:
    workshop = workshop_with()
    workshop.flashing.kept = [job()]
    async with console(workshop) as driver:
        await driver.shows("[Flash job 3: 15 %]")
        workshop.flashing.change(3, state=JobState.FAILED)
        await driver.shows("Flash job 3 is not running any more: failed")
        assert "[Flash job 3" not in driver.text


async def test_codings_read_before_a_flash_are_read_again_after_it() -> None:
    workshop = workshop_with()
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", number_of("coding"), "enter")
        await driver.until(lambda: driver.table.rows and not driver.app.session.running)
        await driver.press("escape")
        assert workshop.codings.reads == 1
        vin = workshop.line.vehicle.vin
        workshop.flashing.kept = [replace(job(), plan=replace(plan(), vin=vin))]
        await driver.shows("[Flash job 3: 15 %]")
        workshop.flashing.change(3, state=JobState.DONE)
        await driver.shows("Flash job 3 is not running any more: done")
        await driver.press("enter")
        await driver.until(lambda: workshop.codings.reads == 2)


async def test_an_interrupted_job_is_shown_first_and_taken_up_again() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    flashing.kept, flashing.steps = [job(state=JobState.INTERRUPTED)], {3: list(TO_TRANSFER)}
    async with at_job(workshop) as (driver, _flashing):
        assert driver.place == "FlashJob"
        assert "INTERRUPTED: F5 takes it up again" in facts(driver)
        assert "Engine unit: Transfer CODE, block 12 of 40" in facts(driver)
        assert steps(driver)[FlashStep.TRANSFER][1] == "no end recorded"
        await driver.press("f5", "enter")
        assert driver.place == "Question"
        await driver.press("n")
        assert not flashing.resumed
        await driver.press("f5", "y")
        await driver.until(lambda: flashing.resumed == [3])
        await driver.until(lambda: "running" in facts(driver) and "(run 2)" in facts(driver))
        await driver.press("f5")
        assert "the job is running" in driver.text
        await driver.press("escape")
        assert driver.place == "ProductGroups"


async def test_a_job_that_never_began_is_shown_first_and_started_or_dropped() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    never = RaisedMessage(number="WC-758", facts=(("job", 3),))
    left = replace(job(state=JobState.INTERRUPTED), runs=0, result=never, started=datetime.now(UTC))
    flashing.kept = [left]
    async with at_job(workshop) as (driver, _flashing):
        assert "never began; F5 starts it, F6 drops it" in facts(driver)
        assert "nothing was sent to it" in facts(driver)
        assert "WC-758" in facts(driver)
        await driver.press("f5")
        await driver.shows("Start flash job 3: Engine unit?")
        await driver.press("n", "f6")
        await driver.shows("Drop flash job 3?")
        await driver.press("n")
        flashing.change(3, started=datetime.now(UTC) - timedelta(minutes=11))
        await driver.until(lambda: "F5" not in driver.footer)
        await driver.press("f5")
        await driver.shows("what was checked is too old")
        await driver.press("f6", "y")
        await driver.until(lambda: flashing.stopped == [3])
        await driver.shows("The job was dropped")


async def test_an_interrupted_job_whose_unit_was_flashed_since_stands_in_nobodys_way() -> None:
    workshop = workshop_with()
    workshop.flashing.kept = [job(4, JobState.DONE), job(3, JobState.INTERRUPTED)]
    workshop.flashing.change(4, results=(result(),))
    async with console(workshop) as driver:
        looked = workshop.flashing.looked
        await driver.until(lambda: workshop.flashing.looked > looked + 1)
        assert driver.place == "ProductGroups"
        assert "INTERRUPTED" not in driver.text
        assert workshop.flashing.can_resume(workshop.flashing.job(3)), "it can be taken up all the same"


async def test_texts_of_files_and_descriptions_are_shown_as_they_are() -> None:
    workshop = workshop_with()
    hostile = "[/red]\x1b[2J\u202e漢字" * 5
    workshop.flashing.kept = [job(3, JobState.RUNNING, replace(target(), label=hostile), target("GEARBOX"))]
    workshop.flashing.moved(3, segment=hostile)
    workshop.flashing.steps = {3: [replace(entry(1, FlashStep.ERASE), detail=hostile)]}
    async with at_job(workshop) as (driver, _flashing):
        await driver.until(lambda: "[/red]" in driver.title)
        assert "\x1b" not in driver.text
        assert "\u202e" not in driver.text
        await driver.press("escape")
        await driver.until(lambda: "[/red]" in driver.text)
        assert "\x1b" not in driver.text


@pytest.mark.parametrize("size", [(79, 23), (40, 10), (20, 5)])
async def test_a_small_terminal_ends_nothing(size: tuple[int, int]) -> None:
    workshop = workshop_with()
    workshop.flashing.kept, workshop.flashing.steps = [job()], {3: list(TO_TRANSFER)}
    async with at_job(workshop, size=size) as (driver, flashing):
        flashing.moved(3, block=30)
        await driver.until(lambda: "30 of 40" in facts(driver))
        await driver.press("down", "pagedown", "f6", "escape")
        assert driver.place == "Jobs"


async def test_several_interrupted_jobs_are_listed_first() -> None:
    workshop = workshop_with()
    workshop.flashing.kept = [
        job(4, JobState.STOPPED),
        job(3, JobState.INTERRUPTED),
        job(2, JobState.INTERRUPTED),
    ]
    async with at_job(workshop) as (driver, flashing):
        assert driver.place == "Jobs"
        await driver.until(lambda: driver.table.rows)
        assert [row.key for row in driver.table.rows] == [3, 2, 4]
        await driver.press("down", "f5", "y")
        await driver.until(lambda: driver.place == "FlashJob")
        assert flashing.resumed == [2]


async def test_a_failed_job_whose_unit_is_in_its_boot_loader_can_be_taken_up_a_whole_one_not() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    flashing.kept = [job(3, JobState.FAILED), job(2, JobState.FAILED)]
    flashing.change(3, results=(result(UnitEnd.BOOT_LOADER, number="WC-730"),))
    flashing.change(2, results=(result(UnitEnd.OLD, number="WC-731"),))
    async with at_job(workshop) as (driver, _flashing):
        assert "in its boot loader, without software: boot loader 2069000050" in facts(driver)
        assert "WC-730 Title of WC-730" in facts(driver)
        assert "F5 Resume" in driver.footer
        await driver.press("escape", "down", "enter")
        await driver.until(lambda: driver.place == "FlashJob" and "old software" in facts(driver))
        await driver.press("f5")
        assert "there is nothing to resume" in driver.text


async def test_a_job_of_another_console_is_seen_from_start_to_end() -> None:
    workshop = workshop_with()
    async with console(workshop) as driver:
        assert "[Flash job" not in driver.text
        workshop.flashing.kept = [job()]
        await driver.shows("[Flash job 3: 15 %]")
        await driver.open_menu()
        await driver.press(FLASHING, "tab")
        await driver.until(lambda: driver.table.rows)
        assert driver.table.rows[0].cells[1] == "running"
        workshop.flashing.change(3, state=JobState.DONE, results=(result(),))
        await driver.until(lambda: driver.table.rows[0].cells[1] == "done")


async def test_the_steps_of_each_unit_of_a_plan_are_shown() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    flashing.kept = [job(3, JobState.RUNNING, target(), target("GEARBOX"))]
    flashing.steps = {3: [*TO_TRANSFER, entry(8, FlashStep.ERASE, "negative", unit="GEARBOX")]}
    async with at_job(workshop) as (driver, _flashing):
        assert "Engine unit" in driver.title
        assert "(1 of 2)" in facts(driver)
        assert steps(driver)[FlashStep.ERASE][1] == "done"
        await driver.press("tab")
        await driver.until(lambda: "Gearbox unit" in driver.title)
        assert steps(driver)[FlashStep.ERASE][1] == "refused"
        assert steps(driver)[FlashStep.COMMUNICATION_OFF][1] == "done"
        await driver.press("tab")
        await driver.until(lambda: "Engine unit" in driver.title)


async def test_of_two_units_at_once_one_is_followed_until_it_is_through() -> None:
    workshop = workshop_with()
    flashing = workshop.flashing
    flashing.kept = [job(3, JobState.RUNNING, target(), target("GEARBOX"))]
    flashing.steps = {3: [*TO_TRANSFER, entry(8, FlashStep.ERASE, unit="GEARBOX")]}
    async with at_job(workshop) as (driver, _flashing):
        assert "Engine unit" in driver.title
        flashing.moved(3, unit="GEARBOX", step=FlashStep.ERASE)
        await driver.until(lambda: "Gearbox unit (2 of 2): Erase" in facts(driver))
        assert "Engine unit" in driver.title
        flashing.steps[3][-2:] = [entry(7, FlashStep.TRANSFER), flashing.steps[3][-1]]
        flashing.steps[3].append(entry(9, FlashStep.RESET))
        await driver.until(lambda: "Gearbox unit" in driver.title)


async def test_a_job_of_many_units_tells_first_what_is_not_well() -> None:
    workshop = workshop_with()
    names = [f"UNIT{number}" for number in range(12)]
    workshop.flashing.kept = [job(3, JobState.FAILED, *map(target, names))]
    ends = [UnitEnd.BOOT_LOADER if name == "UNIT7" else UnitEnd.NEW for name in names]
    workshop.flashing.change(3, results=tuple(result(e, unit=n) for e, n in zip(ends, names, strict=True)))
    async with at_job(workshop) as (driver, _flashing):
        assert "Unit7 unit" in facts(driver)
        assert "11 control units" in facts(driver)
        assert "Unit3 unit" not in facts(driver)


async def test_f7_saves_the_report_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = workshop_with()
    workshop.flashing.kept, workshop.flashing.steps = [job()], {3: list(TO_TRANSFER)}
    exported: list[object] = []

    def export_file(report: object, kind: str = "html") -> Path:
        exported.append(report)
        return workshop.folders.exports / f"flash.{kind}"

    monkeypatch.setattr(workshop, "export_file", export_file)
    async with at_job(workshop) as (driver, _flashing):
        await driver.press("f7", "p")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-607" in driver.text
        (report,) = exported
        assert isinstance(report, FlashReport)
        assert [one.entry_id for one in report.entries] == [1, 2, 3, 4, 5, 6, 7]


async def test_a_journal_that_cannot_be_read_is_told_on_the_screen_and_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workshop = workshop_with()
    workshop.flashing.kept = [job()]
    async with at_job(workshop) as (driver, flashing):

        def broken(job_id: int) -> object:
            raise ConsoleError("WC-605", file="records.db")

        with monkeypatch.context() as patch:
            patch.setattr(flashing, "job", broken)
            await driver.until(lambda: "WC-605" in facts(driver))
            assert driver.place == "FlashJob"
        await driver.until(lambda: "WC-605" not in facts(driver))


async def test_figures_that_change_repaint_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = workshop_with()
    workshop.flashing.kept, workshop.flashing.steps = [job()], {3: list(TO_TRANSFER)}
    async with at_job(workshop) as (driver, flashing):
        page = driver.app.screen.query_one("#facts", TextPage)
        table = driver.app.screen.query_one("#steps", Table)
        painted: list[tuple[object, ...]] = []
        for widget in (page, table):
            monkeypatch.setattr(widget, "refresh", lambda *regions, **_more: painted.append(regions))
        read = len(flashing.read_after)
        await driver.until(lambda: len(flashing.read_after) > read + 2)
        assert painted == []
        flashing.moved(3, block=13)
        await driver.until(lambda: painted)
        ((region,),) = painted
        assert region.height == 1  # type: ignore[attr-defined]  # a Region
        assert region.x > 10, "the label is not painted again"  # type: ignore[attr-defined]  # a Region


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_nothing_of_the_frame_is_cut_in_any_language(lang: str, size: tuple[int, int]) -> None:
    workshop = workshop_with(plain=True, lang=lang)
    flashing = workshop.flashing
    flashing.kept, flashing.steps = [job(state=JobState.INTERRUPTED)], {3: list(TO_TRANSFER)}
    flashing.planned = plan(target(checks=(*GREEN, YELLOW)))
    async with console(workshop, size=size) as driver:
        await driver.until(lambda: driver.place == "FlashJob" and "CODE" in facts(driver))

        def look() -> None:
            assert driver.text.isascii() or lang != "en", driver.text
            assert len(driver.app.screen.query_one(KeyBar).lines) <= 2, driver.text
            for line in (0, 2):
                assert "~" not in driver.lines[line], driver.text
            titles = [line for line in driver.lines if driver.table._columns[0].title in line]
            assert driver.place in ("FlashJob", "Question") or "~" not in titles[0], driver.text

        look()
        await driver.press("f5", "y")
        await driver.until(lambda: flashing.resumed and driver.place == "FlashJob")
        look()
        await driver.press("escape")
        await driver.open_menu()
        await driver.press(FLASHING)
        await driver.until(lambda: len(driver.table.rows) == 3)
        look()
        await driver.press("f5")
        await driver.until(lambda: driver.place == "FlashPlanScreen" and driver.table.rows)
        look()
        await driver.press("escape", "tab")
        await driver.until(lambda: driver.place == "Jobs" and driver.table.rows)
        look()


# What the journal says of the steps


def test_a_second_segment_goes_back_to_the_download() -> None:
    first = [
        entry(1, FlashStep.ERASE),
        entry(2, FlashStep.REQUEST_DOWNLOAD),
        entry(3, FlashStep.TRANSFER),
        entry(4, FlashStep.TRANSFER_EXIT),
        entry(5, FlashStep.CHECK_MEMORY),
        entry(6, FlashStep.REQUEST_DOWNLOAD, ""),
    ]
    seen = {one.step: one.entry for one in steps_of(job(), first, "ENGINE")}
    assert seen[FlashStep.ERASE] is first[0]
    assert seen[FlashStep.REQUEST_DOWNLOAD] is first[5]
    assert seen[FlashStep.TRANSFER] is None
    assert seen[FlashStep.CHECK_MEMORY] is None


def test_a_recovery_begins_the_steps_again_and_steps_left_out_are_not_listed() -> None:
    one = target()
    one = replace(one, sequence=replace(one.sequence, leave_out=(FlashStep.FINGERPRINT,)))
    entries: list[JournalEntry] = [
        *TO_TRANSFER,
        entry(8, FlashStep.IDENTIFY),
        entry(9, FlashStep.PROGRAMMING_SESSION, ""),
    ]
    seen = {found.step: found.entry for found in steps_of(job(3, JobState.RUNNING, one), entries, "ENGINE")}
    assert FlashStep.FINGERPRINT not in seen
    assert seen[FlashStep.EXTENDED_SESSION] is entries[0]
    assert seen[FlashStep.PROGRAMMING_SESSION] is entries[-1]
    assert seen[FlashStep.ERASE] is None
    assert seen[FlashStep.IDENTIFY] is None


def test_every_check_and_step_has_words() -> None:
    from workshop_console.i18n import flashing as words

    assert all(words.check_text(check) for check in CheckId)
    assert all(words.step_text(step) for step in FlashStep)
    assert all(words.state_text(state) for state in JobState)
    assert all(words.end_text(end) and words.short_end_text(end) for end in UnitEnd)


def test_a_job_waits_while_one_of_its_units_was_not_brought_to_its_end_since() -> None:
    both = job(3, JobState.INTERRUPTED, target(), target("GEARBOX"))
    one = replace(job(4, JobState.DONE), results=(result(),))
    failed = replace(job(5, JobState.FAILED), results=(result(UnitEnd.BOOT_LOADER, unit="GEARBOX"),))
    other = replace(job(6, JobState.DONE), results=(result(unit="GEARBOX"),))
    assert waiting([failed, one, both]) == [both]
    assert waiting([other, one, both]) == []
    assert waiting([both, other, one]) == [both], "what was done before does not count"

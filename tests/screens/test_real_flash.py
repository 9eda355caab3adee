"""Flashing on the screen, over the real workshop: a simulated vehicle, a worker of its own, the journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.flashed import (
    ENGINE,
    kill,
    planned,
    started,
    until_begun,
    until_over,
    worker_of,
    workshop_of,
)
from tests.screens.driving import Driver
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.app import ConsoleApp
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import FlashStep, JobState, UnitEnd
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop
from workshop_console.i18n.texts import set_language
from workshop_console.screens.flash_files import FlashFiles
from workshop_console.screens.jobs import Jobs
from workshop_console.widgets.table import Row
from workshop_console.widgets.text_page import TextPage

pytestmark = pytest.mark.usefixtures("met")

_UNIT = "CDI_EngineControl"
_FILE = "car-CDI_EngineControl.hex"


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    set_language("en")
    built = build_workshop(Settings(vci="sim://car", access_server="off"), Folders.of_user(), lang="en")
    yield built
    built.close()


async def test_a_unit_is_flashed_from_the_file_to_its_new_software(workshop: Workshop) -> None:
    app = ConsoleApp(workshop)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot, FakeWorkshop(Folders.of_user()))
        await driver.press("1")
        await driver.until(lambda: driver.place == "GroupMenu")
        app.show_screen(FlashFiles())
        await pilot.pause()
        await driver.until(lambda: any(_FILE in row.cells for row in _rows(driver)))
        key = next(row.key for row in _rows(driver) if _FILE in row.cells)
        driver.table.move_to(key)
        await driver.press("f5")
        await driver.until(lambda: driver.place == "FlashPlanScreen")
        await driver.until(lambda: app.session.flash.plan is not None and not app.session.running)
        assert "F5 Start" in driver.footer, driver.text
        await driver.press("f5")
        if driver.place != "Question":
            await driver.press(*_keys(_UNIT), "enter")
        assert driver.place == "Question", driver.text
        await driver.press("y")
        await driver.until(lambda: driver.place == "FlashJob")
        (job,) = workshop.flashing.jobs()
        number = job.job_id
        await driver.press("escape", "f2")
        await driver.until(lambda: workshop.flashing.job(number).state not in (JobState.RUNNING,))
        job = workshop.flashing.job(number)
        assert (job.state, [result.end for result in job.results]) == (JobState.DONE, [UnitEnd.NEW])
        await driver.shows(f"Flash job {number} is not running any more: done")

        app.show_screen(Jobs())
        await pilot.pause()
        await driver.until(lambda: driver.place == "Jobs" and driver.table.rows)
        await driver.press("enter")
        await driver.until(lambda: driver.place == "FlashJob" and "new software" in _facts(driver))


def _rows(driver: Driver) -> list[Row]:
    return list(driver.table.rows) if driver.place == "FlashFiles" else []


def _facts(driver: Driver) -> str:
    return "".join(page.text for page in driver.app.screen.query("#facts").results(TextPage))


def _keys(text: str) -> list[str]:
    return ["underscore" if character == "_" else character for character in text]


async def test_a_job_whose_worker_was_killed_after_erasing_is_shown_first_and_brought_to_its_end(
    own_home: Path,
) -> None:
    with workshop_of(own_home) as workshop:
        number = started(workshop, planned(workshop, ENGINE))
        until_begun(workshop, number, FlashStep.ERASE)
        kill(worker_of(workshop, number))
        assert until_over(workshop, number).state is JobState.INTERRUPTED
    with workshop_of(own_home) as workshop:
        set_language("en")
        app = ConsoleApp(workshop)
        async with app.run_test(size=(80, 24)) as pilot:
            driver = Driver(app, pilot, FakeWorkshop(Folders.of_user()))
            await driver.until(lambda: driver.place == "FlashJob" and "State" in _facts(driver))
            assert "INTERRUPTED: F5 takes it up again" in _facts(driver)
            await driver.press("f5", "y")
            await driver.until(lambda: "(run 2)" in _facts(driver))
            await driver.until(lambda: workshop.flashing.job(number).state is not JobState.RUNNING)
            await driver.until(lambda: "new software: 2069474432" in _facts(driver))
            assert workshop.flashing.job(number).state is JobState.DONE

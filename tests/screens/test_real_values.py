"""Actual values on the screen, over the real workshop and a simulated vehicle on real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.screens.driving import Driver
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.app import ConsoleApp
from workshop_console.console.jobs.recording import read_recording
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop
from workshop_console.i18n.texts import set_language
from workshop_console.screens.value_choice import ValueChoice

pytestmark = pytest.mark.usefixtures("met")


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    set_language("en")
    built = build_workshop(Settings(vci="sim://car", access_server="off"), Folders.of_user(), lang="en")
    yield built
    built.close()


async def test_values_are_chosen_read_recorded_and_played_back(workshop: Workshop) -> None:
    app = ConsoleApp(workshop)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot, FakeWorkshop(Folders.of_user()))
        await driver.press("1")
        await driver.until(lambda: driver.place == "GroupMenu")
        app.show_screen(ValueChoice(("0x1001",)))
        await pilot.pause()
        await driver.until(lambda: driver.place == "ValueChoice" and driver.table.rows)
        await driver.until(lambda: not app.session.running)
        await driver.press("slash", *"rail", "enter", "space", "space", "f7", *"Rail", "enter")
        await driver.until(lambda: workshop.values.sets())
        await driver.press("enter")
        await driver.until(lambda: driver.place == "Values" and len(driver.table.rows) == 2)
        first = driver.table.rows[0].key
        await driver.until(lambda: driver.table.rows[0].cells[1] not in ("", "-"))
        await driver.press("f7")
        await driver.until(lambda: "RECORDING" in driver.lines[2])
        shown = driver.table.rows[0].cells[1]
        await driver.until(lambda: driver.table.rows[0].cells[1] != shown)
        await driver.press("enter")
        await driver.shows("Mark 1 set.")
        shown = driver.table.rows[0].cells[1]
        await driver.until(lambda: driver.table.rows[0].cells[1] != shown)
        await driver.press("f7")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", "escape")
        await driver.until(lambda: not app.session.running)
        (file,) = workshop.exports.glob("values-*.csv")
        recording = read_recording(file)
        assert recording.vin == workshop.line.vehicle.vin
        assert any(sample.mark == "1" for sample in recording.samples)

        await driver.press("tab", "down", "enter")
        await driver.until(lambda: driver.place == "Playback" and driver.table.rows)
        assert driver.table.rows[0].key == first
        await driver.until(lambda: driver.table.rows[0].cells[1] not in ("", "-"))

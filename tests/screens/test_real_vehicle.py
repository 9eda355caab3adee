"""The screens over the real workshop: store, access server, simulated vehicle, real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.screens.driving import Driver, number_of
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.app import ConsoleApp
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop
from workshop_console.i18n.texts import set_language

pytestmark = pytest.mark.usefixtures("met")


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    set_language("en")
    built = build_workshop(Settings(vci="sim://van"), Folders.of_user(), lang="en")
    yield built
    built.close()


async def test_from_the_group_to_a_cleared_fault(workshop: Workshop) -> None:
    app = ConsoleApp(workshop)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot, FakeWorkshop(Folders.of_user()))
        await driver.shows("[online]")
        await driver.press("2")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "2173-43" in driver.text
        await driver.press("enter", "1", "f5")
        await driver.until(lambda: app.session.units.report is not None)
        await driver.until(lambda: not app.session.running)
        report = app.session.units.report
        assert report is not None
        assert report.complete
        assert report.report_id is not None
        assert report.vehicle.vin in driver.text
        assert [row.key for row in driver.table.rows] == [str(unit.address) for unit in report.units]
        assert len(report.units) >= 20

        await driver.press("f")
        faulty = next(unit for unit in report.units if unit.faults)
        driver.table.move_to(str(faulty.address))
        await driver.press("enter")
        await driver.until(lambda: str(faulty.address) in app.session.readings and not app.session.running)
        assert faulty.faults[0].code in driver.text
        await driver.press("enter")
        assert driver.place == "FaultDetail"
        assert faulty.faults[0].code in driver.text

        await driver.press("escape", "f6", "y")
        await driver.until(lambda: bool(app.session.cleared) and not app.session.running)
        assert app.session.cleared[0].cleared
        assert app.session.cleared[0].readout_id is not None
        await driver.press("f2", "2")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", number_of("reports"))
        kinds = [row.key[0] if isinstance(row.key, tuple) else "report" for row in driver.table.rows]
        assert kinds == ["order", "report", "report"], "what was done, the test, the readout before clearing"

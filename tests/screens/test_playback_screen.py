"""A recording on the screen: played, paused, sought in, to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_workshop import VIN, FakeWorkshop
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.settings import Folders
from workshop_console.screens import playback, values_view
from workshop_console.screens.playback import Playback


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 50.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(playback, "time", clock)
    monkeypatch.setattr(values_view, "DRAW_EVERY_S", 0.02)
    return clock


def write(folder: Path, *, seconds: int = 60, vin: str = VIN) -> Path:
    """Write a recording: a sample each second, the speed as many km/h as seconds, a mark at 30 s."""
    rows = [
        f"workshop-console recording,1,2026-11-20T10:00:00.000+00:00,{vin},Car",
        "unit,,,Engine unit,Engine unit",
        "address,,,Engine 0x1001,Engine 0x1001",
        "value,,,Speed,Door",
        "measure,,,km/h,",
        "expected from,,,0,",
        "expected to,,,40,",
        "time,ms,mark,Vehicle speed,Door",
        *(
            f"x,{second * 1000},{'2' if second == 30 else ''},{second}.0,open"
            for second in range(seconds + 1)
        ),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "values-1.csv"
    file.write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")
    return file


@asynccontextmanager
async def playing(*, size: tuple[int, int] = (80, 24), vin: str = VIN) -> AsyncIterator[Driver]:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.vehicle = VehicleIdentity(vin=VIN)
    write(workshop.exports, vin=vin)
    async with console(workshop, size=size) as driver:
        await driver.open_menu()
        await driver.press(number_of("values"), "tab")
        assert driver.table.rows[0].cells[:2] == ("recording", "values-1")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Playback) and driver.table.rows)
        yield driver


def speed(driver: Driver) -> str:
    return driver.table.rows[0].cells[1]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_recording_is_played_at_its_own_speed_to_its_end(clock: Clock, size: tuple[int, int]) -> None:
    async with playing(size=size) as driver:
        await driver.until(lambda: speed(driver) == "0.0")
        assert "PLAYING 0:00 / 1:00" in driver.lines[2]
        clock.now += 31
        await driver.until(lambda: speed(driver) == "31.0")
        assert "Mark 2 at 0:30" in driver.text
        clock.now += 14
        await driver.until(lambda: speed(driver) == "!45.0")
        assert driver.table.rows[0].cells[4:6] == ("0.0", "45.0")
        assert "Mark 2" not in driver.text
        clock.now += 100
        await driver.shows("END 1:00 / 1:00")
        assert speed(driver) == "!60.0"
        assert driver.table.rows[1].cells[1] == "open"
        await driver.press("space")
        await driver.until(lambda: speed(driver) == "0.0")


async def test_it_is_paused_and_goes_on(clock: Clock) -> None:
    async with playing() as driver:
        await driver.press("space")
        assert "PAUSED" in driver.lines[2]
        assert "Space Go on" in driver.footer
        clock.now += 20
        await driver.pilot.pause(0.1)
        assert speed(driver) == "0.0"
        await driver.press("space")
        clock.now += 5
        await driver.until(lambda: speed(driver) == "5.0")


async def test_the_arrows_go_ten_seconds_and_f5_to_the_beginning(clock: Clock) -> None:
    async with playing() as driver:
        await driver.press("space", "right", "right", "right")
        assert speed(driver) == "30.0"
        await driver.press("left")
        assert speed(driver) == "20.0"
        assert driver.table.rows[0].cells[5] == "20.0", "the greatest so far, not of what comes later"
        await driver.press("left", "left", "left")
        assert speed(driver) == "0.0"
        for _ in range(8):
            await driver.press("right")
        await driver.shows("END")
        await driver.press("f5")
        assert "PLAYING 0:00" in driver.lines[2]
        assert speed(driver) == "0.0"


async def test_going_back_far_in_a_long_recording_shows_what_was_there(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "_KNOWN_EACH", 4)
    monkeypatch.setattr(playback, "KEPT_S", 5.0)
    async with playing() as driver:
        await driver.press("space")
        for _ in range(6):
            await driver.press("right")
        assert "Mark 2" not in driver.text
        for expected in ("50.0", "40.0", "30.0", "20.0"):
            await driver.press("left")
            assert speed(driver).lstrip("!") == expected
            assert driver.table.rows[0].cells[4:6] == ("0.0", expected)


async def test_a_recording_of_another_vehicle_names_it(clock: Clock) -> None:
    async with playing(vin="WDD000000000000X1") as driver:
        await driver.shows("VIN WDD000000000000X1  Vehicle speed")


async def test_the_chart_follows_the_recording(clock: Clock) -> None:
    async with playing() as driver:
        clock.now += 25
        await driver.until(lambda: speed(driver) == "25.0")
        await driver.press("1", "tab")
        await driver.shows("0:30")
        assert driver.place == "Chart"
        assert "PLAYING" in driver.lines[2]
        await driver.press("space")
        await driver.shows("PAUSED")


async def test_a_file_that_is_no_recording_is_told(clock: Clock) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.exports.mkdir(parents=True)
    (workshop.exports / "x.csv").write_text("something else\n", encoding="utf-8")
    async with console(workshop) as driver:
        await driver.open_menu()
        await driver.press(number_of("values"), "tab", "enter")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-361" in driver.text

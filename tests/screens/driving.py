"""Drives the console in tests: presses keys, waits for what must come, reads the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import textual.app
import textual.pilot
from textual._context import active_app
from textual.pilot import Pilot

from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.app import ConsoleApp
from workshop_console.console.commands import BY_ID, CHOOSE_KEYS
from workshop_console.console.settings import Folders
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.group_menu import ENTRIES
from workshop_console.widgets.keybar import KeyBar
from workshop_console.widgets.table import Table

_DEADLINE_S = 30.0
_LOOK_S = 0.001
_QUIET_S = 0.0003


async def _until_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until the loop has nothing to run and the process nothing to do.

    In the place of the pilot's own (Textual 8.2.8), which looks every 20 ms, three times for each key: most
    of the time that these tests took.
    """
    app = active_app.get(None)
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # asyncio tells it nowhere else
    end = time.monotonic() + max(min_sleep, max_sleep)
    while True:
        await asyncio.sleep(0)
        while ready and time.monotonic() < end:
            await asyncio.sleep(0)
        used = time.process_time()
        await asyncio.sleep(_LOOK_S)
        resizing = app is not None and app._resize_event is not None  # for a hundredth of a second
        idle = time.process_time() - used < _QUIET_S and not ready and not resizing
        if idle or time.monotonic() >= end:
            return


textual.app.wait_for_idle = textual.pilot.wait_for_idle = _until_idle  # type: ignore[attr-defined]


def number_of(entry: str) -> str:
    """Return the key of an entry in the menu of a product group: its number, or its key everywhere."""
    names = [known[0] for known in ENTRIES]
    return CHOOSE_KEYS[names.index(entry)] if entry in names else BY_ID[entry].keys[0]


class Driver:
    """The console, a fake workshop behind it, and the keys."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None], workshop: FakeWorkshop) -> None:
        self.app, self.pilot, self.workshop = app, pilot, workshop

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, and let them take effect."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; fail after a deadline."""
        end = time.monotonic() + _DEADLINE_S
        while not condition():
            assert time.monotonic() < end, f"did not come to be:\n{self.text}"
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        await self.until(lambda: text in self.text)

    @property
    def lines(self) -> list[str]:
        """The top screen as it is drawn."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The top screen as one text."""
        return "\n".join(self.lines)

    @property
    def place(self) -> str:
        """Name of the top screen's class."""
        return type(self.app.screen).__name__

    @property
    def table(self) -> Table:
        """The list on the top screen."""
        return self.app.screen.query_one(Table)

    @property
    def screen(self) -> ConsoleScreen[Any]:
        """The top screen."""
        assert isinstance(self.app.screen, ConsoleScreen)
        return self.app.screen

    @property
    def title(self) -> str:
        """The title line of the top screen: sheets stand below the one they were opened from."""
        return [line for line in self.lines if line.startswith(("── ", "-- "))][-1]

    @property
    def footer(self) -> str:
        """The keys on the top screen."""
        return "\n".join(
            "  ".join(f"{key} {label}" for key, label in line)
            for line in self.app.screen.query_one(KeyBar).lines
        )

    def called(self, method: str) -> list[tuple[object, ...]]:
        """What the screens asked `method` of the workshop."""
        return [call[1:] for call in self.workshop.calls if call[0] == method]

    async def open_menu(self) -> None:
        """Open the first product group and close the message about its credit."""
        await self.press("1")
        await self.until(lambda: self.place == "MessageBox")
        await self.press("enter")
        await self.until(lambda: self.place == "GroupMenu")

    async def run_quick_test(self) -> None:
        """Run the quick test to its end."""
        await self.open_menu()
        await self.press("1", "f5")
        await self.until(lambda: self.app.session.units.report is not None)
        await self.until(lambda: not self.app.session.running)


@asynccontextmanager
async def console(
    workshop: FakeWorkshop | None = None, *, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Driver]:
    """Run the console without a terminal."""
    workshop = workshop or FakeWorkshop(Folders.of_user())
    app = ConsoleApp(workshop.as_workshop())
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot, workshop)
        await driver.until(lambda: app.session.asked or not workshop.desk.gate.is_set())
        yield driver
        workshop.steps.release(1_000)

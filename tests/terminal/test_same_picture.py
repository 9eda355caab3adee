"""Cell for cell the picture that Textual's own driver paints, on every screen, in every language and size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App

from tests.screens.driving import Driver, console
from tests.screens.fake_workshop import FakeWorkshop, unit
from tests.screens.test_hostile_texts import HOSTILE, everything
from tests.terminal.emulator import Emulator
from tests.terminal.pictures import XTERM
from workshop_console.console.model.report import UnitState
from workshop_console.console.settings import Folders
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.shortest import shortest_bytes
from workshop_console.console.terminal.shown import Shown

WORST = ("escape codes", "C1 codes", "right to left", "combining and wide")
NEVER_SENT = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0), 0x200D, 0x202E, 0x2066]} - set(
    "\x1b\r\n\b"
)


class Both:
    """What Textual writes, as it is on one emulator, and by the shortest bytes on another."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.stock, self.thin = Emulator(*size), Emulator(*size)
        self.grid, self.shown = Grid(*size, XTERM), Shown(*size)
        for emulator in (self.stock, self.thin):
            emulator.feed("\x1b[?7l")
        self.whole = True
        self.frames = self.stock_bytes = self.thin_bytes = 0

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size."""
        for emulator in (self.stock, self.thin):
            emulator.resize(*size)
        self.grid.resize(*size)
        self.shown.forget()
        self.whole = False

    def draw(self, written: str, *, whole: bool) -> None:
        """Draw a frame of Textual's, and compare.

        Emulators disagree about what is left after another size, so frames count from the next whole one.
        """
        self.whole = self.whole or whole
        self.stock.feed(written)
        self.grid.read(written)
        sent = shortest_bytes(self.grid, self.shown, XTERM)
        assert not set(sent) & NEVER_SENT
        self.thin.feed(sent)
        if not self.whole:
            return
        assert self.thin.seen() == self.stock.seen()
        self.frames += 1
        self.stock_bytes += len(written.encode())
        self.thin_bytes += len(sent.encode())


@asynccontextmanager
async def drawn_twice(
    monkeypatch: pytest.MonkeyPatch, workshop: FakeWorkshop, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Driver, Both]]:
    """Run the console without a terminal, and draw each frame on both emulators."""
    both = Both(size)
    display = App._display

    def watched(app: App[None], screen: Any, update: Any) -> None:
        if isinstance(update, CompositorUpdate) and not app._batch_count:
            if app.size != (both.grid.columns, both.grid.rows):
                both.resize((app.size.width, app.size.height))
            whole = not isinstance(update, ChopsUpdate)
            if isinstance(update, LayoutUpdate) and update.region.size != app.size:
                whole = both.whole = False  # laid out for the size before: what does not fit is left anywhere
            both.draw(update.render_segments(app.console), whole=whole)
        display(app, screen, update)

    monkeypatch.setattr(App, "_display", watched)
    async with console(workshop, size=size) as driver:
        yield driver, both
        assert driver.app._exception is None


async def visit(driver: Driver) -> None:
    """Open every entry of the menu, and what keys open everywhere; move in it, and leave it."""
    await driver.open_menu()
    for key in ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "f1", "f4", "f8", "f9", "ctrl+p"):
        await driver.press(key)
        await driver.until(lambda: not driver.app.session.running)
        await driver.press("down", "pagedown", "end", "up", "home", "enter")
        await driver.until(lambda: not driver.app.session.running)
        for _ in range(4):
            if driver.place not in ("GroupMenu", "ProductGroups"):
                await driver.press("escape")
        await driver.press("f2")
        await driver.open_menu()


@pytest.mark.parametrize(
    "lang", ["de", *(pytest.param(lang, marks=pytest.mark.soak) for lang in ("en", "es", "it"))]
)
async def test_all_screens_in_all_languages(monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.lang = lang
    async with drawn_twice(monkeypatch, workshop) as (driver, both):
        await visit(driver)
        assert both.frames > 60
        assert both.thin_bytes < both.stock_bytes / 3


@pytest.mark.parametrize(
    "size", [pytest.param((100, 28), marks=pytest.mark.soak), (132, 43), (40, 10), (20, 5)]
)
async def test_other_sizes(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    async with drawn_twice(monkeypatch, FakeWorkshop(Folders.of_user()), size) as (driver, both):
        await driver.run_quick_test()
        await driver.press("down", "enter", "enter", "f1", "escape", "escape")
        await driver.pilot.resize_terminal(80, 24)
        frames = both.frames
        await driver.press("f2", "f4")
        assert both.frames > frames
        await driver.pilot.resize_terminal(*size)
        await driver.press("down")
        assert both.frames > 15


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=() if name in WORST else pytest.mark.soak)
        for name, text in HOSTILE.items()
    ],
)
async def test_texts_from_outside_reach_the_terminal_as_text(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.units = (
        unit(text, 0x1001, UnitState.OK, label=text, variant=text, hardware=text, software=text),
        *workshop.units,
    )
    async with drawn_twice(monkeypatch, workshop) as (driver, both):
        await everything(driver)
        assert both.frames > 20

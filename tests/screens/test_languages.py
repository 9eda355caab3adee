"""Four languages at 80 columns: nothing is cut, and switching keeps the place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.cli.session import Session as CommandLine
from workshop_console.console.commands import COMMANDS
from workshop_console.console.model.credit import Edition
from workshop_console.console.settings import LANGUAGES, Folders, load_settings
from workshop_console.i18n.texts import set_language
from workshop_console.screens.language import NAMES
from workshop_console.widgets.cells import width_of
from workshop_console.widgets.keybar import KeyBar
from workshop_console.widgets.line import MessageLine, TitleLine
from workshop_console.widgets.text_page import TextPage


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    set_language("en")


def whole(driver: Driver, *, heads: bool = True) -> None:
    """Check that nothing of the frame is cut, and that the footer takes no third line."""
    lines = driver.app.screen.query_one(KeyBar).lines
    where = f"{driver.place}:\n{driver.text}"
    assert len(lines) <= 2, where
    for line in lines:
        assert sum(width_of(key) + width_of(label) + 2 for key, label in line) - 1 <= 80, where
    cut = "…"
    rows = driver.lines
    assert cut not in rows[0], where
    for _title in driver.app.screen.query(TitleLine):
        assert cut not in rows[2], where
    if heads and driver.app.screen.query("Table"):
        table = driver.table
        heading = rows[3] if table._heading else ""
        assert cut not in heading, where


async def visit(driver: Driver) -> list[str]:
    """Go to every screen, checking each."""
    visited = []

    def look() -> None:
        whole(driver)
        visited.append(driver.place)

    look()
    await driver.press("1")
    await driver.until(lambda: driver.place == "MessageBox")
    assert len(driver.app.screen.query_one(KeyBar).lines) == 1
    await driver.press("enter")
    look()
    await driver.press("1")
    look()
    await driver.press("f5")
    await driver.until(lambda: driver.app.session.units.report and not driver.app.session.running)
    look()
    await driver.press("space", "f5")
    assert len(driver.app.screen.query_one(KeyBar).lines) <= 2
    await driver.press("a")
    await driver.until(lambda: len(driver.workshop.kept) == 2 and not driver.app.session.running)
    look()
    await driver.press("f7")
    assert len(driver.app.screen.query_one(KeyBar).lines) == 1
    await driver.press("escape", "f1")
    look()
    await driver.press("escape", "enter")
    await driver.until(lambda: not driver.app.session.running)
    look()
    await driver.press("enter")
    look()
    await driver.press("escape", "f6")
    assert len(driver.app.screen.query_one(KeyBar).lines) == 1
    await driver.press("y")
    await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
    look()
    for entry in ("faults", "units", "coding", "reports", "descriptions"):
        await driver.press("f2", "1")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", number_of(entry))
        look()
        if entry == "reports":
            await driver.press("space", "down", "space")
            look()
            await driver.press("f5")
            look()
        if entry == "coding":
            await driver.press("enter")
            await driver.until(lambda: driver.table.rows and not driver.app.session.running)
            look()
            await driver.press("enter")
            look()
            await driver.press("enter")
            look()
            await driver.press("2")
            await driver.until(lambda: driver.place == "Coding" and driver.table.rows[0].marked)
            look()
            await driver.press("f5")
            assert len(driver.app.screen.query_one(KeyBar).lines) == 1
            await driver.press("y")
            await driver.until(lambda: driver.workshop.codings.store and not driver.app.session.running)
            await driver.press("end", "enter")
            look()
            await driver.press("enter")
            look()
        if entry == "descriptions":
            await driver.press("enter")
            look()
            await driver.press("enter")
            look()
            await driver.press("escape", "end", "enter")
            look()
    for key in ("f4", "f8", "f9", "ctrl+p"):
        await driver.press("f2", key)
        look()
    await driver.press("f2", "f4", "enter")
    look()
    return visited


@pytest.mark.parametrize("edition", [Edition.LITE, pytest.param(Edition.PASS_THRU, marks=pytest.mark.soak)])
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_no_title_no_heading_and_no_key_is_cut_at_80_columns(lang: str, edition: Edition) -> None:
    async with console(FakeWorkshop(Folders.of_user(), lang=lang, edition=edition)) as driver:
        visited = await visit(driver)
        assert len(set(visited)) >= 17


async def test_switching_keeps_cursor_filter_stack_and_job() -> None:
    async with console() as driver:
        driver.workshop.steps = threading.Semaphore(0)
        await driver.open_menu()
        await driver.press("1", "f5")
        driver.workshop.steps.release(4)
        await driver.shows("1 of 4")
        await driver.press("slash", *"unit", "enter", "down", "down")
        stack = [type(screen).__name__ for screen in driver.app.screen_stack]
        await driver.press("f8")
        for name in NAMES.values():
            assert name in driver.text
        await driver.press("1")
        assert driver.app.session.workshop.lang == "de"
        assert [type(screen).__name__ for screen in driver.app.screen_stack] == stack
        assert driver.table.cursor_key == "0x1003"
        assert "/unit" in driver.text
        assert "Kurztest" in driver.text
        assert driver.app.session.running
        driver.workshop.steps.release(100)
        await driver.until(lambda: driver.app.session.units.report is not None)
        assert driver.table.cursor_key == "0x1003"
        await driver.press("f2")
        assert "Produktgruppen" in driver.text


async def test_the_language_chosen_is_kept_for_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = Folders.of_user()
    async with console(FakeWorkshop(folders)) as driver:
        await driver.press("f8", str(1 + LANGUAGES.index("it")))
        await driver.until(folders.config_file.exists)
        await driver.until(lambda: load_settings(folders)[0].lang == "it")
    monkeypatch.setenv("LANG", "es_ES.UTF-8")
    monkeypatch.delenv("WORKSHOP_CONSOLE_LANG", raising=False)
    commands = CommandLine()
    assert commands.lang == "it"
    monkeypatch.setenv("WORKSHOP_CONSOLE_LANG", "de")
    commands.choose({})
    assert commands.lang == "de"
    commands.choose({"lang": "en"})
    assert commands.lang == "en"


async def test_a_message_that_is_shown_follows_the_language() -> None:
    async with console() as driver:
        await driver.press("f6")
        before = driver.app.screen.query_one(MessageLine).text
        driver.app.change_language("de")
        await driver.until(lambda: driver.app.screen.query_one(MessageLine).text != before)


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_help_names_every_key_of_the_screen(lang: str) -> None:
    async with console(FakeWorkshop(Folders.of_user(), lang=lang)) as driver:
        screen = driver.screen
        await driver.press("f1")
        text = driver.app.screen.query_one(TextPage).text
        for paragraph in screen.help_paragraphs():
            assert paragraph.label in text
        keys = [paragraph.label for paragraph in screen.help_paragraphs() if paragraph.label]
        assert len(keys) == 1 + len(screen.handles) + sum(c.everywhere or c.movement for c in COMMANDS)

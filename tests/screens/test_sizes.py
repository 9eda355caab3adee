"""80x24 first, better at more, polite at less; ASCII where the terminal needs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.screens.driving import console
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.settings import Folders
from workshop_console.widgets import glyphs


@pytest.fixture(autouse=True)
def glyphs_afterwards() -> Iterator[None]:
    yield
    glyphs.use(glyphs.UNICODE)


async def test_at_80_columns_the_most_needed_columns_are_there() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        heading = driver.lines[3]
        for title in ("State", "Control unit", "Variant", "Curr.", "Stor.", "Chg."):
            assert title in heading
        assert "Hardware" not in heading


async def test_at_120_columns_all_columns_are_there() -> None:
    async with console(size=(120, 40)) as driver:
        await driver.run_quick_test()
        heading = driver.lines[3]
        for title in ("Hardware", "Software", "Time", "Retr."):
            assert title in heading
        assert "2069000002 23/40" in driver.text


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (40, 10), (20, 5)])
async def test_a_terminal_that_is_too_small_is_told_and_goes_on(size: tuple[int, int]) -> None:
    async with console(size=size) as driver:
        if size[1] >= 10:
            assert "WC-105" in driver.text
        await driver.press("1")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", "1", "f5")
        await driver.until(lambda: driver.app.session.units.report is not None)
        await driver.press("enter", "enter", "f1", "escape", "f2", "f4")


async def test_growing_again_takes_the_message_away() -> None:
    async with console(size=(70, 20)) as driver:
        assert "WC-105" in driver.text
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: "WC-105" not in driver.text)


async def test_ascii_only_draws_ascii_only() -> None:
    async with console(FakeWorkshop(Folders.of_user(), ascii=True)) as driver:
        await driver.run_quick_test()
        assert driver.text.isascii()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        assert driver.text.isascii()
        await driver.press("f6")
        assert driver.text.isascii()


@pytest.mark.parametrize(
    ("terminal", "encoding", "expected"),
    [
        ("xterm-256color", "utf-8", False),
        ("tmux-256color", "UTF-8", False),
        ("xterm", "utf-8", False),
        ("linux", "utf-8", True),
        ("vt100", "utf-8", True),
        ("vt220", "utf-8", True),
        ("dumb", "utf-8", True),
        ("xterm-256color", "ANSI_X3.4-1968", True),
        ("xterm-256color", "iso8859-1", True),
    ],
)
def test_poor_terminals_get_ascii(terminal: str, encoding: str, expected: bool) -> None:
    assert glyphs.needs_ascii({"TERM": terminal}, encoding) is expected


def test_ascii_can_be_asked_for() -> None:
    assert glyphs.needs_ascii({"TERM": "xterm-256color"}, "utf-8", asked=True)

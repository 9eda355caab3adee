"""High contrast: one key, kept for the next start, and nothing told by a hue."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as Background

from tests.screens.driving import Driver, console
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.errors import ConsoleError
from workshop_console.console.settings import Folders, load_settings
from workshop_console.console.settings_file import remember, remember_newest
from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.grid import Grid
from workshop_console.widgets.contrast import HighContrast, contrasting
from workshop_console.widgets.tones import BAD, BAR, GOOD, NOTE, PLAIN, WARNING

WHITE_PAPER = Background(255, 255, 255)
BLACK, WHITE = (Color.from_ansi(number).name for number in (0, 15))


def colours(driver: Driver) -> set[tuple[str, str]]:
    """Return ink and paper of all that is on the screen."""
    return {
        (style.color.name if style.color else "", style.bgcolor.name if style.bgcolor else "")
        for strip in driver.app.screen._compositor.render_strips()
        for _text, style, _control in strip
        if style is not None
    }


def drawn(driver: Driver) -> dict[str, Style]:
    """Return how each word on the screen is drawn."""
    return {
        text.strip(): style
        for strip in driver.app.screen._compositor.render_strips()
        for text, style, _control in strip
        if style is not None
    }


@pytest.fixture(autouse=True)
def colour_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "no-such-terminal")
    monkeypatch.delenv("NO_COLOR", raising=False)


async def test_one_key_draws_dark_on_light_on_every_screen_and_back() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        usual, text = colours(driver), driver.text
        await driver.press("d")
        # Blanks and lines of the frame too: all of the screen is paper.
        assert colours(driver) == {(BLACK, WHITE), (WHITE, BLACK)}
        assert driver.text == text
        await driver.press("escape")
        assert len(colours(driver)) == 2
        await driver.press("f6", "f1", "escape", "1", "d")
        assert colours(driver) == usual


OWN = {("", ""), ("default", "default"), ("", "default"), ("default", "")}
"""The terminal's own colours."""


async def test_no_color_is_obeyed_and_states_stand_out_by_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console() as driver:
        await driver.run_quick_test()
        assert colours(driver) <= OWN
        assert drawn(driver)["F Faults"].bold
        await driver.press("d")
        assert colours(driver) <= OWN
        assert drawn(driver)["F Faults"].reverse
        assert drawn(driver)["F Faults"].bold


async def test_the_choice_is_kept_for_the_next_start() -> None:
    folders = Folders.of_user()
    async with console(FakeWorkshop(folders)) as driver:
        await driver.press("d")
        await driver.until(folders.config_file.exists)
    settings, problems = load_settings(folders)
    assert settings.contrast
    assert not problems
    async with console(FakeWorkshop(folders, contrast=True)) as driver:
        assert len(colours(driver)) == 2


async def test_a_choice_that_cannot_be_kept_is_told_and_holds_until_the_end() -> None:
    folders = Folders.of_user()
    async with console(FakeWorkshop(folders)) as driver:
        folders.config.parent.mkdir(parents=True, exist_ok=True)
        folders.config.write_text("a file where the folder should be", "utf-8")
        await driver.press("d")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-107" in driver.text
        await driver.press("enter")
        assert len(colours(driver)) == 2


def test_tones_are_told_apart_without_hues() -> None:
    for with_colours in (True, False):
        drawn = [contrasting(tone, with_colours) for tone in (PLAIN, WARNING, BAD)]
        assert len(set(drawn)) == 3
        assert contrasting(BAR, with_colours) != contrasting(PLAIN, with_colours)
        assert contrasting(GOOD, with_colours) == contrasting(NOTE, with_colours) == drawn[0]
    assert contrasting(BAD, False) == Style(bold=True, reverse=True)


def test_a_word_that_stands_out_is_no_bar() -> None:
    shown = HighContrast(colours=True).apply(
        [Segment("  F Faults   ", BAD), Segment("   ", BAD)], WHITE_PAPER
    )
    assert [segment.text for segment in shown] == ["  ", "F Faults", "   ", "   "]
    assert shown[0].style == shown[2].style == shown[3].style == contrasting(PLAIN)
    assert shown[1].style == contrasting(BAD)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "contrast = true\n"),
        ('lang = "de" # mine\n', 'lang = "de" # mine\ncontrast = true\n'),
        ('lang = "de"', 'lang = "de"\ncontrast = true\n'),
        ("contrast = false  # in the sun\nascii = true\n", "contrast = true  # in the sun\nascii = true\n"),
        ('ascii = true\n\n[keys]\nstart = "s"\n', 'ascii = true\n\ncontrast = true\n[keys]\nstart = "s"\n'),
        ("[keys]\ncontrast = 'x'\n", "contrast = true\n[keys]\ncontrast = 'x'\n"),
        (
            "# contrast = false\r\nascii = true\r\n",
            "# contrast = false\r\nascii = true\r\ncontrast = true\r\n",
        ),
    ],
)
def test_only_its_own_line_of_the_settings_file_is_changed(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "folder" / "config.toml"
    if before:
        file.parent.mkdir()
        file.write_bytes(before.encode())
    remember(file, "contrast", True)
    assert file.read_bytes().decode() == after
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'lang = "es"\n'),
        ('lang = "de" # mine\nascii = true\n', 'lang = "es" # mine\nascii = true\n'),
        ("lang = 'Deutsch, # bitte'\n", 'lang = "es"\n'),
        ('lang = ""\n[keys]\nback = "F3"\n', 'lang = "es"\n[keys]\nback = "F3"\n'),
    ],
)
def test_a_word_is_kept_as_a_text(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(before, "utf-8")
    remember(file, "lang", "es")
    assert file.read_text("utf-8") == after


def test_a_file_that_holds_the_choice_already_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("contrast = true\n", "utf-8")
    before = file.stat()
    remember(file, "contrast", True)
    assert file.stat() == before
    remember(file, "contrast", False)
    assert file.stat().st_ino != before.st_ino


def test_of_two_choices_the_newest_is_kept_whichever_is_written_last(tmp_path: Path) -> None:
    file, chosen, came = tmp_path / "config.toml", ["de"], threading.Event()
    goes_on = threading.Event()

    def slow() -> str:
        came.set()
        assert goes_on.wait(10)
        return chosen[-1]

    first = threading.Thread(target=remember_newest, args=(file, "lang", slow))
    second = threading.Thread(target=remember_newest, args=(file, "lang", lambda: chosen[-1]))
    first.start()
    assert came.wait(10)
    second.start()
    chosen.append("it")
    goes_on.set()
    first.join()
    second.join()
    assert file.read_text("utf-8") == 'lang = "it"\n'


@pytest.mark.parametrize("before", [b"lang = ", b"lang = '\n", b"\xff", b"a = '''\ncontrast = 1 '''\n"])
def test_a_file_that_is_not_understood_stays_as_it_is(tmp_path: Path, before: bytes) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(before)
    with pytest.raises(ConsoleError, match="WC-107"):
        remember(file, "contrast", True)
    assert file.read_bytes() == before


@given(st.text(max_size=60), st.booleans())
def test_whatever_stands_in_the_file_stays(
    tmp_path_factory: pytest.TempPathFactory, text: str, on: bool
) -> None:
    file = tmp_path_factory.mktemp("settings") / "config.toml"
    file.write_bytes(text.encode("utf-8", "replace"))
    try:
        before = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except ValueError:
        before = None
    try:
        remember(file, "contrast", on)
    except ConsoleError:
        assert file.read_bytes() == text.encode("utf-8", "replace")
    else:
        assert tomllib.loads(file.read_text("utf-8")) == {**(before or {}), "contrast": on}


def test_a_link_stays_a_link_and_the_rights_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_text("ascii = true\n", "utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    remember(link, "contrast", True)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "contrast = true" in real.read_text("utf-8")


@pytest.mark.parametrize(
    ("colours", "ink", "paper"), [(8, "30", "47"), (16, "30", "107"), (256, "30", "107")]
)
def test_the_two_colours_stay_dark_on_light_where_there_are_fewer(colours: int, ink: str, paper: str) -> None:
    style = contrasting(PLAIN)
    grid = Grid(4, 1, Capabilities(colours=colours, charset="utf-8"))
    grid.read(style.render("word", color_system=ColorSystem.TRUECOLOR))
    assert {(pen.ink, pen.paper) for pen in grid.pens[0]} == {(ink, paper)}

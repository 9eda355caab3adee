"""The key table is a contract: every key, and the user's own ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.driving import console
from tests.screens.fake_workshop import FakeWorkshop, unit
from workshop_console.console.commands import (
    BY_ID,
    COMMANDS,
    CONFIRM_KEY,
    key_text,
    keys_document,
    make_keymap,
    parse_key,
)
from workshop_console.console.settings import Folders, load_settings

CONTRACT = {
    "help": ("f1", "question_mark"),
    "groups": ("f2", "g"),
    "back": ("f3", "escape"),
    "messages": ("f4", "m"),
    "start": ("f5", "r"),
    "clear": ("f6", "c"),
    "save": ("f7", "p"),
    "language": ("f8", "l"),
    "vehicle": ("f9", "v"),
    "quit": ("f10", "q"),
    "open": ("enter",),
    "up": ("up", "k"),
    "down": ("down", "j"),
    "page_up": ("pageup",),
    "page_down": ("pagedown",),
    "first": ("home",),
    "last": ("end",),
    "filter": ("slash",),
    "faults_only": ("f",),
    "mark": ("space",),
    "next_part": ("tab",),
    "palette": ("ctrl+p",),
    "contrast": ("d",),
}


def test_the_default_keys_are_those_of_the_contract() -> None:
    assert {command.id: command.keys for command in COMMANDS} == CONTRACT


def test_the_document_is_made_from_the_table() -> None:
    document = Path(__file__).parents[2] / "docs" / "keys.md"
    assert document.read_text("utf-8") == keys_document()


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (CONTRACT["help"], "Help"),
        (CONTRACT["messages"], "MessageList"),
        (CONTRACT["language"], "LanguageChoice"),
        (CONTRACT["vehicle"], "VehicleChoice"),
        (CONTRACT["palette"], "Palette"),
    ],
)
@pytest.mark.parametrize("back", CONTRACT["back"])
async def test_keys_that_work_everywhere_open_their_screen(
    keys: tuple[str, ...], place: str, back: str
) -> None:
    async with console() as driver:
        for key in keys:
            await driver.press(key)
            assert driver.place == place
            await driver.press(back)
            assert driver.place == "ProductGroups"


@pytest.mark.parametrize("key", [*CONTRACT["quit"], "ctrl+c"])
async def test_quit_ends_the_console(key: str) -> None:
    async with console() as driver:
        await driver.press(key)
        assert driver.app._exit


@pytest.mark.parametrize("key", CONTRACT["groups"])
async def test_product_groups_are_one_key_away_from_anywhere(key: str) -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter", "enter")
        assert driver.place == "FaultDetail"
        await driver.press(key)
        assert driver.place == "ProductGroups"


async def test_movement_keys_move_the_cursor() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        places = []
        for key in ("down", "j", "up", "k", "end", "home", "pagedown", "pageup"):
            await driver.press(key)
            places.append(driver.table.cursor_key)
        first, second, third, last = (f"0x100{n}" for n in (1, 2, 3, 4))
        assert places == [second, third, second, first, last, first, last, first]


@pytest.mark.parametrize("key", CONTRACT["start"])
async def test_start_runs_the_quick_test(key: str) -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press("1", key)
        await driver.until(lambda: driver.called("quick_test"))


@pytest.mark.parametrize("key", CONTRACT["clear"])
async def test_clear_asks_first(key: str) -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        await driver.press(key)
        assert driver.place == "Question"


@pytest.mark.parametrize("key", CONTRACT["save"])
async def test_save_asks_for_the_form(key: str) -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press(key)
        assert driver.place == "Choice"


async def test_space_marks_and_f_shows_faults_only() -> None:
    async with console() as driver:
        await driver.run_quick_test()
        await driver.press("space")
        assert [row.marked for row in driver.table.rows] == [True, False, False, False]
        assert driver.table.cursor_key == "0x1002"
        await driver.press("f")
        assert [row.key for row in driver.table.rows] == ["0x1001", "0x1004"]
        await driver.press("f")
        assert len(driver.table.rows) == 4


async def test_a_key_that_does_nothing_here_says_so() -> None:
    async with console() as driver:
        await driver.press("f6")
        assert "F6 does nothing on this screen." in driver.text


async def test_a_command_that_cannot_work_now_says_why() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press("1", "f7")
        assert "F7: there is no finished test" in driver.text
        assert "F7" not in driver.footer


async def test_the_footer_lists_what_works_on_the_screen_and_no_more() -> None:
    async with console() as driver:
        assert "F6" not in driver.footer
        for key in ("F1/?", "F2", "F3", "F4", "F8", "F9", "F10", "^P", "Enter", "1-5"):
            assert key in driver.footer
        await driver.open_menu()
        assert "0-9 Choose" in driver.footer


async def test_while_somebody_types_the_footer_lists_the_keys_of_the_line() -> None:
    async with console() as driver:
        await driver.open_menu()
        await driver.press("f4", "slash", "c")
        assert "Enter Accept" in driver.footer
        assert "Esc Cancel" in driver.footer
        assert "Mark" not in driver.footer
        await driver.press("enter")
        assert "Accept" not in driver.footer
        await driver.press("ctrl+p")
        assert "Accept" not in driver.footer  # the list of actions takes the keys with its line


async def test_help_lists_the_plain_keys_too() -> None:
    async with console() as driver:
        await driver.press("f1")
        text = driver.text
        for key in ("pagedown", "end"):
            await driver.press(key)
            text += driver.text
        for command in COMMANDS:
            if command.everywhere:
                shown = "  ".join(key_text(key) for key in command.keys)
                assert shown in text, command.id


async def test_keys_of_the_user_work_and_stand_in_the_footer() -> None:
    workshop = FakeWorkshop(Folders.of_user(), keys={"messages": ("F12", "x")})
    async with console(workshop) as driver:
        assert "F12 Messages" in driver.footer
        await driver.press("f4")
        assert driver.place == "ProductGroups"
        await driver.press("x")
        assert driver.place == "MessageList"


async def test_keys_that_cannot_be_used_are_told_and_the_defaults_stay() -> None:
    workshop = FakeWorkshop(Folders.of_user(), keys={"start": ("what",)})
    async with console(workshop) as driver:
        await driver.shows("WC-102")
        assert driver.app.keymap.keys["start"] == CONTRACT["start"]


async def test_digits_go_to_the_line_of_their_number_where_they_open_none() -> None:
    async with console() as driver:
        driver.workshop.units = tuple(unit(f"U{n}", 0x2000 + n) for n in range(45))
        await driver.run_quick_test()
        lines = [str(row.key) for row in driver.table.rows]
        places = []
        for key in ("4", "5", "7", "0", "2", "down", "1", "3"):
            await driver.press(key)
            places.append(1 + lines.index(str(driver.table.cursor_key)))
        # 457 is no line, so 7 begins another number; 70 and 0 are none; 3 goes on after 1.
        assert places == [4, 45, 7, 7, 2, 3, 1, 13]
        await driver.press("f1", "end")
        assert "Go to the line of this number" in driver.text


async def test_a_digit_that_opens_something_jumps_nowhere() -> None:
    async with console() as driver:
        await driver.press("2")
        await driver.until(lambda: driver.place == "MessageBox")


def test_keys_stand_in_the_settings_file() -> None:
    folders = Folders.of_user()
    folders.config.mkdir(parents=True)
    folders.config_file.write_text('[keys]\nstart = ["F5", "s"]\nback = "F3"\n', "utf-8")
    settings, problems = load_settings(folders)
    assert not problems
    assert dict(settings.keys) == {"start": ("F5", "s"), "back": ("F3",)}


@pytest.mark.parametrize("text", ["keys = 3\n", "[keys]\nstart = 3\n", '[keys]\nstart = ["F5", 3]\n'])
def test_keys_of_the_wrong_shape_are_refused_with_wc_102(text: str) -> None:
    folders = Folders.of_user()
    folders.config.mkdir(parents=True)
    folders.config_file.write_text(text, "utf-8")
    settings, problems = load_settings(folders)
    assert [problem.number for problem in problems] == ["WC-102"]
    assert not settings.keys


@pytest.mark.parametrize(
    ("chosen", "numbers", "keys"),
    [
        ({"start": ("s",)}, [], {"start": ("s",)}),
        ({"start": ("F4",)}, [], {"start": ("f4",), "messages": ("m",)}),
        ({"nonsense": ("F4",)}, ["WC-106"], {"messages": ("f4", "m")}),
        ({"start": ("nonsense",)}, ["WC-102"], {"start": ("f5", "r")}),
        ({"start": (CONFIRM_KEY,)}, ["WC-102"], {"start": ("f5", "r")}),
        ({"start": ("1",)}, ["WC-102"], {"start": ("f5", "r")}),
        # Beside the key that confirms: a slip of the finger must not clear a fault memory.
        ({"clear": ("t",)}, ["WC-102"], {"clear": ("f6", "c")}),
        # The only key of another action.
        ({"start": ("/",)}, ["WC-102"], {"filter": ("slash",), "start": ("f5", "r")}),
        ({"start": ("Ctrl+I",)}, ["WC-102"], {"start": ("f5", "r")}),
    ],
)
def test_the_users_keys(
    chosen: dict[str, tuple[str, ...]], numbers: list[str], keys: dict[str, tuple[str, ...]]
) -> None:
    keymap, problems = make_keymap(chosen)
    assert [problem.number for problem in problems] == numbers
    for command, expected in keys.items():
        assert keymap.keys[command] == expected


@given(st.dictionaries(st.sampled_from(sorted(BY_ID)), st.lists(st.text(max_size=8), max_size=3)))
def test_no_key_has_two_actions_and_no_action_is_without_a_key(chosen: dict[str, list[str]]) -> None:
    keymap, _problems = make_keymap({action: tuple(keys) for action, keys in chosen.items()})
    assert all(keymap.keys[command.id] for command in COMMANDS)
    assert sum(len(keys) for keys in keymap.keys.values()) == len(keymap.commands)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_key_is_spelled_as_it_is_shown(command: object) -> None:
    keys = BY_ID[getattr(command, "id", "")].keys
    for key in keys:
        shown = key_text(key)
        assert parse_key({"Up arrow": "up", "Down arrow": "down"}.get(shown, shown)) == key

"""Wide characters, combining marks and emoji keep the columns of tables, pages and boxes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.driving import Driver, console
from tests.screens.fake_workshop import FakeWorkshop, unit
from workshop_console.console.settings import Folders
from workshop_console.console.terminal.characters import cells_of
from workshop_console.screens.box import Question
from workshop_console.widgets.cells import cut, fit, harmless, width_of, wrap

NAMES = {
    "Chinese": "发动机控制单元",
    "Japanese": "エンジン制御ユニット",
    "half-width Japanese": "ｴﾝｼﾞﾝ制御",
    "Korean": "엔진 제어 장치",
    "conjoining Korean": "\u110b\u1166\u11ab\u110c\u1175\u11ab",
    "combining marks": "Zu\u0308ndung e\u0301 a\u0323\u0301",
    "Thai": "หน่วยควบคุม",
    "Hindi": "इंजन नियंत्रण",
    "emoji": "Motor 🔧 ok 👍🏽",
    "joined emoji": "👩\u200d🔧 Motor ❤\ufe0f",
    "flags": "🇩🇪 🇮🇹 Motor",
    "marks alone": "\u0301\u0308",
    "very long": "发动机" * 20,
}
_WIDE = "a b 漢 字 한 e\u0301 a\u0323\u0308 👩\u200d🔧 ❤\ufe0f 🇩 🇪 👍🏽 1\ufe0f\u20e3 नि ก็ ｱﾞ "
_WIDE += "\u200b \u0301 \u200d … ½"
_PIECES = st.sampled_from(_WIDE.split()) | st.characters(codec="utf-8")
texts = st.lists(_PIECES, max_size=12).map("".join)


@given(texts, st.integers(0, 20), st.booleans(), st.sampled_from(["utf-8", "latin-1", "ascii"]))
def test_what_was_fitted_takes_its_cells_on_every_terminal(
    text: str, width: int, right: bool, charset: str
) -> None:
    assert len(cells_of(fit(text, width, right=right), charset)) == width
    assert width_of(cut(text, width)) <= width


@given(texts, st.integers(4, 20))
def test_no_wrapped_line_is_wider_than_its_page(text: str, width: int) -> None:
    for line in wrap(text, width):
        assert len(cells_of(line)) <= width


@given(texts)
def test_layout_and_driver_agree_about_every_width(text: str) -> None:
    assert len(cells_of(harmless(text))) == width_of(harmless(text))


def rows(driver: Driver) -> list[list[str]]:
    """Return the cells of each row of the screen."""
    return [cells_of(line) for line in driver.lines]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
async def test_the_columns_beside_a_name_stay_where_they_are(name: str) -> None:
    seen = []
    for label in ("plain", name):
        workshop = FakeWorkshop(Folders.of_user())
        workshop.units = (unit("Engine", 0x1001, label=label), unit("Gearbox", 0x1002))
        async with console(workshop) as driver:
            await driver.run_quick_test()
            seen.append(rows(driver))
    plain, wide = seen
    at = next(y for y, row in enumerate(plain) if "plain" in "".join(row))
    start = "".join(plain[at]).index("plain")
    end = "".join(plain[at + 1]).index("Gearbox_A") - 1
    assert all(len(row) == 80 for row in wide)
    assert wide[at][:start] == plain[at][:start]
    assert wide[at][end:] == plain[at][end:]
    assert [row for y, row in enumerate(wide) if at < y < 20] == [
        row for y, row in enumerate(plain) if at < y < 20
    ]


def question_about(name: str) -> Question:
    return Question(question=lambda: f"{name}?", consequences=lambda: f"{name} {name}", yes=lambda: name)


async def test_the_frame_of_a_box_is_straight_beside_any_text() -> None:
    async with console() as driver:
        for name in NAMES.values():
            driver.app.push_screen(question_about(name))
            await driver.until(lambda: driver.place == "Question")
            framed = [row for row in rows(driver) if "│" in row]
            assert len(framed) > 4, name
            places = {tuple(x for x, cell in enumerate(row) if cell == "│") for row in framed}
            assert len(places) == 1, name
            await driver.press("escape")


@pytest.mark.parametrize("name", [NAMES[key] for key in ("Chinese", "joined emoji", "combining marks")])
async def test_values_that_change_beside_a_wide_name_stay_in_their_columns(name: str) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.units = (unit("Engine", 0x1001, label=name, time_ms=31.5),)
    async with console(workshop) as driver:
        await driver.run_quick_test()
        before = rows(driver)
        workshop.units = (unit("Engine", 0x1001, label=name, time_ms=98.7),)
        await driver.press("f5")
        await driver.until(lambda: driver.place != "QuickTest" or not driver.app.session.running)
        if driver.place == "Choice":
            await driver.press("a")
            await driver.until(lambda: not driver.app.session.running)
        after = rows(driver)
        assert [len(row) for row in after] == [len(row) for row in before]

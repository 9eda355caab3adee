"""Codings on the screen: options and bytes, changing, asking, writing, putting back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.procedures.coded import OPTIONS, BitCoder
from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_codings import FakeCodings
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.forms import Dependency
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.settings import Folders
from workshop_console.widgets import glyphs
from workshop_console.widgets.text_page import TextPage

CODING = number_of("coding")
"""The key of the codings in the menu."""


def workshop_with(codings: FakeCodings | None = None, *, plain: bool = False) -> FakeWorkshop:
    workshop = FakeWorkshop(Folders.of_user(), ascii=plain)
    workshop.codings = codings or FakeCodings()
    return workshop


async def open_coding(driver: Driver) -> None:
    """Open the one coding of the first unit."""
    await driver.run_quick_test()
    await driver.press("escape", CODING, "enter")
    await driver.until(lambda: driver.table.rows and not driver.app.session.running)
    await driver.press("enter")
    assert driver.place == "Coding"


def facts(driver: Driver) -> str:
    return driver.app.screen.query_one("#facts", TextPage).text


async def test_the_codings_of_a_unit_are_read_and_listed() -> None:
    workshop = workshop_with()
    async with console(workshop) as driver:
        await driver.run_quick_test()
        await driver.press("escape", CODING)
        assert "choose a control unit" in driver.text
        await driver.press("enter")
        await driver.until(lambda: driver.table.rows)
        assert driver.table.rows[0].cells == ("Light", "0201", "4", "F6 D4 FF")
        assert workshop.codings.reads == 1
        await driver.press("escape", "enter")
        assert workshop.codings.reads == 1, "what was read is not read again"
        await driver.press("f5")
        await driver.until(lambda: workshop.codings.reads == 2)


async def test_the_screen_of_a_unit_leads_to_its_codings() -> None:
    async with console(workshop_with()) as driver:
        await driver.run_quick_test()
        await driver.press("enter")
        await driver.until(lambda: not driver.app.session.running)
        assert f"{CODING} Coding" in driver.text
        await driver.press(CODING)
        assert driver.place == "UnitCodings"


async def test_a_unit_without_codings_says_so() -> None:
    async with console(workshop_with()) as driver:
        await driver.run_quick_test()
        await driver.press("escape", CODING, "down", "enter")
        await driver.shows("no codings for this control unit")


async def test_a_coding_that_cannot_be_read_says_why() -> None:
    codings = FakeCodings()
    codings.unreadable = (RaisedMessage(number="WC-303"),)
    async with console(workshop_with(codings)) as driver:
        await driver.run_quick_test()
        await driver.press("escape", CODING, "enter")
        await driver.shows("WC-303 Title of WC-303")
        await driver.press("enter")
        assert driver.place == "UnitCodings"


async def test_options_are_shown_with_what_is_allowed_and_conditions_and_bytes() -> None:
    async with console(workshop_with()) as driver:
        await open_coding(driver)
        assert [row.cells[:2] for row in driver.table.rows][:4] == [
            ("running", "off"),
            ("lamps", "LED"),
            ("sound", "loud"),
            ("home", "20 s"),
        ]
        assert "halogen | LED" in driver.text
        assert "0 … 60 s" in driver.text
        assert "Engine off: met (0 1/min)" in facts(driver)
        assert "Doors closed: check yourself" in facts(driver)
        assert "F6 D4 FF" in facts(driver)


async def test_a_change_is_marked_and_nothing_is_written_before_the_question() -> None:
    workshop = workshop_with()
    async with console(workshop) as driver:
        await open_coding(driver)
        await driver.press("enter")
        assert driver.place == "OptionChoice"
        assert [row.cells[1] for row in driver.table.rows] == ["off", "on"]
        await driver.press("2")
        await driver.shows("1 option changed, nothing written yet")
        row = driver.table.rows[0]
        assert (row.marked, row.cells[1:3]) == (True, ("off", "on"))
        lines = facts(driver).splitlines()
        at = next(index for index, line in enumerate(lines) if "F6 D4 FF" in line)
        assert "F7 D4 FF" in lines[at + 1]
        assert lines[at + 2].index("^^") == lines[at + 1].index("F7")
        assert lines[at + 2].count("^^") == 1
        assert workshop.codings.written == []
        await driver.press("f5", "enter", "space", "f5", "r")
        assert driver.place == "Question"
        assert workshop.codings.written == []
        assert "running: off → on" in driver.text
        assert "F6 D4 FF → F7 D4 FF" in driver.text
        await driver.press("n")
        assert workshop.codings.written == []
        await driver.press("f5", "y")
        await driver.shows("Written and read back")
        (plan,) = workshop.codings.written
        assert plan.data == b"\xf7\xd4\xff"
        assert driver.table.rows[0].cells[1:3] == ("on", "")
        assert "1 kept coding" in driver.text


async def test_f5_takes_what_is_typed_and_writes_nothing_yet() -> None:
    async with console(workshop_with(FakeCodings())) as driver:
        await open_coding(driver)
        await driver.press("down", "down", "down", "enter", "ctrl+u", *"30", "f5")
        await driver.shows("1 option changed")
        assert driver.place == "Coding"
        await driver.press("f5")
        assert driver.place == "Question"
        assert "home: 20 s → 30 s" in driver.text


async def test_a_number_is_typed_with_a_comma_or_a_point_and_checked() -> None:
    workshop = workshop_with()
    async with console(workshop) as driver:
        await open_coding(driver)
        await driver.press("end", "up", "enter")
        await driver.shows("home (0 … 60 s): 20")
        await driver.press("backspace", "backspace", "6", "1", "enter")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-330" in driver.text
        await driver.press("enter")
        assert "option changed" not in driver.text
        await driver.press("enter", "backspace", "backspace", "3", "3", "enter")
        await driver.shows("1 option changed")
        assert driver.table.rows[3].cells[2] == "33 s"
        await driver.press("enter", "escape")
        assert driver.table.rows[3].cells[2] == "33 s"


async def test_space_takes_a_change_back() -> None:
    async with console(workshop_with()) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        await driver.press("space")
        await driver.until(lambda: not driver.table.rows[0].marked)
        assert "New bytes" not in facts(driver)
        await driver.press("space")
        await driver.shows("this option is not changed")


async def test_leaving_with_changes_asks() -> None:
    async with console(workshop_with()) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        await driver.press("escape")
        assert driver.place == "Question"
        await driver.press("n")
        assert driver.place == "Coding"
        await driver.press("escape", "y")
        assert driver.place == "UnitCodings"


async def test_a_rule_between_options_is_told_and_keeps_the_change_from_being_written() -> None:
    rule = Dependency(option="Lamps", values=("beam",), needs="Running", allowed=("on",), text="needs it")
    workshop = workshop_with(FakeCodings(BitCoder(dependencies=(rule,))))
    async with console(workshop) as driver:
        await open_coding(driver)
        await driver.press("down", "enter", "3")
        await driver.shows("WC-330 needs it")
        await driver.press("f5")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter", "up", "enter", "2")
        await driver.shows("2 options changed")
        await driver.press("f5", "y")
        await driver.shows("Written and read back")


async def test_a_refusal_is_told_and_the_changes_stay() -> None:
    codings = FakeCodings()
    codings.refusal = (RaisedMessage(number="WC-331", facts=(("nrc", "0x22"),)),)
    async with console(workshop_with(codings)) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        await driver.press("f5", "y")
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-331" in driver.text
        await driver.press("enter")
        assert driver.place == "Coding"
        assert driver.table.rows[0].marked


async def test_keys_that_are_left_are_told_before_and_a_delay_counts_down_after() -> None:
    codings = FakeCodings(BitCoder(security_level=3))
    codings.refusal = (RaisedMessage(number="WC-342"),)
    codings.wait_s = 90
    async with console(workshop_with(codings)) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        await driver.press("f5")
        await driver.shows("2 keys may be tried")
        await driver.press("y")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter")
        await driver.press("up")
        await driver.shows("takes the next key in")
        await driver.press("f5")
        await driver.shows("waits before the next try")
        assert len(codings.written) == 1


async def test_a_coding_that_was_changed_meanwhile_is_read_again_and_the_changes_stay() -> None:
    codings = FakeCodings()
    async with console(workshop_with(codings)) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        codings.error = ConsoleError("WC-333", unit="Engine", coding="Light")
        codings.data = b"\xf6\xcf\xff"
        await driver.press("f5", "y")
        await driver.until(lambda: driver.place == "MessageBox")
        await driver.press("enter")
        await driver.until(lambda: codings.reads == 2 and not driver.app.session.running)
        await driver.until(lambda: "F7 CF FF" in facts(driver))
        assert driver.table.rows[3].cells[1] == "15 s"


async def test_a_kept_coding_is_compared_and_put_back() -> None:
    workshop = workshop_with()
    async with console(workshop) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        await driver.press("f5", "y")
        await driver.shows("1 kept coding")
        await driver.press("end", "enter")
        assert driver.place == "KeptCodings"
        assert driver.table.rows[0].cells[-1] == "F6 D4 FF"
        await driver.press("enter")
        await driver.until(lambda: driver.table.rows)
        assert driver.table.rows[0].cells == ("running", "on", "off")
        assert "^^" in facts(driver)
        await driver.press("f5", "y")
        await driver.shows("Written and read back")
        assert workshop.codings.data == b"\xf6\xd4\xff"
        await driver.until(lambda: not driver.table.rows)
        await driver.press("f5")
        assert len(workshop.codings.written) == 2, "there is nothing to put back any more"
        await driver.press("escape")
        assert [row.cells[-1] for row in driver.table.rows] == ["F7 D4 FF", "= F6 D4 FF"]
        await driver.press("escape")
        assert driver.table.rows[0].cells[:2] == ("running", "off")
        assert "2 kept codings" in driver.text


async def test_the_console_is_not_left_while_a_coding_is_written() -> None:
    codings = FakeCodings()
    codings.gate.clear()
    async with console(workshop_with(codings)) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        await driver.press("f5", "y")
        await driver.until(lambda: codings.written and driver.app.session.progress)
        await driver.press("f10")
        await driver.shows("must come to its end first")
        assert driver.place == "Coding"
        codings.gate.set()
        await driver.shows("Written and read back")
        assert driver.app.session.job is not None
        assert driver.app.session.job.can_cancel


async def test_f7_saves_the_order_report() -> None:
    async with console(workshop_with()) as driver:
        await open_coding(driver)
        await driver.press("f7")
        assert driver.place == "Choice"


async def test_another_vehicle_has_no_codings_of_the_last_one() -> None:
    async with console(workshop_with()) as driver:
        await open_coding(driver)
        assert driver.app.session.codings.of("0x1001")
        driver.app.session.forget_vehicle()
        assert not driver.app.session.codings.of("0x1001")
        driver.screen.redraw()
        assert driver.table.rows == []


@pytest.fixture
def plain_glyphs() -> Iterator[None]:
    yield
    glyphs.use(glyphs.UNICODE)


async def test_texts_of_a_description_are_shown_as_they_are(plain_glyphs: None) -> None:
    hostile = "[/red]\x1b[2J\u202e漢字" * 5
    option = replace(OPTIONS[0], texts={0: hostile, 1: f"{hostile}!"})
    coder = BitCoder((option,))
    coder.form = replace(coder.form, label=hostile)
    async with console(workshop_with(FakeCodings(coder))) as driver:
        await open_coding(driver)
        texts = [driver.text]
        await driver.press("enter")
        texts.append(driver.text)
        await driver.press("2")
        await driver.shows("1 option changed")
        await driver.press("f5")
        texts.append(driver.text)
        assert all("\x1b" not in text and "\u202e" not in text for text in texts)
        assert "[/red]" in texts[0]


async def test_ascii_only_draws_ascii_only(plain_glyphs: None) -> None:
    async with console(workshop_with(plain=True)) as driver:
        await open_coding(driver)
        await driver.press("enter", "2")
        await driver.shows("1 option changed")
        assert driver.text.isascii()
        await driver.press("f5")
        assert driver.text.isascii()

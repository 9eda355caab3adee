"""Every state that is told by a colour is told by a letter, a mark or a word as well."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import pytest
from rich.style import Style

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_flashing import GREEN, RED, YELLOW, job, plan, result, target
from tests.screens.fake_workshop import MISFIRE, STORED, FakeWorkshop, unit
from tests.screens.test_coding_screens import open_coding
from tests.screens.test_flash_screens import at_job, at_plan, workshop_with
from tests.screens.test_flash_screens import quick as quick_flash  # noqa: F401 - a fixture
from tests.screens.test_values_screen import cell, watching
from tests.screens.test_values_screen import quick as quick_values  # noqa: F401 - a fixture
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.credit import CreditReport
from workshop_console.console.model.dtc import FaultState
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.flash import JobState, Light, UnitEnd
from workshop_console.console.model.forms import Condition
from workshop_console.console.model.report import Change, UnitState
from workshop_console.console.settings import LANGUAGES, Folders
from workshop_console.i18n import explain, flashing
from workshop_console.i18n.texts import set_language
from workshop_console.screens import comparison, flash_facts, flash_plan, guided_step, order, unit_view
from workshop_console.screens.coding_bytes import condition_paragraphs
from workshop_console.widgets.line_chart import COLORS

State = TypeVar("State", bound=Hashable)
Told = dict[tuple[str, int, str, str], set[str]]
"""Screen, column, mark of the row and text: the colours that it was seen in."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    set_language("en")


def look(driver: Driver, told: Told) -> None:
    """Take note of what is on the screen, and in which colours."""
    for strip in driver.app.screen._compositor.render_strips():
        x, mark = 0, strip.text[1:2]
        for text, style, _control in strip:
            if text.strip():
                colour = style.color.name if style is not None and style.color is not None else "default"
                told.setdefault((driver.place, x, mark, text.strip()), set()).add(colour)
            x += len(text)


def coloured(told: Told) -> set[str]:
    """Return the colours that were seen, besides the terminal's own."""
    return {colour for colours in told.values() for colour in colours} - {"default"}


def two_tongued(told: Told) -> Told:
    """Return what means one thing in one colour and another in another."""
    return {place: colours for place, colours in told.items() if len(colours) > 1}


async def test_the_same_words_are_never_seen_in_two_colours() -> None:
    told: Told = {}
    workshop = FakeWorkshop(Folders.of_user())
    faults = [
        replace(MISFIRE, dtc=100 + n, status=status) for n, status in enumerate((0x2F, 0x08, 0x04, 0x50))
    ]
    assert {fault.state for fault in faults} == set(FaultState)
    workshop.units = (
        unit("All", 0x1001, UnitState.FAULTS, faults=tuple(faults)),
        *(
            unit(f"U{n}", 0x2000 + n, state, reason=SilentReason.NO_ANSWER if n % 2 else None)
            for n, state in enumerate(UnitState)
            if state is not UnitState.FAULTS
        ),
        unit("Old", 0x3000, UnitState.FAULTS, faults=(STORED,)),
    )
    async with console(workshop) as driver:
        look(driver, told)
        await driver.run_quick_test()
        look(driver, told)
        for row in range(len(workshop.units)):
            await driver.press("enter")
            await driver.until(lambda: not driver.app.session.running)
            look(driver, told)
            if row == 0:
                for number in range(len(faults)):
                    await driver.press("home", *["down"] * number, "enter")
                    look(driver, told)
                    await driver.press("escape")
                await driver.press("f6", "y")
                await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
                look(driver, told)
                await driver.press("escape")
            await driver.press("escape", "home", *["down"] * (row + 1))
        await driver.press("f2")
        await driver.open_menu()
        for entry in ("faults", "reports", "units", "descriptions", "messages"):
            await driver.press(number_of(entry))
            look(driver, told)
            await driver.press("escape")
    assert coloured(told) >= {"red", "green", "yellow", "cyan"}
    assert not two_tongued(told)


async def test_flash_plans_and_jobs_tell_by_words() -> None:
    told: Told = {}
    for checks in (GREEN, (*GREEN[:2], YELLOW), (*GREEN[:1], RED)):
        async with at_plan(plan(target(checks=checks))) as (driver, _flashing):
            look(driver, told)
    shown = [job(3, state) for state in (JobState.RUNNING, JobState.STOPPING, JobState.INTERRUPTED)]
    for state, end in (
        (JobState.DONE, UnitEnd.NEW),
        (JobState.STOPPED, UnitEnd.OLD),
        (JobState.FAILED, UnitEnd.BOOT_LOADER),
        (JobState.FAILED, UnitEnd.UNKNOWN),
    ):
        shown.append(replace(job(3, state), results=(result(end),)))
    for one in shown:
        workshop = workshop_with()
        workshop.flashing.kept = [one]
        async with at_job(workshop) as (driver, _flashing):
            look(driver, told)
            await driver.press("escape")
            look(driver, told)
    assert coloured(told) >= {"red", "green", "yellow"}
    assert not two_tongued(told)


async def test_a_value_out_of_its_range_and_one_within_read_differently() -> None:
    told: Told = {}
    async with watching(1) as (driver, fake):
        look(driver, told)
        fake.read({1: 101.5})
        await driver.until(lambda: cell(driver, 0).endswith("101.5"))
        look(driver, told)
    assert "red" in coloured(told)
    assert not two_tongued(told)


async def test_a_coding_shows_its_difference_by_marks() -> None:
    told: Told = {}
    async with console(FakeWorkshop(Folders.of_user())) as driver:
        await open_coding(driver)
        look(driver, told)
        before = driver.text
        await driver.press("enter", "2")
        await driver.until(lambda: driver.place == "Coding" and driver.table.rows[0].marked)
        look(driver, told)
        assert "^^" in driver.text
        assert "^^" not in before
    assert not two_tongued(told)


async def test_an_error_on_the_message_line_has_a_mark_and_a_notice_has_none() -> None:
    async with console() as driver:
        driver.app.say(lambda: "the same words", bad=True)
        await driver.shows(" ! the same words")
        driver.app.say(lambda: "the same words")
        await driver.until(lambda: "! the same words" not in driver.text)
        assert "the same words" in driver.text


async def test_credit_is_told_by_its_words() -> None:
    told: Told = {}
    async with console() as driver:
        look(driver, told)
        rows = {row.cells[2]: row.cells[3] for row in driver.table.rows}
        assert rows["0"] != rows["-"]
        driver.app.session.credit = CreditReport(
            as_of=driver.workshop.clock.now(),
            edition=driver.workshop.edition,
            groups=(),
            online=True,
            kept=False,
        )
        driver.screen.redraw()
        await driver.shows("no credit kept")
        look(driver, told)
    assert not two_tongued(told)


def told_apart(tones: Mapping[State, Style], words: Mapping[State, str]) -> None:
    """Fail where two states have different tones and the same words."""
    for one in tones:
        for other in tones:
            assert tones[one] == tones[other] or words[one] != words[other], (one, other)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_what_has_different_tones_has_different_words_in_every_language(lang: str, ascii_only: bool) -> None:
    set_language(lang)
    told_apart(
        unit_view.STATE_TONES,
        {
            state: explain.unit_state_letter(state, ascii_only=ascii_only) + explain.unit_state_text(state)
            for state in UnitState
        },
    )
    told_apart(unit_view.FAULT_TONES, {state: explain.fault_state_text(state) for state in FaultState})
    told_apart(
        flash_plan.LIGHT_TONES,
        {light: flashing.light_text(light, ascii_only=ascii_only)[0] for light in Light},
    )
    told_apart(flash_facts.STATE_TONES, {state: flashing.state_text(state) for state in JobState})
    told_apart(flash_facts.END_TONES, {end: flashing.end_text(end) for end in UnitEnd})
    told_apart(comparison._TONES, {change: comparison._MARKS[change] for change in Change})
    told_apart(
        {judgement: tone for judgement, (_sign, tone) in guided_step._MARKS.items()},
        {judgement: sign for judgement, (sign, _tone) in guided_step._MARKS.items()},
    )
    outcomes = ("begun", "done", "silent", "stopped", "failed", "nrc-0x22")
    told_apart(
        {outcome: order.outcome_tone(outcome) for outcome in outcomes},
        {outcome: explain.short_outcome_text(outcome) for outcome in outcomes},
    )
    checked = [CheckedCondition(condition=Condition(text="x"), holds=holds) for holds in (True, False, None)]
    found = condition_paragraphs(checked)
    assert len({paragraph.label for paragraph in found}) == len({paragraph.text for paragraph in found}) == 3


def test_each_letter_of_a_state_is_its_own() -> None:
    for ascii_only in (False, True):
        letters = [explain.unit_state_letter(state, ascii_only=ascii_only) for state in UnitState]
        assert len(set(letters)) == len(letters)


def test_lines_of_a_chart_have_numbers() -> None:
    assert len(COLORS) <= 9

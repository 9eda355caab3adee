"""Nothing from outside is markup or a terminal code, wherever it is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.events import Paste

from tests.screens.driving import Driver, console, number_of
from tests.screens.fake_workshop import MISFIRE, FakeWorkshop, unit
from workshop_console.console.model.dtc import DecodedValue, DtcRecord
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.report import UnitState
from workshop_console.console.model.vehicle import DoipEntity
from workshop_console.console.settings import Folders
from workshop_console.widgets.entry import Entry

HOSTILE = {
    "markup that closes nothing": "[/red]x",
    "markup": "[bold red]Sensor [B1S2][/bold red]",
    "a link": "[@click=app.quit]x[/]",
    "escape codes": "\x1b[2J\x1b]0;title\x07x",
    "C1 codes": "\x9b2Jx\x9d0;t\x9c",
    "right to left": "abc\u202efed\u2066x",
    "line ends": "a\r\nb\x0bc\u2028d",
    "combining and wide": "漢字" * 20 + "e\u0301\u200d",
    "very long": "x" * 5_000,
    "empty": "",
}


async def everything(driver: Driver) -> list[str]:
    """Visit every screen that shows what came from the vehicle; return what they showed."""
    seen = []
    await driver.run_quick_test()
    seen.append(driver.text)
    await driver.press("slash", "x", "enter", "escape")
    await driver.press("enter")
    await driver.until(lambda: not driver.app.session.running)
    seen.append(driver.text)
    await driver.press("enter")
    seen.append(driver.text)
    await driver.press("end")
    seen.append(driver.text)
    await driver.press("escape", "f6")
    seen.append(driver.text)
    await driver.press("y")
    await driver.until(lambda: driver.place == "ClearResult" and not driver.app.session.running)
    seen.append(driver.text)
    await driver.press("f2", "1")
    await driver.until(lambda: driver.place == "MessageBox")
    for entry in ("faults", "units", "reports", "vehicle"):
        await driver.press("enter" if driver.place == "MessageBox" else "escape", number_of(entry))
        seen.append(driver.text)
    await driver.press("f5")
    await driver.shows("found")
    seen.append(driver.text)
    return seen


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_texts_are_shown_as_plain_text(text: str) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    fault = replace(
        MISFIRE,
        text=text,
        display_code=text,
        first_occurrence=text,
        snapshots=(DtcRecord(number=1, raw=b"", values=(DecodedValue(name=text, value=text, unit=text),)),),
    )
    workshop.units = (
        unit(
            text,
            0x1001,
            UnitState.FAULTS,
            label=text,
            variant=text,
            hardware=text,
            software=text,
            faults=(fault,),
        ),
        unit("Radar", 0x1002, UnitState.SILENT, reason=SilentReason.GATEWAY_REFUSED, detail=text),
    )
    workshop.found = (DoipEntity(host="10.0.0.1", port=13400, vin=text, logical=1, eid=b"", gid=b""),)
    async with console(workshop) as driver:
        for shown in await everything(driver):
            assert all(line.isprintable() for line in shown.split("\n"))
            assert not set(shown) & set("\x1b\x9b\x9d\u202e\u2066\u200d")
        assert driver.app._exception is None


@pytest.mark.parametrize("text", ["[/red]x", "Sensor [B1S2]", "[@click=app.quit]x[/]"])
async def test_brackets_are_shown_as_they_came(text: str) -> None:
    workshop = FakeWorkshop(Folders.of_user())
    workshop.units = (unit("Engine", 0x1001, label=text),)
    async with console(workshop) as driver:
        await driver.run_quick_test()
        assert text in driver.text


async def test_what_is_pasted_into_a_line_is_cleaned() -> None:
    async with console() as driver:
        await driver.press("f4", "slash")
        driver.app.screen.post_message(Paste("ab\x1b[2J\u202ec\nsecond line"))
        await driver.until(lambda: driver.app.screen.query_one(Entry).value == "ab[2Jc")

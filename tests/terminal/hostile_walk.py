"""The console over a fake workshop in which every text is hostile, walked through on the terminal it has.

Started as a program: the hostile text's kind (or `all`), and the file that each stop is told by.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot

from tests.procedures.driven import UNIT
from tests.screens.driving import Driver, number_of
from tests.screens.fake_actuations import FakeActuations
from tests.screens.fake_flashing import GREEN, RED, YELLOW, entry, flash_file, job, plan, result, target
from tests.screens.fake_guided import MISFIRE_TEST
from tests.screens.fake_workshop import VIN, FakeWorkshop
from tests.screens.test_actuation_screens import CAREFUL_FAN
from tests.screens.test_hostile_texts import HOSTILE
from tests.screens.test_order_screen import ENTRY
from tests.screens.test_playback_screen import write
from workshop_console.console.app import ConsoleApp
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.flash import FlashStep, JobState, UnitEnd
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.values import ValueName
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.settings import Folders
from workshop_console.console.terminal import driver as thin_driver

_KINDS = ("escape codes", "C1 codes", "right to left", "line ends", "markup", "a link")
TEXTS = {"all": "".join(HOSTILE[kind][-40:] for kind in _KINDS), **HOSTILE}
_MEANT = frozenset({"number", "lang", "area", "imported_at", "outcome", "address", "group", "sha256"})
"""Fields that the program decides by, or that are read as something else than text."""

_OURS = frozenset({"settings", "folders", "lang"})
"""What the program is set to."""
_ONE_AT_A_TIME = threading.Lock()
_TWINS: dict[int, tuple[object, object]] = {}
"""By identity, which screens look at: what was changed and what became of it, and back."""


class Hostile:
    """An object whose answers have the hostile text before every text; what it is asked has none."""

    def __init__(self, clean: Any, text: str) -> None:
        vars(self).update(_clean=clean, _text=text)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._clean, name)
        if found is self._clean:
            return self
        if name in _OURS:
            return found
        if type(found).__module__.startswith("tests."):
            return Hostile(found, self._text)
        return self._answering(found) if callable(found) else self._put(found)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._clean, name, self._taken(value))

    def _answering(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*given: Any, **named: Any) -> Any:
            try:
                found = method(*map(self._taken, given), **{k: self._taken(v) for k, v in named.items()})
            except ConsoleError as error:
                raise self._failed(error) from None
            return self._each(found) if isinstance(found, Iterator) else self._put(found)

        return answer

    def _each(self, found: Iterator[Any]) -> Iterator[Any]:
        try:
            for one in found:
                yield self._put(one)
        except ConsoleError as error:
            raise self._failed(error) from None

    def _failed(self, error: ConsoleError) -> ConsoleError:
        return ConsoleError(error.number, **{name: self._put(fact) for name, fact in error.facts.items()})

    def _put(self, value: Any) -> Any:
        return _changed(value, lambda text: text if text.startswith(self._text) else self._text + text)

    def _taken(self, value: Any) -> Any:
        return _changed(value, lambda text: text.removeprefix(self._text))


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    with _ONE_AT_A_TIME:
        return _deeply_changed(value, change)


def _deeply_changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return `value` with each text in it changed, keys of the program's own left alone."""
    if type(value) is str:
        return change(value) if value else value
    if isinstance(value, ValueName):
        return value
    if isinstance(value, RaisedMessage):
        return replace(value, facts=tuple((name, _deeply_changed(v, change)) for name, v in value.facts))
    if is_dataclass(value) and not isinstance(value, type):
        if id(value) in _TWINS:
            return _TWINS[id(value)][1]
        names = [field.name for field in fields(value) if field.init and field.name not in _MEANT]
        twin = replace(value, **{name: _deeply_changed(getattr(value, name), change) for name in names})
        _TWINS[id(value)], _TWINS[id(twin)] = (value, twin), (twin, value)
        return twin
    if type(value) in (tuple, list, frozenset):
        return type(value)(_deeply_changed(one, change) for one in value)
    if type(value) is dict:
        return {_deeply_changed(name, change): _deeply_changed(one, change) for name, one in value.items()}
    return value


def _all_sent(thin: Any) -> bool:
    """Return whether the terminal was sent the newest picture."""
    return thin._sending is None and not thin._unsent and not thin._wants_to_send()


class Walk(Driver):
    """Goes from screen to screen, and waits at each until somebody has seen it."""

    stop: Path

    async def seen(self, place: str) -> None:
        """Tell what should be on the terminal now."""
        await self.until(lambda: self.place == place and not self.app.session.running)
        await self.tell()

    async def tell(self) -> None:
        """Tell what is on the screen now, once it was sent, and wait until it was seen."""
        await self.until(lambda: _all_sent(self.app._driver))
        new = self.stop.with_suffix(".new")
        new.write_text(f"{self.place}\n{self.text}", encoding="utf-8")
        new.rename(self.stop)
        while self.stop.exists():
            await asyncio.sleep(0.001)

    async def go(self, place: str, *keys: str) -> None:
        """Press keys, then tell what is on the screen."""
        await self.press(*keys)
        await self.seen(place)

    async def menu(self, entry: str, *keys: str) -> None:
        """Open an entry of the menu of the product group."""
        await self.press("f2", "1")
        await self.until(lambda: self.place == "MessageBox")
        await self.press("enter", number_of(entry), *keys)


async def vehicle(driver: Walk) -> None:
    """Quick test, control units, faults, messages, reports, orders, descriptions."""
    await driver.until(lambda: driver.app.session.asked)
    await driver.seen("ProductGroups")
    await driver.go("MessageBox", "1")
    await driver.go("Help", "f1")
    await driver.menu("quick-test", "f5")
    await driver.until(lambda: driver.app.session.units.report is not None)
    await driver.seen("QuickTest")
    await driver.go("ControlUnit", "enter")
    await driver.go("FaultDetail", "enter")
    await driver.go("FaultDetail", "end")
    await driver.go("GuidedTestWalk", "enter")
    await driver.go("MessageList", "f4")
    await driver.go("MessageDetail", "enter")
    await driver.go("VehicleChoice", "f9")
    await driver.menu("reports")
    await driver.seen("Reports")
    await driver.go("VehicleOrder", "tab")
    await driver.go("EntryDetail", "enter")
    await driver.menu("descriptions")
    await driver.seen("Descriptions")
    await driver.go("DescribedUnits", "enter")
    await driver.go("DescribedUnit", "enter")
    await driver.go("Problems", "escape", "end", "enter")


async def values(driver: Walk, fake: FakeWorkshop) -> None:
    """Actual values, their sets and recordings."""
    await driver.menu("values")
    await driver.seen("ValueUnits")
    await driver.press("enter")
    await driver.until(lambda: driver.place == "ValueChoice" and driver.table.rows)
    await driver.go("ValueChoice", "space", "space")
    await driver.press("enter")
    await driver.until(lambda: driver.place == "Values" and len(driver.table.rows) == 2)
    fake.values.read({1: 1.0, 2: "text of a value"})
    await driver.until(lambda: driver.table.rows[0].cells[1] != "-")
    await driver.tell()
    await driver.press("1", "tab")
    await driver.until(lambda: driver.place == "Chart" and driver.table.rows)
    await driver.tell()
    await driver.menu("values", "tab")
    await driver.seen("KeptValues")
    await driver.press("end", "enter")
    await driver.until(lambda: driver.place == "Playback" and driver.table.rows)
    await driver.tell()


async def work(driver: Walk) -> None:
    """Actuations, codings, a guided test."""
    await driver.menu("actuations", "enter")
    await driver.seen("UnitFunctions")
    await driver.go("Actuation", "enter")
    await driver.go("Question", "enter", *"50", "enter", "f5")
    await driver.press("escape")
    await driver.menu("coding", "enter")
    await driver.seen("UnitCodings")
    await driver.go("Coding", "enter")
    await driver.go("OptionChoice", "enter")
    await driver.press("2")
    await driver.shows("1 option changed")
    await driver.go("Question", "f5")
    await driver.press("y")
    await driver.shows("1 kept coding")
    await driver.seen("Coding")
    await driver.go("KeptCodings", "end", "enter")
    await driver.go("KeptComparison", "enter")
    await driver.menu("guided-tests")
    await driver.seen("GuidedTestList")
    await driver.press("enter", "f5")
    await driver.shows("Ready, measure now")
    await driver.tell()
    await driver.press("1")
    await driver.shows("Drive it; asks once more")
    await driver.tell()
    await driver.press("1")
    await driver.until(lambda: driver.place == "Question")
    await driver.tell()
    await driver.press("escape", "down", "enter")
    await driver.shows("step 3")
    await driver.until(lambda: _asks(driver.app.screen))
    await driver.tell()
    await driver.press("1")
    await driver.until(lambda: not driver.app.session.running)
    await driver.seen("GuidedTestWalk")


def _asks(screen: Any) -> bool:
    """Return whether the guided test takes an answer now."""
    return screen._ask is not None and screen._ask is screen._drawn_ask


async def flashing(driver: Walk) -> None:
    """Flash files, the table before, jobs."""
    await driver.menu("flashing")
    await driver.until(lambda: driver.table.rows and driver.table.cursor_key == driver.table.rows[0].key)
    await driver.seen("FlashFiles")
    await driver.press("f5")
    await driver.until(lambda: driver.place == "FlashPlanScreen" and driver.table.rows)
    await driver.seen("FlashPlanScreen")
    await driver.menu("flashing", "tab")
    await driver.until(lambda: driver.place == "Jobs" and driver.table.rows)
    await driver.tell()
    await driver.press("enter")
    await driver.until(lambda: driver.place == "FlashJob" and "\n" in driver.text.strip())
    await driver.tell()


def workshop(text: str) -> FakeWorkshop:
    """Return a workshop that has something to show on every screen."""
    folders = Folders.of_user()
    fake = FakeWorkshop(folders)
    name = text.replace("/", "")[:50] + "name"
    fake.vehicle = VehicleIdentity(vin=VIN)
    fake.problems = (RaisedMessage(number="WC-105", facts=(("file", "x"),)),)
    fake.orders.complete(fake.orders.begin(ENTRY), answer=b"", outcome="done")
    fake.values.kept = {"a set": (("Engine", "Value1"),)}
    write(fake.exports).rename(fake.exports / f"{name}.csv")
    fake.actuations = FakeActuations(
        offered=replace(UNIT, forms=replace(UNIT.forms, functions=(CAREFUL_FAN,)))
    )
    fake.guided_tests.known = (MISFIRE_TEST,)
    folders.flash_files.mkdir(parents=True)
    (folders.flash_files / f"{name}.hex").touch()
    fake.flashing.files[f"{name}.hex"] = (flash_file(name="file"),)
    fake.flashing.planned = plan(target(checks=(*GREEN[:1], YELLOW, RED)))
    fake.flashing.kept = [
        replace(job(3, JobState.FAILED), results=(result(UnitEnd.UNKNOWN, number="WC-744"),))
    ]
    fake.flashing.steps = {3: [entry(1, FlashStep.EXTENDED_SESSION), entry(2, FlashStep.ERASE, "failed")]}
    return fake


def main(kind: str, stop: Path) -> None:
    """Run the console and walk through it."""
    text = TEXTS[kind]
    fake = workshop(text)
    app = ConsoleApp(cast("Workshop", Hostile(fake, text)))

    async def everywhere(pilot: Pilot[Any]) -> None:
        driver = Walk(app, pilot, fake)
        driver.stop = stop
        await vehicle(driver)
        await values(driver, fake)
        await work(driver)
        await flashing(driver)
        app.exit()

    thin_driver._GATHER_MANY_S = thin_driver._GATHER_LONGEST_S = 0.01  # nobody's line is spared
    app.run(mouse=False, auto_pilot=everywhere)
    if app._exception is not None:
        raise app._exception


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

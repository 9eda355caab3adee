"""Export the README's pictures from the running program: python -m benchmarks.pictures (make pictures)."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from workshop_console.console.app import ConsoleApp
from workshop_console.console.model.flash import ENDED_STATES
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop
from workshop_console.screens.box import MessageBox
from workshop_console.screens.group_menu import ENTRIES
from workshop_console.screens.session import DRIVE, GUIDED_TEST, WATCH_VALUES

_PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Textual's export loads a font from a public server; a picture must not."""


_LASTING = (WATCH_VALUES, DRIVE, GUIDED_TEST)
"""Jobs that go on until the mechanic ends them."""


async def _settle(pilot: Pilot[Any]) -> None:
    """Wait until no job runs that ends by itself, and everything is drawn."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await pilot.pause(0.2)
    while app.session.running and app.session.running not in _LASTING:
        await pilot.pause(0.1)
    await pilot.pause(0.3)


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await _settle(pilot)


def _save(pilot: Pilot[Any], name: str) -> None:
    picture = _FONT_FACES.sub("", pilot.app.export_screenshot(title="Workshop Console"))
    (_PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


def _number(entry: str) -> str:
    """Return the key of an entry of the group's menu."""
    return str(1 + [known[0] for known in ENTRIES].index(entry))


async def _filter(pilot: Pilot[Any], words: str) -> None:
    """Show only the rows that hold `words`."""
    await _press(pilot, "slash", *(_KEYS.get(letter, letter) for letter in words), "enter")


_KEYS = {" ": "space", ",": "comma"}


async def _take(home: str, lang: str, walk: Callable[[Pilot[Any]], Awaitable[None]]) -> None:
    settings = Settings(vci="sim://car", mechanic="A. Mechanic")
    os.environ["WORKSHOP_CONSOLE_HOME"] = home  # the process that flashes finds its folders there too
    workshop = build_workshop(settings, Folders.of_user(), lang=lang)
    app = ConsoleApp(workshop)
    try:
        async with app.run_test(size=(100, 28)) as pilot:
            await _settle(pilot)
            await pilot.pause(1.5)
            await walk(pilot)
    finally:
        app.end_jobs(10.0)
        workshop.close()


async def _open_group(pilot: Pilot[Any]) -> None:
    await _press(pilot, "enter")
    while not isinstance(pilot.app.screen, MessageBox):
        await pilot.pause(0.1)
    await _press(pilot, "enter")


async def _faults(pilot: Pilot[Any]) -> None:
    _save(pilot, "product-groups")
    await _open_group(pilot)
    await _press(pilot, "1", "f5")
    _save(pilot, "quick-test")
    await _press(pilot, "down", "enter", "enter")
    _save(pilot, "fault")
    await _press(pilot, "escape", "f6", "y")
    await _press(pilot, "escape", "escape", "f5", "a", "f2", "enter", "enter", _number("reports"))
    await _press(pilot, "space", "down", "down", "space", "f5")
    _save(pilot, "comparison")
    await _press(pilot, "f4", "down", "down", "down", "down", "enter")
    _save(pilot, "message")


async def _values(pilot: Pilot[Any]) -> None:
    await _open_group(pilot)
    await _press(pilot, _number("values"), "f5")
    await _filter(pilot, "cdi")
    await _press(pilot, "enter", *["down"] * 11, *["space"] * 15, "enter")
    await pilot.pause(20.0)  # the curves show the last half minute
    _save(pilot, "actual-values")


async def _actuation(pilot: Pilot[Any]) -> None:
    await _open_group(pilot)
    await _press(pilot, _number("units"), "f5", "escape", _number("actuations"))
    await _filter(pilot, "stability")
    await _press(pilot, "enter", "down", "down", "down", "enter", "f5", "y")
    await pilot.pause(6.0)
    _save(pilot, "actuation")


async def _coding(pilot: Pilot[Any]) -> None:
    await _open_group(pilot)
    await _press(pilot, _number("units"), "f5", "escape", _number("coding"))
    await _filter(pilot, "front signal")
    await _press(pilot, "enter", "enter", "enter", "1", "end", "up", "enter", "ctrl+u", "3", "0", "enter")
    await _press(pilot, "f5")
    _save(pilot, "coding")


async def _guided_test(pilot: Pilot[Any]) -> None:
    await _open_group(pilot)
    await _press(pilot, _number("units"), "f5", "escape", _number("guided-tests"))
    await _filter(pilot, "misfire")
    await _press(pilot, "enter", "f5", "1")
    await pilot.pause(1.0)
    await _press(pilot, "1")
    await pilot.pause(3.0)
    _save(pilot, "guided-test")


async def _flashing(pilot: Pilot[Any]) -> None:
    await _open_group(pilot)
    await _press(pilot, _number("flashing"))
    await pilot.pause(2.0)  # the files are read and checked
    await _press(pilot, "down", "down", "f5")
    _save(pilot, "flash-plan")
    await _press(pilot, "f5", "y")
    await pilot.pause(3.0)
    _save(pilot, "flash-job")
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    flashing = app.session.workshop.flashing
    while any(job.state not in ENDED_STATES for job in flashing.jobs()):
        await pilot.pause(0.5)


def main() -> None:
    """Take them all, in English; names given choose some."""
    walks = {
        walk.__name__[1:]: walk for walk in (_faults, _values, _actuation, _coding, _guided_test, _flashing)
    }
    _PICTURES.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or walks:
        with tempfile.TemporaryDirectory() as home:
            asyncio.run(_take(home, "en", walks[name]))


if __name__ == "__main__":
    main()

"""Export the README's pictures from the running program: python -m benchmarks.pictures (make pictures)."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from workshop_console.console.app import ConsoleApp
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop
from workshop_console.screens.box import MessageBox
from workshop_console.screens.group_menu import ENTRIES

_PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Textual's export loads a font from a public server; a picture must not."""


async def _settle(pilot: Pilot[Any]) -> None:
    """Wait until no job runs and everything is drawn."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await pilot.pause(0.2)
    while app.session.running:
        await pilot.pause(0.1)
    await pilot.pause(0.3)


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await _settle(pilot)


def _save(pilot: Pilot[Any], name: str) -> None:
    picture = _FONT_FACES.sub("", pilot.app.export_screenshot(title="Workshop Console"))
    (_PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")


async def _take(lang: str, home: str) -> None:
    settings = Settings(vci="sim://car")
    workshop = build_workshop(settings, Folders.of_user({"WORKSHOP_CONSOLE_HOME": home}), lang=lang)
    app = ConsoleApp(workshop)
    try:
        async with app.run_test(size=(100, 28)) as pilot:
            await _settle(pilot)
            await pilot.pause(1.5)
            _save(pilot, "product-groups")
            await _press(pilot, "enter")
            while not isinstance(app.screen, MessageBox):
                await pilot.pause(0.1)
            await _press(pilot, "enter", "1", "f5")
            _save(pilot, "quick-test")
            await _press(pilot, "down", "enter", "enter")
            _save(pilot, "fault")
            await _press(pilot, "escape", "f6", "y")
            reports = str(1 + [entry[0] for entry in ENTRIES].index("reports"))
            await _press(pilot, "escape", "escape", "f5", "a", "f2", "enter", "enter", reports)
            await _press(pilot, "space", "down", "down", "space", "f5")
            _save(pilot, "comparison")
            await _press(pilot, "f4", "down", "down", "down", "down", "enter")
            _save(pilot, "message")
    finally:
        workshop.close()


def main() -> None:
    """Take them all, in English."""
    _PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(_take("en", home))


if __name__ == "__main__":
    main()

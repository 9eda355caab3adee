"""Draws the console with high contrast where the mechanic wants it, and keeps that for the next start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App
from textual.filter import LineFilter

from workshop_console.console.terminal.capabilities import capabilities, started_with, terminfo


class Daylight:
    """Whether high contrast is on."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self._filter: LineFilter | None = None

    def filters(self, others: Sequence[LineFilter]) -> Sequence[LineFilter]:
        """Return what lines of the screen go through."""
        if not self.on:
            return others
        if self._filter is None:
            from workshop_console.widgets.contrast import HighContrast

            known = capabilities(started_with(), terminfo(os.environ.get("TERM", "")))
            self._filter = HighContrast(colours=known.colours > 0)
        return [*others, self._filter]

    def switch(self, app: App[Any]) -> None:
        """Draw everything the other way; lines that were drawn before are forgotten."""
        self.on = not self.on
        for screen in app.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh()

    def keep(self, file: Path) -> None:
        """Keep it in the settings file. Raises ConsoleError WC-107."""
        from workshop_console.console.settings_file import remember

        remember(file, "contrast", self.on)

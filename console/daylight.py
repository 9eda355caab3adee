"""Draws the console with high contrast, or without colours, where that is wanted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from textual.app import App
from textual.filter import LineFilter, Monochrome, NoColor

from workshop_console.console.terminal.capabilities import capabilities, started_with, terminfo


class Daylight:
    """Whether high contrast is on."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self._contrast: LineFilter | None = None
        self._plain: LineFilter | None = None

    def filters(self, others: Sequence[LineFilter]) -> Sequence[LineFilter]:
        """Return what lines of the screen go through.

        Textual's own filters for NO_COLOR end the program at text without a style, of which ours has much.
        """
        found = [one for one in others if not isinstance(one, (Monochrome, NoColor))]
        if self.on:
            found.insert(0, self._high_contrast())
        elif os.environ.get("NO_COLOR"):
            found.insert(0, self._no_colours())
        return found

    def _high_contrast(self) -> LineFilter:
        if self._contrast is None:
            from workshop_console.widgets.contrast import HighContrast

            known = capabilities(started_with(), terminfo(os.environ.get("TERM", "")))
            self._contrast = HighContrast(colours=known.colours > 0)
        return self._contrast

    def _no_colours(self) -> LineFilter:
        if self._plain is None:
            from workshop_console.widgets.contrast import WithoutColours

            self._plain = WithoutColours()
        return self._plain

    def switch(self, app: App[Any]) -> None:
        """Draw everything the other way; lines that were drawn before are forgotten."""
        self.on = not self.on
        for screen in app.screen_stack:
            for widget in screen.walk_children(with_self=True):
                widget.refresh()

"""Ctrl+P: every action by its name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from textual.widget import Widget

from workshop_console.console.commands import COMMANDS, key_text
from workshop_console.i18n.texts import _
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.sheet import Sheet
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.keybar import Key
from workshop_console.widgets.table import Column, Row, Table


class Palette(Sheet[str]):
    """Lists the actions of the screen below; typing narrows the list."""

    handles = ("open",)

    def __init__(self, caller: ConsoleScreen[Any]) -> None:
        super().__init__()
        self._caller = caller

    def body(self) -> Iterable[Widget]:
        """Return the line to type in and the list."""
        yield Entry()
        yield Table(heading=False)

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("All actions")

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Type a part of the name; the arrow keys choose, Enter does it.")

    def begin(self) -> None:
        """Open the line to type in."""
        self.query_one(Entry).open(_("Action:"))

    def typing_footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys of the list: it is never without the line."""
        return self.footer()

    def draw(self) -> None:
        """List what fits."""
        words = self.query_one(Entry).value.casefold().split()
        keymap = self.console.keymap
        rows = []
        for command in COMMANDS:
            if command.movement or command.id == "palette":
                continue
            label, text = self._caller.label_of(command), self._caller.help_of(command)
            works = command.everywhere or command.id in self._caller.handles
            reason = self._caller.cannot(command.id) if works else _("not on this screen")
            if all(word in f"{label} {text}".casefold() for word in words):
                keys = " ".join(_(key_text(key)) for key in keymap.keys[command.id])
                rows.append(Row(key=command.id, cells=(label, keys, f"- {reason}" if reason else text)))
        columns = (
            Column(title="", width=16),
            Column(title="", width=11),
            Column(title="", width=30, grow=1),
        )
        self.query_one(Table).show(columns, rows, empty=_("No action has this in its name."))

    def on_entry_changed(self) -> None:
        """Narrow the list."""
        self.redraw()

    def on_entry_submitted(self) -> None:
        """Do the action under the cursor."""
        self.do_open()

    def open_row(self, key: Hashable) -> None:
        """Leave with the action."""
        self.dismiss(str(key))

"""The control units of the vehicle, to choose those whose actual values are wanted."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar

from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.control_units import ControlUnits
from workshop_console.screens.session import UnitRow
from workshop_console.widgets.table import Table


class ValueUnits(ControlUnits):
    """Lists the control units; one or several are opened for their actual values."""

    share = 0.66
    handles: ClassVar[tuple[str, ...]] = ("open", "mark", "next_part", "start", "filter")
    words: ClassVar[Mapping[str, tuple[str, str]]] = {
        **ControlUnits.words,
        "open": (mark("Values"), mark("Choose values of the marked control units, or of the current one.")),
        "mark": (mark("Mark"), mark("Mark control units, to choose from the values of several.")),
        "next_part": (mark("Kept"), mark("Sets of values that were kept, and recordings.")),
    }

    def __init__(self) -> None:
        super().__init__()
        self._marked: set[str] = set()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Actual values: choose control units")

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Enter opens the actual values of the marked control units, or of the current one. Tab shows the "
            "sets of values that were kept for this vehicle, and the recordings."
        )

    def is_marked(self, unit: UnitRow) -> bool:
        """Return whether the mechanic marked the unit."""
        return unit.key in self._marked

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        return super().cannot("open" if command_id == "mark" else command_id)

    def status_text(self) -> str:
        """Say how many are marked, unless a job has something to say."""
        text = super().status_text()
        if text or not self._marked:
            return text
        count = len(self._marked)
        return ngettext("{n} control unit marked", "{n} control units marked", count).format(
            n=formats.number(count)
        )

    def do_mark(self) -> None:
        """Mark the unit, and go to the next."""
        table = self.query_one(Table)
        if table.cursor_key is not None:
            self._marked ^= {str(table.cursor_key)}
            table.move(1)
            self.redraw()

    def do_next_part(self) -> None:
        """Show what was kept."""
        from workshop_console.screens.kept_values import KeptValues

        self.console.show_screen(KeptValues())

    def open_row(self, key: Hashable) -> None:
        """Choose from the values of the marked units, or of this one."""
        from workshop_console.screens.value_choice import ValueChoice

        marked = tuple(unit.key for unit in self._units() if unit.key in self._marked)
        self.console.show_screen(ValueChoice(marked or (str(key),)))

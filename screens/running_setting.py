"""A setting that is changed while its function runs: the key that stops works there too."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.message import Message

from workshop_console.console.model.forms import ParameterForm
from workshop_console.i18n.texts import mark
from workshop_console.screens.option_entry import OptionChoice
from workshop_console.widgets.entry import Entry

STOP = (mark("Stop"), mark("Stop at once and give control back; Esc does the same."))
"""Label and help of the keys that stop."""


class RunningChoice(OptionChoice):
    """Lists the choices of a setting while the function runs; the key that stops works here too."""

    handles = ("mark", "open", "clear")
    words: ClassVar = {
        "mark": STOP,
        "clear": STOP,
        "open": (mark("Choose"), mark("Take this value; it is sent at once.")),
    }

    def __init__(self, parameter: ParameterForm, value: str, stop: Callable[[], None]) -> None:
        super().__init__(parameter, value)
        self._stop = stop

    def do_mark(self) -> None:
        """Stop at once."""
        self._stop()
        self.do_back()

    def do_clear(self) -> None:
        """Stop at once."""
        self.do_mark()


class RunningEntry(Entry):
    """Takes a setting; while the function runs, Space stops it instead of being typed."""

    stops = False

    class Stopped(Message):
        """Space was pressed while the function runs."""

    def on_key(self, event: events.Key) -> None:
        """Take the key that stops before the line does."""
        if self.stops and event.key == "space":
            event.stop()
            event.prevent_default()
            self.post_message(self.Stopped())

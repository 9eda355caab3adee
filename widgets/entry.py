"""Takes one line of text from the keyboard, without a blinking cursor."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workshop_console.console.model.clean import clean
from workshop_console.widgets.cells import cut, width_of
from workshop_console.widgets.tones import BAR, BOLD

LONGEST = 400
"""Characters that one line takes."""

_LEAST_ROOM = 32
"""Cells that a long prompt leaves to what is typed, or half of the line where that is less."""


class Entry(Widget, can_focus=True):
    """A prompt and a line to type in; function keys and Esc go on to the screen."""

    DEFAULT_CSS = "Entry { height: 1; display: none; } Entry.open { display: block; }"

    class Changed(Message):
        """Another text stands in the line."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    class Submitted(Message):
        """Enter was pressed."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    class Completed(Message):
        """Tab was pressed where the line offers completion."""

    def __init__(self, *, completes: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._prompt = ""
        self._value = ""
        self._place = 0
        self._fresh = False
        """Whether the value is as it was given, and goes with the first character typed."""
        self.completes = completes
        """Whether Tab is for completing what was typed."""

    @property
    def value(self) -> str:
        """What stands in the line."""
        return self._value

    @property
    def is_open(self) -> bool:
        """Whether the line is on the screen."""
        return self.has_class("open")

    def open(self, prompt: str, value: str = "", *, replaces: bool = False) -> None:
        """Show the line and take the keys.

        With `replaces`, what is typed first takes the place of `value`, unless a key that edits comes first.
        """
        self._prompt = prompt
        self.set_value(value)
        self._fresh = replaces
        self.add_class("open")
        self.focus()

    def close(self) -> None:
        """Take the line from the screen."""
        self.remove_class("open")

    def set_prompt(self, prompt: str) -> None:
        """Show another prompt."""
        self._prompt = prompt
        self.refresh()

    def set_value(self, value: str) -> None:
        """Put `value` into the line, the cursor behind it."""
        self._value = value[:LONGEST]
        self._place = len(self._value)
        self.refresh()

    def _edit(self, value: str, place: int) -> None:
        changed, self._fresh = value != self._value, False
        self._value, self._place = value, max(0, min(place, len(value)))
        self.refresh()
        if changed:
            self.post_message(self.Changed(value))

    def insert(self, text: str) -> None:
        """Type `text` where the cursor stands; control characters are left out."""
        text = "".join(c for c in text if c.isprintable())
        if self._fresh and text:
            self._fresh = False
            self._value, self._place = "", 0
        text = clean(text, longest=max(1, LONGEST - len(self._value))) if text else ""
        if len(self._value) + len(text) <= LONGEST:
            value = self._value[: self._place] + text + self._value[self._place :]
            self._edit(value, self._place + len(text))

    def on_paste(self, event: events.Paste) -> None:
        """Take the first line of what is pasted."""
        event.stop()
        self.insert(next(iter(event.text.splitlines()), ""))

    def on_key(self, event: events.Key) -> None:
        """Edit the line."""
        value, place = self._value, self._place
        match event.key:
            case "enter":
                self.post_message(self.Submitted(value))
            case "tab" if self.completes:
                self.post_message(self.Completed())
            case "tab" | "shift+tab":
                pass  # what is typed is taken or left first
            case "backspace" | "ctrl+h":
                self._edit(value[: max(0, place - 1)] + value[place:], place - 1)
            case "delete":
                self._edit(value[:place] + value[place + 1 :], place)
            case "left":
                self._edit(value, place - 1)
            case "right":
                self._edit(value, place + 1)
            case "home" | "ctrl+a":
                self._edit(value, 0)
            case "end" | "ctrl+e":
                self._edit(value, len(value))
            case "ctrl+u":
                self._edit(value[place:], 0)
            case _ if event.character and event.is_printable:
                self.insert(event.character)
            case _:
                return
        event.stop()
        event.prevent_default()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - one line only
        """Draw the prompt and the end of the text that fits, with the cursor as a reversed cell."""
        width = self.size.width
        prompt = cut(f" {self._prompt}", max(width // 2, width - _LEAST_ROOM)) + " "
        room = max(4, width - width_of(prompt) - 1)
        before, after = self._value[: self._place], self._value[self._place :]
        while width_of(before) > room - 1:
            before = before[1:]
        at = after[:1] or " "
        rest = cut(after[1:], max(0, room - width_of(before) - width_of(at)))
        segments = [Segment(prompt, BOLD), Segment(before)]
        segments += [Segment(at, BAR), Segment(rest)] if self.has_focus else [Segment(at + rest)]
        return Strip(segments).adjust_cell_length(width)

"""A small program on the thin driver, run by the tests on a terminal of its own: python program.py [LOG]."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

from workshop_console.console.terminal.driver import ThinDriver


class Program(App[None], inherit_bindings=False):
    """Shows what it was given."""

    AUTO_FOCUS = ""
    CSS = "Static { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__(driver_class=ThinDriver)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.keys = 0
        self.last = "none"
        self.beats = 0

    def compose(self) -> ComposeResult:
        """Put the one part there."""
        yield Static(markup=False)

    def on_mount(self) -> None:
        """Draw for the first time."""
        self.draw()

    def draw(self) -> None:
        """Draw everything; each row tells its number, and changes with each beat."""
        rows = "\n".join(f"row {row:02} of beat {self.beats:06} {'─' * 30}" for row in range(3, 24))
        size = f"{self.size.width}x{self.size.height}"
        self.query_one(Static).update(f"keys {self.keys} last {self.last} size {size} ready\n{rows}")

    def on_key(self, event: events.Key) -> None:
        """Count the key, and do what it says."""
        self.keys += 1
        self.last = event.key
        if event.key == "q":
            self.exit()
        elif event.key == "s":
            self.set_interval(0.02, self.beat)
        elif event.key == "x":
            raise RuntimeError("unexpected")
        elif event.key == "w":
            self.bell()
        elif event.key == "c":
            self.query_one(Static).styles.color = "ansi_red"
        self.draw()

    def beat(self) -> None:
        """Change every row, and say in the log that the event loop lives."""
        self.beats += 1
        if len(sys.argv) > 1:
            with Path(sys.argv[1]).open("a", encoding="ascii") as log:
                log.write(".")
        self.draw()

    def on_paste(self, event: events.Paste) -> None:
        """Tell how much was pasted."""
        self.last = f"paste of {len(event.text)}"
        self.draw()

    def on_resize(self) -> None:
        """Tell the new size."""
        self.call_after_refresh(self.draw)


if __name__ == "__main__":
    Program().run(mouse=False)
    with suppress(OSError):  # the terminal may be gone
        os.write(1, b"ended in order\n")

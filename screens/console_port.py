"""What screens ask of the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from textual.screen import Screen

from workshop_console.console.commands import Keymap
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.runner import Job, Work
from workshop_console.console.model.message import RaisedMessage
from workshop_console.screens.session import Session

T = TypeVar("T")


class Console(Protocol):
    """What screens ask of the app."""

    session: Session
    keymap: Keymap

    def show_screen(self, screen: Screen[T], then: Callable[[T | None], None] | None = None) -> None:
        """Put a screen on top of this one; `then` gets what it was left with."""

    def return_to_groups(self) -> None:
        """Leave all screens but the first."""

    def return_to_menu(self) -> None:
        """Leave all screens above the menu: they are of a vehicle that is not there any more."""

    def ask_leaving(self, then: Callable[[], None]) -> None:
        """Ask for everything that would be lost with the screens that are open, then do `then`."""

    def start_job(self, kind: str, work: Work) -> Job | None:
        """Start a job; None and a notice when another one runs."""

    def in_background(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do `work` beside the screen, then `done` with its result in the app's thread; errors are shown."""

    def ask_credit(self, *, asked_for: bool = False) -> None:
        """Ask the access server for the credit beside the screen; `asked_for`: the mechanic waits for it."""

    def tell(self, message: RaisedMessage | ConsoleError, *, at_once: bool = False) -> None:
        """Show a numbered message: on the message line, or in a box of its own when `at_once`."""

    def say(self, text: Callable[[], str], *, bad: bool = False) -> None:
        """Say something on the message line."""

    def change_language(self, lang: str) -> None:
        """Draw everything in another language from now on."""

    def change_contrast(self) -> None:
        """Draw with high contrast from now on, or as usual again, and keep that for the next start."""

    def leave(self) -> None:
        """End the console."""

"""Boxes over a screen: a numbered message, and a question before something is written to the vehicle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from workshop_console.console.commands import CONFIRM_KEY, DECLINE_KEY, key_text
from workshop_console.console.model.message import RaisedMessage
from workshop_console.i18n.texts import _
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.moving import ResultT
from workshop_console.screens.over import OverScreen
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.keybar import Key, KeyBar
from workshop_console.widgets.text_page import Paragraph, TextPage
from workshop_console.widgets.tones import BOLD

_HERE_TOO = ("up", "down", "page_up", "page_down", "first", "last", "contrast")
"""Commands that answer nothing and close nothing."""


class Box(OverScreen[ResultT]):
    """A frame with a text over the screen below, and its own keys in the footer."""

    DEFAULT_CSS = """
    Box { align: center middle; }
    Box > #frame { width: 80; max-width: 100%; height: auto; max-height: 18; padding: 0 1;
        background: ansi_default;
    }
    Box > #frame > TextPage { height: auto; min-height: 1; max-height: 16; }
    Box > KeyBar { dock: bottom; background: ansi_default; }
    """

    def compose(self) -> ComposeResult:
        """Put the box together."""
        with Container(id="frame") as frame:
            frame.styles.border = ("ascii" if glyphs().plain else "solid", "ansi_default")
            yield TextPage()
        yield KeyBar()

    def body(self) -> Iterable[Widget]:
        """A box has no frame of a screen."""
        return ()

    def paragraphs(self) -> list[Paragraph]:
        """Return what stands in the box."""
        return []

    def draw(self) -> None:
        """Fill the box."""
        self.query_one(TextPage).show(self.paragraphs())

    def redraw_frame(self) -> None:
        """Draw the keys."""
        self.query_one(KeyBar).show(*self.footer())


class MessageBox(Box[bool]):
    """A numbered message: number, title and cause; F1 opens all of it."""

    def __init__(self, message: RaisedMessage) -> None:
        super().__init__()
        self.message = message

    def paragraphs(self) -> list[Paragraph]:
        """Return title and cause."""
        (shown,) = self.session.workshop.raised(self.message)
        return [
            Paragraph(text=f"{shown.number}  {shown.title}", tone=BOLD),
            Paragraph(text=shown.cause or shown.when, before=1),
        ]

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys of the box."""
        keymap = self.console.keymap
        f1 = f"{key_text(keymap.first('help'))}"
        return (((_("Enter"), _("Close")), (_(f1), _("Cause and remedy"))),)

    def take_key(self, event: events.Key) -> None:
        """Close the box, explain, or close it and do what the key means below."""
        command = self.console.keymap.commands.get(event.key)
        if command in _HERE_TOO:
            self.run_command(command)
        elif command == "help":
            self.dismiss(True)
        elif command in ("open", "back", "quit") or event.key == "space":
            self.dismiss(False)
        else:
            # The box may have come up under the fingers of somebody who goes on: the key is obeyed.
            self.dismiss(False)
            below = self.app.screen
            if isinstance(below, ConsoleScreen):
                below.take_key(event)
        event.stop()
        event.prevent_default()


class Question(Box[bool]):
    """A question that only its own key answers with yes; Enter never does, and no is what remains.

    Args:
        question: what will be done, in one sentence.
        consequences: what the mechanic should know first.
        yes: what the confirming key does.
    """

    def __init__(
        self, *, question: Callable[[], str], consequences: Callable[[], str], yes: Callable[[], str]
    ) -> None:
        super().__init__()
        self._question, self._consequences, self._yes = question, consequences, yes

    answers: ClassVar[dict[str, bool]] = {CONFIRM_KEY: True, DECLINE_KEY: False}

    def paragraphs(self) -> list[Paragraph]:
        """Return the question and which key does what."""
        paragraphs = [Paragraph(text=self._question(), tone=BOLD)]
        if text := self._consequences():
            paragraphs.append(Paragraph(text=text))
        paragraphs.append(
            Paragraph(label=f"[{CONFIRM_KEY.upper()}]", label_width=5, text=self._yes(), before=1)
        )
        paragraphs.append(
            Paragraph(label=f"[{DECLINE_KEY.upper()}]", label_width=5, text=_("No, go back (also Esc)"))
        )
        return paragraphs

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys of the question."""
        return (((CONFIRM_KEY, self._yes()), (DECLINE_KEY, _("No, go back (also Esc)"))),)

    def take_key(self, event: events.Key) -> None:
        """Take the answer."""
        event.stop()
        event.prevent_default()
        if event.key.lower() in self.answers:
            self.dismiss(self.answers[event.key.lower()])
            return
        command = self.console.keymap.commands.get(event.key)
        if command == "back":
            self.dismiss(False)
        elif command in _HERE_TOO:
            self.run_command(command)


class Choice(Box[str]):
    """A question with several answers, each with its own letter; Esc leaves it.

    Args:
        question: what is chosen.
        answers: what each letter means.
        short: the same in a word or two, for the footer, where the answers are too long for one line.
    """

    def __init__(
        self,
        question: Callable[[], str],
        answers: Callable[[], dict[str, str]],
        short: Callable[[], dict[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self._question, self._answers, self._short = question, answers, short or answers

    def paragraphs(self) -> list[Paragraph]:
        """Return the question and the answers."""
        rows = [
            Paragraph(label=f"[{key.upper()}]", label_width=5, text=text)
            for key, text in self._answers().items()
        ]
        return [Paragraph(text=self._question(), tone=BOLD), Paragraph(text=""), *rows]

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys of the question."""
        return ((*self._short().items(), (_("Esc"), _("Back"))),)

    def take_key(self, event: events.Key) -> None:
        """Take the answer."""
        event.stop()
        event.prevent_default()
        if event.key.lower() in self._answers():
            self.dismiss(event.key.lower())
        elif self.console.keymap.commands.get(event.key) == "back":
            self.dismiss(None)

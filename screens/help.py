"""F1: the message shown in full, then what the screen is for and what its keys do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.widget import Widget

from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.i18n.texts import _
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.sheet import TextSheet
from workshop_console.widgets.text_page import Paragraph, TextPage, heading
from workshop_console.widgets.tones import BOLD


def message_paragraphs(message: NumberedMessage) -> list[Paragraph]:
    """Return a numbered message in full: title, cause, remedy as steps, when it appears."""
    paragraphs = [Paragraph(text=f"{message.number}  {message.title}", tone=BOLD)]
    if message.cause:
        paragraphs += [heading(_("Cause")), Paragraph(text=message.cause)]
    if message.remedy:
        paragraphs.append(heading(_("Remedy")))
        paragraphs += [
            Paragraph(label=f"{step}.", label_width=2, text=text)
            for step, text in enumerate(message.remedy, start=1)
        ]
    if message.when:
        paragraphs += [heading(_("When it appears")), Paragraph(text=message.when)]
    return paragraphs


class Help(TextSheet[None]):
    """Explains the message shown (or the one given) and the screen it was called from."""

    def __init__(self, about: ConsoleScreen[Any], message: RaisedMessage | None = None) -> None:
        super().__init__()
        self._screen = about
        self._message = message

    def body(self) -> Iterable[Widget]:
        """Return the text."""
        yield TextPage()

    def prepare(self) -> None:
        """Take the message over from the message line: it is explained here."""
        notice = self.session.notice
        if self._message is None and notice is not None and notice.message is not None:
            self._message = notice.message
        self.session.notice = None

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Help: {screen}").format(screen=self._screen.name_text())

    def draw(self) -> None:
        """Draw message and keys."""
        paragraphs: list[Paragraph] = []
        if self._message is not None:
            (message,) = self.session.workshop.raised(self._message)
            paragraphs = message_paragraphs(message)
        self.query_one(TextPage).show([*paragraphs, *self._screen.help_paragraphs()])

    def do_help(self) -> None:
        """Help is open already."""

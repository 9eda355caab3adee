"""The catalogue of numbered messages, with full-text search; works with nothing but the store."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.help import message_paragraphs
from workshop_console.screens.sheet import Sheet, TextSheet
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import TextPage


class MessageList(Sheet[None], FilteredScreen):
    """Lists all messages; those of this session are marked and come first."""

    handles = ("open", "filter")
    words: ClassVar = {
        "filter": (mark("Search"), mark("Search by number or by words in title, cause and remedy.")),
    }

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the words."""
        yield Table()
        yield from self.filter_line()

    _drawn_words = ""
    """The words that the list was drawn for."""

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Messages")

    def title_right(self) -> str:
        """Return the place in the list and what is searched."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Messages marked with * were raised since the console was started. Enter explains one.")

    def _found(self) -> Sequence[NumberedMessage]:
        try:
            return self.session.workshop.explained(self.filter_words)
        except ConsoleError as error:
            self.session.raise_message(RaisedMessage(number=error.number, facts=tuple(error.facts.items())))
            return ()

    def draw(self) -> None:
        """Draw the list."""
        raised = {message.number for message in self.session.raised}
        found = self._found()
        if not self.filter_words:
            found = sorted(found, key=lambda message: message.number not in raised)
        columns = (Column(title=_("Number"), width=8), Column(title=_("Message"), width=40, grow=1))
        # A title with its placeholders unfilled reads badly; what was raised is filled in.
        facts = {message.number: dict(message.facts) for message in self.session.raised}
        workshop = self.session.workshop
        rows = [
            Row(
                key=message.number,
                cells=(message.number, workshop.message(message.number, facts.get(message.number)).title),
                marked=message.number in raised,
            )
            for message in found
        ]
        table = self.query_one(Table)
        table.show(columns, rows, empty=_("No message has all these words."))
        if self.filter_words != self._drawn_words:
            self._drawn_words = self.filter_words
            table.first()  # what fits best

    def open_row(self, key: Hashable) -> None:
        """Open a message."""
        number = str(key)
        raised = next((m for m in reversed(self.session.raised) if m.number == number), None)
        self.console.show_screen(MessageDetail(raised or RaisedMessage(number=number)))


class MessageDetail(TextSheet[None]):
    """One message in full."""

    def __init__(self, message: RaisedMessage) -> None:
        super().__init__()
        self._message = message

    def body(self) -> Iterable[Widget]:
        """Return the text."""
        yield TextPage()

    def title_text(self) -> str:
        """Return the number."""
        return _("Message {number}").format(number=self._message.number)

    def draw(self) -> None:
        """Write the message out."""
        (message,) = self.session.workshop.raised(self._message)
        self.query_one(TextPage).show(message_paragraphs(message))

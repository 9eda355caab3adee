"""F8: the language; the switch is seen at once and the place is kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.sheet import Sheet
from workshop_console.widgets.table import Column, Row, Table

NAMES = {"de": "Deutsch", "en": "English", "es": "Español", "it": "Italiano"}
"""Each language by its own name, so that everybody finds the own one."""


class LanguageChoice(Sheet[None]):
    """Lists the languages; the number or Enter chooses one."""

    handles = ("open",)
    words: ClassVar = {"open": (mark("Choose"), mark("Speak this language."))}
    chooses = True

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table(heading=False)

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Language")

    def about(self) -> str:
        """Return what the screen is for."""
        return _("The language changes at once; where you were stays as it is.")

    def begin(self) -> None:
        """Put the cursor on the language in use."""
        self.query_one(Table).move_to(self.session.workshop.lang)

    def draw(self) -> None:
        """List the languages."""
        columns = (Column(title="", width=2), Column(title="", width=20, grow=1))
        now = self.session.workshop.lang
        rows = [
            Row(key=lang, cells=(str(number), NAMES[lang]), marked=lang == now)
            for number, lang in enumerate(LANGUAGES, start=1)
        ]
        self.query_one(Table).show(columns, rows)

    def open_row(self, key: Hashable) -> None:
        """Switch and go back."""
        self.console.change_language(str(key))
        self.dismiss()

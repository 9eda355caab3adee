"""What screens with a filter share: the line to type in, the words, faults only."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from workshop_console.i18n.texts import _
from workshop_console.screens.base import ConsoleScreen
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.table import Table


class FilteredScreen(ConsoleScreen[None]):
    """A screen with a table that `/` narrows; the words stay until they are taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.filter_words = ""
        self.only_faults = False

    def filter_line(self) -> Iterable[Widget]:
        """Return the line to type in; it is on the screen only while somebody types."""
        yield Entry(id="filter")

    def with_filter(self, position: str) -> str:
        """Return `position` with what narrows the list before it."""
        parts = [f"/{self.filter_words}"] if self.filter_words else []
        parts += [_("faults only")] if self.only_faults else []
        return "  ".join([*parts, position])

    def passes(self, *texts: str) -> bool:
        """Return whether all words of the filter are in the texts."""
        if not self.filter_words:
            return True
        whole = " ".join(texts).casefold()
        return all(word in whole for word in self.filter_words.casefold().split())

    def close_filter(self) -> bool:
        """Close the line, or take the filter away; False when there was neither."""
        entry = self.query_one("#filter", Entry)
        if entry.is_open:
            self._leave_line(entry)
            if not self.filter_words:
                return True
            self.filter_words = ""
        elif self.filter_words or self.only_faults:
            self.filter_words, self.only_faults = "", False
        else:
            return False
        self.redraw()
        return True

    def _leave_line(self, entry: Entry) -> None:
        entry.close()
        self.query_one(Table).focus()

    def on_entry_changed(self, message: Entry.Changed) -> None:
        """Narrow the list while typing."""
        self.filter_words = message.value.strip()
        self.redraw()

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Keep the filter and go back to the list."""
        message.stop()
        self._leave_line(self.query_one("#filter", Entry))
        self.redraw()

    def do_filter(self) -> None:
        """Open the line to type in."""
        self.query_one("#filter", Entry).open(_("Filter:"), self.filter_words)

    def do_faults_only(self) -> None:
        """Show rows with faults only, or all again."""
        self.only_faults = not self.only_faults
        self.redraw()

    def do_back(self) -> None:
        """Take the filter away first, then leave."""
        if not self.close_filter():
            super().do_back()

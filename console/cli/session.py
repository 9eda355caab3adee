"""What one run of the command line has: settings, language, output, and the workshop when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.settings import Folders, Settings, load_settings
from workshop_console.i18n.choose import choose_language
from workshop_console.i18n.texts import set_language

if TYPE_CHECKING:
    from workshop_console.console.jobs.workshop import Workshop
    from workshop_console.console.model.message import RaisedMessage


class Session:
    """Settings and language of one run; the workshop is built on first use and closed at the end."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.folders = Folders.of_user()
        self._given: dict[str, object] = {}
        self._workshop: Workshop | None = None
        self.settings = Settings()
        self.problems: tuple[ConsoleError, ...] = ()
        self._known = 0
        """How much was wrong when the workshop was built."""
        self.lang = "en"
        self.choose({})

    def choose(self, given: Mapping[str, object]) -> None:
        """Put options of the command line over the settings. Raises ConsoleError WC-102."""
        self._given |= {key: value for key, value in given.items() if value is not None}
        self.settings, self.problems = load_settings(self.folders, command_line=self._given)
        self.lang = choose_language(self.settings.lang, os.environ)
        set_language(self.lang)

    @property
    def workshop(self) -> Workshop:
        """The services, built now if they are not."""
        if self._workshop is None:
            from workshop_console.console.wiring import build_workshop

            self._workshop = build_workshop(
                self.settings,
                self.folders,
                lang=self.lang,
                problems=self.problems,
                group_chosen="group" in self._given,
            )
            self._known = len(self._workshop.problems)
        return self._workshop

    def close(self) -> None:
        """End what was started, and tell what showed to be wrong meanwhile, such as a damaged store."""
        if self._workshop is None:
            return
        try:
            with suppress(OSError):  # nobody reads it
                self.tell(self._workshop.problems[self._known :])
        finally:
            workshop, self._workshop = self._workshop, None
            workshop.close()

    def tell(self, messages: Iterable[RaisedMessage]) -> None:
        """Print messages to standard error: number and title, cause, remedy."""
        from workshop_console.console.cli.output import print_message

        for message in self.workshop.raised(messages):
            print_message(message)

    def note(self, text: str) -> None:
        """Say on standard error how far it is, when somebody is there to see it."""
        if not self.as_json and sys.stderr.isatty():
            print(text, file=sys.stderr)

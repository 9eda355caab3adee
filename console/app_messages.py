"""What threads tell the app: they post messages, and touch nothing else of Textual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message

from workshop_console.console.jobs.runner import JobReported, JobUpdate
from workshop_console.console.procedures.events import Progress


class JobUpdated(Message):
    """A job reported something; posted from its thread."""

    def __init__(self, update: JobUpdate) -> None:
        super().__init__()
        self.update = update

    def can_replace(self, message: Message) -> bool:
        """Return whether the newer `message` makes this one needless.

        Textual asks the older message: it must be progress itself, or the next progress would swallow
        what this one tells.
        """
        return (
            isinstance(message, JobUpdated)
            and self._is_progress
            and message._is_progress
            and self.update.job_id == message.update.job_id
        )

    @property
    def _is_progress(self) -> bool:
        return isinstance(self.update, JobReported) and isinstance(self.update.event, Progress)


class BackgroundEnded(Message):
    """Work beside the screen ended; posted from its thread."""

    def __init__(self, done: Callable[[Any], None], result: object) -> None:
        super().__init__()
        self.done, self.result = done, result


class EndWanted(Message):
    """The system wants the console to end; posted from another thread."""

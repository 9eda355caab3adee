"""What is asked before the console ends while something runs."""

from __future__ import annotations

from workshop_console.i18n.texts import _
from workshop_console.screens.box import Question
from workshop_console.screens.status import job_name


def question_before_leaving(running: str) -> Question:
    """Return the question whether to cancel what runs."""
    return Question(
        question=lambda: _("Quit although something still runs: {job}?").format(job=job_name(running)),
        consequences=lambda: _("It is cancelled; what was read so far is kept where it can be."),
        yes=lambda: _("Yes, cancel it and quit"),
    )

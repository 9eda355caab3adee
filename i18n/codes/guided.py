"""Words for what came out of a step of a guided test."""

from __future__ import annotations

from workshop_console.i18n.texts import Lazy, mark

JUDGEMENTS = {
    "inside": Lazy("in order", "guided"),
    "below": Lazy("too low", "guided"),
    "above": Lazy("too high", "guided"),
    "other": Lazy("not in order", "guided"),
    "unreadable": Lazy("not readable", "guided"),
}
"""Value of Judgement."""

DRIVEN = {
    "refused": Lazy("refused", "guided"),
    "declined": Lazy("left out", "guided"),
    "stopped": Lazy("stopped", "guided"),
}
"""Value of Driven, without what went as it should."""

DETAILS = {
    "result": mark("Result"),
    "remedy": mark("Remedy"),
}
"""Name of a detail of a guided test; the others are the texts of the steps."""

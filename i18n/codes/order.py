"""Words for the order book: what was done, and what came of it."""

from __future__ import annotations

from workshop_console.i18n.texts import Lazy, mark

ENTRY_KINDS = {
    "clearing": Lazy("Fault memory cleared", "order"),
    "actuation": Lazy("Actuation", "order"),
    "routine": Lazy("Routine", "order"),
    "coding": Lazy("Coding", "order"),
    "guided-test": Lazy("Guided test", "order"),
    "flashing": Lazy("Flashing", "order"),
    "security-access": Lazy("Security access", "order"),
    "other": Lazy("Something else", "order"),
}
"""Value of EntryKind."""

OUTCOMES = {
    "begun": Lazy("Broken off: no end was recorded", "order"),
    "done": Lazy("Done", "order"),
    "silent": Lazy("No answer", "order"),
    "stopped": Lazy("Stopped by the mechanic", "order"),
    "failed": Lazy("Failed", "order"),
}
"""Outcome of an entry, those with a negative response code apart."""

SHORT_OUTCOMES = {
    "begun": Lazy("broken off", "order"),
    "done": Lazy("done", "order"),
    "silent": Lazy("no answer", "order"),
    "stopped": Lazy("stopped", "order"),
    "failed": Lazy("failed", "order"),
    "refused": Lazy("refused", "order"),
}
"""The same for a narrow column."""

CLEARING_DETAILS = {
    "readout": mark("Readout saved before, report"),
    "before": mark("Faults before"),
    "gone": mark("Gone"),
    "back": mark("Back at once"),
    "kept": mark("Not cleared"),
}
"""Name of a detail of a clearing."""

FLASHING_DETAILS = {
    "job": mark("Flash job"),
    "file": mark("File"),
    "key": mark("Signed with the key"),
    "before": mark("Software before"),
    "after": mark("Software after"),
    "readout": mark("Readout saved before, report"),
}
"""Details of a flashing."""

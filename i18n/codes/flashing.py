"""Words for flashing: steps, states of a job, lines of the table before, what a unit holds afterwards."""

from __future__ import annotations

from workshop_console.i18n.texts import Lazy, mark

STEPS = {
    "readout": mark("Save a quick test"),
    "extended-session": mark("Extended session"),
    "check-conditions": mark("Check conditions"),
    "fault-setting-off": mark("Fault memories stop"),
    "communication-off": mark("Vehicle falls silent"),
    "programming-session": mark("Programming session"),
    "security-access": mark("Security access"),
    "fingerprint": mark("Write fingerprint"),
    "erase": mark("Erase"),
    "request-download": mark("Request download"),
    "transfer": mark("Transfer"),
    "transfer-exit": mark("End of transfer"),
    "check-memory": mark("Check memory"),
    "check-dependencies": mark("Check dependencies"),
    "reset": mark("Restart"),
    "communication-on": mark("Vehicle speaks again"),
    "fault-setting-on": mark("Fault memories go on"),
    "identify": mark("Identify"),
    "clear-faults": mark("Clear faults of flashing"),
}
"""Value of FlashStep."""

STATES = {
    "planned": Lazy("planned", "flash"),
    "running": Lazy("running", "flash"),
    "stopping": Lazy("stopping", "flash"),
    "done": Lazy("done", "flash"),
    "failed": Lazy("failed", "flash"),
    "stopped": Lazy("stopped", "flash"),
    "interrupted": Lazy("INTERRUPTED", "flash"),
}
"""Value of JobState."""

LIGHTS = {
    "green": Lazy("good", "flash"),
    "yellow": Lazy("confirm", "flash"),
    "red": Lazy("stops", "flash"),
}
"""Value of Light, in a word."""

CHECKS = {
    "fits": mark("Fits the unit"),
    "hardware": mark("Hardware part number"),
    "software": mark("Software part number"),
    "voltage": mark("Battery voltage"),
    "charger": mark("Battery charger"),
    "conditions": mark("Conditions"),
    "credit": mark("Time credit"),
    "right": mark("Right to flash"),
    "readout": mark("Quick test saved"),
    "space": mark("Space on the disk"),
    "awake": mark("Sleep of this computer"),
}
"""Value of CheckId."""

ENDS = {
    "new": Lazy("new software", "flash"),
    "old": Lazy("old software, as before", "flash"),
    "boot-loader": Lazy("in its boot loader, without software", "flash"),
    "unknown": Lazy("does not answer", "flash"),
}
"""Value of UnitEnd: what a unit holds."""

SHORT_ENDS = {
    "new": Lazy("new software", "flash"),
    "old": Lazy("old software", "flash"),
    "boot-loader": Lazy("boot loader only", "flash"),
    "unknown": Lazy("no answer", "flash"),
}
"""The same for a narrow column."""

OUTCOMES = {
    "": Lazy("begun", "flash"),
    "positive": Lazy("done", "flash"),
    "negative": Lazy("refused", "flash"),
    "silent": Lazy("no answer", "flash"),
    "broken": Lazy("unusable answer", "flash"),
    "link-lost": Lazy("line lost", "flash"),
    "skipped": Lazy("left out", "flash"),
}
"""Outcome of an entry of the journal."""

"""Says how far a recording is, in minutes and seconds."""

from __future__ import annotations


def clock_text(seconds: float) -> str:
    """Return `seconds` as 0:07, 12:34 or 1:02:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

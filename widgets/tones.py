"""Names the few styles that the screens draw with; each is also told by a letter or a mark."""

from __future__ import annotations

from rich.style import Style

PLAIN = Style()
BOLD = Style(bold=True)
BAR = Style(reverse=True)
"""Header line, marker of the current row."""
GOOD = Style(color="green")
BAD = Style(color="red", bold=True)
WARNING = Style(color="yellow")
NOTE = Style(color="cyan")

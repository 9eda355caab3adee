"""Turns what is drawn into dark on light without hues, for screens that stand in the sun."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as Background
from textual.filter import LineFilter

_INK, _PAPER = Color.from_ansi(0), Color.from_ansi(15)
_STRONG = frozenset({"red", "bright_red"})
_RAISED = frozenset({"yellow", "bright_yellow"})


class HighContrast(LineFilter):
    """Tells by weight, underline and reverse video what colours told; marks and words stay as they are.

    Args:
        colours: whether the terminal has colours: without, its own two are the greatest contrast there is.
    """

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def apply(self, segments: list[Segment], background: Background) -> list[Segment]:  # noqa: ARG002 - Textual's
        """Return the segments in the two colours."""
        return [
            segment
            if segment.control
            else Segment(segment.text, contrasting(segment.style or Style(), self._colours))
            for segment in segments
        ]


@lru_cache(maxsize=256)
def contrasting(style: Style, colours: bool = True) -> Style:
    """Return what stands for `style`."""
    hue = style.color.name if style.color is not None else ""
    strong, raised = hue in _STRONG, hue in _RAISED
    reverse = bool(style.reverse) != strong
    ink, paper = (_PAPER, _INK) if reverse else (_INK, _PAPER)
    return Style(
        # Terminals that reverse by exchanging colours would do it twice.
        color=ink if colours else None,
        bgcolor=paper if colours else None,
        reverse=None if colours else reverse or None,
        bold=bool(style.bold) or strong or raised or None,
        underline=bool(style.underline) or raised or None,
    )

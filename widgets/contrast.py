"""Turns what is drawn into dark on light, for screens that stand in the sun; or takes the colours away."""

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
        found: list[Segment] = []
        for segment in segments:
            style = segment.style or Style()
            if segment.control:
                found.append(segment)
            elif _hue(style) not in _STRONG | _RAISED:
                found.append(Segment(segment.text, contrasting(style, self._colours)))
            else:
                # Around a word that stands out its column is empty, not a bar.
                blank = contrasting(Style(reverse=style.reverse), self._colours)
                word = segment.text.strip(" ")
                before, _word, after = segment.text.partition(word) if word else (segment.text, "", "")
                parts = ((before, blank), (word, contrasting(style, self._colours)), (after, blank))
                found += [Segment(text, drawn) for text, drawn in parts if text]
        return found


class WithoutColours(LineFilter):
    """Leaves weight, underline and reverse video."""

    def apply(self, segments: list[Segment], background: Background) -> list[Segment]:  # noqa: ARG002 - Textual's
        """Return the segments in the terminal's own colours."""
        return [
            segment
            if segment.control or segment.style is None
            else Segment(segment.text, segment.style.without_color)
            for segment in segments
        ]


def _hue(style: Style) -> str:
    return style.color.name if style.color is not None else ""


@lru_cache(maxsize=256)
def contrasting(style: Style, colours: bool = True) -> Style:
    """Return what stands for `style`."""
    hue = _hue(style)
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

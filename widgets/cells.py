"""Measures, cuts and wraps text by the cells it takes on a terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from workshop_console.console.model.clean import clean
from workshop_console.widgets.glyphs import drawable, glyphs

_LEAST_HEAD = 4
"""Cells that the beginning of a text keeps at least."""


def width_of(text: str) -> int:
    """Return how many cells `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def harmless(text: str) -> str:
    """Return `text` fit for drawing on one line.

    What comes from outside was cleaned where it entered; this costs little and keeps a terminal code from
    the screen even when a part of the program forgot.
    """
    if not text.isprintable():
        text = clean(text, longest=max(1, len(text)))
    return drawable(text)


def cut(text: str, width: int) -> str:
    """Return `text`, ended by a mark where it does not fit into `width` cells."""
    if width <= 0:
        return ""
    text = harmless(text)
    if width_of(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + glyphs().cut


def cut_before_end(text: str, width: int) -> str:
    """Return `text` cut before what follows its last comma: `left` tells one mirror from the other."""
    text = harmless(text)
    head, comma, end = text.rpartition(", ")
    room = width - width_of(comma + end) - 1
    if width_of(text) <= width or not comma or room < _LEAST_HEAD:
        return cut(text, width)
    return set_cell_size(head, room).rstrip() + glyphs().cut + comma + end


def fit(text: str, width: int, *, right: bool = False, keeps_end: bool = False) -> str:
    """Return `text` cut or padded to exactly `width` cells."""
    text = cut_before_end(text, width) if keeps_end else cut(text, width)
    padding = " " * (width - width_of(text))
    return padding + text if right else text + padding


def _head(word: str, width: int) -> str:
    """Return as much of the beginning of `word` as fits, at least one character."""
    # Not character by character: what follows may widen a character, or join it.
    end = 1
    while end < len(word) and width_of(word[: end + 1]) <= width:
        end += 1
    return word[:end]


def wrap(text: str, width: int, *, indent: int = 0) -> list[str]:
    """Return the lines of `text` in `width` cells, broken at spaces; later ones of a paragraph indented."""
    width = max(width, indent + 2)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, empty = "", True
        for word in harmless(paragraph).split(" "):
            longer = line + word if empty else f"{line} {word}"
            if width_of(longer) <= width:
                line, empty = longer, False
                continue
            if not empty:
                lines.append(line)
                line = " " * indent
            while width_of(line + word) > width:
                head = _head(word, width - width_of(line))
                lines.append(line + head)
                line, word = " " * indent, word[len(head) :]
            line, empty = line + word, False
        lines.append(line)
    return lines

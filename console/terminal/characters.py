"""Cuts a text into what its cells hold: no controls, known widths, nothing that the terminal cannot show."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

REPLACEMENT = "\ufffd"
_MOST_MARKS = 3
_JOINER = "\u200d"
_EMOJI_FORM = "\ufe0f"

_PLAIN_MARKS = str.maketrans(
    {
        **dict.fromkeys("─━═╌╍┄┅┈┉╴╶", "-"),
        **dict.fromkeys("│┃║╎╏┆┇┊┋╵╷", "|"),
        **dict.fromkeys("▁▂▃", "_"),
        **dict.fromkeys("▄▅▆▇█▉▊▋▌▐▓▒░■▪", "#"),
        **dict.fromkeys("←◀◂", "<"),
        **dict.fromkeys("→▶▸", ">"),
        **dict.fromkeys("↑▲▴", "^"),
        **dict.fromkeys("↓▼▾", "v"),
        **dict.fromkeys("‐‑–—−", "-"),
        **dict.fromkeys("‘’‚′", "'"),
        **dict.fromkeys("“”„″«»", '"'),
        **dict.fromkeys("•●◉∗", "*"),
        **dict.fromkeys("·∙○◌", "."),
        **dict.fromkeys("✓✔", "v"),
        **dict.fromkeys("✗✘×", "x"),
        "…": "~",
        "°": "o",
        "ß": "s",
        "Ø": "O",
        "ø": "o",
        "Ł": "L",
        "ł": "l",
        "µ": "u",
        "μ": "u",
        "Ω": "O",
    }
)
"""One ASCII character for one that a poor terminal does not have."""


def cells_of(text: str, charset: str = "utf-8") -> list[str]:
    """Return what stands in each cell of `text`; the second cell of a wide character is empty.

    Widths are those that Textual lays out with (rich.cells), so that columns stay where it puts them.
    """
    if text.isascii() and text.isprintable():
        return list(text)
    cells: list[str] = []
    skipped = False
    before = ""  # what the last cell stands for, which is not always what it can show
    for character in text:
        if skipped:  # what is joined to an emoji takes no cell of its own
            skipped = False
            continue
        if character == _JOINER:
            skipped = bool(cells)
            continue
        if character == _EMOJI_FORM:
            if before and _widened(before):
                cells.append(" ")
                before = ""
            continue
        cell, width = _cell(character, charset)
        before = character if width else (before and before + character)
        if width:
            cells.append(cell)
            if width == 2:
                # What replaces a wide character is a narrow one, and a blank.
                cells.append("" if cell == character else " ")
        elif cell and cells:
            base = -1 if cells[-1] else -2
            if len(cells[base]) <= _MOST_MARKS and cells[base] not in (" ", REPLACEMENT):
                cells[base] = unicodedata.normalize("NFC", cells[base] + cell)
    return cells


def bare(cell: str) -> str:
    """Return a cell's content without combining marks."""
    return unicodedata.normalize("NFC", cell)[:1]


@lru_cache(maxsize=1024)
def _widened(cell: str) -> bool:
    return cell_len(cell + _EMOJI_FORM) > cell_len(cell)


@lru_cache(maxsize=8192)
def _cell(character: str, charset: str) -> tuple[str, int]:
    """Return what is shown for a character, empty for nothing, and how many cells it takes."""
    width = get_character_cell_size(character)
    category = unicodedata.category(character)
    if width == 0:
        return (character if category in ("Mn", "Me", "Mc") and charset == "utf-8" else ""), 0
    if category == "Zs":
        return " ", width
    if category[0] == "C" or category in ("Zl", "Zp"):
        return (REPLACEMENT if charset == "utf-8" else "?"), width
    if charset == "utf-8" or character.isascii() or (charset == "latin-1" and ord(character) < 0x100):
        return character, width
    plain = character.translate(_PLAIN_MARKS)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", character)[0]
    return (plain if plain.isascii() and plain.isprintable() else "?"), width


@lru_cache(maxsize=8192)
def steady(cell: str) -> bool:
    """Return whether all terminals agree how wide a cell's content is."""
    if cell.isascii():
        return True
    if len(cell) > 1:
        return False
    code = ord(cell)
    return (
        0xA0 <= code < 0x300
        or 0x370 <= code < 0x483
        or 0x2010 <= code < 0x2028
        or 0x2500 <= code < 0x25A0
        or code in (0x2713, 0x2717)  # ours, and in no table of emoji
        or 0x3041 <= code < 0x3097
        or 0x4E00 <= code < 0xA000
        or 0xAC00 <= code < 0xD7A4
    )

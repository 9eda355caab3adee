"""Chooses the characters that the console itself draws, so that poor terminals get ASCII."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from workshop_console.console.model.lean import dataclass
from workshop_console.console.terminal.capabilities import charset_of, started_with

_POOR_TERMINALS = ("vt", "linux", "dumb", "ansi", "cons25", "unknown")
"""How TERM begins where line-drawing characters are not to be relied on."""


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """The characters used for lines and marks; each is one cell wide."""

    rule: str
    cut: str
    """Ends a text that is longer than its place."""
    cursor: str
    mark: str
    """Stands before a row that the mechanic marked."""
    dot: str
    """Parts facts on one line."""
    plain: bool
    """Whether typographic characters in texts are replaced too."""


UNICODE = Glyphs(rule="─", cut="…", cursor=">", mark="*", dot="·", plain=False)
ASCII = Glyphs(rule="-", cut="~", cursor=">", mark="*", dot="-", plain=True)

_PLAIN = str.maketrans(
    {
        "…": "...",
        "–": "-",
        "—": "-",
        "„": '"',
        "“": '"',
        "”": '"',
        "‚": "'",
        "‘": "'",
        "’": "'",
        "«": '"',
        "»": '"',
        "→": ">",
        "←": "<",
        "·": "-",
        "•": "*",
        "×": "x",
        "≤": "<=",
        "≥": ">=",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\ufffd": "?",
        **{chr(0x2400 + code): "?" for code in range(0x22)},
    }
)
"""What stands for a character; texts are measured after this."""

_current = UNICODE


def needs_ascii(
    environment: Mapping[str, str] = os.environ, encoding: str | None = None, *, asked: bool = False
) -> bool:
    """Return whether to draw with ASCII only: asked for, or the terminal or its encoding is a poor one."""
    if asked:
        return True
    terminal = environment.get("TERM", "" if sys.platform == "win32" else "dumb").lower()
    if terminal.startswith(_POOR_TERMINALS):
        return True
    if encoding is None and sys.platform == "win32":
        from workshop_console.console.terminal.windows import this_console

        return this_console(environment).charset != "utf-8"
    # Python's own streams are UTF-8 in the C locale too; the user's locale is not.
    return charset_of(started_with() if environment is os.environ else environment, encoding) != "utf-8"


def use(glyphs: Glyphs) -> None:
    """Draw with `glyphs` from now on."""
    global _current
    _current = glyphs


def glyphs() -> Glyphs:
    """Return what to draw with."""
    return _current


def drawable(text: str) -> str:
    """Return `text` with typographic characters replaced where the terminal may not have them."""
    return text.translate(_PLAIN) if _current.plain and not text.isascii() else text

"""What a terminal's answers tell about it that terminfo and the locale only promise."""

from __future__ import annotations

from collections.abc import Mapping

from workshop_console.console.model.lean import replace
from workshop_console.console.terminal.capabilities import Capabilities

REPEATS = 3
"""How often the blank is repeated whose place is asked for: one more or less is told from two characters."""
ASK_ATTRIBUTES = "\x1b[c"
"""Primary device attributes; every terminal from the VT100 on answers."""
_OLD = ("vt", "ansi", "dumb", "cons25")
_ANSI_COLOUR = "22"
"""Device attribute of terminals with ANSI colours (VT525, xterm, VTE)."""


def asks_place(terminal: str) -> bool:
    """Return whether to ask where the cursor is after a repeated blank; old terminals would show it."""
    return not terminal.startswith(_OLD)


def asks_attributes(environment: Mapping[str, str], can: Capabilities) -> bool:
    """Return whether to ask for colours: a serial line is often said to be a VT, and looked at in colour."""
    terminal = environment.get("TERM", "").lower()
    return (
        terminal.startswith("vt")
        and not terminal.startswith("vt52")
        and not can.colours
        and not environment.get("NO_COLOR")
    )


def after_place(can: Capabilities, x: int) -> Capabilities:
    """Return what a terminal can whose cursor stands in column `x` after a blank and its repetition.

    The blank is two bytes in UTF-8, and two characters to a terminal that is set to something else.
    """
    two_characters = can.charset == "utf-8" and x in (2, 2 + REPEATS)
    return replace(can, repeat=x > REPEATS, charset="ascii" if two_characters else can.charset)


def after_attributes(can: Capabilities, attributes: str) -> Capabilities:
    """Return what a terminal can that names these device attributes (`?62;22`)."""
    if can.colours or _ANSI_COLOUR not in attributes.lstrip("?").split(";")[1:]:
        return can
    return replace(can, colours=8)

"""Random pictures, and terminals of many kinds to show them on."""

from __future__ import annotations

from hypothesis import strategies as st

from workshop_console.console.terminal.capabilities import TRUE_COLOUR, Capabilities
from workshop_console.console.terminal.pens import BLINK, BOLD, DIM, ITALIC, REVERSE, STRIKE, UNDERLINE

ALL = BOLD | DIM | ITALIC | UNDERLINE | BLINK | REVERSE | STRIKE
XTERM = Capabilities(
    colours=256,
    attributes=ALL,
    single_off=True,
    charset="utf-8",
    paper_erase=True,
    repeat=True,
    erase_characters=True,
    column_address=True,
    row_address=True,
    scroll_rows=True,
    insert_rows=True,
    alternate_screen=True,
    hides_cursor=True,
    pastes=True,
)
VT100 = Capabilities()
POOR = Capabilities(colours=8, charset="utf-8", regions=False, insert_rows=True, single_off=True)

flags = st.booleans()
terminals = st.sampled_from([XTERM, VT100, POOR]) | st.builds(
    Capabilities,
    colours=st.sampled_from([0, 8, 16, 256, TRUE_COLOUR]),
    attributes=st.just(ALL),
    single_off=flags,
    charset=st.sampled_from(["utf-8", "utf-8", "latin-1", "ascii"]),
    paper_erase=flags,
    repeat=flags,
    erase_characters=flags,
    column_address=flags,
    row_address=flags,
    regions=flags,
    scroll_rows=flags,
    insert_rows=flags,
    corner=st.just(True),
)

_WORDS = (
    " /  /a/ok/Motor/Zündung/漢字/の/e\u0301/…/▁▂▃/a\u0323\u0301x/12 °C/> /한글/\u00a0/Fehler  Zylinder 1"
)
_STYLES = (
    "0 1 2 3 4 7 9 1;31 31;42 7;31;42 97;100 38;5;208 48;5;17 44 38;2;1;2;3 48;2;250;128;4 0;7;4 22 39 91"
)
words = st.sampled_from(_WORDS.split("/")) | st.builds(
    str.__mul__, st.sampled_from(" ─=█"), st.integers(1, 40)
)
anything = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\x1b\x07\x9b\u202e\u200d\ufe0f"), max_size=12
)
styles = st.sampled_from(_STYLES.split())
writes = st.tuples(st.integers(0, 12), st.integers(0, 40), st.lists(st.tuples(styles, words), max_size=4))
pictures = st.lists(writes, max_size=8)
shifts = st.integers(-4, 4)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 12))
"""Columns and rows."""


def written(picture: list[tuple[int, int, list[tuple[str, str]]]]) -> str:
    """Return a picture as Textual writes it."""
    return "".join(
        f"\x1b[{y + 1};{x + 1}H" + "".join(f"\x1b[{style}m{text}\x1b[0m" for style, text in parts)
        for y, x, parts in picture
    )

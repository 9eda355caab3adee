"""What the terminal can do, from terminfo, the locale and the environment."""

from __future__ import annotations

import codecs
import locale
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from workshop_console.console.model.lean import dataclass
from workshop_console.console.terminal.pens import BLINK, BOLD, DIM, ITALIC, REVERSE, STRIKE, UNDERLINE

TRUE_COLOUR = 1 << 24

_MODERN = ("xterm", "alacritty", "contour", "foot", "ghostty", "kitty", "konsole", "putty", "rio", "st-")
_MODERN_ANYWHERE = ("screen", "tmux", "rxvt", "vte", "wezterm")
"""Terminals that terminfo of an older system may not know."""

_OLD = ("vt", "ansi", "linux", "dumb", "cons25")
"""Terminals that know no bracketed paste and may show what they do not know."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What may be sent; the defaults are those of a VT100, which every ANSI terminal can."""

    colours: int = 0
    """0, 8, 16, 256 or TRUE_COLOUR."""
    attributes: int = BOLD | UNDERLINE | REVERSE | BLINK
    single_off: bool = False
    """One attribute can be switched off alone."""
    charset: str = "ascii"
    """utf-8, latin-1 or ascii."""
    paper_erase: bool = False
    """Erasing paints the background in force."""
    repeat: bool = False
    erase_characters: bool = False
    column_address: bool = False
    row_address: bool = False
    regions: bool = True
    """A part of the rows can be scrolled."""
    scroll_rows: bool = False
    """Rows scroll by a count, not one by one."""
    insert_rows: bool = False
    alternate_screen: bool = False
    hides_cursor: bool = False
    stops_wrapping: bool = True
    corner: bool = True
    """The last cell can be written without scrolling the screen."""
    pastes: bool = False
    """Says where a pasted text begins and ends, or ignores the wish."""


class Terminfo:
    """The entry of a terminal."""

    def __init__(
        self,
        flag: Callable[[str], int],
        number: Callable[[str], int],
        text: Callable[[str], bytes | None],
    ) -> None:
        self._flag, self._number, self._text = flag, number, text

    def flag(self, name: str) -> bool:
        """Return whether the terminal has what `name` stands for."""
        return self._flag(name) > 0

    def number(self, name: str) -> int:
        """Return a number; 0 when the entry has none."""
        return max(0, self._number(name))

    def text(self, name: str) -> str:
        """Return a sequence; empty when the entry has none."""
        return (self._text(name) or b"").decode("latin-1")


def terminfo(terminal: str) -> Terminfo | None:
    """Return the entry of `terminal`; None when the system has none. One terminal per process."""
    try:
        import curses

        curses.setupterm(terminal, 2)
    except (ImportError, OSError, ValueError):
        return None
    except Exception as error:
        if type(error).__name__ != "error":  # curses.error, which is no name when the import failed
            raise
        return None
    return Terminfo(curses.tigetflag, curses.tigetnum, curses.tigetstr)


def charset_of(environment: Mapping[str, str], encoding: str | None = None) -> str:
    """Return what of Unicode the terminal can be sent: utf-8, latin-1 or ascii."""
    if encoding is None:
        encoding = _encoding_of_locale(environment)
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return "ascii"
    return {"utf-8": "utf-8", "iso8859-1": "latin-1"}.get(name, "ascii")


def _encoding_of_locale(environment: Mapping[str, str]) -> str:
    name = next((value for key in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environment.get(key))), "C")
    if "." in name:
        return name.partition(".")[2].partition("@")[0]
    return "ascii" if name in ("C", "POSIX") else locale.getpreferredencoding(do_setlocale=False)


def started_with() -> Mapping[str, str]:
    """Return the environment with the locale that the user set.

    Python takes UTF-8 for the C locale and says so in the environment (PEP 538): no word of the user's.
    """
    environment = dict(os.environ)
    if environment.get("LC_CTYPE") in ("C.UTF-8", "C.utf8", "UTF-8") and not environment.get("LC_ALL"):
        try:
            first = Path("/proc/self/environ").read_bytes().split(b"\0")
        except OSError:
            first = []
        set_by_user = any(variable.startswith(b"LC_CTYPE=") for variable in first)
        if not set_by_user:
            del environment["LC_CTYPE"]
    return environment


def _colours(environment: Mapping[str, str], terminal: str, known: int, *, true: bool = False) -> int:
    if environment.get("NO_COLOR"):
        return 0
    told = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    if known and (true or told or terminal.endswith("-direct")):
        return TRUE_COLOUR
    return max((step for step in (0, 8, 16, 256, TRUE_COLOUR) if step <= known), default=0)


def capabilities(
    environment: Mapping[str, str] = os.environ,
    entry: Terminfo | None = None,
    *,
    encoding: str | None = None,
) -> Capabilities:
    """Return what the terminal can do; `entry` None: the system does not know it."""
    terminal = environment.get("TERM", "").lower()
    charset = charset_of(environment, encoding)
    pastes = bool(terminal) and not terminal.startswith(_OLD)
    if entry is None or not entry.text("cup").startswith("\x1b["):
        modern = terminal.startswith(_MODERN) or any(name in terminal for name in _MODERN_ANYWHERE)
        known = 256 if "256" in terminal or modern else 0 if terminal.startswith(("vt", "dumb")) else 8
        return Capabilities(
            colours=_colours(environment, terminal, known),
            attributes=BOLD | DIM | ITALIC | UNDERLINE | BLINK | REVERSE | STRIKE
            if modern
            else BOLD | REVERSE,
            single_off=modern,
            charset=charset,
            paper_erase=False,
            erase_characters=modern,
            regions=modern,
            alternate_screen=modern,
            hides_cursor=modern,
            pastes=modern,
        )

    def has(name: str, begin: str = "\x1b[") -> bool:
        return entry.text(name).startswith(begin)

    attributes = BOLD | REVERSE
    for bit, name in (
        (DIM, "dim"),
        (ITALIC, "sitm"),
        (UNDERLINE, "smul"),
        (BLINK, "blink"),
        (STRIKE, "smxx"),
    ):
        if has(name):
            attributes |= bit
    return Capabilities(
        colours=_colours(
            environment,
            terminal,
            entry.number("colors") if has("setaf") else 0,
            true=entry.flag("Tc") or entry.flag("RGB"),
        ),
        attributes=attributes,
        single_off=has("rmul", "\x1b[24m"),
        charset=charset,
        paper_erase=entry.flag("bce"),
        repeat="\x1b[%p2%{1}%-%db" in entry.text("rep"),
        erase_characters=has("ech"),
        column_address=has("hpa") and "G" in entry.text("hpa"),
        row_address=has("vpa") and "d" in entry.text("vpa"),
        regions=has("csr"),
        scroll_rows=has("indn") and has("rin"),
        insert_rows=has("il") and has("dl"),
        alternate_screen="\x1b[?1049h" in entry.text("smcup"),
        hides_cursor="\x1b[?25l" in entry.text("civis"),
        stops_wrapping=has("rmam", "\x1b[?7l"),
        corner=has("rmam", "\x1b[?7l") or entry.flag("xenl") or not entry.flag("am"),
        pastes=pastes,
    )

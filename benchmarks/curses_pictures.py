"""Shows the pictures of a file one after the other, as a curses program does: curses_pictures FILE TOLD.

Each picture is a list of rows, each row a list of runs: text, colour, bold, reverse. The next one comes with
the next key, or, where a picture says after how many seconds, by itself. TOLD gets when each was due.
"""

from __future__ import annotations

import curses
import json
import locale
import sys
import time
from pathlib import Path
from typing import Any

_COLOURS = {
    "black": curses.COLOR_BLACK,
    "red": curses.COLOR_RED,
    "green": curses.COLOR_GREEN,
    "brown": curses.COLOR_YELLOW,
    "blue": curses.COLOR_BLUE,
    "magenta": curses.COLOR_MAGENTA,
    "cyan": curses.COLOR_CYAN,
    "white": curses.COLOR_WHITE,
}


def _draw(screen: curses.window, picture: dict[str, Any]) -> None:
    screen.erase()
    height, width = screen.getmaxyx()
    for y, row in enumerate(picture["rows"]):
        x = 0
        for text, colour, bold, reverse in row:
            attributes = curses.color_pair(1 + list(_COLOURS).index(colour)) if colour in _COLOURS else 0
            attributes |= (curses.A_BOLD if bold else 0) | (curses.A_REVERSE if reverse else 0)
            last = y == height - 1 and x + len(text) >= width
            screen.addstr(y, x, text[:-1] if last else text, attributes)
            x += len(text)
    if picture.get("clear"):
        screen.redrawwin()
    screen.refresh()


def _show(screen: curses.window) -> None:
    pictures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    curses.curs_set(0)
    curses.use_default_colors()
    for pair, colour in enumerate(_COLOURS.values(), start=1):
        curses.init_pair(pair, colour, -1)
    told: list[float] = []
    due = time.monotonic()
    for picture in pictures:
        after_s = picture.get("after_s")
        if after_s is None:
            if told:
                screen.timeout(-1)
                screen.getch()
            due = time.monotonic()
        else:
            due += after_s
            time.sleep(max(0.0, due - time.monotonic()))
        told.append(due)
        _draw(screen, picture)
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="ascii")
    screen.timeout(-1)
    while True:
        screen.getch()


if __name__ == "__main__":
    locale.setlocale(locale.LC_ALL, "")
    curses.wrapper(_show)

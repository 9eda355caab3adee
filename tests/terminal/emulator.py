"""A terminal that nobody here wrote (pyte), and what is seen on it."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar, NamedTuple

import pyte
from pyte.screens import Margins

from workshop_console.console.terminal.grid import Cells
from workshop_console.console.terminal.pens import Pen, shortest


class Seen(NamedTuple):
    """What somebody sees of a cell: a blank shows no ink."""

    text: str
    ink: str
    paper: str
    attributes: tuple[bool, ...]


class _Stream(pyte.ByteStream):
    # pyte declares both for instances, and means the class's own.
    csi: ClassVar[dict[str, str]] = dict(  # type: ignore[misc] # see above
        pyte.ByteStream.csi, b="repeat", S="scroll_up", T="scroll_down"
    )
    events: ClassVar[frozenset[str]] = (  # type: ignore[misc] # see above
        pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}
    )


class _Screen(pyte.Screen):
    """What pyte lacks of an xterm: REP, SU and SD, as terminfo describes them."""

    _last = " "

    def draw(self, data: str) -> None:
        self._last = data[-1:] or self._last
        super().draw(data)

    def repeat(self, count: int = 1, **_: Any) -> None:
        super().draw(self._last * (count or 1))

    def insert_lines(self, count: int | None = None) -> None:
        self._all_rows()
        super().insert_lines(count)

    def delete_lines(self, count: int | None = None) -> None:
        self._all_rows()
        super().delete_lines(count)

    def _all_rows(self) -> None:
        """Have every row: where a row is moved from that nobody wrote in, pyte leaves what was there."""
        for y in range(self.lines):
            self.buffer[y]

    def scroll_up(self, count: int = 1, **_: Any) -> None:
        self._at_top(self.delete_lines, count)

    def scroll_down(self, count: int = 1, **_: Any) -> None:
        self._at_top(self.insert_lines, count)

    def _at_top(self, change: Any, count: int) -> None:
        x, y = self.cursor.x, self.cursor.y
        self.cursor.y = (self.margins or Margins(0, self.lines - 1)).top
        change(count or 1)
        self.cursor.x, self.cursor.y = x, y


class Emulator:
    """A screen that is fed with bytes."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = _Screen(columns, rows)
        self.stream = _Stream(self.screen)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)

    def feed(self, data: str | bytes) -> None:
        self.stream.feed(data if isinstance(data, bytes) else data.encode())

    def seen(self) -> list[list[Seen]]:
        """Return what is seen, row by row."""
        return [
            _row([self.screen.buffer[y][x] for x in range(self.screen.columns)])
            for y in range(self.screen.lines)
        ]

    def text(self) -> str:
        return "\n".join("".join(cell.text for cell in row) for row in self.seen())


def _row(cells: list[Any]) -> list[Seen]:
    row: list[Seen] = []
    wide = False
    for cell in cells:
        if wide:
            wide = False
            row.append(row[-1]._replace(text=""))
            continue
        text = unicodedata.normalize("NFC", cell.data)
        wide = bool(text) and unicodedata.east_asian_width(text[0]) in "WF"
        ink, paper, reverse = cell.fg, cell.bg, cell.reverse
        if reverse and "default" not in (ink, paper):
            ink, paper, reverse = paper, ink, False
        if text == " " and not (cell.underscore or reverse or cell.strikethrough):
            row.append(Seen(" ", "", paper, (False,) * 5))
        else:
            marks = (cell.bold, cell.italics, cell.underscore, reverse, cell.strikethrough)
            row.append(Seen(text, ink, paper, marks))
    return row


def painted_plainly(cells: Cells) -> list[list[Seen]]:
    """Return what a terminal shows when each cell is written for itself, at its place."""
    emulator = Emulator(cells.columns, cells.rows)
    emulator.feed("\x1b[?7l")
    for y in range(cells.rows):
        for x in range(cells.columns):
            pen: Pen = cells.pens[y][x]
            emulator.feed(f"\x1b[{y + 1};{x + 1}H{shortest(None, pen)}{cells.texts[y][x]}\x1b[0m")
    return emulator.seen()

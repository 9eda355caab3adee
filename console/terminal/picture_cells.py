"""Makes the picture that the next start shows first, and reads what a shown one holds."""

from __future__ import annotations

from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.first_picture import Picture
from workshop_console.console.terminal.grid import Cells, Grid
from workshop_console.console.terminal.pens import shortest
from workshop_console.console.terminal.shortest import shortest_bytes
from workshop_console.console.terminal.shown import Shown


def entering(can: Capabilities) -> str:
    """Return what takes a terminal over: an empty screen that is ours, without a cursor."""
    sequence = "\x1b[?1049h" if can.alternate_screen else ""
    sequence += "\x1b[?25l" if can.hides_cursor else ""
    sequence += "\x1b[?7l" if can.stops_wrapping else ""
    sequence += "\x1b[r" if can.regions else ""
    return sequence + "\x1b[m\x1b[H\x1b[2J"


def leaving(can: Capabilities, rows: int) -> str:
    """Return what leaves the terminal as it was found."""
    sequence = "\x1b[m"
    sequence += "\x1b[?7h" if can.stops_wrapping else ""
    sequence += "\x1b[?1049l" if can.alternate_screen else f"\x1b[{rows}H\r\n"
    return sequence + ("\x1b[?25h" if can.hides_cursor else "")


def picture_of(cells: Cells, can: Capabilities, row: int, mark: str) -> Picture:
    """Return the picture of `cells` with `mark` in `row`, which says what it is."""
    columns, rows = cells.columns, cells.rows
    grid = Grid(columns, rows, can)
    grid.texts, grid.pens = [texts[:] for texts in cells.texts], [pens[:] for pens in cells.pens]
    grid.read(f"\x1b[{row + 1};1H\x1b[0;7m{mark[:columns]:<{columns}}\x1b[m")
    grid.changed = set(range(rows))
    shown = Shown(columns, rows)
    shown.cleared()
    painting = f"{entering(can)}{shortest_bytes(grid, shown, can)}\x1b[m"
    return Picture(
        painting.encode(can.charset, "replace"), leaving(can, rows).encode("ascii"), _written(grid)
    )


def cells_of_picture(picture: Picture, columns: int, rows: int, can: Capabilities) -> Cells:
    """Return the cells that a picture shows."""
    grid = Grid(columns, rows, can)
    grid.read(picture.cells)
    return grid


def _written(cells: Cells) -> str:
    """Return cells as the grid reads them."""
    parts = []
    for y, (texts, pens) in enumerate(zip(cells.texts, cells.pens, strict=True)):
        parts.append(f"\x1b[{y + 1};1H")
        before = None
        for text, pen in zip(texts, pens, strict=True):
            if text and pen != before:
                parts.append("\x1b[0m" + shortest(None, pen))
                before = pen
            parts.append(text)
    return "".join(parts)

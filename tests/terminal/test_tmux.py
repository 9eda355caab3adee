"""The same through tmux, which is another emulator that nobody here wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.terminal.pictures import ALL, pictures, written
from tests.terminal.test_shortest import take
from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.shortest import shortest_bytes
from workshop_console.console.terminal.shown import Shown

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed")
COLUMNS, ROWS = 40, 12
TMUX_CAN = Capabilities(
    colours=256,
    attributes=ALL,
    single_off=True,
    charset="utf-8",
    paper_erase=False,  # capture-pane leaves out what was erased at the end of a line, its background too
    repeat=False,  # tmux before 3.4 repeats ASCII only
    erase_characters=True,
    column_address=True,
    row_address=True,
    scroll_rows=True,
    insert_rows=True,
)


class Pane:
    """A pane of a tmux server of its own; it shows what is written into a pipe."""

    def __init__(self, folder: Path) -> None:
        self._socket, self._count = folder / "tmux", 0
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        self._run(
            "new-session",
            *("-d", "-x", str(COLUMNS), "-y", str(ROWS), f"stty raw -echo; exec cat '{pipe}'"),
            config=("-f", os.devnull),
        )
        self._run("set", "-g", "status", "off")
        self._run("resize-window", "-x", str(COLUMNS), "-y", str(ROWS))
        self._pipe = pipe.open("wb", buffering=0)

    def _run(self, *arguments: str, config: tuple[str, ...] = ()) -> str:
        assert TMUX is not None
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        environment.pop("TMUX", None)
        done = subprocess.run(
            [TMUX, *config, "-u", "-S", str(self._socket), *arguments],
            capture_output=True,
            check=True,
            env=environment,
        )
        return done.stdout.decode()

    def feed(self, data: str) -> None:
        """Write, and wait until tmux has drawn it."""
        self._count += 1
        self._pipe.write(f"{data}\x1b]2;{self._count}\x1b\\".encode())
        end = time.monotonic() + 20
        while self._run("display", "-p", "#{pane_title}").strip() != str(self._count):
            assert time.monotonic() < end

    def seen(self) -> Grid:
        """Return what the pane shows."""
        grid = Grid(COLUMNS, ROWS, TMUX_CAN)
        shown = self._run("capture-pane", "-e", "-p", "-N").split("\n")
        # Attributes go on from line to line; what tmux leaves out at the end of a line is plain.
        grid.read("".join(f"\x1b[{y + 1}H{line}" for y, line in enumerate(shown)))
        return grid

    def close(self) -> None:
        self._run("kill-server")
        self._pipe.close()


@pytest.fixture(scope="module")
def pane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pane]:
    pane = Pane(tmp_path_factory.mktemp("t"))
    yield pane
    pane.close()


def composed(texts: list[list[str]]) -> list[list[str]]:
    return [[unicodedata.normalize("NFC", cell) for cell in row] for row in texts]


@given(first=pictures, then=st.lists(st.tuples(pictures, st.integers(-3, 3)), max_size=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tmux_shows_what_is_wanted(
    pane: Pane, first: list[object], then: list[tuple[list[object], int]]
) -> None:
    grid, shown = Grid(COLUMNS, ROWS, TMUX_CAN), Shown(COLUMNS, ROWS)
    pane.feed("\x1b[?7l")
    for picture, shift in [(first, 0), *then]:
        take(("shift", shift), grid)
        grid.read(written(picture))  # type: ignore[arg-type] # what hypothesis builds is one
        pane.feed(shortest_bytes(grid, shown, TMUX_CAN))
        seen = pane.seen()
        assert composed(seen.texts) == composed(grid.texts)
        assert seen.pens == grid.pens

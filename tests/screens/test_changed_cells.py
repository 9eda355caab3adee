"""What goes to the terminal when a part of the screen changed: the right picture in few bytes."""

from __future__ import annotations

import io

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

from tests.screens.driving import console
from workshop_console.console.terminal.changed_cells import ChangedCells

WIDTH, HEIGHT = 24, 6
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="256", width=WIDTH)
TONES = (None, Style(bold=True), Style(color="red"))


def strip_of(text: str, bold_from: int) -> Strip:
    return Strip([Segment(text[:bold_from]), Segment(text[bold_from:], TONES[1])])


def painted(before: list[str], update: str) -> list[str]:
    """The picture of a terminal that showed `before` and then got `update`."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for y, line in enumerate(before):
        stream.feed(f"\x1b[{y + 1};1H{line}")
    stream.feed(update)
    return list(screen.display)


def update_of(lines: list[str], spans: list[tuple[int, int, int]], cut: int) -> ChopsUpdate:
    """An update over two widgets side by side, which meet at column `cut`."""
    chops = [{0: strip_of(line[:cut], 3), cut: strip_of(line[cut:], 2)} for line in lines]
    return ChopsUpdate(chops, spans, [[cut, WIDTH]] * len(lines))


TEXT = st.text(alphabet="ab01 .", min_size=WIDTH, max_size=WIDTH)
SPAN = st.tuples(st.integers(0, WIDTH - 1), st.integers(1, WIDTH))


@given(
    before=st.lists(TEXT, min_size=HEIGHT, max_size=HEIGHT),
    after=st.lists(TEXT, min_size=HEIGHT, max_size=HEIGHT),
    spans=st.dictionaries(st.integers(0, HEIGHT - 1), SPAN, min_size=1),
    cut=st.integers(1, WIDTH - 1),
)
@settings(deadline=None, max_examples=150)
def test_exactly_the_changed_cells_are_painted(
    before: list[str], after: list[str], spans: dict[int, tuple[int, int]], cut: int
) -> None:
    wanted = [(y, x, min(WIDTH, x + size)) for y, (x, size) in sorted(spans.items())]
    update = ChangedCells.of(update_of(after, wanted, cut)).render_segments(CONSOLE)
    expected = list(before)
    for y, x1, x2 in wanted:
        expected[y] = before[y][:x1] + after[y][x1:x2] + before[y][x2:]
    assert painted(before, update) == expected


def test_a_column_of_figures_costs_a_few_bytes_for_each() -> None:
    lines = [f"Value {y}      12.{y}  km/h    "[:WIDTH] for y in range(HEIGHT)]
    spans = [(y, 14, 17) for y in range(HEIGHT)]
    chops: list[dict[int, Strip | None]] = [{0: Strip([Segment(line)])} for line in lines]
    theirs = ChopsUpdate(chops, spans, [[WIDTH]] * HEIGHT)
    ours = ChangedCells.of(theirs).render_segments(CONSOLE)
    assert len(ours) <= 9 * HEIGHT + 2
    assert len(ours) < len(theirs.render_segments(CONSOLE)) / 2


def test_wide_characters_are_written_whole() -> None:
    line = "漢字12漢字34".ljust(WIDTH - 4)
    strip = Strip([Segment(line)])
    update = ChopsUpdate([{0: strip}], [(0, 1, 6)], [[WIDTH]])
    written = ChangedCells.of(update).render_segments(CONSOLE)
    assert written.startswith("\x1b[1H漢")


async def test_the_console_writes_its_updates_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's own class is replaced on its way; this fails when a new Textual goes another way."""
    shown: list[type] = []
    display = App._display

    def watched(app: App[None], screen: Screen[None], update: RenderableType | None) -> None:
        shown.append(type(update))
        display(app, screen, update)

    async with console() as driver:
        await driver.open_menu()
        monkeypatch.setattr(App, "_display", watched)
        await driver.press("down", "down")
        await driver.until(lambda: ChangedCells in shown)
        assert ChopsUpdate not in shown

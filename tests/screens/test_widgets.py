"""The widgets by themselves: cells, columns, the cursor, the line to type in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from workshop_console.widgets.cells import cut, cut_before_end, fit, width_of, wrap
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.keybar import KeyBar, lay_out
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import Paragraph, SideBySide, TextPage


@given(st.text(max_size=60), st.integers(0, 40), st.booleans())
def test_a_fitted_text_takes_exactly_its_width(text: str, width: int, right: bool) -> None:
    assert width_of(fit(text, width, right=right)) == width


@given(
    st.text(alphabet=st.characters(blacklist_categories=("C", "Z", "M")), max_size=200), st.integers(4, 60)
)
def test_wrapping_loses_no_character_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join(lines) == text
    assert all(width_of(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "indent", "lines"),
    [
        ("", 10, 0, [""]),
        ("one two three", 7, 0, ["one two", "three"]),
        ("one two three", 8, 2, ["one two", "  three"]),
        ("abcdefghij", 4, 0, ["abcd", "efgh", "ij"]),
        ("漢字漢字", 5, 0, ["漢字", "漢字"]),
        ("first\nsecond", 20, 0, ["first", "second"]),
    ],
)
def test_wrapping(text: str, width: int, indent: int, lines: Sequence[str]) -> None:
    assert wrap(text, width, indent=indent) == lines


def test_a_cut_text_says_so() -> None:
    assert cut("Engine control unit", 8) == "Engine…"
    assert cut("漢字漢字", 4) == "漢…"
    assert cut("Engine", 6) == "Engine"


class KeysApp(App[None]):
    """One footer."""

    def compose(self) -> ComposeResult:
        yield KeyBar()


async def test_keys_that_work_everywhere_stay_where_they_are() -> None:
    async with KeysApp().run_test(size=(40, 3)) as pilot:
        bar = pilot.app.query_one(KeyBar)
        everywhere = [("F1", "Help"), ("F3", "Back")]
        lines = []
        for own in ([("F5", "Start")], [("F5", "Start it now"), ("F6", "Clear all"), ("F7", "Save it")]):
            bar.show(own, everywhere)
            await pilot.pause()
            lines.append([bar.render_line(y).text for y in (0, 1)])
        assert lines[0][1] == lines[1][1]
        assert lines[1][0].strip() == "F5 Start it now F6 Clear all F7 Save it"


def test_keys_are_laid_out_whole() -> None:
    keys = [("F1", "Help"), ("F2", "Product groups"), ("F3", "Back")]
    assert lay_out(keys, 20) == [keys[:1], keys[1:2], keys[2:]]
    assert lay_out(keys, 80) == [keys]


class TableApp(App[None]):
    """One table of 10 rows in 6 lines."""

    def compose(self) -> ComposeResult:
        yield Table()

    def fill(self, count: int = 10, **more: object) -> Table:
        table = self.query_one(Table)
        columns = (
            Column(title="A", width=10),
            Column(title="B", width=10, rank=1),
            Column(title="C", width=10, rank=2),
            Column(title="D", width=5, grow=1, right=True),
        )
        rows = [Row(key=n, cells=(f"a{n}", f"b{n}", f"c{n}", f"d{n}")) for n in range(count)]
        table.show(columns, rows)
        return table


def texts(table: Table) -> list[str]:
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


async def test_the_highest_rank_goes_first_when_columns_do_not_fit() -> None:
    async with TableApp().run_test(size=(41, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        assert texts(table)[0].split() == ["A", "B", "C", "D"]
        await pilot.resize_terminal(35, 7)
        await pilot.pause()
        assert texts(table)[0].split() == ["A", "B", "D"]
        await pilot.resize_terminal(24, 7)
        await pilot.pause()
        assert texts(table)[0].split() == ["A", "D"]


def app_of(pilot: Pilot[None]) -> TableApp:
    assert isinstance(pilot.app, TableApp)
    return pilot.app


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        table.move(5)
        assert table.cursor_key == 5
        rows = [row for row in table.rows if row.key != 2]
        table.show((Column(title="A", width=10),), [Row(key="new", cells=("new",)), *rows])
        kept = table.cursor_key
        table.show((Column(title="A", width=10),), rows[:2])
        assert (kept, table.cursor_key) == (5, 1)


async def test_the_cursor_row_is_always_in_sight() -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill(100)
        await pilot.pause()
        for step in (table.last, table.first, lambda: table.page(1), lambda: table.move(50)):
            step()
            assert any(line.startswith(">") for line in texts(table)[1:])
        table.move_to(77)
        assert any("a77" in line and line.startswith(">") for line in texts(table))


class TwoTables(App[None]):
    """Two lists on one screen."""

    def compose(self) -> ComposeResult:
        yield Table(id="first")
        yield Table(id="second")


async def test_of_two_lists_the_one_that_has_the_keys_is_marked_as_that() -> None:
    async with TwoTables().run_test(size=(40, 8)) as pilot:
        first, second = pilot.app.query_one("#first", Table), pilot.app.query_one("#second", Table)
        for table in (first, second):
            table.styles.height = 3
            table.show((Column(title="A", width=10),), [Row(key=0, cells=("a",))])
        for has_keys, other in ((first, second), (second, first)):
            has_keys.focus()
            await pilot.pause()
            assert (texts(has_keys)[1][0], texts(other)[1][0]) == (">", "·")
        pilot.app.set_focus(None)
        await pilot.pause()
        assert texts(first)[1][0] == ">"


async def test_pages_pass_no_row_unseen() -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill(100)
        await pilot.pause()
        for pages in (1, -1):
            before = [row.key for row in table.in_sight]
            while table.cursor_key != (99 if pages > 0 else 0):
                table.page(pages)
                now = [row.key for row in table.in_sight]
                assert set(before) & set(now)
                before = now


async def test_moving_the_cursor_repaints_two_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        repainted: list[Region] = []
        monkeypatch.setattr(table, "refresh", lambda *regions: repainted.extend(regions))
        table.move(1)
        assert repainted == [Region(0, 1, 1, 1), Region(0, 2, 1, 1)]


async def test_one_new_row_repaints_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        repainted: list[Region] = []
        monkeypatch.setattr(table, "refresh", lambda *regions: repainted.extend(regions))
        rows = list(table.rows)
        rows[3] = Row(key=3, cells=("new", "", "", ""))
        table.show(table._columns, rows)
        assert repainted
        assert {(region.y, region.height) for region in repainted} == {(4, 1)}


async def test_rows_of_a_group_say_their_first_cell_once_in_sight() -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        rows = [Row(key=n, cells=(f"a{n // 4}", f"b{n}"), group=n // 4) for n in range(12)]
        table.show(table._columns, rows)
        assert [line[1:].split() for line in texts(table)[1:5]] == [["a0", "b0"], ["b1"], ["b2"], ["b3"]]
        table.move(6)
        top = rows[table._view.top]
        assert texts(table)[1][1:].split() == [f"a{top.group}", *top.cells[1:]]


async def test_a_row_whose_group_begins_with_it_now_is_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        rows = [Row(key=n, cells=("a", f"b{n}"), group="g") for n in range(4)]
        table.show(table._columns, rows)
        await pilot.pause()
        repainted: list[Region] = []
        monkeypatch.setattr(table, "refresh", lambda *regions: repainted.extend(regions))
        table.show(table._columns, [Row(key=0, cells=("c", "b0"), group="h"), *rows[1:]])
        assert texts(table)[2].split() == ["a", "b1"]
        assert 2 in {region.y for region in repainted}


async def test_a_tail_stands_instead_of_the_cells() -> None:
    async with TableApp().run_test(size=(60, 7)) as pilot:
        table = app_of(pilot).fill()
        await pilot.pause()
        table.show(table._columns, [Row(key=1, cells=("a",), tail="no answer at all", tail_from=1)])
        assert texts(table)[1] == ">  a          no answer at all"


class EntryApp(App[None]):
    """One line to type in."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[str] = []

    def compose(self) -> ComposeResult:
        yield Entry()

    def on_mount(self) -> None:
        self.query_one(Entry).open("Name:", "")

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        self.submitted.append(message.value)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ([*"abc"], "abc"),
        ([*"abc", "backspace"], "ab"),
        ([*"abc", "left", "left", "x"], "axbc"),
        ([*"abc", "home", "delete"], "bc"),
        ([*"abc", "home", "end", "x"], "abcx"),
        ([*"abc", "left", "ctrl+u"], "c"),
        (["question_mark", "slash", "space", "j"], "?/ j"),
        (["backspace", "delete", "left", "right"], ""),
    ],
)
async def test_typing_and_editing(keys: list[str], value: str) -> None:
    app = EntryApp()
    async with app.run_test(size=(40, 5)) as pilot:
        await pilot.press(*keys, "enter")
        await pilot.pause()
        assert app.submitted == [value]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ([*"82"], "82"),
        (["8", "backspace", "7"], "7"),
        (["end", "5"], "405"),
        (["backspace", "5"], "45"),
        ([], "40"),
        (["tab", "5"], "5"),
    ],
)
async def test_what_is_typed_takes_the_place_of_the_present_value(keys: list[str], value: str) -> None:
    app = EntryApp()
    async with app.run_test(size=(40, 5)) as pilot:
        app.query_one(Entry).open("Duty:", "40", replaces=True)
        await pilot.press(*keys, "enter")
        await pilot.pause()
        assert app.submitted == [value]


async def test_a_long_line_shows_its_end_and_the_cursor() -> None:
    app = EntryApp()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.press(*"abcdefghijklmnopqrstuvwxyz")
        entry = app.query_one(Entry)
        line = entry.render_line(0)
        assert line.cell_length == 20
        assert line.text.rstrip().endswith("z")


async def test_a_long_prompt_leaves_a_gap_and_room_for_what_is_typed() -> None:
    app = EntryApp()
    async with app.run_test(size=(80, 5)) as pilot:
        entry = app.query_one(Entry)
        entry.open("Idle speed adjustment (-100 ... 100 1/min):", "0")
        await pilot.pause()
        assert "(-100 ... 100 1/min): 0" in entry.render_line(0).text
        entry.open("Adjustment of the idle speed while the engine is cold (-100 ... 100 1/min):", "0")
        assert entry.render_line(0).text.rstrip().endswith("… 0")


class PageApp(App[None]):
    """One page of text."""

    def compose(self) -> ComposeResult:
        yield TextPage()


async def test_a_long_text_is_paged_and_says_that_it_goes_on() -> None:
    app = PageApp()
    async with app.run_test(size=(40, 5)) as pilot:
        page = app.query_one(TextPage)
        page.show([Paragraph(text=f"line {n}") for n in range(20)])
        await pilot.pause()
        assert page.position == "1-5/20"
        assert page.render_line(4).text.endswith("…")
        page.page(1)
        assert page.position == "5-9/20"
        page.last()
        assert page.position == "16-20/20"
        assert not page.render_line(4).text.endswith("…")
        page.first()
        assert page.render_line(0).text.strip() == "line 0"


async def test_labels_stand_in_a_column() -> None:
    app = PageApp()
    async with app.run_test(size=(24, 6)) as pilot:
        page = app.query_one(TextPage)
        page.show([Paragraph(label="Cause", label_width=6, text="a cable is broken off")])
        await pilot.pause()
        assert page.text.split("\n") == ["Cause   a cable is", "        broken off"]


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (32, ["State  1   it fails now", "Count  1"]),
        (22, ["State  1", "Count  1", "it fails now"]),
    ],
)
async def test_two_blocks_stand_side_by_side_where_both_fit(columns: int, lines: list[str]) -> None:
    app = PageApp()
    async with app.run_test(size=(columns, 6)) as pilot:
        page = app.query_one(TextPage)
        facts = tuple(Paragraph(label=name, label_width=5, text="1") for name in ("State", "Count"))
        page.show([SideBySide(left=facts, right=(Paragraph(text="it fails now"),))])
        await pilot.pause()
        assert page.text.split("\n") == lines


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (30, "Door control unit, front right"),
        (29, "Door control un…, front right"),
        (18, "Door…, front right"),
        (17, "Door control uni…"),
    ],
)
def test_the_end_that_tells_one_from_the_other_is_kept(width: int, shown: str) -> None:
    assert cut_before_end("Door control unit, front right", width) == shown


async def test_the_mark_goes_from_one_list_to_the_other_with_the_keys() -> None:
    async with TwoTables().run_test(size=(40, 8)) as pilot:
        first, second = pilot.app.query_one("#first", Table), pilot.app.query_one("#second", Table)
        for table in (first, second):
            table.styles.height = 3
            table.show((Column(title="A", width=10),), [Row(key=0, cells=("a",))])
        pilot.app.set_focus(None)
        await pilot.pause()
        second.focus()
        await pilot.pause()
        seen = [strip.text[:1] for strip in pilot.app.screen._compositor.render_strips()]
        assert (seen[1], seen[4]) == ("·", ">")

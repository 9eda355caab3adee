"""The quick test: all control units at once, row by row as they answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.model.report import QuickTestReport, UnitState
from workshop_console.i18n import formats
from workshop_console.i18n.explain import unit_state_text
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.box import Choice
from workshop_console.screens.faults import ask_and_clear
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.resting import RestingScreen
from workshop_console.screens.saving import save_report
from workshop_console.screens.session import QUICK_TEST, UnitRow
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import (
    STATE_TONES,
    UnitView,
    change_text,
    state_words,
    variant_text,
    why,
    why_and_how_long,
)
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, PLAIN, WARNING

_NO_VALUES = (UnitState.SILENT, UnitState.ERROR, UnitState.REFUSED)


class QuickTest(RestingScreen, FilteredScreen):
    """Rows of the test that runs or ran; one of a kept report when `report` is given."""

    handles = ("start", "open", "filter", "faults_only", "mark", "clear", "save")
    words: ClassVar = {
        "start": (mark("Start"), mark("Start the quick test; afterwards run it again, or only what failed.")),
        "back": (mark("Back"), mark("Back; while the test runs it asks whether to cancel it.")),
        "mark": (mark("Mark"), mark("Mark control units, to test only these again.")),
        "clear": (mark("Clear"), mark("Clear the fault memory of the current unit, or of all; asks first.")),
        "save": (mark("Save"), mark("Save the test as a file to print (HTML) or to pass on (JSON).")),
    }

    def __init__(self, report: QuickTestReport | None = None) -> None:
        super().__init__()
        self._kept = report

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the screen, and what came out."""
        return f" {glyphs().dot} ".join([self.name_text(), *self._result()])

    def name_text(self) -> str:
        """Return the name of the screen."""
        if self._kept is not None:
            return _("Quick test of {time}").format(time=formats.moment(self._kept.started))
        return _("Quick test")

    def _result(self) -> list[str]:
        """Return what came out of the test that ended, in a few words."""
        if self._report is None or self.session.running == QUICK_TEST:
            return []
        # As the rows are now: fault memories may have been cleared since.
        states = [row.result.state for row in self._all_rows() if row.result is not None]
        faults = sum(state is UnitState.FAULTS for state in states)
        unread = sum(state in _NO_VALUES for state in states)
        parts = [ngettext("{n} with faults", "{n} with faults", faults).format(n=faults)] if faults else []
        parts += [ngettext("{n} not read", "{n} not read", unread).format(n=unread)] if unread else []
        return parts or [_("all in order")]

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for and what its columns mean."""
        return _(
            "All control units are asked at once. Before the variant: = a pattern of the description held, "
            "1 it is the only variant, ? none fitted. Current: faults that are there now; stored: faults "
            "that were there. Change: against the first test of this vehicle, + new, - gone, ? not read then."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start":
            if self._kept is not None:
                return _("this is a kept report")
            if self.session.running == QUICK_TEST:
                return _("the quick test is running")
        if command_id == "mark" and self._kept is not None:
            return _("this is a kept report")
        if command_id == "clear":
            if self._kept is not None:
                return _("this is a kept report")
            if self.session.running:
                return _("something still runs")
        if command_id == "save" and self._report is None:
            return _("there is no finished test")
        if command_id in ("open", "mark", "filter", "faults_only", "clear") and not self._all_rows():
            return _("there are no rows yet")
        return ""

    @property
    def _report(self) -> QuickTestReport | None:
        return self._kept if self._kept is not None else self.session.units.report

    def _all_rows(self) -> list[UnitRow]:
        if self._kept is not None:
            return [
                UnitRow(key=str(unit.address), name=unit.name, label=unit.label, result=unit)
                for unit in self._kept.units
            ]
        return list(self.session.units.rows.values())

    def draw(self) -> None:
        """Draw the rows that the filter lets through."""
        columns = (
            Column(title=_("State"), width=15, grow=1),
            Column(title=_("Control unit"), width=27, grow=3, keeps_end=True),
            Column(title=_("Variant"), width=11, grow=2, rank=1),
            Column(title=_("Hardware"), width=10, rank=3),
            Column(title=_("Software"), width=19, rank=2),
            Column(title=_("Curr."), width=5, right=True),
            Column(title=_("Stor."), width=5, right=True),
            Column(title=_("Chg."), width=5, right=True),
            Column(title=_("Time"), width=6, right=True, rank=4),
            Column(title=_("Retr."), width=5, right=True, rank=5),
        )
        rows = [self._row(row) for row in self._all_rows() if self._passes(row)]
        self.query_one(Table).show(columns, rows, empty=self._nothing())

    def _nothing(self) -> str:
        if self._all_rows():
            return _("No row fits the filter.")
        if self.session.running == QUICK_TEST:
            return job_text(self.session)
        return _("F5 starts the quick test.") if self._kept is None else _("This report has no rows.")

    def _passes(self, row: UnitRow) -> bool:
        result = row.result
        if self.only_faults and not (result and (result.current or result.remembered)):
            return False
        texts = [row.name, row.label, row.key]
        if result is not None:
            texts += [result.variant, result.hardware, result.software, unit_state_text(result.state)]
            texts += [fault.code for fault in result.faults]
        return self.passes(*texts)

    def _row(self, row: UnitRow) -> Row:
        marked = self._kept is None and row.key in self.session.units.marked
        name, result = row.label or row.name, row.result
        if result is None:
            waiting = _("waiting") if self.session.running == QUICK_TEST else _("not asked")
            return Row(key=row.key, cells=(waiting, name), marked=marked)
        state, tone = state_words(result), STATE_TONES[result.state]
        if result.state in _NO_VALUES and not result.faults:
            return Row(
                key=row.key,
                cells=(state, name),
                tones=(tone,),
                marked=marked,
                tail=why_and_how_long(result),
                tail_from=2,
            )
        first = self.session.units.first if self._kept is None else None
        cells = (
            state,
            name,
            variant_text(result),
            result.hardware,
            result.software,
            formats.number(result.current) if result.current else "",
            formats.number(result.remembered) if result.remembered else "",
            change_text(result, first, self.session.units.report),
            formats.duration_ms(result.time_ms),
            formats.number(result.retries) if result.retries else "",
        )
        current: Style = BAD if result.current else PLAIN
        stored: Style = WARNING if result.remembered else PLAIN
        return Row(
            key=row.key,
            cells=cells,
            tones=(tone, PLAIN, PLAIN, PLAIN, PLAIN, current, stored),
            marked=marked,
        )

    def status_text(self) -> str:
        """Say how far the test is, or what is behind the current row."""
        if text := job_text(self.session):
            return text
        if not self.rests:
            return ""  # it is told once the cursor rests
        key = self.query_one(Table).cursor_key
        row = next((row for row in self._all_rows() if row.key == key), None)
        if row is None or row.result is None:
            return ""
        if reason := why(row.result):
            return f"{row.name} {row.key}: {reason}"
        # What the columns of a narrow terminal leave out.
        parts = [f"{row.name} {row.key}"]
        parts += [f"HW {row.result.hardware}"] if row.result.hardware else []
        parts += [f"SW {row.result.software}"] if row.result.software else []
        if retries := row.result.retries:
            parts.append(_("retries: {n}").format(n=formats.number(retries)))
        return "  ".join(parts)

    # Commands

    def do_start(self) -> None:
        """Start, or ask what to run again."""
        units = self.session.units
        failed, marked = units.failed, tuple(key for key in units.rows if key in units.marked)
        if units.report is None or not (failed or marked):
            self._run(())
            return

        def answers() -> dict[str, str]:
            texts = {"a": _("All control units")}
            if failed:
                texts["f"] = ngettext(
                    "Only the {n} that failed", "Only the {n} that failed", len(failed)
                ).format(n=len(failed))
            if marked:
                texts["m"] = ngettext("Only the {n} marked", "Only the {n} marked", len(marked)).format(
                    n=len(marked)
                )
            return texts

        def answered(answer: str | None) -> None:
            if answer:
                self._run({"a": (), "f": failed, "m": marked}[answer])

        self.console.show_screen(Choice(lambda: _("Run the quick test again?"), answers), answered)

    def _run(self, only: tuple[str, ...]) -> None:
        workshop, previous = self.session.workshop, self.session.units.report if only else None
        job = self.console.start_job(
            QUICK_TEST,
            lambda cancellation: workshop.quick_test(cancellation=cancellation, only=only, previous=previous),
        )
        if job is not None:
            self.session.begin_quick_test(only)
            self.redraw()

    def do_back(self) -> None:
        """Go back; while the test runs, ask what shall become of it."""
        if self.close_filter():
            return
        if self.session.running != QUICK_TEST or self._kept is not None:
            super().do_back()
            return

        def answers() -> dict[str, str]:
            return {
                "c": _("Cancel the test; what was read stays"),
                "b": _("Go back; the test goes on"),
            }

        def answered(answer: str | None) -> None:
            if answer == "c" and self.session.job is not None:
                self.session.job.cancel()
            elif answer == "b":
                self.dismiss()

        self.console.show_screen(Choice(lambda: _("The quick test is running."), answers), answered)

    def do_mark(self) -> None:
        """Mark the row, and go to the next."""
        table = self.query_one(Table)
        if table.cursor_key is not None and self._kept is None:
            self.session.units.marked ^= {str(table.cursor_key)}
            table.move(1)
            self.redraw()

    def do_clear(self) -> None:
        """Ask which memories, then whether really."""
        key = str(self.query_one(Table).cursor_key)
        rows = {row.key: row for row in self._all_rows()}
        row = rows.get(key)
        if row is None:
            return
        name = row.label or row.name

        def answers() -> dict[str, str]:
            return {"1": name, "2": _("All control units")}

        def answered(answer: str | None) -> None:
            asked = {"1": [row], "2": list(rows.values())}.get(answer or "", [])
            faults = sum(len(one.result.faults) for one in asked if one.result)
            if asked:
                ask_and_clear(self.console, (key,) if answer == "1" else (), lambda: name, faults)

        self.console.show_screen(Choice(lambda: _("Clear which fault memory?"), answers), answered)

    def do_save(self) -> None:
        """Save the finished test."""
        if (report := self._report) is not None:
            save_report(self.console, report)

    def open_row(self, key: Hashable) -> None:
        """Open the control unit."""
        from workshop_console.screens.control_unit import ControlUnit

        self.console.show_screen(ControlUnit(UnitView(key=str(key), report=self._kept)))

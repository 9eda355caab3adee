"""The guided tests: those for faults of the vehicle first, then all others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.dtc import Fault, FaultState
from workshop_console.console.model.guided import GuidedTest
from workshop_console.i18n import formats
from workshop_console.i18n.explain import fault_state_text
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.console_port import Console
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.session import QUICK_TEST, Session
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import FAULT_TONES
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import PLAIN

_URGENCY = (FaultState.CURRENT, FaultState.PENDING, FaultState.STORED, FaultState.NOT_TESTED)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A test that can be begun for one control unit."""

    test: GuidedTest
    unit: str
    """Address of the control unit as text; its SHORT-NAME where no vehicle was read."""
    unit_label: str
    fault: Fault | None = None
    """The fault of the vehicle that it is for."""

    @property
    def key(self) -> str:
        """What identifies the row."""
        return f"{self.test.key} {self.unit}"


def offers(session: Session) -> list[Offer]:
    """Return the tests for faults of the vehicle, then the others, for the units that they are made for."""
    tests = session.workshop.guided_tests.tests()
    fitting, others = [], []
    for test in tests:
        found = list(_at_the_vehicle(session, test))
        fitting += [offer for offer in found if offer.fault is not None]
        others += [offer for offer in found if offer.fault is None]
        if not session.units.rows:
            others += [Offer(test=test, unit=unit, unit_label=unit) for unit in test.units]
    fitting.sort(key=lambda offer: _URGENCY.index(offer.fault.state) if offer.fault else 0)
    return [*fitting, *others]


def _at_the_vehicle(session: Session, test: GuidedTest) -> Iterator[Offer]:
    for row in session.units.rows.values():
        if row.name not in test.units:
            continue
        faults = row.result.faults if row.result else ()
        fault = next((fault for fault in faults if test.fits(row.name, fault.code)), None)
        yield Offer(test=test, unit=row.key, unit_label=row.label or row.name, fault=fault)


def open_guided_test(console: Console, offer: Offer) -> None:
    """Open the screen of a test."""
    from workshop_console.screens.guided_test import GuidedTestWalk

    console.show_screen(GuidedTestWalk(offer))


class GuidedTestList(ListSheet, FilteredScreen):
    """Lists the tests; a mark stands before those that fit a fault of the vehicle."""

    handles = ("open", "start", "filter", "faults_only")
    words: ClassVar = {
        "start": (mark("Quick test"), mark("Run the quick test, which finds control units and faults.")),
        "faults_only": (mark("Fitting"), mark("Show only tests for faults of the vehicle, or all again.")),
    }

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Guided tests")

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "A guided test leads from a fault to its cause by questions, values and actuations. Those for "
            "faults of the last quick test stand first and are marked with *."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start" and self.session.running:
            return _("something still runs")
        return ""

    def prepare(self) -> None:
        """Read the tests anew: one of the workshop's own may have been changed."""
        self.session.workshop.guided_tests.reload()

    def begin(self) -> None:
        """Tell which files cannot be used."""
        for problem in self.session.workshop.guided_tests.problems:
            self.console.tell(problem)

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Code"), width=9),
            Column(title=_("State"), width=11, rank=1),
            Column(title=_("Guided test"), width=32, grow=1),
            Column(title=_("Control unit"), width=30, grow=1, keeps_end=True),
        )
        rows = []
        for offer in offers(self.session):
            fault = offer.fault
            code = fault.code if fault else offer.test.codes[0]
            state = fault_state_text(fault.state) if fault else ""
            title = _(offer.test.title)
            if (self.only_faults and fault is None) or not self.passes(code, title, offer.unit_label):
                continue
            rows.append(
                Row(
                    key=offer.key,
                    cells=(code, state, title, offer.unit_label),
                    tones=(PLAIN, FAULT_TONES[fault.state] if fault else PLAIN),
                    marked=fault is not None,
                )
            )
        empty = (
            _("No row fits the filter.") if self.filter_words else _("No test fits a fault of the vehicle.")
        )
        self.query_one(Table).show(columns, rows, empty=empty)

    def status_text(self) -> str:
        """Say what runs, or how many tests fit."""
        if text := job_text(self.session):
            return text
        if not self.session.units.rows:
            return ""
        count = sum(offer.fault is not None for offer in offers(self.session))
        return ngettext(
            "{n} test fits a fault of the vehicle", "{n} tests fit faults of the vehicle", count
        ).format(n=formats.number(count))

    def hint_text(self) -> str:
        """Say what the quick test is good for, while there was none."""
        there = bool(self.session.units.rows)
        return "" if there else _("F5 runs the quick test; then the tests for its faults stand first.")

    def do_start(self) -> None:
        """Run the quick test here."""
        workshop = self.session.workshop
        job = self.console.start_job(
            QUICK_TEST, lambda cancellation: workshop.quick_test(cancellation=cancellation)
        )
        if job is not None:
            self.session.begin_quick_test()
            self.redraw()

    def open_row(self, key: Hashable) -> None:
        """Open a test."""
        offer = next((offer for offer in offers(self.session) if offer.key == key), None)
        if offer is not None:
            open_guided_test(self.console, offer)

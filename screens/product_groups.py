"""The first screen: the product groups and their remaining time credit."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.credit import GROUPS, CreditReport, GroupCredit, ProductGroup
from workshop_console.i18n.explain import group_name
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.status import job_name
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, GOOD, PLAIN


class ProductGroups(ConsoleScreen[None]):
    """Lists the groups of the edition; drawn from the store at once, then the access server is asked."""

    handles = ("open", "start")
    words: ClassVar = {"start": (mark("Ask again"), mark("Ask the access server for the credit again."))}
    chooses = True

    def body(self) -> Iterable[Widget]:
        """Return the list."""
        yield Table()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Product groups")

    def title_right(self) -> str:
        """Return where the figures come from and how old they are."""
        from workshop_console.i18n import formats

        credit = self.session.credit
        if credit is None or not credit.kept:
            return ""
        if credit.online:
            return _("as of now")
        if credit.as_of is None:
            return _("never asked yet")
        age = formats.age(credit.as_of, self.session.workshop.clock.now())
        return _("from the store, {age}").format(age=age)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Each product group has its own time credit. A packet begins with the first diagnosis function "
            "and runs by the clock. Opening a group spends nothing."
        )

    def on_mount(self) -> None:
        """Draw from the store, then ask the access server beside the screen."""
        self.session.credit = self.session.workshop.desk.known()
        super().on_mount()
        self.query_one(Table).move_to(self.session.workshop.group)
        self.call_after_refresh(self.console.ask_credit)

    def draw(self) -> None:
        """List the groups."""
        session = self.session
        columns = (
            Column(title="", width=2),
            Column(title=_("Product group"), width=22, grow=1),
            Column(title=_("Remaining credit"), width=24, grow=1),
            Column(title=_("Packet"), width=26, grow=1),
        )
        rows = []
        for number, group in enumerate(GROUPS[session.workshop.edition], start=1):
            cells = (str(number), group_name(group), *self._credit(session.credit, group))
            tone = PLAIN
            if session.credit is not None and session.credit.kept:
                minutes = session.credit.of(group).minutes
                tone = PLAIN if minutes is None else GOOD if minutes else BAD
            rows.append(Row(key=group, cells=cells, tones=(PLAIN, PLAIN, tone)))
        self.query_one(Table).show(columns, rows)

    def _credit(self, report: CreditReport | None, group: ProductGroup) -> tuple[str, str]:
        from workshop_console.i18n import formats

        if report is None:
            return _("not known"), ""
        if not report.kept:
            return _("no credit kept"), ""
        credit = report.of(group)
        if credit.minutes is None:
            return _("not known"), ""
        if not credit.minutes and not credit.until:
            return (_("none: used up"), "") if credit.ever else (_("none: never bought"), "")
        return formats.minutes(credit.minutes), self._packet(credit)

    def _packet(self, credit: GroupCredit) -> str:
        from workshop_console.i18n import formats

        if credit.begun is None or credit.until is None:
            return _("not begun")
        return _("runs until {time}").format(
            time=formats.until(credit.until, self.session.workshop.clock.now())
        )

    def do_back(self) -> None:
        """There is nothing behind the first screen."""
        self.console.say(lambda: _("This is the first screen."))

    def do_start(self) -> None:
        """Ask the access server again."""
        self.console.say(lambda: _("Asking the access server …"))
        self.console.ask_credit()

    def open_row(self, key: Hashable) -> None:
        """Open a group; its menu shows 2173-43, -42 or -44."""
        from workshop_console.screens.group_menu import GroupMenu

        group = ProductGroup(str(key))
        if self.session.running and group is not self.session.workshop.group:
            running = self.session.running
            self.console.say(lambda: _("Something still runs: {job}.").format(job=job_name(running)))
            return
        self.console.show_screen(GroupMenu(group))

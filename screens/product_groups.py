"""The first screen: the product groups and their remaining time credit."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.model.credit import GROUPS, CreditReport, GroupCredit, ProductGroup
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.status import group_name, job_name
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
            "and runs by the clock until the time shown. Opening a group spends nothing."
        )

    def prepare(self) -> None:
        """Take what the store knows."""
        if self.session.credit is None:
            self.session.credit = self.session.workshop.desk.known()

    def begin(self) -> None:
        """Ask the access server beside the screen, once the first drawing is there."""
        self.query_one(Table).move_to(self.session.workshop.line.group)
        self.call_after_refresh(self.console.ask_credit)

    def draw(self) -> None:
        """List the groups."""
        session = self.session
        columns = (
            Column(title="", width=1),
            Column(title=_("Product group"), width=28, grow=1),
            Column(title=_("Minutes"), width=8, right=True),
            Column(title=_("Remaining credit"), width=18, grow=1),
            Column(title=_("Packet until"), width=18),
        )
        rows = []
        for number, group in enumerate(GROUPS[session.workshop.edition], start=1):
            minutes, words, packet = self._credit(session.credit, group)
            tone = BAD if minutes == "0" else GOOD if minutes else PLAIN
            rows.append(
                Row(
                    key=group,
                    cells=(str(number), group_name(group), minutes or "-", words, packet),
                    tones=(PLAIN, PLAIN, tone, tone),
                )
            )
        self.query_one(Table).show(columns, rows)

    def _credit(self, report: CreditReport | None, group: ProductGroup) -> tuple[str, str, str]:
        """Return minutes, the same in hours and days (or why there are none), and the packet's end."""
        from workshop_console.i18n import formats

        if report is None or not report.kept:
            return "", _("not known") if report is None else _("no credit kept"), ""
        credit = report.of(group)
        if credit.minutes is None:
            return "", _("not known"), ""
        if not credit.minutes and not credit.until:
            return "0", _("used up") if credit.ever else _("never bought"), ""
        return (
            formats.number(credit.minutes),
            formats.longer_than_minutes(credit.minutes),
            self._packet(credit),
        )

    def _packet(self, credit: GroupCredit) -> str:
        from workshop_console.i18n import formats

        if credit.begun is None or credit.until is None:
            return _("not begun")
        return formats.moment(credit.until)

    def do_back(self) -> None:
        """There is nothing behind the first screen."""
        self.console.say(lambda: _("This is the first screen."))

    def do_start(self) -> None:
        """Ask the access server again."""
        self.console.say(lambda: _("Asking the access server …"))
        self.console.ask_credit(asked_for=True)

    def open_row(self, key: Hashable) -> None:
        """Open a group; its menu shows 2173-43, -42 or -44."""
        from workshop_console.screens.group_menu import GroupMenu

        group = ProductGroup(str(key))
        if self.session.running and group is not self.session.workshop.line.group:
            running = self.session.running
            self.console.say(lambda: _("Something still runs: {job}.").format(job=job_name(running)))
            return
        self.console.show_screen(GroupMenu(group))

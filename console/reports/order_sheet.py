"""The order report as texts: the vehicle, its tests side by side, and everything that was done to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workshop_console.console.model.kept import OrderEntry
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.model.order import Order
from workshop_console.console.model.report import Change, QuickTestReport, ReportComparison, UnitState
from workshop_console.console.reports.blocks import Block, Facts, Grid, Heading, Sheet, Text
from workshop_console.console.reports.page import vehicle_facts
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _

_LONGEST_HEX_BYTES = 1_024
"""Of a request or answer on paper; JSON has all of it."""
_NO_ANSWER = (UnitState.SILENT, UnitState.ERROR, UnitState.REFUSED)


def order_sheet(order: Order, messages: Sequence[NumberedMessage] = ()) -> Sheet:
    """Return the order report, in the language chosen; `messages` are the order's in that language."""
    title = f"{_('Order report')} {order.vehicle.vin}".strip()
    return Sheet(title=title, blocks=tuple(_blocks(order, messages)), author=order.who)


def _blocks(order: Order, messages: Sequence[NumberedMessage]) -> Iterator[Block]:
    since = formats.moment(order.since) if order.since else ""
    yield Facts(
        facts=(
            *vehicle_facts(order.vehicle),
            (_("Printed"), formats.moment_to_the_second(order.printed)),
            (_("By"), order.who),
            (_("Only from"), since),
        )
    )
    yield Heading(text=_("Quick tests"))
    for message in messages:
        yield Text(text=f"{message.number}  {message.title}", bad=True)
        yield Text(text=message.cause)
    yield from _tests(order)
    yield Heading(text=_("What was done"))
    if not order.entries:
        yield Text(text=_("Nothing was written to this vehicle."))
        return
    yield _overview(order.entries)
    for number, entry in enumerate(order.entries, start=1):
        yield Heading(text=f"{number}.  {explain.entry_text(entry)}", level=3)
        yield from _entry(entry)


def _tests(order: Order) -> Iterator[Block]:
    if order.first is None:
        if not order.messages:
            yield Text(text=_("No quick test of this vehicle is kept."))
        return
    named = [(_("First test"), order.first)]
    if order.last is not None:
        named.append((_("Last test"), order.last))
    yield Grid(
        titles=(_("Test"), _("Date"), _("Report"), _("Control units"), _("No answer"), _("Faults"), _("VCI")),
        rows=tuple(
            (
                name,
                formats.moment_to_the_second(test.started),
                str(test.report_id or ""),
                str(len(test.units)),
                str(sum(unit.state in _NO_ANSWER for unit in test.units)),
                str(sum(len(unit.faults) for unit in test.units)),
                test.vci,
            )
            for name, test in named
        ),
        classes=("k", "k", "n", "n", "n", "n", ""),
        widths=(2.2, 3.2, 1.6, 2, 2, 1.5, 4),
    )
    for name, test in named:
        if not test.complete:
            yield Text(text=f"{name}: {_('The test is not complete.')}", bad=True)
    if order.comparison is None:
        yield Text(text=_("There is one test only, so nothing can be compared."))
        yield _faults(order.first)
    else:
        yield from _comparison(order.comparison)


def _faults(test: QuickTestReport) -> Block:
    rows = tuple(
        (
            unit.label or unit.name,
            fault.code,
            explain.fault_text(fault),
            explain.fault_state_text(fault.state),
        )
        for unit in test.units
        for fault in unit.faults
    )
    if not rows:
        return Text(text=_("No faults."))
    return Grid(
        titles=(_("Control unit"), _("Code"), _("Fault"), _("State")),
        rows=rows,
        classes=("", "code", "", ""),
        widths=(3, 1.8, 7, 2),
    )


def _comparison(comparison: ReportComparison) -> Iterator[Block]:
    if not comparison.same_vin:
        yield Text(text=_("The reports are not of the same vehicle, or one has no VIN."), bad=True)
    rows: list[tuple[str, ...]] = []
    new: set[tuple[int, int]] = set()
    for unit in comparison.units:
        for change in unit.changes:
            fault = change.after or change.before
            if fault is not None:
                if change.change is Change.NEW:
                    new.add((len(rows), 1))
                rows.append(
                    (
                        unit.label or unit.name,
                        explain.change_text(change.change),
                        fault.code,
                        explain.fault_text(fault),
                        explain.fault_state_text(change.before.state) if change.before else "-",
                        explain.fault_state_text(change.after.state) if change.after else "-",
                    )
                )
    if rows:
        yield Grid(
            titles=(
                _("Control unit"),
                _("Change"),
                _("Code"),
                _("Fault"),
                _("First test"),
                _("Last test"),
            ),
            rows=tuple(rows),
            classes=("", "", "code", "", "", ""),
            widths=(3, 1.8, 1.9, 6, 2, 2),
            bad=frozenset(new),
        )
    else:
        yield Text(text=_("No faults, neither in the first test nor in the last."))
    if unread := [unit.label or unit.name for unit in comparison.units if not unit.comparable]:
        text = _("Not read in both tests, so nothing is known of a change: {units}")
        yield Text(text=text.format(units=", ".join(unread)))


def _overview(entries: tuple[OrderEntry, ...]) -> Grid:
    return Grid(
        titles=(_("No."), _("Date"), _("Control unit"), _("What was done"), _("Result")),
        rows=tuple(
            (
                str(number),
                formats.moment_to_the_second(entry.time),
                entry.unit,
                explain.entry_text(entry),
                explain.short_outcome_text(entry.outcome),
            )
            for number, entry in enumerate(entries, start=1)
        ),
        classes=("n", "k", "", "", ""),
        widths=(0.8, 3.2, 3.4, 5.6, 2.4),
        bad=frozenset((row, 4) for row, entry in enumerate(entries) if entry.outcome != "done"),
    )


def _entry(entry: OrderEntry) -> Iterator[Block]:
    yield Facts(
        facts=(
            (_("Date"), formats.moment_to_the_second(entry.time)),
            (_("Control unit"), f"{entry.unit}  {entry.address}".strip()),
            (_("Result"), explain.outcome_text(entry.outcome)),
            (_("Request"), hex_text(entry.request)),
            (_("Answer"), hex_text(entry.answer)),
            (_("By"), entry.who),
        )
    )
    if details := explain.entry_details(entry):
        yield Grid(titles=(_("Name"), _("Value")), rows=tuple(details), classes=("", ""), widths=(5, 11))


def hex_text(payload: bytes) -> str:
    """Return bytes as pairs of hexadecimal digits; of very many only the first, and how many there are."""
    shown = payload[:_LONGEST_HEX_BYTES].hex(" ").upper()
    if len(payload) > _LONGEST_HEX_BYTES:
        shown += " … " + _("({n} bytes)").format(n=formats.number(len(payload)))
    return shown

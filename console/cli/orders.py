"""`orders`: the vehicles that something was done to, or the order of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import (
    BOLD,
    GREEN,
    RED,
    Column,
    colour,
    print_json,
    print_table,
    wrap,
)
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.kept import OrderVehicle
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.order import Order
from workshop_console.console.reports.order_document import order_document, vehicle_document
from workshop_console.console.reports.order_sheet import hex_text
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _

NO_VIN = "-"
"""Stands for the vehicles that told no VIN."""


def orders_command(
    session: Session, vin: str | None, *, since: str | None, html: str | None, pdf: str | None
) -> int:
    """List the vehicles, or print the order of one."""
    workshop = session.workshop
    session.tell(workshop.problems)
    if vin is None:
        if since or html or pdf:
            raise ConsoleError("WC-103", detail="orders VIN [--since DATE] [--html FILE] [--pdf FILE]")
        return _vehicles(session, workshop.orders.vehicles())
    if vin not in {vehicle.vin for vehicle in workshop.orders.vehicles()}:
        vin = "" if vin == NO_VIN else vin.upper()
    order = workshop.orders.order(vin, since=_day(since) if since else None)
    told = list(order.messages)
    for file, kind in ((html, "html"), (pdf, "pdf")):
        if file is not None:
            try:
                written = workshop.export(order, Path(file), kind)
            except ConsoleError as error:
                told.append(raised_by(error))
            else:
                told.append(RaisedMessage(number="WC-607", facts=(("file", clean(written)),)))
    if session.as_json:
        print_json(order_document(order, workshop.raised))
    else:
        print_order(order)
    session.tell(told)
    return worst(exit_code(message.number) for message in told)


def _day(text: str) -> datetime:
    """Return the beginning of a day (or a moment) where the workshop is. Raises ConsoleError WC-103."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ConsoleError("WC-103", detail=clean(f"--since {text}: YYYY-MM-DD")) from None


def _vehicles(session: Session, vehicles: Sequence[OrderVehicle]) -> int:
    if session.as_json:
        print_json({"vehicles": [vehicle_document(vehicle) for vehicle in vehicles]})
        return ExitCode.DONE
    if not vehicles:
        print(_("Nothing was written to a vehicle yet."))
        return ExitCode.DONE
    print_table(
        (
            Column(title=_("VIN"), least=17, most=17),
            Column(title=_("Vehicle model"), least=12, most=40),
            Column(title=_("Entries"), least=4, most=9, right=True),
            Column(title=_("Last"), least=14, most=20),
        ),
        [
            (
                vehicle.vin or NO_VIN,
                vehicle.vehicle_name,
                formats.number(vehicle.entries),
                formats.moment(vehicle.last),
            )
            for vehicle in vehicles
        ],
    )
    return ExitCode.DONE


def print_order(order: Order) -> None:
    """Print the vehicle, its tests in a line each, and what was done."""
    print(colour("  ".join(part for part in (order.vehicle.vin, order.vehicle.name) if part) or NO_VIN, BOLD))
    for name, test in ((_("First test"), order.first), (_("Last test"), order.last)):
        if test is not None:
            faults = sum(len(unit.faults) for unit in test.units)
            print(f"{name}: {formats.moment(test.started)}  {_('Faults')}: {faults}")
    for entry in order.entries:
        print()
        print(
            wrap(
                f"{formats.moment_to_the_second(entry.time)}  {entry.unit}  {explain.entry_text(entry)}",
                "  ",
                "",
            )
        )
        done = entry.outcome == "done"
        print(colour(wrap(explain.outcome_text(entry.outcome), "    ", "  "), GREEN if done else RED))
        for label, text in (
            (_("Request"), hex_text(entry.request)),
            (_("Answer"), hex_text(entry.answer)),
            (_("By"), entry.who),
            *explain.entry_details(entry),
        ):
            if text:
                print(wrap(f"{label}: {text}", "    ", "  "))

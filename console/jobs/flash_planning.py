"""Makes the plan of a flash job: what the units are, what the files are for, and whether it may be done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.awake import can_be_kept_awake
from workshop_console.console.jobs.finding import find_unit
from workshop_console.console.jobs.opened import open_units
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import CheckId, FlashCheck, FlashFile, FlashPlan, Light
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    FlashPlanned,
    Progress,
    ReportFinished,
    Step,
    StepBegan,
    VehicleIdentified,
)
from workshop_console.console.procedures.flash.checks import Candidate, judge
from workshop_console.console.procedures.flash.faults import bystanders_of
from workshop_console.console.procedures.quick_test import quick_test

if TYPE_CHECKING:
    from workshop_console.console.jobs.credit_desk import CreditDesk
    from workshop_console.console.model.report import QuickTestReport
    from workshop_console.console.ports import Catalogue, Clock, Coder, Records, VehicleLink

READOUT = "readout"
"""Kind of the kept quick test."""
_LEAST_FREE_BYTES = 16 * 1024 * 1024
"""On the disk beside the payloads: for the journal, and for everybody else."""


@dataclass(frozen=True, kw_only=True)
class PlanningDesk:
    """What planning needs beside the line."""

    catalogue: Catalogue
    coder: Coder
    records: Records
    credit: CreditDesk
    clock: Clock
    who: Callable[[], str]
    allowed: Callable[[], bool]
    """Whether this workplace may flash (settings)."""
    tester_address: int
    state: Path
    """The folder whose disk takes payloads and journal."""


def plan_flash(
    line: VehicleLine,
    desk: PlanningDesk,
    wanted: Sequence[tuple[str, FlashFile]],
    cancellation: Cancellation,
    *,
    pdx: Sequence[Path] = (),
    scan: bool = False,
) -> Iterator[Event]:
    """Judge what flashing would be; the last event is FlashPlanned. Run it inside `line.working()`.

    Raises ConsoleError WC-302 when a unit does not answer, WC-755 when one would get two files, and as
    open_units(), VehicleLine.prepare() and judge() do.
    """
    opened, link = yield from _opened(line, desk, wanted, cancellation, pdx, scan)
    if cancellation.requested:
        return
    report, readout = yield from _readout(line, desk, link, cancellation)
    if cancellation.requested or report is None:
        return
    yield StepBegan(step=Step.CHECKING_UNITS)
    targets = yield from judge(
        link,
        [
            Candidate(summary=u.summary, address=u.address, variant=u.variant, file=file, forms=u.forms)
            for u, (_name, file) in zip(opened, wanted, strict=True)
        ],
        desk.coder,
        cancellation,
        credit=_credit(line, desk),
        right=_right(desk),
        readout=readout,
        space=_space(desk, wanted),
        voltage_v=line.vehicle.voltage_v,
    )
    if cancellation.requested:
        return
    awake = _awake()
    targets = tuple(replace(target, checks=(*target.checks, awake)) for target in targets)
    units = line.choice.units if line.choice is not None else ()
    timings = {address: unit.timing for unit in units for address in unit.addresses}
    functional = {u.summary.functional_request for u in opened if u.summary.functional_request is not None}
    yield FlashPlanned(
        plan=FlashPlan(
            vin=line.vehicle.vin,
            vehicle_name=line.vehicle.name,
            vci=link.uri,
            vci_given=line.vci_named,
            who=desk.who(),
            targets=targets,
            readout=report.report_id or 0,
            functional_request=functional.pop() if len(functional) == 1 else None,
            tester_address=desk.tester_address,
            bystanders=bystanders_of(report, timings),
        )
    )


def _opened(
    line: VehicleLine,
    desk: PlanningDesk,
    wanted: Sequence[tuple[str, FlashFile]],
    cancellation: Cancellation,
    pdx: Sequence[Path],
    scan: bool,
) -> Generator[Event, None, tuple[list[OpenedUnit], VehicleLink]]:
    """Open the units in the order of `wanted`. Raises ConsoleError WC-302, WC-755."""
    names = [name or file.manifest.unit for name, file in wanted]
    link, choice = yield from line.prepare(cancellation, pdx=pdx, scan=scan)
    if cancellation.requested:
        return [], link
    link, found = yield from open_units(line, desk.coder, names, cancellation)
    if cancellation.requested:
        return [], link
    by_address = {unit.address: unit for unit in found}
    opened: list[OpenedUnit] = []
    for name in names:
        summary = find_unit(name, choice.units, link)
        unit = next((by_address[address] for address in summary.addresses if address in by_address), None)
        if unit is None:
            raise ConsoleError("WC-302", unit=clean(summary.label or summary.name), reason="no-answer")
        if unit in opened:
            raise ConsoleError("WC-755", unit=unit.summary.name)
        opened.append(unit)
    return opened, link


def _readout(
    line: VehicleLine, desk: PlanningDesk, link: VehicleLink, cancellation: Cancellation
) -> Generator[Event, None, tuple[QuickTestReport | None, FlashCheck]]:
    """Keep a quick test of the whole vehicle, and judge whether it is one."""
    choice = line.choice
    units = choice.units if choice is not None else ()
    report: QuickTestReport | None = None
    yield StepBegan(step=Step.SAVING)
    for event in quick_test(
        link,
        units,
        desk.catalogue,
        cancellation,
        clock=desk.clock,
        stopwatch=time.monotonic,
        vci=line.vci,
        vehicle=line.vehicle,
    ):
        if isinstance(event, VehicleIdentified):
            line.vehicle = event.vehicle
        if isinstance(event, ReportFinished):
            report = event.report
        elif isinstance(event, Progress):
            yield event
    if report is None or cancellation.requested:
        return None, FlashCheck(id=CheckId.READOUT, light=Light.RED)
    try:
        report = replace(report, report_id=desk.records.keep(report, kind=READOUT))
    except ConsoleError as error:
        return report, FlashCheck(id=CheckId.READOUT, light=Light.RED, message=raised_by(error))
    line.last_report = report
    return report, FlashCheck(
        id=CheckId.READOUT,
        light=Light.GREEN if report.complete else Light.YELLOW,
        value=str(report.report_id),
    )


def _credit(line: VehicleLine, desk: PlanningDesk) -> FlashCheck:
    """Judge the credit: opening the line took a lease already, so this asks nobody again while it runs."""
    try:
        lease = desk.credit.lease(line.group, line.vehicle.vin, simulated=line.simulated)
    except ConsoleError as error:
        return FlashCheck(id=CheckId.CREDIT, light=Light.RED, message=raised_by(error))
    until = lease.until.isoformat() if lease is not None else ""
    return FlashCheck(id=CheckId.CREDIT, light=Light.GREEN, value=until)


def _right(desk: PlanningDesk) -> FlashCheck:
    """Judge whether this workplace may flash."""
    if desk.allowed():
        return FlashCheck(id=CheckId.RIGHT, light=Light.GREEN, value=desk.who())
    return FlashCheck(id=CheckId.RIGHT, light=Light.RED, message=RaisedMessage(number="WC-752"))


def _awake() -> FlashCheck:
    """Say whether the job can keep the computer awake; where it cannot, that is no reason to stop."""
    message = None if can_be_kept_awake("flash") else RaisedMessage(number="WC-759")
    return FlashCheck(id=CheckId.AWAKE, light=Light.GREEN, message=message)


def _space(desk: PlanningDesk, wanted: Sequence[tuple[str, FlashFile]]) -> FlashCheck:
    """Judge whether the disk takes the payloads, the journal, and a rest."""
    needed = sum(file.manifest.stored for _name, file in wanted) + _LEAST_FREE_BYTES
    try:
        free = shutil.disk_usage(desk.state).free
    except OSError:
        free = 0
    mib = 1024 * 1024
    facts = (("free", free // mib), ("needed", -(-needed // mib)))
    enough = free >= needed
    return FlashCheck(
        id=CheckId.SPACE,
        light=Light.GREEN if enough else Light.RED,
        value=f"{free // mib} MiB",
        expected="" if enough else f"{-(-needed // mib)} MiB",
        message=None if enough else RaisedMessage(number="WC-756", facts=facts),
    )

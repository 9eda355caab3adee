"""What screens and the command line share: one vehicle, one line to it, one procedure at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditAnswer, CreditDesk
from workshop_console.console.jobs.simulated import SIMULATED, SimulatedVehicle
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import GROUPS, Edition, ProductGroup
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    MessageRaised,
    ReportFinished,
    Step,
    StepBegan,
    UnitsPlanned,
    VehicleIdentified,
)
from workshop_console.console.settings import Folders, Settings

if TYPE_CHECKING:
    from workshop_console.console.jobs.choice import UnitChoice
    from workshop_console.console.model.description import DescriptionSummary, UnitSummary
    from workshop_console.console.model.report import QuickTestReport, ReportComparison, ReportSummary
    from workshop_console.console.model.vehicle import DoipEntity
    from workshop_console.console.ports import (
        Catalogue,
        Clock,
        DescriptionImporter,
        Messages,
        Records,
        VehicleLink,
    )

    # What a job needs is imported when the first one starts: the first screen is waited for.


class ReportWriter(Protocol):
    """Makes a file's text of a report or a comparison."""

    def __call__(self, report: QuickTestReport | ReportComparison, kind: str, workshop: Workshop) -> str:
        """Return the text; `kind` is html or json."""


class Simulations(Protocol):
    """Starts simulated vehicles as children of this process."""

    def names(self) -> Sequence[str]:
        """Return the vehicles that ship."""

    def name_for(self, group: ProductGroup) -> str:
        """Return the vehicle that `sim://` without a name stands for in a product group."""

    def group(self, name: str) -> ProductGroup:
        """Return the product group of a vehicle. Raises ConsoleError WC-200 for a name that is none."""

    def start(self, name: str) -> SimulatedVehicle:
        """Start one, or return it when it runs. Raises ConsoleError WC-206."""

    def close(self) -> None:
        """End them."""


@dataclass(frozen=True, kw_only=True)
class ShippedDescription:
    """A description that ships with the console."""

    file: Path
    sha256: str
    vin_pattern: str
    vehicle_name: str


class Workshop:
    """The services behind screens and command line.

    Methods that return an iterator of events are jobs: run them through JobRunner, or in a loop. They take
    the lease, open the line and choose the control units themselves. Everything else returns at once, from
    the store. All of it may be called from any thread; jobs wait for each other.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        folders: Folders,
        lang: str,
        catalogue: Catalogue,
        records: Records,
        messages: Messages,
        desk: CreditDesk,
        clock: Clock,
        open_link: Callable[[str], VehicleLink],
        discover: Callable[[], Sequence[DoipEntity]],
        check_vci: Callable[[str], None],
        simulations: Simulations,
        importer: DescriptionImporter,
        fill: Callable[[NumberedMessage, Mapping[str, str | int | float]], NumberedMessage],
        write: ReportWriter,
        shipped: Callable[[str], ShippedDescription | None],
        group_chosen: bool = False,
        closing: Sequence[Callable[[], None]] = (),
        problems: Sequence[ConsoleError] = (),
    ) -> None:
        self.settings = settings
        self.folders = folders
        self.lang = lang
        """One of settings.LANGUAGES; set by the screens when the language is switched."""
        self.catalogue = catalogue
        self.records = records
        self.messages = messages
        self.desk = desk
        self.clock = clock
        self.group = settings.group
        """Product group that is worked in: leases are asked for it."""
        self.problems: tuple[RaisedMessage, ...] = tuple(map(raised_by, problems))
        """What was wrong at the start (settings, store): to show, not to stop for."""
        self.vehicle = VehicleIdentity()
        """What is known of the vehicle at the VCI."""
        self.choice: UnitChoice | None = None
        """The control units chosen for the vehicle at the VCI; None: not chosen yet."""
        self.last_report: QuickTestReport | None = None
        """The quick test of this vehicle that ran last."""
        self._open_link = open_link
        self._discover = discover
        self._check_vci = check_vci
        self._simulations = simulations
        self._importer = importer
        self._fill = fill
        self._write = write
        self._shipped = shipped
        self._closing = closing
        self._group_chosen = group_chosen
        self._vci = settings.vci
        self._link: VehicleLink | None = None
        self._one_job = threading.Lock()

    # -- settings of the session -------------------------------------------------------------------

    @property
    def edition(self) -> Edition:
        """Lite or Pass Thru."""
        return self.settings.edition

    @property
    def vci(self) -> str:
        """The VCI address in use, as given."""
        return self._vci

    @property
    def simulated(self) -> bool:
        """Whether the vehicle is a simulated one of this program."""
        return self._vci.startswith(SIMULATED)

    def open_group(self, group: ProductGroup) -> RaisedMessage | None:
        """Make `group` the one that is worked in and return 2173-43, -42 or -44 for it.

        None: this workshop keeps no credit.
        Raises ConsoleError WC-505 when the edition has no such group.
        """
        if group not in GROUPS[self.edition]:
            raise ConsoleError("WC-505", group=group.value)
        if self._vci == SIMULATED and self._simulations.name_for(group) != self._simulated_name():
            self.choose_vci(SIMULATED)  # the vehicle that runs is one of another group
        self.group = group
        self._group_chosen = True
        return self.desk.opening(group)

    def _simulated_name(self) -> str:
        return self._vci.removeprefix(SIMULATED).strip("/") or self._simulations.name_for(self.group)

    def simulated_vehicles(self) -> Sequence[str]:
        """Return the names that `sim://NAME` takes."""
        return self._simulations.names()

    def discover(self) -> Sequence[DoipEntity]:
        """Ask who speaks DoIP in the network; takes about a second."""
        return self._discover()

    def choose_vci(self, uri: str) -> None:
        """Use another VCI from now on; the line to the last one is closed.

        Raises ConsoleError WC-200 for an address that is none, WC-213 while a job runs on the last one.
        """
        uri = uri.strip()
        self._check_vci(uri)
        if not self._one_job.acquire(blocking=False):
            raise ConsoleError("WC-213", uri=self._vci)
        try:
            self._close_link()
            self._vci = uri
            self.vehicle = VehicleIdentity()
            self.choice = None
            self.last_report = None
        finally:
            self._one_job.release()

    def ask_credit(self) -> CreditAnswer:
        """Ask the access server for the credit, and fetch newer message texts while it is there."""
        answer = self.desk.ask()
        if answer.report.online:
            # The shipped texts stay in use when the newer ones cannot be had or kept.
            with suppress(ConsoleError):
                self.desk.refresh_messages(self.messages, self.lang)
        return answer

    # -- the line ----------------------------------------------------------------------------------

    def link(self) -> VehicleLink:
        """Return the line to the vehicle, opened now if it is not. Raises ConsoleError WC-2xx."""
        if self._link is not None and self._link.lost:
            self._close_link()
        if self._link is None:
            uri = self._vci
            if self.simulated:
                running = self._simulations.start(self._simulated_name())
                uri = running.uri
                self.vehicle = VehicleIdentity(vin=self.vehicle.vin, name=running.label)
            self._link = self._open_link(uri)
        return self._link

    def connect(self) -> VehicleIdentity:
        """Open the line, ask what it knows of the vehicle and return it. Raises ConsoleError WC-2xx."""
        with self._one_job:
            known = self.link().identity()
            self.vehicle = _more_known(self.vehicle, known)
            return self.vehicle

    def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def close(self) -> None:
        """End the line, the simulated vehicles and whatever else was started."""
        self._close_link()
        self._simulations.close()
        for close in self._closing:
            with suppress(Exception):  # one that fails to close must not keep the others open
                close()

    # -- jobs --------------------------------------------------------------------------------------

    def quick_test(
        self,
        *,
        cancellation: Cancellation | None = None,
        only: Iterable[str] = (),
        previous: QuickTestReport | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Ask all control units at once and keep the report; the last event is ReportFinished.

        `only` with `previous`: ask again just the units whose addresses (as text) are in `only`; the rest of
        the report is taken from `previous`. `pdx`: descriptions to import and use.
        """
        from workshop_console.console.procedures.quick_test import quick_test

        cancellation = cancellation or Cancellation()
        with self._one_job:
            link, choice = yield from self._prepare(cancellation, pdx=pdx, scan=scan)
            chosen = set(only)
            test = quick_test(
                link,
                choice.units,
                self.catalogue,
                cancellation,
                clock=self.clock,
                stopwatch=time.monotonic,
                vci=self._vci,
                vehicle=self.vehicle,
                messages=choice.messages,
                only=chosen or None,
                previous=previous,
            )
            for event in test:
                if isinstance(event, VehicleIdentified):
                    self.vehicle = event.vehicle
                if isinstance(event, ReportFinished):
                    yield from self._keep(event.report)
                else:
                    yield event

    def _keep(self, report: QuickTestReport) -> Iterator[Event]:
        """Keep the report; one that cannot be kept is shown all the same, with the reason."""
        try:
            if report.units:
                report = replace(report, report_id=self.records.keep(report))
        except ConsoleError as error:
            report = replace(report, messages=(*report.messages, raised_by(error)))
            yield MessageRaised(message=raised_by(error))
        self.last_report = report
        yield ReportFinished(report=report)

    def read_faults(
        self,
        names: Sequence[str] = (),
        *,
        details: bool = True,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Read the fault memories of the units called (or addressed) `names`, of all when empty."""
        from workshop_console.console.procedures.fault_memory import read_fault_memories

        cancellation = cancellation or Cancellation()
        with self._one_job:
            link, units = yield from self._units_called(names, cancellation, pdx=pdx, scan=scan)
            yield UnitsPlanned(units=units)
            yield from read_fault_memories(link, units, self.catalogue, cancellation, details=details)

    def clear(
        self,
        names: Sequence[str] = (),
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Clear the fault memories of the units called `names`, of all when empty.

        The caller has asked the mechanic. A readout is saved first; when that fails nothing is cleared
        (ConsoleError WC-608).
        """
        from workshop_console.console.procedures.clear_faults import clear_fault_memories

        cancellation = cancellation or Cancellation()
        with self._one_job:
            link, units = yield from self._units_called(names, cancellation, pdx=pdx, scan=scan)
            yield UnitsPlanned(units=units)
            yield from clear_fault_memories(
                link,
                units,
                self.catalogue,
                self.records,
                cancellation,
                clock=self.clock,
                stopwatch=time.monotonic,
                vci=self._vci,
                vehicle=self.vehicle,
            )

    def import_pdx(self, file: Path) -> Generator[Event, None, DescriptionSummary]:
        """Take a PDX into the store and return what it became. Raises ConsoleError WC-4xx, WC-60x."""
        from workshop_console.console.jobs.choice import not_all_used

        yield StepBegan(step=Step.IMPORTING, detail=clean(file.name))
        kept = self.import_file(file)
        if raised := not_all_used(kept):
            yield MessageRaised(message=raised)
        return kept

    def import_file(self, file: Path) -> DescriptionSummary:
        """Take a PDX into the store at once; takes seconds. Raises ConsoleError WC-4xx, WC-60x."""
        kept = self.catalogue.add(self._importer.read(file))
        self.choice = None
        return kept

    def _connect(self) -> Generator[Event, None, VehicleLink]:
        """Open the line, then take the lease: a loose plug costs no credit, and no unit is asked without."""
        self._check_vci(self._vci)
        if self.simulated and not self._group_chosen:
            self.group = self._simulations.group(self._simulated_name())
        if self.group not in GROUPS[self.edition]:
            raise ConsoleError("WC-505", group=self.group.value)
        if self.simulated and self._link is None:
            yield StepBegan(step=Step.STARTING_SIMULATION)
        yield StepBegan(step=Step.CONNECTING, detail=self._vci)
        link = self.link()
        yield StepBegan(step=Step.LEASING)
        self.desk.lease(self.group, self.vehicle.vin, simulated=self.simulated)
        return link

    def _prepare(
        self, cancellation: Cancellation, *, pdx: Sequence[Path] = (), scan: bool = False
    ) -> Generator[Event, None, tuple[VehicleLink, UnitChoice]]:
        """Open the line and choose the control units, or keep those that were chosen before."""
        from workshop_console.console.jobs.choice import choose_units

        files = []
        for file in pdx:
            files.append((yield from self.import_pdx(file)))
        link = yield from self._connect()
        if self.choice is None or files or scan:
            choice = yield from choose_units(
                link, self.catalogue, cancellation, files=files, scan_only=scan, ship=self._ship
            )
            for message in choice.messages:
                yield MessageRaised(message=message)
            self.vehicle = _more_known(
                VehicleIdentity(vin=choice.vin, name=choice.vehicle_name), self.vehicle, link.identity()
            )
            if choice.units and not cancellation.requested:
                self.choice = choice
        else:
            choice = self.choice
        yield VehicleIdentified(vehicle=self.vehicle)
        return link, choice

    def _ship(self, vin: str) -> Iterator[Event]:
        """Take the shipped description for this VIN into the store, once, and in place of an older one."""
        shipped = self._shipped(vin)
        if shipped is None:
            return
        kept = [d for d in self.catalogue.descriptions() if d.shipped and d.file == shipped.file.name]
        if any(description.sha256 == shipped.sha256 for description in kept):
            return
        yield StepBegan(step=Step.IMPORTING, detail=shipped.file.name)
        try:
            described = replace(
                self._importer.read(shipped.file),
                vin_pattern=shipped.vin_pattern,
                vehicle_name=shipped.vehicle_name,
            )
            self.catalogue.add(described, shipped=True)
        except ConsoleError as error:
            # The vehicle can be tested without it; the units are then found in another way.
            yield MessageRaised(message=raised_by(error))
            return
        for description in kept:
            self.catalogue.remove(description.key)

    def _units_called(
        self, names: Sequence[str], cancellation: Cancellation, *, pdx: Sequence[Path], scan: bool
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[UnitSummary, ...]]]:
        from workshop_console.console.jobs.choice import fits_vin, on_line
        from workshop_console.console.jobs.finding import find_unit
        from workshop_console.console.model.address import parse_address
        from workshop_console.console.procedures.vehicle import ask_vin

        addressed = [address for name in names if (address := parse_address(name))]
        if names and len(addressed) == len(names) and not pdx and not self.simulated and not scan:
            # Nothing needs choosing: the addresses say everything but the description.
            link = yield from self._connect()
            yield from self._ship(vin := ask_vin(link))
            fitting = [d for d in self.catalogue.descriptions() if not d.shipped or fits_vin(d, vin)]
            fitting.sort(key=lambda description: not fits_vin(description, vin))
            described = [unit for d in fitting for unit in on_line(self.catalogue.units(d.key), link.kind)]
            return link, tuple(find_unit(name, described, link) for name in names)
        link, choice = yield from self._prepare(cancellation, pdx=pdx, scan=scan)
        if not names:
            return link, choice.units
        return link, tuple(find_unit(name, choice.units, link) for name in names)

    # -- reports and messages ----------------------------------------------------------------------

    def reports(self, *, vin: str | None = None, kind: str | None = None) -> Sequence[ReportSummary]:
        """Return the kept reports, newest first."""
        return self.records.list(vin=vin, kind=kind)

    def report(self, report_id: int) -> QuickTestReport:
        """Return one kept report. Raises ConsoleError WC-606."""
        report = self.records.load(report_id)
        if report is None:
            raise ConsoleError("WC-606", report=report_id)
        return report

    def first_report(self, vin: str) -> QuickTestReport | None:
        """Return the first test of this vehicle, to show the change against."""
        return self.records.first(vin) if vin else None

    def compare(self, one: QuickTestReport, other: QuickTestReport) -> ReportComparison:
        """Return what is gone, new and still there; the older test counts as the first."""
        from workshop_console.console.procedures.compare import compare

        return compare(one, other)

    def export(self, report: QuickTestReport | ReportComparison, file: Path, kind: str = "html") -> Path:
        """Write a report or a comparison as `html` or `json` and return where.

        Raises ConsoleError WC-107 or WC-604; the file that was there before is then untouched.
        """
        from workshop_console.console.jobs.files import write_text

        return write_text(file, self._write(report, kind, self))

    def export_file(self, report: QuickTestReport | ReportComparison, kind: str = "html") -> Path:
        """Return a file name for F7 that is not taken yet."""
        from workshop_console.console.jobs.files import free_name
        from workshop_console.console.model.report import ReportComparison

        last = report.last if isinstance(report, ReportComparison) else report
        what = "comparison" if isinstance(report, ReportComparison) else "quick-test"
        folder = Path(self.settings.exports).expanduser() if self.settings.exports else self.folders.exports
        return free_name(folder, what, last.vehicle.vin, last.started, kind)

    def message(self, number: str, facts: Mapping[str, str | int | float] | None = None) -> NumberedMessage:
        """Return a message in the language of the session, its placeholders filled."""
        found = None
        with suppress(ConsoleError):  # a store in trouble must not hide what is to be said
            found = self.messages.get(number, lang=self.lang, edition=self.edition)
            if found is None:
                found = self.messages.get("WC-609", lang=self.lang, edition=self.edition)
                facts = {"number": clean(number)}
        if found is None:
            return NumberedMessage(
                number=clean(number), title=clean(number), when="", cause="", remedy=(), lang=self.lang
            )
        return self._fill(found, facts or {})

    def explained(self, words: str = "") -> Sequence[NumberedMessage]:
        """Return the messages that fit `words`, all without; what only an occasion knows reads "…".

        Raises ConsoleError when the store cannot be read.
        """
        if words:
            found = self.messages.search(words, lang=self.lang, edition=self.edition)
        else:
            found = self.messages.all(lang=self.lang, edition=self.edition)
        return [self._fill(message, {}) for message in found]

    def raised(
        self, messages: ConsoleError | RaisedMessage | Iterable[RaisedMessage]
    ) -> tuple[NumberedMessage, ...]:
        """Return what was raised, in the language of the session."""
        if isinstance(messages, ConsoleError):
            messages = raised_by(messages)
        if isinstance(messages, RaisedMessage):
            messages = (messages,)
        return tuple(self.message(message.number, dict(message.facts)) for message in messages)


def raised_by(error: ConsoleError) -> RaisedMessage:
    """Return the message that `error` is."""
    return RaisedMessage(number=error.number, facts=tuple(error.facts.items()))


def _more_known(*sources: VehicleIdentity) -> VehicleIdentity:
    """Return what the sources know together; earlier ones win."""
    return VehicleIdentity(
        vin=next((s.vin for s in sources if s.vin), ""),
        name=next((s.name for s in sources if s.name), ""),
        voltage_v=next((s.voltage_v for s in sources if s.voltage_v is not None), None),
    )

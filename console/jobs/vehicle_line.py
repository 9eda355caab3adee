"""One vehicle: the line to it, the lease for working on it, and which control units it has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditDesk
from workshop_console.console.jobs.simulated import SIMULATED, SimulatedVehicle
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import GROUPS, Edition, ProductGroup
from workshop_console.console.model.lean import dataclass
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    MessageRaised,
    Step,
    StepBegan,
    VehicleIdentified,
)

if TYPE_CHECKING:
    from workshop_console.console.jobs.choice import UnitChoice
    from workshop_console.console.jobs.description_files import DescriptionFiles
    from workshop_console.console.jobs.held_file import HeldFile
    from workshop_console.console.jobs.vci_lock import VciLock
    from workshop_console.console.model.description import (
        DescriptionSummary,
        ImportedDescription,
        UnitSummary,
    )
    from workshop_console.console.model.report import QuickTestReport
    from workshop_console.console.model.vehicle import DoipEntity
    from workshop_console.console.ports import Catalogue, DescriptionImporter, VehicleLink

    # What a job needs is imported when the first one starts: the first screen is waited for.


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

    def hand_on(self, name: str) -> tuple[SimulatedVehicle, int]:
        """Start one, and return the handle that keeps it running too. Raises ConsoleError WC-206."""

    def close(self) -> None:
        """End them."""


@dataclass(frozen=True, kw_only=True)
class ShippedDescription:
    """A description that ships with the console."""

    file: Path
    sha256: str
    vin_pattern: str
    vehicle_name: str


@dataclass(frozen=True, kw_only=True)
class GivenAway:
    """What another process needs to take a VCI over."""

    uri: str
    """What it opens."""
    handles: tuple[int, ...] = ()
    """To be inherited by it: they keep the simulated vehicle running."""


class VehicleLine:
    """The vehicle at the VCI.

    One job at a time works on it: jobs hold `working()` from their first to their last event.
    """

    def __init__(
        self,
        *,
        vci: str,
        group: ProductGroup,
        edition: Edition,
        catalogue: Catalogue,
        desk: CreditDesk,
        open_link: Callable[[str], VehicleLink],
        discover: Callable[[], Sequence[DoipEntity]],
        check_vci: Callable[[str], None],
        simulations: Simulations,
        importer: DescriptionImporter,
        shipped: Callable[[str], ShippedDescription | None],
        group_chosen: bool = False,
        files: DescriptionFiles | None = None,
        lock: VciLock | None = None,
    ) -> None:
        self.group = group
        """Product group that is worked in: leases are asked for it."""
        self.edition = edition
        self.catalogue = catalogue
        self.vehicle = VehicleIdentity()
        """What is known of the vehicle."""
        self.choice: UnitChoice | None = None
        """The control units chosen for the vehicle; None: not chosen yet."""
        self.last_report: QuickTestReport | None = None
        """The quick test of this vehicle that ran last."""
        self._desk = desk
        self._open_link = open_link
        self._discover = discover
        self._check_vci = check_vci
        self._simulations = simulations
        self._importer = importer
        self._shipped = shipped
        self._group_chosen = group_chosen
        self._files = files
        self._lock = lock
        self._vci = vci
        self._link: VehicleLink | None = None
        self._held: HeldFile | None = None
        """Our share of the VCI while the line is open."""
        self._one_job = threading.Lock()

    @property
    def vci(self) -> str:
        """The VCI address in use, as given."""
        return self._vci

    @property
    def simulated(self) -> bool:
        """Whether the vehicle is a simulated one of this program."""
        return self._vci.startswith(SIMULATED)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Keep other jobs off the vehicle while the block runs; waits for the one that works on it."""
        with self._one_job:
            yield

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
        return self._desk.opening(group)

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
        with self._between_jobs(uri) as named:
            self._use(named)

    def change_vci(self, uri: str) -> VehicleIdentity:
        """Use another VCI from now on and return what its line knows; one not reached changes nothing.

        Raises ConsoleError as choose_vci() and connect() do.
        """
        with self._between_jobs(uri) as named:
            before = self._vci, self.vehicle, self.choice, self.last_report
            self._use(named)
            try:
                return self._connected()
            except ConsoleError:
                self._use(before[0])
                _, self.vehicle, self.choice, self.last_report = before
                raise

    @contextmanager
    def _between_jobs(self, uri: str) -> Iterator[str]:
        uri = uri.strip()
        self._check_vci(uri)
        if not self._one_job.acquire(blocking=False):
            raise ConsoleError("WC-213", uri=self._vci)
        try:
            yield uri
        finally:
            self._one_job.release()

    def _use(self, uri: str) -> None:
        self._close_link()
        self._vci = uri
        self.vehicle = VehicleIdentity()
        self.choice = None
        self.last_report = None

    # -- the line ----------------------------------------------------------------------------------

    def link(self) -> VehicleLink:
        """Return the line to the vehicle, opened now if it is not. Raises ConsoleError WC-2xx."""
        if self._link is not None and self._link.lost:
            self._close_link()
        if self._link is None:
            self._held = self._lock.share(self.vci_named) if self._lock is not None else None
            try:
                uri = self._vci
                if self.simulated:
                    running = self._simulations.start(self._simulated_name())
                    uri = running.uri
                    self.vehicle = VehicleIdentity(vin=self.vehicle.vin, name=running.label)
                self._link = self._open_link(uri)
            except BaseException:
                self._close_link()
                raise
        return self._link

    def connect(self) -> VehicleIdentity:
        """Open the line, ask what it knows of the vehicle and return it. Raises ConsoleError WC-2xx."""
        with self._one_job:
            return self._connected()

    def _connected(self) -> VehicleIdentity:
        self.vehicle = more_known(self.vehicle, self.link().identity())
        return self.vehicle

    def _close_link(self) -> None:
        link, self._link = self._link, None
        held, self._held = self._held, None
        if link is not None:
            link.close()
        if held is not None:
            held.release()

    @property
    def vci_named(self) -> str:
        """The VCI address in use, with the name of the simulated vehicle that it stands for."""
        return SIMULATED + self._simulated_name() if self.simulated else self._vci

    def give_away(self, vci: str) -> GivenAway:
        """Close the line to `vci` (as `vci_named` says it) for a process that takes it over.

        Run it inside working(). Raises ConsoleError WC-200, WC-206 as starting a simulated vehicle does.
        """
        if vci == self.vci_named:
            self._close_link()
        if not vci.startswith(SIMULATED):
            return GivenAway(uri=vci)
        running, handle = self._simulations.hand_on(vci.removeprefix(SIMULATED).strip("/"))
        return GivenAway(uri=running.uri, handles=(handle,))

    def close(self) -> None:
        """End the line and the simulated vehicles."""
        self._close_link()
        self._simulations.close()

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
        kept = self._keep(self._importer.read(file), file)
        self.choice = None
        return kept

    def _keep(
        self, described: ImportedDescription, file: Path, *, shipped: bool = False
    ) -> DescriptionSummary:
        """Keep a description and its file, or neither. Raises ConsoleError WC-107, WC-108, WC-60x."""
        new = self._files is not None and self._files.keep(file, described.sha256)
        try:
            return self.catalogue.add(described, shipped=shipped)
        except ConsoleError:
            if self._files is not None and new:
                self._files.forget(described.sha256)
            raise

    def forget(self, description: DescriptionSummary) -> None:
        """Remove a description and its file from the store. Raises ConsoleError WC-60x."""
        self.catalogue.remove(description.key)
        if self._files is not None:
            self._files.forget(description.sha256)

    def open_for_work(self) -> Generator[Event, None, VehicleLink]:
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
        self._desk.lease(self.group, self.vehicle.vin, simulated=self.simulated)
        return link

    def prepare(
        self, cancellation: Cancellation, *, pdx: Sequence[Path] = (), scan: bool = False
    ) -> Generator[Event, None, tuple[VehicleLink, UnitChoice]]:
        """Open the line and choose the control units, or keep those that were chosen before."""
        from workshop_console.console.jobs.choice import choose_units

        files = []
        for file in pdx:
            # What was not used of it, the choice says.
            yield StepBegan(step=Step.IMPORTING, detail=clean(file.name))
            files.append(self.import_file(file))
        link = yield from self.open_for_work()
        if self.choice is None or files or scan:
            choice = yield from choose_units(
                link, self.catalogue, cancellation, files=files, scan_only=scan, ship=self._ship
            )
            for message in choice.messages:
                yield MessageRaised(message=message)
            self.vehicle = more_known(
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
            self._keep(described, shipped.file, shipped=True)
        except ConsoleError as error:
            # The vehicle can be tested without it; the units are then found in another way.
            yield MessageRaised(message=raised_by(error))
            return
        for description in kept:
            self.forget(description)

    def units_called(
        self, names: Sequence[str], cancellation: Cancellation, *, pdx: Sequence[Path], scan: bool
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[UnitSummary, ...]]]:
        """Open the line and return the units that `names` say; all of the vehicle without names.

        Raises ConsoleError WC-300, WC-301, WC-305 for a name that is none.
        """
        from workshop_console.console.jobs.choice import fits_vin, on_line
        from workshop_console.console.jobs.finding import find_unit
        from workshop_console.console.model.address import parse_address
        from workshop_console.console.procedures.vehicle import ask_vin

        addressed = [address for name in names if (address := parse_address(name))]
        if names and len(addressed) == len(names) and not pdx and not self.simulated and not scan:
            # Nothing needs choosing: the addresses say everything but the description.
            link = yield from self.open_for_work()
            yield from self._ship(vin := ask_vin(link))
            self.vehicle = more_known(VehicleIdentity(vin=vin), self.vehicle, link.identity())
            fitting = [d for d in self.catalogue.descriptions() if not d.shipped or fits_vin(d, vin)]
            fitting.sort(key=lambda description: not fits_vin(description, vin))
            described = [unit for d in fitting for unit in on_line(self.catalogue.units(d.key), link.kind)]
            return link, tuple(find_unit(name, described, link) for name in names)
        link, choice = yield from self.prepare(cancellation, pdx=pdx, scan=scan)
        if not names:
            return link, choice.units
        return link, tuple(find_unit(name, choice.units, link) for name in names)


def more_known(*sources: VehicleIdentity) -> VehicleIdentity:
    """Return what the sources know together; earlier ones win."""
    return VehicleIdentity(
        vin=next((s.vin for s in sources if s.vin), ""),
        name=next((s.name for s in sources if s.name), ""),
        voltage_v=next((s.voltage_v for s in sources if s.voltage_v is not None), None),
    )

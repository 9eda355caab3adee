"""The composition root: the only place that builds adapters. Everything large is imported when it is used."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.actual_values import ActualValues
from workshop_console.console.jobs.actuations import Actuations
from workshop_console.console.jobs.codings import CodingJobs
from workshop_console.console.jobs.credit_desk import CreditDesk
from workshop_console.console.jobs.description_files import DescriptionFiles
from workshop_console.console.jobs.guided_tests import GuidedTests
from workshop_console.console.jobs.order import Orders
from workshop_console.console.jobs.security_keys import SecurityKeys
from workshop_console.console.jobs.simulated import ChildSimulations, SimulatedKind
from workshop_console.console.jobs.vci_lock import VciLock
from workshop_console.console.jobs.vehicle_line import ShippedDescription, VehicleLine
from workshop_console.console.jobs.workplace import Workplace
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.late_adapters import (
    LateAccessServer,
    LateCoder,
    LateFlashContainers,
    LateFlashFiles,
    LateImporter,
    LocalBackend,
)
from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.settings import Folders, Settings

if TYPE_CHECKING:  # names in annotations only: the first screen does not wait for them
    from workshop_console.console.jobs.flash_planning import PlanningDesk
    from workshop_console.console.jobs.flash_worker import FlashWorker
    from workshop_console.console.jobs.flashing import Flashing
    from workshop_console.console.model.flash import FlashPlan, FlashReport
    from workshop_console.console.model.guided import GuidedTest
    from workshop_console.console.model.order import Order
    from workshop_console.console.model.report import QuickTestReport, ReportComparison
    from workshop_console.console.model.vehicle import DoipEntity
    from workshop_console.console.odx.coder.pdx_coder import KeptPdx
    from workshop_console.console.ports import AccessServer, FlashFiles, VehicleLink
    from workshop_console.data.store import Store

_LARGEST_LOG_BYTES = 1_000_000
_SIMULATED_VEHICLES = ("car", "van", "electric")
_VEHICLES = Path(__file__).parent.parent / "data" / "vehicles"
SHIPPED_FLASH_FILES = Path(__file__).parent.parent / "data" / "flash"
"""Flash files of the simulated vehicles, and the key that they are signed with."""


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""
        return datetime.now(UTC)


def build_workshop(
    settings: Settings,
    folders: Folders,
    *,
    lang: str,
    problems: Sequence[ConsoleError] = (),
    group_chosen: bool = False,
) -> Workshop:
    """Return the workshop with all adapters.

    Args:
        settings: what the user chose.
        folders: where files stand.
        lang: language of messages and reports.
        problems: what was wrong in the settings.
        group_chosen: whether the product group was named for this run, so that it holds for a simulated
            vehicle of another group too.
    """
    from workshop_console.data.store import open_store
    from workshop_console.i18n.messages import SHIPPED, fill

    start_log(folders.log_file)
    store = open_store(folders, texts=SHIPPED)
    store.problems[:0] = problems  # one list: it grows when damage shows later
    server, close_server = _access_server(settings, folders)
    clock = SystemClock()

    def open_link(uri: str) -> VehicleLink:
        from workshop_console.console.links.open import open_link as open_line

        return open_line(uri, tester_address=settings.tester_address)

    def discover() -> Sequence[DoipEntity]:
        from workshop_console.console.links.doip.discovery import discover as ask_network

        return ask_network()

    def check_vci(uri: str) -> None:
        from workshop_console.console.links.uri import parse_vci

        parse_vci(uri)

    def write(
        report: QuickTestReport | ReportComparison | Order | FlashReport, kind: str, workshop: Workshop
    ) -> str | bytes:
        from workshop_console.console.reports.writing import report_contents

        return report_contents(report, kind, workshop.raised)

    files, close_files = _description_files(store, folders)
    coder = LateCoder(lambda unit_key: _kept_pdx(store, files, unit_key))
    desk = CreditDesk(server, store.credit, clock, settings.edition, source=settings.access_server)
    line = VehicleLine(
        vci=settings.vci,
        group=settings.group,
        edition=settings.edition,
        catalogue=store.catalogue,
        desk=desk,
        open_link=open_link,
        discover=discover,
        check_vci=check_vci,
        simulations=ChildSimulations(_SIMULATED_VEHICLES, _simulated_kind, folders.simulated),
        importer=LateImporter(),
        shipped=shipped_description,
        group_chosen=group_chosen,
        files=files,
        lock=vci_lock(folders),
    )
    orders = Orders(book=store.orders, records=store.records, clock=clock, who=lambda: settings.who)
    security = SecurityKeys(line=line, orders=orders, clock=clock, who=lambda: settings.who)
    workplace = Workplace(
        line=line,
        coder=coder,
        orders=orders,
        security=security,
        clock=clock,
        who=lambda: settings.who,
    )
    actuations = Actuations(workplace)

    def planning_desk() -> PlanningDesk:
        from workshop_console.console.jobs.flash_planning import PlanningDesk

        return PlanningDesk(
            catalogue=store.catalogue,
            coder=coder,
            records=store.records,
            credit=desk,
            clock=clock,
            who=lambda: settings.who,
            allowed=lambda: settings.flashing,
            tester_address=settings.tester_address,
            state=folders.state,
        )

    def flashing() -> Flashing:
        from workshop_console.console.jobs.flashing import Flashing

        return Flashing(
            line=line,
            files=LateFlashFiles(lambda: flash_files(folders)),
            journal=store.journal,
            root=folders.jobs,
            lock=vci_lock(folders),
            desk=planning_desk,
        )

    return Workshop(
        settings=settings,
        folders=folders,
        lang=lang,
        line=line,
        catalogue=store.catalogue,
        records=store.records,
        orders=orders,
        security=security,
        values=ActualValues(line=line, coder=coder, sets=store.value_sets),
        guided_tests=GuidedTests(workplace, actuations=actuations, load=lambda: guided_tests(folders)),
        actuations=actuations,
        codings=CodingJobs(workplace, store.codings),
        flashing=flashing,
        messages=store.messages,
        desk=desk,
        clock=clock,
        fill=fill,
        write=write,
        closing=(coder.close, close_files, *close_server, store.close),
        problems=store.problems,
    )


def flash_files(folders: Folders) -> FlashFiles:
    """Return what reads flash files: signed with a key of the user's own folder, or with the shipped one."""
    from workshop_console.console.flash_files.reader import FlashFilesReader

    return FlashFilesReader((folders.flash_keys, SHIPPED_FLASH_FILES), LateFlashContainers())


def build_flash_worker(settings: Settings, folders: Folders) -> tuple[FlashWorker, Callable[[], None]]:
    """Return what does a flash job, in the process that this is for, and what gives everything back."""
    from workshop_console.console.jobs.flash_worker import FlashWorker
    from workshop_console.data.store import open_store
    from workshop_console.i18n.messages import SHIPPED

    start_log(folders.log_file)
    store = open_store(folders, texts=SHIPPED)
    clock = SystemClock()

    def open_link(uri: str, plan: FlashPlan) -> VehicleLink:
        from workshop_console.console.links.open import open_link as open_line

        return open_line(uri, tester_address=plan.tester_address)

    worker = FlashWorker(
        journal=store.journal,
        orders=Orders(book=store.orders, records=store.records, clock=clock, who=lambda: settings.who),
        open_link=open_link,
        clock=clock,
        root=folders.jobs,
    )
    return worker, store.close


def vci_lock(folders: Folders) -> VciLock:
    """Return the locks of the VCIs of this user."""
    return VciLock(folders.jobs, key=_vci_key)


def _vci_key(uri: str) -> str:
    """Return what is the same for all ways to write the address of one VCI."""
    from workshop_console.console.links.uri import parse_vci

    try:
        vci = parse_vci(uri)
    except ConsoleError:
        return uri
    place = (vci.name, vci.host.lower(), vci.port, vci.interface, vci.channel, vci.library)
    server = tuple(vci.options.get(name, "") for name in ("host", "port", "serial"))
    return repr((vci.kind.value, *place, *server))


def guided_tests(folders: Folders) -> tuple[Sequence[GuidedTest], Sequence[ConsoleError]]:
    """Return the user's own guided tests and those that ship; own ones win over the same names."""
    from workshop_console.data.guided.loading import own_tests, shipped_tests

    own, errors = own_tests(folders.guided_tests)
    names = {test.key for test in own}
    tests = (*own, *(test for test in shipped_tests() if test.key not in names))
    return tests, [ConsoleError("WC-351", file=error.file, detail=error.detail) for error in errors]


def _access_server(
    settings: Settings, folders: Folders
) -> tuple[AccessServer | None, tuple[Callable[[], None], ...]]:
    if settings.access_server == "off":
        return None, ()
    if settings.access_server == "local":
        backend = LocalBackend(folders.backend_file)
        late = LateAccessServer(backend.url, settings.access_timeout_s)
        return late, (late.close, backend.close)
    late = LateAccessServer(settings.access_server, settings.access_timeout_s)
    return late, (late.close,)


def _description_files(store: Store, folders: Folders) -> tuple[DescriptionFiles, Callable[[], None]]:
    """Return where PDX files are kept; without a store on disk they go with this process."""
    if not store.in_memory:
        return DescriptionFiles(lambda: folders.descriptions), lambda: None
    from tempfile import TemporaryDirectory

    folder = TemporaryDirectory(prefix="workshop-console-", ignore_cleanup_errors=True)
    return DescriptionFiles(lambda: Path(folder.name)), folder.cleanup


def _kept_pdx(store: Store, files: DescriptionFiles, unit_key: int) -> KeptPdx | None:
    """Return the PDX that a unit comes from: the kept one, else the shipped one that is the same."""
    from workshop_console.console.odx.coder.pdx_coder import KeptPdx

    description = store.catalogue.description_of(unit_key)
    if description is None:
        return None
    path = files.path(description.sha256) or _shipped_files().get(description.sha256)
    return KeptPdx(file=description.file, sha256=description.sha256, path=path)


@cache
def _shipped_files() -> dict[str, Path]:
    """Return the shipped descriptions by their SHA-256."""
    import hashlib

    files = [_VEHICLES / f"{name}.pdx" for name in _SIMULATED_VEHICLES]
    return {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in files if file.is_file()}


@cache
def _simulated_kind(name: str) -> SimulatedKind:
    from workshop_console.console.simulation.facts import vehicle_facts

    vehicle = vehicle_facts(name)
    return SimulatedKind(name=name, label=vehicle.label, group=vehicle.group, line=vehicle.line)


def shipped_description(vin: str) -> ShippedDescription | None:
    """Return the shipped description that is for this VIN."""
    import hashlib

    from workshop_console.console.simulation.facts import vehicle_facts

    for name in _SIMULATED_VEHICLES:
        vehicle = vehicle_facts(name)
        if vehicle.vin == vin:
            file = _VEHICLES / f"{name}.pdx"
            return ShippedDescription(
                file=file,
                sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
                vin_pattern=vehicle.vin,
                vehicle_name=vehicle.label,
            )
    return None


def shipped_message(error: ConsoleError, *, lang: str, edition: Edition | None = None) -> NumberedMessage:
    """Return an error as a message without a store: what is left when nothing else works."""
    from workshop_console.i18n import messages

    try:
        found = messages.shipped_message(error.number, lang, edition or Edition.LITE)
    except (OSError, ValueError, KeyError):
        found = None  # the program's own files are damaged: number and facts are still better than nothing
    if found is None:
        return NumberedMessage(number=error.number, title=str(error), when="", cause="", remedy=(), lang=lang)
    return messages.fill(found, error.facts)


def start_log(file: Path) -> None:
    """Write warnings and errors of the program to `file`, bounded; never to the terminal."""
    from logging.handlers import RotatingFileHandler

    root = logging.getLogger()
    for before in [handler for handler in root.handlers if isinstance(handler, RotatingFileHandler)]:
        if Path(before.baseFilename) == file.absolute():
            return
        root.removeHandler(before)
        before.close()
    logging.raiseExceptions = False  # a full disk must not print tracebacks over the screen
    handler: logging.Handler
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            file, maxBytes=_LARGEST_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()  # without it logging prints warnings to the terminal
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    root.addHandler(handler)
    for chatty in ("httpx", "httpcore", "can", "isotp"):
        logging.getLogger(chatty).setLevel(logging.ERROR)

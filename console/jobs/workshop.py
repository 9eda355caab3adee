"""What screens and the command line share: one vehicle, one line to it, one procedure at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditAnswer, CreditDesk
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import NumberedMessage, RaisedMessage, raised_by
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    MessageRaised,
    ReportFinished,
    UnitsPlanned,
    VehicleIdentified,
)
from workshop_console.console.settings import Folders, Settings

if TYPE_CHECKING:
    from workshop_console.console.jobs.actual_values import ActualValues
    from workshop_console.console.jobs.actuations import Actuations
    from workshop_console.console.jobs.codings import CodingJobs
    from workshop_console.console.jobs.flashing import Flashing
    from workshop_console.console.jobs.guided_tests import GuidedTests
    from workshop_console.console.jobs.order import Orders
    from workshop_console.console.jobs.security_keys import SecurityKeys
    from workshop_console.console.model.flash import FlashReport
    from workshop_console.console.model.order import Order
    from workshop_console.console.model.report import QuickTestReport, ReportComparison, ReportSummary
    from workshop_console.console.ports import (
        Catalogue,
        Clock,
        Messages,
        Records,
    )

    # What a job needs is imported when the first one starts: the first screen is waited for.

    Printed = QuickTestReport | ReportComparison | Order | FlashReport
    """What can be written to a file."""


class ReportWriter(Protocol):
    """Makes a file's contents of a report, a comparison or an order."""

    def __call__(self, report: Printed, kind: str, workshop: Workshop) -> str | bytes:
        """Return the contents; `kind` is html or json, for an order or a flash job also pdf."""


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
        line: VehicleLine,
        catalogue: Catalogue,
        records: Records,
        orders: Orders,
        messages: Messages,
        desk: CreditDesk,
        clock: Clock,
        security: SecurityKeys,
        codings: CodingJobs,
        guided_tests: GuidedTests,
        values: ActualValues,
        actuations: Actuations,
        flashing: Callable[[], Flashing],
        fill: Callable[[NumberedMessage, Mapping[str, str | int | float]], NumberedMessage],
        write: ReportWriter,
        closing: Sequence[Callable[[], None]] = (),
        problems: Sequence[ConsoleError] = (),
    ) -> None:
        self.settings = settings
        self.folders = folders
        self.lang = lang
        """One of settings.LANGUAGES; set by the screens when the language is switched."""
        self.line = line
        """The vehicle at the VCI."""
        self.catalogue = catalogue
        self.records = records
        self.orders = orders
        """What was done to the vehicles."""
        self.messages = messages
        self.desk = desk
        self.clock = clock
        self.security = security
        """Keys for security access."""
        self.codings = codings
        self.guided_tests = guided_tests
        self.values = values
        self.actuations = actuations
        self._make_flashing = flashing
        self._problems = problems
        self._fill = fill
        self._write = write
        self._closing = closing

    @property
    def problems(self) -> tuple[RaisedMessage, ...]:
        """What is wrong with settings and store: to show, not to stop for. Damage may show later."""
        return tuple(map(raised_by, self._problems))

    @cached_property
    def flashing(self) -> Flashing:
        """The flash jobs; made when they are first asked for, after the first screen."""
        return self._make_flashing()

    # -- settings of the session -------------------------------------------------------------------

    @property
    def edition(self) -> Edition:
        """Lite or Pass Thru."""
        return self.settings.edition

    def ask_credit(self) -> CreditAnswer:
        """Ask the access server for the credit, and fetch newer message texts while it is there."""
        answer = self.desk.ask()
        if answer.report.online:
            # The shipped texts stay in use when the newer ones cannot be had or kept.
            with suppress(ConsoleError):
                self.desk.refresh_messages(self.messages, self.lang)
        return answer

    def close(self) -> None:
        """End the line, the simulated vehicles and whatever else was started."""
        self.line.close()
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
        with self.line.working():
            link, choice = yield from self.line.prepare(cancellation, pdx=pdx, scan=scan)
            chosen = set(only)
            test = quick_test(
                link,
                choice.units,
                self.catalogue,
                cancellation,
                clock=self.clock,
                stopwatch=time.monotonic,
                vci=self.line.vci,
                vehicle=self.line.vehicle,
                messages=choice.messages,
                only=chosen or None,
                previous=previous,
            )
            for event in test:
                if isinstance(event, VehicleIdentified):
                    self.line.vehicle = event.vehicle
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
        self.line.last_report = report
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
        with self.line.working():
            link, units = yield from self.line.units_called(names, cancellation, pdx=pdx, scan=scan)
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
        with self.line.working():
            link, units = yield from self.line.units_called(names, cancellation, pdx=pdx, scan=scan)
            yield UnitsPlanned(units=units)
            yield from clear_fault_memories(
                link,
                units,
                self.catalogue,
                self.records,
                cancellation,
                clock=self.clock,
                stopwatch=time.monotonic,
                vci=self.line.vci,
                vehicle=self.line.vehicle,
                orders=self.orders,
            )

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

    def export(self, report: Printed, file: Path, kind: str = "html") -> Path:
        """Write a report as `html` or `json`, that of an order or a flash job also as `pdf`; return where.

        Raises ConsoleError WC-107 or WC-604; the file that was there before is then untouched.
        """
        from workshop_console.console.jobs.files import write_bytes, write_text

        contents = self._write(report, kind, self)
        return write_bytes(file, contents) if isinstance(contents, bytes) else write_text(file, contents)

    @property
    def exports(self) -> Path:
        """The folder for what is saved."""
        return Path(self.settings.exports).expanduser() if self.settings.exports else self.folders.exports

    def export_file(self, report: Printed, kind: str = "html") -> Path:
        """Return a file name for F7 that is not taken yet."""
        from workshop_console.console.jobs.files import free_name
        from workshop_console.console.model.flash import FlashReport
        from workshop_console.console.model.order import Order
        from workshop_console.console.model.report import ReportComparison

        folder = self.exports
        if isinstance(report, Order):
            return free_name(folder, "order", report.vehicle.vin, report.printed, kind)
        if isinstance(report, FlashReport):
            job = report.job
            return free_name(folder, f"flash-{job.job_id}", job.plan.vin, report.printed, kind)
        last = report.last if isinstance(report, ReportComparison) else report
        what = "comparison" if isinstance(report, ReportComparison) else "quick-test"
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

"""A workshop without a vehicle, a store or a server: it says what the test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from tests.procedures.order_book import KeptOrders
from tests.screens.fake_actuations import FakeActuations
from tests.screens.fake_codings import FakeCodings
from tests.screens.fake_flashing import FakeFlashing
from tests.screens.fake_guided import FakeGuidedTests
from tests.screens.fake_values import FakeValues
from workshop_console.console.errors import ConsoleError, Fact
from workshop_console.console.jobs.credit_desk import CreditAnswer
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.credit import GROUPS, CreditReport, Edition, GroupCredit, ProductGroup
from workshop_console.console.model.description import (
    DescriptionSummary,
    DtcDescription,
    ImportProblem,
    UnitDescription,
    UnitSummary,
)
from workshop_console.console.model.dtc import DecodedValue, DtcRecord, Fault
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.message import NumberedMessage, RaisedMessage, raised_by
from workshop_console.console.model.order import Order
from workshop_console.console.model.report import (
    ClearingResult,
    FaultReading,
    QuickTestReport,
    ReportComparison,
    ReportSummary,
    UnitResult,
    UnitState,
    VariantMatch,
)
from workshop_console.console.model.vehicle import DoipEntity, VehicleIdentity
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.compare import compare
from workshop_console.console.procedures.events import (
    EcuAnswered,
    EcuSilent,
    Event,
    FaultsCleared,
    FaultsRead,
    Progress,
    ReportFinished,
    Step,
    StepBegan,
    UnitsPlanned,
    VehicleIdentified,
)
from workshop_console.console.settings import Folders, Settings

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
VIN = "W1K2060041F048211"
NUMBERS = ("2221-47", "2221-45", "2173-43", "2173-42", "2173-44", "WC-105", "WC-201", "WC-607")

MISFIRE = Fault(
    dtc=0x030111,
    status=0x2F,
    text="Misfire, cylinder 1",
    priority=1,
    occurrences=4,
    first_occurrence="47913 km",
    last_occurrence="48203 km",
    snapshots=(
        DtcRecord(
            number=1,
            raw=b"\x01\x02\x03",
            values=(DecodedValue(name="VehicleSpeed", value="72", unit="km/h", raw=b"\x48"),),
        ),
    ),
    extended=(DtcRecord(number=2, raw=b"\x04"),),
)
STORED = Fault(dtc=0x910000, status=0x08, text="Bus wake-up by an unknown control unit")


def unit(name: str, logical: int, state: UnitState = UnitState.OK, **more: object) -> UnitResult:
    """Return a row; `more` are further fields."""
    base = UnitResult(
        name=name,
        label=f"{name} unit",
        address=DoipAddress(logical),
        state=state,
        variant=f"{name}_A",
        variant_match=VariantMatch.EXACT,
        hardware="2069000001",
        software="2069000002 23/40",
        time_ms=31.5,
    )
    return replace(base, **more)  # type: ignore[arg-type]  # fields of UnitResult, as the tests give them


UNITS = (
    unit("Engine", 0x1001, UnitState.FAULTS, faults=(MISFIRE, STORED)),
    unit("Gearbox", 0x1002),
    unit("Radar", 0x1003, UnitState.SILENT, reason=SilentReason.NO_ANSWER, variant="", retries=1),
    unit("Door", 0x1004, UnitState.FAULTS, faults=(STORED,)),
)


class FakeClock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW


class FakeDesk:
    """Knows the credit that the test gave it."""

    def __init__(self, edition: Edition) -> None:
        minutes: dict[ProductGroup, int | None] = {
            ProductGroup.PASSENGER_CARS: 1_499,
            ProductGroup.VANS: 10_079,
            ProductGroup.SMART: 0,
            ProductGroup.EQ: 1,
            ProductGroup.MAYBACH: None,
            ProductGroup.TRUCKS: 43_199,
        }
        groups = tuple(
            GroupCredit(
                group=group,
                minutes=minutes[group],
                begun=NOW if group is ProductGroup.PASSENGER_CARS else None,
                until=NOW + timedelta(hours=23) if group is ProductGroup.PASSENGER_CARS else None,
                ever=group is not ProductGroup.SMART,
            )
            for group in GROUPS[edition]
        )
        self.report = CreditReport(
            edition=edition, as_of=NOW - timedelta(hours=3), online=False, groups=groups
        )
        self.answer = CreditAnswer(report=replace(self.report, online=True, as_of=NOW))
        self.gate = threading.Event()
        self.gate.set()
        self.asked = 0
        """How often somebody asked."""

    def known(self) -> CreditReport:
        return self.report

    def ask(self) -> CreditAnswer:
        assert self.gate.wait(30)
        self.asked += 1
        return self.answer


class FakeCatalogue:
    """Holds one description."""

    def descriptions(self) -> Sequence[DescriptionSummary]:
        return [
            DescriptionSummary(
                key=1,
                name="CAR",
                file="car.pdx",
                sha256="0" * 64,
                imported_at="2026-11-20T10:00:00+00:00",
                units=4,
                problems=1,
                shipped=False,
            )
        ]

    def units(self, description_key: int) -> Sequence[UnitSummary]:
        return [UnitSummary(key=7, name="ENGINE", label="Engine", addresses=(DoipAddress(0x1001),))]

    def unit(self, unit_key: int, variant: str = "") -> UnitDescription | None:
        dtc = DtcDescription(dtc=0x030111, display_code="P0301-11", text="Misfire, cylinder 1")
        return UnitDescription(summary=self.units(1)[0], variant="", dtcs=(dtc,))

    def problems(self, description_key: int) -> Sequence[ImportProblem]:
        return [ImportProblem(where="Engine", reason="field-dynamic", detail="[/red]")]


class FakeMessages:
    """Has a few messages with plain texts."""

    def get(self, number: str, *, lang: str, edition: Edition) -> NumberedMessage | None:
        return NumberedMessage(
            number=number,
            title=f"Title of {number} ({lang})",
            when=f"When {number} appears",
            cause=f"Cause of {number}",
            remedy=("First step", "Second step"),
            lang=lang,
        )

    def all(self, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        found = [self.get(number, lang=lang, edition=edition) for number in NUMBERS]
        return [message for message in found if message is not None]

    def search(self, words: str, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        return [m for m in self.all(lang=lang, edition=edition) if words in m.number]


class FakeOrders(KeptOrders):
    """An order book in memory that makes orders of what the fake workshop kept."""

    def __init__(self, workshop: FakeWorkshop) -> None:
        super().__init__()
        self._workshop = workshop

    def order(self, vin: str, *, since: datetime | None = None) -> Order:
        self._workshop.calls.append(("order", vin, since))
        return Order(
            vehicle=VehicleIdentity(vin=vin), printed=NOW, who="Ana", entries=tuple(self.entries(vin))
        )


class FakeWorkshop:
    """What the screens ask of a Workshop."""

    def __init__(
        self, folders: Folders, *, lang: str = "en", edition: Edition = Edition.LITE, **settings: object
    ) -> None:
        self.settings = Settings(edition=edition, **settings)  # type: ignore[arg-type]  # as the test says
        self.folders = folders
        self.lang = lang
        self.edition = edition
        self.vci = "sim://car"
        self.simulated = True
        self.group = ProductGroup.PASSENGER_CARS
        self.vehicle = VehicleIdentity()
        self.choice = None
        self.last_report: QuickTestReport | None = None
        self.problems: tuple[RaisedMessage, ...] = ()
        self.desk = FakeDesk(edition)
        self.clock = FakeClock()
        self.catalogue = FakeCatalogue()
        self.messages = FakeMessages()
        self.units: Sequence[UnitResult] = UNITS
        self.kept: list[QuickTestReport] = []
        self.calls: list[tuple[object, ...]] = []
        """What the screens asked for: the method and its arguments."""
        self.error: Exception | None = None
        """Raised by every job and by connect()."""
        self.steps = threading.Semaphore(1_000_000)
        """Each event of a job takes one: a test that sets another semaphore decides when events come."""
        self.found: Sequence[DoipEntity] = ()
        self.actuations = FakeActuations()
        self.codings = FakeCodings()
        self.values = FakeValues()
        self.exports = folders.exports
        self.line = self
        """The fake is its own line to the vehicle."""
        self.orders = FakeOrders(self)
        self.guided_tests = FakeGuidedTests()
        self.flashing = FakeFlashing()

    def close(self) -> None:
        """There is nothing to end."""

    def as_workshop(self) -> Workshop:
        return cast("Workshop", self)

    def open_group(self, group: ProductGroup) -> RaisedMessage | None:
        self.calls.append(("open_group", group))
        self.group = group
        return RaisedMessage(number="2173-43", facts=(("minutes", 1_499), ("group", group.value)))

    def simulated_vehicles(self) -> Sequence[str]:
        return ("car", "van", "electric")

    def discover(self) -> Sequence[DoipEntity]:
        return self.found

    def choose_vci(self, uri: str) -> None:
        self.calls.append(("choose_vci", uri))
        if "://" not in uri:
            raise ConsoleError("WC-200", uri=uri, detail="")
        self.vci = uri

    def change_vci(self, uri: str) -> VehicleIdentity:
        before = self.vci
        self.choose_vci(uri)
        try:
            return self.connect()
        except ConsoleError:
            self.vci = before
            raise

    def connect(self) -> VehicleIdentity:
        if self.error:
            raise self.error
        self.vehicle = VehicleIdentity(vin=VIN)
        return self.vehicle

    def _paced(self, events: Sequence[Event], cancellation: Cancellation | None) -> Iterator[Event]:
        yield StepBegan(step=Step.CONNECTING, detail=self.vci)
        if self.error:
            raise self.error
        for event in events:
            while not self.steps.acquire(timeout=0.01):
                if cancellation is not None and cancellation.requested:
                    return
            yield event

    def report_of(self, units: Sequence[UnitResult], *, complete: bool = True) -> QuickTestReport:
        return QuickTestReport(
            vehicle=self.vehicle,
            vci=self.vci,
            started=NOW + timedelta(minutes=len(self.kept)),
            duration_ms=1_300,
            complete=complete,
            units=tuple(units),
            report_id=len(self.kept) + 1,
        )

    def quick_test(
        self,
        *,
        cancellation: Cancellation | None = None,
        only: Sequence[str] = (),
        previous: QuickTestReport | None = None,
    ) -> Iterator[Event]:
        self.calls.append(("quick_test", tuple(only), previous))
        asked = [u for u in self.units if not only or str(u.address) in only]
        summaries = tuple(
            UnitSummary(key=1, name=u.name, label=u.label, addresses=(u.address,)) for u in asked
        )
        self.vehicle = VehicleIdentity(vin=VIN, name="Test car", voltage_v=12.6)
        read: list[UnitResult] = []

        def events() -> Iterator[Event]:
            yield VehicleIdentified(vehicle=self.vehicle)
            yield UnitsPlanned(units=summaries)
            # The last one answers first: rows must keep their order all the same.
            for done, one in enumerate(reversed(asked), start=1):
                read.append(one)
                answered = one.state is not UnitState.SILENT
                yield EcuAnswered(result=one) if answered else EcuSilent(result=one)
                yield Progress(done=done, total=len(asked))

        yield from self._paced(list(events()), cancellation)
        complete = cancellation is None or not cancellation.requested
        done = {str(u.address): u for u in (previous.units if previous else ())}
        done |= {str(u.address): u for u in read} if complete else {}
        if not complete:
            done |= {str(u.address): u for u in reversed(read[:1])}
        order = [u for u in self.units if str(u.address) in done]
        report = self.report_of(order, complete=complete)
        self.kept.append(report)
        self.last_report = report
        yield ReportFinished(report=report)

    def read_faults(
        self, names: Sequence[str] = (), *, details: bool = True, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        self.calls.append(("read_faults", tuple(names)))
        found = [u for u in self.units if not names or str(u.address) in names]
        yield from self._paced([FaultsRead(reading=FaultReading(result=u)) for u in found], cancellation)

    def clear(
        self, names: Sequence[str] = (), *, cancellation: Cancellation | None = None
    ) -> Iterator[Event]:
        self.calls.append(("clear", tuple(names)))
        found = [u for u in self.units if (not names or str(u.address) in names) and u.faults]
        events = [
            FaultsCleared(
                result=ClearingResult(
                    before=FaultReading(result=u),
                    after=FaultReading(result=replace(u, faults=u.faults[1:])),
                    cleared=True,
                    gone=u.faults[:1],
                    kept=u.faults[1:],
                )
            )
            for u in found
        ]
        yield from self._paced(events, cancellation)

    def import_pdx(self, file: Path) -> Iterator[Event]:
        self.calls.append(("import_pdx", file))
        yield from self._paced([], None)

    def reports(self, *, vin: str | None = None, kind: str | None = None) -> Sequence[ReportSummary]:
        return [
            ReportSummary(
                report_id=report.report_id or 0,
                kind="quick-test",
                started=report.started,
                vin=report.vehicle.vin,
                vehicle_name=report.vehicle.name,
                vci=report.vci,
                units=len(report.units),
                faulty=1,
                silent=1,
                faults=sum(len(u.faults) for u in report.units),
                complete=report.complete,
            )
            for report in reversed(self.kept)
        ]

    def report(self, report_id: int) -> QuickTestReport:
        return self.kept[report_id - 1]

    def first_report(self, vin: str) -> QuickTestReport | None:
        return next((report for report in self.kept if report.vehicle.vin == vin), None)

    def compare(self, one: QuickTestReport, other: QuickTestReport) -> ReportComparison:
        return compare(one, other)

    def export_file(self, report: QuickTestReport | ReportComparison | Order, kind: str = "html") -> Path:
        return self.folders.exports / f"{'order' if isinstance(report, Order) else 'report'}.{kind}"

    def export(
        self, report: QuickTestReport | ReportComparison | Order, file: Path, kind: str = "html"
    ) -> Path:
        self.calls.append(("export", kind))
        return file

    def message(self, number: str, facts: Mapping[str, Fact] | None = None) -> NumberedMessage:
        found = self.messages.get(number, lang=self.lang, edition=self.edition)
        assert found is not None
        words = " ".join(f"{name}={value}" for name, value in (facts or {}).items())
        return replace(found, cause=f"{found.cause} {words}".strip())

    def ask_credit(self) -> CreditAnswer:
        return self.desk.ask()

    def explained(self, words: str = "") -> Sequence[NumberedMessage]:
        found = self.messages.search if words else None
        if found is not None:
            return found(words, lang=self.lang, edition=self.edition)
        return self.messages.all(lang=self.lang, edition=self.edition)

    def raised(self, messages: object) -> tuple[NumberedMessage, ...]:
        if isinstance(messages, ConsoleError):
            messages = raised_by(messages)
        if isinstance(messages, RaisedMessage):
            messages = (messages,)
        assert isinstance(messages, tuple)
        return tuple(self.message(one.number, dict(one.facts)) for one in messages)


Changed = Callable[[FakeWorkshop], None]

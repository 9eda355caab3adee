"""What procedures, screens and the command line need from the world; adapters fit these (see wiring.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # names in annotations only: the first screen does not wait for them
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from workshop_console.console.model.address import Address
    from workshop_console.console.model.credit import CreditReport, Edition, Lease, ProductGroup
    from workshop_console.console.model.description import (
        DescriptionSummary,
        DtcDescription,
        ImportedDescription,
        ImportProblem,
        Timing,
        UnitDescription,
        UnitSummary,
    )
    from workshop_console.console.model.dtc import DecodedValue
    from workshop_console.console.model.exchange import Exchange, FunctionalAnswer, UdsRequest
    from workshop_console.console.model.flash import (
        FlashFile,
        FlashPlan,
        FlashProgress,
        FlashStep,
        JobState,
        JobSummary,
        JournalEntry,
        Manifest,
        UnitResult,
    )
    from workshop_console.console.model.forms import EncodedRequest, UnitForms
    from workshop_console.console.model.kept import Details, KeptCoding, OrderEntry, OrderVehicle, ValueSet
    from workshop_console.console.model.message import NumberedMessage, RaisedMessage
    from workshop_console.console.model.report import QuickTestReport, ReportSummary
    from workshop_console.console.model.vehicle import LinkKind, VehicleIdentity


class VehicleLink(Protocol):
    """One VCI with many control units behind it; many requests in flight, one per unit at a time.

    All methods may be called from any one thread at a time. Errors: ConsoleError WC-2xx from opening; after
    that a broken link ends exchanges with Outcome.LINK_LOST instead of raising.
    """

    @property
    def kind(self) -> LinkKind:
        """What kind of line it is."""

    @property
    def uri(self) -> str:
        """The VCI address as given, for display."""

    @property
    def max_in_flight(self) -> int:
        """Requests that the gateway or bus takes at once; more are queued by the link."""

    def submit(self, address: Address, request: UdsRequest, timing: Timing) -> int:
        """Send `request`, now or as soon as there is room, and return its ticket."""

    def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
        """Return the exchanges that ended since the last call; wait for at least one until `timeout_s`.

        Empty after the time-out, or at once when nothing is in flight.
        """

    def cancel(self) -> None:
        """End everything in flight with Outcome.CANCELLED; safe from any thread."""

    def functional(
        self, payload: bytes, *, wait_s: float, request_id: int | None = None
    ) -> Sequence[FunctionalAnswer]:
        """Send to all units at once and return who answered within `wait_s`.

        CAN: identifier `request_id` or 0x7DF, answers 0x7E8 to 0x7EF and whatever answers in the 11-bit range
        with a valid single or first frame. DoIP: the functional logical address 0xE400 or `request_id`.
        """

    def keep_alive(self, addresses: Iterable[Address]) -> None:
        """Keep tester present (0x3E 0x80) going for these units until called again; empty: for none."""

    def identity(self) -> VehicleIdentity:
        """Return what the link itself knows of the vehicle (DoIP identification, VCI voltage)."""

    @property
    def lost(self) -> bool:
        """Whether the connection is gone for good."""

    def close(self) -> None:
        """Give everything back; safe to call twice."""


@runtime_checkable
class PendingTold(Protocol):
    """A line that tells of a running request how often its unit asked for more time."""

    def pending(self, address: Address) -> int:
        """Return the 0x78 answers to the request in hand at `address`; 0 where there is none."""


@runtime_checkable
class FollowingSent(Protocol):
    """A line that can be told what comes after a request, and after that one: nobody waits in between."""

    def submit_after(self, ticket: int, request: UdsRequest) -> int | None:
        """Send `request` to the same unit the moment the exchange of `ticket` ends positively.

        Returns its ticket; None: that exchange has ended already. Where it ends in any other way, `request`
        and whatever was to follow on it are not sent, and nothing is heard of their tickets. While several
        are still to come, wait() may keep what ended to itself until its time-out.
        """


class Catalogue(Protocol):
    """Imported descriptions, from the store."""

    def descriptions(self) -> Sequence[DescriptionSummary]:
        """Return all descriptions, newest first."""

    def units(self, description_key: int) -> Sequence[UnitSummary]:
        """Return the units of one description in its order."""

    def find_units(self, name: str) -> Sequence[UnitSummary]:
        """Return units called `name` (SHORT-NAME or label, in any case), newest description first."""

    def unit(self, unit_key: int, variant: str = "") -> UnitDescription | None:
        """Return everything about one unit in one variant (base where the variant adds nothing)."""

    def fault_descriptions(
        self, unit_key: int, variant: str, dtcs: Iterable[int]
    ) -> dict[int, DtcDescription]:
        """Return the descriptions of those of `dtcs` that are described (variant before base)."""

    def problems(self, description_key: int) -> Sequence[ImportProblem]:
        """Return what could not be used at import."""

    def add(self, description: ImportedDescription, *, shipped: bool = False) -> DescriptionSummary:
        """Keep a description; one with the same sha256 is replaced, one of the same name stays beside it."""

    def remove(self, description_key: int) -> None:
        """Forget one description."""


class Records(Protocol):
    """Reports and readouts: never deleted by the console."""

    def keep(self, report: QuickTestReport, *, kind: str = "quick-test") -> int:
        """Keep a report and return its number. Raises ConsoleError WC-601 when it cannot be written."""

    def list(self, *, vin: str | None = None, kind: str | None = None) -> Sequence[ReportSummary]:
        """Return kept reports, newest first."""

    def load(self, report_id: int) -> QuickTestReport | None:
        """Return one kept report."""

    def first(self, vin: str) -> QuickTestReport | None:
        """Return the earliest complete quick test of this vehicle today's order refers to: the first kept."""


class Messages(Protocol):
    """The numbered messages, from the store; the shipped ones are always there."""

    def get(self, number: str, *, lang: str, edition: Edition) -> NumberedMessage | None:
        """Return one message, placeholders unfilled."""

    def all(self, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        """Return the whole catalogue in the order of the areas and numbers."""

    def search(self, words: str, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        """Return messages whose number begins with, or texts hold, all `words` (prefixes); best first."""

    def etag(self, *, lang: str, edition: Edition) -> str:
        """Return the ETag of the texts that came from the access server last; empty: none did."""

    def remember_messages(
        self, etag: str, messages: Sequence[NumberedMessage], *, lang: str, edition: Edition
    ) -> None:
        """Keep the server's texts in place of those kept before; the shipped ones stay beneath."""


class CreditMemory(Protocol):
    """What the store remembers of the access server's words."""

    def credit(self, edition: Edition) -> CreditReport | None:
        """Return the last known credit, or None."""

    def remember_credit(self, report: CreditReport) -> None:
        """Keep the server's word with its age."""

    def lease(self, group: ProductGroup, now: datetime) -> Lease | None:
        """Return a lease that still runs at `now`."""

    def remember_lease(self, lease: Lease) -> None:
        """Keep a lease."""

    def lease_key(self, group: ProductGroup) -> str:
        """Return the idempotency key of the lease request not answered yet; a new one is kept first.

        The same key comes back, also in a new process, until forget_lease_key(): a retry never spends twice.
        """

    def forget_lease_key(self, group: ProductGroup, key: str) -> None:
        """Drop `key` if it is still the kept one: its request was answered, by a lease or a refusal."""


class AccessServer(Protocol):
    """The access server, or nobody (settings `off`)."""

    def credit(self, edition: Edition) -> CreditReport:
        """Ask for the remaining credit. Raises ConsoleError 2221-47, 2173-39, 2173-40, WC-5xx."""

    def lease(self, group: ProductGroup, *, idempotency_key: str, vin: str = "") -> Lease:
        """Ask for leave to run a diagnosis function. Raises ConsoleError 2173-42, 2173-44 and as credit()."""

    def messages(
        self, lang: str, edition: Edition, etag: str
    ) -> tuple[str, Sequence[NumberedMessage]] | None:
        """Return newer message texts and their ETag, or None when `etag` is still the newest."""

    def close(self) -> None:
        """Give the connection back."""


class DescriptionImporter(Protocol):
    """Reads a PDX file in a process of its own, with limits."""

    def read(self, file: Path, progress: Callable[[str], None] | None = None) -> ImportedDescription:
        """Return what the file describes. Raises ConsoleError WC-4xx."""


class Clock(Protocol):
    """Wall clock, so that tests can set it."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""


class Coder(Protocol):
    """Encodes requests and decodes answers by the descriptions (odxtools, in a process of its own).

    Units without description (key 0) have the standard identifiers (ISO 14229-1 annex C: F186 to F19E) and
    nothing else. All methods may be called from any thread; calls wait for each other.
    """

    def forms(self, unit: UnitSummary, variant: str = "") -> UnitForms:
        """Return what the unit can be asked. The first call for a description reads it: seconds.

        Raises ConsoleError WC-409 (its PDX was not kept: import it again), WC-410 (the process ended), and as
        DescriptionImporter.read().
        """

    def encode(
        self, unit: UnitSummary, variant: str, service: str, values: Mapping[str, str]
    ) -> EncodedRequest:
        """Return the request of `service` with `values` (physical, as text, by parameter name).

        Raises ConsoleError WC-411 (service not described), WC-412 (parameter not known, missing, or value
        not allowed: facts parameter, value, expected).
        """

    def decode(
        self, unit: UnitSummary, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        """Return what each (service, request, positive response) says; empty for one that does not fit.

        Values come in the order of the form and have its names.
        """

    def decode_request(
        self, unit: UnitSummary, variant: str, service: str, request: bytes
    ) -> tuple[DecodedValue, ...]:
        """Return what a request says: a coding is read by the service that writes it."""

    def close(self) -> None:
        """End the process; safe to call twice."""


class SecurityPlugin(Protocol):
    """Makes keys for security access (0x27); found by entry point, see docs/security-access.md."""

    def __call__(self, unit: str, level: int, seed: bytes) -> bytes | None:
        """Return the key for `seed` at `level` (the odd requestSeed sub-function); None: not known here."""


class OrderBook(Protocol):
    """What was done to a vehicle: every write, actuation, clearing and guided test; never deleted."""

    def begin(self, entry: OrderEntry) -> int:
        """Keep `entry` before the request goes out, and return its number. Raises ConsoleError WC-6xx."""

    def complete(self, entry_id: int, *, answer: bytes, outcome: str, details: Details = ()) -> None:
        """Add what came back. Raises ConsoleError WC-6xx."""

    def entries(self, vin: str, *, since: datetime | None = None) -> Sequence[OrderEntry]:
        """Return the entries of a vehicle, oldest first."""


class OrderArchive(OrderBook, Protocol):
    """The order book as one who prints it sees it."""

    def vehicles(self) -> Sequence[OrderVehicle]:
        """Return the vehicles that something was done to, the last one first."""


class Codings(Protocol):
    """Codings as they were read before the first write, and before each later one; never deleted."""

    def keep(self, coding: KeptCoding) -> int:
        """Keep a coding and return its number. Raises ConsoleError WC-6xx."""

    def list(self, vin: str, unit: str = "") -> Sequence[KeptCoding]:
        """Return the kept codings of a vehicle (and unit), oldest first."""


class ValueSets(Protocol):
    """Named choices of actual values, per vehicle."""

    def keep(self, chosen: ValueSet) -> None:
        """Keep a set in place of one of the same vehicle and name. Raises ConsoleError WC-6xx."""

    def list(self, vehicle: str) -> Sequence[ValueSet]:
        """Return the sets of a vehicle, by name."""

    def remove(self, vehicle: str, name: str) -> None:
        """Forget a set."""


class FlashFiles(Protocol):
    """Reads flash files with their manifests: Intel HEX, Motorola S-record, binary, ODX-F in a PDX."""

    def read(self, file: Path) -> Sequence[FlashFile]:
        """Return what `file` holds: one entry, or one for each session of a container.

        Everything is checked here: form, segments, checksums, signature. Raises ConsoleError WC-70x.
        """

    def write_payload(self, file: FlashFile, target: Path) -> Manifest:
        """Write the bytes of all segments one after the other to `target`, and return their manifest.

        The file is read and checked again: what is written is what was signed. Raises ConsoleError WC-70x,
        WC-604.
        """


class FlashContainers(Protocol):
    """Reads ODX-F containers in a process of its own, with limits; what it tells is judged by FlashFiles."""

    def open(
        self, file: Path, session: str = ""
    ) -> AbstractContextManager[Iterator[tuple[Mapping[str, object], Iterator[bytes]]]]:
        """Return the sessions of `file`, or only the one called `session`.

        Each comes as its manifest (docs/flash-files.md) and the stored bytes of its segments in their order,
        which must be read before the next session is. Raises ConsoleError WC-40x, WC-711, also while reading.
        """


class Journal(Protocol):
    """What flash jobs are about to do and what came back; in the records file, never deleted.

    Every method may be called from any thread and process at once. Writing raises ConsoleError WC-6xx.
    """

    def create(self, plan: FlashPlan) -> int:
        """Keep a plan as a job in state PLANNED, and return its number."""

    def replace_plan(self, job_id: int, plan: FlashPlan) -> None:
        """Keep the plan with what became known since (payload names, the VCI as the worker opens it)."""

    def reserve(self, job_id: int) -> None:
        """Take the space that the rest of the job's entries needs; given back by end()."""

    def run_begins(self, job_id: int) -> int:
        """Set RUNNING, forget wishes of before, and return which run it is (1: the first)."""

    def begin(
        self,
        job_id: int,
        unit: str,
        step: FlashStep,
        detail: str = "",
        *,
        began: datetime | None = None,
    ) -> int:
        """Keep what is about to be done, on the disk when it returns; return the number of the entry.

        `began`: when that was, where it could not be kept at once.
        """

    def complete(
        self, entry_id: int, outcome: str, detail: str = "", *, ended: datetime | None = None
    ) -> None:
        """Add what came back; `ended` as `began` above."""

    def moved(self, job_id: int, progress: FlashProgress) -> None:
        """Keep where the job stands."""

    def end(
        self,
        job_id: int,
        state: JobState,
        results: Sequence[UnitResult] = (),
        result: RaisedMessage | None = None,
    ) -> None:
        """Keep how the job ended (or that it is STOPPING or INTERRUPTED)."""

    def wish_stop(self, job_id: int) -> None:
        """Ask the worker to stop at the next place where every unit is left whole."""

    def stop_wished(self, job_id: int) -> bool:
        """Return whether that was asked in this run."""

    def job(self, job_id: int) -> JobSummary | None:
        """Return one job as it is kept (whether its worker lives is for the caller to know)."""

    def jobs(self) -> Sequence[JobSummary]:
        """Return all jobs, newest first."""

    def entries(self, job_id: int, *, after: int = 0) -> Sequence[JournalEntry]:
        """Return the entries of a job whose numbers are above `after`, in their order."""

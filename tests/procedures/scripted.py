"""A vehicle line whose units answer from tables, and the small things that procedures need beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.description import (
    DescriptionSummary,
    DtcDescription,
    ImportedDescription,
    ImportProblem,
    Timing,
    UnitDescription,
    UnitSummary,
)
from workshop_console.console.model.exchange import (
    Exchange,
    FunctionalAnswer,
    Outcome,
    SilentReason,
    UdsRequest,
)
from workshop_console.console.model.vehicle import LinkKind, VehicleIdentity

Answer = bytes | SilentReason | Outcome
"""Response bytes, a reason for silence, or BROKEN, LINK_LOST."""

BROKEN = frozenset({SilentReason.WRONG_SERVICE, SilentReason.WRONG_ECHO, SilentReason.TOO_LONG})


@dataclass
class ScriptedUnit:
    """Answers the requests it knows, one answer after the other; the last one stays."""

    answers: dict[bytes, list[Answer]] = field(default_factory=dict)
    otherwise: Answer | None = None
    """For every other request; None: negative response 0x31 (0x11 for services without any answer)."""
    asked: list[bytes] = field(default_factory=list)

    def answer(self, request: bytes) -> Answer:
        self.asked.append(request)
        known = self.answers.get(request)
        if known:
            return known.pop(0) if len(known) > 1 else known[0]
        if self.otherwise is not None:
            return self.otherwise
        return bytes((0x7F, request[0], 0x31))


def unit_with(**answers: object) -> ScriptedUnit:
    """unit_with(x1902FF="5902FF") and so on; a list is one answer after the other."""

    def one(value: object) -> Answer:
        if isinstance(value, (SilentReason, Outcome)):
            return value
        return bytes.fromhex(str(value))

    otherwise = answers.pop("otherwise", None)
    return ScriptedUnit(
        answers={
            bytes.fromhex(name[1:]): [one(v) for v in value] if isinstance(value, list) else [one(value)]
            for name, value in answers.items()
        },
        otherwise=one(otherwise) if otherwise is not None else None,
    )


class ScriptedLink:
    """A VehicleLink on which each answer takes one wait()."""

    def __init__(
        self,
        units: dict[Address, ScriptedUnit],
        *,
        kind: LinkKind = LinkKind.DOIP,
        max_in_flight: int = 64,
        identity: VehicleIdentity | None = None,
        on_wait: Callable[[ScriptedLink], None] | None = None,
    ) -> None:
        self.units = units
        self.kind = kind
        self.uri = "doip://test"
        self.max_in_flight = max_in_flight
        self.lost = False
        self.most_in_flight = 0
        self.closed = False
        self.functional_answers: dict[bytes, list[FunctionalAnswer]] = {}
        self.submitted: list[tuple[Address, bytes]] = []
        self._identity = identity or VehicleIdentity()
        self._on_wait = on_wait
        self._waiting: deque[tuple[int, Address, UdsRequest]] = deque()
        self._ended: deque[Exchange] = deque()
        self._tickets = 0

    def submit(self, address: Address, request: UdsRequest, timing: Timing) -> int:
        assert all(address != other for _, other, _ in self._waiting), "one request per unit at a time"
        self._tickets += 1
        self._waiting.append((self._tickets, address, request))
        self.submitted.append((address, request.payload))
        self.most_in_flight = max(self.most_in_flight, len(self._waiting))
        return self._tickets

    def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
        if self._on_wait:
            self._on_wait(self)
        if self._ended:
            ended, self._ended = list(self._ended), deque()
            return ended
        if not self._waiting:
            return []
        return [self._exchange(*self._waiting.popleft())]

    def _exchange(self, ticket: int, address: Address, request: UdsRequest) -> Exchange:
        outcome, payload, nrc, reason = Outcome.POSITIVE, b"", None, None
        unit = self.units.get(address)
        answer = unit.answer(request.payload) if unit else SilentReason.UNKNOWN_TARGET
        if self.lost or answer is Outcome.LINK_LOST:
            self.lost = True
            outcome, reason = Outcome.LINK_LOST, SilentReason.LINK_LOST
        elif isinstance(answer, SilentReason):
            outcome, reason = (Outcome.BROKEN if answer in BROKEN else Outcome.SILENT), answer
        elif isinstance(answer, bytes):
            payload = answer
            if answer[:1] == b"\x7f":
                outcome, nrc = Outcome.NEGATIVE, answer[2]
        return Exchange(
            ticket=ticket,
            address=address,
            request=request.payload,
            outcome=outcome,
            payload=payload,
            nrc=nrc,
            reason=reason,
            time_ms=10.0,
        )

    def cancel(self) -> None:
        while self._waiting:
            ticket, address, request = self._waiting.popleft()
            self._ended.append(
                Exchange(
                    ticket=ticket,
                    address=address,
                    request=request.payload,
                    outcome=Outcome.CANCELLED,
                    reason=SilentReason.CANCELLED,
                )
            )

    def functional(
        self, payload: bytes, *, wait_s: float, request_id: int | None = None
    ) -> Sequence[FunctionalAnswer]:
        return self.functional_answers.get(payload, [])

    def keep_alive(self, addresses: Iterable[Address]) -> None:
        pass

    def identity(self) -> VehicleIdentity:
        return self._identity

    def close(self) -> None:
        self.closed = True


class Described:
    """A Catalogue of descriptions given in the test."""

    def __init__(
        self,
        descriptions: Sequence[tuple[DescriptionSummary, Sequence[UnitSummary]]] = (),
        details: dict[int, UnitDescription] | None = None,
    ) -> None:
        self.kept = list(descriptions)
        self.details = details or {}

    def descriptions(self) -> Sequence[DescriptionSummary]:
        return [summary for summary, _ in self.kept]

    def units(self, description_key: int) -> Sequence[UnitSummary]:
        return next((units for summary, units in self.kept if summary.key == description_key), ())

    def find_units(self, name: str) -> Sequence[UnitSummary]:
        return [u for _, units in self.kept for u in units if u.name == name]

    def unit(self, unit_key: int, variant: str = "") -> UnitDescription | None:
        return self.details.get(unit_key)

    def fault_descriptions(
        self, unit_key: int, variant: str, dtcs: Iterable[int]
    ) -> dict[int, DtcDescription]:
        details = self.details.get(unit_key)
        wanted = set(dtcs)
        return {d.dtc: d for d in details.dtcs if d.dtc in wanted} if details else {}

    def problems(self, description_key: int) -> Sequence[ImportProblem]:
        return ()

    def add(self, description: ImportedDescription, *, shipped: bool = False) -> DescriptionSummary:
        key = max((summary.key for summary, _ in self.kept), default=0) + 1
        summary = DescriptionSummary(
            key=key,
            name=description.name,
            file=description.file,
            sha256=description.sha256,
            imported_at="2026-01-01T00:00:00Z",
            units=len(description.units),
            problems=len(description.problems),
            shipped=shipped,
            vin_pattern=description.vin_pattern,
            vehicle_name=description.vehicle_name,
        )
        self.kept.insert(0, (summary, [unit.summary for unit in description.units]))
        return summary

    def remove(self, description_key: int) -> None:
        self.kept = [(summary, units) for summary, units in self.kept if summary.key != description_key]


class SteppingClock:
    """Advances a second with each look."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def summary(name: str, logical: int, *, key: int = 1, **more: object) -> UnitSummary:
    return UnitSummary(key=key, name=name, label=name, addresses=(DoipAddress(logical),), **more)  # type: ignore[arg-type]  # fields of UnitSummary

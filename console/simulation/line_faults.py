"""Faults of the line and of units, switched on from outside: `--fault SPEC`.

UNIT is a SHORT-NAME, a logical address (0x1001), a CAN request identifier (0x7E0), or * for all.

| spec | what happens |
|---|---|
| silent:UNIT | the unit never answers |
| late:UNIT:MS | every answer comes MS milliseconds later, without 0x78 |
| lost:UNIT[:SHARE] | that share of the answers is lost (default 0.5) |
| duplicate:UNIT | every answer comes twice |
| stale:UNIT | the answer before comes once more in front of every answer |
| corrupt:UNIT[:SHARE] | that share of the answers has a wrong byte (default 1) |
| cut:UNIT | every answer loses its second half |
| long:UNIT | every answer has bytes too many |
| empty:UNIT | every positive answer is its service identifier alone |
| other:UNIT | every answer is for another request |
| pending:UNIT | endless 0x78 |
| busy:UNIT[:N] | 0x21 the first N times that a request comes (default: always) |
| reset:UNIT[:after=N] | the unit restarts in the middle of its Nth answer (default 1) |
| nack:UNIT[:CODE] | the gateway refuses diagnostic messages to the unit (default 0x06) |
| close:after=N[:times=M] | each connection is closed at its Nth message, M times in all (default: always) |
| frames:SHARE | that share of all frames on the CAN bus is lost |
| at:UNIT:REQUEST:WHAT[:from=N][:times=M] | at one request only, see request_faults.py |
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.ecu.negative_response import Nrc, negative_response
from workshop_console.console.simulation.ecu.unit import Reply, SimulatedUnit
from workshop_console.console.simulation.request_faults import (
    FORM,
    PENDING,
    POWER_CUT_MS,
    WHAT,
    RequestFault,
    RequestFaults,
    parse_request_fault,
)
from workshop_console.console.simulation.scheduler import Scheduler, Timer

FORMS = (
    "silent:UNIT, late:UNIT:MS, lost:UNIT[:SHARE], duplicate:UNIT, stale:UNIT, corrupt:UNIT[:SHARE], "
    "cut:UNIT, long:UNIT, empty:UNIT, other:UNIT, pending:UNIT, busy:UNIT[:N], reset:UNIT[:after=N], "
    "nack:UNIT[:CODE], close:after=N[:times=M], frames:SHARE, " + FORM
)
"""All forms of a spec, for help and for messages; UNIT is a name, an address or *."""

_ALTERING = ("corrupt", "cut", "long", "empty", "other")
_PENDING_EVERY_S = 0.9
_MOST_PENDING = 1_000
"""Endless is long enough to outlast every budget, and ends: nobody may listen any more."""
_MOST_LATE = 1_000
"""Late answers of one unit that are kept; the others are never sent."""
_RESET_DOWNTIME_MS = 800
_NACK_UNREACHABLE = 0x06


@dataclass(frozen=True, kw_only=True)
class LineFault:
    """One parsed spec."""

    kind: str
    units: frozenset[str]
    """SHORT-NAMEs."""
    number: float = 0.0
    """Milliseconds, share, count or code, as the kind has it."""


@dataclass(frozen=True, kw_only=True)
class CloseFault:
    """When connections are closed."""

    after: int
    times: int
    """0: always."""


def parse_faults(
    specs: Iterable[str], units: Iterable[UnitDefinition]
) -> tuple[tuple[LineFault, ...], CloseFault | None]:
    """Return what `specs` say. Raises ConsoleError WC-103 that lists the forms."""
    faults: list[LineFault] = []
    close: CloseFault | None = None
    known = tuple(units)
    for spec in specs:
        kind, _, rest = spec.partition(":")
        if kind in _ELSEWHERE:
            continue
        if kind == "close":
            close = _parse_close(spec, rest)
            continue
        if kind not in _NUMBERS:
            raise _refused(spec, FORMS)
        unit, _, number = rest.partition(":")
        names = frozenset(definition.name for definition in known if _means(unit, definition))
        if not names:
            raise _refused(spec, f"UNIT: *, {', '.join(definition.name for definition in known)}")
        faults.append(LineFault(kind=kind, units=names, number=_parse_number(spec, kind, number)))
    return tuple(faults), close


def parse_request_faults(specs: Iterable[str], units: Iterable[UnitDefinition]) -> tuple[RequestFault, ...]:
    """Return the faults at single requests among `specs`. Raises ConsoleError WC-103."""
    faults = []
    known = tuple(units)
    for spec in specs:
        kind, _, rest = spec.partition(":")
        if kind == "at":
            fault = parse_request_fault(rest, known, _means)
            if fault is None:
                raise _refused(spec, f"{FORM}; WHAT: NRC, {', '.join(WHAT)}")
            faults.append(fault)
    return tuple(faults)


def parse_frame_loss(specs: Iterable[str]) -> float:
    """Return the share of frames on the CAN bus that is lost. Raises ConsoleError WC-103."""
    loss = 0.0
    for spec in specs:
        kind, _, rest = spec.partition(":")
        if kind == "frames":
            try:
                loss = float(rest)
            except ValueError:
                raise _refused(spec, FORMS) from None
            if not 0 <= loss <= 1:
                raise _refused(spec, "0 … 1")
    return loss


_ELSEWHERE = ("at", "frames")
"""Kinds that parse_faults() leaves to others."""

_NUMBERS: dict[str, tuple[str, float | None, float, float]] = {
    # kind: prefix of the number, default (None: must be given), lowest, highest
    "silent": ("", 0, 0, 0),
    "late": ("", None, 0, 600_000),
    "lost": ("", 0.5, 0, 1),
    "duplicate": ("", 0, 0, 0),
    "stale": ("", 0, 0, 0),
    "corrupt": ("", 1, 0, 1),
    "cut": ("", 0, 0, 0),
    "long": ("", 0, 0, 0),
    "empty": ("", 0, 0, 0),
    "other": ("", 0, 0, 0),
    "pending": ("", 0, 0, 0),
    "busy": ("", 0, 0, 1_000_000),
    "reset": ("after=", 1, 1, 1_000_000),
    "nack": ("", _NACK_UNREACHABLE, 0, 0xFF),
}


class LineFaults:
    """The faults that are switched on, for all units of one vehicle."""

    def __init__(
        self,
        faults: Iterable[LineFault],
        scheduler: Scheduler,
        *,
        seed: int = 0,
        requests: RequestFaults | None = None,
    ) -> None:
        self._requests = requests
        self._faults = tuple(faults)
        self._scheduler = scheduler
        self._seed = seed

    def nack(self, unit: str) -> int | None:
        """Return the DoIP code that the gateway refuses this unit with, or None."""
        return next((int(f.number) for f in self._faults if f.kind == "nack" and unit in f.units), None)

    def silences(self, unit: str) -> bool:
        """Return whether a unit says nothing at all, not even flow control."""
        return any(fault.kind == "silent" and unit in fault.units for fault in self._faults)

    def around(self, unit: SimulatedUnit) -> Requests:
        """Return how requests reach `unit`: straight, where no fault concerns it."""
        own = {fault.kind: fault.number for fault in self._faults if unit.definition.name in fault.units}
        own.pop("nack", None)
        if not own and self._requests is None:
            return unit.request
        chance = random.Random(f"{self._seed}/{unit.definition.name}")  # noqa: S311 - wants repeatable, not secret
        return FaultyUnit(unit, own, self._scheduler, chance, self._requests).request


class Requests(Protocol):
    """SimulatedUnit.request, or the same with faults around it."""

    def __call__(self, request: bytes, reply: Reply, *, functional: bool = False) -> None:
        """Take a request; `reply` is called for each response."""


class FaultyUnit:
    """A unit whose answers go through its faults."""

    def __init__(
        self,
        unit: SimulatedUnit,
        faults: dict[str, float],
        scheduler: Scheduler,
        chance: random.Random,
        requests: RequestFaults | None = None,
    ) -> None:
        self._unit = unit
        self._requests = RequestFaults() if requests is None else requests
        self._faults = faults
        self._scheduler = scheduler
        self._random = chance
        self._previous = b"\x7e\x00"
        self._answers = 0
        self._late = 0
        self._refusals: dict[bytes, int] = {}
        self._endless: Timer | None = None

    def request(self, request: bytes, reply: Reply, *, functional: bool = False) -> None:
        """Take a request as the unit would, with its faults."""
        faults = self._faults
        if "silent" in faults or not request or self._unit.is_away() or request[0] & 0x40:
            return
        fault = self._requests.due(self._unit.definition.name, request)
        if fault is not None:
            self._break(fault, request, reply, functional=functional)
            return
        if "pending" in faults:
            if request != b"\x3e\x80":
                self._pend(request[0], reply, _MOST_PENDING)
            return
        if "busy" in faults and self._refuse(request):
            reply(negative_response(request[0], Nrc.BUSY_REPEAT_REQUEST))
            return
        self._unit.request(request, partial(self._send, reply), functional=functional)

    def _break(self, fault: RequestFault, request: bytes, reply: Reply, *, functional: bool) -> None:
        if fault.nrc == PENDING:
            self._pend(request[0], reply, _MOST_PENDING)
        elif not fault.what:
            reply(bytes((0x7F, request[0], fault.nrc)))
        elif fault.what == "power-cut":
            self._unit.cut_supply(POWER_CUT_MS)
        elif fault.what == "close":
            self._requests.close_line()
        elif fault.what != "silent":
            self._unit.request(request, partial(self._break_answer, fault, reply), functional=functional)

    def _break_answer(
        self, fault: RequestFault, reply: Reply, payload: bytes, *, broken_off: bool = False
    ) -> None:
        """Take an answer in place of the tester."""
        pending = payload[:1] == b"\x7f" and payload[2:] == bytes((PENDING,))
        if fault.what == "power-cut-during":
            # Not at once: the unit is in the middle of setting its next timer.
            self._scheduler.call_later(0, partial(self._unit.cut_supply, POWER_CUT_MS))
        elif pending:
            reply(payload, broken_off=broken_off)
        elif fault.what == "power-cut-after":
            self._scheduler.call_later(0, partial(self._unit.cut_supply, POWER_CUT_MS))
        elif fault.what == "close-after":
            self._requests.close_line()

    def _pend(self, service: int, reply: Reply, left: int) -> None:
        if self._endless is not None:
            self._endless.cancel()
        reply(negative_response(service, Nrc.REQUEST_CORRECTLY_RECEIVED_RESPONSE_PENDING))
        if left:
            self._endless = self._scheduler.call_later(
                _PENDING_EVERY_S, partial(self._pend, service, reply, left - 1)
            )

    def _refuse(self, request: bytes) -> bool:
        times = int(self._faults["busy"])
        head = request[:4]
        refused = self._refusals.get(head, 0)
        if times and refused >= times:
            del self._refusals[head]
            return False
        if times:
            if len(self._refusals) > 256:
                self._refusals.clear()
            self._refusals[head] = refused + 1
        return True

    def _send(self, reply: Reply, payload: bytes, *, broken_off: bool = False) -> None:
        if broken_off:
            reply(payload, broken_off=True)
            return
        faults = self._faults
        if "lost" in faults and self._random.random() < faults["lost"]:
            return
        for kind in _ALTERING:
            if kind in faults and (kind != "corrupt" or self._random.random() < faults[kind]):
                payload = self._altered(kind, payload)
        sent = [payload]
        if "stale" in faults:
            sent.insert(0, self._previous)
            self._previous = payload
        if "duplicate" in faults:
            sent.append(payload)
        if "reset" in faults:
            self._answers += 1
            if self._answers == int(faults["reset"]):
                reply(payload, broken_off=True)
                self._unit.reset(_RESET_DOWNTIME_MS)
                return
        for message in sent:
            if "late" not in faults:
                reply(message)
            elif self._late < _MOST_LATE:
                self._late += 1
                self._scheduler.call_later(faults["late"] / 1000, partial(self._send_late, reply, message))

    def _send_late(self, reply: Reply, message: bytes) -> None:
        self._late -= 1
        reply(message)

    def _altered(self, kind: str, payload: bytes) -> bytes:
        if kind == "cut":
            return payload[: max(1, len(payload) // 2)]
        if kind == "long":
            return payload + bytes(self._random.randrange(1, 256) for _ in range(9))
        if kind == "empty":
            return payload if payload[0] == 0x7F else payload[:1]
        if kind == "other":
            changed = bytearray(payload)
            changed[-1 if payload[0] == 0x7F else min(1, len(payload) - 1)] ^= 0x15
            return bytes(changed)
        changed = bytearray(payload)
        changed[self._random.randrange(len(changed))] ^= self._random.randrange(1, 256)
        return bytes(changed)


def _means(text: str, definition: UnitDefinition) -> bool:
    if text == "*" or text.casefold() == definition.name.casefold():
        return True
    try:
        return (
            int(text, 16) in (definition.logical, definition.can_request)
            if text[:2] in ("0x", "0X")
            else False
        )
    except ValueError:
        return False


def _parse_number(spec: str, kind: str, text: str) -> float:
    prefix, default, lowest, highest = _NUMBERS[kind]
    if not text and default is not None:
        return default
    try:
        digits = text.removeprefix(prefix)
        number = float(int(digits, 16)) if kind == "nack" else float(digits)
    except ValueError:
        raise _refused(spec, FORMS) from None
    if highest == 0 or not lowest <= number <= highest:
        raise _refused(spec, f"{lowest:g} … {highest:g}" if highest else FORMS)
    return number


def _parse_close(spec: str, text: str) -> CloseFault:
    values = {"after": 1, "times": 0}
    for part in text.split(":") if text else ():
        key, _, number = part.partition("=")
        if key not in values or not number.isdecimal():
            raise _refused(spec, FORMS)
        values[key] = int(number)
    if values["after"] < 1:
        raise _refused(spec, FORMS)
    return CloseFault(after=values["after"], times=values["times"])


def _refused(spec: str, expected: str) -> ConsoleError:
    return ConsoleError("WC-103", detail=clean(f"--fault {spec} ({expected})", longest=1_000))

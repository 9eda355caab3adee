"""Faults at one request: `--fault at:UNIT:REQUEST:WHAT[:from=N][:times=M]`.

REQUEST is how the request begins, in hexadecimal digits (36, 3101FF00; the suppress bit does not matter).
From its Nth time on (default 1), M times in all (default 1, 0: always), this happens:

| WHAT | |
|---|---|
| NRC in hexadecimal digits | the unit refuses with it and does nothing; 78: it says so for ever |
| silent | the request is lost |
| lost | the unit does what is asked, its answer is lost |
| power-cut | the supply is lost before the unit does anything |
| power-cut-during | the supply is lost while the unit works: at its first 0x78, or in place of its answer |
| power-cut-after | the supply is lost when the unit has done it, before it answers |
| close | the line is closed before the unit does anything |
| close-after | the line is closed when the unit has done it, before it answers |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from workshop_console.console.simulation.definition import UnitDefinition

WHAT = ("silent", "lost", "power-cut", "power-cut-during", "power-cut-after", "close", "close-after")
"""What can happen besides a refusal."""
FORM = "at:UNIT:REQUEST:WHAT[:from=N][:times=M]"

PENDING = 0x78
POWER_CUT_MS = 400
"""How long a unit is without supply."""
_SERVICES_WITH_SUB_FUNCTION = frozenset({0x10, 0x11, 0x19, 0x27, 0x28, 0x31, 0x3E, 0x85})
_SUPPRESS = 0x80


@dataclass(kw_only=True)
class RequestFault:
    """One fault; it counts by itself."""

    units: frozenset[str]
    """SHORT-NAMEs."""
    request: bytes
    """How the request begins."""
    what: str = ""
    """One of WHAT; empty: `nrc`."""
    nrc: int = 0
    first: int = 1
    times: int = 1
    """0: always."""
    seen: int = field(default=0, init=False)
    """How often such a request came."""
    happened: int = field(default=0, init=False)
    """How often it did what it is for."""

    def meets(self, unit: str, request: bytes) -> bool:
        """Count a request, and return whether the fault is due at it."""
        if unit not in self.units or not _plain(request).startswith(self.request):
            return False
        self.seen += 1
        if self.seen < self.first or (self.times and self.happened >= self.times):
            return False
        self.happened += 1
        return True


class RequestFaults:
    """The faults of all units; they may be changed from another thread while the simulation runs."""

    def __init__(self, faults: Iterable[RequestFault] = ()) -> None:
        self._faults = tuple(faults)
        self.close_line: Callable[[], None] = lambda: None
        """Closes every connection to the vehicle; set by what serves them."""

    def add(self, *faults: RequestFault) -> None:
        """Switch more faults on."""
        self._faults += faults

    def clear(self) -> None:
        """Switch all off."""
        self._faults = ()

    def due(self, unit: str, request: bytes) -> RequestFault | None:
        """Return the first fault that is due at this request; all of them count it."""
        due = [fault for fault in self._faults if fault.meets(unit, request)]
        return due[0] if due else None


def parse_request_fault(
    text: str, units: Iterable[UnitDefinition], means: Callable[[str, UnitDefinition], bool]
) -> RequestFault | None:
    """Return the fault that a spec spells after its `at:`, or None when it is no such text."""
    unit, *parts = text.split(":")
    names = frozenset(definition.name for definition in units if means(unit, definition))
    if not names or len(parts) < 2:
        return None
    numbers = {"from": 1, "times": 1}
    try:
        request = bytes.fromhex(parts[0])
        what = parts[1] if parts[1] in WHAT else ""
        nrc = 0 if what else int(parts[1], 16)
        for part in parts[2:]:
            key, _, number = part.partition("=")
            if key not in numbers:
                return None
            numbers[key] = int(number)
    except ValueError:
        return None
    if not request or numbers["from"] < 1 or numbers["times"] < 0 or not 0 <= nrc <= 0xFF:
        return None
    return RequestFault(
        units=names, request=request, what=what, nrc=nrc, first=numbers["from"], times=numbers["times"]
    )


def _plain(request: bytes) -> bytes:
    if len(request) > 1 and request[0] in _SERVICES_WITH_SUB_FUNCTION:
        return bytes((request[0], request[1] & ~_SUPPRESS)) + request[2:]
    return request

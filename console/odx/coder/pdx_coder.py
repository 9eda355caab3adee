"""Encodes and decodes by imported descriptions: the console's end; implements the port Coder."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import EncodedRequest, UnitForms
from workshop_console.console.odx import wire
from workshop_console.console.odx.coder.process import CoderProcess, EndedError
from workshop_console.console.odx.coder.standard import decode_standard, standard_records
from workshop_console.console.odx.limits import DEFAULT_LIMITS, ImportLimits

_Kind = TypeVar("_Kind")

_MOST_PROCESSES = 3
_MOST_FORMS = 128
"""Forms of units that are kept, so that a screen that comes back does not wait."""
_REQUEST_S = 30.0
"""Wall-clock time for one request to a process that has read its description."""
_STARTS = 2
"""Times a process is started for one call; one that is killed is replaced once."""


@dataclass(frozen=True, kw_only=True)
class KeptPdx:
    """Where the PDX of a description stands."""

    file: str
    """Its name when it was imported."""
    sha256: str
    path: Path | None
    """None: it was not kept."""


class PdxCoder:
    """Implements the port Coder: one process for each description in use, the oldest of many goes."""

    def __init__(
        self,
        source: Callable[[int], KeptPdx | None],
        limits: ImportLimits = DEFAULT_LIMITS,
        *,
        request_s: float = _REQUEST_S,
    ) -> None:
        """Say where the PDX is of the description that a unit (row in the store) comes from."""
        self._source = source
        self._limits = limits
        self._request_s = request_s
        self._one_call = threading.Lock()
        self._guard = threading.Lock()
        self._processes: OrderedDict[str, CoderProcess] = OrderedDict()
        self._forms: OrderedDict[tuple[str, str, str], UnitForms] = OrderedDict()
        self._unreadable: dict[str, ConsoleError] = {}
        """By SHA-256: what is wrong with a file stays wrong."""
        self._closed = False

    # -- port ------------------------------------------------------------------------------------------

    def forms(self, unit: UnitSummary, variant: str = "") -> UnitForms:
        """See ports.Coder."""
        if not unit.key:
            return UnitForms(unit=unit.name, variant="", records=standard_records())
        with self._one_call:
            kept = self._kept(unit)
            key = (kept.sha256, unit.name, variant)
            if key not in self._forms:
                answer = self._ask(kept, {"do": "forms", "unit": unit.name, "variant": variant})
                self._forms[key] = _checked(kept, UnitForms, answer)
                while len(self._forms) > _MOST_FORMS:
                    self._forms.popitem(last=False)
            self._forms.move_to_end(key)
            return self._forms[key]

    def encode(
        self, unit: UnitSummary, variant: str, service: str, values: Mapping[str, str]
    ) -> EncodedRequest:
        """See ports.Coder."""
        if not unit.key:
            raise ConsoleError("WC-411", name=clean(service, longest=120), unit=_shown(unit))
        request = {
            "do": "encode",
            "unit": unit.name,
            "variant": variant,
            "service": service,
            "values": dict(values),
        }
        with self._one_call:
            kept = self._kept(unit)
            return _checked(kept, EncodedRequest, self._ask(kept, request))

    def decode(
        self, unit: UnitSummary, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        """See ports.Coder."""
        described = [answer for answer in answers if answer[0]] if unit.key else []
        rows: list[tuple[DecodedValue, ...]] = []
        if described:
            sent = [(service, request.hex(), response.hex()) for service, request, response in described]
            asked = {"do": "decode", "unit": unit.name, "variant": variant, "answers": sent}
            with self._one_call:
                kept = self._kept(unit)
                answer = self._ask(kept, asked)
            if not isinstance(answer, list) or len(answer) != len(described):
                raise _ended(kept, "unknown answer")
            rows = [_decoded(kept, row) for row in answer]
        left = iter(rows)
        return [
            next(left, ()) if service and unit.key else decode_standard(request, response)
            for service, request, response in answers
        ]

    def decode_request(
        self, unit: UnitSummary, variant: str, service: str, request: bytes
    ) -> tuple[DecodedValue, ...]:
        """See ports.Coder."""
        if not unit.key:
            raise ConsoleError("WC-411", name=clean(service, longest=120), unit=_shown(unit))
        asked = {
            "do": "decode-request",
            "unit": unit.name,
            "variant": variant,
            "service": service,
            "request": request.hex(),
        }
        with self._one_call:
            kept = self._kept(unit)
            return _decoded(kept, self._ask(kept, asked))

    def close(self) -> None:
        """End the processes, also one that somebody waits for; safe to call twice."""
        with self._guard:
            self._closed = True
            processes, self._processes = list(self._processes.values()), OrderedDict()
        for process in processes:
            process.close()

    # -- processes -------------------------------------------------------------------------------------

    def _kept(self, unit: UnitSummary) -> KeptPdx:
        kept = self._source(unit.key)
        if kept is None or kept.path is None:
            raise ConsoleError("WC-409", file=kept.file if kept is not None else clean(unit.description))
        return kept

    def _ask(self, kept: KeptPdx, request: Mapping[str, Any]) -> Any:
        """Ask the process of a description, a new one where the last one is gone.

        Raises ConsoleError WC-409, WC-410, what the process tells, and as DescriptionImporter.read().
        """
        if kept.sha256 in self._unreadable:
            raise self._unreadable[kept.sha256]
        why = ""
        for _ in range(_STARTS):
            process = self._process(kept)
            try:
                return process.ask(request)
            except EndedError as ended:
                self._drop(kept, process)
                why = str(ended)
                if why.startswith(">"):
                    break  # the same request would take as long again
            except ConsoleError as error:
                if not process.ready:
                    self._drop(kept, process)
                    named = ConsoleError(error.number, **{**error.facts, "file": kept.file})
                    if error.number in _LASTING:
                        self._unreadable[kept.sha256] = named
                    raise named from None
                raise
        raise _ended(kept, why)

    def _process(self, kept: KeptPdx) -> CoderProcess:
        """Return the running process of a description, started now where there is none."""
        assert kept.path is not None  # noqa: S101  # _kept() asked
        with self._guard:
            if self._closed:
                raise _ended(kept, "closed")
            process = self._processes.get(kept.sha256)
            if process is None:
                process = CoderProcess(kept.path, kept.sha256, self._limits, request_s=self._request_s)
                self._processes[kept.sha256] = process
            self._processes.move_to_end(kept.sha256)
            extra = []
            while len(self._processes) > _MOST_PROCESSES:
                extra.append(self._processes.popitem(last=False)[1])
        for old in extra:
            old.close()
        return process

    def _drop(self, kept: KeptPdx, process: CoderProcess) -> None:
        with self._guard:
            if self._processes.get(kept.sha256) is process:
                del self._processes[kept.sha256]
        process.close()


_LASTING = frozenset({"WC-400", "WC-401", "WC-402", "WC-405", "WC-406"})
"""What is wrong with a file itself; time, memory and reading may go better next time."""


def _shown(unit: UnitSummary) -> str:
    return clean(unit.label or unit.name)


def _ended(kept: KeptPdx, why: str) -> ConsoleError:
    return ConsoleError("WC-410", file=kept.file, detail=clean(why))


def _checked(kept: KeptPdx, kind: type[_Kind], answer: Any) -> _Kind:
    try:
        return wire.from_json(kind, answer)
    except ValueError as error:
        raise _ended(kept, str(error)) from None


def _decoded(kept: KeptPdx, rows: Any) -> tuple[DecodedValue, ...]:
    try:
        return tuple(
            DecodedValue(name=str(name), value=str(value), unit=str(unit), raw=bytes.fromhex(raw))
            for name, value, unit, raw in rows
        )
    except (ValueError, TypeError):
        raise _ended(kept, "unknown answer") from None

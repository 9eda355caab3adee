"""What the description of a control unit lets a mechanic read, drive and code: lists and forms of screens.

Made by odxtools from the description (console/odx), plain data after that. Names are SHORT-NAMEs; a value
inside a structure is called Structure.Field.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workshop_console.console.model.condition import Comparison as Comparison
from workshop_console.console.model.condition import Condition as Condition
from workshop_console.console.model.condition import Translations as Translations
from workshop_console.console.model.flash import FlashSequence


class ParameterKind(StrEnum):
    """What a person enters or reads."""

    NUMBER = "number"
    CHOICE = "choice"
    """One of `choices`."""
    TEXT = "text"
    BYTES = "bytes"
    """Hexadecimal digits."""


@dataclass(frozen=True, kw_only=True)
class ParameterForm:
    """One parameter of a request, a response or a coding."""

    name: str
    label: str
    kind: ParameterKind
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    """Physical limits that the description allows; None: not described."""
    digits: int | None = None
    """Digits after the point, where described."""
    default: str | None = None
    description: str = ""
    shortest: int = 0
    longest: int | None = None
    """Bytes of a TEXT or BYTES, where described; a TEXT of fixed length is filled up with spaces."""


@dataclass(frozen=True, kw_only=True)
class ServiceForm:
    """One diagnostic service of the unit: what must be given for a request, and what an answer says."""

    name: str
    label: str
    request: bytes
    """Constant prefix of the request."""
    parameters: tuple[ParameterForm, ...] = ()
    results: tuple[ParameterForm, ...] = ()
    sessions: tuple[int, ...] = ()
    """Diagnostic sessions that allow it, where described; empty: not described."""
    security_level: int = 0
    """0x27 level (odd) that must be unlocked, where described; 0: none known."""


@dataclass(frozen=True, kw_only=True)
class ValueForm:
    """One actual value: a field of a record that the unit answers."""

    name: str
    """Unique in its unit: the field's name, or Record.Field where another record has a field of that name."""
    label: str
    kind: ParameterKind
    unit: str = ""
    low: float | None = None
    high: float | None = None
    """Expected range, where described."""
    digits: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordForm:
    """A record read in one piece, and the values in it in the order of its fields."""

    service: str
    """Name of the service that reads it; empty: a standard identifier without description."""
    label: str
    request: bytes
    """The whole request."""
    did: int | None = None
    """Data identifier, when the request is 0x22 with one identifier."""
    length: int | None = None
    """Bytes of data after the identifier, or None when it varies."""
    values: tuple[ValueForm, ...] = ()


class FunctionKind(StrEnum):
    """What a function does."""

    OUTPUT = "output"
    """Input/output control (0x2F)."""
    ROUTINE = "routine"
    """Routine control (0x31)."""
    OTHER = "other"
    """Any other service with a request of its own."""


@dataclass(frozen=True, kw_only=True)
class FunctionForm:
    """Something the unit does when asked: an output, a routine, another service."""

    name: str
    label: str
    kind: FunctionKind
    start: ServiceForm
    """0x2F with short-term adjustment, 0x31 01, or the service itself."""
    freeze: ServiceForm | None = None
    reset: ServiceForm | None = None
    give_back: ServiceForm | None = None
    """0x2F with returnControlToECU; where none is described it is made from the identifier."""
    stop: ServiceForm | None = None
    results: ServiceForm | None = None
    description: str = ""
    """What it does."""
    warning: str = ""
    """What moves or can hurt, in the words of the description."""
    warning_translations: Translations = ()
    conditions: tuple[Condition, ...] = ()
    related: tuple[str, ...] = ()
    """Actual values to show beside it, at most four."""


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """A rule between options: while `option` is one of `values`, `needs` must be one of `allowed`."""

    option: str
    values: tuple[str, ...]
    needs: str
    allowed: tuple[str, ...]
    text: str = ""
    translations: Translations = ()
    """Of `text`."""


@dataclass(frozen=True, kw_only=True)
class CodingForm:
    """A coding record: what 0x22 reads and 0x2E writes."""

    name: str
    label: str
    did: int
    write: ServiceForm
    """Its parameters are the options."""
    dependencies: tuple[Dependency, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnitForms:
    """Everything of one unit in one variant."""

    unit: str
    """SHORT-NAME, or the address of a unit that nobody describes."""
    variant: str
    """Empty: the base variant."""
    records: tuple[RecordForm, ...] = ()
    functions: tuple[FunctionForm, ...] = ()
    codings: tuple[CodingForm, ...] = ()
    flash: FlashSequence | None = None
    """How it is flashed; None: not described."""

    def record_of(self, value: str) -> RecordForm | None:
        """Return the record that holds the value called `value`."""
        return next((r for r in self.records if any(v.name == value for v in r.values)), None)


@dataclass(frozen=True, kw_only=True)
class EncodedRequest:
    """A request made from values."""

    payload: bytes
    mask: bytes
    """As long as `payload`: 1 for each bit that the given parameters, constants and defaults define; 0 for
    what the description does not know or reserves."""

"""The coding of a control unit: as read, as it is to become, and what became of writing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import CodingForm, Condition, ParameterForm
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.model.message import RaisedMessage


@dataclass(frozen=True, kw_only=True)
class CheckedCondition:
    """A condition of the description and how it stands."""

    condition: Condition
    value: str = ""
    """As read, with its unit; empty: only a person can tell, or it could not be read."""
    holds: bool | None = None
    """None: not known."""


@dataclass(frozen=True, kw_only=True)
class CodingReading:
    """One coding record of one unit, as read."""

    unit: UnitSummary
    address: Address
    variant: str
    form: CodingForm
    time: datetime
    vin: str
    data: bytes | None = None
    """Without service and identifier; None: it could not be read, `messages` say why."""
    options: tuple[DecodedValue, ...] = ()
    """What the description knows of it, in its order; empty when it does not fit."""
    conditions: tuple[CheckedCondition, ...] = ()
    """What must hold before it is written."""
    messages: tuple[RaisedMessage, ...] = ()

    @property
    def unit_name(self) -> str:
        """What the unit is called."""
        return self.unit.label or self.unit.name

    @property
    def values(self) -> dict[str, str]:
        """The options by name."""
        return {option.name: option.value for option in self.options}

    def parameter(self, name: str) -> ParameterForm | None:
        """Return the form of an option."""
        return next((p for p in self.form.write.parameters if p.name == name), None)


@dataclass(frozen=True, kw_only=True)
class OptionChange:
    """One option that is to become another."""

    option: str
    """Its name in the form; empty: bits that no option describes."""
    label: str
    before: str
    after: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class CodingPlan:
    """What is to be written."""

    before: CodingReading
    data: bytes
    """What the record is to hold; as long as what was read."""
    changes: tuple[OptionChange, ...] = ()
    restores: KeptCoding | None = None
    """The kept coding that is put back."""
    messages: tuple[RaisedMessage, ...] = ()
    """What to know before."""
    broken: tuple[RaisedMessage, ...] = ()
    """Rules of the description (WC-330) that it breaks: it is a draft, and not written."""

    @property
    def changed_bytes(self) -> tuple[int, ...]:
        """Places of the bytes that differ."""
        old = self.before.data or b""
        return tuple(i for i, (a, b) in enumerate(zip(old, self.data, strict=False)) if a != b)


@dataclass(frozen=True, kw_only=True)
class CodingResult:
    """What became of a plan."""

    plan: CodingPlan
    written: bool
    """Whether the unit took it: it reads back as planned, or said so and differs."""
    outcome: str
    """As OrderEntry.outcome; `not-sent` where nothing was written."""
    after: CodingReading | None = None
    """As read back; None: it was not, or could not be."""
    kept_id: int = 0
    """Number of the kept coding from before; 0: none."""
    wait_s: int = 0
    """How long the unit refuses security access, where it does."""
    messages: tuple[RaisedMessage, ...] = ()

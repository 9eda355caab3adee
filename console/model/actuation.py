"""Driving a function of a control unit: what is known before, while it runs, and after."""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.model.address import Address
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import FunctionForm, UnitForms
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.values import ValueReading


@dataclass(frozen=True, kw_only=True)
class DrivenUnit:
    """A control unit whose functions are driven."""

    summary: UnitSummary
    address: Address
    variant: str
    forms: UnitForms

    @property
    def label(self) -> str:
        """What the unit is called."""
        return self.summary.label or self.summary.name

    def function(self, name: str) -> FunctionForm | None:
        """Return the function called so (name, label, or the name of its start service), in any case."""
        folded = name.strip().casefold()
        return next(
            (
                f
                for f in self.forms.functions
                if folded in (f.name.casefold(), f.label.casefold(), f.start.name.casefold())
            ),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class ActuationResult:
    """What became of it."""

    unit: DrivenUnit
    function: FunctionForm
    settings: tuple[tuple[str, str], ...]
    conditions: tuple[CheckedCondition, ...] = ()
    request: bytes = b""
    """Empty: nothing was sent."""
    answer: bytes = b""
    outcome: str = "not-sent"
    """not-sent, done, refused 0xNN, silent, stopped, failed."""
    results: tuple[DecodedValue, ...] = ()
    """As told last."""
    values: tuple[ValueReading, ...] = ()
    """Related actual values as read last, while it ran."""
    given_back: bool | None = None
    """Whether the unit confirmed that it has control again; None: there was nothing to give back."""
    elapsed_s: float = 0.0
    messages: tuple[RaisedMessage, ...] = ()

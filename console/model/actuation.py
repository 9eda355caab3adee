"""Driving a function of a control unit: what is known before, while it runs, and after."""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import FunctionForm
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.values import ValueReading


@dataclass(frozen=True, kw_only=True)
class ActuationResult:
    """What became of it."""

    unit: OpenedUnit
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

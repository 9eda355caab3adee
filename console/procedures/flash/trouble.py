"""Why a unit's part of a run does not go on, and what the user is told of it."""

from __future__ import annotations

from workshop_console.console.errors import Fact
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason
from workshop_console.console.model.flash import FlashStep
from workshop_console.console.model.message import RaisedMessage


class FlashEndError(Exception):
    """Something that ends, or interrupts, a unit's part.

    Args:
        step: where.
        message: what the user reads.
    """

    def __init__(self, step: FlashStep, message: RaisedMessage) -> None:
        super().__init__(step, message)
        self.step = step
        self.message = message


class RefusalError(FlashEndError):
    """The unit will not: this part ends."""


class BreakError(FlashEndError):
    """The unit or the line fell silent, or the session was lost: the unit is asked anew what it is.

    Args:
        weight: how much of the run's patience it costs.
    """

    def __init__(self, step: FlashStep, message: RaisedMessage, *, weight: int = 1) -> None:
        super().__init__(step, message)
        self.weight = weight


class BadResultError(BreakError):
    """The unit did what it was asked, and says that the outcome is not good."""


class GoneError(FlashEndError):
    """Unit or line did not come back in time."""


class StopError(FlashEndError):
    """Somebody wished it, and the unit is whole."""


def told(number: str, **facts: Fact) -> RaisedMessage:
    """Return a message with its facts."""
    return RaisedMessage(number=number, facts=tuple(facts.items()))


def refused(unit: str, step: FlashStep, nrc: int) -> RaisedMessage:
    """Say that a step was refused."""
    return told("WC-720", unit=unit, step=step.value, nrc=f"0x{nrc:02X}")


def silent(unit: str, step: FlashStep, exchange: Exchange | None = None) -> RaisedMessage:
    """Say that a unit gave no usable answer at a step."""
    reason = (exchange.reason if exchange is not None else None) or SilentReason.NO_ANSWER
    return told("WC-721", unit=unit, step=step.value, reason=reason.value)


def line_lost(unit: str, step: FlashStep, uri: str) -> RaisedMessage:
    """Say that the line went away at a step and did not come back."""
    return told("WC-722", unit=unit, step=step.value, uri=uri)


def bad_result(unit: str, step: FlashStep, result: int) -> RaisedMessage:
    """Say that a routine answered, and its result is not good."""
    return told("WC-723", unit=unit, step=step.value, result=f"0x{result:02X}")


OUTCOMES = {
    Outcome.POSITIVE: "positive",
    Outcome.NEGATIVE: "negative",
    Outcome.SILENT: "silent",
    Outcome.BROKEN: "broken",
    Outcome.LINK_LOST: "link-lost",
    Outcome.CANCELLED: "link-lost",
}
"""What the journal calls them."""

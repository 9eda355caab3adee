"""A numbered message in one language."""

from __future__ import annotations

from workshop_console.console.errors import ConsoleError, Fact
from workshop_console.console.model.lean import dataclass


@dataclass(frozen=True, kw_only=True)
class NumberedMessage:
    """Title, occasion, cause and remedy of one number, in one language and edition, placeholders filled."""

    number: str
    title: str
    when: str
    cause: str
    remedy: tuple[str, ...]
    """One step each, in the order to try them."""
    lang: str
    area: str = ""
    """Area it is listed under: start, credit, general, vehicle, unit, description, access, store, program."""


@dataclass(frozen=True, kw_only=True)
class RaisedMessage:
    """A message that was raised at run time: the number and the facts that fill its placeholders."""

    number: str
    facts: tuple[tuple[str, Fact], ...] = ()


def raised_by(error: ConsoleError) -> RaisedMessage:
    """Return the message that `error` is."""
    return RaisedMessage(number=error.number, facts=tuple(error.facts.items()))

"""The one error of the console: a message number and the facts that its text needs."""

from __future__ import annotations

Fact = str | int | float


class ConsoleError(Exception):
    """Says what went wrong as a numbered message; sentences are made at the edge, through i18n.

    Args:
        number: key of the message in data/messages, such as "2221-47" or "WC-201".
        facts: values for the placeholders of the message's texts, already cleaned of control characters.
    """

    def __init__(self, number: str, /, **facts: Fact) -> None:
        super().__init__(number, facts)
        self.number = number
        self.facts = facts

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.number} ({details})" if details else self.number

"""What must hold before something is done to a control unit, as its description says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Comparison(StrEnum):
    """How a condition compares."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


Translations = tuple[tuple[str, str], ...]
"""What a text of the description is in other languages: (language, text)."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What must hold before something is done; told as `text`, and checked where `value` names one."""

    text: str
    """As described: "Engine off"."""
    value: str = ""
    """Name of an actual value of the same unit; empty: only a person can tell."""
    comparison: Comparison = Comparison.EQUAL
    limit: str = ""
    """A number, or a text of the value."""
    translations: Translations = ()
    """Of `text`."""

    @property
    def facts(self) -> dict[str, str]:
        """`condition`, and `condition_de` and so on, for a message."""
        return {"condition": self.text, **{f"condition_{lang}": text for lang, text in self.translations}}

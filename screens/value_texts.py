"""Says actual values in the form of the language, each row always in the same form."""

from __future__ import annotations

from workshop_console.console.model.values import ValueReading
from workshop_console.i18n import formats


def digits_of(row: ValueReading) -> int:
    """Return how many digits the value has after the point, as read or described."""
    return max(len(row.text.partition(".")[2]) if row.number is not None else 0, row.digits or 0)


def value_text(row: ValueReading, digits: int = 0) -> str:
    """Return the value; a number with at least `digits` after the point, so that it does not jump."""
    if row.number is None:
        return row.text
    own = len(row.text.partition(".")[2])
    if f"{row.number:.{own}f}" != row.text:
        return row.text  # no plain number: leading zeros, powers of ten
    return formats.number(row.number, digits=max(own, digits))


def limit_text(limit: float | None, digits: int) -> str:
    """Return the least or the greatest value with as many digits as the value has; empty: not known."""
    return "" if limit is None else formats.number(limit, digits=digits)


def range_text(row: ValueReading) -> str:
    """Return the expected range as described; empty where none is."""
    if row.low is None and row.high is None:
        return ""
    low, high = ("" if limit is None else formats.number(limit) for limit in (row.low, row.high))
    if row.low is None:
        return f"≤ {high}"
    return f"≥ {low}" if row.high is None else f"{low} … {high}"

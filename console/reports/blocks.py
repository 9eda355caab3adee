"""What a printed report consists of, before it becomes a page of HTML or of PDF: texts only, no markup."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading; level 2 begins a part, level 3 a piece of it."""

    text: str
    level: int = 2


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str
    bad: bool = False
    """Must not be overlooked."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names and values below each other; those without a value are left out."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...] = ()
    """Of each column, as page.py styles them: n (number), k (kept in one line), code, raw, empty."""
    widths: tuple[float, ...] = ()
    """Share of each column in the width of a sheet of paper."""
    bad: frozenset[tuple[int, int]] = frozenset()
    """Row and column of the cells that must not be overlooked."""


Block = Heading | Text | Facts | Grid


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A whole report."""

    title: str
    blocks: tuple[Block, ...]
    author: str = ""

"""Prints: tables that fit a terminal, messages on standard error, JSON documents."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from wcwidth import wcswidth

from workshop_console.console.model.message import NumberedMessage
from workshop_console.i18n.texts import _

_NARROWEST, _WIDEST = 40, 120
_INDENT = "  "

BOLD, RED, YELLOW, GREEN = "1", "31", "33", "32"


def make_output_safe() -> None:
    """Let a terminal that lacks a character show a substitute, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def columns() -> int:
    """Return the width to fit: the terminal's, or 80 where there is none."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((80, 24)).columns))


def colour(text: str, code: str, stream: TextIO | None = None) -> str:
    """Return `text` in a colour where that is shown: on a terminal, and NO_COLOR is not set."""
    stream = stream or sys.stdout
    if not code or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def width(text: str) -> int:
    """Return the cells that `text` takes."""
    return max(0, wcswidth(text)) if not text.isascii() else len(text)


def fitted(text: str, cells: int, *, right: bool = False) -> str:
    """Return `text` in exactly `cells` cells, shortened with an ellipsis where it is longer."""
    if width(text) > cells:
        kept = ""
        for character in text:
            if width(kept + character) > cells - 1:
                break
            kept += character
        text = kept + "…"
    blanks = " " * (cells - width(text))
    return blanks + text if right else text + blanks


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: as wide as its contents, between `least` and `most` cells."""

    title: str
    least: int = 3
    most: int = 40
    right: bool = False


def print_table(table: Sequence[Column], rows: Sequence[Sequence[str]], colours: Sequence[str] = ()) -> None:
    """Print a table that fits the width; the widest columns give way first."""
    room = columns() - 2 * (len(table) - 1)
    widths = []
    for index, column in enumerate(table):
        longest = max((width(row[index]) for row in rows), default=0)
        widths.append(max(column.least, min(column.most, max(longest, width(column.title)))))
    while sum(widths) > room:
        spare = [w - column.least for w, column in zip(widths, table, strict=True)]
        if max(spare) <= 0:
            break
        widths[spare.index(max(spare))] -= 1
    print(_line(table, widths, [column.title for column in table], BOLD))
    for number, row in enumerate(rows):
        print(_line(table, widths, row, colours[number] if number < len(colours) else ""))


def _line(table: Sequence[Column], widths: Sequence[int], cells: Sequence[str], code: str) -> str:
    shown = [
        fitted(cell, cells_wide, right=column.right)
        for column, cells_wide, cell in zip(table, widths, cells, strict=True)
    ]
    return colour("  ".join(shown).rstrip(), code)


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """Return `text` in lines that fit."""
    return textwrap.fill(
        text,
        width=min(columns(), 96),
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def print_message(message: NumberedMessage, stream: TextIO | None = None, *, full: bool = False) -> None:
    """Print a numbered message: number and title, cause, remedy as steps; `full` adds when it appears."""
    stream = stream or sys.stderr
    lines = [colour(wrap(f"{message.number}  {message.title}", " " * 9, ""), BOLD, stream)]
    parts = [(_("When"), message.when)] if full else []
    parts.append((_("Cause"), message.cause))
    for heading, text in parts:
        if text:
            lines.append(wrap(f"{heading}: {text}", _INDENT))
    if message.remedy:
        lines.append(_INDENT + _("What to do") + ":")
        for number, step in enumerate(message.remedy, start=1):
            lines.append(wrap(step, _INDENT * 2 + "   ", f"{_INDENT * 2}{number}. "))
    print("\n".join(lines), file=stream)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one document and nothing else."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    print(json.dumps(document, ensure_ascii=encoding != "utf8", indent=2))

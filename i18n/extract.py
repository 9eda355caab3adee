"""Finds the English texts in the sources: Python by its syntax tree, the data by its keys."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

KEYWORDS: dict[str, tuple[str, ...]] = {
    "_": ("singular",),
    "mark": ("singular",),
    "Lazy": ("singular", "context"),
    "pgettext": ("context", "singular"),
    "ngettext": ("singular", "plural"),
    "npgettext": ("context", "singular", "plural"),
}
"""What the first arguments of each function are."""

_COMMENT = "# Translators:"


@dataclass(frozen=True, kw_only=True)
class SourceText:
    """One text to translate and where it stands."""

    singular: str
    plural: str = ""
    context: str = ""
    file: str = ""
    comment: str = ""


class NotLiteralError(Exception):
    """Tells that a text is put together at run time, so that no catalogue can hold it."""


def python_texts(source: str, file: str) -> Iterator[SourceText]:
    """Yield the texts in Python `source`. Raises NotLiteralError with file and line.

    Babel's own extractor reads tokens and before Python 3.12 misses calls inside f-strings; a tree does not.
    """
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source, file)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS):
            continue
        roles = KEYWORDS[node.func.id]
        if not node.args and node.func.id != "_":
            continue
        choices: list[dict[str, str]] = [{}]
        for role, argument in zip(roles, node.args, strict=False):
            texts = _literals(argument)
            if texts is None:
                raise NotLiteralError(f"{file}:{node.lineno}: {node.func.id}() takes literal texts only")
            choices = [{**choice, role: text} for choice in choices for text in texts]
        for found in choices:
            if found.get("singular"):
                yield SourceText(
                    singular=found["singular"],
                    plural=found.get("plural", ""),
                    context=found.get("context", ""),
                    file=file,
                    comment=_comment_above(lines, node.lineno),
                )


def _literals(argument: ast.expr) -> list[str] | None:
    """Return the literal texts that `argument` may be.

    Empty for a name or a call: marked where it was written. None for a text put together on the spot.
    """
    if isinstance(argument, ast.Constant):
        return [argument.value] if isinstance(argument.value, str) else None
    if isinstance(argument, ast.IfExp):
        first, second = _literals(argument.body), _literals(argument.orelse)
        return None if first is None or second is None else first + second
    return [] if isinstance(argument, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)) else None


def _comment_above(lines: list[str], line: int) -> str:
    above = lines[line - 2].strip() if line >= 2 else ""
    return above.removeprefix(_COMMENT).strip() if above.startswith(_COMMENT) else ""


def message_texts(source: str, file: str) -> Iterator[SourceText]:
    """Yield the texts of data/messages/*.toml: title, when, cause and remedy of each number and edition."""
    for number, entry in tomllib.loads(source)["messages"].items():
        for variant in (entry, *entry.get("editions", {}).values()):
            for key in ("title", "when", "cause"):
                if text := variant.get(key):
                    yield SourceText(singular=text, file=file, comment=f"{number}, {key}")
            for step in variant.get("remedy", ()):
                yield SourceText(singular=step, file=file, comment=f"{number}, remedy")


def guided_texts(source: str, file: str) -> Iterator[SourceText]:
    """Yield the texts of data/guided/*.toml: title, preparation, and each step's words and answers."""
    test = tomllib.loads(source)
    for key in ("title", "before"):
        if text := test.get(key):
            yield SourceText(singular=text, file=file, comment=key)
    for name, step in test["steps"].items():
        yield SourceText(singular=step["text"], file=file, comment=name)
        for answer in step.get("answers", ()):
            yield SourceText(singular=answer["text"], file=file, comment=f"{name}, answer")
        for remedy in step.get("remedy", ()):
            yield SourceText(singular=remedy, file=file, comment=f"{name}, remedy")


def domain_of(file: str) -> str:
    """Return the gettext domain of a source file, given relative to the repository."""
    return "messages" if file.startswith(("data/", "i18n/codes/", "i18n/explain")) else "console"


def all_texts(root: Path = ROOT) -> dict[str, list[SourceText]]:
    """Return every text of the sources by domain, in the order of files and lines."""
    found: dict[str, list[SourceText]] = {"console": [], "messages": []}
    files = [
        *sorted(root.glob("data/messages/*.toml")),
        *sorted(root.glob("data/guided/*.toml")),
        *(
            file
            for folder in ("console", "i18n", "screens", "widgets")
            for file in sorted((root / folder).rglob("*.py"))
        ),
    ]
    for path in files:
        file = path.relative_to(root).as_posix()
        source = path.read_text("utf-8")
        if path.suffix == ".toml":
            read = guided_texts if path.parent.name == "guided" else message_texts
        else:
            read = python_texts
        found[domain_of(file)].extend(read(source, file))
    return found

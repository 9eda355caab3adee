"""The one form in which a manifest is written and signed, so that nothing in it can change unnoticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MANIFEST_SUFFIX = ".manifest.json"
"""Follows the whole name of the flash file: engine.hex, engine.hex.manifest.json."""

LARGEST_MANIFEST_BYTES = 256 * 1024

_CONTEXT = b"workshop-console flash manifest 1\n"
"""Signed before the manifest, so that no other signature of the same key can pass for one of a manifest."""

_LONGEST_NUMBER = 12
_DEEPEST = 4


class NotCanonicalError(ValueError):
    """The bytes are no manifest in the one form; the text says why, in technical words."""


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a manifest as it stands in its file: keys sorted, two spaces, ASCII, a line feed at the end."""
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=True, allow_nan=False)
    return text.encode("ascii") + b"\n"


def signed_content(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that the signature of a manifest is over: all of it but the signature itself."""
    return _CONTEXT + canonical({key: value for key, value in document.items() if key != "signature"})


def parse_canonical(content: bytes) -> dict[str, Any]:
    """Return the object that `content` spells in the canonical form. Raises NotCanonicalError."""
    if len(content) > LARGEST_MANIFEST_BYTES:
        raise NotCanonicalError(f"> {LARGEST_MANIFEST_BYTES // 1024} KiB")
    try:
        document = json.loads(
            content.decode("ascii"),
            object_pairs_hook=_object,
            parse_constant=_refuse_number,
            parse_float=_refuse_number,
            parse_int=_integer,
        )
    except NotCanonicalError:
        raise
    except RecursionError:
        raise NotCanonicalError("nesting") from None
    except UnicodeDecodeError as error:
        raise NotCanonicalError(f"ASCII: byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NotCanonicalError(f"JSON: line {error.lineno}, {error.msg}") from None
    if not isinstance(document, dict):
        raise NotCanonicalError("JSON: object expected")
    if _depth(document) > _DEEPEST:
        raise NotCanonicalError("nesting")
    if canonical(document) != content:
        raise NotCanonicalError("not in canonical form")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotCanonicalError(f"{key}: twice")
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise NotCanonicalError(f"number: {digits[:_LONGEST_NUMBER]}…")
    return int(digits)


def _refuse_number(text: str) -> float:
    raise NotCanonicalError(f"number: {text[:_LONGEST_NUMBER]}")


def _depth(value: object, above: int = 0) -> int:
    """Return how deep `value` is nested, stopping one level past what is allowed."""
    if above > _DEEPEST:
        return above
    if isinstance(value, dict):
        return max((_depth(part, above + 1) for part in value.values()), default=above + 1)
    if isinstance(value, list):
        return max((_depth(part, above + 1) for part in value), default=above + 1)
    return above

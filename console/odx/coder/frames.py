"""How the console and its coding process talk: JSON documents, each after its length in four bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

_LENGTH_BYTES = 4


def write_frame(target: IO[bytes], document: Mapping[str, Any]) -> None:
    """Send one document. Raises OSError when the other side is gone."""
    content = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    target.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    target.flush()


def read_frame(source: IO[bytes], most_bytes: int) -> bytes | None:
    """Return the next document as sent; None at the end, and for one longer than `most_bytes`."""
    head = _exactly(source, _LENGTH_BYTES)
    length = int.from_bytes(head, "big")
    if len(head) < _LENGTH_BYTES or length > most_bytes:
        return None
    content = _exactly(source, length)
    return content if len(content) == length else None


def parse_frame(content: bytes) -> dict[str, Any]:
    """Return the document that a frame holds. Raises ValueError when it is no JSON object."""
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def _exactly(source: IO[bytes], length: int) -> bytes:
    """Return `length` bytes, fewer at the end."""
    parts = []
    while length and (part := source.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)

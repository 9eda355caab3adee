"""How the worker sends: one byte of kind, four of length (most significant first), then the content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

DOCUMENT = b"J"
"""A JSON object."""
CONTENT = b"B"
"""Bytes of the session whose document came last."""

_LARGEST_FRAME_BYTES = 1024 * 1024


def write_document(output: IO[bytes], document: Mapping[str, Any]) -> None:
    """Send a JSON object."""
    write_frame(output, DOCUMENT, json.dumps(document).encode("ascii"))


def write_frame(output: IO[bytes], kind: bytes, content: bytes) -> None:
    """Send one frame."""
    output.write(kind + len(content).to_bytes(4, "big"))
    output.write(content)


def read_frame(source: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Return kind and content of the next frame, or None at the end. Raises ValueError for anything else."""
    head = source.read(5)
    if not head:
        return None
    length = int.from_bytes(head[1:], "big")
    if len(head) < 5 or head[:1] not in (DOCUMENT, CONTENT) or length > _LARGEST_FRAME_BYTES:
        raise ValueError("not a frame")
    content = source.read(length)
    if len(content) < length:
        raise ValueError("frame broken off")
    return head[:1], content

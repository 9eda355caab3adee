"""Makes text from outside harmless, once, where it enters."""

from __future__ import annotations

import unicodedata

LONGEST_TEXT = 400
"""Characters kept of one outside string unless the caller says otherwise."""

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_ENDS = frozenset("\u2028\u2029")
_INVISIBLE = frozenset("\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff")
_UNSEEN = _BIDIRECTIONAL | _LINE_ENDS | _INVISIBLE


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or character in _UNSEEN:
        return "\ufffd"
    if 0xD800 <= code < 0xE000 or unicodedata.category(character) in ("Co", "Cn", "Cf"):
        return "\ufffd"
    return character


def clean(text: object, *, longest: int = LONGEST_TEXT) -> str:
    """Return `text` with control and bidirectional characters made visible, at most `longest` characters.

    The result is plain text and must never be read as markup.
    """
    raw = str(text)
    kept = raw[: longest + 1]
    if kept.isascii() and kept.isprintable():
        return kept if len(kept) <= longest else kept[: longest - 1] + "…"
    shown = "".join(map(_visible, kept))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def clean_bytes_as_text(payload: bytes, *, longest: int = 64) -> str:
    """Return the text that `payload` (an identification record) spells, padding removed, made harmless."""
    return clean(payload.rstrip(b"\x00\xff \xaa\xcc").decode("latin-1").strip(), longest=longest)

"""Leaves of a terminal's output what draws, and nothing that asks, names, copies or switches."""

from __future__ import annotations

import re

_NUMBERS = "[0-9]{0,4}(?:;[0-9]{0,4}){0,15}"
_TOKEN = re.compile(
    "|".join(
        (
            # What moves, erases, scrolls, repeats and sets attributes, within any screen's size.
            rf"(?P<draws>\x1b\[(?:{_NUMBERS}[ABCDEFGHLMPSTXbdfmr@]|[012]?[JK])|\x1b\[\?(?:7|25)[hl]|\x1bM|[\r\n\b\t])",
            r"(?P<text>[^\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+)",
            # Strings: titles, the clipboard, files, what another program is to be told.
            r"(?P<dropped>\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)",
            r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~])",
            r"(?P<begun>\x1b(?:[\]PX^_][^\x07\x1b\x9c]*\x1b?|\[[0-?]*[ -/]*|[ -/]*)\Z)",
        )
    ),
    re.DOTALL,
)
_LONGEST_BEGUN = 4096


class Harmless:
    """Takes a text piece by piece; a sequence may be cut between two of them."""

    def __init__(self) -> None:
        self._begun = ""

    def __call__(self, text: str) -> str:
        """Return what of `text` may be shown."""
        text, self._begun = self._begun + text, ""
        kept: list[str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                at += 1  # a control character by itself
                continue
            if match["begun"] is not None:
                if len(text) - at <= _LONGEST_BEGUN:
                    self._begun = text[at:]
                break
            if match["dropped"] is None:
                kept.append(match[0])
            at = match.end()
        return "".join(kept)

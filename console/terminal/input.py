"""Keys, pastes and answers out of what comes over the line, however it is cut or damaged."""

from __future__ import annotations

import re

from workshop_console.console.model.lean import dataclass
from workshop_console.console.terminal.key_sequences import key_of_character, key_of_csi, key_of_ss3

LONGEST_PASTE_BYTES = 65_536
"""What is kept of a paste; the rest is read and dropped."""
_LONGEST_SEQUENCE_BYTES = 64
_LONGEST_STRING_BYTES = 4096
_CUT_S = 1.0
"""How long the rest of a sequence that was cut is waited for."""
_PASTE_S = 5.0
"""How long the end of a paste is waited for after its last byte."""
_FLOOD = ((24, 6), (256, 1))
"""So many characters in one piece, of so many kinds, were not typed: keys that waited are fewer, or alike."""
_FLOOD_S = 0.2

_PASTE_BEGINS, _PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
_CSI = re.compile(rb"\x1b\[(\[[A-E]|([0-?]*)[ -/]*([@-Z\\-~]))")
_CSI_BEGUN = re.compile(rb"\x1b\[(\[|[0-?]*[ -/]*)\Z")
_STRING = re.compile(rb"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)")
_STRING_BEGUN = re.compile(rb"\x1b[\]PX^_][^\x07\x1b]*\x1b?\Z")
_LATE = (b"[", b"O")
"""How the rest of a sequence begins whose escape was taken for a key."""
_TYPED = re.compile(rb"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")


@dataclass(frozen=True)
class KeyPressed:
    """A key, by the name that Textual knows it by, and what it types."""

    key: str
    character: str | None = None


@dataclass(frozen=True)
class Pasted:
    """A text that nobody typed."""

    text: str


@dataclass(frozen=True)
class StatusReported:
    """The terminal answered that it is there."""


@dataclass(frozen=True)
class PlaceReported:
    """The terminal answered where the cursor is; counted from 0."""

    y: int
    x: int


@dataclass(frozen=True)
class AttributesReported:
    """The terminal answered what it is (device attributes)."""

    attributes: str
    """As it sends them: `?62;22`."""


Input = KeyPressed | Pasted | StatusReported | PlaceReported | AttributesReported


class Decoder:
    """Takes bytes as they come. What is not complete waits, for a time that fits what it may become."""

    def __init__(self, keys: dict[bytes, str] | None = None, *, charset: str = "utf-8") -> None:
        self._keys = keys or {}
        self._charset = charset
        self._waiting = b""
        self._pasting = False
        self._paste = bytearray()
        self._fed_at = 0.0
        self._escaped_at = self._flood_at = float("-inf")
        self._late = False
        """Whether the escape at the beginning of what waits was a key already."""
        self.escape_wait_s = 0.05
        """How long an escape waits for the rest of a sequence."""
        self.place_asked = False
        """Whether an answer with the cursor's place is due; F3 with a modifier looks the same."""

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and no paste goes on."""
        return not self._waiting and not self._pasting

    def feed(self, data: bytes, now: float) -> list[Input]:
        """Return what `data` and what waited hold."""
        self._fed_at = now
        if not self._waiting:
            # An escape that was taken for a key already: what comes may be its rest, and types nothing.
            self._late = now - self._escaped_at < _CUT_S and data.startswith(_LATE)
            data = b"\x1b" + data if self._late else data
        self._escaped_at = float("-inf")
        self._waiting += data
        found: list[Input] = []
        while self._waiting and self._step(found):
            self._late = False
        return found

    def wait_s(self, now: float) -> float | None:
        """Return when to call `expire` if nothing comes; None: nothing waits."""
        if self._pasting:
            wait_s = _PASTE_S
        elif not self._waiting:
            return None
        else:
            wait_s = self.escape_wait_s if self._waiting in (b"\x1b", b"\x1bO") else _CUT_S
        return max(0.0, self._fed_at + wait_s - now)

    def expire(self, now: float) -> list[Input]:
        """Return what waits, as what it is if nothing follows."""
        if self._pasting:
            return [self._pasted(self._waiting)]
        waiting, self._waiting = self._waiting, b""
        if waiting == b"\x1b":
            self._escaped_at = now
            return [KeyPressed("escape", "\x1b")]
        late, self._late = self._late, False
        if waiting.startswith(b"\x1b") and len(waiting) > 2:
            return []  # the rest of a sequence was lost; what came of it says nothing
        if late:
            waiting = waiting[1:]
        return [_typed(chr(byte)) for byte in waiting if byte < 0x80 or byte >= 0xA0]

    def _text(self, data: bytes) -> str:
        return data.decode(self._charset, "replace").replace("\0", "")

    def _pasted(self, rest: bytes) -> Pasted:
        self._keep(rest)
        text, self._pasting, self._waiting = self._text(bytes(self._paste)), False, b""
        self._paste.clear()
        return Pasted(text)

    def _keep(self, data: bytes) -> None:
        self._paste += data[: LONGEST_PASTE_BYTES - len(self._paste)]

    def _take(self, count: int) -> bytes:
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _step(self, found: list[Input]) -> bool:
        """Take the first thing that waits; False: it is not complete."""
        if self._pasting:
            before, end, after = self._waiting.partition(_PASTE_ENDS)
            if end:
                found.append(self._pasted(before))
                self._waiting = after
                return True
            self._keep(self._take(max(0, len(self._waiting) - len(_PASTE_ENDS))))
            return False
        if self._waiting[0] != 0x1B:
            return self._flood(found) or self._character(found)
        for sequence, key in self._keys.items():
            if self._waiting.startswith(sequence):
                self._take(len(sequence))
                found.append(KeyPressed(key))
                return True
        if match := _CSI.match(self._waiting):
            return self._csi(match, found)
        if _CSI_BEGUN.match(self._waiting):
            return self._dropped(_LONGEST_SEQUENCE_BYTES)
        if match := _STRING.match(self._waiting):
            self._take(match.end())
            return True
        if _STRING_BEGUN.match(self._waiting):
            return self._dropped(_LONGEST_STRING_BYTES)
        if self._waiting.startswith(b"\x1b\t"):  # the Linux console
            self._take(2)
            found.append(KeyPressed("shift+tab"))
            return True
        if self._waiting[1:2] == b"O" and len(self._waiting) > 2:
            key = key_of_ss3(chr(self._waiting[2]))
            if key:
                self._take(3)
                found.append(KeyPressed(key, key if len(key) == 1 else None))
                return True
        elif len(self._waiting) == 1 or self._waiting == b"\x1bO":
            return False
        # No terminal's sequence: an escape, and what was typed after it while the line was slow.
        self._take(1)
        if not self._late:
            found.append(KeyPressed("escape", "\x1b"))
        return True

    def _dropped(self, longest: int) -> bool:
        """Give up a sequence that does not end; False: it may end yet."""
        if len(self._waiting) <= longest:
            return False
        self._waiting = b""
        return True

    def _csi(self, match: re.Match[bytes], found: list[Input]) -> bool:
        if match[0] == b"\x1b[M" and len(self._waiting) < 6:
            return False  # a mouse that another program left switched on: three more bytes
        self._take(6 if match[0] == b"\x1b[M" else match.end())
        if match[0] == _PASTE_BEGINS:
            self._pasting = True
            return True
        if match[2] is None:  # the Linux console's first five
            found.append(KeyPressed(f"f{match[1][1] - 0x40}"))
            return True
        parameters, final = match[2].decode(), match[3].decode()
        if final == "n" and parameters.isdigit():
            found.append(StatusReported())
        elif final == "c" and parameters.startswith("?"):
            found.append(AttributesReported(parameters))
        elif final == "R" and self.place_asked and re.fullmatch(r"\d{1,5};\d{1,5}", parameters):
            y, _, x = parameters.partition(";")
            found.append(PlaceReported(int(y) - 1, int(x) - 1))
        elif key := key_of_csi(parameters, final):
            found.append(KeyPressed(key))
        return True

    def _flood(self, found: list[Input]) -> bool:
        """Take text that nobody typed, from a terminal that does not say where a paste begins."""
        match = _TYPED.match(self._waiting)
        if match is None:
            return False
        length, kinds = match.end(), len(set(match[0]))
        if self._fed_at - self._flood_at >= _FLOOD_S and not any(
            length >= longest and kinds >= most for longest, most in _FLOOD
        ):
            return False
        self._flood_at = self._fed_at
        found.append(Pasted(self._text(self._take(length)[:LONGEST_PASTE_BYTES])))
        return True

    def _character(self, found: list[Input]) -> bool:
        first = self._waiting[0]
        if first < 0x80 or self._charset != "utf-8":
            found.append(_typed(self._take(1).decode("latin-1")))
            return True
        length = 2 if 0xC2 <= first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF5 else 1
        if first < 0xC2:
            length = 1
        sequence = self._waiting[:length]
        try:
            found.append(_typed(sequence.decode()))
            self._take(length)
        except UnicodeDecodeError:
            if 1 < len(self._waiting) < length and all(0x80 <= byte < 0xC0 for byte in self._waiting[1:]):
                return False
            if len(self._waiting) == 1 < length:
                return False
            self._take(1)
            if first >= 0xA0:  # a terminal that is set to Latin-1, or noise
                found.append(_typed(chr(first)))
        return True


def _typed(character: str) -> KeyPressed:
    return KeyPressed(key_of_character(character), character)

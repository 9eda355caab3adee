"""Which keys the sequences of terminals stand for: vt100, linux, xterm, screen, rxvt, and terminfo."""

from __future__ import annotations

import unicodedata

from workshop_console.console.terminal.capabilities import Terminfo

_NUMBERED = {
    1: "home",
    2: "insert",
    3: "delete",
    4: "end",
    5: "pageup",
    6: "pagedown",
    7: "home",
    8: "end",
    **{10 + number: f"f{number}" for number in range(1, 6)},
    **{11 + number: f"f{number}" for number in range(6, 11)},
    **{12 + number: f"f{number}" for number in range(11, 15)},
    **{13 + number: f"f{number}" for number in range(15, 17)},
    **{14 + number: f"f{number}" for number in range(17, 21)},
}
"""`ESC [ number ~`: the numbers of a VT220; rxvt ends them otherwise when a modifier is held."""

_LETTERED = {
    "A": "up",
    "B": "down",
    "C": "right",
    "D": "left",
    "E": "5",
    "F": "end",
    "H": "home",
    "P": "f1",
    "Q": "f2",
    "R": "f3",
    "S": "f4",
}
"""`ESC [ letter`, or `ESC O letter` where the keys are in application mode."""

_KEYPAD = {
    "M": "enter",
    "I": "tab",
    " ": "space",
    "X": "equals_sign",
    "j": "asterisk",
    "k": "plus",
    "l": "comma",
    "m": "minus",
    "n": "full_stop",
    "o": "slash",
    **{chr(ord("p") + digit): str(digit) for digit in range(10)},
}
"""`ESC O letter` of the numeric keypad of a VT100."""

_RXVT = {"^": ("ctrl",), "$": ("shift",), "@": ("ctrl", "shift")}
_MODIFIERS = ("shift", "alt", "ctrl", "super", "hyper", "meta")

_CONTROL = {
    "\x00": "ctrl+@",
    "\x08": "backspace",
    "\t": "tab",
    "\r": "enter",
    "\n": "enter",  # what a terminal makes of Enter before it is set to hand over keys as they are
    "\x1b": "escape",
    "\x1c": "ctrl+backslash",
    "\x1d": "ctrl+right_square_bracket",
    "\x1e": "ctrl+circumflex_accent",
    "\x1f": "ctrl+underscore",
    "\x7f": "backspace",
}
_SHORT_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Where the name of a key is not that of its character."""

_TERMINFO = {
    **{f"kf{number}": f"f{number}" for number in range(1, 13)},
    "kcuu1": "up",
    "kcud1": "down",
    "kcuf1": "right",
    "kcub1": "left",
    "khome": "home",
    "kend": "end",
    "kpp": "pageup",
    "knp": "pagedown",
    "kich1": "insert",
    "kdch1": "delete",
    "kcbt": "shift+tab",
}


def key_of_character(character: str) -> str:
    """Return the name of the key that types a character."""
    if character in _CONTROL:
        return _CONTROL[character]
    if character < " ":
        return f"ctrl+{chr(ord(character) + 0x60)}"
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORT_NAMES.get(name, name) or character


def _with(key: str, modifiers: tuple[str, ...]) -> str:
    return "+".join((*sorted(modifiers), key))


def _modifiers(parameter: str) -> tuple[str, ...]:
    bits = int(parameter) - 1 if parameter.isdigit() and parameter != "0" else 0
    return tuple(name for bit, name in enumerate(_MODIFIERS) if bits & 1 << bit)


def key_of_csi(parameters: str, final: str) -> str:
    """Return the key of `ESC [ parameters final`; empty when it is none."""
    numbers = parameters.split(";")
    modifiers = _modifiers(numbers[1]) if len(numbers) > 1 else ()
    if final == "Z":
        return "shift+tab"
    if final in _LETTERED and (parameters == "" or (len(numbers) == 2 and numbers[0] in ("", "1"))):
        return _with(_LETTERED[final], modifiers)
    if final in "abcd" and parameters == "":
        return _with(_LETTERED[final.upper()], ("shift",))
    if not numbers[0].isdigit() or len(numbers[0]) > 6:
        return ""
    number = int(numbers[0])
    if final in _RXVT:
        modifiers, final = _RXVT[final], "~"
    if final == "~" and number == 27 and len(numbers) == 3 and numbers[2].isdigit():
        return _key_of_code(int(numbers[2]), modifiers)
    if final == "~" and number in _NUMBERED:
        return _with(_NUMBERED[number], modifiers)
    return _key_of_code(number, modifiers) if final == "u" else ""


def _key_of_code(code: int, modifiers: tuple[str, ...]) -> str:
    if not 0 < code < 0xD800:
        return ""
    return _with(key_of_character(chr(code)), modifiers)


def key_of_ss3(final: str) -> str:
    """Return the key of `ESC O final`; empty when it is none."""
    if final in "abcd":
        return _with(_LETTERED[final.upper()], ("ctrl",))
    return _LETTERED.get(final) or _KEYPAD.get(final, "")


def keys_of_terminfo(entry: Terminfo) -> dict[bytes, str]:
    """Return the sequences of the terminal's own entry that are more than one character."""
    found = {entry.text(name).encode("latin-1"): key for name, key in _TERMINFO.items()}
    return {sequence: key for sequence, key in found.items() if len(sequence) > 1 and sequence[0] == 0x1B}

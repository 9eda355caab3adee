"""How a cell is written: attributes and colours, and the shortest change from one to another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

BOLD, DIM, ITALIC, UNDERLINE, BLINK, REVERSE, STRIKE = (1 << bit for bit in range(7))
SEEN_ON_BLANKS = UNDERLINE | REVERSE | STRIKE
"""Attributes that a blank shows."""

_ON = {1: BOLD, 2: DIM, 3: ITALIC, 4: UNDERLINE, 5: BLINK, 6: BLINK, 7: REVERSE, 9: STRIKE, 21: UNDERLINE}
_CODES = {BOLD: 1, DIM: 2, ITALIC: 3, UNDERLINE: 4, BLINK: 5, REVERSE: 7, STRIKE: 9}
_OFF = {BOLD: 22, DIM: 22, ITALIC: 23, UNDERLINE: 24, BLINK: 25, REVERSE: 27, STRIKE: 29}
_OFF_BITS = {22: BOLD | DIM, 23: ITALIC, 24: UNDERLINE, 25: BLINK, 27: REVERSE, 29: STRIKE}


class Pen(NamedTuple):
    """Attributes and colours; colours are parameters of the sequence that sets them, empty: the default."""

    attributes: int = 0
    ink: str = ""
    paper: str = ""


PLAIN = Pen()


def on_blank(pen: Pen) -> Pen:
    """Return what of a pen a blank shows."""
    return pen if pen.attributes & SEEN_ON_BLANKS else Pen(0, "", pen.paper)


@lru_cache(maxsize=4096)
def after(pen: Pen, parameters: str) -> Pen:
    """Return the pen after `ESC [ parameters m`; what is unknown changes nothing."""
    attributes, ink, paper = pen
    codes = [int(code) if code.isdigit() else 0 for code in parameters.replace(":", ";").split(";")]
    position = 0
    while position < len(codes):
        code = codes[position]
        if code == 0:
            attributes, ink, paper = PLAIN
        elif code in _ON:
            attributes |= _ON[code]
        elif code in _OFF_BITS:
            attributes &= ~_OFF_BITS[code]
        elif 30 <= code <= 37 or 90 <= code <= 97:
            ink = str(code)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            paper = str(code)
        elif code == 39:
            ink = ""
        elif code == 49:
            paper = ""
        elif code in (38, 48):
            kind = codes[position + 1] if position + 1 < len(codes) else 0
            length = {5: 3, 2: 5}.get(kind, 1)
            colour = codes[position : position + length]
            if len(colour) == length > 1 and max(colour) < 256:
                text = ";".join(map(str, colour))
                ink, paper = (text, paper) if code == 38 else (ink, text)
            position += length - 1
        position += 1
    return Pen(attributes, ink, paper)


def as_paper(ink: str) -> str:
    """Return the colour of an ink as one of a background."""
    return f"4{ink[1:]}" if ink.startswith("3") else str(int(ink) + 10)


def as_ink(paper: str) -> str:
    """Return the colour of a background as one of an ink."""
    return f"3{paper[1:]}" if paper.startswith("4") else str(int(paper) - 10)


@lru_cache(maxsize=4096)
def shortest(old: Pen | None, new: Pen, *, single_off: bool = True) -> str:
    """Return the shortest sequence from one pen to another; `old` None: nobody knows what is in force.

    `single_off`: the terminal can switch off one attribute alone; a VT100 can only switch off all.
    """
    if old == new:
        return ""
    from_nothing = [str(code) for bit, code in _CODES.items() if new.attributes & bit]
    from_nothing += [colour for colour in (new.ink, new.paper) if colour]
    anew = ";".join(["", *from_nothing]) if from_nothing else ""
    if old is None:
        return f"\x1b[{anew}m"
    gone = old.attributes & ~new.attributes
    if gone and not single_off:
        return f"\x1b[{anew}m"
    changes = [str(code) for code in sorted({_OFF[bit] for bit in _OFF if gone & bit})]
    kept = old.attributes
    if gone & (BOLD | DIM):
        kept &= ~(BOLD | DIM)  # one sequence switches both off
    changes += [str(code) for bit, code in _CODES.items() if new.attributes & bit & ~kept]
    if new.ink != old.ink:
        changes.append(new.ink or "39")
    if new.paper != old.paper:
        changes.append(new.paper or "49")
    change = ";".join(changes)
    return f"\x1b[{min(anew, change, key=len)}m"

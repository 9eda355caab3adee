"""Colours for terminals that have fewer than a text was drawn with."""

from __future__ import annotations

from workshop_console.console.terminal.pens import BOLD, REVERSE, Pen, as_ink, as_paper

_LEVELS = (0, 95, 135, 175, 215, 255)
_SIXTEEN = (
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
)
"""The usual look of the sixteen colours; the terminal's owner may have chosen others."""


def fewer(pen: Pen, colours: int) -> Pen:
    """Return the pen with at most `colours` colours (0, 8, 16 or 256).

    Without colours a background is told by reverse video: a marked row stays a marked row.
    """
    attributes, ink, paper = pen
    if colours == 0:
        on_paper = bool(paper) and _sixteen(as_ink(paper)) != 0
        return Pen(attributes | (REVERSE if on_paper else 0), "", "")
    if colours == 8:
        if ink and _ink(ink, 16)[0] == "9":
            attributes |= BOLD  # which such terminals show as bright
        ink, paper = _dark(_ink(ink, 16)), _dark(as_paper(_ink(as_ink(paper), 16)) if paper else "")
        return Pen(attributes, ink, paper)
    return Pen(attributes, _ink(ink, colours), as_paper(_ink(as_ink(paper), colours)) if paper else "")


def _dark(colour: str) -> str:
    if colour.startswith("9"):
        return f"3{colour[1]}"
    return f"4{colour[2]}" if colour.startswith("10") else colour


def _ink(ink: str, colours: int) -> str:
    """Return an ink with at most 16 or 256 colours."""
    if not ink.startswith("38"):
        return ink
    if colours == 16:
        number = _sixteen(ink)
        return str(30 + number if number < 8 else 82 + number)
    if ink.startswith("38;5"):
        return ink
    return f"38;5;{_two_hundred_and_fifty_six(_rgb(ink))}"


def _rgb(ink: str) -> tuple[int, int, int]:
    numbers = [int(number) for number in ink.split(";")]
    if numbers[1] == 2:
        return numbers[2], numbers[3], numbers[4]
    number = numbers[2]
    if number < 16:
        return _SIXTEEN[number]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    number -= 16
    return _LEVELS[number // 36], _LEVELS[number // 6 % 6], _LEVELS[number % 6]


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return 3 * red * red + 6 * green * green + blue * blue


def _sixteen(ink: str) -> int:
    """Return the nearest of the sixteen colours."""
    if not ink.startswith("38"):
        return int(ink) - (30 if int(ink) < 40 else 82)
    if ink.startswith("38;5;") and int(ink[5:]) < 16:
        return int(ink[5:])
    wanted = _rgb(ink)
    return min(range(16), key=lambda number: _distance(_SIXTEEN[number], wanted))


def _two_hundred_and_fifty_six(wanted: tuple[int, int, int]) -> int:
    """Return the nearest colour of the cube or of the greys."""
    steps = [min(range(6), key=lambda step: abs(_LEVELS[step] - part)) for part in wanted]
    cube = 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
    grey = max(0, min(23, (sum(wanted) // 3 - 3) // 10))
    return min((cube, 232 + grey), key=lambda number: _distance(_rgb(f"38;5;{number}"), wanted))

"""Cuts what is to be written of a row into pieces that are written in one go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workshop_console.console.terminal.capabilities import Capabilities
from workshop_console.console.terminal.characters import steady
from workshop_console.console.terminal.output import Output
from workshop_console.console.terminal.pens import PLAIN, SEEN_ON_BLANKS, Pen

_SAME = re.compile(r"(.)\1{5,}")
"""So many equal cells in a row are worth repeating or erasing."""
_LEAST_ERASED = 3
"""Cells at the end of a row from which on erasing them is cheaper than writing them."""
_MOVE_BYTES, _PEN_BYTES, _SAME_BYTES = 4, 6, 5
"""What they take, about."""


@dataclass
class Piece:
    """Cells side by side of one pen: a text, or one cell many times."""

    start: int
    end: int
    text: str
    pen: Pen
    blank: bool
    """Whether there is nothing but blanks that show no ink."""
    same: bool
    """Whether all cells are equal, and enough for a shorter way."""
    steady: bool
    """Whether the cursor is known to stand at `end` afterwards."""


@dataclass
class Row:
    """What there is to do in a row."""

    y: int
    texts: list[str]
    pens: list[Pen]
    pieces: list[Piece]
    erase_from: int | None = None
    """Column from which on the row is erased before."""
    erase_with: Pen = PLAIN
    tail: int = 0
    """From here on there are blanks of one kind that erasing leaves."""
    clears: int = 0
    """So many rows from this one on are cleared before: deleted, and blank ones inserted."""


def planned(
    y: int, texts: list[str], pens: list[Pen], seen_texts: list[str], seen_pens: list[Pen], can: Capabilities
) -> Row:
    """Choose the cheaper of two ways for a row: only what differs, or all of it on an erased row."""
    columns = len(texts)
    changed = [x for x in range(columns) if texts[x] != seen_texts[x] or pens[x] != seen_pens[x]]
    tail = columns
    if texts[-1] == " " and erasable(pens[-1], can):
        last = pens[-1]
        while tail and texts[tail - 1] == " " and pens[tail - 1] == last:
            tail -= 1
    row = Row(y, texts, pens, _pieces(texts, pens, changed), tail=tail)
    if len(changed) <= 2 * _MOVE_BYTES or "".join(seen_texts[changed[0] :]).isspace():
        return row
    first = changed[0] - (texts[changed[0]] == "")
    blank = pens[-1] if tail < columns else PLAIN
    inked = [x for x in range(first, columns) if texts[x] != " " or pens[x] != blank]
    anew = Row(y, texts, pens, _pieces(texts, pens, inked), first, blank, tail)
    return row if about(row) <= about(anew) else anew


def erasable(pen: Pen, can: Capabilities) -> bool:
    """Return whether erasing leaves what blanks written with `pen` would."""
    return not pen.attributes & SEEN_ON_BLANKS and (not pen.paper or can.paper_erase)


def about(row: Row) -> int:
    """Return about how many bytes a row takes."""
    count, end, pen = (0 if row.erase_from is None else _MOVE_BYTES), -1, None
    for piece in row.pieces:
        if piece.start >= row.tail:
            return count + _MOVE_BYTES
        if piece.start != end:
            count += min(_MOVE_BYTES, piece.start - end) if end >= 0 else _MOVE_BYTES
        if piece.pen != pen and not piece.blank:
            count += _PEN_BYTES
            pen = piece.pen
        length = len(piece.text) if piece.text.isascii() else len(piece.text.encode())
        count += min(length, _SAME_BYTES) if piece.same else length
        end = piece.end
    return count


def _pieces(texts: Sequence[str], pens: Sequence[Pen], columns: Sequence[int]) -> list[Piece]:
    """Return the pieces of the cells at `columns`."""
    pieces: list[Piece] = []
    count, position = len(columns), 0
    while position < count:
        x = columns[position]
        if texts[x] == "":
            x -= 1
        wide = x + 1 < len(texts) and texts[x + 1] == ""
        if wide or len(texts[x]) > 1:
            cell = texts[x]
            pieces.append(Piece(x, x + 1 + wide, cell, pens[x], False, False, steady(cell)))
            position += 1
            while position < count and columns[position] <= x + wide:
                position += 1
            continue
        # As far as one pen goes; blanks that show no ink go along with any pen of their background.
        pen, blank = pens[x], texts[x] == " " and not pens[x].attributes & SEEN_ON_BLANKS
        end = x + 1
        position += 1
        while position < count and columns[position] == end:
            text, now = texts[end], pens[end]
            if len(text) != 1 or (end + 1 < len(texts) and texts[end + 1] == ""):
                break
            if now is not pen and now != pen:
                if now.paper != pen.paper or (now.attributes | pen.attributes) & SEEN_ON_BLANKS:
                    break
                if text != " ":
                    if not blank:
                        break
                    pen, blank = now, False
            elif blank and text != " ":
                blank = False
            end += 1
            position += 1
        _cut("".join(texts[x:end]), x, pen, pieces)
    return pieces


def _cut(text: str, start: int, pen: Pen, pieces: list[Piece]) -> None:
    """Cut a text where many equal cells stand side by side."""
    done = 0
    shows_blanks = bool(pen.attributes & SEEN_ON_BLANKS)

    def add(part: str, same: bool) -> None:
        nonlocal done
        blank = not shows_blanks and part.isspace()
        sure = part.isascii() or all(map(steady, part))
        pieces.append(Piece(start + done, start + done + len(part), part, pen, blank, same, sure))
        done += len(part)

    for match in _SAME.finditer(text):
        if match.start() > done:
            add(text[done : match.start()], False)
        add(match[0], True)
    if done < len(text):
        add(text[done:], False)


def write(output: Output, row: Row, pieces: Sequence[Piece]) -> None:
    """Write pieces of a row, from left to right."""
    y, texts, pens, can = row.y, row.texts, row.pens, output.can
    for number, piece in enumerate(pieces):
        if piece.start >= row.tail and pieces[-1].end - piece.start > _LEAST_ERASED:
            output.go(y, piece.start, texts, pens)
            output.use_on_blank(pens[piece.start])
            output.send("\x1b[K")
            return
        output.go(y, piece.start, texts, pens, piece.pen)
        if piece.blank:
            output.use_on_blank(pens[piece.start])
        else:
            output.use(piece.pen)
        if not piece.same:
            output.put(piece.text, piece.end - piece.start, sure=piece.steady)
        elif (
            # Erasing leaves the cursor where it was, repeating takes it along to what follows.
            piece.blank
            and can.erase_characters
            and erasable(pens[piece.start], can)
            and not (can.repeat and number + 1 < len(pieces))
        ):
            output.send(f"\x1b[{len(piece.text)}X")
        else:
            output.put_same(piece.text, sure=piece.steady)


def erase(output: Output, row: Row) -> None:
    """Erase the row where that is the way chosen, or clear it together with those below."""
    if row.clears:
        output.go(row.y, 0)
        output.use_on_blank(PLAIN)  # what comes in has the background in force
        output.send(f"\x1b[{row.clears}M\x1b[{row.clears}L")
    if row.erase_from is not None:
        output.go(row.y, row.erase_from)
        output.use_on_blank(row.erase_with)
        output.send("\x1b[K")

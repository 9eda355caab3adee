"""A report's sheet as PDF: A4, its font in the file, page numbers. The only user of reportlab."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)

from workshop_console.console.reports.blocks import Block, Facts, Grid, Heading, Sheet, Text
from workshop_console.i18n.texts import _, language

_MARGIN = 15 * mm
_FOOT = 8 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_LABEL = 42 * mm
_REGULAR, _BOLD = "Vera", "VeraBd"
"""Bitstream Vera comes with reportlab, may be embedded, and has the letters of the four languages."""
LACKING = "◊"
"""Stands for a character that the font does not have."""
_LINE = HexColor("#cccccc")
_LONGEST_TEXT = 8_000
"""Characters of one paragraph; a cell of a table goes over to the next page where it must."""
_LONGEST_TOGETHER = 1_500


def sheet_pdf(sheet: Sheet, made: datetime) -> bytes:
    """Return the file; it depends on `sheet`, `made` and the language only."""
    pages, lacks = _build(sheet, made, pages=0, lacks=False)[1:]
    return _build(sheet, made, pages=pages, lacks=lacks)[0]


def _build(sheet: Sheet, made: datetime, *, pages: int, lacks: bool) -> tuple[bytes, int, bool]:
    """Return the file, how many pages it has, and whether characters are lacking.

    The first run finds out both, the second writes them down.
    """
    words = _Words()
    target = io.BytesIO()
    foot = words.shown(sheet.title)[:80]

    def decorate(canvas: Any, document: Any) -> None:
        canvas.setDateFormatter(lambda *_parts: f"D:{made.astimezone(UTC):%Y%m%d%H%M%S}Z")
        canvas.saveState()
        canvas.setFont(_REGULAR, 7.5)
        canvas.drawString(_MARGIN, _FOOT, f"workshop-console  {foot}")
        number = _("Page {n} of {total}").format(n=document.page, total=pages or document.page)
        canvas.drawRightString(A4[0] - _MARGIN, _FOOT, number)
        canvas.restoreState()

    _use_fonts()
    frame = Frame(
        _MARGIN,
        _MARGIN,
        _WIDTH,
        A4[1] - 2 * _MARGIN,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document = BaseDocTemplate(
        target,
        pagesize=A4,
        title=sheet.title,
        author=sheet.author,
        creator="workshop-console",
        producer="workshop-console",
        lang=language(),
        invariant=1,
        pageTemplates=[PageTemplate(frames=[frame], onPage=decorate)],
    )
    flow = [_paragraph(words, sheet.title, _style("title"))]
    for block in sheet.blocks:
        flow += _flowables(block, words)
    if lacks:
        note = _("{mark} stands for a character that this page cannot show; the HTML report shows it.")
        flow += [Spacer(0, 4 * mm), _paragraph(words, note.format(mark=LACKING), _style("text"))]
    document.build(flow)
    return target.getvalue(), document.page, words.lacking


class _Words:
    """Makes texts that the font can show, and remembers whether one had to be changed."""

    def __init__(self) -> None:
        _use_fonts()
        self._there = pdfmetrics.getFont(_REGULAR).face.charToGlyph
        self.lacking = False

    def shown(self, text: str) -> str:
        """Return `text` with a mark for each character that the font lacks."""
        if text.isascii():
            return text
        shown = "".join(c if ord(c) in self._there else LACKING for c in text)
        self.lacking = self.lacking or shown != text
        return shown


@cache
def _use_fonts() -> None:
    for name in (_REGULAR, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFontFamily(_REGULAR, normal=_REGULAR, bold=_BOLD, italic=_REGULAR, boldItalic=_BOLD)


@cache
def _style(name: str) -> ParagraphStyle:
    base: dict[str, Any] = {"fontName": _REGULAR, "fontSize": 8.5, "leading": 11, "textColor": black}
    bold = {"fontName": _BOLD, "keepWithNext": 1}
    styles: dict[str, dict[str, Any]] = {
        "title": {**bold, "fontSize": 15, "leading": 19, "spaceAfter": 6},
        "h2": {**bold, "fontSize": 11.5, "leading": 15, "spaceBefore": 12, "spaceAfter": 3},
        "h3": {**bold, "fontSize": 9, "leading": 12, "spaceBefore": 9, "spaceAfter": 2},
        "text": {"spaceBefore": 2, "spaceAfter": 2},
        "fact": {"leftIndent": _LABEL, "bulletIndent": 0, "bulletFontName": _BOLD, "bulletFontSize": 8.5},
        "cell": {"fontSize": 7.5, "leading": 9.5},
        "right": {"fontSize": 7.5, "leading": 9.5, "alignment": 2},
    }
    return ParagraphStyle(name, **{**base, "splitLongWords": 1, **styles[name]})


def _paragraph(words: _Words, text: str, style: ParagraphStyle, *, bold: bool = False) -> Paragraph:
    """Return a paragraph of plain text: reportlab would read markup, so there is none left in it."""
    shown = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    markup = escape(words.shown(shown))
    return Paragraph(f"<b>{markup}</b>" if bold else markup, style)


def _flowables(block: Block, words: _Words) -> Iterator[Any]:
    match block:
        case Heading():
            yield _paragraph(words, block.text, _style(f"h{block.level}"))
        case Text():
            yield _paragraph(words, block.text, _style("text"), bold=block.bad)
        case Facts():
            facts = [_fact(words, name, value) for name, value in block.facts if value]
            # On one page with each other and with their heading, unless they are long.
            short = sum(len(value) for _name, value in block.facts) < _LONGEST_TOGETHER
            yield from [KeepTogether(facts)] if short and facts else facts
        case Grid():
            yield _table(words, block)


def _fact(words: _Words, name: str, value: str) -> Paragraph:
    """Return a name and its value, which may go on for pages."""
    shown = value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 1] + "…"
    return Paragraph(escape(words.shown(shown)), _style("fact"), bulletText=words.shown(name))


def _table(words: _Words, grid: Grid) -> LongTable:
    def style_of(column: int) -> ParagraphStyle:
        right = column < len(grid.classes) and grid.classes[column] == "n"
        return _style("right" if right else "cell")

    def bold(row: int, column: int) -> bool:
        code = column < len(grid.classes) and grid.classes[column] == "code"
        return code or (row, column) in grid.bad

    rows = [[_paragraph(words, text, style_of(x), bold=True) for x, text in enumerate(grid.titles)]]
    rows += [
        [_paragraph(words, text, style_of(x), bold=bold(y, x)) for x, text in enumerate(cells)]
        for y, cells in enumerate(grid.rows)
    ]
    shares = grid.widths or (1.0,) * len(grid.titles)
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, _LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    return LongTable(
        rows,
        colWidths=[_WIDTH * share / sum(shares) for share in shares],
        style=TableStyle(style),
        repeatRows=1,
        splitInRow=1,
        spaceBefore=4,
        spaceAfter=4,
    )

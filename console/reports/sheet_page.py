"""A report's sheet as a page of HTML."""

from __future__ import annotations

from workshop_console.console.reports.blocks import Block, Facts, Grid, Heading, Sheet, Text
from workshop_console.console.reports.page import Bad, escape, heading_table, page, table


def sheet_page(sheet: Sheet) -> str:
    """Return the whole page: one file, nothing loaded, everything escaped."""
    return page(sheet.title, "\n".join(map(_html, sheet.blocks)))


def _html(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
        case Text():
            return f"<p{' class=' + repr('bad') if block.bad else ''}>{escape(block.text)}</p>"
        case Facts():
            return heading_table(block.facts)
        case Grid():
            rows = [
                [Bad(cell) if (y, x) in block.bad else cell for x, cell in enumerate(cells)]
                for y, cells in enumerate(block.rows)
            ]
            return table(block.titles, rows, block.classes)

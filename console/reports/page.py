"""The frame of a printable page: one file, no script, nothing loaded from elsewhere; everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape as _escape

from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, language

_STYLE = """
@page { size: A4; margin: 15mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.4 "Liberation Sans", Arial, Helvetica, sans-serif; color: #111; margin: 1.5em auto;
  max-width: 60em; padding: 0 1em; }
h1 { font-size: 16pt; margin: 0 0 .4em; }
h2 { font-size: 12pt; margin: 1.4em 0 .3em; border-bottom: 1px solid #999; break-after: avoid; }
h3 { font-size: 10pt; margin: .9em 0 .2em; break-after: avoid; }
table { border-collapse: collapse; width: 100%; margin: .3em 0; }
th, td { text-align: left; vertical-align: top; padding: .18em .5em .18em 0; border-bottom: 1px solid #ccc;
  overflow-wrap: break-word; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { font-weight: bold; }
.n { text-align: right; white-space: nowrap; }
.k { white-space: nowrap; }
.code { white-space: nowrap; font-weight: bold; }
.raw { font-family: "Liberation Mono", monospace; font-size: 8.5pt; overflow-wrap: anywhere; }
.bad { font-weight: bold; }
.note { border: 1px solid #999; padding: .5em .8em; margin: .6em 0; break-inside: avoid; }
.head th { width: 11em; border: 0; }
.head td { border: 0; }
footer { margin-top: 2em; color: #555; font-size: 8.5pt; }
"""


def escape(text: object) -> str:
    """Return `text` so that a browser shows it and does nothing else."""
    return _escape(str(text), quote=True)


class Bad(str):
    """A cell that must not be overlooked."""

    __slots__ = ()


def row(cells: Iterable[object], kind: str = "td", classes: Sequence[str] = ()) -> str:
    """Return a table row of plain texts."""
    shown = []
    for number, cell in enumerate(cells):
        name = classes[number] if number < len(classes) else ""
        name = "bad" if isinstance(cell, Bad) else name
        shown.append(f"<{kind}{f' class={name!r}' if name else ''}>{escape(cell)}</{kind}>")
    return f"<tr>{''.join(shown)}</tr>"


def table(titles: Sequence[str], rows: Iterable[Sequence[object]], classes: Sequence[str] = ()) -> str:
    """Return a table of plain texts."""
    body = "\n".join(row(cells, classes=classes) for cells in rows)
    return f"<table>\n<thead>{row(titles, 'th', classes)}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def heading_table(facts: Iterable[tuple[str, str]]) -> str:
    """Return the lines at the top of a page; those without a value are left out."""
    lines = [f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts if value]
    return f"<table class='head'>\n{''.join(lines)}\n</table>"


def vehicle_facts(vehicle: VehicleIdentity) -> list[tuple[str, str]]:
    """Return what is known of the vehicle, for heading_table()."""
    voltage = formats.voltage(vehicle.voltage_v) if vehicle.voltage_v is not None else ""
    return [(_("VIN"), vehicle.vin), (_("Vehicle model"), vehicle.name), (_("Voltage"), voltage)]


def notes(messages: Iterable[NumberedMessage]) -> str:
    """Return numbered messages with cause and remedy."""
    shown = []
    for message in messages:
        steps = "".join(f"<li>{escape(step)}</li>" for step in message.remedy)
        shown.append(
            f"<div class='note'><strong>{escape(message.number)}</strong> {escape(message.title)}"
            f"<p>{escape(message.cause)}</p>{f'<ol>{steps}</ol>' if steps else ''}</div>"
        )
    return "\n".join(shown)


def page(title: str, body: str) -> str:
    """Return the whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language())}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n<footer>workshop-console</footer>\n</body>\n</html>\n"
    )

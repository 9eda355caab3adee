"""`values`: actual values of control units, once or again and again."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import RED, colour, columns, fitted, print_json, width
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report_json import message_document
from workshop_console.console.model.values import ValueReading
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    MessageRaised,
    UnitsPlanned,
    ValuesOffered,
    ValuesRead,
)
from workshop_console.i18n import formats
from workshop_console.i18n.texts import ngettext

if TYPE_CHECKING:
    from workshop_console.console.jobs.actual_values import Watch
    from workshop_console.console.model.description import UnitSummary

_NARROWEST_LABEL = 16
_NARROWEST_VALUE, _WIDEST_VALUE = 8, 24


@dataclass(frozen=True, kw_only=True)
class ValuesRequest:
    """What was asked for."""

    ecu: tuple[str, ...]
    value: tuple[str, ...]
    watch: bool
    seconds: float | None
    record: str | None
    pdx: tuple[str, ...]
    scan: bool


@dataclass(kw_only=True)
class _Picture:
    """What is known so far."""

    units: tuple[UnitSummary, ...] = ()
    values: tuple[ValueReading, ...] = ()
    at: float = 0.0
    pictures: int = 0


def values_command(session: Session, asked: ValuesRequest) -> int:
    """Read once, or until Ctrl+C or --seconds, and print.

    Ctrl+C is the way to end a watch that has no other end, so that one is done then; what ends before its
    --seconds, or before anything was read, was interrupted.
    """
    if not asked.ecu:
        raise ConsoleError("WC-103", detail="--ecu NAME|ADDRESS")
    workshop = session.workshop
    session.tell(workshop.problems)
    raised: list[RaisedMessage] = []
    picture = _Picture()
    watching = asked.watch or asked.seconds is not None or asked.record is not None
    screen = _Lines() if watching and not session.as_json else None
    watch = _empty_watch() if asked.record else None
    asked_to_end: list[Cancellation] = []
    timer = _Timer(asked.seconds)

    def job(cancellation: Cancellation) -> Iterator[Event]:
        asked_to_end.append(cancellation)
        return _job(session, asked, watch, cancellation, timer)

    for event in run_job(session, job):
        match event:
            case UnitsPlanned():
                picture.units = event.units
            case ValuesOffered():
                if watch is not None and asked.record:
                    _begin_recording(session, asked, watch, event.values)
            case ValuesRead():
                picture.values, picture.at = event.values, event.at
                picture.pictures += 1
                if screen is not None:
                    screen.show(_table(picture))
            case MessageRaised():
                raised.append(event.message)
    failed = [row.problem for row in picture.values if row.problem is not None]
    session.tell(raised)
    if session.as_json:
        document = values_document(picture.values, picture.units, picture.at)
        document["pictures"] = picture.pictures
        told = workshop.raised([*raised, *failed])
        document["messages"] = [message_document(message) for message in told]
        print_json(document)
    else:
        if screen is None:
            print("\n".join(_table(picture)))
        session.tell(dict.fromkeys(failed))
    codes = [exit_code(message.number) for message in raised]
    if failed:
        codes.append(ExitCode.FAILURES)
    interrupted = not timer.rang and any(cancellation.requested for cancellation in asked_to_end)
    ends_with_it = watching and asked.seconds is None and picture.pictures > 0
    if interrupted and not ends_with_it:
        codes.append(ExitCode.INTERRUPTED)
    return worst(codes)


def _job(
    session: Session, asked: ValuesRequest, watch: Watch | None, cancellation: Cancellation, timer: _Timer
) -> Iterator[Event]:
    values = session.workshop.values
    files = [Path(name) for name in asked.pdx]
    if not (asked.watch or asked.seconds is not None or asked.record):
        yield from values.read(asked.ecu, asked.value, cancellation=cancellation, pdx=files, scan=asked.scan)
        return
    job = values.watch(asked.ecu, watch, asked.value, cancellation=cancellation, pdx=files, scan=asked.scan)
    with closing(timer):
        for event in job:
            yield event
            if isinstance(event, ValuesOffered):
                timer.start(cancellation)


class _Timer:
    """Asks for the end after `seconds` of reading: what was read by then is what was asked for."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.rang = False
        """Whether it asked for the end."""

    def start(self, cancellation: Cancellation) -> None:
        if self._seconds is None:
            return

        def ring() -> None:
            self.rang = not cancellation.requested
            cancellation.request()

        self._timer = threading.Timer(self._seconds, ring)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _empty_watch() -> Watch:
    from workshop_console.console.jobs.actual_values import Watch

    return Watch()


def _begin_recording(
    session: Session, asked: ValuesRequest, watch: Watch, offered: tuple[ValueReading, ...]
) -> None:
    """Record what was asked for from now on. Raises ConsoleError WC-107, WC-604, WC-411."""
    from workshop_console.console.jobs.recording import Recorder
    from workshop_console.console.jobs.value_board import chosen

    rows = chosen(offered, asked.value)
    vehicle = session.workshop.line.vehicle
    watch.show(row.name for row in rows)
    watch.record(Recorder(Path(asked.record or ""), rows, vin=vehicle.vin, vehicle=vehicle.name))


def values_document(
    values: tuple[ValueReading, ...], units: tuple[UnitSummary, ...], at: float
) -> dict[str, Any]:
    """Return the fields of `values --json` (DESIGN.md), and more."""
    return {
        "unit": units[0].name if len(units) == 1 else None,
        "units": [{"name": unit.name, "label": unit.label} for unit in units],
        "values": [
            {
                "name": row.name.value,
                "label": row.label,
                "value": _plain(row),
                "text": row.text,
                "unit": row.unit,
                "raw": row.raw.hex().upper(),
                "age_ms": round((at - row.at) * 1000, 1) if row.samples else None,
                "ecu": row.name.unit,
                "address": row.name.address,
                "low": row.low,
                "high": row.high,
                "least": row.least,
                "greatest": row.greatest,
                "samples": row.samples,
                "outside": row.outside,
            }
            for row in values
        ],
    }


def _plain(row: ValueReading) -> str | int | float | None:
    """Return a number as a number, anything else as text, nothing where there is no value."""
    if not row.samples or row.problem is not None:
        return None
    if row.number is None or row.kind is not ParameterKind.NUMBER:
        return row.text
    return int(row.number) if row.number.is_integer() and "." not in row.text else row.number


def shown_value(row: ValueReading) -> str:
    """Return the value in the form of the language."""
    if row.problem is not None:
        return "-"
    if row.number is None:
        return row.text
    digits = len(row.text.partition(".")[2])
    return formats.number(row.number, digits=digits)


def _table(picture: _Picture) -> list[str]:
    several = len({row.name.address for row in picture.values}) > 1
    lines = []
    last = ""
    right = max((width(shown_value(row)) for row in picture.values), default=0)
    right = min(max(right, _NARROWEST_VALUE), _WIDEST_VALUE)
    measure = max((width(row.unit) for row in picture.values), default=0)
    label = max((width(row.label) for row in picture.values), default=0)
    label = max(_NARROWEST_LABEL, min(label, columns() - 6 - right - measure))
    for row in picture.values:
        if several and row.unit_label != last:
            lines.append(row.unit_label)
            last = row.unit_label
        mark = "!" if row.outside else " "
        value = fitted(shown_value(row), right, right=True)
        text = f"  {fitted(row.label, label)} {value} {mark} {row.unit}"
        lines.append(colour(text.rstrip(), RED if row.outside else ""))
    return lines


class _Lines:
    """Shows pictures one over the other on a terminal, one after the other elsewhere."""

    def __init__(self) -> None:
        self._lines = 0
        self._over = sys.stdout.isatty()
        self._next = 0.0

    def show(self, lines: list[str]) -> None:
        """Show a picture; elsewhere than on a terminal, one a second."""
        if not self._over:
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + 1.0
            print("\n".join(lines), end="\n\n", flush=True)
            return
        room = shutil.get_terminal_size((80, 24)).lines - 1
        if len(lines) > room:
            left = len(lines) - room + 1
            told = ngettext(
                "… {n} more value: choose with --value", "… {n} more values: choose with --value", left
            )
            lines = [*lines[: room - 1], told.replace("{n}", str(left))]
        up = f"\x1b[{self._lines}A" if self._lines else ""
        print(up + "\n".join(f"{line}\x1b[K" for line in lines), flush=True)
        self._lines = len(lines)

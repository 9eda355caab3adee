"""`faults`: the fault memory of one control unit, read or cleared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import BOLD, colour, print_json, wrap
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.dtc import DtcRecord, Fault
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report import ClearingResult, FaultReading
from workshop_console.console.model.report_json import faults_document
from workshop_console.console.procedures.events import FaultsCleared, FaultsRead, MessageRaised
from workshop_console.console.procedures.fault_memory import unit_message
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _, ngettext


def faults_command(
    session: Session, *, ecu: str | None, clear: bool, yes: bool, pdx: Sequence[str], scan: bool
) -> int:
    """Read, or clear and read again, and print what is there."""
    if not ecu:
        raise ConsoleError("WC-103", detail="--ecu NAME|ADDRESS")
    if clear and not yes:
        raise ConsoleError("WC-109", detail="faults --clear --yes")
    workshop = session.workshop
    session.tell(workshop.problems)
    files = [Path(name) for name in pdx]
    reading: FaultReading | None = None
    clearing: ClearingResult | None = None
    raised: list[RaisedMessage] = []
    job = workshop.clear if clear else workshop.read_faults
    for event in run_job(
        session, lambda cancellation: job([ecu], cancellation=cancellation, pdx=files, scan=scan)
    ):
        match event:
            case FaultsRead():
                reading = event.reading
            case FaultsCleared():
                clearing = event.result
            case MessageRaised():
                raised.append(event.message)
    if reading is None:
        raise ConsoleError("WC-300", unit=ecu)
    shown = clearing.after if clearing is not None and clearing.after is not None else reading
    # A lost line or a cancellation says more than the silence that follows from it.
    told = any(exit_code(message.number) in (ExitCode.NO_VEHICLE, ExitCode.INTERRUPTED) for message in raised)
    if not told and (message := unit_message(shown)):
        raised.append(message)
    session.tell(raised)
    if session.as_json:
        document = faults_document(
            reading, explain.fault_text, clearing=clearing, messages=workshop.raised(raised)
        )
        print_json(document)
    else:
        _print(reading, clearing, shown)
    codes = [exit_code(message.number) for message in raised]
    if clearing is not None and clearing.kept:
        codes.append(ExitCode.FAILURES)
    return worst(codes)


def _print(reading: FaultReading, clearing: ClearingResult | None, shown: FaultReading) -> None:
    unit = reading.result
    print(colour(f"{unit.label or unit.name}  {unit.address}  {unit.variant}".rstrip(), BOLD))
    if reason := explain.unit_reason_text(shown.result):
        print(wrap(reason, "  "))
    if clearing is not None:
        for title, faults in (
            (_("Gone"), clearing.gone),
            (_("Came back"), clearing.back),
            (_("Never left"), clearing.kept),
        ):
            print(f"{title}: {len(faults)}")
            for fault in faults:
                print(wrap(f"{fault.code}  {explain.fault_text(fault)}", "    ", "  "))
        if clearing.readout_id is not None:
            print(_("Readout saved before: report {number}").replace("{number}", str(clearing.readout_id)))
        return
    count = len(shown.result.faults)
    print(ngettext("{n} entry", "{n} entries", count).replace("{n}", str(count)))
    for fault in shown.result.faults:
        _print_fault(fault)


def _print_fault(fault: Fault) -> None:
    print()
    text = f"{fault.code}  {explain.fault_state_text(fault.state)}  {explain.fault_text(fault)}"
    print(colour(wrap(text, "  ", ""), BOLD))
    bits = ", ".join(explain.status_bit_text(bit) for bit in fault.bits)
    print(wrap(f"{_('Status')}: 0x{fault.status:02X}  {bits}", "    ", "  "))
    for name, value in (
        (_("Priority"), fault.priority),
        (_("Occurrences"), fault.occurrences),
        (_("First"), formats.measured(fault.first_occurrence)),
        (_("Last"), formats.measured(fault.last_occurrence)),
    ):
        if value not in (None, ""):
            print(f"  {name}: {value}")
    for title, records in ((_("Snapshot"), fault.snapshots), (_("Extended data"), fault.extended)):
        for record in records:
            _print_record(title, record)
    print(f"  {_('Raw')}: {fault.raw}")


def _print_record(title: str, record: DtcRecord) -> None:
    print(f"  {title} 0x{record.number:02X}:")
    for value in record.values:
        print(wrap(f"{value.shown_name}: {formats.measured(value.text)}", "      ", "    "))
    print(wrap(record.raw.hex(" ").upper(), "    "))

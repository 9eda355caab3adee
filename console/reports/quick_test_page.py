"""The page of one quick test (or readout): header, table of the units, faults of each with all there is."""

from __future__ import annotations

from collections.abc import Sequence

from workshop_console.console.model.dtc import DtcRecord, Fault
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState, VariantMatch
from workshop_console.console.reports.page import (
    Bad,
    escape,
    heading_table,
    notes,
    page,
    table,
    vehicle_facts,
)
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _


def quick_test_page(report: QuickTestReport, messages: Sequence[NumberedMessage]) -> str:
    """Return the page, in the language chosen."""
    title = _("Quick test")
    head = heading_table(
        [
            *vehicle_facts(report.vehicle),
            (_("Date"), formats.moment_to_the_second(report.started)),
            (_("Duration"), formats.duration_ms(report.duration_ms)),
            (_("VCI"), report.vci),
            (_("Report"), str(report.report_id or "")),
        ]
    )
    incomplete = "" if report.complete else f"<p class='bad'>{escape(_('The test is not complete.'))}</p>"
    parts = [head, incomplete, notes(messages), _units(report)]
    parts += [_unit(unit) for unit in report.units if unit.faults or explain.unit_reason_text(unit)]
    name = f"{title} {report.vehicle.vin}".strip()
    return page(name, "\n".join(part for part in parts if part))


def _units(report: QuickTestReport) -> str:
    return table(
        [
            _("State"),
            _("Control unit"),
            _("Address"),
            _("Variant"),
            _("Hardware"),
            _("Software"),
            _("Current"),
            _("Stored"),
            _("Time"),
        ],
        [
            (
                _state(unit.state),
                unit.label or unit.name,
                unit.address,
                variant_text(unit),
                unit.hardware,
                unit.software,
                unit.current,
                unit.remembered,
                formats.duration_ms(unit.time_ms),
            )
            for unit in report.units
        ],
        ["k", "", "k", "", "k", "", "n", "n", "n"],
    )


def _state(state: UnitState) -> str:
    text = explain.unit_state_text(state)
    return text if state is UnitState.OK else Bad(text)


def variant_text(unit: UnitResult) -> str:
    """Return the variant and how well it was told, where that is not plain."""
    if unit.variant_match in (VariantMatch.EXACT, VariantMatch.UNDESCRIBED):
        return unit.variant
    return f"{unit.variant} ({explain.variant_match_text(unit.variant_match)})".strip()


def _unit(unit: UnitResult) -> str:
    parts = [f"<h2>{escape(unit.label or unit.name)} <small>{escape(unit.address)}</small></h2>"]
    if reason := explain.unit_reason_text(unit):
        parts.append(f"<p class='bad'>{escape(reason)}</p>")
    parts += [fault_section(fault) for fault in unit.faults]
    return "\n".join(parts)


def fault_section(fault: Fault) -> str:
    """Return everything that is known of one fault."""
    state = explain.fault_state_text(fault.state)
    head = f"<h3><span class='code'>{escape(fault.code)}</span> {escape(explain.fault_text(fault))}</h3>"
    bits = ", ".join(explain.status_bit_text(bit) for bit in fault.bits)
    facts = [
        (_("State"), state),
        (_("Status"), f"0x{fault.status:02X}  {bits}"),
        (_("Priority"), str(fault.priority) if fault.priority is not None else ""),
        (_("Occurrences"), str(fault.occurrences) if fault.occurrences is not None else ""),
        (_("First"), formats.measured(fault.first_occurrence)),
        (_("Last"), formats.measured(fault.last_occurrence)),
        (_("Raw"), fault.raw),
    ]
    records = [_record(_("Snapshot"), record) for record in fault.snapshots]
    records += [_record(_("Extended data"), record) for record in fault.extended]
    return "\n".join([head, heading_table(facts), *records])


def _record(title: str, record: DtcRecord) -> str:
    rows = [
        (value.shown_name, formats.measured(value.text), value.raw.hex().upper()) for value in record.values
    ]
    values = table([_("Name"), _("Value"), _("Raw")], rows, ["", "", "raw"]) if rows else ""
    raw = f"<p class='raw'>{escape(record.raw.hex(' ').upper())}</p>"
    return f"<p>{escape(title)} 0x{record.number:02X}</p>{values}{raw}"

"""The page of two tests side by side: what is gone, new and still there."""

from __future__ import annotations

from workshop_console.console.model.report import QuickTestReport, ReportComparison, UnitComparison
from workshop_console.console.reports.page import escape, heading_table, page, table, vehicle_facts
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _


def comparison_page(comparison: ReportComparison) -> str:
    """Return the page, in the language chosen."""
    title = _("Comparison of two tests")
    parts = [
        heading_table(
            [
                *vehicle_facts(comparison.last.vehicle),
                (_("First test"), _when(comparison.first)),
                (_("Last test"), _when(comparison.last)),
            ]
        )
    ]
    if not comparison.same_vin:
        warning = _("The reports are not of the same vehicle, or one has no VIN.")
        parts.append(f"<p class='bad'>{escape(warning)}</p>")
    changed = [unit for unit in comparison.units if unit.changes or not unit.comparable]
    if not changed:
        parts.append(f"<p>{escape(_('Nothing changed.'))}</p>")
    parts += [_unit(unit) for unit in changed]
    return page(f"{title} {comparison.last.vehicle.vin}".strip(), "\n".join(parts))


def _when(report: QuickTestReport) -> str:
    number = f"  ({_('Report')} {report.report_id})" if report.report_id else ""
    return f"{formats.moment_to_the_second(report.started)}{number}"


def _unit(unit: UnitComparison) -> str:
    head = f"<h2>{escape(unit.label or unit.name)} <small>{escape(unit.address)}</small></h2>"
    if not unit.comparable:
        return f"{head}\n<p>{escape(_('The fault memory was not read in both tests.'))}</p>"
    rows = []
    for change in unit.changes:
        fault = change.after or change.before
        if fault is not None:
            before = explain.fault_state_text(change.before.state) if change.before else "-"
            after = explain.fault_state_text(change.after.state) if change.after else "-"
            word = explain.change_text(change.change)
            rows.append((word, fault.code, explain.fault_text(fault), before, after))
    titles = [_("Change"), _("Code"), _("Fault"), _("First test"), _("Last test")]
    return f"{head}\n{table(titles, rows, ['', 'code', '', '', ''])}"

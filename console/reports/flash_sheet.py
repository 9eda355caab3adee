"""The report of a flash job as texts: what was to be done, what each unit holds now, and every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from workshop_console.console.model.flash import FlashReport, FlashTarget, JobSummary, UnitEnd
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.reports.blocks import Block, Facts, Grid, Heading, Sheet, Text
from workshop_console.console.reports.flash_document import Raised
from workshop_console.i18n import flashing as words
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _


def flash_sheet(report: FlashReport, raised: Raised) -> Sheet:
    """Return the report of a job, in the language chosen."""
    job = report.job
    title = f"{_('Flash job {n}').format(n=job.job_id)} {job.plan.vin}".strip()
    return Sheet(title=title, blocks=tuple(_blocks(report, raised)), author=job.plan.who)


def _blocks(report: FlashReport, raised: Raised) -> Iterator[Block]:
    job, plan = report.job, report.job.plan
    yield Facts(
        facts=(
            (_("VIN"), plan.vin),
            (_("Vehicle"), plan.vehicle_name),
            (_("VCI"), plan.vci),
            (_("State"), words.state_text(job.state)),
            (_("Started"), formats.moment_to_the_second(job.started)),
            (_("Ended"), formats.moment_to_the_second(job.ended) if job.ended else ""),
            (_("Runs"), str(job.runs) if job.runs > 1 else ""),
            (_("Quick test saved before, report"), str(plan.readout or "")),
            (_("Printed"), formats.moment_to_the_second(report.printed)),
            (_("By"), plan.who),
        )
    )
    for message in _messages([*([job.result] if job.result else []), *job.progress.warnings], raised):
        yield Text(text=f"{message.number}  {message.title}", bad=True)
        yield Text(text=message.cause)
    yield Heading(text=_("Control units"))
    yield _units(job)
    for result in job.results:
        for message in _messages([result.message] if result.message else [], raised):
            yield Text(text=f"{result.unit}: {message.number}  {message.title}", bad=True)
            yield Text(text=message.cause)
    yield Heading(text=_("Checks before flashing"))
    for target in plan.targets:
        yield _checks(target)
    yield Heading(text=_("Steps"))
    yield _steps(report)


def _messages(found: Iterable[RaisedMessage], raised: Raised) -> Sequence[NumberedMessage]:
    return raised(tuple(found))


def _units(job: JobSummary) -> Grid:
    results = {result.unit: result for result in job.results}
    rows, bad = [], set()
    for index, target in enumerate(job.plan.targets):
        manifest, result = target.file.manifest, results.get(target.unit)
        now = "-"
        if result is not None:
            now = words.end_text(result.end)
            if result.identity.answered:
                now += f": {words.identity_text(result.identity)}"
        if result is None or result.end is not UnitEnd.NEW or result.message is not None:
            bad.add((index, 4))
        rows.append(
            (
                target.label or target.unit,
                str(target.address),
                words.identity_text(target.identity),
                f"{manifest.software} {manifest.version}".rstrip(),
                now,
            )
        )
    titles = (_("Control unit"), _("Address"), _("Before"), _("To be flashed"), _("Afterwards"))
    return Grid(
        titles=titles,
        rows=tuple(rows),
        classes=("", "k", "", "", ""),
        widths=(3, 2.2, 3, 3, 4),
        bad=frozenset(bad),
    )


def _checks(target: FlashTarget) -> Grid:
    return Grid(
        titles=(target.label or target.unit, _("State"), _("Found"), _("Expected")),
        rows=tuple(
            (
                words.check_text(check.id),
                words.light_text(check.light, ascii_only=True),
                words.found_text(check),
                words.expected_text(check),
            )
            for check in target.checks
        ),
        classes=("", "k", "", ""),
        widths=(4, 2, 4, 4),
        bad=frozenset(
            (index, 1) for index, check in enumerate(target.checks) if check.light.value != "green"
        ),
    )


def _steps(report: FlashReport) -> Grid:
    labels = {target.unit: target.label or target.unit for target in report.job.plan.targets}
    rows = []
    for entry in report.entries:
        took = ""
        if entry.ended is not None:
            took = formats.duration_ms((entry.ended - entry.began).total_seconds() * 1_000)
        rows.append(
            (
                str(entry.entry_id),
                formats.moment_to_the_second(entry.began),
                labels.get(entry.unit, entry.unit) or _("Vehicle"),
                words.step_text(entry.step),
                words.outcome_text(entry) if entry.ended is not None else _("no end recorded"),
                took,
            )
        )
    return Grid(
        titles=(_("No."), _("Began"), _("Control unit"), _("Step"), _("Outcome"), _("Time")),
        rows=tuple(rows),
        classes=("n", "k", "", "", "", "n"),
        widths=(0.9, 3.2, 3, 3.6, 3.6, 1.8),
        bad=frozenset(
            (index, 4)
            for index, entry in enumerate(report.entries)
            if entry.outcome not in ("positive", "skipped")
        ),
    )

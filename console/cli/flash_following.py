"""Follows a flash job on the command line, from the journal: leaving is harmless."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from workshop_console.console.cli.exit_codes import ExitCode, exit_code
from workshop_console.console.cli.output import BOLD, GREEN, RED, YELLOW, colour, wrap
from workshop_console.console.cli.session import Session
from workshop_console.console.jobs.flash_following import ONLY_MEANWHILE
from workshop_console.console.model.flash import (
    FlashProgress,
    FlashStep,
    JobState,
    JobSummary,
    JournalEntry,
    UnitEnd,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report_json import utc_text
from workshop_console.i18n.flashing import (
    end_text,
    identity_text,
    left_text,
    outcome_text,
    rate_text,
    state_text,
    step_text,
)
from workshop_console.i18n.texts import _

EVERY_S = 0.25
_LINE_EVERY_S = 2.0
"""Between two lines that only tell how far a transfer is."""
_INDENT = " " * 10
_GOES_ON = frozenset({JobState.PLANNED, JobState.RUNNING, JobState.STOPPING})


def follow(session: Session, job_id: int, raised: list[RaisedMessage]) -> ExitCode:
    """Print what happens until the job ends, and return the exit code that its end means.

    Ctrl+C ends only the following; that the job goes on is told then (WC-750).
    """
    flashing = session.workshop.flashing
    printer = _Printer(quiet=session.as_json)
    hints: set[RaisedMessage] = set()
    try:
        while True:
            job = flashing.job(job_id)
            hints |= _tell_hints(session, job, hints)
            printer.show(job, flashing.entries(job_id, after=printer.last))
            if job.state not in _GOES_ON:
                break
            time.sleep(EVERY_S)
    except KeyboardInterrupt:
        raised.append(RaisedMessage(number="WC-750", facts=(("job", job_id),)))
        return ExitCode.INTERRUPTED
    raised += (warning for warning in job.progress.warnings if warning not in (*raised, *hints))
    found = [message for message in (job.result, *(r.message for r in job.results)) if message is not None]
    raised += dict.fromkeys(message for message in found if message not in raised)
    return end_code(job)


def _tell_hints(session: Session, job: JobSummary, told: set[RaisedMessage]) -> set[RaisedMessage]:
    """Tell what is of use only while the job runs, and return it."""
    hints = {warning for warning in job.progress.warnings if warning.number in ONLY_MEANWHILE}
    if job.state in _GOES_ON:
        session.tell([hint for hint in hints if hint not in told])
    return hints


def end_code(job: JobSummary) -> ExitCode:
    """Return the exit code of a job that ended."""
    if job.state is JobState.DONE:
        return ExitCode.DONE
    code = exit_code(job.result.number) if job.result is not None else ExitCode.FAILURES
    return code if code is ExitCode.NO_VEHICLE else ExitCode.FAILURES


class _Printer:
    """Prints a line for each step, and now and then how far a transfer is."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self.last = 0
        """The newest entry that came back with everything before it."""
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        self._told: tuple[str, int] = ("", 0)
        self._told_at = 0.0
        self._state: JobState | None = None

    def show(self, job: JobSummary, entries: Sequence[JournalEntry]) -> None:
        """Print what is new."""
        if self._quiet:
            return
        changed, self._state = job.state is not self._state, job.state
        if changed and job.state in _GOES_ON:
            _print_state(job)
        for entry in entries:
            self._entry(entry)
        open_ones = [entry.entry_id for entry in entries if entry.ended is None]
        if entries:
            self.last = min(open_ones) - 1 if open_ones else entries[-1].entry_id
        if job.state in _GOES_ON:
            self._progress(job.progress)
        elif changed:
            _print_state(job)

    def _entry(self, entry: JournalEntry) -> None:
        if entry.ended is None:
            # Short steps are told once, with their end; what takes long is told when it begins too.
            if entry.entry_id not in self._begun:
                self._begun.add(entry.entry_id)
                if entry.step in (FlashStep.ERASE, FlashStep.TRANSFER, FlashStep.RESET):
                    self._line(entry, "…")
        elif entry.entry_id not in self._ended:
            self._ended.add(entry.entry_id)
            self._line(entry, outcome_text(entry))

    def _line(self, entry: JournalEntry, text: str) -> None:
        name = f"{entry.unit}  " if entry.unit else ""
        clock = f"{(entry.ended or entry.began).astimezone():%H:%M:%S}"
        print(wrap(f"{clock}  {name}{step_text(entry.step)}: {text}", _INDENT, ""), flush=True)

    def _progress(self, progress: FlashProgress) -> None:
        now = time.monotonic()
        at = (progress.unit + progress.segment, progress.done)
        if progress.step is not FlashStep.TRANSFER or at == self._told or now - self._told_at < _LINE_EVERY_S:
            return
        self._told, self._told_at = at, now
        print(wrap(progress_text(progress), _INDENT), flush=True)


def _print_state(job: JobSummary) -> None:
    tone = {JobState.DONE: GREEN, JobState.FAILED: RED, JobState.INTERRUPTED: RED}.get(job.state, BOLD)
    text = _("Flash job {number}: {state}").format(number=job.job_id, state=state_text(job.state))
    print(colour(text, tone), flush=True)


def progress_text(progress: FlashProgress) -> str:
    """Return how far a transfer is, in one line."""
    block = ""
    if progress.blocks:  # else none was answered yet
        block = _("block {block} of {blocks}").format(block=progress.block, blocks=progress.blocks)
    share = f"{100 * progress.done // progress.total} %" if progress.total else ""
    left = _("{time} left").format(time=left_text(progress)) if progress.left_s is not None else ""
    parts = (progress.unit, progress.segment, block, share, rate_text(progress), left)
    return "  ".join(part for part in parts if part)


def print_ends(session: Session, job: JobSummary) -> None:
    """Print what each unit holds now, by its own word."""
    for result in job.results:
        tone = {UnitEnd.NEW: GREEN, UnitEnd.OLD: YELLOW}.get(result.end, RED)
        print(colour(f"{result.unit}: {end_text(result.end)}  {identity_text(result.identity)}", tone))
        if result.message is not None:
            (message,) = session.workshop.raised(result.message)
            print(wrap(f"{message.number} {message.title}", "    ", "  "))
    if session.workshop.flashing.can_resume(job):
        text = _("To go on: {command}").format(command=f"workshop-console jobs {job.job_id} --resume --yes")
        print(wrap(text))


def job_document(session: Session, job: JobSummary) -> dict[str, Any]:
    """Return one of `jobs` of DESIGN's "What --json holds", and more."""
    progress, plan = job.progress, job.plan
    ends = {result.unit: result for result in job.results}
    return {
        "id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "unit": progress.unit or ", ".join(target.unit for target in plan.targets),
        "step": progress.step.value if progress.step is not None else None,
        "done": progress.done,
        "total": progress.total or sum(target.file.manifest.stored for target in plan.targets),
        "started": utc_text(job.started),
        "ended": utc_text(job.ended) if job.ended is not None else None,
        "result": job.result.number if job.result is not None else None,
        "vehicle": {"vin": plan.vin, "name": plan.vehicle_name},
        "vci": plan.vci_given or plan.vci,
        "runs": job.runs,
        "can_resume": session.workshop.flashing.can_resume(job),
        "segment": progress.segment,
        "block": progress.block,
        "blocks": progress.blocks,
        "bytes_a_second": progress.rate,
        "left_ms": round(progress.left_s * 1_000) if progress.left_s is not None else None,
        "pending": progress.pending,
        "last_nrc": f"{progress.last_nrc:02X}" if progress.last_nrc is not None else None,
        "can_stop": progress.can_stop,
        "waits_for_unit": progress.waits_for_unit,
        "warnings": [warning.number for warning in progress.warnings],
        "units": [
            {
                "name": target.unit,
                "software_before": target.identity.software,
                "software_new": target.file.manifest.software,
                "end": end.end.value if (end := ends.get(target.unit)) is not None else None,
                "software": end.identity.software if end is not None else None,
                "version": end.identity.version if end is not None else None,
                "stopped_at": end.step.value if end is not None and end.step is not None else None,
                "message": end.message.number if end is not None and end.message is not None else None,
            }
            for target in plan.targets
        ],
    }


def entry_document(entry: JournalEntry) -> dict[str, Any]:
    """Return one step of a job."""
    return {
        "id": entry.entry_id,
        "unit": entry.unit,
        "step": entry.step.value,
        "began": utc_text(entry.began),
        "ended": utc_text(entry.ended) if entry.ended is not None else None,
        "outcome": entry.outcome,
        "detail": entry.detail,
    }

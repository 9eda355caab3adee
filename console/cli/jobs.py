"""`jobs`: the flash jobs, one of them followed, stopped, or brought to its end after a break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.flash_following import (
    entry_document,
    follow,
    job_document,
    print_ends,
    progress_text,
)
from workshop_console.console.cli.output import (
    BOLD,
    GREEN,
    RED,
    YELLOW,
    Column,
    colour,
    print_json,
    print_table,
    wrap,
)
from workshop_console.console.cli.running import run_job
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_following import AT_WORK, never_began
from workshop_console.console.model.flash import JobState, JobSummary
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.report_json import message_document
from workshop_console.i18n import formats
from workshop_console.i18n.flashing import outcome_text, state_text, step_text
from workshop_console.i18n.texts import _

_TONES = {
    JobState.DONE: GREEN,
    JobState.FAILED: RED,
    JobState.INTERRUPTED: RED,
    JobState.STOPPED: YELLOW,
}


@dataclass(frozen=True, kw_only=True)
class JobsRequest:
    """What was asked for."""

    job: int | None
    follow: bool
    stop: bool
    resume: bool
    yes: bool


def jobs_command(session: Session, asked: JobsRequest) -> int:
    """List the jobs, or show, follow, stop or resume one."""
    workshop = session.workshop
    session.tell(workshop.problems)
    if asked.job is None and (asked.stop or asked.resume):
        raise ConsoleError("WC-103", detail="jobs ID --stop | --resume")
    if asked.stop and asked.resume:
        raise ConsoleError("WC-103", detail="--stop | --resume")
    if asked.resume and not asked.yes:
        raise ConsoleError("WC-109", detail="jobs --resume --yes")
    job_id = asked.job
    if job_id is None and asked.follow:
        job_id = _to_follow(workshop.flashing.jobs())
    if job_id is None:
        return _list(session, workshop.flashing.jobs())
    raised: list[RaisedMessage] = []
    workshop.flashing.job(job_id)
    if asked.stop:
        dropped = never_began(workshop.flashing.job(job_id))
        workshop.flashing.stop(job_id)
        if dropped:
            session.note(_("The job was dropped: nothing was sent to the vehicle."))
        else:
            session.note(_("The job stops where every control unit is left whole."))
    if asked.resume:
        for _event in run_job(session, lambda _cancellation: workshop.flashing.resume(job_id)):
            pass
    code = ExitCode.DONE
    if asked.follow or asked.resume:
        code = follow(session, job_id, raised)
    _show(session, job_id, raised, steps=not (asked.follow or asked.resume))
    return code


def _to_follow(jobs: Sequence[JobSummary]) -> int | None:
    """Return the job at work, else the newest."""
    found = [job for job in jobs if job.state in AT_WORK] or jobs
    return found[0].job_id if found else None


def _list(session: Session, jobs: Sequence[JobSummary]) -> int:
    if session.as_json:
        print_json({"jobs": [job_document(session, job) for job in jobs]})
        return ExitCode.DONE
    if not jobs:
        print(_("There are no flash jobs."))
        return ExitCode.DONE
    print_table(
        (
            Column(title=_("No."), right=True),
            Column(title=_("Started"), least=17, most=24),
            Column(title=_("State"), most=16),
            Column(title=_("Vehicle"), least=10, most=40),
            Column(title=_("Control units"), least=10, most=60),
        ),
        [
            (
                str(job.job_id),
                formats.moment(job.started),
                state_text(job.state),
                job.plan.vin or job.plan.vehicle_name or "-",
                ", ".join(target.label or target.unit for target in job.plan.targets),
            )
            for job in jobs
        ],
        [_TONES.get(job.state, BOLD) for job in jobs],
    )
    return ExitCode.DONE


def _show(session: Session, job_id: int, raised: Sequence[RaisedMessage], *, steps: bool) -> None:
    """Print one job, and its messages on standard error."""
    job = session.workshop.flashing.job(job_id)
    messages = list(raised)
    if steps and job.result is not None:
        messages.append(job.result)
    session.tell(messages)
    if session.as_json:
        document = job_document(session, job)
        document["entries"] = [entry_document(e) for e in session.workshop.flashing.entries(job_id)]
        told = session.workshop.raised(messages)
        print_json({"jobs": [document], "messages": [message_document(message) for message in told]})
    else:
        if steps:
            _print_job(session, job)
        print_ends(session, job)


def _print_job(session: Session, job: JobSummary) -> None:
    units = ", ".join(target.label or target.unit for target in job.plan.targets)
    text = _("Flash job {number}: {state}").format(number=job.job_id, state=state_text(job.state))
    print(colour(f"{text}  {job.plan.vehicle_name} {job.plan.vin}  {units}", _TONES.get(job.state, BOLD)))
    for entry in session.workshop.flashing.entries(job.job_id):
        name = f"{entry.unit}  " if entry.unit else ""
        clock = f"{entry.began.astimezone():%H:%M:%S}"
        print(wrap(f"{clock}  {name}{step_text(entry.step)}: {outcome_text(entry)}", " " * 12, "  "))
    if job.state in AT_WORK and job.progress.total:
        print(f"  {progress_text(job.progress)}")

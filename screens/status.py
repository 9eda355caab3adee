"""Says in a few words how things stand: credit, vehicle, VCI, the running job."""

from __future__ import annotations

from workshop_console.console.model.credit import Edition, ProductGroup
from workshop_console.console.procedures.events import Step
from workshop_console.i18n.codes.states import PRODUCT_GROUPS
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.session import (
    CHECK_FUNCTION,
    CLEAR,
    DRIVE,
    GUIDED_TEST,
    IMPORT,
    OFFER_VALUES,
    PLAN_FLASH,
    QUICK_TEST,
    READ_CODINGS,
    READ_FAULTS,
    READ_FUNCTIONS,
    START_FLASH,
    WATCH_VALUES,
    WRITE_CODING,
    Session,
)
from workshop_console.widgets.cells import cut
from workshop_console.widgets.glyphs import glyphs

_STEPS: dict[Step, str] = {
    Step.LEASING: mark("Asking for the time credit"),
    Step.CONNECTING: mark("Connecting: {detail}"),
    Step.STARTING_SIMULATION: mark("Starting the simulated vehicle"),
    Step.IMPORTING: mark("Reading the description {detail}"),
    Step.CHOOSING: mark("Looking for the description that fits"),
    Step.SCANNING: mark("Looking for control units"),
    Step.READING: mark("Reading"),
    Step.SAVING: mark("Saving a readout first"),
    Step.CLEARING: mark("Clearing"),
    Step.WRITING: mark("Writing {detail}"),
    Step.READING_FLASH_FILE: mark("Reading the flash file {detail}"),
    Step.CHECKING_UNITS: mark("Checking the control units"),
    Step.STARTING_WORKER: mark("Starting the flash job"),
}

_JOBS = {
    QUICK_TEST: mark("Quick test"),
    READ_FAULTS: mark("Reading fault memories"),
    CLEAR: mark("Clearing fault memories"),
    IMPORT: mark("Importing a description"),
    READ_CODINGS: mark("Reading codings"),
    WRITE_CODING: mark("Writing a coding"),
    GUIDED_TEST: mark("Guided test"),
    READ_FUNCTIONS: mark("Listing functions"),
    CHECK_FUNCTION: mark("Checking conditions"),
    DRIVE: mark("Actuation"),
    OFFER_VALUES: mark("Listing actual values"),
    WATCH_VALUES: mark("Actual values"),
    PLAN_FLASH: mark("Planning the flashing"),
    START_FLASH: mark("Starting the flash job"),
}


def product_name(edition: Edition) -> str:
    """Return the name of the product; it is the same in every language."""
    return "Workshop Console " + ("Pass Thru" if edition is Edition.PASS_THRU else "Lite")


def group_name(group: ProductGroup) -> str:
    """Return the name of a product group.

    As i18n.explain has it, without what that needs for faults: the first screen is waited for.
    """
    return _(PRODUCT_GROUPS[group.value])


def credit_text(session: Session) -> tuple[str, str]:
    """Return the credit of the group that is open and whether the server was reached, long and in short."""
    from workshop_console.i18n import formats

    workshop, credit = session.workshop, session.credit
    if credit is not None and not credit.kept:
        return _("no credit kept"), ""
    if credit is None:
        return "", ""
    minutes = credit.of(workshop.line.group).minutes
    online = f"[{_('online') if credit.online else _('offline')}]" if session.asked else ""
    if minutes is None:
        return online, ""
    short = f"{formats.minutes_short(minutes)} {online}".rstrip()
    return f"{_('Credit')} {short}", short


def header_lines(session: Session) -> tuple[tuple[str, str, str], ...]:
    """Return the two lines of the header: left, right, right in short."""
    workshop, dot = session.workshop, glyphs().dot
    first = f"{product_name(workshop.edition)} {dot} {group_name(workshop.line.group)}"
    vci = f"VCI {cut(workshop.line.vci, 32)}"
    return (first, *credit_text(session)), (vehicle_text(session), vci, cut(workshop.line.vci, 24))


def vehicle_text(session: Session) -> str:
    """Return VIN, name and voltage of the vehicle, as far as they are known."""
    from workshop_console.i18n import formats

    vehicle = session.workshop.line.vehicle
    parts = []
    if vehicle.vin:
        parts.append(f"VIN {vehicle.vin}")
    if vehicle.voltage_v is not None:
        parts.append(formats.voltage(vehicle.voltage_v))
    if vehicle.name:
        parts.append(vehicle.name)
    return "  ".join(parts) or _("No vehicle read yet")


def job_name(kind: str) -> str:
    """Return what a kind of job is called."""
    return _(_JOBS[kind]) if kind in _JOBS else kind


def job_text(session: Session) -> str:
    """Return what the running job does, how far it is and what is left; empty when none runs."""
    kind = session.running
    if not kind:
        return ""
    if session.progress is not None and session.progress.total:
        done, total = session.progress.done, session.progress.total
        left = total - done
        text = ngettext(
            "{job}: {done} of {total}, {left} left", "{job}: {done} of {total}, {left} left", left
        ).format(job=job_name(kind), done=done, total=total, left=left)
        return text
    if session.step is not None:
        detail = cut(session.step.detail, 40)
        text = f"{job_name(kind)}: {_(_STEPS[session.step.step]).format(detail=detail)}"
        return " ".join(text.split())  # not every step has a detail
    return job_name(kind)


def flash_jobs_text(session: Session) -> str:
    """Return which flash job runs, or waits to be taken up again; a few words for the end of a line."""
    flash = session.flash
    if flash.running:
        job, progress = flash.running[0], flash.running[0].progress
        share = int(100 * progress.done / progress.total) if progress.total else 0
        return _("[Flash job {n}: {percent} %]").format(n=job.job_id, percent=share) + " "
    if flash.waiting:
        return _("[Flash job {n}: INTERRUPTED]").format(n=flash.waiting[0].job_id) + " "
    return ""

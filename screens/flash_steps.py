"""Works out from the journal which steps of a flash job are done, which is on its way, and which come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workshop_console.console.model.flash import (
    FlashPlan,
    FlashStep,
    FlashTarget,
    JobSummary,
    JournalEntry,
)

ORDER = tuple(FlashStep)


@dataclass(frozen=True, kw_only=True)
class SeenStep:
    """One step and what the journal says of it."""

    step: FlashStep
    entry: JournalEntry | None = None
    """The newest of this step that still counts; None: it is still to come."""


def steps_of(job: JobSummary, entries: Sequence[JournalEntry], unit: str) -> list[SeenStep]:
    """Return the steps of one unit of a job in the order of their use.

    A step that begins makes those after it come again: the next segment goes back to the download, a
    recovery to the beginning.
    """
    mine = _newest(entry for entry in entries if entry.unit == unit)
    vehicle = _newest(entry for entry in entries if not entry.unit)
    target = target_of(job.plan, unit)
    left_out = target.sequence.leave_out if target is not None else ()
    found = []
    for step in ORDER:
        both = [entry for entry in (mine.get(step), vehicle.get(step)) if entry is not None]
        entry = max(both, key=lambda one: one.entry_id) if both else None
        comes = job.plan.readout if step is FlashStep.READOUT else step not in left_out
        if entry is not None or comes:
            found.append(SeenStep(step=step, entry=entry))
    return found


def _newest(entries: Iterable[JournalEntry]) -> dict[FlashStep, JournalEntry]:
    seen: dict[FlashStep, JournalEntry] = {}
    for entry in entries:
        place = ORDER.index(entry.step)
        seen = {step: known for step, known in seen.items() if ORDER.index(step) < place}
        seen[entry.step] = entry
    return seen


def target_of(plan: FlashPlan, unit: str) -> FlashTarget | None:
    """Return the unit of a plan with this short name."""
    return next((target for target in plan.targets if target.unit == unit), None)


def unit_label(plan: FlashPlan, unit: str) -> str:
    """Return what a unit of a plan is called."""
    target = target_of(plan, unit)
    return (target.label or target.unit) if target is not None else unit


def units_text(plan: FlashPlan) -> str:
    """Return the names of all units of a plan."""
    return ", ".join(target.label or target.unit for target in plan.targets)

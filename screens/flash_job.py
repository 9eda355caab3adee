"""One flash job as its journal tells it: steps, blocks, rate, time left; stopping and taking it up again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar

from textual.widget import Widget

from workshop_console.console.jobs.flash_following import never_began
from workshop_console.console.model.flash import (
    ENDED_STATES,
    FlashReport,
    FlashStep,
    JobState,
    JobSummary,
    JournalEntry,
)
from workshop_console.console.model.message import raised_by
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.box import Question
from workshop_console.screens.console_port import Console
from workshop_console.screens.flash_facts import (
    AT_WORK,
    current_step,
    job_facts,
    step_columns,
    step_row,
    title_of,
)
from workshop_console.screens.flash_steps import ORDER, steps_of, unit_label, units_text
from workshop_console.screens.following import FollowingScreen
from workshop_console.screens.saving import save_flash
from workshop_console.screens.session import START_FLASH
from workshop_console.screens.sheet import TextSheet
from workshop_console.screens.status import job_text
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import Paragraph, TextPage
from workshop_console.widgets.tones import BAD, PLAIN


class FlashJob(TextSheet[None], FollowingScreen[None]):
    """Shows a job, running or ended, of this console or another; the job goes on without it."""

    DEFAULT_CSS = "FlashJob #facts { height: auto; max-height: 11; }"
    handles = ("start", "clear", "save", "next_part")
    words: ClassVar = {
        "back": (mark("Back"), mark("Leave the screen; the job goes on.")),
        "start": (
            mark("Resume"),
            mark("Take up an interrupted job: asks the control unit what it is, and brings it to its end."),
        ),
        "clear": (mark("Stop"), mark("Stop the job where every control unit is left whole; asks first.")),
        "save": (mark("Save"), mark("Save the report of this job as a file.")),
        "next_part": (mark("Next unit"), mark("Show the steps of the next control unit of the job.")),
    }

    def __init__(self, job_id: int) -> None:
        super().__init__()
        self._job_id = job_id
        self._job: JobSummary | None = None
        self._entries: dict[int, JournalEntry] = {}
        self._unit = ""
        """Whose steps are shown, as chosen; empty: of the one that is worked on."""
        self._worked_on = ""
        """The unit that is followed until it is through: several may be worked on at once."""
        self._put: Hashable | None = None
        """Where the cursor was left; elsewhere it is where the mechanic put it."""
        self._resumable = False
        self._wished = False
        """Whether a stop was asked for here; the worker says so as soon as it finds it."""

    # Reading the journal

    def look(self) -> tuple[JobSummary, Sequence[JournalEntry], bool]:
        """Read the job, and the entries that are new or were not complete."""
        flashing = self.session.workshop.flashing
        # The job first: entries that are newer than its state do no harm, a state newer than them would.
        job = flashing.job(self._job_id)
        begun = [entry.entry_id for entry in self._entries.values() if entry.ended is None]
        after = min(begun) - 1 if begun else max(self._entries, default=0)
        return job, flashing.entries(self._job_id, after=after), flashing.can_resume(job)

    def seen(self, result: Any) -> None:
        """Take the job and its entries."""
        self._job, entries, self._resumable = result
        self._wished &= self._job.state in AT_WORK
        self._entries |= {entry.entry_id: entry for entry in entries}
        moved = self._job.progress.unit
        if moved and (not self._worked_on or (self._through(self._worked_on) and not self._through(moved))):
            self._worked_on = moved

    def _through(self, unit: str) -> bool:
        """Return whether the new software of a unit was checked, or something ended its steps."""
        own = [entry for entry in self._entries.values() if entry.unit == unit]
        newest = max(own, key=lambda entry: entry.entry_id, default=None)
        if newest is None or newest.ended is None:
            return False
        return newest.outcome != "positive" or ORDER.index(newest.step) >= ORDER.index(FlashStep.RESET)

    @property
    def hurries(self) -> bool:
        """Whether the job is at work."""
        return self._job is None or self._job.state in AT_WORK

    @property
    def needs_all(self) -> bool:
        """Whether the job did not end yet."""
        return self._job is not None and self._job.state not in ENDED_STATES

    # What is there

    def body(self) -> Iterable[Widget]:
        """Return how it stands, and the steps."""
        yield TextPage(id="facts")
        yield Table(id="steps")

    def title_text(self) -> str:
        """Return the number of the job and its vehicle; of several units the one whose steps are shown."""
        name = _("Flash job {n}").format(n=self._job_id)
        if self._job is None:
            return name
        several = len(self._units) > 1
        return f"{name}  {unit_label(self._job.plan, self._shown_unit) if several else self._job.plan.vin}"

    def title_right(self) -> str:
        """Return which unit of how many is shown."""
        units = self._units
        if len(units) < 2:
            return ""
        return f"{units.index(self._shown_unit) + 1}/{len(units)}" if self._shown_unit in units else ""

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The job runs in a process of its own: leaving this screen, closing the console or losing the "
            "terminal changes nothing. From erasing until the dependencies were checked the control unit has "
            "no software, so the job is not stopped there. A job that was interrupted is taken up again with "
            "F5, as often as it takes."
        )

    @property
    def _units(self) -> list[str]:
        return [target.unit for target in self._job.plan.targets] if self._job is not None else []

    @property
    def _shown_unit(self) -> str:
        if self._unit or self._job is None:
            return self._unit
        first = self._units[0] if self._units else ""
        return self._worked_on or first

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        job = self._job
        if job is None:
            return _("the job was not read yet")
        if command_id == "start":
            return self._why_no_resuming(job)
        if command_id == "clear":
            if job.state is JobState.STOPPING or (self._wished and job.state in AT_WORK):
                return _("a stop was asked for already")
            if never_began(job):
                return ""  # it is dropped
            if job.state not in AT_WORK:
                return _("the job is not running")
            if not job.progress.can_stop:
                if len(self._units) > 1:
                    return _("a control unit has no software until all of it is written")
                return _("{unit} has no software until all of it is written").format(
                    unit=unit_label(job.plan, self._units[0])
                )
        if command_id == "next_part" and len(self._units) < 2:
            return _("there is one control unit only")
        return ""

    def _why_no_resuming(self, job: JobSummary) -> str:
        if job.state in AT_WORK:
            return _("the job is running")
        if not self._resumable:
            if never_began(job):
                return _("what was checked is too old: check it again, or drop this job with F6")
            return _("there is nothing to resume")
        return _("something still runs") if self.session.running else ""

    # Drawing

    def draw(self) -> None:
        """Draw how the job stands and its steps."""
        if self.session.flash.started is not None:
            # Taken up from here: this screen shows it already.
            self.session.flash.started = None
            self.call_later(self.read_now)
        job = self._job
        page, table = self.query_one("#facts", TextPage), self.query_one("#steps", Table)
        if job is None:
            text = "" if self.trouble is None else title_of(self, raised_by(self.trouble))
            page.show([Paragraph(text=text or _("Reading …"), tone=BAD if text else PLAIN)])
            table.show(step_columns(), [])
            return
        last = max(self._entries.values(), key=lambda entry: entry.entry_id, default=None)
        page.show(job_facts(job, last, lambda message: title_of(self, message), self.trouble))
        steps = steps_of(job, tuple(self._entries.values()), self._shown_unit)
        now = current_step(job, steps)
        rows = [step_row(job, seen, now=seen is now) for seen in steps]
        follows = table.cursor_key == self._put
        table.show(step_columns(), rows)
        if follows:
            newest = max(steps, key=lambda seen: seen.entry.entry_id if seen.entry else 0, default=None)
            if (at := now or newest) is not None:
                table.move_to(at.step)
            self._put = table.cursor_key

    def status_text(self) -> str:
        """Say what else runs."""
        return job_text(self.session)

    def hint_text(self) -> str:
        """Say that the job needs no screen."""
        at_work = self._job is not None and self._job.state in AT_WORK
        return _("F3 leaves this screen; the job goes on.") if at_work else ""

    def flash_text(self) -> str:
        """Say nothing more: the screen itself says it."""
        return ""

    # Doing

    def do_back(self) -> None:
        """Leave the screen and say that the job goes on."""
        if self.is_current and self._job is not None and self._job.state in AT_WORK:
            number = self._job_id
            self.console.say(lambda: _("Flash job {n} goes on without the screen.").format(n=number))
        super().do_back()

    def do_clear(self) -> None:
        """Ask, then write the wish into the journal."""
        job, flashing = self._job, self.session.workshop.flashing
        if job is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._wished = True
                self.after(lambda: flashing.stop(self._job_id), lambda _none: self.console.say(said))

        def said() -> str:
            if drops:
                return _("The job was dropped: nothing was sent to the vehicle.")
            return _("A stop was asked for; the journal tells when it is there.")

        if drops := never_began(job):
            self.console.show_screen(
                Question(
                    question=lambda: _("Drop flash job {n}?").format(n=self._job_id),
                    consequences=lambda: _(
                        "It never began; nothing was sent to the vehicle: every control unit is as it was."
                    ),
                    yes=lambda: _("Yes, drop it"),
                ),
                answered,
            )
            return
        self.console.show_screen(
            Question(
                question=lambda: _("Stop flash job {n}?").format(n=self._job_id),
                consequences=lambda: _(
                    "It ends at the next place where every control unit is left whole: before erasing, or "
                    "after a control unit has all of its new software."
                ),
                yes=lambda: _("Yes, stop there"),
            ),
            answered,
        )

    def do_start(self) -> None:
        """Ask, then start a worker for the interrupted job."""
        if self._job is not None:
            ask_and_resume(self.console, self._job)

    def do_next_part(self) -> None:
        """Show the next unit."""
        units = self._units
        at = units.index(self._shown_unit) if self._shown_unit in units else -1
        self._unit = units[(at + 1) % len(units)]
        table = self.query_one("#steps", Table)
        table.first()
        self._put = table.cursor_key
        self.redraw()

    def do_save(self) -> None:
        """Save the report of the job."""
        if self._job is not None:
            report = FlashReport(
                job=self._job,
                entries=tuple(sorted(self._entries.values(), key=lambda entry: entry.entry_id)),
                printed=self.session.workshop.clock.now(),
            )
            save_flash(self.console, report)


def ask_and_resume(console: Console, job: JobSummary) -> None:
    """Ask, then start a worker that takes the job up; its screen opens when it runs."""
    flashing, number = console.session.workshop.flashing, job.job_id
    begins = never_began(job)

    def answered(yes: bool | None) -> None:
        if yes:
            console.start_job(START_FLASH, lambda _cancellation: flashing.resume(number))

    console.show_screen(
        Question(
            question=lambda: (
                _("Start flash job {n}: {units}?") if begins else _("Resume flash job {n}: {units}?")
            ).format(n=number, units=units_text(job.plan)),
            consequences=lambda: (
                _(
                    "Ignition on, charger connected, the same vehicle at the same VCI. Nothing was sent to "
                    "the vehicle so far; it begins with what was confirmed before."
                )
                if begins
                else _(
                    "Ignition on, charger connected, the same vehicle at the same VCI. The control unit is "
                    "asked what it is; then it is flashed again from where it needs that. Needs no credit."
                )
            ),
            yes=lambda: _("Yes, go on now"),
        ),
        answered,
    )

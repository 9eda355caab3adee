"""The one table before flashing: what would be flashed, and everything that was checked, with its light."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

from workshop_console.console.jobs.flash_following import GOOD_FOR_S
from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashFile,
    FlashPlan,
    FlashTarget,
    Light,
)
from workshop_console.i18n import flashing as words
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.box import Question
from workshop_console.screens.flash_facts import title_of
from workshop_console.screens.flash_job import FlashJob
from workshop_console.screens.flash_steps import units_text
from workshop_console.screens.session import PLAN_FLASH, START_FLASH
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.glyphs import glyphs
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, BOLD, GOOD, PLAIN, WARNING

LIGHT_TONES: dict[Light, Style] = {Light.GREEN: GOOD, Light.YELLOW: WARNING, Light.RED: BAD}
_WORST_FIRST = (Light.RED, Light.YELLOW, None, Light.GREEN)
"""Order of the checks; None: of what is good and to be known."""
_HEAD, _ESTIMATE = -1, -2
"""Stand for the place of a check in the keys of rows that are none."""
_OF_THE_VEHICLE = (
    CheckId.VOLTAGE,
    CheckId.CHARGER,
    CheckId.CREDIT,
    CheckId.RIGHT,
    CheckId.READOUT,
    CheckId.SPACE,
    CheckId.AWAKE,
)
"""Checks that are told once where they say the same of every unit."""


class FlashPlanScreen(ListSheet):
    """Has the files judged against the vehicle, and starts the job when all is well and confirmed."""

    share = 0.46

    handles = ("start", "open", "mark")
    words: ClassVar = {
        "start": (mark("Start"), mark("Start the flashing: confirms what is yellow, and asks first.")),
        "open": (mark("Why"), mark("Explain the current line: its message with cause and remedy.")),
        "mark": (mark("Check again"), mark("Ask the control units and check everything again.")),
    }

    def __init__(self, files: Sequence[FlashFile]) -> None:
        super().__init__()
        self._files = tuple(files)
        self._confirmed: set[str] = set()
        """Short names that were typed."""
        self._checked = 0.0
        """When the check began, on the monotonic clock."""

    # What is there

    @property
    def _plan(self) -> FlashPlan | None:
        return self.session.flash.plan

    def body(self) -> Iterable[Widget]:
        """Return the table and the line to type a name in."""
        yield Table()
        yield Entry()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Before flashing")

    def title_right(self) -> str:
        """Return the light of the whole plan and how long it takes."""
        plan = self._plan
        if plan is None or self.session.running == PLAN_FLASH:
            return ""
        total = sum(target.estimate_s for target in plan.targets)
        about = _("about {time}").format(time=formats.duration_ms(round(total) * 1_000))
        place = self.query_one(Table).position
        return f"{words.light_text(plan.light, ascii_only=glyphs().plain)}  {about}  {place}"

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Everything that must hold before flashing. Red (X) stops: there is no way around it. Yellow (!) "
            "is confirmed by typing the short name of the control unit. A quick test was saved before. "
            "Nothing is written before the last question is answered with Y."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        plan = self._plan
        if command_id in ("start", "mark") and self.session.running:
            return _("something still runs")
        if command_id in ("start", "open") and plan is None:
            return _("nothing was checked yet")
        if command_id == "start" and plan is not None and (red := _first_red(plan)) is not None:
            target, check = red
            return _("{unit}: {check} is red").format(
                unit=target.label or target.unit, check=words.check_text(check.id)
            )
        return ""

    def begin(self) -> None:
        """Check: voltage and conditions are as they are now, not as they were."""
        self.session.flash.plan = None
        if not self.session.running:
            self.do_mark()

    # Drawing

    def draw(self) -> None:
        """Draw the table."""
        if self.session.flash.started is not None:
            self.call_later(self._follow)
        columns = (
            Column(title=_("State"), width=12),
            Column(title=_("Check"), width=23, grow=1),
            Column(title=_("Found"), width=20, grow=2),
            Column(title=_("Expected"), width=17, grow=2),
        )
        plan = self._plan
        checking = self.session.running == PLAN_FLASH
        rows = [] if plan is None or checking else list(self._rows(plan))
        # While it is checked, the message line says how far that is.
        empty = "" if checking else _("Space checks the files against the vehicle.")
        self.query_one(Table).show(columns, rows, empty=empty)

    def _rows(self, plan: FlashPlan) -> Iterable[Row]:
        shared = _shared(plan)
        for target in plan.targets:
            yield self._head(target)
            for index, check in _worst_first(target):
                if check not in shared:
                    yield self._row((target.unit, index), check)
            if len(plan.targets) > 1:  # of one, the title says it
                about = _("about {time}").format(time=formats.duration_ms(round(target.estimate_s) * 1_000))
                cells = ("", _("Time estimate"))
                yield Row(key=(target.unit, _ESTIMATE), cells=cells, tail=about, tail_from=2)
        if shared:
            yield Row(
                key=("", _HEAD), cells=("",), tail=_("Vehicle and workshop"), tail_from=1, tail_tone=BOLD
            )
            for index, check in _worst_first(plan.targets[0]):
                if check in shared:
                    yield self._row((plan.targets[0].unit, index), check)

    def _head(self, target: FlashTarget) -> Row:
        manifest = target.file.manifest
        new = f"{manifest.software} {manifest.version}".rstrip()
        change = f"{words.identity_text(target.identity)} → {new}"
        return Row(
            key=(target.unit, _HEAD),
            cells=("", target.label or target.unit),
            tones=(PLAIN, BOLD),
            tail=change,
            tail_from=2,
            tail_tone=BOLD,
        )

    def _row(self, key: tuple[str, int], check: FlashCheck) -> Row:
        state = words.check_state_text(check, ascii_only=glyphs().plain)
        tone = LIGHT_TONES[Light.YELLOW if check.is_note else check.light]
        name = words.check_text(check.id)
        if check.light is not Light.GREEN and check.message is not None and not words.expected_text(check):
            why = title_of(self, check.message)
            tail = f"{words.found_text(check)}: {why}" if check.value else why
            return Row(key=key, cells=(state, name), tones=(tone,), tail=tail, tail_from=2, tail_tone=tone)
        # "Battery voltage": "at least 11.5 V" says it, and fits.
        found, expected = words.found_text(check), words.expected_text(check).removeprefix(name).strip()
        if check.light is Light.GREEN and found == expected:
            expected = ""  # said once; the line below says both of the current check
        bad = PLAIN if check.light is Light.GREEN and not check.is_note else tone
        if not expected:
            return Row(key=key, cells=(state, name), tones=(tone,), tail=found, tail_from=2, tail_tone=bad)
        return Row(key=key, cells=(state, name, found, expected), tones=(tone, PLAIN, bad))

    def _check_at(self, key: Hashable) -> FlashCheck | None:
        if self._plan is None or not isinstance(key, tuple) or key[1] < 0:
            return None
        target = next((one for one in self._plan.targets if one.unit == key[0]), None)
        if target is None or key[1] >= len(target.checks):
            return None
        return target.checks[key[1]]

    def status_text(self) -> str:
        """Say the current line in full, or what is missing."""
        if text := job_text(self.session):
            return text
        if self._plan is None:
            return ""
        key = self.query_one(Table).cursor_key
        check = self._check_at(key)
        if check is not None and check.message is not None:
            return title_of(self, check.message)
        if check is not None and (expected := words.expected_text(check)):
            return _("{found}; expected {expected}").format(found=words.found_text(check), expected=expected)
        target = next((one for one in self._plan.targets if key == (one.unit, _HEAD)), None)
        if target is not None:
            return f"{target.unit} {target.address}  {Path(target.file.path).name}"
        return ""

    # Checking

    def do_mark(self) -> None:
        """Check everything again."""
        flashing, wanted = self.session.workshop.flashing, [("", file) for file in self._files]
        job = self.console.start_job(
            PLAN_FLASH, lambda cancellation: flashing.plan(wanted, cancellation=cancellation)
        )
        if job is not None:
            self.session.flash.plan = None
            self._confirmed = set()
            self._checked = time.monotonic()
            self.redraw()

    def open_row(self, key: Hashable) -> None:
        """Explain a line."""
        check = self._check_at(key)
        if check is not None and check.message is not None:
            self.console.tell(check.message, at_once=True)
        else:
            self.console.say(lambda: _("There is nothing to explain here."))

    # Starting

    def do_start(self) -> None:
        """Have what is yellow confirmed by its name, then ask."""
        plan = self._plan
        if plan is None:
            return
        if time.monotonic() - self._checked > GOOD_FOR_S:
            self.do_mark()
            self.console.say(lambda: _("Checked too long ago: everything is checked again first."))
            return
        yellow = self._unconfirmed(plan)
        if yellow is None:
            self._ask(plan)
            return
        table, index = self.query_one(Table), self._first_yellow(yellow)
        if not table.move_to((yellow.unit, index)):  # it is told once, for all units
            table.move_to((plan.targets[0].unit, index))
        prompt = _("Yellow. Type {unit} to confirm:").format(unit=yellow.unit)
        self.query_one(Entry).open(prompt, "")
        self.redraw_frame()

    def _unconfirmed(self, plan: FlashPlan) -> FlashTarget | None:
        return next(
            (
                target
                for target in plan.targets
                if target.light is Light.YELLOW and target.unit not in self._confirmed
            ),
            None,
        )

    @staticmethod
    def _first_yellow(target: FlashTarget) -> int:
        return next(index for index, check in enumerate(target.checks) if check.light is Light.YELLOW)

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Take the name that was typed; another one confirms nothing."""
        message.stop()
        typed, plan = message.value.strip(), self._plan
        target = self._unconfirmed(plan) if plan is not None else None
        self._close_entry()
        if target is None:
            return
        if typed != target.unit:
            unit = target.unit
            self.console.say(
                lambda: _("Not confirmed: that is not the short name {unit}. Nothing was started.").format(
                    unit=unit
                ),
                bad=True,
            )
            return
        self._confirmed.add(target.unit)
        self.do_start()

    def _close_entry(self) -> None:
        self.query_one(Entry).close()
        self.query_one(Table).focus()
        self.redraw()

    def _ask(self, plan: FlashPlan) -> None:
        def consequences() -> str:
            total = sum(target.estimate_s for target in plan.targets)
            lines = []
            for target in plan.targets:
                manifest = target.file.manifest
                present = words.identity_text(target.identity)
                lines.append(
                    f"{target.label or target.unit}: {present} → {manifest.software} {manifest.version}"
                )
            lines.append(
                _(
                    "It takes about {time}. Leave ignition and charger on: from erasing on a control unit "
                    "has no software until it has all of the new one. The job goes on without this screen."
                ).format(time=formats.duration_ms(round(total) * 1_000))
            )
            return "\n".join(lines)

        def question() -> str:
            return _("Flash now: {units}?").format(units=units_text(plan))

        self.console.show_screen(
            Question(question=question, consequences=consequences, yes=lambda: _("Yes, flash now")),
            lambda yes: self._start(plan) if yes else self.console.say(lambda: _("Nothing was started.")),
        )

    def _start(self, plan: FlashPlan) -> None:
        flashing, confirmed = self.session.workshop.flashing, frozenset(self._confirmed)
        self.console.start_job(START_FLASH, lambda _cancellation: flashing.start(plan, confirmed))

    def _follow(self) -> None:
        """Show the job that was started in place of its plan."""
        started, self.session.flash.started = self.session.flash.started, None
        if started is None or not self.is_current:
            self.session.flash.started = started
            return
        self.session.flash.plan = None
        self.session.flash.chosen = []
        self.dismiss()
        self.console.show_screen(FlashJob(started))

    def do_back(self) -> None:
        """Close the line that is open, or leave; a check that runs is cancelled."""
        if self.query_one(Entry).is_open:
            self._close_entry()
            return
        if self.session.running == PLAN_FLASH and self.session.job is not None:
            self.session.job.cancel()
        super().do_back()


def _worst_first(target: FlashTarget) -> list[tuple[int, FlashCheck]]:
    """Return the checks with their places: what stops first, then what is to be confirmed or known."""

    def order(one: tuple[int, FlashCheck]) -> int:
        check = one[1]
        return _WORST_FIRST.index(None if check.is_note else check.light)

    return sorted(enumerate(target.checks), key=order)


def _shared(plan: FlashPlan) -> list[FlashCheck]:
    """Return the checks of the vehicle that say the same of several units."""
    if len(plan.targets) < 2:
        return []
    first, *others = plan.targets
    return [
        check
        for check in first.checks
        if check.id in _OF_THE_VEHICLE and all(check in target.checks for target in others)
    ]


def _first_red(plan: FlashPlan) -> tuple[FlashTarget, FlashCheck] | None:
    return next(
        ((target, check) for target in plan.targets for check in target.checks if check.light is Light.RED),
        None,
    )

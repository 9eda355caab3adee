"""Actual values as the vehicle gives them: what is in sight is read, frozen, recorded, marked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from workshop_console.console.commands import Command, key_text
from workshop_console.console.jobs.actual_values import Watch
from workshop_console.console.model.clean import clean
from workshop_console.console.model.message import RaisedMessage
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.box import Question
from workshop_console.screens.seen_values import SeenValues
from workshop_console.screens.session import WATCH_VALUES
from workshop_console.screens.status import job_text
from workshop_console.screens.value_times import clock_text
from workshop_console.screens.values_view import ValuesView
from workshop_console.widgets.keybar import Key

if TYPE_CHECKING:
    from workshop_console.console.jobs.recording import Recorder
    from workshop_console.console.jobs.runner import Job


class Values(ValuesView):
    """Reads the chosen values again and again while the screen is open."""

    handles = ("mark", "start", "save", "open", "next_part", "filter")
    words: ClassVar = {
        "mark": (
            mark("Freeze"),
            mark("Freeze the picture, or let it go on; reading goes on all the same."),
        ),
        "start": (mark("Reset"), mark("Begin least and greatest anew; read again after an error.")),
        "save": (
            mark("Record"),
            mark("Record all values of the list as a file (CSV), or end the recording."),
        ),
        "open": (mark("Mark"), mark("Put a mark into the recording.")),
        "next_part": (mark("Chart"), mark("Draw up to four values over time.")),
    }

    def __init__(self, units: Sequence[str], chosen: Sequence[tuple[str, str]], *, name: str = "") -> None:
        """Read values of `units` (names or addresses): `chosen` names unit and value of each."""
        super().__init__()
        self._units = tuple(units)
        self._chosen = tuple(chosen)
        self._name = name
        self._seen = SeenValues()
        self._watch = Watch()
        self._job: Job | None = None
        self._frozen = ""
        self._recorder: Recorder | None = None
        self._recording_since = 0.0
        self._marks = 0
        now = datetime.now()
        self._zero_s = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
        self._zero_s -= time.monotonic()

    @property
    def seen(self) -> SeenValues:
        """What is known."""
        return self._seen

    @property
    def still(self) -> bool:
        """Whether the mechanic froze the picture."""
        return bool(self._frozen)

    # What the screen says

    def title_text(self) -> str:
        """Return the name of the screen, and of the set."""
        return f"{_('Actual values')}: {self._name}" if self._name else _("Actual values")

    def about(self) -> str:
        """Return what the screen is for and what its marks mean."""
        return _(
            "Only what is on the screen is read. ! before a value: outside its expected range. Least and "
            "greatest count since the last reset. Curve: the last half minute, between least and greatest. "
            "Age: shown when a value is older than two seconds. While a recording runs all values of the "
            "list are read; Enter puts a mark into it. The chart draws what the keys 1 to 4 chose."
        )

    def state_texts(self) -> list[str]:
        """Return what is going on."""
        texts = []
        if self._recorder is not None:
            passed = clock_text(time.monotonic() - self._recording_since)
            texts.append(_("RECORDING {time}").format(time=passed))
        if self._frozen:
            texts.append(_("FROZEN {time}").format(time=self._frozen))
        return texts

    def status_text(self) -> str:
        """Say how far the job is, where it records, or what the columns leave out."""
        if self._job is not None and not self._job.running:
            return _("Nothing is read any more. F5 reads again.")
        if not self._seen.pictures:
            return job_text(self.session)
        if self._recorder is not None:
            return _("Into {file}").format(file=clean(self._recorder.file.name))
        return super().status_text()

    def nothing(self) -> str:
        """Return what stands in the empty list."""
        running = job_text(self.session)
        if self._seen.offered is None or (running and not self._seen.pictures):
            return running
        return _("The control unit does not have these values.")

    def label_of(self, command: Command) -> str:
        """Return what the command is called as things stand."""
        if command.id == "mark" and self._frozen:
            return _("Go on")
        if command.id == "save" and self._recorder is not None:
            return _("End")
        if command.id == "start" and self._ended:
            return _("Read again")
        return super().label_of(command)

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys; while a recording runs those for it take the room of the filter's."""
        own, *others = super().footer()
        filters = _(key_text(self.console.keymap.first("filter")))
        if self._recorder is not None:
            own = tuple(key for key in own if key[0] != filters)
        return own, *others

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "open" and self._recorder is None:
            return _("nothing is recorded")
        if command_id in ("save", "mark", "next_part", "filter") and not self._picture:
            return _("nothing was read yet")
        if command_id == "save" and self._ended and self._recorder is None:
            return _("nothing is read any more")
        return ""

    @property
    def _ended(self) -> bool:
        return self._job is not None and not self._job.running

    # Reading

    def begin(self) -> None:
        """Start to read."""
        super().begin()
        self._read()

    def _read(self) -> None:
        """Start the job; one that a screen before this one left still has to end first."""
        if self.session.running:
            return
        values, units = self.session.workshop.values, self._units
        self._watch = watch = Watch()
        job = self.console.start_job(
            WATCH_VALUES, lambda cancellation: values.watch(units, watch, cancellation=cancellation)
        )
        if job is None:
            return
        self._job = job
        self._seen = self.session.values
        self._seen.begin(units)
        self.names = ()

    def advance(self) -> None:
        """Start what could not start yet, and have read what is in sight."""
        if self._job is None:
            self._read()
        seen = self._seen
        if not self.names and seen.offered is not None:
            self._choose()
        if self._recorder is not None and self._watch.recorder is not self._recorder:
            self._recorder = None  # the job ended it, and told why

    def tick(self) -> None:
        """Draw, and read what came into sight."""
        super().tick()
        self._look()

    def _choose(self) -> None:
        """Find the chosen values among those that the units offer."""
        offered = {(row.name.unit, row.name.value): row for row in self._seen.offered or ()}
        rows = [offered[one] for one in self._chosen if one in offered]
        self.names = tuple(row.name for row in rows)
        self._seen.rows = {row.name: row for row in rows}
        self._pictures = -1
        missing = len(self._chosen) - len(rows)
        if missing and rows:
            self.console.say(
                lambda: ngettext(
                    "{n} value is not there on this vehicle.",
                    "{n} values are not there on this vehicle.",
                    missing,
                ).format(n=formats.number(missing))
            )

    def _look(self) -> None:
        """Read what is in sight, and what the chart draws."""
        top = self.app.screen
        seen = self.in_sight() if top is self or top.is_modal else ()
        wanted = tuple(dict.fromkeys([*seen, *(name for name in self.lines if name is not None)]))
        if wanted != self._watch.visible:
            self._watch.show(wanted)

    def on_table_moved(self) -> None:
        """Read what is in sight now."""
        super().on_table_moved()
        self._look()

    def on_unmount(self) -> None:
        """End the reading and the recording with the screen."""
        self._watch.record(None)
        if self._job is not None:
            self._job.cancel()

    # Commands

    @property
    def zero_s(self) -> float:
        """Return what to add to the clock of the readings for the time of day."""
        return self._zero_s

    def time_text(self, at: float) -> str:
        """Return the time of day."""
        return f"{datetime.min + timedelta(seconds=round(at + self._zero_s)):%H:%M:%S}"

    def do_mark(self) -> None:
        """Freeze, or go on."""
        if self._frozen:
            self._frozen = ""
            self.take_picture()
        else:
            self._frozen = f"{datetime.now():%H:%M:%S}"
        self.redraw()

    def do_start(self) -> None:
        """Begin least and greatest anew; after an error read again."""
        if self._ended:
            self._job = None
            self._read()
        else:
            self._watch.reset()
            self.console.say(lambda: _("Least and greatest begin anew."))

    def before_leaving(self) -> Question | None:
        """Return the question whether a recording ends with the screen."""
        if self._recorder is None:
            return None
        return Question(
            question=lambda: _("End the recording?"),
            consequences=lambda: _("What was recorded so far is in its file."),
            yes=lambda: _("Yes, end it"),
        )

    def give_up(self) -> None:
        """End the recording, and say where it is."""
        self._watch.record(None)
        self._recording_ended(at_once=False)

    def do_save(self) -> None:
        """Start or end a recording."""
        if self._recorder is not None:
            self._watch.record(None)
            self._recording_ended()
            return
        from workshop_console.console.jobs.files import free_name
        from workshop_console.console.jobs.recording import Recorder

        workshop, vehicle = self.session.workshop, self.session.workshop.line.vehicle
        rows = [self._picture[name] for name in self.names if name in self._picture]
        file = free_name(workshop.exports, "values", vehicle.vin, workshop.clock.now(), "csv")

        def started(recorder: Recorder) -> None:
            if not self.is_attached or self._ended:
                recorder.close()
                return
            self._watch.record(recorder)
            self._recorder, self._marks = recorder, 0
            self._recording_since = time.monotonic()
            self.redraw()

        self.console.in_background(
            lambda: Recorder(file, rows, vin=vehicle.vin, vehicle=vehicle.name), started
        )

    def _recording_ended(self, *, at_once: bool = True) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            facts = (("file", clean(recorder.file)),)
            self.console.tell(RaisedMessage(number="WC-607", facts=facts), at_once=at_once)

    def do_open(self) -> None:
        """Put a mark into the recording."""
        if self._recorder is not None:
            self._marks += 1
            number = formats.number(self._marks)
            self._recorder.mark(str(self._marks))
            self.console.say(lambda: _("Mark {number} set.").format(number=number))

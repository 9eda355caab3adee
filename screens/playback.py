"""A recording of actual values, played back like values that are read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar

from textual import events

from workshop_console.console.commands import Command
from workshop_console.console.jobs.recording import Recording, Sample
from workshop_console.console.model.values import ValueReading
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.seen_values import KEPT_S, SeenValues
from workshop_console.screens.value_times import clock_text
from workshop_console.screens.values_view import ValuesView
from workshop_console.widgets.text_page import Paragraph, heading

SEEK_S = 10
_MARK_SHOWN_MS = 4_000
_KNOWN_EACH = 500
"""Samples between two places to which going back is quick."""

Frame = tuple[Sample, tuple[ValueReading, ...]]


class Playback(ValuesView):
    """Plays at the speed of the recording; pause, go back and forth, see the end."""

    handles = ("mark", "start", "next_part", "filter")
    words: ClassVar = {
        "mark": (mark("Pause"), mark("Stop where it is, or go on.")),
        "start": (mark("From start"), mark("Play from the beginning.")),
        "next_part": (mark("Chart"), mark("Draw up to four values over time.")),
    }

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self._seen = SeenValues()
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._index = 0
        """Of the sample in `_next`."""
        self._known: list[tuple[int, int, tuple[ValueReading, ...]]] = []
        """Places to go back to: time, index of the next sample, values before it."""
        self._ms = 0.0
        self._clock = 0.0
        """When `_ms` was right; playing is counted from it."""
        self._playing = True
        self._mark: tuple[str, int] | None = None
        self.names = tuple(row.name for row in recording.rows)

    @property
    def seen(self) -> SeenValues:
        """What was played so far."""
        return self._seen

    # What the screen says

    def title_text(self) -> str:
        """Return when it was recorded."""
        return _("Recording of {time}").format(time=formats.moment(self._recording.started))

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "A recording is played back like values that are read: Space pauses, the left and right arrows "
            "go ten seconds back and forth, F5 plays from the beginning. Least and greatest count from the "
            "beginning."
        )

    def state_texts(self) -> list[str]:
        """Return what is going on and where it is."""
        place = f"{clock_text(self._ms / 1000)} / {clock_text(self._recording.length_ms / 1000)}"
        state = _("PLAYING") if self._playing else _("PAUSED")
        if self._at_end:
            state = _("END")
        return [f"{state} {place}"]

    def status_text(self) -> str:
        """Show the mark that was passed last, or what the columns leave out, and another vehicle's VIN."""
        if self._mark is not None and self._ms - self._mark[1] < _MARK_SHOWN_MS:
            text, at = self._mark
            return _("Mark {number} at {time}").format(number=text, time=clock_text(at / 1000))
        vin = self._recording.vin
        other = f"VIN {vin}  " if vin != self.session.workshop.line.vehicle.vin else ""
        return other + super().status_text()

    def label_of(self, command: Command) -> str:
        """Return what the command is called as things stand."""
        if command.id == "mark" and not self._playing:
            return _("Go on")
        return super().label_of(command)

    def help_paragraphs(self) -> list[Paragraph]:
        """Explain the arrows too."""
        arrows = f"{_('Left')}, {_('Right')}"
        text = _("Ten seconds back or forth.")
        found = super().help_paragraphs()
        return [*found, heading(_("Playing")), Paragraph(label=arrows, label_width=14, text=text)]

    # Playing

    @property
    def _at_end(self) -> bool:
        return self._next is None and self._ms >= self._recording.length_ms

    def prepare(self) -> None:
        """Begin at the beginning."""
        if not self._clock:
            self._seek(0)

    def _seek(self, ms: float) -> None:
        """Go to a time; what was before it is played without being drawn."""
        length = self._recording.length_ms
        ms = max(0.0, min(ms, length))
        if ms < self._ms or not self._clock:
            wanted = ms - KEPT_S * 1000
            index, rows = next(
                ((i, r) for at, i, r in reversed(self._known) if at <= wanted), (0, self._recording.rows)
            )
            self._seen = SeenValues(rows={row.name: row for row in rows})
            self._frames = iter(self._recording.play(index, rows))
            self._index = index
            self._next = next(self._frames, None)
            self._mark = None
            self._pictures = -1
        self._ms, self._clock = ms, time.monotonic()
        self._feed()
        self._curves_for = -1

    def _feed(self) -> None:
        """Take over what was recorded up to now."""
        kept_from = self._ms - KEPT_S * 1000
        passed: Frame | None = None
        while self._next is not None and self._next[0].ms <= self._ms:
            passed = self._next
            sample, rows = passed
            if sample.ms >= kept_from:
                self._seen.take(rows, sample.ms / 1000)
            if sample.mark:
                self._mark = (sample.mark, sample.ms)
            self._index += 1
            if self._index % _KNOWN_EACH == 0 and (not self._known or self._known[-1][1] < self._index):
                self._known.append((sample.ms, self._index, rows))
            self._next = next(self._frames, None)
        if passed is not None and passed[0].ms < kept_from:
            self._seen.take(passed[1], passed[0].ms / 1000)
        self._seen.at = max(self._seen.at, self._ms / 1000)

    def advance(self) -> None:
        """Play what is due."""
        now = time.monotonic()
        if self._playing and not self._at_end:
            self._ms = min(self._ms + (now - self._clock) * 1000, self._recording.length_ms)
            self._feed()
            if self._at_end:
                self._playing = False
        self._clock = now

    def take_key(self, event: events.Key) -> None:
        """Go back and forth."""
        if event.key in ("left", "right"):
            event.stop()
            self.clear_notice()
            self._seek(self._ms + (SEEK_S if event.key == "right" else -SEEK_S) * 1000)
            self.take_picture()
            self.redraw()
            return
        super().take_key(event)

    def do_mark(self) -> None:
        """Stop, or go on; at the end play again."""
        if self._at_end:
            self.do_start()
            return
        self._playing = not self._playing
        self._clock = time.monotonic()
        self.redraw()

    def do_start(self) -> None:
        """Play from the beginning."""
        self._clock = 0.0
        self._seek(0)
        self._playing = True
        self.take_picture()
        self.redraw()

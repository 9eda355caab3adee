"""What was kept of actual values: the sets of this vehicle, and the recordings."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.recording import Recording, read_recording, recordings
from workshop_console.console.model.clean import clean
from workshop_console.console.model.kept import ValueSet
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark
from workshop_console.screens.box import Question
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.sheet import ListSheet
from workshop_console.widgets.table import Column, Row, Table

_SET, _RECORDING = "set", "recording"


class KeptValues(ListSheet, FilteredScreen):
    """Lists the sets first, then the recordings, newest first."""

    handles = ("open", "clear", "start", "filter")
    words: ClassVar = {
        "start": (mark("Read vehicle"), mark("Ask the vehicle for its VIN, to list the sets that it has.")),
        "open": (mark("Open"), mark("Read the values of the set, or play the recording back.")),
        "clear": (
            mark("Remove"),
            mark("Delete the current set; asks first. Recordings stay."),
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        self._sets: Sequence[ValueSet] = ()
        self._files: Sequence[tuple[Path, str]] = ()

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Kept sets and recordings")

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Sets are choices of actual values, kept for this vehicle with F7 where values are chosen. "
            "Recordings are files (CSV), made with F7 while values are read; they are played back like "
            "values that are read."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id in ("open", "filter") and not (self._sets or self._files):
            return _("there are no rows yet")
        if command_id == "start":
            if self.session.running:
                return _("something still runs")
            if self.session.workshop.line.vehicle.vin:
                return _("the vehicle is known")
        if command_id == "clear" and self._current_set() is None:
            return _("this is no set")
        return ""

    def _current_set(self) -> str | None:
        key = self.query_one(Table).cursor_key if self.is_attached else None
        return str(key[1]) if isinstance(key, tuple) and key[0] == _SET else None

    def prepare(self) -> None:
        """Read both lists."""
        workshop = self.session.workshop
        try:
            self._sets = workshop.values.sets()
        except ConsoleError as error:
            self.console.tell(error)
        self._files = [(file, _time(file)) for file in recordings(workshop.exports)]

    def draw(self) -> None:
        """Draw the lists."""
        columns = (
            Column(title=_("Kind"), width=10),
            Column(title=_("Name"), width=40, grow=3),
            Column(title=_("Values"), width=6, right=True),
            Column(title=_("Date"), width=17),
        )
        rows = []
        kind = _("set")
        for one in self._sets:
            if self.passes(kind, one.name):
                cells = (kind, one.name, formats.number(len(one.values)), "")
                rows.append(Row(key=(_SET, one.name), cells=cells))
        kind = _("recording")
        for file, time in self._files:
            if self.passes(kind, file.name, time):
                rows.append(Row(key=(_RECORDING, str(file)), cells=(kind, clean(file.stem), "", time)))
        nothing = _("No row fits the filter.") if self._sets or self._files else _("Nothing was kept yet.")
        self.query_one(Table).show(columns, rows, empty=nothing)

    def status_text(self) -> str:
        """Say what is in the current set, or where the recordings are."""
        if text := super().status_text():
            return text
        if not self.session.workshop.line.vehicle.vin:
            return _("Sets belong to a vehicle, and none was read yet: F5 reads it.")
        if (name := self._current_set()) is not None:
            return ", ".join(value for one in self._sets if one.name == name for _unit, value in one.values)
        return clean(self.session.workshop.exports) if self._files else ""

    def do_start(self) -> None:
        """Ask the vehicle who it is."""

        def known(vehicle: VehicleIdentity) -> None:
            if not vehicle.vin:
                self.console.say(lambda: _("This vehicle tells its VIN in the quick test only."))
            self.prepare()
            self.redraw()

        self.console.in_background(self.session.workshop.line.connect, known)

    def do_clear(self) -> None:
        """Ask, then delete the set."""
        name = self._current_set()
        if name is None:
            return
        values = self.session.workshop.values

        def removed(_nothing: None) -> None:
            self.prepare()
            self.redraw()

        def answered(yes: bool | None) -> None:
            if yes:
                self.console.in_background(lambda: values.remove_set(name), removed)

        self.console.show_screen(
            Question(
                question=lambda: _("Delete the set “{name}”?").format(name=name),
                consequences=lambda: _("Only the choice is deleted; no value and no recording is."),
                yes=lambda: _("Yes, delete it"),
            ),
            answered,
        )

    def open_row(self, key: Hashable) -> None:
        """Read the values of a set, or play a recording back."""
        from workshop_console.screens.values import Values

        kind, name = key if isinstance(key, tuple) else ("", "")
        if kind == _SET:
            one = next(one for one in self._sets if one.name == name)
            units = tuple(dict.fromkeys(unit for unit, _value in one.values))
            self.console.show_screen(Values(units, one.values, name=one.name))
        elif kind == _RECORDING:
            self.console.in_background(lambda: read_recording(Path(str(name))), self._play)

    def _play(self, recording: Recording) -> None:
        from workshop_console.screens.playback import Playback

        if not self.is_current:
            return
        if not recording.samples:
            self.console.say(lambda: _("The recording holds no values."))
            return
        self.console.show_screen(Playback(recording))


def _time(file: Path) -> str:
    try:
        return formats.moment(datetime.fromtimestamp(file.stat().st_mtime, tz=UTC))
    except OSError:
        return ""

"""Which flash files go into which control units: shipped and own ones, and those whose names are typed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.flash_offered import FLASH_SUFFIXES, offered_files
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import FlashFile
from workshop_console.console.model.message import raised_by
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, mark, ngettext, pgettext
from workshop_console.screens.completion import complete_path
from workshop_console.screens.sheet import ListSheet
from workshop_console.screens.status import job_text
from workshop_console.screens.unit_view import UnitView
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.tones import BAD, PLAIN

_TYPE = "type"
"""Key of the row that lets a name be typed; files have their path and place in it."""


class FlashFiles(ListSheet):
    """Lists what can be flashed; every file is checked before it can be chosen."""

    share = 0.5

    handles = ("start", "mark", "open", "next_part")
    words: ClassVar = {
        "open": (
            mark("Open"),
            mark("The same as F5; on the last line, type a file name (Tab completes it)."),
        ),
        "mark": (mark("Mark"), mark("Mark files, to flash several control units as one plan.")),
        "start": (mark("Check"), mark("Check what flashing the marked files would be, or the current one.")),
        "next_part": (mark("Jobs"), mark("The flash jobs, running and ended.")),
    }

    def __init__(self, view: UnitView | None = None) -> None:
        super().__init__()
        self._view = view
        """The unit whose files stand first; None: no certain one."""
        self._refused: dict[Path, ConsoleError] = {}
        self._reading = True

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for a file name."""
        yield Table()
        yield Entry(completes=True)

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Flashing: choose the files")

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Each file names the control unit that it is for, and is signed. A file that is damaged, cut "
            "off, not signed or of another unit is refused before a byte is sent. Own files in the folder "
            "{folder} are listed too. Nothing is written before the table of checks and its question."
        ).format(folder=clean(str(self.session.workshop.folders.flash_files)))

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "start":
            if self.session.running:
                return _("something still runs")
            if not self.session.flash.chosen and self._at_cursor() is None:
                return _("there is no file that can be used")
        if command_id == "mark" and self._at_cursor() is None:
            return _("there is no file that can be used")
        return ""

    # The files

    def begin(self) -> None:
        """Read the files at hand, beside the screen."""
        flash, own = self.session.flash, self.session.workshop.folders.flash_files
        self._read(lambda: [*flash.typed, *offered_files(own)], again=False)

    def _read(self, paths: Callable[[], list[Path]], *, again: bool, then: Path | None = None) -> None:
        flashing, known = self.session.workshop.flashing, dict(self.session.flash.files)

        def read() -> dict[Path, tuple[FlashFile, ...] | ConsoleError]:
            found: dict[Path, tuple[FlashFile, ...] | ConsoleError] = {}
            for path in paths():
                if path in known and not again:
                    found[path] = known[path]
                    continue
                try:
                    found[path] = tuple(flashing.read(path))
                except ConsoleError as error:
                    found[path] = error
            return found

        def take(found: dict[Path, tuple[FlashFile, ...] | ConsoleError]) -> None:
            self._reading = False
            for path, files in found.items():
                if isinstance(files, ConsoleError):
                    self._refused[path] = files
                    self.session.flash.files.pop(path, None)
                else:
                    self._refused.pop(path, None)
                    self.session.flash.files[path] = files
            if then is not None and then in found:
                self._typed(then, found[then])
            self.redraw()
            if then is None:
                self.query_one(Table).first()

        self.console.in_background(read, take)

    def _typed(self, path: Path, files: tuple[FlashFile, ...] | ConsoleError) -> None:
        """Go to the file whose name was typed; one that cannot be used is told."""
        if isinstance(files, ConsoleError):
            self._refused.pop(path, None)
            self.console.tell(files, at_once=True)
            return
        typed = self.session.flash.typed
        if path not in typed:
            typed.insert(0, path)
        self.redraw()
        self.query_one(Table).move_to((path, 0))
        if len(files) == 1:
            self._choose(files[0])

    def _all(self) -> list[tuple[Path, int, FlashFile]]:
        """Return what can be flashed; what is for this vehicle stands first."""
        found = [
            (path, index, file)
            for path, files in self.session.flash.files.items()
            for index, file in enumerate(files)
        ]
        typed = self.session.flash.typed
        result = self._view.result(self.session) if self._view is not None else None
        unit = result.name if result is not None else ""
        return sorted(
            found,
            key=lambda one: (
                one[0] not in typed,
                bool(unit) and one[2].manifest.unit != unit,
                self._fits(one[2]) is False,
            ),
        )

    def _units(self) -> dict[str, str]:
        """Return names and labels of the units of the vehicle, as far as they are known."""
        choice = self.session.workshop.line.choice
        units = {unit.name: unit.label for unit in choice.units} if choice is not None else {}
        return units | {row.name: row.label for row in self.session.units.rows.values()}

    def _fits(self, file: FlashFile) -> bool | None:
        """Return whether the vehicle has the unit of a file, with hardware that it names; None: not known."""
        units = self._units()
        if not units:
            return None
        if file.manifest.unit not in units:
            return False
        rows = self.session.units.rows.values()
        hardware = [row.result.hardware for row in rows if row.name == file.manifest.unit and row.result]
        return not any(hardware) or any(number in file.manifest.hardware for number in hardware)

    def _at_cursor(self) -> FlashFile | None:
        key = self.query_one(Table).cursor_key
        return next((file for path, index, file in self._all() if (path, index) == key), None)

    # Drawing

    def draw(self) -> None:
        """Draw the list."""
        columns = (
            Column(title=_("Control unit"), width=35, grow=1, keeps_end=True),
            Column(title=_("New software"), width=19, grow=1),
            Column(title=_("File"), width=24, grow=3, rank=1),  # in full below the list
            Column(title=_("Size"), width=8, right=True, rank=2),
            Column(title=_("Vehicle"), width=7),
        )
        known, chosen = self._units(), self.session.flash.chosen
        rows = []
        for path, index, file in self._all():
            manifest = file.manifest
            no = pgettext("flash file and vehicle", "no")
            here = {True: _("fits"), False: no, None: "?"}[self._fits(file)]
            name = f"{path.name}: {file.name}" if file.name else path.name
            cells = (
                known.get(manifest.unit) or manifest.unit,
                f"{manifest.software} {manifest.version}".rstrip(),
                clean(name),
                formats.file_size(manifest.stored),
                here,
            )
            rows.append(Row(key=(path, index), cells=cells, marked=file in chosen))
        for path, error in self._refused.items():
            (shown,) = self.session.workshop.raised(raised_by(error))
            tail = f"{clean(path.name)}: {shown.number} {shown.title}"
            rows.append(Row(key=path, cells=(), tail=tail, tail_tone=BAD))
        text = _("Reading the files …") if self._reading else _("Type a file name …")
        rows.append(Row(key=_TYPE, cells=(), tail=text, tail_tone=PLAIN))
        self.query_one(Table).show(columns, rows)

    def status_text(self) -> str:
        """Say how many are marked, or what the current file fits."""
        if text := job_text(self.session):
            return text
        count = len(self.session.flash.chosen)
        if count:
            return ngettext("{n} file marked", "{n} files marked", count).format(n=formats.number(count))
        file = self._at_cursor()
        if file is None:
            return ""
        name = clean(Path(file.path).name)
        return _("{file}: for hardware {numbers}").format(
            file=name, numbers=", ".join(file.manifest.hardware)
        )

    # Choosing

    def _choose(self, file: FlashFile) -> None:
        """Mark a file; of the files for one unit only one can be."""
        flash = self.session.flash
        flash.chosen = [one for one in flash.chosen if one.manifest.unit != file.manifest.unit]
        flash.chosen.append(file)
        flash.plan = None
        self.redraw()

    def do_mark(self) -> None:
        """Mark the file, or take the mark away, and go to the next."""
        file, flash = self._at_cursor(), self.session.flash
        if file is None:
            return
        if file in flash.chosen:
            flash.chosen.remove(file)
            flash.plan = None
        else:
            self._choose(file)
        self.query_one(Table).move(1)
        self.redraw()

    def open_row(self, key: Hashable) -> None:
        """Check what flashing would be, or let a name be typed, or tell why a file is refused."""
        if key == _TYPE and self._reading:
            return  # the key is for a file that is not listed yet
        if key == _TYPE:
            self.query_one(Entry).open(_("Flash file:"), "")
        elif isinstance(key, Path):
            self.console.tell(self._refused[key], at_once=True)
        else:
            self.run_command("start")

    def do_start(self) -> None:
        """Check what flashing the marked files would be, or the current one."""
        from workshop_console.screens.flash_plan import FlashPlanScreen

        file = self._at_cursor()
        files = self.session.flash.chosen or ([file] if file is not None else [])
        if files:
            self.console.show_screen(FlashPlanScreen(files))

    # Typing a name

    def on_entry_completed(self) -> None:
        """Complete the name as far as it is clear; say what fits."""
        entry = self.query_one(Entry)
        value, names = complete_path(entry.value, suffix=FLASH_SUFFIXES)
        entry.set_value(value)
        if len(names) != 1:
            text = "  ".join(names[:20])
            self.console.say(lambda: text or _("No file begins like this."))

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Read the file."""
        name = message.value.strip()
        if not name:
            return
        self._close_entry()
        path = Path(name).expanduser()
        self._reading = True
        self.clear_notice()
        self.redraw()
        self._read(lambda: [path], again=True, then=path)

    def _close_entry(self) -> None:
        self.query_one(Entry).close()
        self.query_one(Table).focus()

    def do_next_part(self) -> None:
        """Show the jobs."""
        from workshop_console.screens.jobs import Jobs

        self.console.show_screen(Jobs())

    def do_back(self) -> None:
        """Close the line for the file name first."""
        if self.query_one(Entry).is_open:
            self._close_entry()
        else:
            super().do_back()

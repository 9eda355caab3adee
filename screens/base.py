"""The frame of every screen: header, title, message line, keys; and the one way from a key to an action."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import ClassVar, Generic

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget

from workshop_console.console.commands import BY_ID, CHOOSE_KEYS, COMMANDS, Command, key_text
from workshop_console.console.model.message import RaisedMessage
from workshop_console.i18n.texts import _, pgettext
from workshop_console.screens.everywhere import EverywhereScreen
from workshop_console.screens.moving import ResultT
from workshop_console.screens.session import Notice, Session
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.keybar import Key, KeyBar
from workshop_console.widgets.line import Header, MessageLine, TitleLine
from workshop_console.widgets.table import Table
from workshop_console.widgets.text_page import Paragraph, TextPage, heading
from workshop_console.widgets.tones import BAD, PLAIN

SMALLEST = (80, 24)
"""Columns and rows that every screen needs."""


class ConsoleScreen(EverywhereScreen[ResultT], Generic[ResultT], inherit_bindings=False):
    """A screen with the frame of the console.

    A screen lists the commands it `handles`; each is a method `do_<command>`. It draws itself from the
    session in `draw`, so that a switch of the language, a new event or a new size needs nothing else.
    """

    AUTO_FOCUS = ""
    DEFAULT_CSS = "ConsoleScreen { overflow: hidden hidden; }"

    handles: ClassVar[tuple[str, ...]] = ()
    """Ids of the commands that work here, in the order of the footer."""
    words: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Label and help of a command where this screen says it more exactly (English texts for `_`)."""
    chooses: ClassVar[bool] = False
    """Whether the keys 1 to 9 open a row."""
    jumps: ClassVar[bool] = True
    """Whether digits go to the row of that number where they open none."""

    _suspended = False
    _typed_row = ""
    """Digits that were typed one after the other."""

    # What a screen says

    def title_text(self) -> str:
        """Return the name of the screen."""
        return ""

    def name_text(self) -> str:
        """Return the name of the screen where another speaks of it."""
        return self.title_text()

    def title_right(self) -> str:
        """Return what stands at the right of the title; the place in the list by default."""
        part = self.part
        return part.position if part is not None else ""

    def about(self) -> str:
        """Return what the screen is for, for F1."""
        return ""

    def body(self) -> Iterable[Widget]:
        """Return the widgets between title and message line."""
        return ()

    def draw(self) -> None:
        """Fill the body from the session, in the language of now."""

    def cannot(self, command_id: str) -> str:  # noqa: ARG002 - for subclasses
        """Return why a command that the screen handles does not work now; empty when it does."""
        return ""

    def open_row(self, key: Hashable) -> None:
        """Open a row of the table (Enter, or its number)."""

    def hint_text(self) -> str:
        """Return what the message line says of keys of this screen, where it has nothing else to say."""
        return ""

    # The frame

    def compose(self) -> ComposeResult:
        """Put the frame together."""
        yield Header()
        yield TitleLine()
        yield from self.body()
        yield MessageLine()
        yield KeyBar()

    # Textual calls the handler of every class in turn, so what subclasses add has names of its own.

    def on_mount(self) -> None:
        """Draw for the first time and give the keys to the first part."""
        self.prepare()
        parts = self.parts
        if parts:
            # A list takes the keys before the text above it.
            self.set_focus(next((part for part in parts if isinstance(part, Table)), parts[0]))
        self.redraw()
        self.begin()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say which keys a line takes that somebody types in."""
        if isinstance(event.widget, Entry):
            self.redraw_frame()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Say which keys work again."""
        if isinstance(event.widget, Entry):
            self.redraw_frame()

    def prepare(self) -> None:
        """Get what the first drawing needs."""

    def begin(self) -> None:
        """Start what the screen does by itself, after the first drawing."""

    def on_screen_resume(self) -> None:
        """Draw again: the session may have changed while another screen was on top."""
        if self._suspended:
            self._suspended = False
            self.prepare()
            self.redraw()

    def on_screen_suspend(self) -> None:
        """Remember that another screen is on top."""
        self._suspended = True

    def redraw(self) -> None:
        """Draw everything again; only lines that differ go to the terminal."""
        if not self.is_attached or not self.query(KeyBar):
            return
        from workshop_console.screens.status import header_lines

        for header in self.query(Header):
            header.show(header_lines(self.session))
        self.draw()
        self.redraw_frame()

    def redraw_frame(self) -> None:
        """Draw title, message line and keys again."""
        for title in self.query(TitleLine):
            title.show(self.title_text(), self.title_right())
        for line in self.query(MessageLine):
            self._draw_message(line)
        for keys in self.query(KeyBar):
            keys.show(*(self.typing_footer() if isinstance(self.focused, Entry) else self.footer()))

    def _draw_message(self, line: MessageLine) -> None:
        columns, rows = self.app.size
        if columns < SMALLEST[0] or rows < SMALLEST[1]:
            (small,) = self.session.workshop.raised(
                RaisedMessage(number="WC-105", facts=(("columns", columns), ("rows", rows)))
            )
            line.show(f"! {small.number} {small.title}", tone=BAD)
            return
        notice = self.session.notice
        if notice is None:
            line.show(self.status_text() or self.hint_text(), self.flash_text())
            return
        right = f"{_(key_text(self.console.keymap.first('help')))}: {_('explain')} " if notice.message else ""
        text = notice.text()
        line.show(f"! {text}" if notice.bad else text, right, BAD if notice.bad else PLAIN)

    def status_text(self) -> str:
        """Return what the message line says while there is no notice."""
        from workshop_console.screens.status import job_text

        return job_text(self.session)

    def flash_text(self) -> str:
        """Return what the end of the message line says of flash jobs; empty when none is at work."""
        from workshop_console.screens.status import flash_jobs_text

        return flash_jobs_text(self.session)

    def footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys of this screen that work now, and those that work everywhere."""
        own = [self._key(BY_ID[id]) for id in self.handles if not self.cannot(id)]
        if self.chooses and (numbers := self._numbers()):
            own.insert(0, (numbers, _("Choose")))
        if isinstance(self.part, TextPage) and self.part.position:
            own.append((_(key_text(self.console.keymap.first("page_down"))), _("Read on")))
        own.append(self._key(BY_ID["palette"]))
        everywhere = [self._key(command) for command in COMMANDS if command.everywhere and not command.seldom]
        return tuple(own), tuple(everywhere)

    def numbered(self) -> int:
        """Return how many rows the digits choose from, where they open one."""
        return len(self.part.rows) if isinstance(self.part, Table) else 0

    def _numbers(self) -> str:
        """Return which digits choose a row; 0 is the tenth."""
        rows = self.numbered()
        if rows < 2:
            return "1" if rows else ""
        return f"1-{rows}" if rows < len(CHOOSE_KEYS) else "0-9"

    def typing_footer(self) -> tuple[tuple[Key, ...], ...]:
        """Return the keys while somebody types in a line, where letters are text."""
        own = [(_("Enter"), _("Accept")), (_("Esc"), _("Cancel"))]
        if isinstance(self.focused, Entry) and self.focused.completes:
            own.insert(1, (_("Tab"), _("Complete")))
        return tuple(own), *self.footer()[1:]

    def label_of(self, command: Command) -> str:
        """Return what the command is called here."""
        return _(self.words[command.id][0] if command.id in self.words else command.label)

    def help_of(self, command: Command) -> str:
        """Return what the command does here."""
        return _(self.words[command.id][1] if command.id in self.words else command.help)

    def _key(self, command: Command) -> Key:
        keys = self.console.keymap.keys[command.id]
        # A sentence says what the key is called; the footer has room for its short name.
        text = pgettext("key in the footer", "Space") if keys[0] == "space" else _(key_text(keys[0]))
        if command.id == "help" and len(keys) > 1:
            # The way out for a terminal that keeps the function keys to itself.
            text += f"/{_(key_text(keys[1]))}"
        return text.replace("Ctrl+", "^"), self.label_of(command)

    def help_paragraphs(self) -> list[Paragraph]:
        """Return what F1 says about this screen."""
        paragraphs = [Paragraph(text=self.about(), before=1)] if self.about() else []
        keymap = self.console.keymap

        def row(command: Command) -> Paragraph:
            keys = "  ".join(_(key_text(key)) for key in keymap.keys[command.id])
            text = self.help_of(command)
            if command.id in self.handles and (reason := self.cannot(command.id)):
                text += f" ({_('not now')}: {reason})"
            return Paragraph(label=keys, label_width=14, text=text)

        if self.handles:
            paragraphs.append(heading(_("Keys of this screen")))
            if self.chooses and (numbers := self._numbers()):
                text = _("Choose an entry of the menu.")
                paragraphs.append(Paragraph(label=numbers, label_width=14, text=text))
            paragraphs += [row(BY_ID[id]) for id in self.handles]
        paragraphs.append(heading(_("Keys that work everywhere")))
        paragraphs += [row(command) for command in COMMANDS if command.everywhere]
        paragraphs += [row(command) for command in COMMANDS if command.movement]
        if self.jumps and not self.chooses and self.query(Table):
            text = _("Go to the line of this number in a list; more digits may follow.")
            paragraphs.append(Paragraph(label="0 - 9", label_width=14, text=text))
        return paragraphs

    # From a key to an action

    def on_key(self, event: events.Key) -> None:
        """Take a key that no part of the screen took."""
        self.take_key(event)

    def take_key(self, event: events.Key) -> None:
        """Turn a key into its action."""
        typed_row, self._typed_row = self._typed_row, ""
        if event.key in CHOOSE_KEYS and self.chooses:
            event.stop()
            if isinstance(self.part, Table) and (row := self.part.choose(_number(event.key))) is not None:
                self.clear_notice()
                self.open_row(row)
            return
        if event.key in CHOOSE_KEYS and self.jumps and isinstance(self.part, Table):
            event.stop()
            self._typed_row = self._jump(self.part, typed_row, event.key)
            return
        # Whoever knows no other way out of a terminal program presses Ctrl+C.
        command_id = "quit" if event.key == "ctrl+c" else self.console.keymap.commands.get(event.key)
        if command_id is not None:
            event.stop()
            event.prevent_default()
            self.run_command(command_id)

    def _jump(self, table: Table, before: str, digit: str) -> str:
        """Go to the row whose number is typed, 4 and then 45; return the digits that more may follow.

        No time-out parts one number from the next, which a slow line would stretch: another key does, and
        a number that the list does not reach.
        """
        for digits in (before + digit, digit):
            if table.choose(int(digits)) is not None:
                return digits
        return ""

    def run_command(self, command_id: str) -> None:
        """Do what a command says, or say why not."""
        command = BY_ID[command_id]
        if not (command.everywhere or command.movement or command_id in self.handles):
            key = key_text(self.console.keymap.first(command_id))
            self.console.say(lambda: _("{key} does nothing on this screen.").format(key=_(key)))
            return
        if command_id in self.handles and (reason := self.cannot(command_id)):
            key = key_text(self.console.keymap.first(command_id))
            self.console.say(lambda: f"{_(key)}: {self.cannot(command_id) or reason}")
            return
        if command_id not in ("help", "palette", "quit"):
            self.clear_notice()
        getattr(self, f"do_{command_id}")()

    def clear_notice(self) -> None:
        """Take the notice from the message line: the mechanic went on."""
        if self.session.notice is not None:
            self.session.notice = None
            self.redraw_frame()

    def on_table_moved(self) -> None:
        """Show the new place in the list."""
        self.redraw_frame()

    def on_text_page_moved(self) -> None:
        """Show the new place in the text."""
        self.redraw_frame()

    # Commands of the body

    def do_open(self) -> None:
        """Open the current line."""
        for table in self.query(Table):
            if table.cursor_key is not None:
                self.open_row(table.cursor_key)


def _number(key: str) -> int:
    """Return which row a number key chooses; 0 is the tenth."""
    return 1 + CHOOSE_KEYS.index(key)


def notice_of(session: Session, message: RaisedMessage, *, bad: bool = False) -> Notice:
    """Return the notice that says `message` by its number and title."""

    def text() -> str:
        (shown,) = session.workshop.raised(message)
        return f"{shown.number} {shown.title}"

    return Notice(text=text, message=message, bad=bad)

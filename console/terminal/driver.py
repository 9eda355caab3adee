"""A Textual driver for thin lines: the shortest bytes, when there is room, of the newest picture only."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.driver import Driver
from textual.geometry import Size

from workshop_console.console.model.lean import replace
from workshop_console.console.terminal import first_picture
from workshop_console.console.terminal.answers import (
    ASK_ATTRIBUTES,
    REPEATS,
    after_attributes,
    after_place,
    asks_attributes,
    asks_place,
)
from workshop_console.console.terminal.capabilities import Capabilities, capabilities, started_with, terminfo
from workshop_console.console.terminal.device import Device, standard_terminal
from workshop_console.console.terminal.grid import Grid
from workshop_console.console.terminal.input import (
    AttributesReported,
    Decoder,
    Input,
    KeyPressed,
    Pasted,
    PlaceReported,
    StatusReported,
)
from workshop_console.console.terminal.key_sequences import keys_of_terminfo
from workshop_console.console.terminal.pacing import REQUEST, Pacer
from workshop_console.console.terminal.pens import PLAIN
from workshop_console.console.terminal.picture_cells import cells_of_picture, entering, leaving, picture_of
from workshop_console.console.terminal.reading import Reading
from workshop_console.console.terminal.shortest import shortest_bytes
from workshop_console.console.terminal.shown import Shown

if TYPE_CHECKING:
    from textual.app import App

    from workshop_console.console.terminal.session_file import SessionRecorder

RATE = "WORKSHOP_CONSOLE_LINE_RATE"
"""Environment: bytes a second of a line whose terminal never answers."""

_GATHER_S = 0.008
"""Textual often draws a change in several parts; so long is waited for the next one."""
_GATHER_MANY_S, _GATHER_LONGEST_S = 0.035, 0.1
"""The same where many rows change: a new screen is drawn again as soon as its size is known."""
_MANY_ROWS = 6
_FIRST_PICTURES = 2
"""The picture at the start and what the first key changes on it: sent at once."""
_SETTLE_S = 0.05
"""A terminal that is resized is rarely resized once."""
_LEAVE_S = 0.5
"""How long a terminal may take the last bytes; how long its last answers may take."""


class ThinDriver(Driver):
    """Draws the wanted cells on the terminal and reads its keys; all of it in the event loop."""

    recorder: ClassVar[SessionRecorder | None] = None
    """Takes note of what is sent."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        descriptor = standard_terminal()
        if descriptor is None:
            raise OSError("the console needs a terminal")
        self._terminal = descriptor
        name = os.environ.get("TERM", "")
        entry = terminfo(name)
        self._can = capabilities(started_with(), entry)
        self._promised_repeat = self._can.repeat
        self._asks_repeat = asks_place(name)
        self._asks_attributes = asks_attributes(os.environ, self._can)
        self._device: Device | None = None
        self._decoder = Decoder(
            keys_of_terminfo(entry) if entry else None,
            charset="utf-8" if self._can.charset == "utf-8" else "latin-1",
        )
        self._pacer = Pacer(1.0)
        self._grid = Grid(*(size or (80, 24)), self._can)
        self._shown = Shown(self._grid.columns, self._grid.rows)
        self._resizing: tuple[int, int] | None = None
        self._not_before = self._drawn_since = 0.0
        self._unsent = b""
        self._bell = False
        self._holds = True
        """Whether what the terminal showed first stays: until there is a picture."""
        self._drew = 0
        """Pictures that were sent: nobody waits for the first ones longer than needed."""
        self._sending: asyncio.Handle | None = None
        self._reading = Reading(self._decoder, self._took, self._safely, app.call_later)

    @property
    def can_suspend(self) -> bool:
        """Whether the program can be stopped and go on."""
        return True

    # What Textual calls

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        device = self._device = Device(self._terminal)
        stored = first_picture.take_over()
        device.raw(stored.attributes if stored else None)
        if stored is not None:
            stored.close()
        rate = os.environ.get(RATE, "")
        self._pacer = Pacer(float(rate) if rate.isdigit() and int(rate) else device.bytes_per_second())
        for number, handler in self._signals().items():
            with suppress(ValueError, RuntimeError):  # signals are for the main thread alone
                self._loop.add_signal_handler(number, self._safely, handler)
        self._decoder.escape_wait_s = self._pacer.escape_wait_s()
        self._grid.resize(*device.size())
        self._enter(stored)
        self._tell_size(*device.size())

    def write(self, data: str) -> None:
        """Take in what Textual draws."""
        if data == "\a":
            self._bell = True
        else:
            if self._resizing is not None and tuple(self._app.size) == self._resizing:
                self._grid.resize(*self._resizing)
                self._shown.forget()
                self._resizing = None
            self._grid.read(data)
        self._gather()

    def disable_input(self) -> None:
        """Read no more."""
        self._reading.stop()
        for number in self._signals():
            with suppress(ValueError, RuntimeError):
                self._loop.remove_signal_handler(number)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self.disable_input()
        self._leave()

    def close(self) -> None:
        """Give the device back."""
        self._leave()

    # Taking over and giving back

    def _signals(self) -> dict[int, Callable[[], None]]:
        return {
            signal.SIGWINCH: self._resized,
            signal.SIGTSTP: self._stop,
            signal.SIGCONT: self._continue,
        }

    def _enter(self, stored: first_picture.Shown | None = None) -> None:
        """Draw on an empty screen from here on, or on the picture that was shown first."""
        can = self._can
        sequence = "\x1b[?2004h" if can.pastes else ""
        self._shown.resize(self._grid.columns, self._grid.rows)
        self._shown.cleared()
        self._grid.changed = set(range(self._grid.rows))
        asked_in = 0
        if stored is None or stored.picture is None:
            sequence = entering(can) + sequence
        else:
            self._unsent += stored.unsent
            self._pacer.sent(len(stored.picture.painting), stored.at, asked=False)
            if stored.size == (self._grid.columns, self._grid.rows):
                seen = cells_of_picture(stored.picture, *stored.size, can)
                self._shown.texts, self._shown.pens = seen.texts, seen.pens
                asked_in = self._shown.row_of_blanks(REPEATS + 1)
                # What the last start learned: a terminal that only says it could is not asked to clear again.
                can = self._can = replace(can, repeat=can.repeat and stored.picture.repeats)
                sequence += f"\x1b[{asked_in + 1}H"
            else:
                sequence += "\x1b[H\x1b[2J"
        if self._asks_repeat:
            # terminfo promises this for terminals that only say they are an xterm (mosh, older PuTTY, tmux
            # before 3.4 outside ASCII): a blank is repeated, and the cursor tells whether it was.
            blank = " " if can.charset == "ascii" else "\u00a0"
            self._shown.texts[asked_in][: REPEATS + 1] = [blank] * (REPEATS + 1)
            self._shown.pens[asked_in][: REPEATS + 1] = [PLAIN] * (REPEATS + 1)
            sequence += f"{blank}\x1b[{REPEATS}b\x1b[6n"
            self._decoder.place_asked = True
        else:
            sequence += ASK_ATTRIBUTES if self._asks_attributes else ""
            sequence += REQUEST
        self._shown.x = self._shown.y = -1
        self._put(sequence, asked=True)
        if self._device is not None:
            self._reading.start(self._loop, self._device)

    def picture(self, row: int, mark: str) -> first_picture.Picture | None:
        """Return what is wanted on the screen as the picture for the next start, with `mark` in `row`."""
        if self._device is None or self._resizing is not None:
            return None
        can = replace(self._can, repeat=self._can.repeat and self._promised_repeat)
        return picture_of(self._grid, can, row, mark)

    def _leave(self) -> None:
        """Leave the terminal as it was found; what it does not take in time is dropped."""
        device, self._device = self._device, None
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        self._reading.stop()
        if device is None:
            return
        self._loop.remove_writer(device.descriptor)
        sequence = "\x1b[?2004l" if self._can.pastes else ""
        sequence += leaving(self._can, self._grid.rows)
        self._record(sequence.encode("ascii"))
        with suppress(EOFError):
            if device.write_all(self._unsent + sequence.encode("ascii"), _LEAVE_S):
                self._reading.hear_out(device, self._pacer, _LEAVE_S)
        self._unsent = b""
        device.restore()
        device.close()

    def _stop(self) -> None:
        """Stop as the system asks (SIGTSTP), with the terminal as it was."""
        if self._auto_restart:
            self._leave()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        """Go on after a stop: the screen is another's, and is drawn anew."""
        if not self._auto_restart:
            return
        if self._device is None:
            self._device = Device(self._terminal)
        self._device.raw()
        self._unsent = b""
        self._pacer.forget()
        self._enter()
        if self._device.size() == (self._grid.columns, self._grid.rows):
            self._send_soon(_SETTLE_S)
        else:
            self._resized()
        self.process_message(self.SignalResume())

    def _gone(self) -> None:
        """End in order: there is no terminal any more."""
        device, self._device = self._device, None
        self._unsent = b""
        self._reading.stop()
        if device is not None:
            self._loop.remove_writer(device.descriptor)
            device.close()
            self._app.exit()

    def _safely(self, work: Callable[[], None]) -> None:
        """Do something from the event loop; an error ends the app as one of its own does."""
        try:
            work()
        except EOFError:
            self._gone()
        except Exception as error:
            self._app.call_later(_raise, error)

    # Size

    def _resized(self) -> None:
        device = self._device
        if device is None:
            return
        columns, rows = device.size()
        if (columns, rows) != (self._grid.columns, self._grid.rows):
            self._resizing = (columns, rows)
        else:
            self._resizing = None
            self._shown.forget()  # it may have been another size meanwhile
        self._not_before = time.monotonic() + _SETTLE_S
        self._tell_size(columns, rows)
        self._send_soon(_SETTLE_S)

    def _tell_size(self, columns: int, rows: int) -> None:
        size = Size(columns, rows)
        self._size = (columns, rows)
        self.process_message(events.Resize(size, size))

    # Output

    def _gather(self) -> None:
        """Send when Textual has probably drawn all of a change."""
        now = time.monotonic()
        drew = self._drew >= _FIRST_PICTURES
        many = (
            drew and len(self._grid.changed) >= _MANY_ROWS and self._shown.differs(self._grid) >= _MANY_ROWS
        )
        if self._sending is None:
            self._drawn_since = now
        elif many and now < self._drawn_since + _GATHER_LONGEST_S:
            self._sending.cancel()
            self._sending = None
        self._send_soon(_GATHER_MANY_S if many else _GATHER_S if drew else 0)

    def _send_soon(self, wait_s: float) -> None:
        if self._sending is None and self._device is not None:
            if wait_s:
                self._sending = self._loop.call_later(wait_s, self._safely, self._send)
            else:
                self._sending = self._loop.call_soon(self._safely, self._send)

    def _send(self) -> None:
        """Send the newest picture when the line has room for it."""
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        if self._device is None or self._unsent or not self._wants_to_send():
            return
        now = time.monotonic()
        if self._pacer.overdue(now):
            self._pacer.asked_again(now)
            self._put(REQUEST, asked=False)
        if wait_s := max(self._pacer.wait_s(now), self._not_before - now):
            self._send_soon(wait_s)
            return
        text = shortest_bytes(self._grid, self._shown, self._can)
        if self._bell:
            text, self._bell = f"\a{text}", False
        if text:
            self._drew += 1
            asked = self._pacer.asks(now)
            self._put(text + REQUEST if asked else text, asked=asked)

    def _wants_to_send(self) -> bool:
        if self._holds:
            self._holds = all(text in ("", " ") for texts in self._grid.texts for text in texts)
            if self._holds:
                return False
        return bool(self._grid.changed) or self._bell or not self._shown.known

    def _put(self, text: str, *, asked: bool) -> None:
        data = text.encode(self._can.charset, "replace")
        self._record(data)
        self._pacer.sent(len(data), time.monotonic(), asked=asked)
        self._unsent += data
        self._write_unsent()

    def _record(self, data: bytes) -> None:
        if self.recorder is not None:
            self.recorder.sent(data.decode(self._can.charset))

    def _write_unsent(self) -> None:
        if self._device is None:
            return
        self._unsent = self._unsent[self._device.write(self._unsent) :]
        if self._unsent:
            self._loop.add_writer(self._device.descriptor, self._safely, self._write_unsent)
        else:
            self._loop.remove_writer(self._device.descriptor)
            if self._wants_to_send():
                self._send_soon(0)

    # Input

    def _took(self, found: Sequence[Input]) -> None:
        for one in found:
            match one:
                case KeyPressed(key, character):
                    self.process_message(events.Key(key, character))
                case Pasted(text):
                    self.process_message(events.Paste(text))
                case StatusReported():
                    self._answered()
                case PlaceReported(_, x):
                    self._decoder.place_asked = False
                    self._learn(after_place(self._can, x))
                    self._answered()
                case AttributesReported(attributes):
                    if self._asks_attributes:
                        self._learn(after_attributes(self._can, attributes))

    def _answered(self) -> None:
        self._pacer.answered(time.monotonic())
        self._decoder.escape_wait_s = self._pacer.escape_wait_s()
        if self._wants_to_send():
            self._send()

    def _learn(self, can: Capabilities) -> None:
        """Take note of what the terminal's answers tell, and draw anew what was drawn without."""
        before, self._can = self._can, can
        if before.repeat and not can.repeat:
            self._shown.forget()  # some were repeated already, and are not there
        if (before.charset, before.colours) != (can.charset, can.colours):
            self._grid.become(can)
            self._shown.forget()
            self._app.call_later(self._app.refresh, layout=True)


def _raise(error: Exception) -> None:
    raise error

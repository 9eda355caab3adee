"""Shows a recorded session on the terminal, and takes the keys meanwhile. POSIX only."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from workshop_console.console.errors import ConsoleError
from workshop_console.console.terminal.capabilities import Capabilities, capabilities, started_with, terminfo
from workshop_console.console.terminal.characters import cells_of
from workshop_console.console.terminal.device import Device, standard_terminal
from workshop_console.console.terminal.input import Decoder, KeyPressed
from workshop_console.console.terminal.key_sequences import keys_of_terminfo
from workshop_console.console.terminal.picture_cells import entering, leaving
from workshop_console.console.terminal.playing import Player
from workshop_console.console.terminal.session_file import SessionFile

_STATUS_EVERY_S = 1.0
_LEAVE_S = 0.5


def replay(
    session: SessionFile, *, speed: float, longest_pause_s: float, status: Callable[[Player], str]
) -> None:
    """Play `session` until its viewer ends it.

    Args:
        session: what to play.
        speed: how many times faster than it was.
        longest_pause_s: what longer pauses are shortened to.
        status: says how far it is and what the keys do; shown below the picture, or over its last line while
            it pauses.

    Raises ConsoleError WC-103 without a terminal, WC-113 when the terminal is too small for it.
    """
    descriptor = standard_terminal()
    if descriptor is None or not os.isatty(sys.stdout.fileno()):
        raise ConsoleError("WC-103", detail="replay: stdin, stdout")
    device = Device(descriptor)
    try:
        (columns, rows), (needed_columns, needed_rows) = device.size(), session.largest
        if columns < needed_columns or rows < needed_rows:
            raise ConsoleError(
                "WC-113", columns=columns, rows=rows, needed_columns=needed_columns, needed_rows=needed_rows
            )
        player = Player(session, time.monotonic(), speed=speed, longest_pause_s=longest_pause_s)
        _Replay(device, player, (columns, rows), needed_rows, status).run()
    finally:
        device.close()


class _Replay:
    """One replay on one terminal."""

    def __init__(
        self,
        device: Device,
        player: Player,
        size: tuple[int, int],
        picture_rows: int,
        status: Callable[[Player], str],
    ) -> None:
        entry = terminfo(os.environ.get("TERM", ""))
        self._can: Capabilities = capabilities(started_with(), entry)
        charset = "utf-8" if self._can.charset == "utf-8" else "latin-1"
        self._decoder = Decoder(keys_of_terminfo(entry) if entry else None, charset=charset)
        self._device, self._player, self._size, self._status = device, player, size, status
        self._picture_rows = picture_rows
        self._status_at = float("-inf")
        self._unsent = b""

    def run(self) -> None:
        """Play to the end, and leave the terminal as it was found, whatever ends it."""

        def ended(number: int, _frame: object) -> None:
            sys.exit(128 + number)

        before = signal.signal(signal.SIGTERM, ended)
        self._device.raw()
        try:
            with suppress(EOFError):  # the terminal is gone, and with it whoever looked
                self._put(entering(self._can))
                while not self._player.ended:
                    self._turn()
        finally:
            self._give_back()
            signal.signal(signal.SIGTERM, before)

    def _give_back(self) -> None:
        # CAN ends a sequence that was cut.
        sequence = "\x18\x1b[r" if self._can.regions else "\x18"
        sequence += leaving(self._can, self._size[1])
        with suppress(EOFError):
            self._device.write_all(sequence.encode("ascii"), _LEAVE_S)
        self._device.restore()

    @property
    def _beside(self) -> bool:
        """Whether there is room for the status below the picture."""
        return self._size[1] > self._picture_rows

    def _turn(self) -> None:
        """Show what is due, then wait for the next of it or for a key."""
        now = time.monotonic()
        if not self._unsent:
            if (size := self._device.size()) == self._size:
                self._put(self._player.due(now))
            else:
                self._size, self._status_at = size, float("-inf")
                self._put(self._player.again(now))
            if not self._unsent and now - self._status_at >= _STATUS_EVERY_S:
                self._show_status(now)
        waits = [self._decoder.wait_s(now)]
        if not self._unsent:
            playing = self._player.wait_s(now)
            waits += [playing, _STATUS_EVERY_S if self._beside and playing is not None else None]
        timeout_s = min((wait_s for wait_s in waits if wait_s is not None), default=None)
        descriptor = self._device.descriptor
        readable, writable, _ = select.select(
            [descriptor], [descriptor] if self._unsent else [], [], timeout_s
        )
        if writable:
            self._unsent = self._unsent[self._device.write(self._unsent) :]
        now = time.monotonic()
        found = self._decoder.feed(self._device.read(), now) if readable else []
        if self._decoder.wait_s(now) == 0:
            found += self._decoder.expire(now)
        for one in found:
            if isinstance(one, KeyPressed):
                self._put(self._player.press(one.key, now))
                self._show_status(now)

    def _show_status(self, now: float) -> None:
        self._status_at = now
        if not (self._beside or not self._player.playing):
            return
        columns, rows = self._size
        cells = cells_of(self._status(self._player), self._can.charset)[: columns - 1]
        text = "".join(cells).ljust(columns - 1)
        # Cursor and attributes belong to the picture.
        self._put(f"\x1b7\x1b[{rows};1H\x1b[0;7m{text}\x1b[m\x1b8")

    def _put(self, text: str) -> None:
        self._unsent += text.encode(self._can.charset, "replace")
        self._unsent = self._unsent[self._device.write(self._unsent) :]

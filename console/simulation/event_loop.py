"""The one thread of the simulation: sockets, timers, and calls from other threads.

Not asyncio: its selector rounds every wait up to a whole millisecond, four times the length of a frame at
500 kbit/s, and a paced bus would run at a quarter of its speed.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import select
import selectors
import socket
from collections import deque
from collections.abc import Callable
from time import monotonic

from workshop_console.console.simulation.scheduler import Timer

_LOG = logging.getLogger(__name__)

_LONGEST_WAIT_S = 60.0
_LONG_S = 0.01
AWAKE_S = 0.0003
"""How long the next message is waited for awake: to be woken may take longer than a quick tester does."""
SLEEPS = 16
"""Waits asleep after one awake that was for nothing, so that slow testers cost no more than that."""
_FEW_TIMERS = 1_000
"""Cancelled timers wait for their time like others; above this number they are sorted out now and then."""
_SELECT_LIMIT = 1024
"""select() takes no file descriptor above this."""


class EventLoop:
    """Runs callbacks one after the other; an exception in one ends neither the loop nor the others."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._tidy_at = _FEW_TIMERS
        self._posted: deque[Callable[[], None]] = deque()
        self._at_end: list[Callable[[], None]] = []
        self._stopped = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._woken)
        self._wait = self._precise_wait()
        self._sleeps_left = SLEEPS

    @property
    def waiting_timers(self) -> int:
        """How many timers wait for their time, cancelled ones that were not sorted out yet included."""
        return len(self._timers)

    def now(self) -> float:
        """Return seconds on the monotonic clock."""
        return monotonic()

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` when the clock reaches `due`; only from the loop's own thread."""
        if len(self._timers) >= self._tidy_at:
            self._timers = [entry for entry in self._timers if entry[2].callback is not None]
            heapq.heapify(self._timers)
            self._tidy_at = max(_FEW_TIMERS, 2 * len(self._timers))
        timer = Timer(due, callback)
        heapq.heappush(self._timers, (due, next(self._order), timer))
        return timer

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in `delay_s` seconds; only from the loop's own thread."""
        return self.call_at(monotonic() + delay_s, callback)

    def at_end_of_turn(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when everything that is ready now was handled (to write in one go)."""
        self._at_end.append(callback)

    def post(self, callback: Callable[[], None]) -> None:
        """Call `callback` in the loop's thread; safe from any thread."""
        self._posted.append(callback)
        self._wake()

    def stop(self) -> None:
        """End run(); safe from any thread."""
        self._stopped = True
        self._wake()

    def watch(self, channel: socket.socket, events: int, callback: Callable[[int], None]) -> None:
        """Call `callback(events)` whenever `channel` is ready (selectors.EVENT_READ, EVENT_WRITE).

        Raises ValueError when the system takes no more sockets.
        """
        self._selector.register(channel, events, callback)

    def watch_for(self, channel: socket.socket, events: int) -> None:
        """Change what `channel` is watched for."""
        key = self._selector.get_key(channel)
        if key.events != events:
            self._selector.modify(channel, events, key.data)

    def unwatch(self, channel: socket.socket) -> None:
        """Stop watching `channel`; harmless when it is not watched."""
        try:
            self._selector.unregister(channel)
        except (KeyError, ValueError):
            return

    def run(self) -> None:
        """Run until stop()."""
        while not self._stopped:
            self.turn(_LONGEST_WAIT_S)

    def turn(self, longest_wait_s: float) -> None:
        """Wait for something to do, at most `longest_wait_s`, and do it."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        wait_s = longest_wait_s
        if self._posted or self._at_end:
            wait_s = 0.0
        elif self._timers:
            wait_s = min(wait_s, max(0.0, self._timers[0][0] - monotonic()))
        # Timers first: the bus must have lived through the past before a socket adds to it.
        ready = self._ready(wait_s)
        self._run_due()
        for key, events in ready:
            if key.fileobj in self._selector.get_map():  # an earlier callback may have closed it
                self._guard(key.data, events)
        while self._posted:
            self._guard(self._posted.popleft())
        if self._at_end:
            callbacks, self._at_end = self._at_end, []
            for callback in callbacks:
                self._guard(callback)

    def close(self) -> None:
        """Give the loop's own sockets back."""
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def _run_due(self) -> None:
        now = monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            callback, timer.callback = timer.callback, None
            if callback is not None:
                self._guard(callback)

    def _guard(self, callback: Callable[..., None], *arguments: int) -> None:
        try:
            callback(*arguments)
        except Exception:
            _LOG.exception("a part of the simulation failed; the others go on")

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"\0")
        except (BlockingIOError, OSError):
            return  # full: it is awake already; closed: nobody is there to wake

    def _woken(self, _events: int) -> None:
        try:
            while self._wake_reader.recv(4096):
                pass
        except BlockingIOError:
            return

    def _ready(self, wait_s: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets, a moment awake where no timer ends in it."""
        if self._sleeps_left:
            self._sleeps_left -= 1
        elif wait_s > AWAKE_S:
            until = monotonic() + AWAKE_S
            while not (ready := self._selector.select(0)) and monotonic() < until:
                pass
            if ready:
                return ready
            self._sleeps_left = SLEEPS
            wait_s -= AWAKE_S
        return self._wait(wait_s)

    def _precise_wait(self) -> Callable[[float], list[tuple[selectors.SelectorKey, int]]]:
        """Return how to wait: epoll rounds up to milliseconds, select() on its descriptor does not."""
        selector = self._selector
        fileno = getattr(selector, "fileno", None)
        if type(selector).__name__ != "EpollSelector" or fileno is None or fileno() >= _SELECT_LIMIT:
            return selector.select
        watched = [fileno()]

        def wait(timeout_s: float) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout_s >= _LONG_S:  # whole milliseconds first: one call of the system instead of two
                return selector.select(int(timeout_s * 1000) / 1000)
            if timeout_s > 0 and not select.select(watched, (), (), timeout_s)[0]:
                return []
            return selector.select(0)

        return wait

"""The bus: one frame at a time, the lowest identifier first, each for as long as its bits take.

Time on the bus is its own: a frame that is waiting when another ends starts at that very moment, even when
the thread comes to it later. So lateness of the computer never adds up, and a unit that answers at once is
on the wire right after the request. Nothing else than a tester's own turn-around leaves the bus idle.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from workshop_console.console.simulation.bus.frame import Frame, fd_frame_bits, frame_bits
from workshop_console.console.simulation.scheduler import Scheduler

_LOG = logging.getLogger(__name__)


class Sender(Protocol):
    """Something that sends frames."""

    def sent(self) -> None:
        """Learn that one of the sender's frames is over."""


class Party(Sender, Protocol):
    """A sender that also hears what others send."""

    def hear(self, frame: Frame) -> None:
        """Take a frame that was on the bus."""


@dataclass(slots=True)
class BusStatistics:
    """What was on the bus since the start."""

    frames: int = 0
    bits: int = 0
    busy_s: float = 0.0
    """Bus time of all frames at the bit rate."""
    first_at: float | None = None
    last_at: float = 0.0
    """Clock at the start of the first and at the end of the last frame."""


class SimulatedBus:
    """Hands every frame to all parties but its sender, at once or paced to a bit rate."""

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        bitrate: int,
        paced: bool,
        data_bitrate: int = 2_000_000,
        loss: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Begin with nobody on the bus.

        Args:
            scheduler: its clock.
            bitrate: bits a second.
            paced: whether frames take their time.
            data_bitrate: bits a second in the second part of FD frames with bit rate switch.
            loss: share of frames that nobody hears.
            seed: makes the loss repeatable.
        """
        self._loss = loss
        self._random = random.Random(f"{seed}/bus")  # noqa: S311 - wants repeatable, not secret
        self.statistics = BusStatistics()
        self._scheduler = scheduler
        self._bit_s = 1 / bitrate
        self._fast_bit_s = 1 / data_bitrate
        self._paced = paced
        self._parties: tuple[Party, ...] = ()
        self._waiting: list[tuple[int, int, Sender, Frame]] = []
        self._order = itertools.count()
        self._current: tuple[Sender, Frame] | None = None
        self._end = 0.0
        self._timer_set = False
        self._advancing = False
        self._unpaced: deque[tuple[Sender, Frame]] = deque()

    def join(self, party: Party) -> None:
        """Let `party` hear everything from now on."""
        self._parties += (party,)

    def leave(self, party: Party) -> None:
        """Let `party` hear nothing more; what it has sent already stays on the bus."""
        self._parties = tuple(other for other in self._parties if other is not party)

    def send(self, sender: Sender, frame: Frame) -> None:
        """Let a frame wait for its turn."""
        if not self._paced:
            self._unpaced.append((sender, frame))
            if not self._advancing:
                self._hand_over_unpaced()
            return
        if not self._advancing:
            self._advance()  # first what ended before this moment
        heapq.heappush(self._waiting, (_priority(frame), next(self._order), sender, frame))
        if self._current is None and not self._advancing:
            self._start(self._scheduler.now())
            self._wait_for_end()

    def _hand_over_unpaced(self) -> None:
        self._advancing = True
        try:
            while self._unpaced:
                sender, frame = self._unpaced.popleft()
                self._count(frame, self._scheduler.now())
                self._hand_over(sender, frame)
        finally:
            self._advancing = False

    def _start(self, at: float) -> None:
        _, _, sender, frame = heapq.heappop(self._waiting)
        self._current = (sender, frame)
        self._end = at + self._count(frame, at)

    def _count(self, frame: Frame, at: float) -> float:
        """Add a frame to the statistics and return its bus time in seconds."""
        if frame.fd:
            bits, fast_bits = fd_frame_bits(frame.identifier, frame.data, extended=frame.extended)
            duration_s = bits * self._bit_s + fast_bits * (self._fast_bit_s if frame.fast else self._bit_s)
            bits += fast_bits
        else:
            bits = frame_bits(frame.identifier, frame.data, extended=frame.extended)
            duration_s = bits * self._bit_s
        statistics = self.statistics
        statistics.frames += 1
        statistics.bits += bits
        statistics.busy_s += duration_s
        if statistics.first_at is None:
            statistics.first_at = at
        statistics.last_at = at + duration_s
        return duration_s

    def _advance(self) -> None:
        now = self._scheduler.now()
        self._advancing = True
        try:
            while self._current is not None and self._end <= now:
                sender, frame = self._current
                self._current = None
                self._hand_over(sender, frame)
                if self._waiting:
                    self._start(self._end)
        finally:
            self._advancing = False

    def _wait_for_end(self) -> None:
        if not self._timer_set:
            self._timer_set = True
            self._scheduler.call_at(self._end, self._ended)

    def _ended(self) -> None:
        self._timer_set = False
        self._advance()
        if self._current is not None:
            self._wait_for_end()

    def _hand_over(self, sender: Sender, frame: Frame) -> None:
        lost = self._loss and self._random.random() < self._loss
        for party in self._parties:
            if party is not sender and not lost:
                try:
                    party.hear(frame)
                except Exception:
                    _LOG.exception("a party on the bus failed; the bus goes on")
        try:
            sender.sent()
        except Exception:
            _LOG.exception("a sender on the bus failed; the bus goes on")


def _priority(frame: Frame) -> int:
    """Return what arbitration compares; 11 bits win over 29 bits that begin with the same 11."""
    return frame.identifier << 1 | 1 if frame.extended else frame.identifier << 19
